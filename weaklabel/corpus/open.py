"""From a file to text: its format by its name, decompression, encoding, lines. Every pass opens the file again."""

from __future__ import annotations

import codecs
import gzip
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from weaklabel.errors import CorpusError
from weaklabel.support.encodings import JUDGED_BYTES, has_c1_controls, not_text, wrong_bytes
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.naming import setting
from weaklabel.support.warn import warn

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet")
_BY_SUFFIX = {
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "parquet": "parquet",
}
JSON_FORMATS = ("jsonl", "json")
_PACKED = (".gz", ".zst")
_SPREADSHEETS = (".xlsx", ".xls", ".ods")


def packing_of(name: str) -> str | None:
    """Return ``.gz`` or ``.zst`` where ``name`` ends so."""
    return next((suffix for suffix in _PACKED if name.lower().endswith(suffix)), None)


def format_by_name(name: str) -> str | None:
    """Return the format that the suffix of ``name`` stands for; None where it stands for none."""
    suffix = name.removesuffix(packing_of(name) or "").rpartition(".")[2].lower()
    return _BY_SUFFIX.get(suffix)


def format_of(name: str, asked: str | None, default: str | None = None, *, is_output: bool = False) -> str:
    """Return one of `FORMATS`: what was asked for, else by the suffix of ``name``, else ``default``.

    Raises
    ------
    CorpusError
        Unknown format, no telling suffix, or packed Parquet.

    Examples
    --------
    >>> format_of("mail.csv.gz", None), format_of("dump.txt", "jsonl")
    ('csv', 'jsonl')
    """
    if asked is not None and asked not in FORMATS:
        raise CorpusError(f"unknown format '{asked}'; formats are {', '.join(FORMATS)}")
    packing = packing_of(name) or ""
    format = asked or format_by_name(name) or default
    if format is None:
        if not is_output and name.lower().endswith(_SPREADSHEETS):
            raise CorpusError(f"{name} is a spreadsheet file: save it as CSV, and give that")
        how = f"let it end in .{', .'.join(FORMATS)}" if is_output else f"give {setting('corpus.format', *FORMATS)}"
        raise CorpusError(f"cannot detect the format of {name} from its name: {how}")
    if format == "parquet" and packing:
        raise CorpusError(f"{name}: Parquet is compressed already and is not packed once more: leave {packing} out")
    return format


CHUNK = 1 << 20
"""Bytes read at a time."""

MAX_UNPACKED = 1 << 30
MAX_RATIO = 250
"""An archive that unpacks to more than both of these (bytes; times its own size) is taken for a bomb."""

MAX_LINE = 1 << 28
"""Characters of the longest line; a line is in memory as a whole."""

# Two KiB of zstd can unpack to 64 MiB: reading more at a time would let a bomb through before it is measured.
_ZSTD_CHUNK = 2 << 10

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 before UTF-16: the little-endian mark of the one begins with that of the other.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PLAIN_CODEC = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


class TooLargeError(CorpusError):
    """An archive unpacks to too much."""


@dataclass(frozen=True)
class Encoding:
    """A codec that adds no byte order mark of its own, and the mark that the file begins with."""

    codec: str = "utf-8"
    bom: bytes = b""

    def __str__(self) -> str:
        return self.codec + (" with BOM" if self.bom else "")

    def encode(self, text: str) -> bytes:
        """Return ``text`` as bytes; a character that the codec lacks is a `CorpusError`."""
        try:
            return text.encode(self.codec)
        except UnicodeEncodeError as error:
            character = text[error.start]
            raise CorpusError(
                f"{character!r} cannot be written in {self.codec}, the encoding of the input: "
                "write JSONL or Parquet, or convert the input to UTF-8"
            ) from None


def detect_encoding(head: bytes, asked: str | None, name: str) -> Encoding:
    """Return the encoding of a file that begins with ``head``: what was asked for, else the BOM's, else UTF-8."""
    family = None
    if asked is not None:
        try:
            "".encode(asked)
            family = codecs.lookup(asked).name
        except LookupError:
            raise CorpusError(f"{name}: unknown encoding '{asked}'; use utf-8, utf-16, latin-1, gbk ...") from None
    for bom, codec in _BOMS:
        if head.startswith(bom) and (family is None or codec.startswith(family.removesuffix("-sig"))):
            return Encoding(codec, bom)
    if family is None and (wide := _utf16_without_mark(head)):
        raise CorpusError(
            f"{name} looks like UTF-16 without a byte order mark: if so, give {setting('corpus.encoding', wide)}"
        )
    return Encoding(_PLAIN_CODEC.get(family, family) if family else "utf-8")


