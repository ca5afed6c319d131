"""Finding candidates for labeling functions, and choosing those that together label the most new rows correctly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import VoteArray
from weaklabel.lf.spelling import is_unspaced
from weaklabel.suggest.evidence import CorpusEvidence, Evidence, Judged, estimated_shares, judge
from weaklabel.suggest.patterns import Pattern, differing_in_one_word, hits_of
from weaklabel.suggest.phrases import Phrases, is_keyword, part_of
from weaklabel.suggest.proposals import NO_MATCH, REPEATED, TOO_MANY, VOTES_REPEATED, WEAK, Proposal

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

_SHORTLIST = 400
"""Number of phrases whose labeling functions are applied to the texts."""

_MIN_EDGE = 0.2
"""Lower bound of the precision, as a share of the way from chance to 1."""

_MIN_PRECISION = 0.6

_COVERED_ROW_VALUE = 0.03
"""The value of a vote on a row that has one already, relative to one on a row without votes."""

_MIN_NEW_ROWS = 2.0
"""New rows that a candidate, and each of its phrases, must label; rows that have a vote count ``_COVERED_ROW_VALUE`` each."""

_MAX_PHRASES = 5
"""Phrases of a candidate."""

_MIN_COSINE = 0.65
"""Cosine similarity from which two words belong in the same list."""

_MIN_EDGE_RATIO = 0.5
"""Share of the first word's edge that the others of a list must have."""


_MOST_COVERAGE = 0.5
"""Share of the rows above which a pattern that was proposed says nothing of a class."""

_SAME_VOTES = 0.95
"""Share of the votes of a pattern that one labeling function casts, too, from which it is a repetition."""


@dataclass(frozen=True)
class Pool:
    """Patterns, the rows on which they vote, and their estimated precision."""

    patterns: list[Pattern]
    hits: csr_array
    judged: Judged

    @property
    def good(self) -> NDArray[np.bool_]:
        """Patterns that are right often enough to be suggested. Shape: [c]."""
        return np.asarray((self.judged.edge > _MIN_EDGE) & (self.judged.precision > _MIN_PRECISION))

    def value(self, rows: Floats) -> Floats:
        """Return the value of each pattern, given the value of a vote on each row. Shape: [n] -> [c]."""
        return np.where(self.good, (self.hits.T @ rows) * np.maximum(self.judged.edge, 0), 0.0)


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


def with_proposals(
    pool: Pool, proposals: Sequence[Proposal], texts: Sequence[str], evidence: Evidence, L: VoteArray
) -> tuple[Pool, Counter[str]]:
    """Add what a language model proposed to the patterns, and count what is left out, by reason.

    Parameters
    ----------
    pool
        The patterns so far, none of which is a proposal.
    proposals
        To be judged by the same evidence, for the class that each is proposed for.
    texts
        Length: n.
    evidence
        Of the same rows.
    L
        The votes of the labeling functions that there are. Shape: [n, m].
    """
    from scipy.sparse import hstack

    left_out: Counter[str] = Counter()
    if not proposals:
        return pool, left_out
    hits = hits_of([proposal.pattern for proposal in proposals], texts)
    kept = []
    seen: set[tuple[int, bytes]] = set()
    for number, proposal in enumerate(proposals):
        rows = rows_of(hits, number)
        reason = _unusable(rows, proposal.label, L)
        if not reason and (proposal.label, rows.tobytes()) in seen:
            reason = REPEATED
        if reason:
            left_out[reason] += 1
        else:
            seen.add((proposal.label, rows.tobytes()))
            kept.append(number)
    labels = np.array([proposals[number].label for number in kept], dtype=np.int64)
    judged = judge(hits[:, kept], evidence, labels)
    both = Judged(
        np.concatenate([pool.judged.label, judged.label]),
        np.concatenate([pool.judged.shares, judged.shares]),
        np.concatenate([pool.judged.edge, judged.edge]),
    )
    patterns = [*pool.patterns, *(proposals[number].pattern for number in kept)]
    joined = Pool(patterns, hstack([pool.hits, hits[:, kept]], format="csr"), both)
    weak = int((~joined.good[len(pool.patterns) :]).sum())
    return joined, left_out + Counter({WEAK: weak} if weak else {})


def _unusable(rows: NDArray[np.int64], label: int, L: VoteArray) -> str:
    """Return why a pattern is not worth judging; empty if it is."""
    if not len(rows):
        return NO_MATCH
    if len(rows) > _MOST_COVERAGE * len(L):
        return TOO_MANY
    agreeing = (L[rows] == label).mean(axis=0)
    return VOTES_REPEATED if len(agreeing) and agreeing.max() >= _SAME_VOTES else ""


