"""Transforming a corpus of any size, part by part: cleaning, protecting, deduplicating, splitting.

A transform that must look at all rows first surveys every part, decides once, and is then applied to every part. What is
done is kept in a folder, from which an interrupted job resumes. Rows that are dropped go to a file of rejects, from which
they can be taken back.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, compress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import THE_CORPUS, Corpus, check_target, label_outputs, read_corpus, rejects_of, write_labeled
from weaklabel.corpus.batch import Batch, check_names
from weaklabel.corpus.jsonl import changed_line
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.corpus.sinks import as_json
from weaklabel.corpus.transform import PLACE, SOURCE, STEPS, Drop, Transform
from weaklabel.errors import CorpusError
from weaklabel.job.engine import Engine, LocalEngine, expect
from weaklabel.job.folder import JobFolder, corpus_identity, output_identity, unpacked
from weaklabel.support.files import (
    atomic_path,
    check_file_path,
    check_outputs,
    is_stream,
    move_file,
    write_json,
    write_parquet,
)
from weaklabel.support.hashing import hash_path, sha256_of_json
from weaklabel.support.progress import finish, showing, stage

PART_ROWS = 10_000
"""Rows from which on a part of a transform is complete."""

EXAMPLES = 10
"""Of what a rule does, that are shown."""

EXAMPLE_LENGTH = 300
"""Characters of a text that an example shows."""

JSON_FORMATS = ("json", "jsonl")
"""Formats of a corpus whose records are objects of JSON."""

LINE = "\x1fline"
"""Column of the pieces with each row as a line of JSON, where input and output are JSON."""

UNREADABLE = "unreadable"
"""Rule by which records that cannot be read are counted."""


@dataclass(frozen=True)
class Transformation:
    """What a transform did to a corpus.

    Attributes
    ----------
    step
        Its name.
    rows
        Rows of the input, without records that could not be read.
    kept
        Rows of the output.
    unreadable
        Records that could not be read.
    changed, dropped
        By rule: how many rows it changed or dropped. ``rows`` is ``kept`` and all that were dropped.
    taken_back
        Rows that would have been dropped and are kept, since they were asked for.
    not_taken_back
        Rows that were asked for, but would not have been dropped or are not in the corpus.
    counts
        Other things that were counted.
    examples
        By rule, the first few rows that it changed (``before``, ``after``) or dropped (``before``, ``reason``).
    summary
        What the transform tells about the corpus as a whole.
    out, rejects_file
        Where rows and rejects are; None where they are nowhere.
    frame
        The rows, where no output was named.
    """

    step: str
    rows: int
    kept: int
    unreadable: int = 0
    changed: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    taken_back: int = 0
    not_taken_back: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    out: str | None = None
    rejects_file: Path | None = None
    frame: pl.DataFrame | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the rows, as JSON has it."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "frame"}
        plain_json: dict[str, Any] = json.loads(json.dumps(plain, default=str))
        return plain_json


def transform_file(
    corpus: Corpus,
    transform: Transform,
    out: str | os.PathLike[str],
    *,
    keep: Sequence[str | os.PathLike[str]] = (),
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Transform a corpus of any size into a file; an interrupted call is resumed by the same call.

    Parameters
    ----------
    corpus
        From `read_corpus`.
    transform
        What is done to its rows.
    out
        Path ending in .csv, .tsv, .jsonl, .json or .parquet, text also in .gz or .zst; ``-`` for standard output. Rejects
        go to ``OUT.rejects.jsonl`` next to it.
    keep
        Files with rejects of an earlier call: the rows in them are not dropped.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Raises
    ------
    CorpusError
        The corpus cannot be read, a file of ``keep`` is not one of rejects, or the output cannot be written.
    """
    target = os.fspath(out)
    kind = check_target(corpus, target)
    inputs = {THE_CORPUS: corpus.files(), "a file of rows to keep": keep, **transform.inputs()}
    check_outputs([*label_outputs(corpus, target), *transform.outputs()], inputs)
    kept = rows_to_keep(keep)
    identity = output_identity(
        corpus_identity(corpus),
        target,
        step=transform.name,
        settings=transform.settings(),
        columns=transform.text,
        keep=[hash_path(path) for path in keep],
    )
    with showing(progress), JobFolder(target, identity) as folder:
        # What was a number or a list in JSON stays one.
        writes_json = corpus.format in JSON_FORMATS and kind in JSON_FORMATS
        job = TransformJob(corpus, transform, folder.path, folder.tag, kept, writes_json=writes_json)
        parts = job.run(engine or LocalEngine())
        if target == "-":
            finish()  # the output may go to the same terminal
        rejects = job.write_rejects(parts, rejects_of(corpus, target), is_stream(target))
        job.write_output(parts, target, kind)
        return job.result(parts, out=target, rejects_file=rejects)


