"""The labeling functions, votes and spans of a review at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weaklabel.lf.packs import LFCollection
from weaklabel.report.spans import disputed_rows
from weaklabel.units import Spans, in_code_points
from weaklabel.votes.spans import SpanVotes


@dataclass(frozen=True, eq=False)
class SpanSnapshot:
    """Labeling functions, votes and spans at one moment; a change makes another snapshot.

    Attributes
    ----------
    lfs
        The labeling functions; None if there are none.
    votes
        What they marked; None if there are none.
    spans
        The proposed spans, in code points. Length: n.
    probs
        Probability of each, NaN where there is none. Shape: [n].
    is_stale
        Whether labeling functions have changed since spans were proposed.
    """

    lfs: LFCollection | None
    votes: SpanVotes | None
    spans: Spans
    probs: NDArray[np.float64]
    is_stale: bool = False

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.spans.n_rows

    @cached_property
    def voted(self) -> tuple[Spans, ...]:
        """The votes of each labeling function in code points. Length: m."""
        votes = self.votes
        if votes is None or votes.words is None:
            return ()
        return tuple(in_code_points(spans, votes.words) for spans in votes.spans)

    @cached_property
    def negatives(self) -> tuple[Spans, ...]:
        """Where each labeling function says that there is no entity, in code points. Length: m."""
        votes = self.votes
        if votes is None or votes.words is None:
            return ()
        return tuple(in_code_points(spans, votes.words) for spans in votes.negatives)

    @cached_property
    def least_prob(self) -> NDArray[np.float64]:
        """Probability of each row's least sure span; NaN where no span has one. Shape: [n_rows]."""
        least = np.full(self.n_rows, np.inf)
        has_prob = ~np.isnan(self.probs)
        np.minimum.at(least, self.spans.row[has_prob], self.probs[has_prob])
        return np.where(np.isinf(least), np.nan, least)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Number of proposed spans of each row. Shape: [n_rows]."""
        return np.bincount(self.spans.row, minlength=self.n_rows)

    @cached_property
    def conflict(self) -> NDArray[np.int64]:
        """Number of pairs of different spans that were voted for and overlap, of each row. Shape: [n_rows]."""
        counts = np.zeros(self.n_rows, dtype=np.int64)
        if self.votes is not None:
            rows, pairs = disputed_rows(self.votes)
            counts[rows] = pairs
        return counts

    @cached_property
    def covered(self) -> NDArray[np.bool_]:
        """Whether any labeling function marks a span in each row. Shape: [n_rows]."""
        is_covered = np.zeros(self.n_rows, dtype=bool)
        for spans in self.votes.spans if self.votes is not None else ():
            is_covered[spans.row] = True
        return is_covered
