"""Which rows are checked, and in what order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SHARES = (0.0, 0.25, 0.5, 0.75)
"""Shares of the draws that go where errors are expected, of which one is chosen; the others go to all rows alike."""

_STAKES = np.linspace(0.02, 0.98, 25)

_AT_ONCE = 1 << 12


@dataclass(frozen=True, eq=False)
class CheckDesign:
    """Independent draws of rows, with replacement.

    Attributes
    ----------
    rows
        The rows that may be drawn. Shape: [n].
    odds
        Probability of each at every draw. Shape: [n].
    stake
        Share of the largest stake that is best if confidences are right; see `weaklabel.quality.betting`.
    growth
        Nats by which a draw raises the log capital of a bet on the wanted precision, if confidences are right.
    seed
        Of the draws.
    """

    rows: NDArray[np.int64]
    odds: Floats
    stake: float
    growth: float
    seed: int

    @property
    def weights(self) -> Floats:
        """Of each row's error in the mean over draws. Shape: [n]."""
        return 1 / (len(self.rows) * self.odds)

    def draws(self) -> Iterator[int]:
        """Yield places in `rows`, without end; the same for the same seed."""
        rng, ends = np.random.default_rng(self.seed), np.cumsum(self.odds)
        while True:
            drawn = np.searchsorted(ends, rng.random(_AT_ONCE) * ends[-1], side="right")
            yield from np.minimum(drawn, len(self.rows) - 1).tolist()


def make_design(rows: NDArray[np.int64], confidence: Floats, max_error: float, seed: int) -> CheckDesign:
    """Choose the odds with which fewest rows have to be checked if confidences are right.

    Rows of low confidence are drawn more often where that helps. What is estimated does not rest on confidences: each row
    counts by the inverse of its odds (Horvitz and Thompson, JASA 1952).

    Parameters
    ----------
    rows
        Those with a label. Shape: [n], n of 1 or more.
    confidence
        Probability of the label of each; NaN where it is not known. Shape: [n].
    max_error
        Share of wrong labels that is to be ruled out, above 0 and below 1.
    seed
        Of the draws.
    """
    n = len(rows)
    typical = np.nanmean(confidence) if np.isfinite(confidence).any() else 1 - max_error / 2
    errors = 1 - np.where(np.isfinite(confidence), confidence, typical)
    designs = [
        CheckDesign(rows, odds, *best_stake(odds, errors, max_error), seed)
        for share in (_SHARES if errors.sum() > 0 else _SHARES[:1])
        for odds in [(1 - share) / n + share * errors / max(errors.sum(), 1e-300)]
    ]
    return max(designs, key=lambda design: design.growth)


def best_stake(odds: Floats, errors: Floats, max_error: float) -> tuple[float, float]:
    """Return the stake under which the capital of a bet on at most ``max_error`` grows fastest, and the growth of a draw.

    Parameters
    ----------
    odds, errors
        Of each row: the probability that it is drawn, and that its label is wrong. Shape: [n].
    max_error
        See `make_design`.
    """
    weights = 1 / (len(odds) * odds)
    room = weights.max() - max_error
    right, wrong = max_error / room, (max_error - weights) / room
    drawn_right, drawn_wrong = float(odds @ (1 - errors)), odds * errors
    growths = [drawn_right * np.log1p(stake * right) + drawn_wrong @ np.log1p(stake * wrong) for stake in _STAKES]
    best = int(np.argmax(growths))
    return float(_STAKES[best]), float(growths[best])
