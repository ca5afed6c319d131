"""Text for a terminal: control characters are shown as escapes, and so are characters that its encoding lacks."""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from weaklabel.errors import visible

# Progress bars begin with these: back to the start of the line, perhaps erase it; or up, for several bars.
_LIVE = re.compile(r"\r(?:\x1b\[K)?|(?:\x1b\[A)+\Z|")


def shown(text: str) -> str:
    """Return ``text`` with control, direction and other invisible characters as escapes; line ends and tabs stay.

    Examples
    --------
    >>> print(shown("one\\x1b[2J\\ntwo"))
    one\\x1b[2J
    two
    """
    if text.isprintable():
        return text
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


class ShownStream:
    """A text stream to which every character can be written, and that gets no control characters.

    Characters that the stream's encoding lacks are written as escapes such as ``\\u5956``.

    Parameters
    ----------
    stream
        Where the text goes. Its binary ``buffer`` is left as it is.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write ``text``, as `shown` gives it; control codes of a progress bar at its start are kept."""
        bar = _LIVE.match(text)
        start = bar.end() if bar else 0
        self._stream.write(text[:start] + shown(text[start:]))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several strings."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class ShownBytes(io.BufferedIOBase):
    """Takes the bytes of a data file and shows them on a terminal, as `shown` does; line ends stay."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._rest = ""

    def writable(self) -> bool:
        """Return true."""
        return True

    def write(self, data: Any) -> int:
        """Show bytes."""
        self._show(self._decoder.decode(bytes(data)))
        return len(data)

    def close(self) -> None:
        """Show the rest of an incomplete character or line end; the terminal stays open."""
        if not self.closed:
            self._show(self._decoder.decode(b"", final=True) + "\n" * bool(self._rest))
            self._stream.flush()
        super().close()

    def _show(self, text: str) -> None:
        # A line end may be split between two calls.
        text = self._rest + text
        self._rest = "\r" if text.endswith("\r") else ""
        self._stream.write("\n".join(map(shown, text.removesuffix("\r").split("\r\n"))))


@contextmanager
def shown_output() -> Iterator[None]:
    """Make standard output and error a `ShownStream` each, within the context."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = [stream and ShownStream(stream) for stream in before]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
