"""Snorkel's overlaps matrix, from vote patterns instead of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN
from weaklabel.votes.patterns import VotePatterns

_PATTERNS_AT_ONCE = 1 << 16


def count_overlaps(found: VotePatterns, cardinality: int) -> NDArray[np.float64]:
    """Count for each two (labeling function, class) how many rows have both votes.

    Parameters
    ----------
    found
        Votes.
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [m*k, m*k], labeling function ``i`` voting ``y`` at ``i*k + y``. Whole numbers: float64 adds them
        exactly up to 2**53 rows, so the order of adding does not matter.
    """
    from scipy import sparse

    d = found.m * cardinality
    total = np.zeros((d, d))
    for start in range(0, len(found), _PATTERNS_AT_ONCE):
        patterns = found.patterns[start : start + _PATTERNS_AT_ONCE]
        counts = found.counts[start : start + _PATTERNS_AT_ONCE].astype(np.float64)
        # Sparse, since of a labeling function's k indicators at most one is set, and mostly none.
        lf, row = np.nonzero(patterns.T != ABSTAIN)
        vote = lf * cardinality + patterns[row, lf]
        votes = sparse.csr_array((np.ones(len(row)), (row, vote)), shape=(len(patterns), d))
        weighted = sparse.csr_array((counts[row], (vote, row)), shape=(d, len(patterns)))
        total += (weighted @ votes).toarray()
    return total
