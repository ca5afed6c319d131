"""What a tagger learns from: soft BIO tags of words, and how much each word counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.targets import MIN_SHARE, check_weights
from weaklabel.errors import ClassifierError, VoteError, nearest
from weaklabel.label_model.sequence import SpanLabels
from weaklabel.labels import check_label_names
from weaklabel.support.warn import warn
from weaklabel.units import Spans, Units, on_words

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WordTargets:
    """Soft targets of the words of texts.

    Attributes
    ----------
    tags
        Probability of each tag; tags as in `weaklabel.units.tag_names`. Shape: [n_words, 2k + 1]; every row sums to 1.
    weights
        How much each word counts, from 0 up; 0 where its label is not known. Shape: [n_words].
    spans
        The spans that the tags were made of; they count words.
    """

    tags: Floats
    weights: Floats
    spans: Spans

    def shares(self) -> Floats:
        """Return the weighted share of no span, and of each label. Shape: [k + 1]."""
        totals = self.weights @ self.tags
        totals = np.concatenate([totals[:1], totals[1::2] + totals[2::2]])
        return np.asarray(totals / totals.sum(), dtype=np.float64)

    def need_spans(self, labels: Sequence[str]) -> None:
        """Raise a `ClassifierError` where there is nothing to learn: no word counts, or none is in a span."""
        if not (self.weights > 0).any():
            raise ClassifierError("no word to train on: texts have no words, or all words have weight 0 or no label")
        if self.tags[self.weights > 0, 1:].max(initial=0) <= MIN_SHARE:
            raise ClassifierError(
                f"no span to train on: no word of the texts is in a span of {' or '.join(labels)}; add labeling functions or "
                "texts"
            )


def span_names(labels: Sequence[str] | None, y: Any) -> tuple[str, ...]:
    """Return the given names of labels, or those in ``y``: sorted names, or ``label_0``, ``label_1``, ... for numbers."""
    try:
        if labels is not None:
            return check_label_names(labels, "tagger")
        if isinstance(y, SpanLabels | Spans):
            spans = y.spans if isinstance(y, SpanLabels) else y
            given: set[Any] = set(spans.label.tolist())
        else:
            given = {span[2] for row in y for span in row}
        if all(isinstance(label, str) for label in given):
            return check_label_names(sorted(given), "targets of the tagger") if given else ()
        return tuple(f"label_{number}" for number in range(max(given, default=-1) + 1))
    except VoteError as error:
        raise ClassifierError(str(error)) from None
    except (TypeError, ValueError, IndexError) as error:
        raise ClassifierError(f"{_FORM} ({error})") from None


_FORM = "spans must be SpanLabels, Spans, or for each text a list of (begin, end, label)"


def word_targets(
    n: int,
    y: Any,
    words: Units,
    labels: Sequence[str],
    sample_weight: ArrayLike | None = None,
    word_weight: ArrayLike | None = None,
) -> WordTargets:
    """Turn spans into soft tags of words.

    Parameters
    ----------
    n
        Number of texts.
    y
        `SpanLabels`, which count words; `Spans` in code points; or for each text a list of begin, end and label, by number
        or name. A span that cuts a word takes all of it, with a warning.
    words
        The words of the texts.
    labels
        Names of the labels. Length: k.
    sample_weight, word_weight
        How much each text and each word counts, from 0 up; by default 1. Shape: [n] and [n_words].

    Raises
    ------
    ClassifierError
        They do not fit together.
    """
    if words.n_rows != n:
        raise ClassifierError(
            f"there are words of {words.n_rows} texts, but {n} texts; give the words of the same texts"
        )
    weights = check_weights(sample_weight, n)[words.row_of]
    if word_weight is not None:
        weights = weights * _check_word_weight(word_weight, len(words))
    soft = y if isinstance(y, SpanLabels) else None
    spans = soft.spans if soft is not None else _in_words(_as_spans(y, n, labels), words)
    _check_spans(spans, n, words, labels)
    if soft is None or soft.word_probs is None:
        tags = _of_spans(spans, None if soft is None else soft.probs, words, len(labels))
        return WordTargets(tags, weights, spans)
    probs = np.asarray(soft.word_probs, dtype=np.float64)
    if probs.shape != (len(words), len(labels) + 1):
        raise ClassifierError(
            f"probabilities of words have shape {list(probs.shape)}, but there are {len(words)} words and {len(labels)} "
            f"labels: they must have shape {[len(words), len(labels) + 1]}"
        )
    unknown = np.asarray(np.isnan(probs).any(axis=1))
    tags = np.zeros((len(words), 2 * len(labels) + 1))
    tags[:, 0] = 1
    tags[~unknown] = _soft_tags(np.where(unknown[:, None], 0.0, probs), spans, words.offsets)[~unknown]
    return WordTargets(tags, np.where(unknown, 0.0, weights), spans)


def _check_word_weight(weight: ArrayLike, n: int) -> Floats:
    try:
        return check_weights(weight, n)
    except ClassifierError:
        raise ClassifierError(f"word_weight must be one finite number from 0 up for each of the {n} words") from None


def _as_spans(y: Any, n: int, labels: Sequence[str]) -> Spans:
    if isinstance(y, Spans):
        return y
    if y is None:
        raise ClassifierError(f"a tagger requires y to be passed, but the target y is None; {_FORM}")
    numbers = {name: number for number, name in enumerate(labels)}
    try:
        rows = [
            [(begin, end, _number(label, numbers, row)) for begin, end, label in spans] for row, spans in enumerate(y)
        ]
    except ClassifierError:
        raise
    except (TypeError, ValueError) as error:
        raise ClassifierError(f"{_FORM} ({error})") from None
    if len(rows) != n:
        raise ClassifierError(f"there are spans of {len(rows)} texts, but {n} texts")
    try:
        return Spans.of_rows(rows)
    except VoteError as error:
        raise ClassifierError(str(error)) from None


def _number(label: Any, numbers: dict[str, int], row: int) -> int:
    if not isinstance(label, str):
        return int(label)
    if label not in numbers:
        raise ClassifierError(
            f"row {row}: there is no label '{label}'{nearest(label, numbers)}; labels are {', '.join(numbers)}"
        )
    return numbers[label]


def _in_words(spans: Spans, words: Units) -> Spans:
    if spans.n_rows != words.n_rows:
        raise ClassifierError(f"there are spans of {spans.n_rows} texts, but {words.n_rows} texts")
    snapped, is_cut = on_words(spans, words)
    if is_cut.any():
        warn(
            f"{int(is_cut.sum())} of {len(spans)} spans begin or end within a word, or cover none; they take whole words",
            stacklevel=4,
        )
    return snapped


def _check_spans(spans: Spans, n: int, words: Units, labels: Sequence[str]) -> None:
    if spans.n_rows != n:
        raise ClassifierError(f"there are spans of {spans.n_rows} texts, but {n} texts")
    if not len(spans):
        return
    if spans.label.max() >= len(labels):
        raise ClassifierError(
            f"a span has label {spans.label.max()}, but there are {len(labels)} labels: {', '.join(labels)}"
        )
    beyond = np.flatnonzero(spans.end > np.diff(words.offsets)[spans.row])
    if len(beyond):
        row = int(spans.row[beyond[0]])
        raise ClassifierError(
            f"row {row}: a span ends after word {spans.end[beyond[0]]}, but the text has {np.diff(words.offsets)[row]} words; "
            "give the words that the spans count (words=...)"
        )


def _places(spans: Spans, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each word of each span, and the number of its span."""
    lengths = spans.end - spans.begin
    span = np.repeat(np.arange(len(spans)), lengths)
    first = offsets[spans.row] + spans.begin
    return np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum())), span


