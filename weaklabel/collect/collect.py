"""``collect_corpus``: documents of many sources as one corpus."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from weaklabel.collect import guard
from weaklabel.collect.opening import open_sources
from weaklabel.collect.parts import (
    END,
    KINDS,
    NULL,
    START,
    STEP,
    TEXT,
    PartOrder,
    collect_part,
    common_type,
    in_parts,
    masked_reject,
    part_path,
    source_folder,
)
from weaklabel.collect.source import DocumentSource, Item, Rejected
from weaklabel.collect.tables import check_reading
from weaklabel.config import CollectSettings
from weaklabel.corpus import rejects_path
from weaklabel.corpus.open import format_of
from weaklabel.corpus.transform import PROVENANCE
from weaklabel.errors import CorpusError
from weaklabel.job.assembly import join_rejects, join_rows
from weaklabel.job.engine import Engine, LocalEngine
from weaklabel.job.folder import JobFolder, output_identity
from weaklabel.support.files import check_file_path, check_outputs, is_stream
from weaklabel.support.hashing import sha256_of_json, sha256_of_parts
from weaklabel.support.naming import current_naming
from weaklabel.support.progress import finish, showing, stage

VERSION = 2
"""To be raised when the same input would be read as other rows or parts than before."""

PACE = ("web_delay", "web_timeout", "web_tries", "web_at_once", "web_max_age")
"""Settings that may change when a call is resumed: they say how pages are fetched, and not which."""


@dataclass(frozen=True)
class Collected:
    """What was collected.

    Attributes
    ----------
    items
        Files, pages or pieces of them that were read.
    repeated
        Items that were given more than once, and read once.
    documents
        Documents that became rows.
    rows
        Rows of the corpus: one a document, unless documents are split.
    rejected
        By rule: how many documents could not be read; see `weaklabel.collect.source.RULES`.
    kinds
        By kind of item: how many documents became rows.
    out, rejects_file
        Where rows and rejects are; None where there are none.
    mixed
        Columns that are text since their values are of several types, such as numbers and text; and what these are.
    """

    items: int
    repeated: int
    documents: int
    rows: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    out: str | None = None
    rejects_file: Path | None = None
    mixed: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def rejects(self) -> int:
        """Documents that could not be read, of all rules."""
        return sum(self.rejected.values())

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; documents in are rows (documents) and rejects."""
        plain = asdict(self) | {"documents_in": self.documents + self.rejects, "rejects": self.rejects}
        return plain | {"rejects_file": self.rejects_file and str(self.rejects_file)}


@dataclass(frozen=True)
class Preview:
    """What would be collected.

    Attributes
    ----------
    items, sizes
        By kind: how many items there are, and how many bytes.
    repeated
        Items that were given more than once.
    rejected
        By rule: what is seen to be unreadable without being opened.
    """

    items: Mapping[str, int]
    sizes: Mapping[str, int]
    repeated: int
    rejected: Mapping[str, int]


def collect_corpus(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | CollectSettings,
    out: str | os.PathLike[str],
    *,
    engine: Engine | None = None,
    progress: bool = False,
    **settings: Any,
) -> Collected:
    """Collect documents of many kinds into one corpus, with the provenance of every row.

    A row has the column ``text``, what its source says of it (such as ``folder``, ``file``, ``title``, ``subject``, or the
    other columns of a table), and where it comes from: ``meta_source``, ``meta_place``, ``meta_sha256`` (of the bytes of
    the document), ``meta_time`` (when the source was changed) and ``meta_steps``. Where documents are split, ``meta_start``
    and ``meta_end`` are the place of a row in the text of its document, in characters. What cannot be read goes to
    ``OUT.rejects.jsonl``. The output is the same for any number of workers. An interrupted call is resumed by the same call.

    Parameters
    ----------
    sources
        Files, folders, patterns such as ``mail/**/*.eml``, archives, ``hf:NAME``; or all settings as `CollectSettings`.
    out
        Path ending in .csv, .tsv, .jsonl, .json or .parquet, text also in .gz or .zst; ``-`` for standard output (CSV).
    engine
        Who reads the items; by default this process. `weaklabel.job.engine.LocalEngine` takes a number of processes.
    progress
        Show progress on stderr.
    settings
        Keys of the section ``[collect]`` of a project file, such as ``unit="sentence"``.

    Raises
    ------
    CorpusError
        A source does not exist, nothing in it can be read, or the output cannot be written.
    MissingPackageError
        The package that reads a kind of document is not installed.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a").mkdir()
    >>> _ = (folder / "a" / "1.txt").write_text("Good day. It rains.")
    >>> done = collect_corpus(folder / "a", folder / "corpus.csv", unit="sentence")
    >>> done.documents, done.rows, done.rejects
    (1, 2, 0)
    >>> pl.read_csv(folder / "corpus.csv")["text"].to_list()
    ['Good day.', 'It rains.']
    """
    target = os.fspath(out)
    collecting = settings_of(sources, settings)
    kind = format_of(target, None, "csv" if is_stream(target) else None, is_output=True)
    check_file_path(target)
    opened = open_sources(collecting)
    rejects = Path("collect.rejects.jsonl") if is_stream(target) else rejects_path(target)
    check_outputs([target, rejects], {f"the source {source.name}": source.files() for source in opened})
    identity = output_identity("", target, step=STEP, version=VERSION, settings=_identity(collecting, opened))
    with showing(progress), JobFolder(target, identity) as folder:
        collection = Collection(opened, collecting, folder.path, folder.tag)
        collection.run(engine or LocalEngine())
        if target == "-":
            finish()  # the output may go to the same terminal
        rejects_file = collection.write_rejects(rejects, is_optional=is_stream(target))
        collection.check_any(rejects_file)
        collection.write_output(target, kind)
        return collection.result(target, rejects_file)


