"""What a source of documents is: a list of items that can each be read by itself, in any process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from weaklabel.config import CollectSettings


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was collected.

    Attributes
    ----------
    text
        Its text.
    source
        What it was read from, such as a path or URL; ``archive.zip/inner.txt`` inside of an archive. Never with a password.
    place
        Where it is in its source, such as "message 3" or "row 17"; "" where it is all of it.
    sha256
        SHA-256, in hex, of the bytes that it was read from (the file, the message, the page as it was sent); for a row of a
        table or a database, of its text as UTF-8.
    time
        When the source was last changed, as ISO 8601 in UTC (`weaklabel.collect.times`); never when it was read, so that
        the same input gives the same output. None if that is unknown.
    steps
        What made this text of those bytes, such as "html:trafilatura".
    columns
        What else the source says of it, such as title, subject or the other columns of a table.
    marks
        Places inside of the text, each with the offset where it begins, in order: pages of a PDF.
    """

    text: str
    source: str
    place: str = ""
    sha256: str = ""
    time: str | None = None
    steps: tuple[str, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    marks: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that could not be read.

    Attributes
    ----------
    source, place
        As of a `Document`.
    rule
        The kind of fault, by which rejects are counted: one of `RULES`.
    reason
        What is wrong with it and what to do, to be read behind its name and a colon.
    raw
        Its text as it is in the source, of a row of a table.
    """

    source: str
    place: str
    rule: str
    reason: str
    raw: str | None = None


RENAMED = "source_"
"""Put before the name of a column of a source that is the name of one of ours."""

RULES = {
    "archive": "a broken or encrypted archive, or one with too many levels",
    "binary": "not text, and no reader for it",
    "broken": "damaged, so that it cannot be read",
    "columns": "a table without the text column, or with unsuitable columns",
    "cut": "ends in the middle",
    "empty": "no text in it",
    "encoding": "not in the expected encoding",
    "fetch": "could not be fetched",
    "hidden": "a hidden file or folder",
    "link": "a link that leads out of the folder, or to nothing",
    "memory": "takes too much memory to read",
    "name": "an unsafe name inside of an archive",
    "password": "needs a password",
    "robots": "refused by the robots.txt of its host",
    "row": "a row of a table that cannot be read",
    "size": "too large, or unpacks to too much",
    "time": "takes too long to read",
    "unreadable": "cannot be opened",
}
"""Kinds of faults for which a document is rejected."""


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of a source that is read as a whole, such as a file or some pages of a site.

    Attributes
    ----------
    id
        Names it within its source; unique there.
    identity
        Changes if its content may have changed; cheap to get, such as size and time of a file.
    kind
        What it is, for counts, such as "html" or "csv".
    size
        About how many bytes it is, by which items are gathered to parts.
    where
        Whatever else the source needs to read it, as JSON has it.
    same
        Of several items with the same value, of any source, only the first is read: a file that is given twice. "" for none.
    """

    id: str
    identity: str = ""
    kind: str = ""
    size: int = 0
    where: Any = None
    same: str = ""


class DocumentSource:
    """Base class of sources: small objects that can be pickled, since other processes may read their items.

    A source is made by `open` and asked for its items once, in one process. Items are then read by any process, in any order;
    an item gives the same documents wherever and whenever it is read. What must happen only once before that, such as
    fetching pages or copying the result of a query, is done by `prepare`.

    Attributes
    ----------
    name
        As the user gave it, but without a password.
    schemes
        Prefixes before ``:`` by which users choose this kind of source.
    """

    schemes: ClassVar[tuple[str, ...]] = ()
    name: str

    @classmethod
    def open(cls, spec: str, settings: CollectSettings) -> Self:
        """Make the source that ``spec`` names.

        Raises
        ------
        CorpusError
            The source does not exist.
        """
        raise NotImplementedError

    def joined(self, other: DocumentSource) -> DocumentSource | None:
        """Return this source and the one that follows it as one source; None if they are better read one by one."""
        return None

    def settings(self) -> dict[str, Any]:
        """Return all that decides which documents it gives, besides `CollectSettings` and the items; as JSON has it."""
        return {}

    def files(self) -> Iterable[Path]:
        """Return the files that are read, which no output may replace."""
        return ()

    def prepare(self, folder: Path) -> None:
        """Do, once and in one process, what must be done before `items` and `read`.

        Parameters
        ----------
        folder
            A folder of its own that stays until the job is done, also over an interruption, and that all processes see.
        """

    def items(self, folder: Path) -> Iterator[Item | Rejected]:
        """Give the items, in the same order each time, and what is seen to be unreadable without being opened."""
        raise NotImplementedError

    def read(self, item: Item, folder: Path) -> Iterator[Document | Rejected]:
        """Read an item.

        Raises
        ------
        CorpusError
            The source as a whole cannot be read: the job stops, and can be resumed.
        """
        raise NotImplementedError
