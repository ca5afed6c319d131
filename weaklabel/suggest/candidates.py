"""Finding candidates for labeling functions, and choosing those that together label the most new rows rightly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.lf.spelling import is_unspaced
from weaklabel.suggest.evidence import CorpusEvidence, Evidence, Judged, estimated_shares, judge
from weaklabel.suggest.patterns import Pattern, differing_in_one_word, hits_of
from weaklabel.suggest.phrases import Phrases, is_keyword, part_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

_SHORTLIST = 400
"""Phrases on which labeling functions really vote."""

_LEAST_EDGE = 0.2
"""Share of the way from chance to certainty that the precision must be for sure."""

_LEAST_PRECISION = 0.6

_COVERED = 0.03
"""The value of a vote on a row that has one already, relative to one on a row without votes."""

_LEAST_ROWS = 2.0
"""New rows that a candidate, and each of its phrases, must bring; rows that have a vote count ``_COVERED`` each."""

_MOST_PHRASES = 5
"""Phrases of one candidate."""

_NEAR = 0.65
"""Cosine from which two words are alike enough for one list."""

_LEAST_SHARE = 0.5
"""Share of the first word's edge that the others of a list must have."""


@dataclass(frozen=True)
class Pool:
    """Patterns, with the rows on which they vote and what is known of these."""

    patterns: list[Pattern]
    hits: csr_array
    judged: Judged

    def worth(self, rows: Floats) -> Floats:
        """Return what patterns bring where ``rows`` says what a vote on each row is worth. Shape: [n] -> [c]."""
        good = (self.judged.edge > _LEAST_EDGE) & (self.judged.precision > _LEAST_PRECISION)
        return np.where(good, (self.hits.T @ rows) * np.maximum(self.judged.edge, 0), 0.0)


@dataclass(frozen=True)
class Choice:
    """A pattern that was chosen.

    Attributes
    ----------
    pattern
        What it looks for.
    rows
        Where it votes, in order.
    label
        The class it votes for.
    precision
        Estimated share of its votes that are right.
    """

    pattern: Pattern
    rows: NDArray[np.int64]
    label: int
    precision: float


def find_patterns(texts: Sequence[str], phrases: Phrases, evidence: Evidence) -> Pool:
    """Find phrases that indicate a class, and join those that differ in one word."""
    from scipy.sparse import hstack

    shortlist = _shortlist(phrases, evidence)
    single = [Pattern((phrases.names[number],)) for number in shortlist]
    if not single:
        return Pool([], phrases.hits[:, []], judge(phrases.hits[:, []], evidence))
    hits = hits_of(single, texts)
    judged = judge(hits, evidence)
    joined = _slots(single, judged.label)
    if joined:
        hits = hstack([hits, *(_union(hits, numbers) for numbers, _ in joined)], format="csr")
    return Pool(single + [pattern for _, pattern in joined], hits, judge(hits, evidence))


def choose(pool: Pool, evidence: Evidence, points: Floats, n: int) -> list[Choice]:
    r"""Choose up to ``n`` candidates greedily, each for what it adds to those before it.

    What is made large is :math:`\sum_c |new_c| (precision_c - chance_c) / (1 - chance_c)`, over the rows that no
    labeling function and no candidate before covers. It is submodular, so that the greedy choice is within
    :math:`1 - 1/e` of the best. A keyword is joined by others that occur in similar texts.

    Parameters
    ----------
    pool
        What there is to choose from.
    known
        What is known of the rows.
    points
        The texts as vectors, by which words are compared. Shape: [n, d].
    n
        Most candidates.

    References
    ----------
    Nemhauser, Wolsey and Fisher, An analysis of approximations for maximizing submodular set functions, 1978.
    """
    rows = np.where(evidence.uncovered, 1.0, _COVERED)
    alike = _Likeness(pool, points)
    chosen: list[Choice] = []
    while pool.patterns and len(chosen) < n:
        worth = pool.worth(rows)
        best = int(worth.argmax())
        if worth[best] <= 0 or _new(pool, best, rows) < _LEAST_ROWS:
            break
        members = _with_others(pool, best, alike.to(best), rows)
        union = _union(pool.hits, members)
        label = int(pool.judged.label[best])
        voted = np.sort(union.nonzero()[0]).astype(np.int64)
        phrases = tuple(phrase for number in members for phrase in pool.patterns[number].phrases)
        pattern = Pattern(phrases, slot=pool.patterns[best].slot)
        chosen.append(Choice(pattern, voted, label, float(judge(union, evidence).shares[0, label])))
        rows[voted] = 0.0
    return chosen


