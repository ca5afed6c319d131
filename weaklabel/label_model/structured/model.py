"""The full model of votes: classes, hard rows, and labeling functions that copy each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.balance import find_class_balance
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import numbers_of_rows, voting_lfs
from weaklabel.label_model.dependencies import misfit
from weaklabel.label_model.moments import count_overlaps
from weaklabel.label_model.saving import check_array
from weaklabel.label_model.structured.structure import (
    Fit,
    Structure,
    VoteCodes,
    agreement,
    copy_forest,
    find_repeats,
    fit_structure,
    labels_by_counts,
    labels_by_shares,
    log_evidence,
    trees,
)
from weaklabel.labels import Probs, VoteArray
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns

Floats = NDArray[np.float64]

_SAMPLE, _MOST = (20_000, 150_000), (200_000, 1_000_000)
"""Rows, and votes that these have in all, on which the structure is chosen and on which the parameters of the chosen one are
learned, where there are more: time goes by both, and so does what they tell."""

_CHOOSING, _ITERATIONS, _ON_MORE = 15, 60, 5
"""Most iterations of EM: for a choice of leaders, from each start, and on more rows after a sample."""

MAX_MISFIT = 0.15
"""Misfit from which the model's assumptions count as violated, or as not shown to hold. On parts of real sets (300 rows to all,
all labeling functions or five, one of them dominant) this model is less accurate than the mean of eight from .2 on, mostly
by 2 to 20 points, and as accurate below; on synthetic votes that follow it, the misfit is .01 to .15 wherever it is better."""

_ALIKE = (0.4, 0.25)
"""Correlations from which labeling functions that vote alike are tried as copies of each other."""

_OTHERS = 0.05
"""Odds of other classes against the one with most votes, in a start for one large class."""

_MIN_VIEWS = 3
"""Labeling functions that do not copy each other that are needed to estimate accuracies from votes."""

_ROWS_AT_ONCE = 1 << 17
"""Rows whose votes and answers are in memory together."""

_PARAMETERS: dict[str, Callable[[Any], Any]] = {
    "balance": np.array,
    "hard_share": float,
    "informative": float,
    "tables": np.array,
    "leaders": lambda leaders: np.array(leaders, dtype=np.int64 if not leaders else None),
    "copying": np.array,
}
"""Of a `Structure`, and how they come back from JSON."""


class StructuredLabelModel(BaseLabelModel):
    r"""The model of Dawid and Skene with copying labeling functions and hard rows.

    A labeling function may copy one other: with some probability it repeats its vote or abstain, and otherwise
    votes by its own table P(vote | class). On hard rows, votes depend on the class less than on others, by the same factor
    for all labeling functions. EM finds tables, copying, hard rows and classes together. Who copies whom is tried by
    several rules, and EM is started from vote shares and for one large class; of all these the one with the highest evidence
    is kept, see `weaklabel.label_model.structured.structure.log_evidence`.

    If the votes follow this model, the result is close to the best that is possible with all parameters known. Votes of
    labeling functions that people write mostly do not; ``misfit_`` measures that, and `CommitteeLabelModel` uses it.

    Parameters
    ----------
    cardinality
        Number of classes k.
    class_balance
        P(Y): one share a class, ``"uniform"``, or ``"majority"``: as majority vote labels the rows. By default that of
        ``Y_dev`` where `fit` is given it, and otherwise EM finds it.
    tie_break_policy, seed
        See `BaseLabelModel`; nothing is random.

    Attributes
    ----------
    structure_ : Structure
        The parameters, of labeling functions that vote.
    misfit_ : float
        How far off the expected overlaps of labeling functions that do not copy each other may be, see `misfit`: below .15
        where the model is shown to hold, infinite if nothing can be shown; NaN in a model saved by a version that tested
        otherwise.
    lf_accuracies_ : array
        Expected share of each labeling function's votes that are right; NaN where it never votes. Shape: [m].

    Notes
    -----
    A class without votes gets no probability. Fewer than three labeling functions, or fewer than three once those
    that copy each other are merged, are taken at their word.

    With more than 20,000 rows, or 150,000 votes, all is chosen on a sample of rows, and if the model fits that, EM then runs
    five times on up to 200,000 rows or a million votes.

    References
    ----------
    Dawid, Skene: Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm. Applied Statistics 28,
    1979. Rows that are hard: Whitehill et al., Whose Vote Should Count More, NIPS 2009.

    Examples
    --------
    >>> L = [[0, 0, -1], [1, 1, 1], [0, -1, 0], [1, 1, -1], [0, 0, 1], [-1, -1, -1]]
    >>> StructuredLabelModel().fit(L).predict(L).tolist()
    [0, 1, 0, 1, 0, -1]
    """

    structure_: Structure
    misfit_: float

    def __init__(
        self,
        cardinality: int = 2,
        class_balance: str | Sequence[float] | Floats | None = None,
        tie_break_policy: str = "abstain",
        seed: int = 0,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.class_balance = class_balance

    def _numbers(self, u: int, m: int) -> int:
        k = self.cardinality
        return 4 * (m * k) ** 2 + 32 * m * k * k + 8 * numbers_of_rows(min(u, _MOST[0]), k)

    def _fit(self, votes: VotePatterns) -> None:
        voting, wanted = voting_lfs(votes), self.class_balance
        given = None if wanted is None else find_class_balance(wanted, votes, self.cardinality)
        L = votes.patterns if voting.all() else votes.patterns[:, voting]
        counts = votes.counts.astype(np.float64)
        voted = float(counts @ np.sum(L >= 0, axis=1, dtype=np.int32))
        some, of_some = sample_rows(counts, *_SAMPLE, voted)
        sample = VotePatterns(np.asfortranarray(L[some]), of_some.astype(np.int64))
        overlaps = count_overlaps(sample, self.cardinality)
        fit = self._choose(sample.patterns, of_some, overlaps, sample.n, given)
        leaders = fit.structure.leaders
        roots, likelihood = trees(leaders), fit.structure.rates[:, :, 1:].swapaxes(1, 2)
        self.misfit_ = misfit(overlaps, sample.n, likelihood, fit.structure.states, roots[:, None] == roots)
        if sample.n < votes.n and self.misfit_ < MAX_MISFIT:
            more, of_more = sample_rows(counts, *_MOST, voted)
            labels = fit.structure.posterior(L[more])
            codes = VoteCodes(L[more], self.cardinality, leaders)
            fit = fit_structure(codes, of_more, leaders, labels, _ON_MORE, given)
        self.structure_ = fit.structure
        self.lf_accuracies_ = np.full(votes.m, np.nan)
        self.lf_accuracies_[voting] = _accuracies(fit.structure)

    def _choose(self, L: VoteArray, counts: Floats, overlaps: Floats, n: int, given: Floats | None) -> Fit:
        """Choose leaders from one start, then a start for these leaders."""
        k, m = self.cardinality, L.shape[1]
        if m < _MIN_VIEWS:
            return self._equally_accurate(L, counts, given)
        alike = agreement(overlaps, n, k)
        rules = [find_repeats(overlaps, n, k), *(np.where(alike > least, alike, 0) for least in _ALIKE)]
        rules.append(np.zeros_like(alike))
        tried: dict[bytes, tuple[float, VoteCodes, NDArray[np.int64], Floats]] = {}
        for strength in rules:
            leaders = copy_forest(strength)
            if leaders.tobytes() not in tried:
                codes, weights = VoteCodes(L, k, leaders), 1 / (1 + strength.sum(axis=1))
                start = labels_by_counts(L, counts, k, weights, _OTHERS)
                score = log_evidence(fit_structure(codes, counts, leaders, start, _CHOOSING, given))
                tried[leaders.tobytes()] = score, codes, leaders, weights
        _, codes, leaders, weights = max(tried.values(), key=lambda attempt: attempt[0])
        views = len(np.unique(trees(leaders)))
        if views < _MIN_VIEWS:
            warn(
                f"of {m} labeling functions that vote, {views} {'is' if views == 1 else 'are'} left when copies are "
                f"merged; {_MIN_VIEWS} are needed to estimate accuracies, so all are assumed to be equally accurate"
            )
            return self._equally_accurate(L, counts, given)
        # More and bolder starts find higher evidence and worse labels: those of another large class, on few votes.
        starts = labels_by_shares(L, counts, k, weights), labels_by_counts(L, counts, k, weights, _OTHERS)
        return max(
            (fit_structure(codes, counts, leaders, start, _ITERATIONS, given) for start in starts), key=log_evidence
        )

    def _equally_accurate(self, L: VoteArray, counts: Floats, given: Floats | None) -> Fit:
        """Take all labeling functions to be equally accurate: their votes do not determine how accurate each is."""
        m, k = L.shape[1], self.cardinality
        no_leaders = np.full(m, -1)
        start = labels_by_shares(L, counts, k, np.ones(m))
        return fit_structure(VoteCodes(L, k, no_leaders), counts, no_leaders, start, 1, given)

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        usable = self._usable()
        probs = np.empty((len(patterns), self.cardinality))
        for start in range(0, len(patterns), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            rows = patterns[some]
            probs[some] = self.structure_.posterior(rows if usable.all() else rows[:, usable])
        return probs

    def _state(self) -> dict[str, Any]:
        structure = {name: getattr(self.structure_, name) for name in _PARAMETERS}
        return {
            "lf_accuracies_": self.lf_accuracies_,
            "structure": structure,
            "overlap_error": saved_misfit(self.misfit_),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.lf_accuracies_: NDArray[np.float64] = np.array(state["lf_accuracies_"], dtype=np.float64)
        self.structure_ = Structure(**{name: take(state["structure"][name]) for name, take in _PARAMETERS.items()})
        self.misfit_ = read_misfit(state)

    def _check_arrays(self) -> None:
        super()._check_arrays()
        m, k, structure = int(self._usable().sum()), self.cardinality, self.structure_
        for name, shape in {"balance": (k,), "tables": (m, k, k + 1), "leaders": (m,), "copying": (m,)}.items():
            check_array(name, getattr(structure, name), shape)
        leaders = structure.leaders
        if leaders.dtype.kind != "i" or not ((leaders >= -1) & (leaders < m)).all():
            raise ValueError("leaders are not numbers of labeling functions")
        reached = np.arange(m)
        for _ in range(m):
            reached = np.where(reached >= 0, leaders[reached], -1)
        if (reached >= 0).any():
            raise ValueError("leaders copy each other in a circle")
        shares = np.concatenate(
            [
                structure.balance,
                structure.copying,
                structure.tables.ravel(),
                [structure.hard_share, structure.informative],
            ]
        )
        if not ((shares >= 0) & (shares <= 1 + 1e-9)).all():
            raise ValueError("the structure has shares outside 0 to 1")


def saved_misfit(misfit: float) -> float | None:
    """Return a misfit as JSON can hold it: None where it is infinite."""
    return misfit if np.isfinite(misfit) else None


def read_misfit(state: dict[str, Any]) -> float:
    """Return what `saved_misfit` gave; NaN of a model from before, whose number had another meaning."""
    if "overlap_error" not in state:
        return np.nan
    return np.inf if state["overlap_error"] is None else float(state["overlap_error"])


def _accuracies(structure: Structure) -> Floats:
    """Return the share of votes that are right. Shape: [m]."""
    k = structure.k
    votes = (structure.rates * structure.states[:, None])[:, :, 1:]
    votes = votes[:, :k] + votes[:, k:]
    return np.einsum("myy->m", votes) / votes.sum(axis=(1, 2))


def sample_rows(counts: Floats, rows: int, votes: float, voted: float) -> tuple[NDArray[np.int64], Floats]:
    """Choose patterns so that about ``rows`` rows are left, or so many that they have ``votes`` of the votes ``voted``.

    Rows are taken at even distances in the order of patterns.

    Returns
    -------
    some, of_some
        Which patterns, and their counts.
    """
    wanted = min(float(rows), counts.sum() * votes / max(voted, 1.0))
    if counts.sum() <= wanted:
        return np.arange(len(counts)), counts
    reached = np.floor(np.cumsum(counts) * (wanted / counts.sum()))
    of_each = np.diff(reached, prepend=0.0)
    some = np.flatnonzero(of_each)
    return some, of_each[some]
