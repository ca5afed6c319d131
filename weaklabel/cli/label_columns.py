"""Labels and probabilities in the columns of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from weaklabel.corpus import Corpus
    from weaklabel.labels import Probs

LABEL = "label"
"""The column of predictions unless another is named."""

PredOpt = Annotated[
    str | None, typer.Option("--pred", metavar="COLUMN", help="Column with predictions. Default: label, or spans.")
]
LabelsOpt = Annotated[
    str | None, typer.Option("--labels", metavar="A,B", help="The labels, in order. Default: those in the file.")
]


class LabelColumn:
    """The values of a column, of which each different one is kept once: labels are few, and rows may be millions."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._values: list[Any] = []
        self._parts: list[NDArray[np.int32]] = []

    def add(self, values: Iterable[Any]) -> None:
        """Add the values of the next rows."""
        import numpy as np

        self._parts.append(np.fromiter(map(self._number, values), dtype=np.int32))

    def __iter__(self) -> Iterator[Any]:
        for part in self._parts:
            yield from map(self._values.__getitem__, part.tolist())

    def _number(self, value: Any) -> int:
        key = value if isinstance(value, str) else (type(value), repr(value))
        number = self._numbers.setdefault(key, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number


def label_columns(rows: Corpus, names: Sequence[str]) -> list[LabelColumn]:
    """Read columns in one pass."""
    columns = {name: LabelColumn() for name in names}
    for name in names:
        rows.values(name)  # refuses a column that is not there
    for batch in rows.batches_with_progress():
        for name, column in columns.items():
            column.add(batch.source[name].to_list())
    return [columns[name] for name in names]


def find_classes(rows: Corpus, pred: str, predicted: Iterable[Any], truth: Iterable[Any]) -> tuple[str, ...]:
    """Classes in the order of the probability columns that weaklabel wrote, or else sorted.

    Weaklabel writes these columns right after the confidence: label, confidence, p_ham, p_spam.
    """
    from weaklabel.label_names import find_labels

    prefix = pred.removesuffix("label")
    behind = (
        rows.columns[rows.columns.index(prefix + "confidence") + 1 :] if prefix + "confidence" in rows.columns else ()
    )
    written = takewhile(lambda name: name.startswith(prefix + "p_"), behind)
    ordered = [name.removeprefix(prefix + "p_") for name in written]
    return find_labels(predicted, truth, rows.name, ordered)


def decided_column(rows: Corpus, pred: str) -> str | None:
    """Return the column that says which rows the predictions were fitted to; None where there is none.

    ``weaklabel label --decisions`` writes it behind the labels: one of that name before them is the corpus's own.
    """
    from weaklabel.job.output import DECIDED

    name = pred.removesuffix("label") + DECIDED
    return name if name in rows.columns and rows.columns.index(name) > rows.columns.index(pred) else None


def read_decided(values: Iterable[Any]) -> NDArray[np.bool_]:
    """Return which rows people decided, by the column that says their classes. Shape: [n]."""
    import numpy as np

    return np.fromiter((value not in (None, "") for value in values), dtype=bool)


def warn_of_left_out(n_rows: int, column: str | None, done: str) -> None:
    """Say how many rows are not scored or checked, and why."""
    from weaklabel.support.warn import warn

    if n_rows:
        warn(
            f"{n_rows:,} rows are not {done}, since the label model was fitted with decisions on them (column '{column}'); "
            "drop the column to include them"
        )


def probs_columns(rows: Corpus, pred: str, names: Sequence[str]) -> Probs | None:
    """Return the probabilities, NaN where cells are empty; None if the file has none. Shape: [n, k]."""
    import numpy as np

    columns = [pred.removesuffix("label") + "p_" + name for name in names]
    if not set(columns) <= set(rows.columns):
        return None
    blocks, n = [np.empty((0, len(columns)))], 0
    for batch in rows.batches_with_progress():
        cells = {name: enumerate(batch.source[name].to_list(), n) for name in columns}
        blocks.append(np.array([[_number(cell, name, row) for row, cell in cells[name]] for name in columns]).T)
        n += len(batch)
    return np.concatenate(blocks)


def _number(cell: Any, column: str, row: int) -> float:
    from weaklabel.errors import ScoreError

    try:
        return float("nan") if cell in (None, "") else float(cell)
    except ValueError:
        raise ScoreError(
            f"column '{column}', row {row}: {cell!r} is not a number; correct it, or drop the column"
        ) from None
