"""Which units belong to which row: an array of offsets, as Arrow has it for lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError


def check_offsets(offsets: ArrayLike, n_units: int) -> NDArray[np.int64]:
    """Return offsets as int64.

    Parameters
    ----------
    offsets
        The units of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    n_units
        Units of all rows.

    Raises
    ------
    VoteError
        They are not whole numbers that begin with 0, never fall, and end with ``n_units``.

    Examples
    --------
    >>> check_offsets([0, 2, 2, 3], n_units=3)
    array([0, 2, 2, 3])
    """
    checked = np.asarray(offsets)
    if checked.ndim != 1 or not len(checked) or checked.dtype.kind not in "iu":
        raise VoteError(
            f"offsets must be whole numbers of shape [rows + 1], not {checked.dtype} of shape {checked.shape}"
        )
    checked = checked.astype(np.int64, copy=False)
    if checked[0] != 0 or checked[-1] != n_units or bool((np.diff(checked) < 0).any()):
        raise VoteError(
            f"offsets must begin with 0, never fall, and end with the number of units, {n_units}; "
            f"they begin with {checked[0]} and end with {checked[-1]}"
        )
    return checked


def row_of_units(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of each unit. Shape: [n_rows + 1] -> [n_units].

    Examples
    --------
    >>> row_of_units(np.array([0, 2, 2, 3]))
    array([0, 0, 2])
    """
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
