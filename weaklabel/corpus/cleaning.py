"""Cleaning of texts before they are split or learned from."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def normalise(text: str) -> str:
    """Return ``text`` in Unicode form NFKC, case-folded, with each run of white space as one space, none at the ends.

    Examples
    --------
    >>> normalise("  Ｗin\\tA  PRIZE ")
    'win a prize'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def drop_duplicates(texts: Iterable[str]) -> NDArray[np.int64]:
    """Return the positions of the first occurrence of each text, ascending; texts that `normalise` alike are one.

    Drop duplicates before a corpus is split into training and test rows: a text on both sides flatters every score.

    Returns
    -------
    NDArray[np.int64]
        Shape: [number of distinct texts].

    Examples
    --------
    >>> drop_duplicates(["Call me", "WIN", "call  ME", "win!"])
    array([0, 1, 3])
    """
    first: dict[str, int] = {}
    for position, text in enumerate(texts):
        first.setdefault(normalise(text), position)
    return np.fromiter(first.values(), dtype=np.int64, count=len(first))
