"""Which rows to see, and in which order; decided for all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rows: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Order: TypeAlias = Literal["row", "confidence", "random", "conflict"]


@dataclass(frozen=True)
class Filter:
    """Which rows to see: those that meet every condition given; None is no condition.

    Attributes
    ----------
    lf
        Name of a labeling function that votes on the row.
    vote
        Class name that it votes for, or where ``lf`` is not given, any labeling function.
    label
        Class name that the label model gives the row; "" for rows that it gives none.
    min_conf, max_conf
        Bounds, included, of the probability of the row's most probable class; rows without probabilities meet neither.
    conflict
        Whether votes on the row differ.
    uncovered
        Whether no labeling function votes on the row.
    decided
        Whether somebody, or ``reviewer`` where that is given, decided on the row.
    reviewer
        Name of one who decided on the row, or with ``decided=False`` did not.
    disagreement
        Whether reviewers decided differently on the row.
    text
        Stands in the row's text, upper and lower case alike.
    cluster
        Number, in the suggestions, of a cluster of uncovered rows.
    sample
        Id of a spot check that the row was drawn for; rows then come in the order of the draw.
    """

    lf: str | None = None
    vote: str | None = None
    label: str | None = None
    min_conf: float | None = None
    max_conf: float | None = None
    conflict: bool | None = None
    uncovered: bool | None = None
    decided: bool | None = None
    reviewer: str | None = None
    disagreement: bool | None = None
    text: str | None = None
    cluster: int | None = None
    sample: str | None = None


@dataclass(frozen=True, eq=False)
class Page:
    """One page of the rows that a filter found.

    Attributes
    ----------
    rows
        Row numbers, in the order asked for. At most ``limit``.
    total
        Rows that the filter found in all.
    """

    rows: Rows
    total: int