def transform_rows(
    corpus: Corpus,
    transform: Transform,
    *,
    keep: Sequence[str | os.PathLike[str]] = (),
    engine: Engine | None = None,
    progress: bool = False,
    with_frame: bool = True,
) -> Transformation:
    """Transform a corpus in memory, or find out what a transform would do to it.

    Parameters
    ----------
    corpus, transform, keep, engine, progress
        As for `transform_file`.
    with_frame
        Whether to return the rows. Without it, memory does not grow with the corpus.

    Raises
    ------
    CorpusError
        As for `transform_file`.
    """
    with showing(progress), tempfile.TemporaryDirectory(prefix="weaklabel-") as name:
        job = TransformJob(corpus, transform, Path(name), "", rows_to_keep(keep))
        parts = job.run(engine or LocalEngine())
        frame = None
        if with_frame:
            job.write_output(parts, str(Path(name) / "all.parquet"))
            frame = pl.read_parquet(Path(name) / "all.parquet", memory_map=False, glob=False)
        return job.result(parts, frame=frame)


def transform_into(
    corpus: Corpus,
    transform: Transform,
    out: Path,
    rejects: Path,
    folder: Path,
    *,
    keep: Sequence[str | os.PathLike[str]] = (),
    protect: Transform | None = None,
    engine: Engine | None = None,
) -> Transformation:
    """Transform a corpus as a step of a run: into files of a folder that is replaced as a whole.

    Parameters
    ----------
    corpus, transform, keep, engine
        As for `transform_file`.
    out, rejects
        Files to write.
    folder
        Where what is done is kept, for a run that resumes.
    protect
        A later transform that masks rows: rejects and examples are shown as it changes them.
    """
    tag = sha256_of_json([corpus_identity(corpus), transform.name, transform.settings()])[:12]
    job = TransformJob(corpus, transform, folder, tag, rows_to_keep(keep), protect)
    parts = job.run(engine or LocalEngine())
    file = job.write_rejects(parts, rejects)
    job.write_output(parts, str(out))
    return job.result(parts, out=out.name, rejects_file=file)


def rows_to_keep(files: Sequence[str | os.PathLike[str]]) -> frozenset[tuple[str, str]]:
    """Return source and place of every row in files of rejects.

    Raises
    ------
    CorpusError
        A file is missing, or a line of it is not a reject.
    """
    rows = set()
    for file in files:
        try:
            lines = Path(file).read_text(encoding="utf-8").split("\n")  # other line breaks may stand in a record
        except OSError as error:
            raise CorpusError(f"cannot read the rows to keep from {file}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise CorpusError(
                f"{file} is not UTF-8, so it is not a file of rejects: name one that an earlier call wrote"
            ) from None
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                reject = json.loads(line)
                rows.add((str(reject["source"]), str(reject["place"])))
            except (ValueError, KeyError, TypeError):
                raise CorpusError(
                    f"{file}, line {number}: not a line of a file of rejects: copy whole lines from one"
                ) from None
    return frozenset(rows)


def check_text(corpus: Corpus, what: str) -> None:
    """Refuse a corpus without a text column of its own; ``what`` would be done to it, such as "cleaned"."""
    nested = [name for name in corpus.text if name not in corpus.empty().stored.columns]
    if nested or not corpus.text:
        reason = f"'{nested[0]}' is a field of another column" if nested else "no text column is named"
        raise CorpusError(f"{corpus.name} cannot be {what}: {reason}; name a column that holds the text by itself")


