"""Columns of spans in the files of a command, and gold spans from a column or another file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.errors import visible
from weaklabel.support import progress

if TYPE_CHECKING:
    from weaklabel.corpus import Batch, Corpus
    from weaklabel.decisions import GoldSpans
    from weaklabel.units import SpanRows

GoldFileOpt = Annotated[
    Path | None,
    typer.Option(
        "--gold-file",
        metavar="FILE",
        help="Gold spans in another file: a table with a column of spans, decisions, CoNLL, DocBin, brat, or an export of a "
        "review tool; rows are matched by text. With --gold, that is the column of spans in this file.",
    ),
]


class SpanGold:
    """Gold spans of the rows of a corpus, from a column of it or from a file.

    Parameters
    ----------
    rows
        The corpus.
    column
        Name of the column of the corpus or, with a file, of the file.
    file
        Any form that `weaklabel.decisions.read_gold_spans` reads.
    labels
        Names of the labels; by default those that occur, sorted.

    Raises
    ------
    WeakLabelError
        There is no such column, or the file cannot be read.
    """

    def __init__(self, rows: Corpus, column: str | None, file: Path | None, labels: Sequence[str] | None) -> None:
        from weaklabel.decisions import read_gold_spans
        from weaklabel.decisions.tools import Columns

        self._column, self._labels, self._where = column, labels, f"{rows.name}, column '{column}'"
        self._file: GoldSpans | None = None
        self._n_known = 0
        if file is not None:
            self._file = read_gold_spans(file, labels, columns=None if column is None else Columns(question=column))
        else:
            assert column is not None
            rows.values(column)  # refuses a column that is not there

    def of(self, batch: Batch, first_row: int) -> SpanRows:
        """Return the gold spans of the rows of a batch, in code points."""
        from weaklabel.units import read_spans

        texts = batch.texts
        if self._file is not None:
            gold = self._file.on(texts, first_row)
        else:
            assert self._column is not None
            cells = batch.source[self._column]
            gold = read_spans(cells, texts, self._labels, where=self._where, first_row=first_row)
        self._n_known += int(gold.is_known.sum())
        return gold

    def check(self, rows: Corpus) -> None:
        """Say, after all rows, which texts of the file are not in the corpus; refuse gold of no row at all."""
        from weaklabel.errors import ConfigError

        if not self._n_known:
            missing = (
                f"none of the {len(self._file)} texts of {self._file.name}" if self._file is not None else "no gold"
            )
            raise ConfigError(f"{rows.name} has {missing}; give gold spans of this corpus, [] for a text without spans")
        if self._file is not None and self._file.n_unseen:
            progress.message(
                f"weaklabel: warning: {self._file.n_unseen} of {len(self._file)} texts with gold spans are not in "
                f"{visible(rows.name)} and were left out"
            )


@dataclass(frozen=True)
class SpanColumns:
    """Spans of the rows of a corpus, with the same labels.

    Attributes
    ----------
    labels
        Names of the labels. Length: k.
    predicted, gold
        Of all rows.
    """

    labels: tuple[str, ...]
    predicted: SpanRows
    gold: SpanRows


def holds_spans(rows: Corpus, column: str) -> bool:
    """Whether a column holds spans, by its first cells that are not empty: lists, or JSON text of lists."""
    for batch in rows.batches():
        for cell in batch.source[column].to_list():
            if cell is not None and cell != "":
                return isinstance(cell, list) or (isinstance(cell, str) and cell.lstrip()[:2] in ("[{", "[[", "[]"))
    return False


def read_span_columns(
    rows: Corpus, predicted: str, gold: str | None, gold_file: Path | None, labels: Sequence[str] | None = None
) -> SpanColumns:
    """Read predicted spans from a column, and gold spans from a column or from a file; see `SpanGold`.

    Raises
    ------
    WeakLabelError
        A column does not exist, a cell is not one of spans, a span is not in its text, or no row has gold.
    """
    from weaklabel.units import read_spans

    truth = SpanGold(rows, gold, gold_file, labels)
    rows.values(predicted)  # refuses a column that is not there
    where = f"{rows.name}, column '{predicted}'"
    of_gold: list[SpanRows] = []
    of_predicted: list[SpanRows] = []
    first = 0
    for batch in rows.batches_with_progress():
        of_gold.append(truth.of(batch, first))
        cells = batch.source[predicted]
        of_predicted.append(read_spans(cells, batch.texts, labels, where=where, first_row=first))
        first += len(batch)
    truth.check(rows)
    names = tuple(labels) if labels is not None else _all_labels([*of_gold, *of_predicted])
    return SpanColumns(names, _joined(of_predicted, names), _joined(of_gold, names))


def _all_labels(parts: Sequence[SpanRows]) -> tuple[str, ...]:
    return tuple(sorted({label for part in parts for label in part.labels}))


def _joined(parts: Sequence[SpanRows], labels: Sequence[str]) -> SpanRows:
    """Join the rows of parts, with the numbers that labels have among all."""
    import numpy as np

    from weaklabel.units import SpanRows, Spans

    numbers = {label: number for number, label in enumerate(labels)}
    columns: dict[str, list[Any]] = {name: [] for name in ("row", "begin", "end", "label", "probs", "is_known")}
    first = 0
    for part in parts:
        renumbered = np.array([numbers[label] for label in part.labels], dtype=np.int64)
        columns["row"].append(part.spans.row + first)
        columns["begin"].append(part.spans.begin)
        columns["end"].append(part.spans.end)
        columns["label"].append(renumbered[part.spans.label] if len(renumbered) else part.spans.label)
        columns["probs"].append(part.probs)
        columns["is_known"].append(part.is_known)
        first += part.spans.n_rows
    kinds = {"probs": np.float64, "is_known": np.bool_}
    arrays = {name: np.concatenate([np.empty(0, kinds.get(name, np.int64)), *of]) for name, of in columns.items()}
    # Labels of parts are numbered in the order of their names, so renumbering may change the order of equal places.
    order = np.lexsort([arrays[name] for name in ("label", "end", "begin", "row")])
    row, begin, end, label = (arrays[name][order] for name in ("row", "begin", "end", "label"))
    return SpanRows(Spans(row, begin, end, label, first), arrays["probs"][order], arrays["is_known"], tuple(labels))
