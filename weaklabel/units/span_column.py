"""The column ``spans`` of a file: the labeled spans of each row, read with every check, and written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.errors import CorpusError, VoteError, visible
from weaklabel.label_names import LabelMatcher, find_labels
from weaklabel.labels import ABSTAIN
from weaklabel.units.spans import Spans

SPANS = "spans"
"""Name of the column."""

PROB_DECIMALS = 6
"""Of probabilities of spans in files."""


@dataclass(frozen=True, eq=False)
class SpanRows:
    """The spans of rows as a column says them.

    Attributes
    ----------
    spans : Spans
        In code points of the text.
    probs : array
        Probability of each span, NaN where the column has none. Shape: [n].
    is_known : array
        Whether the spans of a row are known: its cell is not empty; a cell of ``[]`` says that it has none. Shape: [n_rows].
    labels : tuple of str
        Names of the labels. Length: k.
    """

    spans: Spans
    probs: NDArray[np.float64]
    is_known: NDArray[np.bool_]
    labels: tuple[str, ...]

    def of_rows_chosen(self, chosen: NDArray[np.bool_]) -> SpanRows:
        """Return the rows for which ``chosen`` is true. Shape of it: [n_rows]."""
        probs = self.probs[chosen[self.spans.row]]
        return SpanRows(self.spans.of_rows_chosen(chosen), probs, self.is_known[chosen], self.labels)

    def take(self, chosen: NDArray[np.bool_]) -> SpanRows:
        """Return the same rows with the spans for which ``chosen`` is true. Shape of it: [n]."""
        return SpanRows(self.spans.take(chosen), self.probs[chosen], self.is_known, self.labels)

    def least_probs(self) -> NDArray[np.float64]:
        """Return the least probability of each row's spans: 1 for none, NaN if one is not known. Shape: [n_rows]."""
        least = np.ones(self.spans.n_rows)
        with np.errstate(invalid="ignore"):  # NaN is the least
            np.minimum.at(least, self.spans.row, self.probs)
        return least


def read_spans(
    column: pl.Series | Iterable[Any],
    texts: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    where: str = SPANS,
    first_row: int = 0,
    overlaps: bool = True,
) -> SpanRows:
    """Read a column of spans, and check each of them against its text.

    Parameters
    ----------
    column
        A cell for each row: a list of objects such as ``{"start": 0, "end": 12, "label": "PER"}``, with ``prob`` and ``text``
        or without, or of lists such as ``[0, 12, "PER"]``; the same as JSON text; empty or None where the spans of a row are
        not known. Places are in code points. Length: n_rows.
    texts
        Of the rows. Length: n_rows.
    labels
        Names of the labels; those that occur, sorted, if not given.
    where
        What holds the column, for messages.
    first_row
        Number of the first row, for messages.
    overlaps
        Whether spans of a row may overlap.

    Raises
    ------
    CorpusError
        A cell holds something else, a place is not in the text, ``text`` is not what the text has there, a label or a
        probability is none, or spans overlap that must not; the message has the row.

    Examples
    --------
    >>> rows = read_spans(['[{"start": 0, "end": 3, "label": "PER"}]', "[]", None], ["Ada wrote.", "", "?"])
    >>> rows.spans.of_row(0), rows.labels, rows.is_known.tolist()
    ([(0, 3, 0)], ('PER',), [True, True, False])
    """
    cells = column.to_list() if isinstance(column, pl.Series) else list(column)
    if len(cells) != len(texts):
        raise CorpusError(f"{where}: there are {len(cells)} cells with spans, but {len(texts)} texts")
    is_known = np.ones(len(cells), dtype=bool)
    table: list[tuple[int, int, int]] = []
    names: list[str] = []
    probs: list[float] = []
    for row, (cell, text) in enumerate(zip(cells, texts, strict=True)):
        try:
            listed = _listed(cell)
            if listed is None:
                is_known[row] = False
                continue
            for span in listed:
                begin, end, label, prob = _checked(span, text or "")
                table.append((row, begin, end))
                names.append(label)
                probs.append(prob)
        except ValueError as error:
            raise CorpusError(f"{where}, row {first_row + row}: {error}") from None
    numbers, found = _numbers(names, labels, table, where, first_row)
    places = np.array(table, dtype=np.int64).reshape(-1, 3)
    spans, order = _sorted(places, numbers, len(cells), where, first_row)
    if not overlaps:
        refuse_overlaps(spans, where, first_row)
    return SpanRows(spans, np.array(probs, dtype=np.float64)[order], is_known, found)