def _utf16_without_mark(head: bytes) -> str | None:
    """Return the codec where every second byte at the beginning of a file is nearly always zero, and no other is."""
    even, odd = head[:1024:2], head[1:1024:2]
    for full, empty, codec in ((even, odd, "utf-16-le"), (odd, even, "utf-16-be")):
        if empty and empty.count(0) > 0.8 * len(empty) and full.count(0) < 0.2 * len(full):
            return codec
    return None


def check_text(head: bytes, name: str) -> None:
    """Refuse a file that begins as no text does, and say what to do with it."""
    what = not_text(head)
    if what is not None:
        raise CorpusError(f"{name} {what}")


def is_latin_1(encoding: Encoding) -> bool:
    """Whether every byte is read as the character of its number, C1 control characters included."""
    return codecs.lookup(encoding.codec).name == "iso8859-1"


def warn_of_c1_controls(text: str, name: str) -> bool:
    """Warn where ``text``, read as latin-1, has C1 control characters, and return whether it has."""
    has_controls = has_c1_controls(text)
    if has_controls:
        warn(
            f"{name}: read as latin-1 it has C1 control characters (U+0080 to U+009F), where cp1252 has quotes, dashes "
            f"and the euro sign: cp1252 is likely meant; give {setting('corpus.encoding', 'cp1252')}"
        )
    return has_controls


def _warning_of_c1_controls(texts: Iterable[str], name: str) -> Iterator[str]:
    warned = False
    for text in texts:
        warned = warned or warn_of_c1_controls(text, name)
        yield text


def check_regular(path: Path, name: str) -> None:
    """Refuse what can be read only once, or without end, before it is opened: opening a pipe may wait for ever."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise CorpusError(f"cannot read {name}: {error.strerror or error}") from None
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"
        raise CorpusError(
            f"{name} is {kind}, no regular file, and a corpus is read more than once: give it as standard input, -"
        )


def byte_chunks(path: Path, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Give bytes ``start`` to ``stop`` of ``path``, unpacked where it is gzip or zstd, about `CHUNK` at a time.

    Where the pieces are cut does not depend on ``start``. A packed file is unpacked from its beginning all the same.

    Raises
    ------
    CorpusError
        It is not a regular file or cannot be read, or the archive is corrupt, truncated or a bomb.
    """
    import zstandard

    check_regular(path, name)
    try:
        with path.open("rb") as handle:
            magic = handle.read(4)
            handle.seek(0)
            if path.suffix == ".gz" or magic.startswith(b"\x1f\x8b"):
                yield from _between(_capped(_gunzip(handle), path, name), start, stop)
            elif path.suffix == ".zst" or magic == zstandard.FRAME_HEADER:
                yield from _between(_gathered(_capped(_unzstd(handle), path, name)), start, stop)
            else:
                handle.seek(start)
                pieces = chain([handle.read(CHUNK - start % CHUNK)], iter(lambda: handle.read(CHUNK), b""))
                yield from _between(pieces, 0, None if stop is None else stop - start)
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise CorpusError(f"{name}: the archive is corrupt or truncated ({error}): pack it again") from None
    except OSError as error:
        raise CorpusError(f"cannot read {name}: {error.strerror or error}") from None


def is_packed(path: Path) -> bool:
    """Return whether `byte_chunks` unpacks the file, so that reading cannot begin in its middle at no cost."""
    import zstandard

    with path.open("rb") as handle:
        magic = handle.read(4)
    return path.suffix in (".gz", ".zst") or magic.startswith(b"\x1f\x8b") or magic == zstandard.FRAME_HEADER


def _between(pieces: Iterable[bytes], start: int, stop: int | None) -> Iterator[bytes]:
    place = 0
    for piece in pieces:
        part = piece[max(0, start - place) : None if stop is None else max(0, stop - place)]
        place += len(piece)
        if part:
            yield part
        if stop is not None and place >= stop:
            break


def _gunzip(handle: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=handle) as archive:
        yield from iter(lambda: archive.read(CHUNK), b"")


