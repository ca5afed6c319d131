"""Label models for spans that need no fit: by whole spans, and word by word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from weaklabel.units.spans import Spans, spans_of_tags
from weaklabel.votes.spans import SpanVotes

_Proposal: TypeAlias = tuple[int, int, int, int]
"""Begin, end, label, and how many labeling functions voted for it."""


class SpanVote:
    """Majority vote on whole spans: the proposed span with the most votes stands, and all that overlap it fall.

    A vote counts once for each word of its span: of a name and a part of it with as many votes, the name wins. Ties go to the
    span with more labeling functions, then to the earlier, shorter one and the lower label. Spans of one label that
    touch are joined.

    Examples
    --------
    >>> whole, part = Spans.of_rows([[(0, 3, 0)]]), Spans.of_rows([[(1, 3, 0), (4, 5, 0)]])
    >>> votes = SpanVotes.of([whole, part], [0, 6], ["whole", "part"], ["PER"])
    >>> SpanVote().predict(votes).of_row(0)
    [(0, 3, 0), (4, 5, 0)]
    """

    def predict(self, votes: SpanVotes) -> Spans:
        """Return the spans of each text; they do not overlap, and count words."""
        proposals, counts = votes.proposals()
        columns = (proposals.row, proposals.begin, proposals.end, proposals.label, counts)
        table = list(zip(*(column.tolist() for column in columns), strict=True))
        chosen: list[tuple[int, int, int, int]] = []
        # The same group of spans is often proposed again elsewhere.
        kept: dict[tuple[_Proposal, ...], list[tuple[int, int, int]]] = {}
        for row, first, group in _groups(table):
            if group not in kept:
                kept[group] = _joined(_best(group))
            chosen += [(row, first + begin, first + end, label) for begin, end, label in kept[group]]
        taken = np.array(chosen, dtype=np.int64).reshape(-1, 4)
        return Spans.of(taken[:, 0], taken[:, 1], taken[:, 2], taken[:, 3], votes.n_rows)


class WordVote:
    """Majority vote word by word, as WRENCH's for sequences: a word gets the label that most labeling functions give it.

    Neighbors of one label are one span. A word without a vote has none; ties go to the lower label.

    Source: Zhang et al. 2021, "WRENCH: A Comprehensive Benchmark for Weak Supervision".

    Examples
    --------
    >>> votes = SpanVotes.of([Spans.of_rows([[(0, 1, 1), (1, 3, 1)]])], [0, 4], ["pattern"], ["PER", "LOC"])
    >>> WordVote().predict(votes).of_row(0)
    [(0, 3, 1)]
    """

    def predict(self, votes: SpanVotes) -> Spans:
        """Return the spans of each text; they do not overlap, and count words."""
        counts = votes.word_counts()
        inner = np.where(counts.max(axis=1, initial=0) > 0, 2 + 2 * counts.argmax(axis=1), 0)
        return spans_of_tags(inner, votes.offsets)


def _groups(proposals: list[tuple[int, int, int, int, int]]) -> Iterator[tuple[int, int, tuple[_Proposal, ...]]]:
    """Cut proposals, sorted by row and begin, where they neither overlap nor touch; give row, first word, and the group."""
    group: list[_Proposal] = []
    row = first = reach = -1
    for of_row, begin, end, label, count in proposals:
        if group and (of_row != row or begin > reach):
            yield row, first, tuple(group)
            group = []
        if not group:
            row, first, reach = of_row, begin, end
        group.append((begin - first, end - first, label, count))
        reach = max(reach, end)
    if group:
        yield row, first, tuple(group)


def _best(group: tuple[_Proposal, ...]) -> list[tuple[int, int, int]]:
    """Take the best span, then the best of those that do not overlap it, and so on; sorted by begin."""
    taken: list[tuple[int, int, int]] = []
    for begin, end, label, _ in sorted(group, key=lambda it: (-it[3] * (it[1] - it[0]), -it[3], it[0], it[1], it[2])):
        if all(end <= other[0] or other[1] <= begin for other in taken):
            taken.append((begin, end, label))
    return sorted(taken)


def _joined(spans: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    joined: list[tuple[int, int, int]] = []
    for begin, end, label in spans:
        if joined and joined[-1][1:] == (begin, label):
            joined[-1] = (joined[-1][0], end, label)
        else:
            joined.append((begin, end, label))
    return joined