def collect_into(
    settings: CollectSettings,
    out: Path,
    rejects: Path,
    folder: Path,
    engine: Engine | None = None,
    mask: Callable[[str], str] | None = None,
) -> Collected:
    """Collect as a step of a run: into files of a folder that is replaced as a whole.

    Parameters
    ----------
    settings
        Sources, and how they are read.
    out, rejects
        Files to write; ``out`` ends in .parquet.
    folder
        Where what is done is kept, for a run that resumes.
    engine
        As for `collect_corpus`.
    mask
        Masks what must not be shown in the text of rejects; by default nothing.
    """
    opened = open_sources(settings)
    collection = Collection(opened, settings, folder, sha256_of_json([VERSION, _identity(settings, opened)])[:12])
    collection.run(engine or LocalEngine())
    rejects_file = collection.write_rejects(rejects, mask=mask)
    collection.check_any(rejects_file)
    collection.write_output(str(out), "parquet")
    return collection.result(out.name, rejects_file)


def preview(settings: CollectSettings) -> Preview:
    """Find out what would be read, without reading it.

    Raises
    ------
    CorpusError
        A source does not exist.
    """
    items: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    opened = open_sources(settings)
    with tempfile.TemporaryDirectory(prefix="weaklabel-") as folder:
        collection = Collection(opened, settings, Path(folder), "")
        for _, entry in collection.entries():
            if isinstance(entry, Rejected):
                rejected[entry.rule] += 1
            elif "#" not in entry.id or entry.id.endswith("#0"):
                items[entry.kind] += 1
            if isinstance(entry, Item):
                sizes[entry.kind] += entry.size
    return Preview(dict(items), dict(sizes), collection.repeated, dict(rejected))


def settings_of(sources: Any, settings: Mapping[str, Any]) -> CollectSettings:
    """Return settings, checked.

    Raises
    ------
    ConfigError
        There is no such key, or its value is wrong.
    """
    if isinstance(sources, CollectSettings):
        return CollectSettings.checked(**{**sources.model_dump(), **settings})
    given = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    return CollectSettings.checked(sources=[os.fspath(spec) for spec in given], **settings)


def _identity(settings: CollectSettings, sources: Sequence[DocumentSource]) -> dict[str, Any]:
    described = [[source.name, source.settings()] for source in sources]
    return settings.model_dump(mode="json", exclude={"sources", *PACE}) | {"sources": described}


