"""One scan of a column for the literals of all pattern labeling functions that have some.

An Aho-Corasick automaton (Aho and Corasick, 1975) finds every literal of every labeling function in one pass over the
folded text. Most finds of plain keywords are votes as they stand; on the few other rows that hold a literal of a labeling
function its regex is asked, and on all other rows it abstains. Votes are the same as from the regexes alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
import polars as pl
from ahocorasick_rs import BytesAhoCorasick, Implementation
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, VoteArray, as_votes
from weaklabel.lf.literals import ASCII_TWINS, fold
from weaklabel.lf.patterns import PatternLF, column_text

Positions = NDArray[np.int64]

MAX_DFA = 100_000
"""Bytes of literals up to which the automaton is a table, which takes 256 bytes of memory for each and is fastest."""

SAMPLE = 500
"""Rows that are scanned first, to find the labeling functions whose literals are everywhere."""

COMMON = 0.25
"""Finds a row from which on a labeling function is better off without the scan."""


def scan_votes(lfs: Sequence[PatternLF], frame: pl.DataFrame) -> dict[PatternLF, VoteArray]:
    """Let labeling functions vote by one scan of the column that they read.

    Parameters
    ----------
    lfs
        Labeling functions that read the same column and have literals.
    frame
        The rows.

    Returns
    -------
    dict
        Votes, of shape [n], of those whose literals are rare enough in these rows; the others are left out.
    """
    texts = frame.select(column_text(lfs[0].columns[0])).to_series()
    if len(texts) > 2 * SAMPLE:
        lfs = _rare(lfs, texts.gather_every(len(texts) // SAMPLE))
        if not lfs:
            return {}
    column = _Column(texts)
    scanner = _scanner(tuple(lfs))
    votes = np.full((len(lfs), len(texts)), ABSTAIN, scanner.labels.dtype)
    lf, row, is_sure = scanner.find(column)
    votes[lf[is_sure], row[is_sure]] = scanner.labels[lf[is_sure]]
    unsure = lf[~is_sure] * len(texts) + row[~is_sure]
    odd = np.add.outer(np.arange(len(lfs)) * len(texts), column.odd).ravel()
    for number, rows in _by_lf(np.append(unsure, odd), len(texts)):
        votes[number, rows] = ask_rows(lfs[number], texts, rows)
    return dict(zip(lfs, votes, strict=True))


def ask_rows(lf: PatternLF, texts: pl.Series, rows: Positions) -> VoteArray:
    """Return the votes of a labeling function on some rows of its column. Shape: that of ``rows``."""
    votes: VoteArray = texts.gather(rows).to_frame().select(lf.expr).to_series().to_numpy()
    return votes


def _rare(lfs: Sequence[PatternLF], sample: pl.Series) -> list[PatternLF]:
    lf, _, _ = _scanner(tuple(lfs)).find(_Column(sample))
    finds = np.bincount(lf, minlength=len(lfs))
    return [each for each, count in zip(lfs, finds, strict=True) if count <= COMMON * len(sample)]


def _by_lf(places: Positions, n: int) -> Iterator[tuple[int, Positions]]:
    """Yield the different rows of each labeling function that has any; its places are its number times ``n`` plus row."""
    places = np.unique(places)
    numbers, begins = np.unique(places // max(1, n), return_index=True)
    for number, begin, end in zip(numbers, begins, [*begins[1:], len(places)][: len(begins)], strict=True):
        yield int(number), places[begin:end] - number * n


class _Column:
    """The texts of a column as one run of bytes, with a line break before, between and after them.

    Attributes
    ----------
    data : bytes
        UTF-8.
    starts : array
        Where each text begins. Shape: [n].
    odd : array
        Rows on which folding says nothing, since they have one of `ASCII_TWINS`.
    """

    def __init__(self, texts: pl.Series) -> None:
        lines = pl.concat([pl.Series([""], dtype=pl.String), texts.alias("")]) + "\n"
        arrow = lines.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        _, offsets, data = arrow.buffers()
        self.starts = np.frombuffer(offsets, np.int64)[arrow.offset + 1 : arrow.offset + 1 + len(texts)]
        self.data: bytes = data.to_pybytes()
        self.odd = np.empty(0, np.int64)
        if not self.data.isascii():
            self.odd = np.flatnonzero(texts.str.contains_any(list(ASCII_TWINS)).fill_null(False).to_numpy())


class _Scanner:
    """The literals of some labeling functions, ready to be found.

    Attributes
    ----------
    labels : array
        The class each labeling function votes for. Shape: [m].
    """

    def __init__(self, lfs: Sequence[PatternLF]) -> None:
        pairs = [(number, literal) for number, lf in enumerate(lfs) for literal in sorted(lf.literals)]
        literals = [literal for _, literal in pairs]
        # The automaton takes a literal as often as it is given, so each find belongs to one labeling function.
        is_small = sum(map(len, literals)) <= MAX_DFA
        self._automaton = BytesAhoCorasick(literals, implementation=Implementation.DFA if is_small else None)
        self._lf = np.array([number for number, _ in pairs])
        self._is_sure = np.array([literal in lfs[number].sure for number, literal in pairs])
        self._lead = np.array([len(literal) - len(literal.lstrip()) for literal in literals])
        self._is_bounded = np.array([literal != literal.strip() for literal in literals])
        self.labels = as_votes(np.array([lf.label for lf in lfs]))

    def find(self, column: _Column) -> tuple[Positions, Positions, NDArray[np.bool]]:
        """Return labeling function, row, and whether that is a vote already, of every literal found. Shape: [finds]."""
        found = self._automaton.find_matches_as_indexes(fold(column.data), overlapping=True)
        literal, begin, end = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3).T
        row = np.searchsorted(column.starts, begin + self._lead[literal], "right") - 1
        data = np.frombuffer(column.data, np.uint8)
        is_ascii = (data[begin] < 128) & (data[end - 1] < 128)
        return self._lf[literal], row, self._is_sure[literal] & (is_ascii | ~self._is_bounded[literal])


@lru_cache(maxsize=8)
def _scanner(lfs: tuple[PatternLF, ...]) -> _Scanner:
    return _Scanner(lfs)
