"""Snorkel's label model, from vote patterns instead of rows, without Snorkel.

It is trained in numpy, from overlaps instead of votes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError, nearest
from weaklabel.label_model.balance import find_class_balance
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import NUMBER, texts_and_gold, voting_lfs
from weaklabel.label_model.gold import GoldVotes
from weaklabel.label_model.moments import MOST_OVERLAPS, overlaps_of_cast
from weaklabel.labels import Probs, VoteArray
from weaklabel.support.warn import warn
from weaklabel.votes.matrix import GivenVotes
from weaklabel.votes.patterns import VotePatterns, patterns_or_rows, vote_patterns
from weaklabel.votes.tally import has_vote, tally_votes

_FIT_OPTIONS = ("n_epochs", "lr", "l2", "optimizer", "lr_scheduler", "prec_init", "mu_eps", "seed")
"""Options that Snorkel's fit takes."""

RETRIES = 3
"""How often a fit whose loss diverges is tried again, each time with a tenth of the learning rate."""


class LabelModel(BaseLabelModel):
    r"""Snorkel's label model: learns how accurate each labeling function is from how they agree and differ.

    Its parameters are those of `snorkel.labeling.model.LabelModel` on the same votes, seed and options, except for
    rounding. The objective needs only how often each two votes overlap, which vote patterns give: training does not take
    longer for more rows. Memory grows with the square of the kinds of votes that are cast, of at most m*k: 16 bytes each, so
    1,200 labeling functions that vote for 10 classes each take 2.3 GB, and 150 that vote for one of 150 each take 27 MB.
    Neither Snorkel nor PyTorch is imported, and global random states are left as they were.

    Where accuracies cannot be estimated from the votes (fewer than three labeling functions vote, or all votes are for one
    class), each labeling function is taken to be as accurate as ``prec_init``, and a `WeakLabelWarning` says so.

    Parameters
    ----------
    cardinality
        Number of classes k.
    class_balance
        P(Y): one share a class, ``"uniform"``, or ``"majority"``: as majority vote labels the rows. By default that of
        ``Y_dev`` where `fit` is given it, and otherwise uniform, as in Snorkel.
    n_epochs
        Steps of the optimiser.
    lr
        Learning rate, tried again with a tenth of it, up to three times, where the loss diverges.
    l2
        Strength of the pull of the parameters to where they start.
    optimizer
        ``"sgd"``, ``"adam"`` or ``"adamax"``.
    lr_scheduler
        ``"constant"``, ``"linear"``, ``"exponential"`` or ``"step"``.
    prec_init
        Accuracy that is assumed of a labeling function at the start, 0 to 1; one for all, or one each.
    mu_eps
        Conditional probabilities are kept this far from 0 and 1; by default Snorkel's
        :math:`\min(0.01, 10^{-\lceil\log_{10} n\rceil})`.
    count_uncovered_rows
        Whether rows without any vote count among the n rows, as they do in Snorkel.
    tie_break_policy, seed
        See `BaseLabelModel`.
    verbose
        Accepted, as Snorkel has it, and without effect.

    Attributes
    ----------
    mu_ : array
        ``mu_[i*k + j, y]`` is P(labeling function i votes j | Y = y). Shape: [m*k, k].
    p_ : array
        Class balance. Shape: [k].
    lf_accuracies_ : array
        Estimated share of each labeling function's votes that are right (Snorkel's weights); NaN where it never votes.
        Such a labeling function is left out, and a vote that it casts later is not used. Shape: [m].

    References
    ----------
    Ratner, Hancock, Dunnmon, Sala, Pandey, Ré: Training Complex Models with Multi-Task Weak Supervision. AAAI 2019.
    """

    _fitted = ("lf_accuracies_", "mu_", "p_")
    _shapes = (("mu_", ("m*k", "k")), ("p_", ("k",)))
    _gives_unvoted = True

    mu_: NDArray[np.float64]
    p_: NDArray[np.float64]

    def __init__(
        self,
        cardinality: int = 2,
        class_balance: str | Sequence[float] | NDArray[np.float64] | None = None,
        n_epochs: int = 100,
        lr: float = 0.01,
        l2: float = 0.0,
        optimizer: str = "sgd",
        lr_scheduler: str = "constant",
        prec_init: float | Sequence[float] | NDArray[np.float64] = 0.7,
        mu_eps: float | None = None,
        count_uncovered_rows: bool = True,
        tie_break_policy: str = "abstain",
        seed: int = 0,
        verbose: bool = False,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.class_balance = class_balance
        self.n_epochs = n_epochs
        self.lr = lr
        self.l2 = l2
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.prec_init = prec_init
        self.mu_eps = mu_eps
        self.count_uncovered_rows = count_uncovered_rows
        self.verbose = verbose

    def fit(
        self,
        L: GivenVotes | None = None,
        Y_dev: ArrayLike | Sequence[str] | None = None,
        class_balance: Sequence[float] | NDArray[np.float64] | None = None,
        progress_bar: bool = False,
        *,
        L_train: GivenVotes | None = None,
        texts: Sequence[str] | None = None,
        gold: ArrayLike | GoldVotes | None = None,
        log_freq: int | None = None,
        **options: Any,
    ) -> Self:
        """Fit to votes, called as ``snorkel.labeling.model.LabelModel.fit`` is, too.

        Parameters
        ----------
        L, L_train
            Votes, by either name; see `BaseLabelModel.fit`. Shape: [n, m].
        Y_dev
            Gold labels of any rows, for the class balance where none is given. Any length.
        class_balance
            As the parameter of the same name, for this fit.
        progress_bar, log_freq
            Taken and without effect: a fit shows nothing.
        texts
            Taken and without effect; see `BaseLabelModel.fit`.
        gold
            Gold labels of some of the rows; see `BaseLabelModel.fit`.
        options
            Other parameters for this fit: ``n_epochs``, ``lr``, ``l2``, ``optimizer``, ``lr_scheduler``, ``prec_init``,
            ``mu_eps`` or ``seed``. The next fit has those of the model again.

        Raises
        ------
        VoteError
            As `BaseLabelModel.fit`.
        LabelModelError
            As `BaseLabelModel.fit`; or the label matrix is not given, or given twice, or an option is not one of these.
        """
        votes = L_train if L is None else L
        if votes is None or not (L is None or L_train is None):
            raise LabelModelError("fit needs the label matrix once: as the first argument, or as L_train")
        unknown = next((name for name in options if name not in _FIT_OPTIONS), None)
        if unknown is not None:
            raise LabelModelError(
                f"LabelModel.fit has no option '{unknown}'{nearest(unknown, _FIT_OPTIONS)}; "
                f"options are {', '.join(_FIT_OPTIONS)}"
            )
        texts, dev = texts_and_gold(Y_dev, texts)
        balance = {} if dev is None else self._balance_in(dev)
        if class_balance is not None:
            balance = {"class_balance": class_balance}
        return self._fit_with(options | balance, votes, texts, gold)

    def _gather(self, L: VoteArray) -> VotePatterns:
        # Whole numbers of rows are all that is asked for, unless majority vote shares out rows whose votes are tied.
        shared = isinstance(self.class_balance, str) and self.class_balance == "majority"
        return vote_patterns(L) if shared else patterns_or_rows(L)

    def bytes_needed(self, votes: VotePatterns) -> int:
        """Return about how much memory a fit takes; see `BaseLabelModel.bytes_needed`."""
        k, m = self.cardinality, votes.m
        few = (m * k) ** 2 <= MOST_OVERLAPS
        cells = m * k if few else np.count_nonzero(tally_votes(votes.patterns, classes=k).seen)
        return NUMBER * (5 * int(cells) ** 2 // 2 + 6 * m * k * k)

    def _fit(self, votes: VotePatterns) -> None:
        k, p = self.cardinality, find_class_balance(self.class_balance, votes, self.cardinality)
        overlaps, cells = overlaps_of_cast(votes, k)
        of_cells = overlaps.diagonal()
        lf_rows = np.bincount(cells // k, of_cells, minlength=votes.m)
        voting = voting_lfs(votes)
        n = votes.n if self.count_uncovered_rows else int(votes.counts[has_vote(votes.patterns)].sum())
        if not voting.any():
            self.p_, self.mu_, self.lf_accuracies_ = p, np.full((votes.m * k, k), 1 / k), np.full(votes.m, np.nan)
            return

        precisions = self._precisions(votes.m)
        mu_eps = min(0.01, 1 / 10 ** np.ceil(np.log10(n))) if self.mu_eps is None else self.mu_eps
        reason = self._not_identifiable(cells)
        # The result of Snorkel's clamping for a vote that is never cast: the same for all classes, no evidence.
        self.p_, self.mu_ = p, np.full((votes.m * k, k), mu_eps)
        if reason:
            warn(reason)
            rates = np.zeros(votes.m * k)
            rates[cells] = of_cells / n
            assumed = _assumed_mu(rates, p, precisions, mu_eps)
            self.mu_[np.repeat(voting, k)] = assumed[np.repeat(voting, k)]
        else:
            self.mu_[cells] = self._train(overlaps, cells, n, p, precisions, mu_eps)
            kept = np.repeat(voting, k)
            self.mu_[kept] = match_classes(self.mu_[kept], p)
        right = (self.mu_.reshape(votes.m, k, k).diagonal(axis1=1, axis2=2) * p).sum(axis=1)
        self.lf_accuracies_: NDArray[np.float64] = np.full(votes.m, np.nan)
        self.lf_accuracies_[voting] = np.clip(right[voting] / (lf_rows[voting] / n), 1e-6, 1.0)

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        m, k = patterns.shape[1], self.cardinality
        # As in Snorkel, an abstain is no evidence.
        evidence = np.concatenate([np.zeros((m, 1, k)), np.log(self.mu_).reshape(m, k, k)], axis=1)
        return self._by_evidence(patterns, evidence, np.log(self.p_))

    def _precisions(self, m: int) -> NDArray[np.float64]:
        precisions = np.asarray(self.prec_init, dtype=np.float64)
        if precisions.shape not in ((), (m,)):
            raise LabelModelError(f"prec_init has {precisions.size} values for {m} labeling functions")
        if not ((precisions >= 0) & (precisions <= 1)).all():
            raise LabelModelError(f"prec_init must be 0 to 1, not {self.prec_init}")
        return np.broadcast_to(precisions, (m,))

    def _not_identifiable(self, cells: NDArray[np.int64]) -> str:
        """Return why accuracies cannot be estimated from votes that are cast; empty if they can."""
        if self.cardinality == 1:
            return "there is one class only, so the label model takes every vote to be right"
        classes, lfs = np.unique(cells % self.cardinality), np.unique(cells // self.cardinality)
        if len(classes) == 1:
            why = f"all votes are for class {classes[0]}"
        elif len(lfs) < 3:
            why = f"only {len(lfs)} of at least three labeling functions vote"
        else:
            return ""
        return (
            f"{why}, so accuracies cannot be estimated; "
            f"each labeling function is taken to be as accurate as prec_init={self.prec_init}"
        )

    def _train(
        self,
        overlaps: NDArray[np.float64],
        cells: NDArray[np.int64],
        n: int,
        p: NDArray[np.float64],
        precisions: NDArray[np.float64],
        mu_eps: float,
    ) -> NDArray[np.float64]:
        _check_name("optimizer", self.optimizer, tuple(STEPS))
        _check_name("lr_scheduler", self.lr_scheduler, tuple(LR_FACTORS))
        options: dict[str, Any] = {
            "n_epochs": self.n_epochs,
            "l2": self.l2,
            "optimizer": self.optimizer,
            "lr_scheduler": self.lr_scheduler,
            "precisions": precisions,
            "mu_eps": mu_eps,
            "seed": self.seed,
        }
        lr = self.lr
        for retry in range(RETRIES + 1):
            lr = self.lr / 10**retry
            try:
                return train_snorkel(overlaps, cells, n, p, lr=lr, **options)
            except LossDivergedError:
                if retry < RETRIES:
                    again = f"the loss of Snorkel's label model diverged with lr={lr:g}; trying lr={lr / 10:g}"
                    warn(again)
        raise LabelModelError(
            f"the loss of Snorkel's label model diverged with lr={self.lr:g} and still with lr={lr:g}; "
            "leave out labeling functions that repeat others, or use MajorityVote"
        )

    def _advice(self) -> str:
        return "check class_balance, or use MajorityVote"


def _check_name(parameter: str, name: str, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise LabelModelError(
            f"unknown {parameter} '{name}'{nearest(str(name), allowed)}; it is one of {', '.join(allowed)}"
        )


def _assumed_mu(
    rates: NDArray[np.float64], p: NDArray[np.float64], precisions: NDArray[np.float64], mu_eps: float
) -> NDArray[np.float64]:
    """Make the parameters of labeling functions whose votes are right as often as ``precisions`` say.

    By Bayes, P(vote j | y) is P(vote j) P(y | vote j) / P(y), where P(y | vote j) is the precision for y = j, and the
    other classes share the rest.

    Parameters
    ----------
    rates
        P(vote). Shape: [m*k].
    p
        Class balance. Shape: [k].
    precisions
        Shape: [m].
    mu_eps
        How far from 0 and 1 to stay.

    Returns
    -------
    array
        Shape: [m*k, k].
    """
    k = len(p)
    right = np.tile(np.eye(k, dtype=bool), (len(precisions), 1))
    precision = np.repeat(precisions, k)[:, None]
    posterior = np.where(right, precision, (1 - precision) / max(1, k - 1)) if k > 1 else np.ones_like(precision)
    return np.clip(rates[:, None] * posterior / p, mu_eps, 1 - mu_eps)


Floats = NDArray[np.float32]

MOMENTUM = 0.9
BETAS = 0.9, 0.999
EPS = 1e-8
"""Snorkel's settings of its optimisers, which it takes from PyTorch except for the momentum."""

Step = Callable[[Floats, float], Floats]
"""From the gradient and the learning rate to what is taken off the parameters."""


class LossDivergedError(Exception):
    """The loss became infinite or NaN: the learning rate is too high for these votes."""


def train_snorkel(
    overlaps: NDArray[np.float64],
    cells: NDArray[np.int64],
    n: int,
    class_balance: NDArray[np.float64],
    *,
    n_epochs: int,
    lr: float,
    l2: float,
    optimizer: str,
    lr_scheduler: str,
    precisions: NDArray[np.float64],
    mu_eps: float,
    seed: int,
) -> NDArray[np.float64]:
    """Find the parameters that Snorkel's ``LabelModel.fit`` finds, except for rounding; single precision, as there.

    Minimised over mu is the squared error of the overlap of votes of two labeling functions that mu predicts
    (:math:`\\mu P \\mu^T`), and of how often each votes (:math:`\\mu p`); plus ``l2`` squared times the distance
    from the start.

    Parameters
    ----------
    overlaps
        See `count_overlaps`. Only votes that are cast matter: the parameters of others stay 0. Shape: [d, d].
    cells
        Which votes these are, ``i*k + j`` for labeling function i and class j, in order. Shape: [d].
    n
        Rows that the overlaps were counted in.
    class_balance
        Shape: [k].
    n_epochs, lr, l2, optimizer, lr_scheduler, seed
        See `LabelModel`.
    precisions
        Accuracy that is assumed of each labeling function at the start. Shape: [m].
    mu_eps
        How far from 0 and 1 the parameters are kept.

    Returns
    -------
    array
        The parameters ``mu`` of these votes, before classes are matched. Shape: [d, k].

    Raises
    ------
    LossDivergedError
        The loss became infinite or NaN.

    References
    ----------
    Ratner, Hancock, Dunnmon, Sala, Pandey, Ré: Training Complex Models with Multi-Task Weak Supervision. AAAI 2019.
    """
    k = len(class_balance)
    own = np.flatnonzero(np.diff(cells // k, prepend=-1, append=-1))
    O = np.empty(overlaps.shape, dtype=np.float32)  # noqa: E741 - the paper's letter
    np.divide(overlaps, n, out=O, casting="same_kind")
    p = class_balance.astype(np.float32)
    rates = O.diagonal().copy()
    start = _start(rates, cells, class_balance, precisions)
    # A vote excludes the other votes of its labeling function, so these carry no information.
    _clear_own_blocks(O, own)
    mu = start * np.float32(np.random.RandomState(seed).random_sample())
    step = STEPS[optimizer](mu)
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging loss is found by its value
        for epoch in range(n_epochs):
            loss, gradient = _loss_and_gradient(mu, O, own, p, rates, start, l2)
            _check(loss)
            mu -= step(gradient + np.float32(l2) * mu, lr * LR_FACTORS[lr_scheduler](epoch, n_epochs))
        _check(_loss_and_gradient(mu, O, own, p, rates, start, l2)[0])
    return np.clip(mu, np.float32(mu_eps), np.float32(1 - mu_eps)).astype(np.float64)


def _start(rates: Floats, cells: NDArray[np.int64], p: NDArray[np.float64], precisions: NDArray[np.float64]) -> Floats:
    """P(vote y | Y = y) where a vote is right as often as ``precisions`` say; 0 for wrong votes. Shape: [d, k]."""
    k = len(p)
    lf, label = np.divmod(cells, k)
    start = np.zeros((len(cells), k), dtype=np.float32)
    start[range(len(cells)), label] = np.clip(rates * precisions.astype(np.float32)[lf] / p[label], 0, 1)
    return start


def _clear_own_blocks(square: Floats, own: NDArray[np.int64]) -> None:
    """Set to 0 what belongs to two votes of one labeling function, whose votes begin at ``own``. Shape: [d, d]."""
    for first, after in pairwise(own.tolist()):
        square[first:after, first:after] = 0


def _loss_and_gradient(
    mu: Floats,
    O: Floats,  # noqa: E741
    own: NDArray[np.int64],
    p: Floats,
    rates: Floats,
    start: Floats,
    l2: float,
) -> tuple[float, Floats]:
    weighted: Floats = mu * p
    error: Floats = np.subtract(O, weighted @ mu.T, dtype=np.float32)
    _clear_own_blocks(error, own)
    rate_error = weighted.sum(axis=1) - rates
    pull = np.float32(l2) * (mu - start)
    loss = np.vdot(error, error) + np.vdot(rate_error, rate_error) + np.vdot(pull, pull)
    gradient = -4 * (error @ weighted) + 2 * np.outer(rate_error, p) + 2 * np.float32(l2) * pull
    return float(loss), gradient


def _check(loss: float) -> None:
    if not np.isfinite(loss):
        raise LossDivergedError


def _sgd(mu: Floats) -> Step:
    velocity = np.zeros_like(mu)

    def step(gradient: Floats, lr: float) -> Floats:
        nonlocal velocity
        velocity = np.float32(MOMENTUM) * velocity + gradient
        return np.float32(lr) * velocity

    return step


def _adam(mu: Floats) -> Step:
    """Kingma and Ba: Adam. ICLR 2015."""
    mean, square, steps = np.zeros_like(mu), np.zeros_like(mu), 0

    def step(gradient: Floats, lr: float) -> Floats:
        nonlocal mean, square, steps
        steps += 1
        mean = mean + np.float32(1 - BETAS[0]) * (gradient - mean)
        square = np.float32(BETAS[1]) * square + np.float32(1 - BETAS[1]) * gradient**2
        spread = np.sqrt(square) / np.float32(np.sqrt(1 - BETAS[1] ** steps)) + np.float32(EPS)
        return np.asarray(np.float32(lr / (1 - BETAS[0] ** steps)) * mean / spread, dtype=np.float32)

    return step


def _adamax(mu: Floats) -> Step:
    """The same paper's variant by the largest gradient."""
    mean, largest, steps = np.zeros_like(mu), np.zeros_like(mu), 0

    def step(gradient: Floats, lr: float) -> Floats:
        nonlocal mean, largest, steps
        steps += 1
        mean = mean + np.float32(1 - BETAS[0]) * (gradient - mean)
        largest = np.maximum(np.float32(BETAS[1]) * largest, np.abs(gradient) + np.float32(EPS))
        return np.float32(lr / (1 - BETAS[0] ** steps)) * mean / largest

    return step


STEPS: dict[str, Callable[[Floats], Step]] = {"sgd": _sgd, "adam": _adam, "adamax": _adamax}

LR_FACTORS: dict[str, Callable[[int, int], float]] = {
    "constant": lambda epoch, n_epochs: 1.0,
    "linear": lambda epoch, n_epochs: (n_epochs - epoch) / n_epochs,
    "exponential": lambda epoch, n_epochs: 0.9**epoch,
    "step": lambda epoch, n_epochs: 0.9 ** (epoch // 5),
}


def match_classes(mu: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose, among the classes that are equally frequent, the order in which votes are right most often.

    The objective is the same for any order of such classes.
    """
    k = len(p)
    weighted = mu.reshape(-1, k, k).sum(axis=0) * p
    order = np.arange(k)
    shares = np.around(p, 3)
    for share in np.unique(shares):
        group = np.flatnonzero(shares == share)
        votes = weighted[np.ix_(group, group)]
        # Where each class gets its own votes most of all, no other order is better.
        if (votes.diagonal() < votes.max(axis=1)).any():
            from scipy.optimize import linear_sum_assignment

            order[group] = group[linear_sum_assignment(votes, maximize=True)[1]]
    return mu[:, order]