class Collection:
    """Sources on their way to one corpus.

    Parameters
    ----------
    sources
        The sources, in order.
    settings
        How they are read.
    folder
        Where parts are kept.
    tag
        A hash of everything that the output depends on, except for what the sources hold.

    Attributes
    ----------
    items, repeated
        How many items are read, and how many were given again.

    Raises
    ------
    CorpusError
        The encoding that is asked for does not exist, or tables cannot be read in the way that is asked for.
    """

    repeated: int
    items: int
    tag: str
    n_parts: int

    def __init__(self, sources: Sequence[DocumentSource], settings: CollectSettings, folder: Path, tag: str) -> None:
        check_reading(settings)
        self.sources = sources
        self.settings = settings
        self.folder = folder
        self.tag = tag
        self.n_parts = 0
        self.items = self.repeated = 0

    def entries(self) -> Iterator[tuple[int, Item | Rejected]]:
        """Give number of source and item, or reject, of all sources; an item that was given before is left out."""
        self.items = self.repeated = 0
        seen: set[str] = set()
        for number, source in enumerate(self.sources):
            for entry in source.items(source_folder(self.folder, number)):
                if isinstance(entry, Item):
                    if entry.same and entry.same in seen:
                        self.repeated += 1
                        continue
                    seen.add(entry.same)
                    self.items += 1
                yield number, entry

    def run(self, engine: Engine) -> None:
        """Collect all parts that are not done."""
        for number, source in enumerate(self.sources):
            own = source_folder(self.folder, number)
            own.mkdir(exist_ok=True)
            source.prepare(own)
        with stage("listing", unit="items") as listed:
            parts = list(in_parts(listed.over(self.entries())))
        # What the sources hold now is part of the identity: a file that changed is read again, with all of its part.
        content = (json.dumps([number, asdict(entry)]).encode() for part in parts for number, entry in part)
        tag = sha256_of_json([self.tag, sha256_of_parts(content)])[:12]
        self._remove_others(tag)
        self.tag, self.n_parts = tag, len(parts)
        orders = [self._order(number, part) for number, part in enumerate(parts)]
        with stage("collecting", self.items, "items") as shown:
            done = [order.note.exists() for order in orders]
            shown.skip(sum(collect_part(order) for order, is_done in zip(orders, done, strict=True) if is_done))
            to_do = [order for order, is_done in zip(orders, done, strict=True) if not is_done]
            with closing(guard):
                for n_items in engine.map(collect_part, to_do):
                    shown.advance(n_items)

    def _order(self, number: int, entries: list[tuple[int, Item | Rejected]]) -> PartOrder:
        sources = {of: self.sources[of] for of, _ in entries}
        return PartOrder(
            number, self.tag, self.folder.absolute(), sources, entries, self.settings.unit, current_naming()
        )

    def _remove_others(self, tag: str) -> None:
        """Remove parts that are not of this call: those of an earlier one that read something else."""
        for path in self.folder.glob("out-*"):
            if not path.name.startswith(f"out-{tag}-"):
                path.unlink()

    def notes(self) -> Iterator[dict[str, Any]]:
        """Give the counts of each part."""
        for number in range(self.n_parts):
            yield json.loads(part_path(self.folder, self.tag, number, "json").read_text(encoding="utf-8"))

    def write_rejects(
        self, path: Path, is_optional: bool = False, mask: Callable[[str], str] | None = None
    ) -> Path | None:
        """Join the rejects of all parts; see `join_rejects`."""
        pieces = (part_path(self.folder, self.tag, number, "rejects.jsonl") for number in range(self.n_parts))
        are_any = any(note["rejected"] for note in self.notes())
        edit = None if mask is None else partial(masked_reject, mask=mask)
        return join_rejects(pieces, path, self.folder, are_any=are_any, is_optional=is_optional, edit=edit)

    def check_any(self, rejects_file: Path | None) -> None:
        """Refuse to write a corpus without rows.

        Raises
        ------
        CorpusError
            No document could be read.
        """
        if any(note["rows"] for note in self.notes()):
            return
        # The next call has nothing to go on with, and a server or a database may have something by then.
        self._remove_others("")
        for number in range(len(self.sources)):
            shutil.rmtree(source_folder(self.folder, number), ignore_errors=True)
        names = ", ".join(source.name for source in self.sources)
        if rejects_file is None:
            raise CorpusError(f"no document in {names}")
        with rejects_file.open(encoding="utf-8") as handle:
            first = json.loads(handle.readline())
        raise CorpusError(
            f"no document in {names} could be read; the first: {first['source']}: {first['reason']} (all are in {rejects_file})"
        )

    def schema(self) -> dict[str, pl.DataType]:
        """Return the columns of the corpus: text, what sources carry in the order of their appearance, provenance."""
        types = self._types()
        ours = [START, END] if self.settings.unit != "document" else []
        carried = [name for name in types if name not in (TEXT, START, END, *PROVENANCE)]
        return {name: common_type(types[name]) for name in (TEXT, *carried)} | {
            **dict.fromkeys(ours, pl.Int64()),
            **PROVENANCE,
        }

    def _types(self) -> dict[str, set[str]]:
        """Return the types of the values of each column."""
        types: dict[str, set[str]] = {}
        for note in self.notes():
            for piece in note["schemas"]:
                for name, of_piece in piece.items():
                    types.setdefault(name, set()).update(of_piece)
        return types

    def mixed(self) -> dict[str, list[str]]:
        """Return the columns that are text since their values are of several types, and what these are."""
        of_values = {name: names - {NULL} for name, names in self._types().items()}
        return {
            name: sorted({KINDS[each] for each in names})
            for name, names in of_values.items()
            if len(names) > 1 and common_type(names) == pl.String()
        }

    def frames(self, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Give the rows of all parts, piece by piece, with all columns."""
        for number, note in enumerate(self.notes()):
            for piece in range(len(note["schemas"])):
                path = part_path(self.folder, self.tag, number, "parquet", piece)
                frame = pl.read_parquet(path, memory_map=False, glob=False)
                missing = [
                    pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in frame.columns
                ]
                yield frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())

    def write_output(self, out: str, kind: str) -> None:
        """Join the rows of all parts; see `join_rows`."""
        schema, n_rows = self.schema(), sum(note["rows"] for note in self.notes())
        join_rows(self.frames(schema), schema, out, self.folder, n_rows=n_rows, kind=kind)

    def result(self, out: str, rejects_file: Path | None) -> Collected:
        """Add up what is counted of all parts."""
        documents = rows = 0
        rejected: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        for note in self.notes():
            documents += note["documents"]
            rows += note["rows"]
            rejected.update(note["rejected"])
            kinds.update(note["kinds"])
        return Collected(
            self.items,
            self.repeated,
            documents,
            rows,
            _sorted(rejected),
            _sorted(kinds),
            out,
            rejects_file,
            self.mixed(),
        )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