class _Likeness:
    """How similar the texts of two patterns are, as cosines of their centres."""

    def __init__(self, pool: Pool, points: Floats) -> None:
        centres = pool.hits.T @ points
        self._centres = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)

    def to(self, number: int) -> Floats:
        """Return the cosines with one of them. Shape: [c]."""
        cosines: Floats = self._centres @ self._centres[number]
        return cosines


def _with_others(pool: Pool, first: int, alike: Floats, rows: Floats) -> list[int]:
    """Add to a keyword those that are like it and cover the most rows that the others do not."""
    members, rows = [first], rows.copy()
    if pool.patterns[first].kind != "keyword":
        return members
    edge = pool.judged.edge
    fit = (alike > _NEAR) & (pool.judged.label == pool.judged.label[first]) & (edge > _LEAST_SHARE * edge[first])
    fit &= np.array([pattern.kind == "keyword" for pattern in pool.patterns])
    while len(members) < _MOST_PHRASES:
        last = pool.patterns[members[-1]].phrases[0]
        fit &= np.array([not _overlap(pattern.phrases[0], last) for pattern in pool.patterns])
        rows[rows_of(pool.hits, members[-1])] = 0.0
        worth = np.where(fit, pool.worth(rows), 0.0)
        best = int(worth.argmax())
        if worth[best] <= 0 or _new(pool, best, rows) < _LEAST_ROWS:
            break
        members.append(best)
    return members


def on_all_rows(chosen: Sequence[Choice], batches: Iterable[list[str]], evidence: CorpusEvidence) -> list[Choice]:
    """Let what was chosen on a sample vote on the texts of all rows, and judge it by these."""
    if not chosen:
        return []
    mass, weights = np.zeros((len(chosen), len(evidence.balance))), np.zeros(len(chosen))
    rows: list[list[NDArray[np.int64]]] = [[] for _ in chosen]
    n = 0
    for texts in batches:
        hits = hits_of([choice.pattern for choice in chosen], texts)
        block = evidence.at(slice(n, n + len(texts)))
        mass += hits.T @ (block.probs * block.weight[:, None])
        weights += hits.T @ block.weight
        for number, matched in enumerate(rows):
            matched.append(n + rows_of(hits, number))
        n += len(texts)
    shares = estimated_shares(mass, weights, evidence.balance)
    return [
        replace(choice, rows=np.concatenate(rows[number]), precision=float(shares[number, choice.label]))
        for number, choice in enumerate(chosen)
    ]


def rows_of(hits: csr_array, column: int) -> NDArray[np.int64]:
    """Return the rows on which a pattern votes."""
    return np.sort(hits[:, [column]].nonzero()[0]).astype(np.int64)


def _new(pool: Pool, number: int, rows: Floats) -> float:
    return float(rows[rows_of(pool.hits, number)].sum())


def _overlap(first: str, second: str) -> bool:
    return part_of(first, second) or part_of(second, first)


def _shortlist(phrases: Phrases, evidence: Evidence) -> list[int]:
    """Take the phrases that are worth the most; of those in the same rows, the simplest."""
    pool = Pool([], phrases.hits, judge(phrases.hits, evidence))
    worth = pool.worth(np.where(evidence.uncovered, 1.0, _COVERED))
    order = sorted(np.flatnonzero(worth > 0).tolist(), key=lambda number: _simplest(worth, phrases, number))
    columns = phrases.hits.tocsc()
    columns.sort_indices()
    seen: set[bytes] = set()
    kept: list[int] = []
    for number in order:
        rows = columns.indices[columns.indptr[number] : columns.indptr[number + 1]].tobytes()
        if rows not in seen:
            seen.add(rows)
            kept.append(number)
        if len(kept) == _SHORTLIST:
            break
    return kept


def _simplest(worth: Floats, phrases: Phrases, number: int) -> tuple[float, bool, int, str]:
    name = phrases.names[number]
    # Of overlapping runs of characters the longest is the word; of overlapping phrases the shortest says as much.
    return -round(worth[number], 9), not is_keyword(name), -len(name) if is_unspaced(name) else len(name), name


def _slots(single: list[Pattern], label: NDArray[np.int64]) -> list[tuple[list[int], Pattern]]:
    """Join phrases for one class that differ in one word."""
    slots = []
    phrases = [pattern.phrases[0] for pattern in single]
    for group in differing_in_one_word(phrases):
        for class_number in np.unique(label[list(group)]):
            same = [number for number in group if label[number] == class_number][:_MOST_PHRASES]
            if len(same) > 1:
                slots.append((same, Pattern(tuple(phrases[number] for number in same), slot=True)))
    return slots


def _union(hits: csr_array, columns: list[int]) -> csr_array:
    """Say where any of some patterns votes. Shape: [n, c] -> [n, 1]."""
    from scipy.sparse import csr_array

    return csr_array(hits[:, columns].max(axis=1).reshape(-1, 1))
