"""Statistics of labeling functions: coverage, overlaps, conflicts and accuracy against gold, in Snorkel's table."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import ABSTAIN, Labels, VoteArray, check_L, check_Y, vote_dtype
from weaklabel.support.table import html_table, table
from weaklabel.votes.matrix import GivenVotes, Votes
from weaklabel.votes.patterns import VotePatterns, take_rows
from weaklabel.votes.tally import Tally, range_of, tally_votes

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


class LFAnalysis:
    """Statistics of labeling functions, counted in one pass over the votes.

    As in Snorkel, except that an accuracy without any vote behind it is NaN and not 0, and that rows without gold
    (-1) are left out and not counted as errors. Shares of no rows at all are NaN.

    Parameters
    ----------
    L
        Label matrix, its patterns, or `Votes`. Shape: [n, m]. Where votes are on units, such as words, all counts and
        shares are of units.
    lfs
        Labeling functions, or their names, in the order of L's columns; those of ``L`` where it is `Votes`.

    Raises
    ------
    VoteError
        L is not a label matrix, or the number of ``lfs`` is not that of its columns.

    Examples
    --------
    >>> analysis = LFAnalysis([[-1, 0, 0], [-1, -1, -1], [1, 0, -1], [-1, 0, -1], [0, 0, 0]])
    >>> analysis.lf_coverages()
    array([0.4, 0.8, 0.4])
    >>> analysis.label_conflict()
    0.2
    """

    def __init__(self, L: GivenVotes, lfs: Sequence[Any] | None = None) -> None:
        self._source: VoteArray | VotePatterns
        self._classes: int | None
        if isinstance(L, VotePatterns):
            self._source, self._classes, self._n, self._m = L, None, L.n, L.m
        else:
            self._source, self._classes = (L.L, None) if isinstance(L, Votes) else _checked(L)
            self._n, self._m = self._source.shape
        self._unit = "units" if isinstance(L, Votes | VotePatterns) and L.offsets is not None else "rows"
        if lfs is None and isinstance(L, Votes):
            lfs = L.lf_names
        self.lf_names: list[str] | None = None if lfs is None else [str(getattr(lf, "name", lf)) for lf in lfs]
        if self.lf_names is not None and len(self.lf_names) != self._m:
            raise VoteError(f"{len(self.lf_names)} labeling functions for the {self._m} columns of L")

    @cached_property
    def _tally(self) -> Tally:
        if isinstance(self._source, VotePatterns):
            return tally_votes(self._source.patterns, self._source.weights())
        return tally_votes(self._source, classes=self._classes)

    def _repr_html_(self) -> str:
        frame = self.lf_summary()
        rows = [
            (name, *map(plain_value, cells))
            for name, cells in zip(frame.index, frame.itertuples(index=False), strict=True)
        ]
        title = (
            f"{self._n:,} {self._unit}: {self.label_coverage():.1%} have a vote, {self.label_overlap():.1%} several, "
            f"{self.label_conflict():.1%} votes that differ"
        )
        return html_table(
            rows, ["labeling function", *frame.columns], title=title, bars=["Coverage", "Overlaps", "Conflicts"]
        )

    def label_coverage(self) -> float:
        """Return the share of rows with at least one vote."""
        return self._share_of_rows(self._tally.covered)

    def label_overlap(self) -> float:
        """Return the share of rows with at least two votes."""
        return self._share_of_rows(self._tally.overlapped)

    def label_conflict(self) -> float:
        """Return the share of rows with votes that differ."""
        return self._share_of_rows(self._tally.conflicted)

    def lf_polarities(self) -> list[list[int]]:
        """Return the classes that each labeling function votes for. Length: m."""
        return [np.flatnonzero(classes).tolist() for classes in self._tally.seen]

    def lf_coverages(self) -> Floats:
        """Return the share of rows on which each labeling function votes. Shape: [m]."""
        return self._shares_of_rows(self._tally.votes)

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
        overlaps = self._shares_of_rows(self._tally.overlaps)
        return ratio(overlaps, self.lf_coverages(), 0.0) if normalize_by_coverage else overlaps

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
        conflicts = self._shares_of_rows(self._tally.conflicts)
        return ratio(conflicts, self.lf_overlaps(), 0.0) if normalize_by_overlaps else conflicts

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
        return ratio(correct, correct + incorrect, np.nan)

    def lf_empirical_probs(self, Y: ArrayLike, k: int | None = None) -> Floats:
        """Return how often each labeling function votes for each class, and abstains, where gold is a class.

        Parameters
        ----------
        Y
            Gold. Shape: [n]; rows with -1 are left out.
        k
            Number of classes; by default as many as the votes and gold show, and at least 2.

        Returns
        -------
        array
            ``P[j, vote + 1, y]`` is P(labeling function j votes so | gold is y), where ``vote`` is -1 for an abstain; NaN
            where no row has gold y. Shape: [m, k + 1, k].

        Raises
        ------
        VoteError
            ``Y`` has the wrong length, or gold or a vote is outside the ``k`` classes.
        """
        gold = check_Y(Y, self._n, k)
        L = self._source.patterns[self._source.rows()] if isinstance(self._source, VotePatterns) else self._source
        if k is None:
            k = max(2, int(gold.max(initial=0)) + 1, int(L.max(initial=0)) + 1)
        L = check_L(L, k)
        has_gold = gold != ABSTAIN
        cells = (L[has_gold].astype(np.int64) + 1) * k + gold[has_gold, None]
        counts = np.stack([np.bincount(column, minlength=(k + 1) * k) for column in cells.T]).reshape(self._m, k + 1, k)
        rows = np.bincount(gold[has_gold], minlength=k).astype(np.float64)
        return counts / np.where(rows, rows, np.nan)

    def lf_summary(self, Y: ArrayLike | None = None, est_weights: ArrayLike | None = None) -> pd.DataFrame:
        """Return all of it as a table with Snorkel's columns.

        Parameters
        ----------
        Y
            Gold, which adds Correct, Incorrect and Emp. Acc. Shape: [n]; rows with -1 are left out.
        est_weights
            A label model's ``lf_accuracies_``, which adds Est. Acc.: the share of a labeling function's votes that the
            model expects to be right. Of a model fitted on votes alone it hardly separates good ones from bad. Shape: [m].

        Returns
        -------
        pandas.DataFrame
            One row a labeling function, by name where names are known.

        Raises
        ------
        VoteError
            ``Y`` or ``est_weights`` have the wrong length.
        """
        import pandas as pd

        return pd.DataFrame(self._columns(Y, est_weights), index=self.lf_names)

    def records(self, Y: ArrayLike | None = None, est_weights: ArrayLike | None = None) -> list[dict[str, Any]]:
        """Return `lf_summary` as one dict a labeling function, with its name as ``LF``, and None for NaN."""
        columns = self._columns(Y, est_weights)
        names: Sequence[str | int] = self.lf_names or range(self._m)
        rows = zip(names, *columns.values(), strict=True)
        return [dict(zip(("LF", *columns), (plain_value(value) for value in row), strict=True)) for row in rows]

    def to_json(self, Y: ArrayLike | None = None, est_weights: ArrayLike | None = None) -> str:
        """Return `records` as JSON text."""
        return json.dumps(self.records(Y, est_weights), ensure_ascii=False, allow_nan=False)

    def to_text(self, Y: ArrayLike | None = None, est_weights: ArrayLike | None = None) -> str:
        """Return `lf_summary` as a text table; "-" if there is no figure."""
        columns = self._columns(Y, est_weights)
        return table([list(record.values()) for record in self.records(Y, est_weights)], ["LF", *columns])

    def _columns(self, Y: ArrayLike | None, est_weights: ArrayLike | None) -> dict[str, Any]:
        judged = None if Y is None else self._correct_and_incorrect(Y)
        columns: dict[str, Any] = {} if self.lf_names is None else {"j": list(range(self._m))}
        columns["Polarity"] = self.lf_polarities()
        columns["Coverage"] = self.lf_coverages()
        columns["Overlaps"] = self.lf_overlaps()
        columns["Conflicts"] = self.lf_conflicts()
        if judged is not None:
            correct, incorrect = judged
            columns |= {"Correct": correct, "Incorrect": incorrect}
            columns["Emp. Acc."] = ratio(correct, correct + incorrect, np.nan)
        if est_weights is not None:
            estimates = np.asarray(est_weights, dtype=np.float64)
            if estimates.shape != (self._m,):
                raise VoteError(f"est_weights has shape {estimates.shape} for {self._m} labeling functions")
            columns["Est. Acc."] = estimates
        return columns

    def _share_of_rows(self, rows: NDArray[np.int64]) -> float:
        return float(self._shares_of_rows(rows)[0])

    def _shares_of_rows(self, rows: NDArray[np.int64]) -> Floats:
        return rows / self._n if self._n else np.full(len(rows), np.nan)

    def _correct_and_incorrect(self, Y: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        gold = check_Y(Y, self._n)
        tally = self._tally_with_gold(gold)
        return tally.correct, tally.judged - tally.correct

    def _tally_with_gold(self, gold: Labels) -> Tally:
        if not isinstance(self._source, VotePatterns):
            self._tally = tally_votes(self._source, gold=gold, classes=self._classes)
            return self._tally
        # Of each pattern, as many rows as have it and one class of gold.
        patterns, rows = self._source.patterns, self._source.rows()
        classes = range_of(patterns)[1] + 1
        tally = tally_votes(patterns[:0], classes=classes)
        for label in np.unique(gold[gold != ABSTAIN]):
            some, weights = np.unique(rows[gold == label], return_counts=True)
            tally += tally_votes(take_rows(patterns, some), weights, np.full(len(some), label), classes)
        return tally


def _checked(L: ArrayLike) -> tuple[VoteArray, int | None]:
    """Check a label matrix, in threads where it is votes already; return it, and how many classes it has votes for."""
    if isinstance(L, np.ndarray) and L.dtype in (np.int8, np.int16) and L.ndim == 2:
        lowest, highest = range_of(L)
        if lowest >= ABSTAIN and vote_dtype(highest + 1) == L.dtype:
            return L, highest + 1
    return check_L(L), None


def ratio(part: NDArray[Any], whole: NDArray[Any], otherwise: float) -> Floats:
    """Divide counts; ``otherwise`` where there is nothing to divide by."""
    return np.divide(part, whole, out=np.full(len(whole), otherwise), where=whole != 0)


def plain_value(value: Any) -> Any:
    """Return a value that JSON has: None for NaN."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
