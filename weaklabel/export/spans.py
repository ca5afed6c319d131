"""What forms of labeled spans share: the spans of each row with the names of labels, and the words that tags are of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.units import Spans, Units, find_words, in_code_points, on_words, overlapping
from weaklabel.units.span_column import PROB_DECIMALS, refuse_overlaps
from weaklabel.units.tokens import cut_words, place_tokens


class MarkedSpan(NamedTuple):
    """A span of a text: its places in code points, the name of its label, and its probability, None where it is unknown."""

    begin: int
    end: int
    label: str
    prob: float | None


def marked_spans(part: LabeledPart, labels: Sequence[str]) -> list[list[MarkedSpan]]:
    """Return the spans of each row, in the order of their places. Length: n."""
    rows, spans = part.span_rows, part.span_rows.spans
    listed: list[list[MarkedSpan]] = [[] for _ in range(len(part))]
    probs = [None if prob != prob else prob for prob in np.round(rows.probs, PROB_DECIMALS).tolist()]
    places = zip(spans.row.tolist(), spans.begin.tolist(), spans.end.tolist(), spans.label.tolist(), probs, strict=True)
    for row, begin, end, label, prob in places:
        listed[row].append(MarkedSpan(begin, end, labels[label], prob))
    return listed


class TaggedWords(NamedTuple):
    """Words of rows with their tags.

    Attributes
    ----------
    words
        With their places.
    tags
        Number of each word's tag, as in `weaklabel.units.tag_names`. Shape: [n_words].
    is_exact
        Whether words and tags alone say the exact places of a row's spans: not where white space belongs to one, or where a
        span cuts a given token. Shape: [n_rows].
    """

    words: Units
    tags: np.ndarray[Any, np.dtype[np.int64]]
    is_exact: np.ndarray[Any, np.dtype[np.bool_]]


def tagged_words(part: LabeledPart, corpus: LabeledCorpus, tokens: str = "") -> TaggedWords:
    """Return the words of rows with the tags of their spans; found words are cut where a span begins or ends within them.

    Parameters
    ----------
    part, corpus
        The rows.
    tokens
        Column with the tokens of each row, which stay whole: a span that cuts one takes all of it.

    Raises
    ------
    ExportError
        Tokens are not those of the text.
    CorpusError
        Spans of a row overlap: a word has one tag.
    """
    spans = part.span_rows.spans
    where = f"{corpus.name}: tags of words"
    if len(over := np.flatnonzero(overlapping(spans))):
        row = int(spans.row[over[0]])
        refuse_overlaps(spans.of_rows_chosen(np.arange(len(part)) == row), where, int(part.rows[row]))
    words = given_words(part, corpus, tokens) if tokens else cut_words(find_words(part.texts), spans)
    counted, _ = on_words(spans, words)
    counted = _without_overlaps(counted)
    back = in_code_points(counted, words)
    is_exact = np.ones(len(part), dtype=bool)
    for one, other in ((spans, back), (back, spans)):
        is_exact[one.row[~np.isin(one.keys(), other.keys())]] = False
    return TaggedWords(words, counted.tags(words.offsets), is_exact)


def _without_overlaps(spans: Spans) -> Spans:
    """Return spans without those that overlap an earlier one since both took a whole token."""
    kept = np.ones(len(spans), dtype=bool)
    row, end = -1, 0
    for at, (of_row, begin, stop) in enumerate(
        zip(spans.row.tolist(), spans.begin.tolist(), spans.end.tolist(), strict=True)
    ):
        if of_row == row and begin < end:
            kept[at] = False
        else:
            row, end = of_row, stop
    return spans.take(kept)


def given_words(part: LabeledPart, corpus: LabeledCorpus, column: str) -> Units:
    """Return the words of rows that a column has as lists, or as JSON text of lists.

    Raises
    ------
    ExportError
        A cell is no list of tokens, or they are not those of the text; names the row.
    """
    offsets, places = [0], list[tuple[int, int]]()
    for row, cell, text in zip(part.rows.tolist(), part.frame[column].to_list(), part.texts, strict=True):
        tokens = _token_list(cell)
        if tokens is None:
            raise ExportError(f"{corpus.name}, column '{column}', row {row}: {cell!r:.60} is no list of tokens")
        placed = place_tokens(text, tokens)
        if placed is None:
            raise ExportError(
                f"{corpus.name}, column '{column}', row {row}: its tokens are not those of the text, which may differ from "
                "them in white space alone"
            )
        places += placed
        offsets.append(len(places))
    table = np.array(places, dtype=np.int64).reshape(-1, 2)
    return Units(np.array(offsets, dtype=np.int64), table[:, 0].copy(), table[:, 1].copy())


def _token_list(cell: Any) -> list[str] | None:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError:
            return None
    return cell if isinstance(cell, list) and all(isinstance(token, str) for token in cell) else None


def check_tokens_column(corpus: LabeledCorpus, column: str) -> None:
    """Refuse, before any work, a column of tokens that does not exist."""
    if column and column not in corpus.schema:
        raise ExportError(
            f"tokens: {corpus.name} has no column '{column}'{nearest(column, corpus.schema)}; columns are "
            f"{', '.join(corpus.schema)}"
        )


def check_labels_have_no_spaces(corpus: LabeledCorpus, title: str) -> None:
    """Refuse, before any work, labels that a form cannot hold, since it separates its fields by white space."""
    for label in corpus.labels:
        if any(character.isspace() or not character.isprintable() for character in label):
            raise ExportError(f"{title} separates fields by white space, which the label {label!r} has; rename it")
