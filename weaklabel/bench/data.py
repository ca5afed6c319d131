"""Reading benchmark sets, in WRENCH's format or as tables with votes.

Tables with votes are what ``weaklabel label --votes`` writes, with gold next to it. Rows that cannot be read are left out,
counted and named. A file ``meta.json`` in a set's folder may say what it is scored by: ``"metric"``, "accuracy" or "f1",
and ``"positive"``, the class that F1 is of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.bench.datasculpt import read_datasculpt
from weaklabel.bench.span_data import SpanSet, is_span_set, read_span_set, span_set_files
from weaklabel.bench.split import BenchSet, Metric, Split, hidden, limited_rows, texts_or_none
from weaklabel.bench.wrench import read_json, read_wrench_labels, read_wrench_split, read_wrench_train_gold
from weaklabel.corpus import Corpus, Reject, read_corpus
from weaklabel.errors import CorpusError, ScoreError, VoteError
from weaklabel.label_names import encode_labels, find_labels, has_label
from weaklabel.labels import ABSTAIN, Labels, as_votes
from weaklabel.support.hashing import hash_path

GOLD, TEXT, SPLIT, META = "label", "text", "split", "meta.json"
_VOTE = re.compile(r"(weak\d*_)?vote_.")


@dataclass(frozen=True)
class SplitTable:
    """Rows of one split as in a file.

    Attributes
    ----------
    where
        The file and the split, for messages.
    votes
        Cells by column, in the file's order.
    gold, texts
        Cells; None if there is no such column, or gold is hidden.
    refused
        Lines of the file that could not be read, and why.
    """

    where: str
    votes: dict[str, list[Any]]
    gold: list[Any] | None
    texts: list[Any] | None
    refused: tuple[str, ...] = ()

    def with_votes(self, names: Sequence[str]) -> SplitTable:
        """Return the table with its vote columns in this order."""
        return replace(self, votes={name: self.votes[name] for name in names})


def read_tables(path: Path, train_gold: bool = False) -> dict[str, SplitTable]:
    """Read the splits that a folder with train.csv, test.csv (and valid.csv), or one file with a column split has.

    The train split's gold is read only where ``train_gold`` asks for it.

    Raises
    ------
    CorpusError
        A file cannot be read in full, or lacks a column, or a split.
    """
    if path.is_dir():
        files = {name: path / f"{name}.csv" for name in ("train", "valid", "test")}
        tables = {name: _table(_open(file), name, train_gold) for name, file in files.items() if file.exists()}
    else:
        tables = _divided(_open(path), train_gold)
    for name in ("train", "test"):
        if name not in tables:
            refused = [reason for table in tables.values() for reason in table.refused]
            first = f"; lines that cannot be read: {len(refused):,}, the first: {refused[0]}" if refused else ""
            raise CorpusError(f"{path} has no {name} split; it needs train and test, and may have valid{first}")
    return tables


def table_labels(path: Path, tables: dict[str, SplitTable]) -> tuple[str, ...]:
    """Return the classes: whatever is voted, or is gold that is not hidden, sorted; numbers by size."""
    cells = [cell for table in tables.values() for column in table.votes.values() for cell in column]
    cells += [cell for table in tables.values() for cell in table.gold or ()]
    if not any(has_label(cell) for cell in cells):
        raise VoteError(f"{path}: no labeling function votes on any row, so there are no classes")
    return find_labels(cells, where=str(path))


def table_split(table: SplitTable, labels: Sequence[str], gold: bool) -> Split:
    """Turn cells into votes and classes; without ``gold`` the labels are not looked at."""
    columns = [encode_labels(cells, labels, f"{table.where}, column '{name}'") for name, cells in table.votes.items()]
    L = as_votes(np.array(columns, dtype=np.int16), len(labels)).T
    texts = None if table.texts is None else texts_or_none(["" if cell is None else str(cell) for cell in table.texts])
    return Split(L, table_gold(table, labels) if gold else hidden(len(L)), texts, table.refused)


def table_gold(table: SplitTable, labels: Sequence[str]) -> Labels:
    """Return the gold of a split. Shape: [n]."""
    if table.gold is None:
        raise CorpusError(f"{table.where} has no column '{GOLD}' with gold; add it")
    return encode_labels(table.gold, labels, f"{table.where}, column '{GOLD}'")


def _open(file: Path) -> Corpus:
    rows = read_corpus(file, text=())
    if not len(rows):
        first = f"; the first line that cannot be read: {_reject(rows.rejects[0])}" if rows.rejects else ""
        raise CorpusError(f"{file} has no rows{first}")
    return rows


def _reject(reject: Reject) -> str:
    return f"line {reject.line}: {reject.reason}"


def _table(rows: Corpus, split: str, train_gold: bool, chosen: Sequence[int] | None = None) -> SplitTable:
    votes = [name for name in rows.columns if _VOTE.match(name)]
    if not votes:
        raise CorpusError(f"{rows.name} has no votes; write columns vote_<name>, as weaklabel label --votes does")
    with_gold = split != "train" or train_gold
    if with_gold:
        _check_gold(rows)

    def column(name: str) -> list[Any]:
        cells = rows.column(name)
        return cells if chosen is None else [cells[row] for row in chosen]

    gold = column(GOLD) if with_gold and GOLD in rows.columns else None
    texts = column(TEXT) if TEXT in rows.columns else None
    refused = tuple(map(_reject, rows.rejects)) if chosen is None else ()
    return SplitTable(f"{rows.name}, {split}", {name: column(name) for name in votes}, gold, texts, refused)


def _divided(rows: Corpus, train_gold: bool) -> dict[str, SplitTable]:
    if SPLIT not in rows.columns:
        raise CorpusError(f"{rows.name} has no column '{SPLIT}' that says train, valid or test; add it")
    of: dict[str, list[int]] = {}
    for row, cell in enumerate(rows.column(SPLIT)):
        if cell not in ("train", "valid", "test"):
            raise CorpusError(f"{rows.name}, row {row}: split is {cell!r}, not train, valid or test")
        of.setdefault(cell, []).append(row)
    tables = {name: _table(rows, name, train_gold, chosen) for name, chosen in of.items()}
    # Which split a line that cannot be read is of is not known; it is counted once.
    first = next(iter(tables))
    return tables | {first: replace(tables[first], refused=tuple(map(_reject, rows.rejects)))}


def _check_gold(rows: Corpus) -> None:
    """Refuse labels that weaklabel gave for gold: it writes label, confidence, p_..., in this order."""
    if GOLD in rows.columns and rows.columns[rows.columns.index(GOLD) + 1 :][:1] == ("confidence",):
        raise CorpusError(
            f"{rows.name}: column '{GOLD}' holds labels by the label model, not gold; rename it, and put gold into '{GOLD}'"
        )


def read_set(path: str | Path, lfs: Path | None = None) -> BenchSet | SpanSet:
    """Read a benchmark set of texts or, where its folder has meta.json in WRENCH's format for sequences, of spans."""
    checked = _checked_path(path)
    return read_span_set(checked) if is_span_set(checked) else read_bench_set(checked, lfs)


