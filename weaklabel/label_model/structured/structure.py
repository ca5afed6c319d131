"""A model of votes with copies and hard rows.

Its parameters and likelihood; which labeling functions copy others; EM, where it starts, and how well the fit explains
the votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.evidence import log_sum_and_softmax, probs_by_evidence
from weaklabel.label_model.moments import choose_partners, class_covariances
from weaklabel.labels import ABSTAIN, Probs, VoteArray
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

_MIN_PROBABILITY, _IMPOSSIBLE = 1e-12, 1e-300


@dataclass(frozen=True)
class Structure:
    """Parameters. A row is easy or hard; a state is a class with one of the two, easy ones first, 2k in all.

    Attributes
    ----------
    balance
        P(class). Shape: [k].
    hard_share
        P(hard row).
    informative
        On a hard row, a vote comes from its class's table with this probability, and otherwise from that of any class.
    tables
        P(vote | class) of a labeling function that does not copy, on an easy row; the abstain first. Shape: [m, k, k+1].
    leaders
        Which labeling function each copies, -1 for none. Shape: [m].
    copying
        Probability that a copying labeling function repeats its leader's vote or abstain; 0 without a leader. Shape: [m].
    """

    balance: Floats
    hard_share: float
    informative: float
    tables: Floats
    leaders: NDArray[np.int64]
    copying: Floats

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.balance)

    @cached_property
    def states(self) -> Floats:
        """P(state). Shape: [2k]."""
        return np.concatenate([self.balance * (1 - self.hard_share), self.balance * self.hard_share])

    @cached_property
    def of_any(self) -> Floats:
        """P(vote), whatever the class. Shape: [m, k+1]."""
        return np.einsum("myv,y->mv", self.tables, self.balance)

    @cached_property
    def own(self) -> Floats:
        """P(vote | state) of one that does not copy. Shape: [m, 2k, k+1]."""
        hard = self.informative * self.tables + (1 - self.informative) * self.of_any[:, None]
        return np.concatenate([self.tables, hard], axis=1)

    @cached_property
    def rates(self) -> Floats:
        """P(vote | state), copied votes included. Shape: [m, 2k, k+1]."""
        rates = self.own.copy()
        for lf in leaders_first(self.leaders):
            if self.leaders[lf] >= 0:
                rates[lf] += self.copying[lf] * (rates[self.leaders[lf]] - rates[lf])
        return rates

    @cached_property
    def evidence(self) -> Floats:
        """Log P(code | state), see `VoteCodes`. Shape: [m, 2(k+1), 2k]."""
        copying = self.copying[:, None, None]
        apart = (1 - copying) * self.own
        return np.log(np.maximum(np.concatenate([apart, copying + apart], axis=2), _MIN_PROBABILITY)).swapaxes(1, 2)

    def joint(self, codes: VoteCodes) -> Floats:
        """Return log P(votes, state) of rows. Shape: [n, 2k]."""
        base = self.evidence[np.arange(len(self.leaders)), codes.base]
        more = self.evidence - base[:, None]
        joint: Floats = codes.votes @ more.reshape(-1, 2 * self.k)
        return joint + base.sum(axis=0) + np.log(np.maximum(self.states, _IMPOSSIBLE))

    def posterior(self, L: VoteArray) -> Floats:
        """Return P(class | votes): by tables, not by codes as in EM. Shape: [n, m] -> [n, k]."""
        span, copiers = self.k + 1, np.flatnonzero(self.leaders >= 0)
        prior = np.log(np.maximum(self.states, _IMPOSSIBLE))
        if not len(copiers):
            states = probs_by_evidence(L, self.evidence[:, :span], prior)
            return states[:, : self.k] + states[:, self.k :]
        own, led = L[:, copiers], L[:, self.leaders[copiers]]
        # Agreement with the leader, abstain or not, is a further kind of vote of the labeling function.
        alike = np.where(own == led, own + np.int8(1), np.int8(ABSTAIN))
        apart, said_alike = self.evidence[:, :span], self.evidence[copiers, span:]
        evidence = np.zeros((len(apart) + len(copiers), span + 1, 2 * self.k))
        evidence[: len(apart), :span] = apart
        evidence[len(apart) :, 1:] = said_alike - apart[copiers]
        states = probs_by_evidence(np.asfortranarray(np.hstack([L, alike])), evidence, prior)
        return states[:, : self.k] + states[:, self.k :]


class VoteCodes:
    """Votes as a sparse matrix of ones: what does not vote, and whose leader does not, costs nothing.

    The code of a vote v is ``v + 1``, the abstain being 0, and ``k + 1`` more where the leader does the same. What most
    rows have, the abstain (together with the leader's), is left out.

    Attributes
    ----------
    votes : scipy.sparse.csr_matrix
        One in the column ``lf * 2(k+1) + code``. Shape: [n, m*2(k+1)].
    base : array
        The code that is left out. Shape: [m].
    """

    def __init__(self, L: VoteArray, cardinality: int, leaders: NDArray[np.int64]) -> None:
        from scipy.sparse import csr_matrix

        span, copiers = cardinality + 1, leaders >= 0
        codes = L.astype(np.int16) + 1
        codes[:, copiers] += span * (L[:, copiers] == L[:, leaders[copiers]])
        self.base = np.where(copiers, span, 0)
        rows, lfs = np.nonzero(codes != self.base)
        columns = lfs * 2 * span + codes[rows, lfs]
        self.votes: Any = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(L), L.shape[1] * 2 * span))
        self._of_columns = self.votes.T.tocsr()
        self._span = 2 * span

    def count(self, weights: Floats) -> Floats:
        """Add up the weights of rows by code. Shape: [n, s] -> [m, 2(k+1), s]."""
        m, total = len(self.base), weights.sum(axis=0)
        counts: Floats = (self._of_columns @ weights).reshape(m, self._span, weights.shape[1])
        counts[np.arange(m), self.base] = np.maximum(total - counts.sum(axis=1), 0)
        return counts


def agreement(overlaps: Floats, n: int, cardinality: int) -> Floats:
    """Correlate the votes of each two labeling functions, whatever the reason that they vote alike.

    Parameters
    ----------
    overlaps
        How many rows have each two votes, labeling function ``i`` voting ``y`` at ``i*k + y``. Shape: [m*k, m*k].
    n
        Rows.
    cardinality
        Number of classes k.

    Returns
    -------
    array
        Of voting for the same class, -1 to 1; 0 of a labeling function with itself. Shape: [m, m].
    """
    m = len(overlaps) // cardinality
    covariances, variances = np.zeros((m, m)), np.zeros(m)
    for of_class, spread in class_covariances(overlaps, n, cardinality):
        covariances += of_class
        variances += spread
    deviations = np.sqrt(variances)
    scale = np.outer(deviations, deviations)
    correlations = np.divide(covariances, scale, out=np.zeros((m, m)), where=scale > 0)
    np.fill_diagonal(correlations, 0)
    return correlations


def copy_forest(strength: Floats) -> NDArray[np.int64]:
    """Choose for each labeling function the one that it copies, if any.

    It is the strongest spanning forest (Prim, 1957) over pairs with a positive strength. Each tree grows from its
    member with the most strength in all: where several copy one, that one is alike to all of them, and they less to
    each other.

    Parameters
    ----------
    strength
        Symmetric; 0 where two do not copy each other. Shape: [m, m].

    Returns
    -------
    array
        Number of the one that is copied, -1 if there is none. Shape: [m].
    """
    m = len(strength)
    leaders, placed, total = np.full(m, -1), np.zeros(m, dtype=bool), strength.sum(axis=1)
    for root in np.argsort(-total, kind="stable"):
        if placed[root] or total[root] <= 0:
            continue
        placed[root] = True
        nearest, best = np.full(m, root), np.where(placed, 0, strength[root])
        while best.max() > 0:
            new = int(best.argmax())
            leaders[new], placed[new] = nearest[new], True
            closer = ~placed & (strength[new] > best)
            nearest[closer] = new
            best = np.where(placed, 0, np.maximum(best, strength[new]))
    return leaders


def leaders_first(leaders: NDArray[np.int64]) -> list[int]:
    """Order labeling functions so that each comes after the one it copies."""
    depth = np.zeros(len(leaders), dtype=np.int64)
    at = leaders.copy()
    while (at >= 0).any():
        depth += at >= 0
        at = np.where(at >= 0, leaders[at], -1)
    return np.argsort(depth, kind="stable").tolist()


def trees(leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the root of each labeling function's tree; its own number where it copies none. Shape: [m]."""
    roots = np.arange(len(leaders))
    for lf in leaders_first(leaders):
        if leaders[lf] >= 0:
            roots[lf] = roots[leaders[lf]]
    return roots


_SIGNIFICANT = 2.0
"""Standard errors from 0 of a covariance that triplets use."""

_SURE = 4.0
"""Standard errors by which two labeling functions must vote alike too often."""

_MIN_CORRELATION = 0.1
"""Correlation from which it matters."""


def find_repeats(overlaps: Floats, n: int, cardinality: int) -> Floats:
    r"""Find labeling functions that agree more often than the class explains.

    For a class y, let :math:`e_i` be 1 where labeling function i votes y, else 0. If votes are independent given whether Y = y,
    then :math:`Cov(e_i, e_j) = x_i x_j`, and each three give :math:`x_i^2 = Cov(e_i, e_j) Cov(e_i, e_k) / Cov(e_j, e_k)`.
    The median over triplets is right as long as most of them are of labeling functions that do not repeat each other.
    What a covariance has beyond :math:`x_i x_j`, the class cannot explain.

    Parameters
    ----------
    overlaps
        How many rows have each two votes, labeling function ``i`` voting ``y`` at ``i*k + y``. Shape: [m*k, m*k].
    n
        Rows.
    cardinality
        Number of classes k.

    Returns
    -------
    array
        Correlation that is left over, 0 to 1; 0 where it is below .1 or may be an accident. Shape: [m, m].

    References
    ----------
    Moments of three labeling functions: Fu et al., "Fast and Three-rious", ICML 2020.
    """
    m = len(overlaps) // cardinality
    left, spread = np.zeros((m, m)), np.zeros(m)
    for covariances, variances in class_covariances(overlaps, n, cardinality):
        effects = np.minimum(_effects(covariances, variances, n), np.sqrt(variances))
        left += covariances - np.outer(effects, effects)
        spread += variances - effects**2
    varying = spread > 1e-9
    deviations = np.sqrt(np.where(varying, spread, 1))
    repeated = np.where(np.outer(varying, varying), left / np.outer(deviations, deviations), 0)
    np.fill_diagonal(repeated, 0)
    sure = (repeated > _MIN_CORRELATION) & (repeated * np.sqrt(n) > _SURE)
    return np.where(sure, np.minimum(repeated, 1), 0)


def _effects(covariances: Floats, variances: Floats, n: int) -> Floats:
    """Take the median over triplets; 0 if there is none. Shape: [m, m], [m] -> [m]."""
    usable = covariances > _SIGNIFICANT * np.sqrt(np.outer(variances, variances) / max(1, n))
    np.fill_diagonal(usable, False)
    others = covariances.copy()
    np.fill_diagonal(others, 0)
    effects = np.zeros(len(variances))
    for lf in np.flatnonzero(variances > 0):
        some = choose_partners(others[lf])
        both = np.ix_(some, some)
        chosen = usable[both]
        if chosen.sum() > 2:
            squares = np.outer(others[lf, some], others[lf, some])[chosen] / covariances[both][chosen]
            effects[lf] = np.sqrt(max(0.0, float(np.median(squares))))
    return effects


_ACCURACY, _PSEUDO_VOTES = 0.8, 3.0
"""What is assumed of a labeling function, and with how many votes of each class that it votes for."""

_LIFT, _LIFT_VOTES, _ALIKE_ROWS = 0.6, 3.0, 5.0
"""Classes of a labeling function are taken to be alike: as many rows of each class as ``_ALIKE_ROWS`` say that it is
right as often on all of them. How often that is, is smoothed by ``_LIFT_VOTES`` votes that are ``_LIFT`` of the way from
chance to always right."""

_MIN, _TINY = 1e-6, 1e-9

_START_HARD, _START_INFORMATIVE, _START_COPYING = 0.2, 0.3, 0.5

_TOLERANCE = 1e-5
"""Iterations end where the log likelihood rises by less a row."""


@dataclass(frozen=True)
class Fit:
    """The result of EM.

    Attributes
    ----------
    structure
        The parameters.
    log_likelihood
        Of all rows.
    own
        Expected rows by class and vote, without copied votes and the uninformative ones of hard rows.
        Shape: [m, k, k+1].
    labels
        P(class) of the rows. Shape: [n, k].
    """

    structure: Structure
    log_likelihood: float
    own: Floats
    labels: Floats


def fit_structure(
    codes: VoteCodes,
    counts: Floats,
    leaders: NDArray[np.int64],
    labels: Floats,
    iterations: int,
    given: Floats | None = None,
) -> Fit:
    """Run EM from labels.

    Parameters
    ----------
    codes, counts
        Votes, and how many rows have them. Length: n.
    leaders
        Shape: [m].
    labels
        P(class) to start from; a class of probability 0 on all rows keeps it. Shape: [n, k].
    iterations
        Most iterations.
    given
        Class balance, where EM is not to find it. Shape: [k].
    """
    states = np.concatenate([labels * (1 - _START_HARD), labels * _START_HARD], axis=1)
    structure, last, n = None, -np.inf, counts.sum()
    for _ in range(iterations):
        weights = states * counts[:, None]
        structure, own = _maximise(codes.count(weights), weights.sum(axis=0), leaders, structure, given)
        of_rows, states = log_sum_and_softmax(structure.joint(codes))
        log_likelihood = float(counts @ of_rows)
        if log_likelihood - last < _TOLERANCE * n:
            break
        last = log_likelihood
    assert structure is not None
    k = labels.shape[1]
    return Fit(structure, log_likelihood, own, states[:, :k] + states[:, k:])


def _maximise(
    counts: Floats, rows: Floats, leaders: NDArray[np.int64], before: Structure | None, given: Floats | None
) -> tuple[Structure, Floats]:
    """Return parameters for expected counts by code and state, and each class's own votes. Shape: [m, 2(k+1), 2k], [2k]."""
    k = len(rows) // 2
    own, copied = _own_votes(counts, leaders, before)
    informative, informative_share = _informative_votes(own, before)
    total = max(rows.sum(), _TINY)
    copying = np.where(leaders >= 0, np.clip(copied / total, 0.01, 0.98), 0.0)
    hard = float(np.clip(rows[k:].sum() / total, 0.005, 0.6))
    of_class = rows[:k] + rows[k:]
    of_class = of_class + (of_class > _TINY) if given is None else given * (of_class > _TINY)
    balance = of_class / max(of_class.sum(), _TINY)
    return Structure(balance, hard, informative_share, _tables(informative, balance), leaders, copying), informative


def _own_votes(counts: Floats, leaders: NDArray[np.int64], before: Structure | None) -> tuple[Floats, Floats]:
    """Tell own votes [m, k+1, 2k] from copied ones, of which only the number [m] matters."""
    span = counts.shape[1] // 2
    apart, alike = counts[:, :span], counts[:, span:]
    if before is None:
        share = np.where(leaders >= 0, 1 - _START_COPYING, 1.0)[:, None, None]
    else:
        chance = (1 - before.copying[:, None, None]) * before.own.swapaxes(1, 2)
        share = chance / np.maximum(before.copying[:, None, None] + chance, _TINY)
    return apart + alike * share, (alike * (1 - share)).sum(axis=(1, 2))


def _informative_votes(own: Floats, before: Structure | None) -> tuple[Floats, float]:
    """Return the votes that depend on the class [m, k, k+1], and their share on hard rows."""
    k = own.shape[2] // 2
    easy, hard = own[:, :, :k], own[:, :, k:]
    if before is None:
        return (easy + hard).swapaxes(1, 2), _START_INFORMATIVE
    of_class = before.informative * before.tables.swapaxes(1, 2)
    informative = hard * of_class / np.maximum(of_class + (1 - before.informative) * before.of_any[:, :, None], _TINY)
    share = float(np.clip(informative.sum() / max(hard.sum(), _TINY), 0.02, 0.9))
    return (easy + informative).swapaxes(1, 2), share


def _tables(counts: Floats, balance: Floats) -> Floats:
    """Make P(vote | class) of expected counts, smoothed. Shape: [m, k, k+1]."""
    k, by_vote, rows = len(balance), counts[:, :, 1:].sum(axis=1), counts.sum(axis=2)
    total = np.maximum(rows.sum(axis=1), _TINY)
    voted = by_vote.sum(axis=1)
    coverage = voted / total
    votes = by_vote / np.maximum(voted, _TINY)[:, None]
    chance = (rows / total[:, None] * votes).sum(axis=1)
    right = np.einsum("myy->my", counts[:, :, 1:]).sum(axis=1) + _LIFT_VOTES * (chance + (1 - chance) * _LIFT)
    smoothed = counts + _ALIKE_ROWS * alike_tables(votes, coverage, chance, right / (voted + _LIFT_VOTES))
    target = np.full((k, k), (1 - _ACCURACY) / max(1, k - 1))
    np.fill_diagonal(target, _ACCURACY if k > 1 else 1.0)
    added = _PSEUDO_VOTES * (by_vote > 0)[:, :, None] * target
    smoothed[:, :, 1:] += added.swapaxes(1, 2)
    # Pseudo-votes come with rows on which their labeling function abstains as often as it does.
    abstains = added.sum(axis=(1, 2)) * (1 / np.maximum(coverage, _TINY) - 1)
    smoothed[:, :, 0] += np.maximum(abstains, 0)[:, None] * balance
    return np.maximum(smoothed / np.maximum(smoothed.sum(axis=2, keepdims=True), _TINY), _MIN)


def alike_tables(votes: Floats, coverage: Floats, chance: Floats, accuracy: Floats) -> Floats:
    """Return tables of labeling functions that vote as often, and are right as often, on every class.

    Parameters
    ----------
    votes
        Share of each class among a labeling function's votes. Shape: [m, k].
    coverage, chance, accuracy
        Share of rows with a vote; of votes that would be right by chance; of votes that are right. Shape: [m].

    Returns
    -------
    array
        P(vote | class), the abstain first. Shape: [m, k, k+1].
    """
    k = votes.shape[1]
    right, wrong = accuracy / np.maximum(chance, _TINY), (1 - accuracy) / np.maximum(1 - chance, _TINY)
    tables = np.repeat((votes * wrong[:, None])[:, None], k, axis=1)
    tables[:, range(k), range(k)] = votes * right[:, None]
    tables = np.minimum(coverage[:, None, None] * tables, 0.98)
    tables = np.concatenate([np.maximum(1 - tables.sum(axis=2, keepdims=True), 0.02), tables], axis=2)
    return tables / tables.sum(axis=2, keepdims=True)


_DOUBT = 0.02
"""Probability that is shared out among all classes."""

_NATS_A_VOTE = np.log(2)
"""Evidence of a vote for its class."""


def labels_by_shares(L: VoteArray, counts: Floats, cardinality: int, weights: Floats) -> Probs:
    """Label rows by the shares of their votes, which count as much as ``weights`` [m] say. Shape: [n, m] -> [n, k]."""
    votes = _weighed(L, cardinality, weights) + 1e-9
    shares = votes / votes.sum(axis=1, keepdims=True)
    return _with_uncovered(L, counts, (shares + _DOUBT / cardinality) / (1 + _DOUBT))


def labels_by_counts(L: VoteArray, counts: Floats, cardinality: int, weights: Floats, others: float) -> Probs:
    """Label rows by numbers of votes, two for each one against.

    Parameters
    ----------
    others
        Prior odds of any class against the one with the most votes in all: 1 if no class is larger than others.
    """
    votes = _weighed(L, cardinality, weights)
    prior = np.full(cardinality, np.log(others))
    prior[(votes * counts[:, None]).sum(axis=0).argmax()] = 0
    scores = votes * _NATS_A_VOTE + prior
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    return _with_uncovered(L, counts, (1 - _DOUBT) * probs + _DOUBT / cardinality)


def _weighed(L: VoteArray, cardinality: int, weights: Floats) -> Floats:
    return np.stack([np.equal(L, label) @ weights for label in range(cardinality)], axis=1)


def _with_uncovered(L: VoteArray, counts: Floats, probs: Probs) -> Probs:
    """Give rows without votes the mean of the others, and remove classes without votes."""
    cast = np.array([np.equal(L, label).any() for label in range(probs.shape[1])])
    probs = probs * cast / np.maximum((probs * cast).sum(axis=1, keepdims=True), 1e-300)
    voted = has_vote(L)
    mean = (probs * counts[:, None])[voted].sum(axis=0)
    probs[~voted] = mean / mean.sum() if voted.any() else 1 / probs.shape[1]
    return probs


_PRIOR_ROWS, _PRIOR_LIFT = 30.0, 0.4
"""A labeling function is assumed, as firmly as so many rows of each class say, to be alike on all classes, and right
this far of the way from chance to always: solutions in which classes are exchanged do not go with that."""


def log_evidence(fit: Fit) -> float:
    r"""Return the log probability of the votes, all parameter values considered.

    The likelihood alone prefers whatever has more room to fit, such as many large classes where there is one large and
    several small ones. Cheeseman and Stutz take what the likelihood of the expected counts loses when their parameters
    are not known but integrated out, in closed form with Dirichlet priors, off the likelihood of the votes.

    Parameters
    ----------
    fit
        Of `fit_structure`. Fits on the same rows can be compared, also with other leaders.

    References
    ----------
    Cheeseman, Stutz: Bayesian Classification (AutoClass): Theory and Results. 1996.
    """
    structure, own = fit.structure, fit.own
    rows = max(float(own.sum(axis=(1, 2)).max(initial=0)), _TINY)
    tables = _integrated(own, _prior(own, structure.balance)) - _maximal(own)
    of_class = structure.balance * rows
    share = np.full(structure.k, 1 / structure.k)
    balance = _integrated(of_class[None], share[None]) - _maximal(of_class[None])
    # Copying and leaders: one parameter each, by the rule of Schwarz (BIC).
    copying = 0.5 * np.log(max(rows, 1.0)) * float((structure.leaders >= 0).sum())
    return fit.log_likelihood + float(tables.sum() + balance.sum()) - copying


def _prior(own: Floats, balance: Floats) -> Floats:
    total = np.maximum(own.sum(axis=(1, 2)), _TINY)
    by_vote = own[:, :, 1:].sum(axis=1)
    voted = by_vote.sum(axis=1)
    votes = by_vote / np.maximum(voted, _TINY)[:, None]
    chance = votes @ balance
    return _PRIOR_ROWS * alike_tables(votes, voted / total, chance, chance + (1 - chance) * _PRIOR_LIFT)


def _integrated(counts: Floats, prior: Floats) -> Floats:
    """Log probability of counts under a Dirichlet prior; what has no prior cannot be. Shape: [..., v] -> [...]."""
    from scipy.special import gammaln

    possible = prior > _TINY
    prior, counts = np.where(possible, prior, 1.0), np.where(possible, counts, 0.0)
    terms = gammaln(prior + counts) - gammaln(prior)
    whole = np.where(possible, prior, 0.0).sum(axis=-1)
    return np.asarray(gammaln(whole) - gammaln(whole + counts.sum(axis=-1)) + terms.sum(axis=-1))


def _maximal(counts: Floats) -> Floats:
    """Log probability of counts by their own shares. Shape: [..., v] -> [...]."""
    shares = counts / np.maximum(counts.sum(axis=-1, keepdims=True), _TINY)
    return np.asarray((counts * np.log(np.maximum(shares, _TINY))).sum(axis=-1))
