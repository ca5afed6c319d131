"""Votes in whatever form a label model was given them."""

from __future__ import annotations

import numpy as np

from weaklabel.errors import LabelModelError
from weaklabel.labels import MAX_CARDINALITY, VoteArray, check_L
from weaklabel.votes.matrix import GivenVotes, Votes
from weaklabel.votes.patterns import VotePatterns


def checked_votes(L: GivenVotes, cardinality: int) -> VoteArray | VotePatterns:
    """Return votes as an array or as patterns, whose every vote is one of ``cardinality`` classes.

    Raises
    ------
    VoteError
        L is no label matrix, or has a vote outside the classes.
    LabelModelError
        There is no such cardinality.
    """
    if not isinstance(cardinality, int | np.integer) or not 1 <= cardinality <= MAX_CARDINALITY:
        raise LabelModelError(f"cardinality must be 1 to {MAX_CARDINALITY}, not {cardinality!r}")
    found = L.patterns() if isinstance(L, Votes) else L
    if isinstance(found, VotePatterns):
        check_L(found.patterns, cardinality)
        return found
    return check_L(found, cardinality)
