"""How well a fitted model of votes explains them, its own freedom deducted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.structured.em import Fit, alike_tables

Floats = NDArray[np.float64]

_PRIOR_ROWS, _PRIOR_LIFT = 30.0, 0.4
"""A labeling function is assumed, as firmly as so many rows of each class say, to be alike on all classes, and right
this far of the way from chance to always: solutions in which classes are exchanged do not go with that."""

_TINY = 1e-9


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
