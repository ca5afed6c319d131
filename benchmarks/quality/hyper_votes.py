"""Votes of labeling functions as texts make them, drawn from known classes: what the hyper label model is trained on.

Nothing in here was fitted to a data set. Rows fall into subgroups of their class, are wordy or terse, and hard or easy;
labeling functions of one family take to the same subgroups, and hard rows mislead several at once: given the class,
votes are not independent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

MAX_ITEMS = 160
MAX_ITEMS_BY_CLASSES = 700
MAX_VOTES_DRAWN = 30_000


@dataclass(frozen=True)
class Plan:
    """Who may vote what: item v is labeling function ``lf[v]`` voting ``label[v]``; sorted by labeling function."""

    k: int
    m: int
    lf: NDArray[np.int64]
    label: NDArray[np.int64]
    n: int


def draw_plan(rng: Generator) -> Plan:
    """Draw the number of classes, 2 to 10, of labeling functions, 3 to 120, and what each may vote."""
    while True:
        k = 2 if rng.random() < 0.5 else int(rng.integers(3, 11))
        m = max(int(_log_uniform(rng, 3, 120)), min(k, 6))
        style = rng.choice(["one-sided", "mixed", "many-sided"], p=[0.6, 0.2, 0.2])
        favoured = rng.dirichlet(np.full(k, np.exp(rng.uniform(-0.3, 2.5))))
        votes = [_labels_of_one(rng, style, number, k, favoured) for number in range(m)]
        lf, label = np.repeat(np.arange(m), [len(some) for some in votes]), np.concatenate(votes)
        if len(lf) <= MAX_ITEMS and len(lf) * k <= MAX_ITEMS_BY_CLASSES:
            n = min(int(_log_uniform(rng, 150, 20_000)), MAX_VOTES_DRAWN // len(lf))
            return Plan(k, m, lf, label, max(100, n))


def draw_votes(rng: Generator, plan: Plan, n: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Draw L [n, m] and the classes [n] behind it."""
    balance = _draw_balance(rng, plan.k)
    coverage, precision = _draw_quality(rng, plan, balance, n)
    confusion = rng.dirichlet(np.full(plan.k, rng.uniform(0.3, 3.0)), plan.k) * 0.7 + 0.3 / plan.k
    classes, leaning = _draw_rows(rng, plan, balance, confusion, n)
    odds = np.exp(np.log(_rates(plan, balance, confusion, coverage, precision) + 1e-9).T[classes] + leaning)
    is_right = plan.label == classes[:, None]
    # On the whole each vote is as frequent, and as often right, as was drawn.
    right = odds * is_right * (n * coverage * precision / ((odds * is_right).sum(axis=0) + 1e-12))
    wrong = odds * ~is_right * (n * coverage * (1 - precision) / ((odds * ~is_right).sum(axis=0) + 1e-12))
    return _copy_some(rng, _cast(rng, plan, np.minimum(right + wrong, 0.97))), classes


def _labels_of_one(rng: Generator, style: str, number: int, k: int, favoured: NDArray[np.float64]) -> NDArray[np.int64]:
    if style == "one-sided" and number < k and rng.random() < 0.9:
        return np.array([number])  # hardly a class goes without
    if style == "one-sided" or (style == "mixed" and rng.random() < 0.6):
        return rng.choice(k, size=1, p=favoured)
    if rng.random() < 0.6:
        return np.arange(k)
    return np.sort(rng.choice(k, size=int(rng.integers(2, k + 1)), replace=False))


def _draw_balance(rng: Generator, k: int) -> NDArray[np.float64]:
    if rng.random() < 0.25:
        return np.full(k, 1 / k)
    shares = np.maximum(rng.dirichlet(np.full(k, _log_uniform(rng, 0.6, 8))), 0.03 if k == 2 else 0.01)
    return shares / shares.sum()