def spans_column(
    spans: Spans,
    texts: Sequence[str],
    labels: Sequence[str],
    probs: NDArray[np.float64] | None = None,
    is_known: NDArray[np.bool_] | None = None,
) -> pl.Series:
    """Return the column of spans: a list of objects for each row, in the order of their places.

    Parameters
    ----------
    spans
        In code points of ``texts``.
    texts
        Of the rows. Length: n_rows.
    labels
        Names of the labels. Length: k.
    probs
        Probability of each span, NaN for none; without them, objects have no ``prob``. Shape: [n].
    is_known
        Rows whose spans are known; the cells of others are null. All by default. Shape: [n_rows].

    Examples
    --------
    >>> spans_column(Spans.of_rows([[(0, 3, 0)], []]), ["Ada wrote.", "I read."], ["PER"]).to_list()
    [[{'start': 0, 'end': 3, 'label': 'PER', 'text': 'Ada'}], []]
    """
    names = pl.Series(list(map(str, labels)), dtype=pl.String)
    columns = {
        "start": pl.Series(spans.begin, dtype=pl.Int64),
        "end": pl.Series(spans.end, dtype=pl.Int64),
        "label": names.gather(pl.Series(spans.label, dtype=pl.Int64)) if len(spans) else names.clear(),
    }
    if probs is not None:
        columns["prob"] = pl.Series(np.round(probs, PROB_DECIMALS), dtype=pl.Float64, nan_to_null=True)
    columns["text"] = pl.Series(spans.texts(texts), dtype=pl.String)
    structs = pl.DataFrame(columns).to_struct(SPANS)
    # One list a row: grouping by row would lose the rows without spans.
    counts = np.bincount(spans.row, minlength=spans.n_rows)
    has_spans = counts > 0
    lists = pl.DataFrame({"row": spans.row, SPANS: structs}).group_by("row", maintain_order=True).agg(SPANS)[SPANS]
    empty = pl.Series(SPANS, [[]], dtype=pl.List(structs.dtype))
    null = pl.Series(SPANS, [None], dtype=pl.List(structs.dtype))
    at = np.where(has_spans, np.cumsum(has_spans) + 1, 0)  # behind the empty list and the null
    if is_known is not None:
        at[~is_known] = 1
    return pl.concat([empty, null, lists]).gather(pl.Series(at, dtype=pl.Int64))


def spans_as_objects(column: pl.Series) -> list[list[dict[str, Any]] | None]:
    """Return what `spans_column` made as lists of objects, without probabilities that are not known. Length: n_rows."""
    return [
        None if cell is None else [{key: value for key, value in span.items() if value is not None} for span in cell]
        for cell in column.to_list()
    ]


def overlapping(spans: Spans) -> NDArray[np.bool_]:
    """Return whether each span overlaps one before it in its row. Shape: [n].

    Examples
    --------
    >>> overlapping(Spans.of_rows([[(0, 3, 0), (2, 5, 0), (5, 6, 0)], [(0, 1, 0)]])).tolist()
    [False, True, False, False]
    """
    if not len(spans):
        return np.zeros(0, dtype=bool)
    shift = spans.row * (int(spans.end.max()) + 1)  # one axis for all rows
    furthest = np.maximum.accumulate(spans.end + shift)
    return np.concatenate([[False], furthest[:-1] > (spans.begin + shift)[1:]])


def refuse_overlaps(spans: Spans, where: str, first_row: int = 0) -> None:
    """Refuse spans of which two of a row overlap.

    Raises
    ------
    CorpusError
        Names the row and the spans.
    """
    overlap = np.flatnonzero(overlapping(spans))
    if not len(overlap):
        return
    at = int(overlap[0])
    row = int(spans.row[at])
    before = next(span for span in spans.of_row(row) if span[0] <= spans.begin[at] and span[1] > spans.begin[at])
    raise CorpusError(
        f"{where}, row {first_row + row}: the spans {before[0]} to {before[1]} and {spans.begin[at]} to {spans.end[at]} "
        "overlap, which cannot be kept here; leave one of them out"
    )


