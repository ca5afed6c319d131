"""Which labeling functions vote at all: the others are left out of a label model, and that is said."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns


def voting_lfs(found: VotePatterns) -> NDArray[np.bool_]:
    """Say which labeling functions vote on any row; a `WeakLabelWarning` says how many do not. Shape: [m]."""
    voting = found.patterns.max(axis=0, initial=ABSTAIN) >= 0
    if not voting.any():
        nothing = f"no labeling function votes on any of the {found.n} rows, so no row gets a label"
        warn(nothing)
    elif not voting.all():
        silent = f"{(~voting).sum()} of {found.m} labeling functions never vote and are left out of the label model"
        warn(silent)
    return voting