def find_sets(paths: Sequence[Path | str]) -> list[Path]:
    """Return the benchmark sets of some paths: a folder that is no set, but has sets in it, stands for these.

    WRENCH and BoxWRENCH are distributed as such folders of sets.
    """
    sets = []
    for path in map(Path, paths):
        inside = sorted(part for part in path.iterdir() if _is_set(part)) if path.is_dir() and not _is_set(path) else []
        sets += inside or [path]
    return sets


def _is_set(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("train.json", "train.csv")) or (
        folder.is_dir() and is_span_set(folder)
    )


def read_bench_set(path: str | Path, lfs: Path | None = None) -> BenchSet:
    """Read a benchmark set of texts; train gold stays hidden.

    Parameters
    ----------
    path
        A folder in WRENCH's format (train.json, test.json, label.json, maybe valid.json); a folder with train.csv,
        test.csv and maybe valid.csv; or one table with a column ``split``. Tables have the columns ``text`` (may be
        missing), ``label`` (gold; may be missing in train, and empty) and ``vote_<name>`` for each labeling function,
        empty if it abstains.
    lfs
        DataSculpt's labeling functions, which vote in place of the votes of a folder in WRENCH's format; see
        `weaklabel.bench.datasculpt`.

    Raises
    ------
    CorpusError, VoteError, ScoreError
        A file is missing or damaged, votes or labels are none, splits do not fit, or test has no gold.
    """
    path = _checked_path(path)
    if lfs is not None and not _is_wrench(path):
        raise CorpusError(f"{path} is not a folder in WRENCH's format, as labeling functions of DataSculpt need it")
    labels, splits = _wrench(path, lfs) if _is_wrench(path) else _voted(path)
    _check(path, splits)
    valid = splits.get("valid", splits["test"].take(np.arange(0)))
    name = path.resolve().name if path.is_dir() else path.name.split(".")[0]
    metric, positive = _scored_by(path, labels)
    return BenchSet(
        name if lfs is None else f"{name}-{lfs.stem}",
        path,
        labels,
        splits["train"],
        valid,
        splits["test"],
        _content(path) if lfs is None else f"{_content(path)}-{hash_path(lfs)[:16]}",
        notes=tuple(_refused_note(name, split) for name, split in splits.items() if split.refused),
        metric=metric,
        positive=positive,
        lfs=lfs,
    )