def _hard(spans: Spans, words: Units) -> NDArray[np.int64]:
    try:
        return spans.tags(words.offsets)
    except VoteError as error:
        raise ClassifierError(f"a tagger learns from spans that do not overlap: {error}") from None


def _of_spans(spans: Spans, probs: ArrayLike | None, words: Units, k: int) -> Floats:
    """Every word has its tag with the probability of its span, and otherwise none."""
    hard = _hard(spans, words)
    tags = np.zeros((len(words), 2 * k + 1))
    sure = np.ones(len(words))
    if probs is not None:
        given = np.asarray(probs, dtype=np.float64)
        place, span = _places(spans, words.offsets)
        sure[place] = np.where(np.isnan(given), 1.0, given)[span]
    tags[:, 0] = 1 - sure
    tags[np.arange(len(words)), hard] += sure
    return tags


def _soft_tags(probs: Floats, spans: Spans, offsets: NDArray[np.int64]) -> Floats:
    """Divide the probability of each label between its B- and its I- tag.

    Within a span of the labels that is as the span says. Elsewhere a word continues a span with as much probability as it
    can: with the lower of its own and that of the word before.
    """
    n, k = len(probs), probs.shape[1] - 1
    before = np.zeros((n, k))
    before[1:] = probs[:-1, 1:]
    filled = offsets[:-1][np.diff(offsets) > 0]
    before[filled] = 0
    inner = np.minimum(before, probs[:, 1:])
    place, span = _places(spans, offsets)
    is_first = place == (offsets[spans.row] + spans.begin)[span]
    label = spans.label[span]
    inner[place, label] = np.where(is_first, 0.0, probs[place, 1 + label])
    tags = np.empty((n, 2 * k + 1))
    tags[:, 0] = probs[:, 0]
    tags[:, 2::2] = inner
    tags[:, 1::2] = probs[:, 1:] - inner
    totals = tags.sum(axis=1, keepdims=True)
    return np.divide(tags, totals, out=np.zeros_like(tags), where=totals > 0)
