"""Label models for spans that need no fit: by whole spans, and word by word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from weaklabel.label_model.sequence.base import Floats, RunLabels, RunModel
from weaklabel.label_model.sequence.proposals import leaves_of, marks_of_runs, word_votes
from weaklabel.units.spans import Numbers, spans_of_tags
from weaklabel.votes.spans import Runs

UNKNOWN_AGREEMENT = 0.75
"""How often a vote is right where no two labeling functions ever vote on the same word, so that nothing tells."""

_Mark: TypeAlias = tuple[int, int, int, int]
"""Begin, end, label and labeling function."""

_Span: TypeAlias = tuple[int, int, int]


class VoteModel(RunModel):
    """Majority vote of one kind or another. A fit learns how far to trust votes, but changes no span.

    Attributes
    ----------
    agreement_ : float
        How often two labeling functions that vote on the same word mean the same span of the same label; `UNKNOWN_AGREEMENT`
        where none do. Probabilities depend on it.
    label_shares_ : array
        Share of each label among the votes. A vote for an inner label of a hierarchy, where nobody says more, goes to the
        most frequent of its leaves. Shape: [k].
    """

    needs_fit = False
    agreement_: float
    label_shares_: Floats

    def _fit_runs(self, runs: Runs) -> None:
        self.agreement_, self.label_shares_ = _agreement(runs), _label_shares(runs)

    def _state(self) -> dict[str, Any]:
        return {"agreement": self.agreement_, "label_shares": self.label_shares_}

    def _restore(self, state: dict[str, Any]) -> None:
        self.agreement_ = float(state["agreement"])
        self.label_shares_ = np.array(state["label_shares"], dtype=np.float64)
        if not 0 <= self.agreement_ <= 1 or self.label_shares_.shape != (len(self.labels_),):
            raise ValueError("the agreement is not a share, or there are not as many shares as labels")

    def _learned(self, runs: Runs) -> tuple[float, Floats]:
        if hasattr(self, "agreement_"):
            return self.agreement_, self.label_shares_
        return UNKNOWN_AGREEMENT, np.zeros(len(runs.labels))


class SpanVote(VoteModel):
    """Majority vote on whole spans: the proposed span with the most votes stands, and all that overlap it fall.

    A vote counts once for each word of its span: of a name and a part of it with as many votes, the name wins. Ties go to the
    span with more labeling functions, then to the earlier, shorter one and the lower label. Spans of one label that
    touch are joined. A vote for an inner label of a hierarchy counts for each of its leaves. A span on which more labeling
    functions say that there is no entity than vote for it falls.

    Examples
    --------
    >>> from weaklabel.units import Spans
    >>> from weaklabel.votes import SpanVotes
    >>> whole, part = Spans.of_rows([[(0, 3, 0)]]), Spans.of_rows([[(1, 3, 0), (4, 5, 0)]])
    >>> votes = SpanVotes.of([whole, part], [0, 6], ["whole", "part"], ["PER"])
    >>> SpanVote().predict(votes).spans.of_row(0)
    [(0, 3, 0), (4, 5, 0)]
    """

    def label_runs(self, runs: Runs) -> RunLabels:
        """Label runs; see `RunLabels`."""
        agreement, shares = self._learned(runs)
        leaves = leaves_of(runs)
        rank = np.argsort(np.argsort(-shares, kind="stable")).tolist()
        weights = self._weights(runs)
        spans: list[tuple[int, ...]] = []
        probs: list[float] = []
        for number, marks, negatives in _by_run(runs):
            for *span, prob in _joined(_best(marks, negatives, leaves, rank, agreement, weights)):
                spans.append((number, *span))
                probs.append(prob)
        table = np.array(spans, dtype=np.int64).reshape(-1, 4)
        run, begin, end, label = (np.ascontiguousarray(column) for column in table.T)
        chosen = np.zeros(len(runs.tags), dtype=np.int64)
        lengths = end - begin
        first = runs.offsets[run] + begin
        shift = np.cumsum(lengths) - lengths
        chosen[np.repeat(first - shift, lengths) + np.arange(int(lengths.sum()))] = np.repeat(1 + label, lengths)
        return RunLabels(
            run,
            begin,
            end,
            label,
            np.array(probs, dtype=np.float64),
            _word_probs(word_votes(runs, weights), chosen, agreement),
        )

    def _weights(self, runs: Runs) -> list[list[float]]:
        """Return how much a vote of each labeling function for each label, the inner ones last, counts."""
        return [[1.0] * (len(runs.labels) + len(runs.inner))] * runs.m


class WordVote(VoteModel):
    """Majority vote word by word, as WRENCH's for sequences: a word gets the label that most labeling functions give it.

    Neighbors of one label are one span. A word without a vote has none; ties go to the lower label.

    Source: Zhang et al. 2021, "WRENCH: A Comprehensive Benchmark for Weak Supervision".

    Examples
    --------
    >>> from weaklabel.units import Spans
    >>> from weaklabel.votes import SpanVotes
    >>> votes = SpanVotes.of([Spans.of_rows([[(0, 1, 1), (1, 3, 1)]])], [0, 4], ["pattern"], ["PER", "LOC"])
    >>> WordVote().predict(votes).spans.of_row(0)
    [(0, 3, 1)]
    """

    def label_runs(self, runs: Runs) -> RunLabels:
        """Label runs; see `RunLabels`."""
        agreement, _ = self._learned(runs)
        counts = word_votes(runs)
        of_labels = counts[:, 1:]
        top = of_labels.max(axis=1, initial=0)
        chosen = np.where((top > 0) & (top >= counts[:, 0]), 1 + of_labels.argmax(axis=1), 0)
        probs = _word_probs(counts, chosen, agreement)
        spans = spans_of_tags(2 * chosen, runs.offsets)
        first = runs.offsets[spans.row] + spans.begin
        of_word = probs[np.arange(len(chosen)), chosen]
        # A span is right if all its words are; those of one vote are so together.
        prob = np.minimum.reduceat(
            np.append(of_word, 1.0), np.stack([first, first + spans.end - spans.begin], 1).ravel()
        )
        return RunLabels(spans.row, spans.begin, spans.end, spans.label, prob[::2], probs)


def _word_probs(counts: Floats, chosen: Numbers, agreement: float) -> Floats:
    """Return shares of the votes on a word, with one more vote for what was chosen. Shape: [n, k + 1]."""
    probs = counts.copy()
    probs[np.arange(len(chosen)), chosen] += agreement
    probs[:, 0] += 1 - agreement
    return probs / probs.sum(axis=1, keepdims=True)


def _by_run(runs: Runs) -> Iterator[tuple[int, list[_Mark], list[_Mark]]]:
    """Yield of each run its number, what labeling functions mark in it, and where they say that there is no entity."""
    marks, negatives = marks_of_runs(runs)
    both = [np.searchsorted(table[:, 0], np.arange(len(runs) + 1)).tolist() for table in (marks, negatives)]
    spans, against = ([tuple(row) for row in table[:, 1:].tolist()] for table in (marks, negatives))
    for run in range(len(runs)):
        yield run, spans[both[0][run] : both[0][run + 1]], against[both[1][run] : both[1][run + 1]]


def _best(
    marks: list[_Mark],
    negatives: list[_Mark],
    leaves: list[tuple[int, ...]],
    rank: list[int],
    agreement: float,
    weights: list[list[float]],
) -> list[tuple[int, int, int, float]]:
    """Take the best span, then the best of those that do not overlap it, and so on; sorted by begin."""
    votes: dict[_Span, float] = {}
    for begin, end, label, lf in marks:
        for leaf in leaves[label]:
            votes[begin, end, leaf] = votes.get((begin, end, leaf), 0.0) + weights[lf][label]

    def order(span: _Span) -> tuple[float, ...]:
        total = round(votes[span], 9)  # in whatever order the weights were added up
        return -total * (span[1] - span[0]), -total, span[0], span[1], rank[span[2]]

    taken: list[tuple[int, int, int, float]] = []
    for span in sorted(votes, key=order):
        begin, end, label = span
        if all(end <= other[0] or other[1] <= begin for other in taken):
            against = len({lf for first, last, _, lf in negatives if first < end and begin < last})
            if against > votes[span]:
                continue
            on_it: dict[int, float] = {}
            for first, last, mark, lf in marks:
                if first < end and begin < last:
                    on_it[lf] = max(on_it.get(lf, 0.0), weights[lf][mark])
            most = max(sum(on_it.values()) + against, votes[span])
            taken.append((begin, end, label, (votes[span] + agreement) / (most + 1)))
    return sorted(taken)


def _joined(spans: list[tuple[int, int, int, float]]) -> list[tuple[int, int, int, float]]:
    joined: list[tuple[int, int, int, float]] = []
    for begin, end, label, prob in spans:
        if joined and joined[-1][1:3] == (begin, label):
            joined[-1] = (joined[-1][0], end, label, min(joined[-1][3], prob))
        else:
            joined.append((begin, end, label, prob))
    return joined


def _label_shares(runs: Runs) -> Floats:
    """Return the share of each label among the votes on words. Shape: [k]."""
    votes = word_votes(runs)[:, 1:] * np.repeat(runs.counts, runs.lengths)[:, None]
    totals: Floats = votes.sum(axis=0)
    return totals / max(1.0, float(totals.sum()))


def _agreement(runs: Runs) -> float:
    """Return how often two labeling functions that vote on a word mean the same span, with a little smoothing."""
    marks, _ = marks_of_runs(runs)
    marks = marks[np.lexsort((marks[:, 4], marks[:, 3], marks[:, 2], marks[:, 1], marks[:, 0]))]
    # Pairs on the same word: those of the same span, of all.
    tags, weight = runs.tags, np.repeat(runs.counts, runs.lengths).astype(np.float64)
    voters = (tags > 0).sum(axis=1)
    pairs = float((voters * (voters - 1) / 2) @ weight)
    lengths = marks[:, 2] - marks[:, 1]
    span = marks[:, :4]
    is_new = np.append(True, (span[1:] != span[:-1]).any(axis=1)) if len(span) else np.empty(0, bool)
    starts = np.flatnonzero(is_new)
    together = np.diff(starts, append=len(span)).astype(np.float64)
    same = float((together * (together - 1) / 2 * lengths[starts]) @ runs.counts[marks[starts, 0]])
    return (same + UNKNOWN_AGREEMENT) / (pairs + 1)
