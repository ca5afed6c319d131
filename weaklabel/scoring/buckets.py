"""Rows grouped by several labelings of them: gold and predictions, two labeling functions, two models."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import ScoreError
from weaklabel.labels import check_Y

Rows = TypeVar("Rows")


def get_label_buckets(*labels: ArrayLike) -> dict[tuple[int, ...], NDArray[np.int64]]:
    """Return the rows of each combination of labels that occurs.

    Parameters
    ----------
    labels
        One or more labelings of the same rows, -1 for no label. Shape of each: [n].

    Returns
    -------
    dict
        From combination, in the order of ``labels``, to the numbers of its rows, in their order.

    Raises
    ------
    ScoreError, VoteError
        There are none, they differ in length, or one is not a labeling.

    Examples
    --------
    >>> get_label_buckets([1, 1, 1, 0], [1, 1, -1, -1])
    {(0, -1): array([3]), (1, -1): array([2]), (1, 1): array([0, 1])}
    """
    checked = [check_Y(labeling) for labeling in labels]
    if len({len(labeling) for labeling in checked}) != 1:
        raise ScoreError(
            f"give labelings of one length, not of {', '.join(str(len(labeling)) for labeling in checked) or 'none'}"
        )
    combinations, inverse = np.unique(np.stack(checked, axis=1), axis=0, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(inverse.ravel(), minlength=len(combinations)))
    return {
        tuple(labeling): rows for labeling, rows in zip(combinations.tolist(), np.split(order, ends[:-1]), strict=False)
    }


def get_label_instances(bucket: tuple[int, ...], x: Rows, *labels: ArrayLike) -> Rows:
    """Return what ``x`` has in the rows of one combination of labels; see `get_label_buckets`.

    Parameters
    ----------
    bucket
        A label of each of ``labels``.
    x
        A pandas or polars frame or Series, an array, or a list. Length: n.
    labels
        Labelings of the same rows. Shape of each: [n].

    Raises
    ------
    ScoreError, VoteError
        The lengths differ, or one is not a labeling.

    Examples
    --------
    >>> get_label_instances((1, 0), ["a", "b", "c"], [1, 1, 1], [1, 0, 0])
    ['b', 'c']
    """
    given: Any = x
    if len(bucket) != len(labels):
        raise ScoreError(f"a bucket of {len(labels)} labelings has as many labels, not {len(bucket)}")
    if not labels or len(given) != len(np.asarray(labels[0])):
        raise ScoreError(f"x has {len(given)} rows; give labelings of as many")
    rows = get_label_buckets(*labels).get(tuple(bucket), np.empty(0, dtype=np.int64))
    if hasattr(given, "iloc"):
        given = given.iloc
    items: Any = [given[row] for row in rows.tolist()] if isinstance(given, list | tuple) else given[rows]
    return items