def _refused_note(name: str, split: Split) -> str:
    n = len(split.refused)
    return (
        f"{n:,} {'row' if n == 1 else 'rows'} of {name} left out, as {'it' if n == 1 else 'they'} cannot be read; "
        + (f"the first: {split.refused[0]}")
    )


def _scored_by(path: Path, labels: Sequence[str]) -> tuple[Metric | None, str | None]:
    """Return what meta.json in the set's folder says of its metric."""
    file = path / META
    if not path.is_dir() or not file.exists():
        return None, None
    about = read_json(file)
    if not isinstance(about, dict):
        raise CorpusError(f'{file}: must be an object, as in {{"metric": "f1", "positive": "spam"}}')
    metric, positive = about.get("metric"), about.get("positive")
    if metric not in (None, "accuracy", "f1"):
        raise CorpusError(f"{file}: metric must be accuracy or f1, not {metric!r}")
    if positive is not None and positive not in labels:
        raise CorpusError(f"{file}: positive is {positive!r}, which is not a class; classes are {', '.join(labels)}")
    if metric == "f1" and positive is None:
        raise CorpusError(f'{file}: the metric f1 needs "positive", the class that it is of')
    return metric, positive


def _checked_path(path: str | Path) -> Path:
    path = Path(path)
    if not path.exists():
        raise CorpusError(
            f"the benchmark set {path} does not exist; give a folder in WRENCH's format, or a table with votes"
        )
    for place in (path.absolute(), path.resolve()):
        if any("\ud800" <= letter <= "\udfff" for letter in str(place)):
            raise CorpusError(f"the path of a benchmark set must be UTF-8, which {str(place)!r} is not; rename it")
    return path


def set_files(path: str | Path) -> list[Path]:
    """Return the files that a benchmark set may be read from: a table, or those in a folder."""
    path = Path(path)
    if is_span_set(path):
        return span_set_files(path)
    names = [f"{split}.{ending}" for split in ("train", "valid", "test", "label") for ending in ("json", "csv")]
    return [path / name for name in [*names, META]] if path.is_dir() else [path]


def train_gold(bench_set: BenchSet) -> Labels:
    """Read the gold of the train rows, for clean-label curves and ceilings only. Shape: [n].

    Raises
    ------
    CorpusError, VoteError
        There is no benchmark set, or it is damaged.
    """
    if _is_wrench(bench_set.path):
        gold = read_wrench_train_gold(bench_set.path / "train.json", bench_set.labels)
    else:
        gold = table_gold(read_tables(bench_set.path, train_gold=True)["train"], bench_set.labels)
    rows = limited_rows(len(gold), bench_set.limit)
    return gold if rows is None else gold[rows]


def _is_wrench(path: Path) -> bool:
    if not path.is_dir():
        return False
    if (path / "train.json").exists():
        return True
    if (path / "train.csv").exists():
        return False
    raise CorpusError(f"{path} is not a benchmark set: it has neither train.json (WRENCH's format) nor train.csv")


def _wrench(path: Path, lfs: Path | None) -> tuple[tuple[str, ...], dict[str, Split]]:
    labels = read_wrench_labels(path)
    names = ["train", "test", *(["valid"] if (path / "valid.json").exists() else [])]
    vote = None if lfs is None else read_datasculpt(lfs, len(labels))
    return labels, {name: read_wrench_split(path / f"{name}.json", labels, name != "train", vote) for name in names}


def _voted(path: Path) -> tuple[tuple[str, ...], dict[str, Split]]:
    tables = read_tables(path)
    labels = table_labels(path, tables)
    votes = list(tables["train"].votes)
    for name, table in tables.items():
        if set(table.votes) != set(votes):
            lone = sorted(set(table.votes) ^ set(votes))[0]
            raise CorpusError(
                f"{path}: column '{lone}' is not in both train and {name}; all splits need the same votes"
            )
    ordered = {name: table.with_votes(votes) for name, table in tables.items()}
    return labels, {name: table_split(table, labels, gold=name != "train") for name, table in ordered.items()}


def _check(path: Path, splits: Mapping[str, Split]) -> None:
    m = splits["train"].L.shape[1]
    for name, split in splits.items():
        if not len(split) and name != "valid":
            raise CorpusError(f"{path}: the {name} split has no rows")
        if len(split) and split.L.shape[1] != m:
            raise VoteError(f"{path}: {name} has {split.L.shape[1]} votes a row, train {m}; all splits need the same")
    if not (splits["test"].Y != ABSTAIN).any():
        raise ScoreError(f"{path}: no row of test has a label, so there is nothing to score")


def _content(path: Path) -> str:
    """Return the hash of the files of the set; other files in the folder do not count."""
    files = [path]
    if path.is_dir():
        named = [path / f"{name}.{kind}" for name in ("train", "valid", "test", "label") for kind in ("json", "csv")]
        files = [file for file in named if file.exists()]
    return "-".join(hash_path(file)[:16] for file in files)
