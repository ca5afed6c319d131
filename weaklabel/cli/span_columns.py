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
    from weaklabel.corpus import Corpus
    from weaklabel.units import SpanRows

GoldFileOpt = Annotated[
    Path | None,
    typer.Option(
        "--gold-file",
        metavar="FILE",
        help="Gold spans in another file: a table with a column of spans, decisions, CoNLL, DocBin, brat, or an export of a "
        "review tool; rows are matched by text.",
    ),
]


@dataclass(frozen=True)
class SpanColumns:
    """Spans of the rows of a corpus, with the same labels.

    Attributes
    ----------
    labels
        Names of the labels. Length: k.
    predicted, gold
        None where they were not asked for.
    n_texts
        Rows.
    """

    labels: tuple[str, ...]
    predicted: SpanRows | None
    gold: SpanRows | None


def holds_spans(rows: Corpus, column: str) -> bool:
    """Whether a column holds spans, by its first cells that are not empty: lists, or JSON text of lists."""
    for batch in rows.batches():
        for cell in batch.source[column].to_list():
            if cell is not None and cell != "":
                return isinstance(cell, list) or (isinstance(cell, str) and cell.lstrip()[:2] in ("[{", "[[", "[]"))
    return False


def read_span_columns(
    rows: Corpus,
    *,
    predicted: str | None = None,
    gold: str | None = None,
    gold_file: Path | None = None,
    labels: Sequence[str] | None = None,
) -> SpanColumns:
    """Read predicted spans from a column, and gold spans from a column or from a file.

    Parameters
    ----------
    rows
        With texts.
    predicted, gold
        Names of columns.
    gold_file
        Any form that `weaklabel.decisions.read_gold_spans` reads.
    labels
        Names of the labels; by default those that occur, sorted.

    Raises
    ------
    WeakLabelError
        A column does not exist, a cell is not one of spans, or a span is not in its text; or no text of the file is one of the
        corpus.
    """
    from weaklabel.decisions import read_gold_spans
    from weaklabel.errors import ConfigError
    from weaklabel.units import read_spans

    of_file = None if gold_file is None else read_gold_spans(gold_file, labels)
    columns = [name for name in (predicted, gold) if name is not None]
    for name in columns:
        rows.values(name)  # refuses a column that is not there
    parts: dict[str | None, list[SpanRows]] = {name: [] for name in (*columns, None)}
    first = 0
    for batch in rows.batches_with_progress():
        texts = batch.texts
        for name in columns:
            where = f"{rows.name}, column '{name}'"
            parts[name].append(read_spans(batch.source[name], texts, labels, where=where, first_row=first))
        if of_file is not None:
            parts[None].append(of_file.on(texts, first))
        first += len(batch)
    if of_file is not None:
        if first and not any(part.is_known.any() for part in parts[None]):
            raise ConfigError(
                f"{rows.name} has none of the {len(of_file)} texts of {of_file.name}; give gold of this corpus"
            )
        if of_file.n_unseen:
            progress.message(
                f"weaklabel: warning: {of_file.n_unseen} of {len(of_file)} texts with gold spans are not in "
                f"{visible(rows.name)} and were left out"
            )
    names = tuple(labels) if labels is not None else _all_labels([part for of in parts.values() for part in of])
    joined = {name: _joined(of, names) for name, of in parts.items()}
    gold_rows = joined[None] if of_file is not None else joined.get(gold) if gold is not None else None
    return SpanColumns(names, joined[predicted] if predicted is not None else None, gold_rows)


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
