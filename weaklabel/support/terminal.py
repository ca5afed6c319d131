"""What reaches a terminal: text whose control characters are shown rather than sent, in whatever encoding it has."""

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
        """Write ``text``, as `shown` gives it; what moves a progress bar stays at its start."""
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
        self._kept = ""

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: Any) -> int:
        """Show bytes."""
        self._show(self._decoder.decode(bytes(data)))
        return len(data)

    def close(self) -> None:
        """Show what is left of a character or line end that was cut; the terminal stays open."""
        if not self.closed:
            self._show(self._decoder.decode(b"", final=True) + "\n" * bool(self._kept))
            self._stream.flush()
        super().close()

    def _show(self, text: str) -> None:
        # A line end may be cut in two.
        text = self._kept + text
        self._kept = "\r" if text.endswith("\r") else ""
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
