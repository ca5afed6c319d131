"""BIO tags of words as a chain: the best consistent tags, and probabilities, all exact and for many texts at once.

Words are independent given the text but for one rule: an I- tag only follows a B- or I- tag of the same label. So every step
takes time proportional to the number of tags, not to its square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.units.spans import Numbers, Spans, spans_of_tags

Floats = NDArray[np.float64]

_NEVER = -1000.0
"""Log of a probability that is as good as 0, and finite."""


def best_tags(scores: Floats, offsets: Numbers) -> Numbers:
    """Return the consistent tags with the highest sum of scores (Viterbi's algorithm); ties go to the lower tag.

    Parameters
    ----------
    scores
        Log-probability of each tag of each word; tags as in `weaklabel.units.tag_names`. Shape: [n_words, 2k + 1].
    offsets
        The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].

    Returns
    -------
    array
        Shape: [n_words].

    Examples
    --------
    >>> scores = np.log([[0.3, 0.2, 0.5], [0.1, 0.2, 0.7]])  # O, B, I: word by word, both are I, which nothing opens
    >>> best_tags(scores, np.array([0, 2]))
    array([1, 2])
    """
    n, n_tags = scores.shape
    back = np.zeros((n, n_tags), dtype=np.int16 if n_tags < 2**15 else np.int32)
    total = np.empty_like(scores)
    inner, opening = np.arange(2, n_tags, 2), np.arange(1, n_tags, 2)
    steps = _steps(offsets)
    for step, at in enumerate(steps):
        if step == 0:
            total[at] = scores[at]
            total[np.ix_(at, inner)] = -np.inf
            continue
        before = total[at - 1]
        best = before.argmax(axis=1)
        back[at] = best[:, None]
        total[at] = scores[at] + np.take_along_axis(before, best[:, None], axis=1)
        continues = before[:, inner] > before[:, opening]
        back[np.ix_(at, inner)] = np.where(continues, inner, opening)
        total[np.ix_(at, inner)] = scores[np.ix_(at, inner)] + np.where(continues, before[:, inner], before[:, opening])
    tags = np.zeros(n, dtype=np.int64)
    filled = offsets[1:][np.diff(offsets) > 0] - 1
    tags[filled] = total[filled].argmax(axis=1)
    for at in reversed(steps[1:]):
        tags[at - 1] = back[at, tags[at]]
    return tags


@dataclass(frozen=True, eq=False)
class Marginals:
    """What all consistent taggings of the words say together, each by its probability.

    Attributes
    ----------
    words
        Probability of no span, then of each label, of each word. Shape: [n_words, k + 1].
    spans
        Probability of each span that was asked for: that exactly it is a span. Shape: [n].
    """

    words: Floats
    spans: Floats


def marginals(scores: Floats, offsets: Numbers, spans: Spans) -> Marginals:
    """Return probabilities of words and of spans (by the forward-backward algorithm).

    Parameters
    ----------
    scores, offsets
        See `best_tags`.
    spans
        The spans whose probability is asked for; they count words.

    Examples
    --------
    >>> scores = np.log([[0.4, 0.5, 0.1], [0.2, 0.2, 0.6]])
    >>> of = marginals(scores, np.array([0, 2]), Spans.of_rows([[(0, 2, 0)]]))
    >>> of.words.round(3).tolist(), of.spans.round(3).tolist()
    ([[0.242, 0.758], [0.273, 0.727]], [0.455])
    """
    n, n_tags = scores.shape
    k = (n_tags - 1) // 2
    if not n:
        return Marginals(np.zeros((0, k + 1)), np.zeros(0))
    # Scaled to 1 at the best tag of a word, and kept there: no sum under- or overflows, however long a text is.
    emitted = np.exp(scores - scores.max(axis=1, keepdims=True))
    forward, backward = np.empty((n, n_tags)), np.ones((n, n_tags))
    inner, opening = np.arange(2, n_tags, 2), np.arange(1, n_tags, 2)
    steps = _steps(offsets)
    scale = np.ones(n)
    for step, at in enumerate(steps):
        if step == 0:
            reached = np.ones((len(at), n_tags))
            reached[:, inner] = 0
        else:
            before = forward[at - 1]
            reached = np.repeat(before.sum(axis=1, keepdims=True), n_tags, axis=1)
            reached[:, inner] = before[:, inner] + before[:, opening]
        mass = emitted[at] * reached
        scale[at] = mass.sum(axis=1)
        forward[at] = mass / scale[at][:, None]
    for at in reversed(steps[1:]):
        after = emitted[at] * backward[at] / scale[at][:, None]
        free = after.sum(axis=1) - after[:, inner].sum(axis=1)
        backward[at - 1] = free[:, None]
        backward[np.ix_(at - 1, inner)] += after[:, inner]
        backward[np.ix_(at - 1, opening)] += after[:, inner]
    tags = forward * backward
    words = np.empty((n, k + 1))
    words[:, 0] = tags[:, 0]
    words[:, 1:] = tags[:, opening] + tags[:, inner]
    words /= words.sum(axis=1, keepdims=True)
    return Marginals(words, _of_spans(spans, offsets, tags, forward, backward, emitted, scale))


def _of_spans(
    spans: Spans, offsets: Numbers, tags: Floats, forward: Floats, backward: Floats, emitted: Floats, scale: Floats
) -> Floats:
    """Chance of the B- tag, times that each further word continues, times that the next word does not."""
    if not len(spans):
        return np.zeros(0)
    first, last = offsets[spans.row] + spans.begin, offsets[spans.row] + spans.end - 1
    begin, inside = 1 + 2 * spans.label, 2 + 2 * spans.label
    # log of what each word adds if it continues a span of a label, summed over the words before it
    chances = np.full(len(spans), -np.inf)
    with np.errstate(divide="ignore"):
        begins = np.log(tags[first, begin])
        for label in np.unique(spans.label).tolist():
            some = np.flatnonzero(spans.label == label)
            tag = 2 + 2 * label
            # P(word continues | the one before is B- or I-) = emitted * backward / (backward of the one before * scale)
            step = np.log(emitted[1:, tag]) + np.log(backward[1:, tag]) - np.log(scale[1:])
            step -= np.log(backward[:-1, tag])
            step = np.concatenate([[0.0], np.maximum(np.nan_to_num(step, nan=_NEVER), _NEVER)])
            before = np.cumsum(step)
            chances[some] = begins[some] + before[last[some]] - before[first[some]]
    ends_row = last + 1 == offsets[spans.row + 1]
    after = np.minimum(last + 1, len(emitted) - 1)
    goes_on = emitted[after, inside] * backward[after, inside] / scale[after]
    stops = np.where(
        ends_row,
        1.0,
        1 - np.divide(goes_on, backward[last, inside], out=np.ones(len(last)), where=backward[last, inside] > 0),
    )
    return np.clip(np.exp(chances) * np.clip(stops, 0, 1), 0, 1)


def consistent_spans(scores: Floats, offsets: Numbers) -> Spans:
    """Return the spans of the best consistent tags; they count words."""
    return spans_of_tags(best_tags(scores, offsets), offsets)


def _steps(offsets: Numbers) -> list[Numbers]:
    """Return the first words of all rows, then the second words, and so on."""
    lengths = np.diff(offsets)
    order = np.argsort(-lengths, kind="stable")
    first, sorted_lengths = offsets[:-1][order], lengths[order]
    # Rows with more than `step` words are the first ones in the order.
    counts = np.searchsorted(-sorted_lengths, -np.arange(int(lengths.max(initial=0))), side="left")
    return [first[:count] + step for step, count in enumerate(counts.tolist())]
