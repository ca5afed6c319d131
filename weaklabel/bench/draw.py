"""The draw of clean labels from train gold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.bench.cells import Clean
from weaklabel.errors import ScoreError
from weaklabel.labels import ABSTAIN, Labels


def draw_clean(Y: Labels, k: int, per_class: Clean, seed: int) -> NDArray[np.int64]:
    """Draw rows with gold, as many of each class; a smaller draw with the same seed is part of a larger one.

    Parameters
    ----------
    Y
        Gold. Shape: [n]; -1 where there is none.
    k
        Number of classes.
    per_class
        Rows a class, or "all"; a class that has fewer gives all that it has.
    seed
        Of the draw.

    Returns
    -------
    array
        Row numbers, in order.

    Raises
    ------
    ScoreError
        No row has gold.

    Examples
    --------
    >>> draw_clean(np.array([0, 1, 0, -1, 0]), 2, "all", seed=0)
    array([0, 1, 2, 4])
    """
    if not (Y != ABSTAIN).any():
        raise ScoreError("no train row has gold to draw clean labels from")
    chosen = []
    for label in range(k):
        rows = np.random.default_rng([seed, label]).permutation(np.flatnonzero(label == Y))
        chosen.append(rows if per_class == "all" else rows[:per_class])
    return np.sort(np.concatenate(chosen))
