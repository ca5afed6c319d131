"""Counting the frequent runs of tokens in many texts at once: run by run in Python would take most of the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

START = "^"

Numbers = NDArray[np.int64]

_BREAK = 0
_START = 1


@dataclass(frozen=True)
class FrequentRuns:
    """Frequent runs of one length: their names, and for each text that has one the number of the run and of the text."""

    names: list[str]
    runs: Numbers
    texts: Numbers


class Tokens:
    """Tokens of texts, one after the other, with breaks over which no run reaches.

    Parameters
    ----------
    between
        Text between the tokens in a run's name.
    """

    def __init__(self, between: str) -> None:
        self._between = between
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        for token in ("", START):
            self._numbers[token]
        self._tokens: list[int] = []
        self._ends: list[int] = []

    def add(self, run: Iterable[str]) -> None:
        """Add tokens of the present text, and a break."""
        self._tokens.extend(map(self._numbers.__getitem__, run))
        self._tokens.append(_BREAK)

    def end_text(self) -> None:
        """Go on to the next text."""
        self._ends.append(len(self._tokens))

    def frequent(self, longest: int, least: int) -> Iterator[FrequentRuns]:
        """Give the runs of 1, 2, ... tokens that occur in at least ``least`` texts, and those that begin one.

        A run can only be frequent if what it begins and ends with is, so that each length is built from the one before.
        """
        tokens = np.array(self._tokens, dtype=np.int64)
        ends = np.array([0, *self._ends], dtype=np.int64)
        texts = np.repeat(np.arange(len(self._ends)), ends[1:] - ends[:-1])
        begins = np.concatenate([[False], tokens[:-1] == _START])[: len(tokens)]
        keys, names = np.where(tokens == _START, _BREAK, tokens), list(self._numbers)
        single, runs, single_names = keys, keys, names
        for length in range(1, longest + 1):
            if length > 1:
                there = (runs[:-1] > 0) & (runs[1:] > 0) & (single[length - 1 :] > 0)
                keys = np.where(there, runs[:-1] * len(single_names) + single[length - 1 :], _BREAK)
            runs, frequent, places = _frequent(keys, texts[: len(keys)], least)
            if length == 1:
                names = single_names = ["", *(names[key] for key in frequent.tolist())]
                single = runs
            else:
                pairs = zip(*(part.tolist() for part in divmod(frequent, len(single_names))), strict=True)
                names = ["", *(names[first] + self._between + single_names[last] for first, last in pairs)]
            yield FrequentRuns(names[1:], *places)
            _, first, places = _frequent(np.where(begins[: len(runs)], runs, _BREAK), texts[: len(runs)], least)
            yield FrequentRuns([START + names[run] for run in first.tolist()], *places)


def _frequent(keys: Numbers, texts: Numbers, least: int) -> tuple[Numbers, Numbers, tuple[Numbers, Numbers]]:
    """Number from 1 the keys that occur in at least ``least`` texts; others are 0.

    Returns
    -------
    numbers
        Of each place. Shape: [t].
    frequent
        The keys by number. Shape: [f].
    found
        For each text that has one, which of them (from 0) and the text.
    """
    places = np.flatnonzero(keys)
    n = int(texts[-1]) + 1 if len(texts) else 1
    once = np.sort(keys[places] * n + texts[places])
    once = once[np.diff(once, prepend=-1) > 0]
    of_key = once // n
    counts = np.diff(np.flatnonzero(np.diff(of_key, prepend=-1, append=-1)))
    kept = np.repeat(counts >= least, counts)
    once, of_key = once[kept], of_key[kept]
    frequent = of_key[np.diff(of_key, prepend=-1) > 0]
    numbers = np.zeros(len(keys), dtype=np.int64)
    if len(frequent):
        number = np.minimum(np.searchsorted(frequent, keys[places]), len(frequent) - 1)
        numbers[places] = np.where(frequent[number] == keys[places], number + 1, 0)
    return numbers, frequent, (np.searchsorted(frequent, of_key), once % n)
