"""Votes packed several to a byte, in an order that keeps that of the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import Votes8

_ROWS_AT_ONCE = 1 << 15
"""Rows packed together: few enough that their bytes stay in the processor's cache."""


def votes_a_byte(base: int) -> int:
    """Return how many digits of ``base`` (the number of classes and one for the abstain) fit a byte; at least 1."""
    digits = 1
    while base ** (digits + 1) <= 256:
        digits += 1
    return digits


def pack_bytes(L: Votes8, base: int) -> NDArray[np.uint8]:
    """Read each few votes of a row as one number, the first vote its first digit and the abstain 0.

    Parameters
    ----------
    L
        Shape: [n, m]; votes -1..base-2. Fastest where it is stored by column.
    base
        2 to 128.

    Returns
    -------
    array
        Shape: [n, ceil(m / votes_a_byte(base))], stored by column. Missing votes at the end are abstains.
    """
    digits = votes_a_byte(base)
    packed = np.zeros((len(L), -(-L.shape[1] // digits)), dtype=np.uint8, order="F")
    for start in range(0, len(L), _ROWS_AT_ONCE):
        votes, into = L[start : start + _ROWS_AT_ONCE].view(np.uint8), packed[start : start + _ROWS_AT_ONCE]
        for column in range(packed.shape[1] * digits):
            byte = into[:, column // digits]
            byte *= np.uint8(base)
            if column < L.shape[1]:
                byte += votes[:, column]
                byte += np.uint8(1)
    return packed


def unpack_bytes(packed: NDArray[np.uint8], base: int, m: int) -> Votes8:
    """Undo `pack_bytes`. Shape: [n, ...] -> [n, m]."""
    digits = votes_a_byte(base)
    L = np.empty((len(packed), m), dtype=np.int8, order="F")
    for start in range(0, len(packed), _ROWS_AT_ONCE):
        votes = L[start : start + _ROWS_AT_ONCE].view(np.uint8)
        for column, byte in enumerate(packed[start : start + _ROWS_AT_ONCE].T):
            rest = byte
            for place in range(column * digits + digits - 1, column * digits - 1, -1):
                higher = rest // np.uint8(base)
                if place < m:
                    np.subtract(rest, higher * np.uint8(base), out=votes[:, place])
                    votes[:, place] -= np.uint8(1)  # 255 is the abstain
                rest = higher
    return L


def pack_word(L: Votes8, base: int) -> NDArray[np.uint64]:
    """Pack the votes of a row, as many as eight bytes hold, into one number that sorts as the rows do."""
    packed = pack_bytes(L, base)
    word = np.zeros(len(L), dtype=np.uint64)
    for byte in packed.T:
        word <<= np.uint64(8)
        word |= byte
    return word