def _unzstd(handle: BinaryIO) -> Iterator[bytes]:
    import zstandard

    # The library's own stream reader takes a truncated frame for a short one, without a word.
    frame = None
    for data in iter(lambda: handle.read(_ZSTD_CHUNK), b""):
        while data:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(data)
            data = frame.unused_data
            if frame.eof:
                frame = None
    if frame is not None:
        raise EOFError("zstd frame ended early")


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def _capped(pieces: Iterable[bytes], path: Path, name: str) -> Iterator[bytes]:
    packed = path.stat().st_size
    unpacked = 0
    for piece in pieces:
        unpacked += len(piece)
        if unpacked > max(MAX_UNPACKED, MAX_RATIO * packed):
            raise TooLargeError(
                f"{name}: {packed:,} bytes unpack to more than {unpacked:,}, which looks like a bomb: "
                "unpack it yourself if you trust it"
            )
        yield piece


def decoded(chunks: Iterable[bytes], encoding: Encoding, name: str, start: int = 0) -> Iterator[str]:
    """Decode ``chunks``, from byte ``start`` on, strictly; wrong bytes are a `CorpusError` with their place."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    offset = start
    skip = 0 if start else len(encoding.bom)
    before = b""
    for data in chain(chunks, [b""]):
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(data[skip:], final=not data)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{name}: byte {offset + skip - held + error.start} is not {encoding.codec} ({error.reason}); "
                f"{wrong_bytes(_with_context(error, before, held), encoding.codec)}"
            ) from None
        offset += len(data)
        before, skip = data or before, 0
        if text:
            yield text


def _with_context(error: UnicodeDecodeError, before: bytes, held: int) -> UnicodeDecodeError:
    """Return the error with bytes that are before its own; the last ``held`` of ``before`` are among both."""
    context = before[-JUDGED_BYTES : len(before) - held]
    shift = len(context)
    whole = context + error.object
    return UnicodeDecodeError(error.encoding, whole, shift + error.start, shift + error.end, error.reason)


@dataclass(frozen=True)
class TextFile:
    """A text file that can be read as often as wanted.

    Raises
    ------
    CorpusError
        At construction: the file is empty, cannot be read, is not text (a spreadsheet, a PDF), or the encoding is unknown.
    """

    path: Path
    name: str
    encoding: Encoding

    @classmethod
    def at(cls, path: Path, name: str, encoding: str | None = None) -> TextFile:
        """Look at the beginning of ``path``."""
        head = next(byte_chunks(path, name), b"")
        check_text(head, name)
        detected = detect_encoding(head, encoding, name)
        if len(head) == len(detected.bom):
            raise CorpusError(f"{name} is empty: give a corpus with at least a header")
        return cls(path, name, detected)

    @property
    def seekable(self) -> bool:
        """Whether encoding a text again gives as many bytes: not where bytes shift between alphabets."""
        return not codecs.lookup(self.encoding.codec).name.startswith(("iso2022", "utf-7", "hz"))

    def begin(self, start: int) -> int:
        """Return the place of the first character from ``start`` on, past the byte order mark."""
        return start or len(self.encoding.bom)

    def size_of(self, lines: Sequence[str]) -> int:
        """Return how many bytes of the file the lines are."""
        text = "".join(lines)
        return len(text) if text.isascii() and self.encoding.codec == "utf-8" else len(self.encoding.encode(text))

    def texts(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """Give the text from byte ``start`` to ``stop``, about `CHUNK` bytes at a time."""
        texts = decoded(byte_chunks(self.path, self.name, start, stop), self.encoding, self.name, start)
        return _warning_of_c1_controls(texts, self.name) if is_latin_1(self.encoding) else texts

    def line_blocks(self, end: str = "\n", start: int = 0, stop: int | None = None) -> Iterator[list[str]]:
        """Give whole lines, each with its ``end``, in lists of about `CHUNK` bytes; the very last may lack it.

        Raises
        ------
        CorpusError
            A line is longer than `MAX_LINE`, or the file cannot be read or decoded.
        """
        held: list[str] = []
        size = 0
        for text in self.texts(start, stop):
            cut = text.rfind(end) + 1
            if cut:
                whole = "".join([*held, text[: cut - 1]])
                yield [line + end for line in whole.split(end)]
                held, size = [], 0
            held.append(text[cut:])
            size += len(held[-1])
            if size > MAX_LINE:
                raise CorpusError(
                    f"{self.name}: a line has more than {MAX_LINE:,} characters, which is not a line of a corpus; are its "
                    f"line ends other than {end!r}?"
                )
        if rest := "".join(held):
            yield [rest]


def fingerprint(path: Path) -> tuple[int, int]:
    """Return size and modification time, by which a change between two passes is noticed."""
    try:
        status = path.stat()
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from None
    return status.st_size, status.st_mtime_ns


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file as it is on disk, in hex."""
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from None