def _listed(cell: Any) -> Iterable[Any] | None:
    """Return the spans of a cell; None where they are not known."""
    if cell is None or cell != cell:  # NaN, as pandas writes an empty cell
        return None
    if isinstance(cell, str):
        if not cell.strip():
            return None
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            raise ValueError(
                f"{visible(cell):.60} is no JSON list of spans; write [] for a row without spans"
            ) from None
        if cell is None:
            return None
    if isinstance(cell, pl.Series) or hasattr(cell, "tolist"):
        cell = list(cell)
    if not isinstance(cell, list | tuple):
        raise ValueError(f"{visible(repr(cell)):.60} is no list of spans; write [] for a row without spans")
    return cell


def _checked(span: Any, text: str) -> tuple[int, int, str, float]:
    """Return begin, end, label and probability (NaN for none) of a span."""
    if isinstance(span, list | tuple) and len(span) == 3:
        span = dict(zip(("start", "end", "label"), span, strict=True))
    if not isinstance(span, Mapping) or not {"start", "end", "label"} <= set(span):
        raise ValueError(f'{visible(repr(span)):.80} is no span; write {{"start": 0, "end": 3, "label": "NAME"}}')
    begin, end, label, prob = span["start"], span["end"], span["label"], span.get("prob")
    if not _is_whole(begin) or not _is_whole(end):
        raise ValueError(f"a span is from {begin!r:.20} to {end!r:.20}; places are whole numbers")
    if not 0 <= begin < end <= len(text):
        raise ValueError(
            f"a span is from {begin} to {end}, but the text has {len(text)} characters; a span begins at 0 or later and ends "
            "after it begins, no later than the text"
        )
    said = span.get("text")
    if said is not None and said != text[begin:end]:
        raise ValueError(
            f"the span {begin} to {end} is {visible(text[begin:end])!r:.60} in the text, but {visible(str(said))!r:.60} in the "
            "column; places count code points of the text as it was when spans were marked"
        )
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"the span {begin} to {end} has {label!r:.40} for its label; give the name of one")
    if prob is None:
        return int(begin), int(end), label, float("nan")
    if isinstance(prob, bool) or not isinstance(prob, int | float | np.number) or not (0 <= prob <= 1 or prob != prob):
        raise ValueError(f"the span {begin} to {end} has {prob!r:.40} for its probability, which is from 0 to 1")
    return int(begin), int(end), label, float(prob)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _numbers(
    names: Sequence[str],
    labels: Sequence[str] | None,
    table: Sequence[tuple[int, int, int]],
    where: str,
    first_row: int,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the number of each span's label, and the names of the labels."""
    found = tuple(labels) if labels is not None else find_labels(names, (), where) if names else ()
    matcher = LabelMatcher(found)
    numbers = np.zeros(len(names), dtype=np.int64)
    for at, name in enumerate(names):
        row, begin, end = table[at]
        try:
            numbers[at] = matcher.match(name)
        except VoteError as error:
            raise CorpusError(f"{where}, row {first_row + row}, span {begin} to {end}: {error}") from None
        if numbers[at] == ABSTAIN:
            raise CorpusError(f"{where}, row {first_row + row}, span {begin} to {end}: {name!r:.40} is no label")
    matcher.warn(where, stacklevel=3)
    return numbers, found


def _sorted(
    places: NDArray[np.int64], numbers: NDArray[np.int64], n_rows: int, where: str, first_row: int
) -> tuple[Spans, NDArray[np.int64]]:
    """Return spans in order, and from which place each comes."""
    row, begin, end = places.T
    order = np.lexsort((numbers, end, begin, row))
    spans = Spans(row[order], begin[order], end[order], numbers[order], n_rows)
    keys = np.stack([spans.row, spans.begin, spans.end, spans.label])
    twice = np.flatnonzero((keys[:, 1:] == keys[:, :-1]).all(axis=0))
    if len(twice):
        at = int(twice[0])
        raise CorpusError(
            f"{where}, row {first_row + int(spans.row[at])}: the span {spans.begin[at]} to {spans.end[at]} is there twice with "
            "the same label; leave one out"
        )
    return spans, order
