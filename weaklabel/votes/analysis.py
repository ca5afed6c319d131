"""What labeling functions do: coverage, overlaps, conflicts, and accuracy against gold; Snorkel's table, faster."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import ABSTAIN, check_Y
from weaklabel.table import table
from weaklabel.votes.matrix import Votes
from weaklabel.votes.patterns import VotePatterns, vote_patterns

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


class LFAnalysis:
    """Statistics of labeling functions, computed from vote patterns with their counts.

    As in Snorkel, except that an accuracy without any vote behind it is NaN and not 0, and that rows without gold
    (-1) are left out and not counted as errors. Shares of no rows at all are NaN.

    Parameters
    ----------
    L
        Label matrix, its patterns, or `Votes`. Shape: [n, m].
    lfs
        Labeling functions, or their names, in the order of L's columns; those of ``L`` where it is `Votes`.

    Raises
    ------
    VoteError
        L is no label matrix, or ``lfs`` are not as many as its columns.

    Examples
    --------
    >>> analysis = LFAnalysis([[-1, 0, 0], [-1, -1, -1], [1, 0, -1], [-1, 0, -1], [0, 0, 0]])
    >>> analysis.lf_coverages()
    array([0.4, 0.8, 0.4])
    >>> analysis.label_conflict()
    0.2
    """

    def __init__(self, L: ArrayLike | VotePatterns | Votes, lfs: Sequence[Any] | None = None) -> None:
        if isinstance(L, Votes):
            found, lfs = L.patterns(), lfs if lfs is not None else L.lf_names
        else:
            found = L if isinstance(L, VotePatterns) else vote_patterns(L)
        self.patterns = found
        self.lf_names = None if lfs is None else [str(getattr(lf, "name", lf)) for lf in lfs]
        if self.lf_names is not None and len(self.lf_names) != found.m:
            raise VoteError(f"{len(self.lf_names)} labeling functions for the {found.m} columns of L")
        n_votes = (found.patterns != ABSTAIN).sum(axis=1)
        highest = found.patterns.max(axis=1, initial=ABSTAIN)
        lowest = np.where(found.patterns == ABSTAIN, np.int8(127), found.patterns).min(axis=1, initial=127)
        self._covered = n_votes > 0
        self._overlapped = n_votes > 1
        self._conflicted = self._overlapped & (highest != lowest)

    def label_coverage(self) -> float:
        """Return the share of rows with at least one vote."""
        return self._share_of_rows(self._covered)

    def label_overlap(self) -> float:
        """Return the share of rows with at least two votes."""
        return self._share_of_rows(self._overlapped)

    def label_conflict(self) -> float:
        """Return the share of rows with votes that differ."""
        return self._share_of_rows(self._conflicted)

    def lf_polarities(self) -> list[list[int]]:
        """Return the classes that each labeling function votes for. Length: m."""
        return [[int(vote) for vote in np.unique(votes) if vote != ABSTAIN] for votes in self.patterns.patterns.T]

    def lf_coverages(self) -> Floats:
        """Return the share of rows on which each labeling function votes. Shape: [m]."""
        return self._shares_of_rows(self._covered)

    def lf_overlaps(self, normalize_by_coverage: bool = False) -> Floats:
        """Return the share of rows on which each labeling function and another one vote.

        Parameters
        ----------
        normalize_by_coverage
            Give it as a share of the rows on which the labeling function votes; 0 where it never does.

        Returns
        -------
        array
            Shape: [m].
        """
        overlaps = self._shares_of_rows(self._overlapped)
        return _ratio(overlaps, self.lf_coverages(), 0.0) if normalize_by_coverage else overlaps

    def lf_conflicts(self, normalize_by_overlaps: bool = False) -> Floats:
        """Return the share of rows on which each labeling function votes and some votes differ.

        Parameters
        ----------
        normalize_by_overlaps
            Give it as a share of the labeling function's overlaps; 0 where it has none.

        Returns
        -------
        array
            Shape: [m].
        """
        conflicts = self._shares_of_rows(self._conflicted)
        return _ratio(conflicts, self.lf_overlaps(), 0.0) if normalize_by_overlaps else conflicts

    def lf_empirical_accuracies(self, Y: ArrayLike) -> Floats:
        """Return the share of each labeling function's votes that are right.

        Parameters
        ----------
        Y
            Gold. Shape: [n]; rows with -1 are left out.

        Returns
        -------
        array
            Shape: [m]; NaN where a labeling function votes on no row with gold.
        """
        correct, incorrect = self._correct_and_incorrect(Y)
        return _ratio(correct, correct + incorrect, np.nan)

    def lf_summary(self, Y: ArrayLike | None = None, est_accuracies: ArrayLike | None = None) -> pd.DataFrame:
        """Return all of it as a table with Snorkel's columns.

        Parameters
        ----------
        Y
            Gold, which adds Correct, Incorrect and Emp. Acc. Shape: [n]; rows with -1 are left out.
        est_accuracies
            A label model's ``lf_accuracies_``, which adds Est. Acc. Shape: [m].

        Returns
        -------
        pandas.DataFrame
            One row a labeling function, by name where names are known.

        Raises
        ------
        VoteError
            ``Y`` or ``est_accuracies`` have the wrong length.
        """
        import pandas as pd

        return pd.DataFrame(self._columns(Y, est_accuracies), index=self.lf_names)

    def records(self, Y: ArrayLike | None = None, est_accuracies: ArrayLike | None = None) -> list[dict[str, Any]]:
        """Return `lf_summary` as one dict a labeling function, with its name as ``LF``, and None for NaN."""
        columns = self._columns(Y, est_accuracies)
        names: Sequence[str | int] = self.lf_names or range(self.patterns.m)
        rows = zip(names, *columns.values(), strict=True)
        return [dict(zip(("LF", *columns), (_plain(value) for value in row), strict=True)) for row in rows]

    def to_json(self, Y: ArrayLike | None = None, est_accuracies: ArrayLike | None = None) -> str:
        """Return `records` as JSON text."""
        return json.dumps(self.records(Y, est_accuracies), ensure_ascii=False, allow_nan=False)

    def to_text(self, Y: ArrayLike | None = None, est_accuracies: ArrayLike | None = None) -> str:
        """Return `lf_summary` as a text table; "-" stands where there is no figure."""
        columns = self._columns(Y, est_accuracies)
        return table([list(record.values()) for record in self.records(Y, est_accuracies)], ["LF", *columns])

    def _columns(self, Y: ArrayLike | None, est_accuracies: ArrayLike | None) -> dict[str, Any]:
        columns: dict[str, Any] = {} if self.lf_names is None else {"j": list(range(self.patterns.m))}
        columns["Polarity"] = self.lf_polarities()
        columns["Coverage"] = self.lf_coverages()
        columns["Overlaps"] = self.lf_overlaps()
        columns["Conflicts"] = self.lf_conflicts()
        if Y is not None:
            correct, incorrect = self._correct_and_incorrect(Y)
            columns |= {"Correct": correct, "Incorrect": incorrect}
            columns["Emp. Acc."] = _ratio(correct, correct + incorrect, np.nan)
        if est_accuracies is not None:
            estimates = np.asarray(est_accuracies, dtype=np.float64)
            if estimates.shape != (self.patterns.m,):
                raise VoteError(f"est_accuracies has shape {estimates.shape} for {self.patterns.m} labeling functions")
            columns["Est. Acc."] = estimates
        return columns

    def _share_of_rows(self, chosen: NDArray[np.bool_]) -> float:
        return float(self.patterns.counts[chosen].sum() / self.patterns.n) if self.patterns.n else math.nan

    def _shares_of_rows(self, chosen: NDArray[np.bool_]) -> Floats:
        """Share of rows that are ``chosen`` and have the labeling function's vote. Shape: [m]."""
        if not self.patterns.n:
            return np.full(self.patterns.m, np.nan)
        weights = self.patterns.counts * chosen
        return np.array([weights[votes != ABSTAIN].sum() for votes in self.patterns.patterns.T]) / self.patterns.n

    def _correct_and_incorrect(self, Y: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        gold = check_Y(Y, self.patterns.n)
        correct = np.zeros(self.patterns.m, dtype=np.int64)
        voted = np.zeros(self.patterns.m, dtype=np.int64)
        for label in np.unique(gold[gold != ABSTAIN]):
            weights = np.bincount(self.patterns.inverse[gold == label], minlength=len(self.patterns))
            for lf, votes in enumerate(self.patterns.patterns.T):
                correct[lf] += weights[votes == label].sum()
                voted[lf] += weights[votes != ABSTAIN].sum()
        return correct, voted - correct


def _ratio(part: NDArray[Any], whole: NDArray[Any], otherwise: float) -> Floats:
    return np.divide(part, whole, out=np.full(len(whole), otherwise), where=whole != 0)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