class TransformJob:
    """A transform of a corpus, part by part; other processes may work on parts of the same job.

    Parameters
    ----------
    corpus, transform
        The corpus, and what is done to it.
    folder
        Where parts are kept.
    tag
        Hash in the names of what is kept, so that jobs do not mix.
    keep
        Source and place of rows that are not dropped.
    protect
        A transform that masks rows before they are shown.
    writes_json
        Whether input and output are JSON: each row is then kept as its line, too.
    """

    def __init__(
        self,
        corpus: Corpus,
        transform: Transform,
        folder: Path,
        tag: str,
        keep: frozenset[tuple[str, str]] = frozenset(),
        protect: Transform | None = None,
        writes_json: bool = False,
    ) -> None:
        self.writes_json = writes_json
        self.transform = transform
        self.folder = folder.absolute()
        self.tag = tag
        self.keep = keep
        self.protect = protect
        self.corpus = corpus
        self.arguments = corpus.arguments
        self.name = corpus.name

    def __getstate__(self) -> dict[str, Any]:
        if self.arguments is None:
            raise CorpusError("a data frame cannot be shared by several processes: write it as Parquet")
        state = self.__dict__.copy()
        for name in ("corpus", "schema"):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.corpus = _opened(json.dumps(self.arguments))

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        """Columns of the output."""
        schema = dict(self.corpus.empty().stored.schema)
        check_names(schema, self.name)
        new = self.transform.new_columns(schema)
        clash = [f"'{name}'" for name in new if name in schema]
        if clash:
            raise CorpusError(
                f"{self.name} already has a column {', '.join(clash)}, which '{self.transform.name}' adds: rename it, "
                "or leave it out"
            )
        return schema | new

    def run(self, engine: Engine) -> list[Part]:
        """Do what is not done, and return all parts."""
        self.schema  # noqa: B018 - so that a clash of columns is an error before any work
        if engine.is_shared and self.arguments is not None:
            self.arguments = unpacked(self.corpus, self.folder)
            if self.arguments is not self.corpus.arguments:
                self.corpus = read_corpus(**self.arguments)
        name = self.transform.name
        if self.transform.surveys:
            parts = self._each(engine, self.survey_part, f"{name}: reading", None)
            self._decide(parts)
            return self._each(engine, self.apply_part, name, parts)
        return self._each(engine, self.apply_part, name, self._parts_of_before())

    def _each(
        self, engine: Engine, function: Callable[[Part | PartRows], Part], what: str, parts: list[Part] | None
    ) -> list[Part]:
        items: Iterable[Part | PartRows]
        if parts is not None:
            items = parts
        elif engine.is_shared and self.arguments is not None:
            items = (rows.part for rows in self.corpus.parts(rows=PART_ROWS))
        else:
            items = self.corpus.parts(rows=PART_ROWS)
        done: list[Part] = []
        total = None if parts is None else sum(part.n_rows for part in parts)
        mapped = engine.map(function, items) if self.arguments is not None else map(function, items)
        with stage(what, total, "rows") as shown:
            for part in mapped:
                done.append(part)
                shown.advance(part.n_rows)
                if total is None:
                    expect(shown, self.corpus, part)
        if parts is None:
            write_json(self._path("parts", "json"), [part.to_dict() for part in done])
        return done

    def _parts_of_before(self) -> list[Part] | None:
        """Return the parts that an interrupted run found, if it found all of them."""
        path = self._path("parts", "json")
        if not path.exists():
            return None
        return [Part.from_dict(part) for part in json.loads(path.read_text(encoding="utf-8"))]

    def survey_part(self, item: Part | PartRows) -> Part:
        """Survey a part, unless that is done."""
        part = item.part if isinstance(item, PartRows) else item
        folder = self._part_folder(part.number)
        if not folder.exists():
            rows = self._rows(item)
            with _new_folder(folder) as new:
                self.transform.survey(rows.batch.stored, part.first_row, new)
        return part

    def _decide(self, parts: Sequence[Part]) -> None:
        folder = self._decision()
        if folder.exists():
            return

        def read(number: int) -> pl.DataFrame:
            return self.corpus.read_part(parts[number]).batch.stored

        with stage(f"{self.transform.name}: deciding"), _new_folder(folder) as new:
            folders = [self._part_folder(part.number) for part in parts]
            summary = self.transform.decide(folders, read, new)
            write_json(self._path("summary", "json"), summary)

    def apply_part(self, item: Part | PartRows) -> Part:
        """Transform a part and keep it, unless that is done."""
        part = item.part if isinstance(item, PartRows) else item
        note = self._path("out", "json", part.number)
        if not note.exists():
            rows = self._rows(item)
            counts = self._apply(part, rows)
            write_json(note, counts)
        return part

    def _rows(self, item: Part | PartRows) -> PartRows:
        return item if isinstance(item, PartRows) else self.corpus.read_part(item)

    def _apply(self, part: Part, rows: PartRows) -> dict[str, Any]:
        before = rows.batch.stored
        folder = self._decision() if self.transform.surveys else None
        done = self.transform.apply(before, part.first_row, folder)
        # Transforms may give the numbers of rows as numpy has them, which neither JSON nor polars takes.
        candidates = [Drop(int(drop.row), drop.rule, drop.reason) for drop in done.drops]
        shown = self._shown(before, done.frame, [drop.row for drop in candidates])
        places = self._places(shown, [part.first_row + drop.row for drop in candidates])
        is_dropped = [place not in self.keep for place in places]
        drops, places = list(compress(candidates, is_dropped)), list(compress(places, is_dropped))
        shown = shown.filter(pl.Series(is_dropped, dtype=pl.Boolean))
        kept = np.ones(before.height, np.bool_)
        kept[[drop.row for drop in drops]] = False
        changed = {rule: rows & kept for rule, rows in done.changed.items()}
        after = _with_steps(done.frame, self.transform.name, changed).select(list(self.schema))
        with atomic_path(self._path("rejects", "jsonl", part.number)) as path, path.open("wb") as handle:
            self._write_unreadable(handle, rows)
            self._write_drops(handle, shown, drops, places, part.first_row)
        with atomic_path(self._path("out", "parquet", part.number)) as path:
            piece = after.cast(self.schema)  # type: ignore[arg-type]
            if self.writes_json:
                piece = piece.with_columns(pl.Series(LINE, _json_lines(rows.batch, piece), pl.String))
            write_parquet(path, piece.filter(pl.Series(kept)))
        return {
            "rows": before.height,
            "kept": int(kept.sum()),
            "unreadable": len(rows.rejects),
            "changed": {rule: int(rows.sum()) for rule, rows in changed.items()},
            "dropped": dict(Counter(drop.rule for drop in drops)),
            "taken_back": len(done.drops) - len(drops),
            "counts": {name: int(count) for name, count in done.counts.items()},
            "examples": {**self._examples_of_changes(before, after, changed), **self._examples_of_drops(shown, drops)},
        }

    def _shown(self, before: pl.DataFrame, after: pl.DataFrame, rows: Sequence[int]) -> pl.DataFrame:
        """Return some rows as rejects and examples may show them: few, since a transform that masks them takes its time."""
        if self.transform.masks:
            return after[rows].select(before.columns)
        return before[rows] if self.protect is None else self._protected(before[rows])

    def _protected(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows as the later transform that masks rows changes them, if there is one."""
        return rows if self.protect is None else self.protect.apply(rows, 0, None).frame.select(rows.columns)

    def _places(self, frame: pl.DataFrame, rows: Sequence[int]) -> list[tuple[str, str]]:
        if SOURCE in frame.columns and PLACE in frame.columns:
            columns = (frame[name].cast(pl.String).fill_null("").to_list() for name in (SOURCE, PLACE))
            return list(zip(*columns, strict=True))
        return [(self.name, f"row {row + 1}") for row in rows]

    def _write_unreadable(self, handle: BinaryIO, rows: PartRows) -> None:
        masking = self.transform if self.transform.masks else self.protect
        for reject in rows.rejects:
            line = {
                "row": None,
                "source": self.name,
                "place": f"line {reject.line}",
                "step": self.transform.name,
                "rule": UNREADABLE,
                "reason": reject.reason if masking is None else masking.mask(reject.reason),
                "raw": reject.raw if masking is None else masking.mask(reject.raw),
            }
            handle.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")

    def _write_drops(
        self,
        handle: BinaryIO,
        shown: pl.DataFrame,
        drops: Sequence[Drop],
        places: Sequence[tuple[str, str]],
        first_row: int,
    ) -> None:
        masking = self.transform if self.transform.masks else self.protect
        columns = [[f"{json.dumps(column.name)}: {value}" for value in as_json(column)] for column in shown]
        records = zip(*columns, strict=True) if columns else iter(())
        for drop, record, (source, place) in zip(drops, records, places, strict=True):
            head = {
                "row": first_row + drop.row + 1,
                "source": source,
                "place": place,
                "step": self.transform.name,
                "rule": drop.rule,
                "reason": drop.reason if masking is None else masking.mask(drop.reason),
            }
            line = json.dumps(head, ensure_ascii=False)[:-1] + ', "record": {' + ", ".join(record) + "}}\n"
            handle.write(line.encode())

    def _examples_of_drops(self, shown: pl.DataFrame, drops: Sequence[Drop]) -> dict[str, list[dict[str, str]]]:
        masking = self.transform if self.transform.masks else self.protect
        examples: dict[str, list[dict[str, str]]] = {}
        for number, drop in enumerate(drops):
            of_rule = examples.setdefault(drop.rule, [])
            if len(of_rule) < EXAMPLES:
                reason = drop.reason if masking is None else masking.mask(drop.reason)
                of_rule.append({"before": self._text(shown, number), "reason": reason})
        return examples

    def _examples_of_changes(
        self, before: pl.DataFrame, after: pl.DataFrame, changed: Mapping[str, NDArray[np.bool_]]
    ) -> dict[str, list[dict[str, str]]]:
        rows = {rule: np.flatnonzero(is_changed)[:EXAMPLES].tolist() for rule, is_changed in changed.items()}
        numbers = sorted(set(chain.from_iterable(rows.values())))
        shown, masked = self._shown(before, after, numbers), self._protected(after[numbers])
        pairs = {}
        for number, row in enumerate(numbers):
            pairs[row] = {"after": self._text(masked, number)}
            if not self.transform.masks:
                pairs[row] = {"before": self._text(shown, number)} | pairs[row]
        return {rule: [pairs[row] for row in of_rule] for rule, of_rule in rows.items() if of_rule}

    def _text(self, frame: pl.DataFrame, row: int) -> str:
        values = (frame[name][row] for name in self.transform.text)
        text = "\n".join("" if value is None else str(value) for value in values)
        return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"

    def write_rejects(self, parts: Sequence[Part], path: Path, is_optional: bool = False) -> Path | None:
        """Join the rejects of all parts; if there are none, no file is written, and an earlier one is removed."""
        notes = (self._note(part) for part in parts)
        if not any(note["kept"] < note["rows"] or note["unreadable"] for note in notes):
            if not is_optional:
                path.unlink(missing_ok=True)
            return None
        whole = self.folder / "rejects.jsonl"
        try:
            with whole.open("wb") as handle:
                for part in parts:
                    with self._path("rejects", "jsonl", part.number).open("rb") as piece:
                        shutil.copyfileobj(piece, handle, 1 << 20)
            move_file(whole, path)
        except OSError as error:
            raise CorpusError(f"cannot write {path}: {error.strerror or error}") from error
        return path

    def write_output(self, parts: Sequence[Part], out: str, kind: str | None = None) -> None:
        """Join all parts to the final file, in its format."""
        import pyarrow.parquet as pq

        whole = self.folder / "whole"
        columns = self.schema | ({LINE: pl.String()} if self.writes_json else {})
        schema = pl.DataFrame(schema=columns).to_arrow().schema
        with stage(f"writing {out}", sum(part.n_rows for part in parts), "rows") as shown:
            with closing(pq.ParquetWriter(whole, schema)) as writer:
                for part in parts:
                    table = pl.read_parquet(
                        self._path("out", "parquet", part.number), memory_map=False, glob=False
                    ).to_arrow()
                    writer.write_table(table.cast(schema))
                    shown.advance(part.n_rows)
            if out.endswith(".parquet") and not is_stream(out):
                check_file_path(out)
                move_file(whole, out)
                return
            with _named(whole, ".parquet") as file:
                write_labeled(
                    read_corpus(file, text=()),
                    out,
                    lambda batch: pl.DataFrame(),
                    format=kind,
                    like=self.corpus,
                    lines=LINE if self.writes_json else None,
                )

    def result(
        self,
        parts: Sequence[Part],
        out: str | None = None,
        rejects_file: Path | None = None,
        frame: pl.DataFrame | None = None,
    ) -> Transformation:
        """Add up what is counted of all parts."""
        notes = [self._note(part) for part in parts]
        examples: dict[str, list[dict[str, str]]] = {}
        for rule, of_rule in chain.from_iterable(note["examples"].items() for note in notes):
            shown = examples.setdefault(rule, [])
            shown += of_rule[: EXAMPLES - len(shown)]
        summary = self._path("summary", "json")
        taken_back = sum(note["taken_back"] for note in notes)
        return Transformation(
            self.transform.name,
            rows=sum(note["rows"] for note in notes),
            kept=sum(note["kept"] for note in notes),
            unreadable=sum(note["unreadable"] for note in notes),
            changed=_added(note["changed"] for note in notes),
            dropped=_added(note["dropped"] for note in notes),
            taken_back=taken_back,
            not_taken_back=max(len(self.keep) - taken_back, 0),
            counts=_added(note["counts"] for note in notes),
            examples=examples,
            summary=json.loads(summary.read_text(encoding="utf-8")) if summary.exists() else {},
            out=out,
            rejects_file=rejects_file,
            frame=frame,
        )

    def _note(self, part: Part) -> dict[str, Any]:
        note: dict[str, Any] = json.loads(self._path("out", "json", part.number).read_text(encoding="utf-8"))
        return note

    def _decision(self) -> Path:
        return self.folder / f"decision-{self.tag}"

    def _part_folder(self, number: int) -> Path:
        return self.folder / f"survey-{self.tag}-{number:06d}"

    def _path(self, what: str, suffix: str, number: int | None = None) -> Path:
        return self.folder / f"{what}-{self.tag}{'' if number is None else f'-{number:06d}'}.{suffix}"


def _json_lines(batch: Batch, after: pl.DataFrame) -> list[str]:
    """Return the records of a batch, which are JSON, with changed and new values in them. Length: n."""
    before = batch.stored
    names = [name for name in after.columns if name in before.columns]
    new = [name for name in after.columns if name not in before.columns]
    tails = [[f"{json.dumps(name, ensure_ascii=False)}: {value}" for value in as_json(after[name])] for name in new]
    lines = [raw.strip() for raw in batch.raw or ()]
    changed = {name: before[name].ne_missing(after[name]) for name in names}
    changes: dict[int, dict[str, str | None]] = {}
    for name, rows in changed.items():
        for row in rows.arg_true().to_list():
            changes.setdefault(row, {})[name] = after[name][row]
    for row, of_row in changes.items():
        lines[row] = changed_line(lines[row], of_row)
    if not tails:
        return lines
    joined = map(", ".join, zip(*tails, strict=True))
    return [
        f"{line[:-1].rstrip()}{'' if line[:-1].strip() == '{' else ', '}{tail}}}"
        for line, tail in zip(lines, joined, strict=True)
    ]


def _with_steps(frame: pl.DataFrame, name: str, changed: Mapping[str, Any]) -> pl.DataFrame:
    """Note in the provenance of each row which rules changed it."""
    if STEPS not in frame.columns or not changed:
        return frame
    notes = frame[STEPS].fill_null("").to_list()
    rules = [[rule for rule, rows in changed.items() if rows[row]] for row in range(frame.height)]
    noted = [
        f"{note}; {name}: {', '.join(of_row)}".removeprefix("; ") if of_row else note
        for note, of_row in zip(notes, rules, strict=True)
    ]
    return frame.with_columns(pl.Series(STEPS, noted, dtype=pl.String))


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for of_part in counts:
        for name, count in of_part.items():
            total[name] = total.get(name, 0) + count
    return total


class _new_folder:
    """A context manager that gives an empty folder, which gets its final name when all is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.new = folder.with_name(f".{folder.name}.{uuid4().hex[:12]}.part")

    def __enter__(self) -> Path:
        self.new.mkdir(parents=True)
        return self.new

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is None:
            self.new.replace(self.folder)
            return
        shutil.rmtree(self.new, ignore_errors=True)
        if isinstance(error, OSError) and error.filename is None:
            raise CorpusError(f"cannot write {self.folder}: {error.strerror or error}") from None


class _named:
    """A context manager that gives a file a suffix, by which its format is known."""

    def __init__(self, path: Path, suffix: str) -> None:
        self.path, self.file = path, path.with_name(path.name + suffix)

    def __enter__(self) -> Path:
        self.path.replace(self.file)
        return self.file

    def __exit__(self, *_: object) -> None:
        self.file.unlink(missing_ok=True)


@lru_cache(maxsize=4)
def _opened(arguments: str) -> Corpus:
    """Open a corpus in another process, once for all of its parts."""
    return read_corpus(**json.loads(arguments))
