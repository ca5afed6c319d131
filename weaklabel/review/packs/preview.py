"""What an edited labeling function would do before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weaklabel.labels import ABSTAIN, Labels, VoteArray
from weaklabel.scoring.intervals import Share, share

MOST_EXAMPLES = 20


@dataclass(frozen=True)
class LFStats:
    """Statistics of a labeling function on a corpus.

    Attributes
    ----------
    n_rows
        Rows of the corpus.
    votes, overlaps, conflicts
        Rows on which it votes; on which another one votes, too; and on which these votes differ.
    precision
        Share of its votes on decided rows that are correct, with interval and counts.
    """

    n_rows: int
    votes: int
    overlaps: int
    conflicts: int
    precision: Share

    @property
    def coverage(self) -> float:
        """Share of the rows on which it votes; 0 of no rows."""
        return self.votes / self.n_rows if self.n_rows else 0.0


@dataclass(frozen=True)
class LFPreview:
    """Statistics of an edited labeling function, and what the edit changes.

    Attributes
    ----------
    stats
        As edited.
    before
        As saved; None for a new one.
    n_gained, n_lost, n_changed
        Rows on which it would vote and did not, did and would not, and would vote for another class.
    gained, lost, changed
        The first few of those rows, by number.
    notes
        Remarks on the labeling function, one sentence each.
    """

    stats: LFStats
    before: LFStats | None
    n_gained: int
    n_lost: int
    n_changed: int
    gained: tuple[int, ...]
    lost: tuple[int, ...]
    changed: tuple[int, ...]
    notes: tuple[str, ...] = ()


def compare(
    new: VoteArray, old: VoteArray | None, others: VoteArray, gold: Labels, notes: Sequence[str] = ()
) -> LFPreview:
    """Compare the votes of an edited labeling function with its earlier votes.

    Parameters
    ----------
    new, old
        Its votes as edited and, if it is saved, before. Shape: [n].
    others
        Votes of the other labeling functions. Shape: [n, m - 1].
    gold
        Classes decided by reviewers, -1 for none. Shape: [n].
    notes
        Kept in the preview.
    """
    high, low = _range_of(others)
    was = np.full(len(new), ABSTAIN, dtype=np.int8) if old is None else old
    groups = (
        np.flatnonzero((new != ABSTAIN) & (was == ABSTAIN)),
        np.flatnonzero((new == ABSTAIN) & (was != ABSTAIN)),
        np.flatnonzero((new != ABSTAIN) & (was != ABSTAIN) & (new != was)),
    )
    gained, lost, changed = (tuple(rows[:MOST_EXAMPLES].tolist()) for rows in groups)
    n_gained, n_lost, n_changed = map(len, groups)
    before = None if old is None else _stats(old, high, low, gold)
    after = _stats(new, high, low, gold)
    return LFPreview(after, before, n_gained, n_lost, n_changed, gained, lost, changed, tuple(notes))


def _stats(votes: VoteArray, high: VoteArray, low: VoteArray, gold: Labels) -> LFStats:
    """Count as `weaklabel.LFAnalysis` does: a row conflicts where any of its votes differ."""
    votes_here = votes != ABSTAIN
    overlaps = votes_here & (high != ABSTAIN)
    conflicts = overlaps & ((high != votes) | (low != votes))
    judged = votes_here & (gold != ABSTAIN)
    right = int((votes[judged] == gold[judged]).sum())
    n_votes, n_overlaps, n_conflicts = (int(rows.sum()) for rows in (votes_here, overlaps, conflicts))
    return LFStats(len(votes), n_votes, n_overlaps, n_conflicts, share(right, int(judged.sum())))


def _range_of(L: VoteArray) -> tuple[VoteArray, VoteArray]:
    """Return the highest and the lowest class voted for on each row, -1 if none. Shape: [n, m] -> [n]."""
    n, m = L.shape
    high = np.full(n, ABSTAIN, dtype=L.dtype)
    low = np.full(n, np.iinfo(L.dtype).max, dtype=L.dtype)
    for column in range(m):  # column by column, the order of L in memory
        votes = L[:, column]
        np.maximum(high, votes, out=high)
        np.minimum(low, votes, out=low, where=votes != ABSTAIN)
    low[high == ABSTAIN] = ABSTAIN
    return high, low