def choose(pool: Pool, evidence: Evidence, points: Floats, n: int) -> list[Choice]:
    r"""Choose up to ``n`` candidates greedily, each for what it adds to those before it.

    The objective is :math:`\sum_c |new_c| (precision_c - chance_c) / (1 - chance_c)`, over the rows that no
    labeling function and no earlier candidate covers. It is submodular, so the greedy choice is within
    :math:`1 - 1/e` of the optimum. A keyword is joined by others that occur in similar texts.

    Parameters
    ----------
    pool
        The patterns to choose from.
    evidence
        Class probabilities of the rows, and which rows have no votes.
    points
        The texts as vectors, by which words are compared. Shape: [n, d].
    n
        Maximum number of candidates.

    References
    ----------
    Nemhauser, Wolsey and Fisher, An analysis of approximations for maximizing submodular set functions, 1978.
    """
    rows = np.where(evidence.uncovered, 1.0, _COVERED_ROW_VALUE)
    similarity = _Similarity(pool, points)
    chosen: list[Choice] = []
    while pool.patterns and len(chosen) < n:
        value = pool.value(rows)
        best = int(value.argmax())
        if value[best] <= 0 or _new(pool, best, rows) < _MIN_NEW_ROWS:
            break
        members = _with_similar(pool, best, similarity.to(best), rows)
        union = _union(pool.hits, members)
        label = int(pool.judged.label[best])
        voted = np.sort(union.nonzero()[0]).astype(np.int64)
        phrases = tuple(phrase for number in members for phrase in pool.patterns[number].phrases)
        pattern = replace(pool.patterns[best], phrases=phrases)
        chosen.append(Choice(pattern, voted, label, float(judge(union, evidence).shares[0, label])))
        rows[voted] = 0.0
    return chosen


class _Similarity:
    """How similar the texts of two patterns are, as cosines of their centres."""

    def __init__(self, pool: Pool, points: Floats) -> None:
        centres = pool.hits.T @ points
        self._centres = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)

    def to(self, number: int) -> Floats:
        """Return the cosines with one of them. Shape: [c]."""
        cosines: Floats = self._centres @ self._centres[number]
        return cosines


def _with_similar(pool: Pool, first: int, similarity: Floats, rows: Floats) -> list[int]:
    """Add similar keywords to a keyword: those that cover the most rows that the others do not."""
    members, rows = [first], rows.copy()
    if pool.patterns[first].kind != "keyword" or pool.patterns[first].source != "texts":
        return members
    edge = pool.judged.edge
    eligible = (
        (similarity > _MIN_COSINE)
        & (pool.judged.label == pool.judged.label[first])
        & (edge > _MIN_EDGE_RATIO * edge[first])
    )
    eligible &= np.array([pattern.kind == "keyword" and pattern.source == "texts" for pattern in pool.patterns])
    while len(members) < _MAX_PHRASES:
        last = pool.patterns[members[-1]].phrases[0]
        eligible &= np.array([not _overlap(pattern.phrases[0], last) for pattern in pool.patterns])
        rows[rows_of(pool.hits, members[-1])] = 0.0
        value = np.where(eligible, pool.value(rows), 0.0)
        best = int(value.argmax())
        if value[best] <= 0 or _new(pool, best, rows) < _MIN_NEW_ROWS:
            break
        members.append(best)
    return members


def on_all_rows(chosen: Sequence[Choice], batches: Iterable[list[str]], evidence: CorpusEvidence) -> list[Choice]:
    """Apply patterns that were chosen on a sample to the texts of all rows, and estimate their precision there."""
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
    """Return the most valuable phrases; of those in the same rows, the simplest."""
    pool = Pool([], phrases.hits, judge(phrases.hits, evidence))
    value = pool.value(np.where(evidence.uncovered, 1.0, _COVERED_ROW_VALUE))
    order = sorted(np.flatnonzero(value > 0).tolist(), key=lambda number: _simplest(value, phrases, number))
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


def _simplest(value: Floats, phrases: Phrases, number: int) -> tuple[float, bool, int, str]:
    name = phrases.names[number]
    # Of overlapping runs of characters, the longest is the word; of overlapping phrases, the shortest is enough.
    return -round(value[number], 9), not is_keyword(name), -len(name) if is_unspaced(name) else len(name), name


def _slots(single: list[Pattern], label: NDArray[np.int64]) -> list[tuple[list[int], Pattern]]:
    """Join phrases for one class that differ in one word."""
    slots = []
    phrases = [pattern.phrases[0] for pattern in single]
    for group in differing_in_one_word(phrases):
        for class_number in np.unique(label[list(group)]):
            same = [number for number in group if label[number] == class_number][:_MAX_PHRASES]
            if len(same) > 1:
                slots.append((same, Pattern(tuple(phrases[number] for number in same), slot=True)))
    return slots


def _union(hits: csr_array, columns: list[int]) -> csr_array:
    """Return 1 where any of these patterns votes. Shape: [n, c] -> [n, 1]."""
    from scipy.sparse import csr_array

    return csr_array(hits[:, columns].max(axis=1).reshape(-1, 1))
