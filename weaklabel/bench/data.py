"""Reading benchmark sets, in WRENCH's format or as tables with votes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from weaklabel.bench.split import BenchSet, Split, limited_rows
from weaklabel.bench.voted import read_tables, table_gold, table_labels, table_split
from weaklabel.bench.wrench import read_wrench_labels, read_wrench_split
from weaklabel.errors import CorpusError, ScoreError, VoteError
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.support.hashing import hash_path


def read_bench_set(path: str | Path) -> BenchSet:
    """Read a benchmark set; train gold stays hidden.

    Parameters
    ----------
    path
        A folder in WRENCH's format (train.json, test.json, label.json, maybe valid.json); a folder with train.csv,
        test.csv and maybe valid.csv; or one table with a column ``split``. Tables have the columns ``text`` (may be
        missing), ``label`` (gold; may be missing in train, and empty) and ``vote_<name>`` for each labeling function,
        empty where it abstains.

    Raises
    ------
    CorpusError, VoteError, ScoreError
        A file is missing or damaged, votes or labels are none, splits do not fit, or test has no gold.
    """
    path = Path(path)
    if not path.exists():
        raise CorpusError(f"there is no benchmark set {path}; give a folder in WRENCH's format, or a table with votes")
    real = path.resolve()
    for place in (path.absolute(), real):
        if any("\ud800" <= letter <= "\udfff" for letter in str(place)):
            raise CorpusError(f"the path of a benchmark set must be UTF-8, which {str(place)!r} is not; rename it")
    labels, splits = _wrench(path) if _is_wrench(path) else _voted(path)
    _check(path, splits)
    valid = splits.get("valid", splits["test"].take(np.arange(0)))
    name = real.name if path.is_dir() else path.name.split(".")[0]
    return BenchSet(name, path, labels, splits["train"], valid, splits["test"], _content(path))


def set_files(path: str | Path) -> list[Path]:
    """Return the files that a benchmark set may be read from: a table, or those in a folder."""
    path = Path(path)
    names = [f"{split}.{ending}" for split in ("train", "valid", "test", "label") for ending in ("json", "csv")]
    return [path / name for name in names] if path.is_dir() else [path]


def train_gold(bench_set: BenchSet) -> Labels:
    """Read the gold of the train rows, for clean-label curves and ceilings only. Shape: [n].

    Raises
    ------
    CorpusError, VoteError
        There is none, or it is damaged.
    """
    if _is_wrench(bench_set.path):
        gold = read_wrench_split(bench_set.path / "train.json", bench_set.labels, gold=True).Y
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
    raise CorpusError(f"{path} is no benchmark set: it has neither train.json (WRENCH's format) nor train.csv")


def _wrench(path: Path) -> tuple[tuple[str, ...], dict[str, Split]]:
    labels = read_wrench_labels(path)
    names = ["train", "test", *(["valid"] if (path / "valid.json").exists() else [])]
    return labels, {name: read_wrench_split(path / f"{name}.json", labels, gold=name != "train") for name in names}


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
    """Return the hash of the files that count: a note that lies beside them changes no result."""
    files = [path]
    if path.is_dir():
        named = [path / f"{name}.{kind}" for name in ("train", "valid", "test", "label") for kind in ("json", "csv")]
        files = [file for file in named if file.exists()]
    return "-".join(hash_path(file)[:16] for file in files)
