"""Benchmark sets as tables with votes: what ``weaklabel label --votes`` writes, with gold beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.bench.split import Split, hidden, texts_or_none
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.errors import CorpusError, VoteError
from weaklabel.label_names import encode_labels, find_labels, has_label
from weaklabel.labels import Labels, as_votes

GOLD, TEXT, SPLIT = "label", "text", "split"
_VOTE = re.compile(r"(weak\d*_)?vote_.")


@dataclass(frozen=True)
class Table:
    """Rows of one split as they stand in a file.

    Attributes
    ----------
    where
        The file and the split, for messages.
    votes
        Cells by column, in the file's order.
    gold, texts
        Cells; None where there is no such column, or where gold is hidden.
    """

    where: str
    votes: dict[str, list[Any]]
    gold: list[Any] | None
    texts: list[Any] | None

    def with_votes(self, names: Sequence[str]) -> Table:
        """Return the table with its vote columns in this order."""
        return replace(self, votes={name: self.votes[name] for name in names})


def read_tables(path: Path, train_gold: bool = False) -> dict[str, Table]:
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
            raise CorpusError(f"{path} has no {name} split; it needs train and test, and may have valid")
    return tables


def table_labels(path: Path, tables: dict[str, Table]) -> tuple[str, ...]:
    """Return the classes: whatever is voted, or is gold that is not hidden, sorted; numbers by size."""
    cells = [cell for table in tables.values() for column in table.votes.values() for cell in column]
    cells += [cell for table in tables.values() for cell in table.gold or ()]
    if not any(has_label(cell) for cell in cells):
        raise VoteError(f"{path}: no labeling function votes on any row, so there are no classes")
    return find_labels(cells, where=str(path))


def table_split(table: Table, labels: Sequence[str], gold: bool) -> Split:
    """Turn cells into votes and classes; without ``gold`` the labels are not looked at."""
    columns = [encode_labels(cells, labels, f"{table.where}, column '{name}'") for name, cells in table.votes.items()]
    L = as_votes(np.array(columns, dtype=np.int16), len(labels)).T
    texts = None if table.texts is None else texts_or_none(["" if cell is None else str(cell) for cell in table.texts])
    return Split(L, table_gold(table, labels) if gold else hidden(len(L)), texts)


def table_gold(table: Table, labels: Sequence[str]) -> Labels:
    """Return the gold of a split. Shape: [n]."""
    if table.gold is None:
        raise CorpusError(f"{table.where} has no column '{GOLD}' with gold; add it")
    return encode_labels(table.gold, labels, f"{table.where}, column '{GOLD}'")


def _open(file: Path) -> Corpus:
    rows = read_corpus(file, text=())
    n = len(rows)
    if rows.rejects:
        first = rows.rejects[0]
        raise CorpusError(f"{file}, line {first.line}: {first.reason}; a benchmark needs every row, so mend it")
    if not n:
        raise CorpusError(f"{file} has no rows")
    return rows


def _table(rows: Corpus, split: str, train_gold: bool, chosen: Sequence[int] | None = None) -> Table:
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
    return Table(f"{rows.name}, {split}", {name: column(name) for name in votes}, gold, texts)


def _divided(rows: Corpus, train_gold: bool) -> dict[str, Table]:
    if SPLIT not in rows.columns:
        raise CorpusError(f"{rows.name} has no column '{SPLIT}' that says train, valid or test; add it")
    of: dict[str, list[int]] = {}
    for row, cell in enumerate(rows.column(SPLIT)):
        if cell not in ("train", "valid", "test"):
            raise CorpusError(f"{rows.name}, row {row}: split is {cell!r}, not train, valid or test")
        of.setdefault(cell, []).append(row)
    return {name: _table(rows, name, train_gold, chosen) for name, chosen in of.items()}


def _check_gold(rows: Corpus) -> None:
    """Refuse labels that weaklabel gave for gold: it writes label, confidence, p_..., in this order."""
    if GOLD in rows.columns and rows.columns[rows.columns.index(GOLD) + 1 :][:1] == ("confidence",):
        raise CorpusError(
            f"{rows.name}: column '{GOLD}' is what the label model said, not gold; rename it, and put gold into '{GOLD}'"
        )
