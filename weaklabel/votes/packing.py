"""Votes packed several to a byte, or into two bytes each, in an order that keeps that of the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import VoteArray, vote_dtype

_ROWS_AT_ONCE = 1 << 15
"""Rows packed together: few enough that their bytes stay in the processor's cache."""


def votes_a_byte(base: int) -> int:
    """Return how many digits of ``base`` (the number of classes and one for the abstain) fit a byte; at least 1."""
    digits = 1
    while base ** (digits + 1) <= 256:
        digits += 1
    return digits


def bytes_of_votes(m: int, base: int) -> int:
    """Return how many bytes ``m`` packed votes take."""
    return 2 * m if base > 256 else -(-m // votes_a_byte(base))


def votes_in_bytes(n_bytes: int, base: int) -> int:
    """Return how many packed votes fit."""
    return n_bytes // 2 if base > 256 else n_bytes * votes_a_byte(base)


def pack_bytes(L: VoteArray, base: int) -> NDArray[np.uint8]:
    """Read each few votes of a row as one number, the first vote its first digit and the abstain 0.

    Where there are too many classes for a byte, a vote is a number of two bytes, the high one first.

    Parameters
    ----------
    L
        Shape: [n, m]; votes -1..base-2. Fastest where it is stored by column.
    base
        2 to 32,768.

    Returns
    -------
    array
        Shape: [n, bytes_of_votes(m, base)], stored by column. Missing votes at the end are abstains.
    """
    digits = votes_a_byte(base)
    packed = np.zeros((len(L), bytes_of_votes(L.shape[1], base)), dtype=np.uint8, order="F")
    for start in range(0, len(L), _ROWS_AT_ONCE):
        some, into = L[start : start + _ROWS_AT_ONCE], packed[start : start + _ROWS_AT_ONCE]
        if base > 256:
            codes = some + np.int16(1)
            into[:, 0::2], into[:, 1::2] = codes >> 8, codes & 255
            continue
        votes = some.view(np.uint8) if some.dtype == np.int8 else some.astype(np.uint8)  # either way 255 is the abstain
        for column in range(packed.shape[1] * digits):
            byte = into[:, column // digits]
            byte *= np.uint8(base % 256)  # of the first digit, which alone may be of base 256, nothing is there yet
            if column < L.shape[1]:
                byte += votes[:, column]
                byte += np.uint8(1)
    return packed


def unpack_bytes(packed: NDArray[np.uint8], base: int, m: int) -> VoteArray:
    """Undo `pack_bytes`. Shape: [n, ...] -> [n, m]."""
    if vote_dtype(base - 1) is not np.int8:
        return _unpack_wide(packed, base, m)
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


def _unpack_wide(packed: NDArray[np.uint8], base: int, m: int) -> VoteArray:
    """Undo it for votes that fill a byte or two."""
    L = np.empty((len(packed), m), dtype=np.int16, order="F")
    each = bytes_of_votes(1, base)
    for column in range(m):
        votes = L[:, column]
        votes[:] = packed[:, column * each]
        for low in packed[:, column * each + 1 : (column + 1) * each].T:
            votes <<= 8
            votes |= low
        votes -= 1
    return L


def pack_word(L: VoteArray, base: int) -> NDArray[np.uint64]:
    """Pack the votes of a row, as many as eight bytes hold, into one number that sorts as the rows do."""
    packed = pack_bytes(L, base)
    word = np.zeros(len(L), dtype=np.uint64)
    for byte in packed.T:
        word <<= np.uint64(8)
        word |= byte
    return word