def _draw_quality(
    rng: Generator, plan: Plan, balance: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw how often each item is voted, and how often it is then right. Shape: [d], [d]."""
    m, d, rarity = plan.m, len(plan.lf), balance[plan.label]
    coverage = np.exp(rng.normal(rng.uniform(np.log(0.004), np.log(0.5)), rng.uniform(0.2, 1.5), m))
    coverage = np.clip(coverage, 1.5 / n, 0.9)
    if rng.random() < 0.3:
        coverage[rng.integers(m)] = rng.uniform(0.2, 0.85)
    broad = rng.uniform(0, 0.7) * (np.log(coverage) - np.log(coverage).mean())  # who speaks often is wrong more often
    if rng.random() < 0.5:  # how much likelier a vote makes its class
        gain = rng.normal(rng.uniform(0.5, 4.0), rng.uniform(0.3, 1.5), m)[plan.lf] + rng.normal(0, 0.4, d)
        odds = rarity / (1 - rarity) * np.exp(gain - broad[plan.lf])
    else:
        mean, focus = rng.uniform(0.5, 0.95), np.exp(rng.uniform(1, 3.5))
        precision = rng.beta(mean * focus, (1 - mean) * focus, m)[plan.lf] + rng.normal(0, 0.05, d)
        if rng.random() < 0.7:
            precision = np.maximum(precision, rarity * rng.uniform(0.3, 1.2, d))
        precision = np.clip(precision, 0.001, 0.999)
        odds = precision / (1 - precision) * np.exp(-broad[plan.lf])
    precision = odds / (1 + odds)
    if rng.random() < 0.25:  # some mislead
        bad = rng.random(m) < rng.uniform(0.05, 0.25)
        precision = np.where(bad[plan.lf], precision * rng.uniform(0.1, 0.7, m)[plan.lf], precision)
    # The rarer a class, the rarer its votes, more or less.
    shared = coverage[plan.lf] * rarity / np.bincount(plan.lf, rarity)[plan.lf] * (rarity * plan.k) ** rng.uniform(0, 1)
    return np.clip(shared, 1.5 / n, 0.9), np.clip(precision, 0.005, 0.998)


def _draw_rows(
    rng: Generator, plan: Plan, balance: NDArray[np.float64], confusion: NDArray[np.float64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw the rows' classes, and how each row leans to each item beside them, in logs. Shape: [n], [n, d]."""
    k, m = plan.k, plan.m
    per_class = int(rng.integers(1, 9))
    shares = [share * rng.dirichlet(np.full(per_class, rng.uniform(0.5, 3.0))) for share in balance]
    group = rng.choice(k * per_class, n, p=np.concatenate(shares) / np.sum(shares))
    classes = group // per_class
    family = rng.integers(0, int(rng.integers(1, max(2, m // 2) + 1)), m)
    of_family, alike = rng.normal(size=(m, k * per_class))[family], rng.uniform(0, 0.9)
    taste = np.sqrt(alike) * of_family + np.sqrt(1 - alike) * rng.normal(size=(m, k * per_class))
    taste *= rng.choice([0.0, 0.5, 1.0, 1.8]) if per_class > 1 else 0.0
    wordy = rng.normal(size=n) * rng.choice([0.0, 0.4, 0.9])
    hard = rng.normal(size=n) * rng.choice([0.0, 0.5, 1.2])
    decoy = (rng.random(n)[:, None] > np.cumsum(confusion, axis=1)[classes]).sum(axis=1).clip(max=k - 1)
    is_right, is_decoy = plan.label == classes[:, None], plan.label == decoy[:, None]
    leaning = taste.T[:, plan.lf][group] + wordy[:, None] + np.where(is_right, -0.5, 1.0) * hard[:, None]
    return classes, leaning + rng.choice([0.0, 0.7, 1.5]) * (is_decoy & ~is_right)


def _rates(
    plan: Plan,
    balance: NDArray[np.float64],
    confusion: NDArray[np.float64],
    coverage: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how often each item is voted on rows of each class. Shape: [d, k]."""
    items = np.arange(len(plan.lf))
    wrong = confusion[:, plan.label].T * balance
    wrong[items, plan.label] = 0
    wrong /= wrong.sum(axis=1, keepdims=True)
    rates = (coverage * (1 - precision))[:, None] * wrong / balance
    rates[items, plan.label] = coverage * precision / balance[plan.label]
    return rates


def _cast(rng: Generator, plan: Plan, rates: NDArray[np.float64]) -> NDArray[np.int8]:
    """Let each labeling function cast one of its votes on each row, or none."""
    L = np.full((len(rates), plan.m), -1, dtype=np.int8)
    drawn, passed = rng.random(L.shape), np.zeros(L.shape)
    place = np.arange(len(plan.lf)) - np.searchsorted(plan.lf, plan.lf)
    for turn in range(place.max() + 1):
        item = np.flatnonzero(place == turn)
        lf = plan.lf[item]
        now = passed[:, lf] + rates[:, item]
        chosen = (drawn[:, lf] >= passed[:, lf]) & (drawn[:, lf] < now)
        L[:, lf] = np.where(chosen, plan.label[item].astype(np.int8), L[:, lf])
        passed[:, lf] = now
    return L


def _copy_some(rng: Generator, L: NDArray[np.int8]) -> NDArray[np.int8]:
    """Let some labeling functions be copies of others, true or rough."""
    n, m = L.shape
    if m > 3 and rng.random() < 0.35:
        for _ in range(int(rng.integers(1, max(2, m // 3) + 1))):
            source, copy = rng.choice(m, 2, replace=False)
            L[:, copy] = np.where(rng.random(n) < rng.uniform(0.5, 1.0), L[:, source], L[:, copy])
    return L


def _log_uniform(rng: Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
