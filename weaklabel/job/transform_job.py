"""The parts of a transform: surveyed, decided upon, applied, kept in a folder, and joined at the end."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain, compress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.batch import Batch, check_names
from weaklabel.corpus.jsonl import changed_line
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.corpus.sinks import as_json
from weaklabel.corpus.transform import PLACE, SOURCE, STEPS, Drop, Transform, Transformed
from weaklabel.errors import CorpusError
from weaklabel.job.assembly import join_rejects, join_rows
from weaklabel.job.engine import Engine, expect
from weaklabel.job.folder import unpacked
from weaklabel.job.taken_back import RowsToKeep
from weaklabel.support.files import atomic_path, write_json, write_parquet
from weaklabel.support.progress import stage

PART_ROWS = 10_000
"""Rows from which on a part of a transform is complete."""

EXAMPLES = 10
"""Of what a rule does, that are shown."""

EXAMPLE_LENGTH = 300
"""Characters of a text that an example shows."""

LINE = "\x1fline"
"""Column of the pieces with each row as a line of JSON, where input and output are JSON."""

UNREADABLE = "unreadable"
"""Rule by which records that cannot be read are counted."""

ADDED = "new rows"
"""Under which examples of new rows are shown."""


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
        Rows of the input that are in the output.
    added
        Rows of the output that were made of others.
    refused
        Rows that were made of others and are not in the output.
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
    added: int = 0
    refused: int = 0
    out: str | None = None
    rejects_file: Path | None = None
    frame: pl.DataFrame | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the rows, as JSON has it."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "frame"}
        plain_json: dict[str, Any] = json.loads(json.dumps(plain, default=str))
        return plain_json


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
        Rows that are not dropped.
    protect
        A transform that masks rows before they are shown.
    writes_json
        Whether input and output are JSON: each row is then kept as its line, too.
    name
        What rejects call the corpus, by default its own name.
    """

    def __init__(
        self,
        corpus: Corpus,
        transform: Transform,
        folder: Path,
        tag: str,
        keep: RowsToKeep | None = None,
        protect: Transform | None = None,
        writes_json: bool = False,
        name: str | None = None,
    ) -> None:
        self.writes_json = writes_json
        self.transform = transform
        self.folder: Path = folder.absolute()
        self.tag = tag
        self.keep: RowsToKeep = keep or RowsToKeep()
        self.protect = protect
        self.corpus: Corpus = corpus
        self.arguments = corpus.arguments
        self.name: str = corpus.name if name is None else name

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
        exact = self._path("exact", "json")
        if exact.exists():
            self.keep = replace(self.keep, exact=frozenset(map(tuple, json.loads(exact.read_text(encoding="utf-8")))))
        name = self.transform.name
        if self.transform.surveys:
            parts = self._each(engine, self.survey_part, f"{name}: reading", None)
            self._decide(parts)
            self._each(engine, self.apply_part, name, parts)
        else:
            parts = self._each(engine, self.apply_part, name, self._parts_of_before())
        return self._kept_exactly(engine, parts) if self.keep else parts

    def _kept_exactly(self, engine: Engine, parts: list[Part]) -> list[Part]:
        """Do parts again that kept rows which have source and place of a row that is asked for, but are others."""
        taken = {part: [(*place, row) for *place, row in self._note(part)["taken_back"]] for part in parts}
        keep = self.keep.made_exact(chain.from_iterable(taken.values()))
        if keep == self.keep:
            return parts
        write_json(self._path("exact", "json"), sorted(keep.exact))
        self.keep = keep
        for part, rows in taken.items():
            if any(row not in keep for row in rows):
                self._path("out", "json", part.number).unlink()
        return self._each(engine, self.apply_part, self.transform.name, parts)

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
        rows_of = [(*place, part.first_row + drop.row + 1) for drop, place in zip(candidates, places, strict=True)]
        taken_back = [row for row in rows_of if row in self.keep]
        is_dropped = [row not in self.keep for row in rows_of]
        drops, places = list(compress(candidates, is_dropped)), list(compress(places, is_dropped))
        shown = shown.filter(pl.Series(is_dropped, dtype=pl.Boolean))
        kept = np.ones(before.height, np.bool_)
        kept[[drop.row for drop in drops]] = False
        changed = {rule: rows & kept for rule, rows in done.changed.items()}
        after = _with_steps(done.frame, self.transform.name, changed).select(list(self.schema))
        with atomic_path(self._path("rejects", "jsonl", part.number)) as path, path.open("wb") as handle:
            self._write_unreadable(handle, rows)
            self._write_drops(handle, shown, drops, places, part.first_row)
            if done.refused_rows is not None:
                of_refused = self._places(done.refused_rows, [part.first_row + each.row for each in done.refused])
                self._write_drops(handle, done.refused_rows, done.refused, of_refused, part.first_row)
        with atomic_path(self._path("out", "parquet", part.number)) as path:
            piece, sources = self._with_added(after, done)
            if self.writes_json:
                piece = piece.with_columns(pl.Series(LINE, _json_lines(rows.batch, piece, sources), pl.String))
            write_parquet(path, piece.filter(pl.Series(kept[sources])))
        return {
            "rows": before.height,
            "kept": int(kept.sum()),
            "unreadable": len(rows.rejects),
            "changed": {rule: int(rows.sum()) for rule, rows in changed.items()},
            "dropped": dict(Counter(drop.rule for drop in drops)),
            "taken_back": taken_back,
            "added": len(done.added_to),
            "refused": len(done.refused),
            "counts": {name: int(count) for name, count in done.counts.items()},
            "examples": {
                **self._examples_of_changes(before, after, changed),
                **self._examples_of_drops(shown, drops),
                **self._examples_of_added(before, done),
            },
        }

    def _with_added(self, after: pl.DataFrame, done: Transformed) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        """Return the rows with new ones behind their sources, and of each row the position that it, or its source, had."""
        sources = np.arange(after.height)
        piece = after.cast(self.schema)  # type: ignore[arg-type]
        if done.added is None:
            return piece, sources
        sources = np.concatenate([sources, np.asarray(done.added_to, np.int64)])
        order = np.argsort(sources, kind="stable")
        new = done.added.select(list(self.schema)).cast(self.schema)  # type: ignore[arg-type]
        return pl.concat([piece, new])[order], sources[order]

    def _examples_of_added(self, before: pl.DataFrame, done: Transformed) -> dict[str, list[dict[str, str]]]:
        examples: dict[str, list[dict[str, str]]] = {}
        if done.added is not None:
            examples[ADDED] = [
                {"before": self._text(before, source), "after": self._text(done.added, number)}
                for number, source in enumerate(done.added_to[:EXAMPLES])
            ]
        if done.refused_rows is not None:
            for number, drop in enumerate(done.refused):
                of_rule = examples.setdefault(drop.rule, [])
                if len(of_rule) < EXAMPLES:
                    of_rule.append({"before": self._text(done.refused_rows, number), "reason": drop.reason})
        return {rule: of_rule for rule, of_rule in examples.items() if of_rule}

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
        """Join the rejects of all parts; see `join_rejects`."""
        notes = (self._note(part) for part in parts)
        are_any = any(note["kept"] < note["rows"] or note["unreadable"] or note["refused"] for note in notes)
        pieces = (self._path("rejects", "jsonl", part.number) for part in parts)
        return join_rejects(pieces, path, self.folder, are_any=are_any, is_optional=is_optional)

    def write_output(self, parts: Sequence[Part], out: str, kind: str | None = None) -> None:
        """Join the rows of all parts; see `join_rows`."""
        pieces = (self._path("out", "parquet", part.number) for part in parts)
        join_rows(
            (pl.read_parquet(piece, memory_map=False, glob=False) for piece in pieces),
            self.schema | ({LINE: pl.String()} if self.writes_json else {}),
            out,
            self.folder,
            n_rows=sum(self._note(part)["kept"] + self._note(part)["added"] for part in parts),
            kind=kind,
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
        taken_back = sum(len(note["taken_back"]) for note in notes)
        return Transformation(
            self.transform.name,
            rows=sum(note["rows"] for note in notes),
            kept=sum(note["kept"] for note in notes),
            added=sum(note["added"] for note in notes),
            refused=sum(note["refused"] for note in notes),
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


def _json_lines(batch: Batch, after: pl.DataFrame, sources: NDArray[np.int64]) -> list[str]:
    """Return records of a batch, which are JSON, with changed and new values in them; which ones says ``sources``."""
    before = batch.stored[sources]
    names = [name for name in after.columns if name in before.columns]
    new = [name for name in after.columns if name not in before.columns]
    tails = [[f"{json.dumps(name, ensure_ascii=False)}: {value}" for value in as_json(after[name])] for name in new]
    raw = batch.raw or ()
    lines = [raw[source].strip() for source in sources.tolist()]
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


@lru_cache(maxsize=4)
def _opened(arguments: str) -> Corpus:
    """Open a corpus in another process, once for all of its parts."""
    return read_corpus(**json.loads(arguments))
