"""How many rows are taken, and how they are shared out among classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import SelectionError
from weaklabel.labels import Labels

Floats = NDArray[np.float64]
Unit = Literal["share", "rows", "tokens"]

LABELED, UNIFORM, GOLD = "labels", "uniform", "gold"
"""Names of class balances: as many rows of each class as the labels have; as many of each; and as gold has."""

GOLD_PRIOR = 10.0
"""How many rows the class balance of the labels counts for beside that of gold."""


@dataclass(frozen=True)
class Budget:
    """How much is taken.

    Attributes
    ----------
    size
        A share of the rows (of their tokens, if rows have costs) above 0 and up to 1, or a number of rows or tokens.
    unit
        Of ``size``.

    Examples
    --------
    >>> Budget.parse("25%"), Budget.parse("500"), Budget.parse("20,000 tokens")
    (Budget(size=0.25, unit='share'), Budget(size=500, unit='rows'), Budget(size=20000, unit='tokens'))
    """

    size: float
    unit: Unit = "rows"

    @classmethod
    def parse(cls, given: Budget | str | float) -> Budget:
        """Read a budget: ``"25%"``, a fraction below 1, a number of rows, or ``"20000 tokens"``.

        Raises
        ------
        SelectionError
            It is none of these.
        """
        if isinstance(given, Budget):
            return given
        text = str(given).strip().lower().replace(",", "").replace("_", "")
        number, unit = text, ""
        for ending in ("%", "tokens", "token", "rows", "row"):
            if text.endswith(ending):
                number, unit = text.removesuffix(ending).strip(), ending.rstrip("s")
                break
        try:
            size = float(number)
        except ValueError:
            size = float("nan")
        if unit == "%":
            budget = cls(size / 100, "share")
        elif unit == "" and 0 < size < 1:
            budget = cls(size, "share")
        else:
            is_whole = np.isfinite(size) and size == int(size)
            budget = cls(int(size) if is_whole else float("nan"), "tokens" if unit == "token" else "rows")
        if not (0 < budget.size <= (1 if budget.unit == "share" else np.inf)):
            raise SelectionError(
                f"{given!r} is not a budget: give a share such as 50%, rows such as 500, or '20000 tokens'"
            )
        return budget


def choose(
    scores: ArrayLike,
    labels: ArrayLike,
    budget: Budget | str | float,
    *,
    class_balance: str | ArrayLike | None = None,
    costs: ArrayLike | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Return the rows of the highest scores that fit into a budget.

    Parameters
    ----------
    scores
        Of each row. Shape: [n].
    labels
        Class of each row. Shape: [n].
    budget
        See `Budget.parse`. Of tokens, the best rows are taken until the next one does not fit.
    class_balance
        Share of the budget of each class: ``"labels"``, as the labels are shared out; ``"uniform"``; or a number a class,
        shape [k]. A class with fewer rows than its share gives the rest to the others. By default, scores alone decide.
    costs
        Tokens of each row, above 0. Shape: [n].
    seed
        Of the order of rows with equal scores.

    Returns
    -------
    array
        Row numbers, ascending.

    Raises
    ------
    SelectionError
        An array has another length, a score is not a number, tokens are to be counted and not given, or the balance is no
        balance of the classes.

    Examples
    --------
    >>> choose([0.9, 0.8, 0.7, 0.1], [0, 0, 0, 1], 2).tolist()
    [0, 1]
    >>> choose([0.9, 0.8, 0.7, 0.1], [0, 0, 0, 1], 2, class_balance="uniform").tolist()
    [0, 3]
    """
    values, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    limit = Budget.parse(budget)
    if values.shape != y.shape or values.ndim != 1 or np.isnan(values).any():
        raise SelectionError("scores must be numbers, one for each label")
    size = _costs(costs, limit, len(y))
    total = limit.size if limit.unit != "share" else limit.size * size.sum()
    # Of 10% of 15 rows, one is taken and not two: a budget is not exceeded. But a budget of rows is never empty.
    total = max(1.0, np.floor(total + 1e-9))
    order = np.lexsort((np.random.default_rng(seed).permutation(len(y)), -values))
    if class_balance is None:
        return np.sort(order[_fitting(size[order], total)])
    shares = _shares(class_balance, y)
    available = np.bincount(y, weights=size, minlength=len(shares)).astype(np.float64)
    taken = [
        of_class[_fitting(size[of_class], allowed)]
        for label, allowed in enumerate(_quotas(shares, available, total))
        for of_class in [order[y[order] == label]]
    ]
    return np.sort(np.concatenate(taken))


def gold_shares(gold: Labels, labels: Labels) -> Floats:
    """Return the share of each class in gold, smoothed by the shares among labels. Shape: [n], [n] -> [k].

    Parameters
    ----------
    gold
        -1 for rows without.
    labels
        Of the same rows.
    """
    k = int(max(gold.max(), labels.max())) + 1
    of_gold = np.bincount(gold[gold >= 0], minlength=k)
    shares = of_gold + GOLD_PRIOR * np.bincount(labels, minlength=k) / len(labels)
    return np.asarray(shares / shares.sum())


def _costs(costs: ArrayLike | None, budget: Budget, n: int) -> Floats:
    if costs is None:
        if budget.unit == "tokens":
            raise SelectionError("a budget of tokens needs the tokens of each row (costs)")
        return np.ones(n)
    size = np.asarray(costs, dtype=np.float64)
    if size.shape != (n,) or not (np.isfinite(size) & (size > 0)).all():
        raise SelectionError(f"costs must be {n} numbers above 0, one for each row")
    return np.ones(n) if budget.unit == "rows" else size


def _fitting(size: Floats, total: float) -> NDArray[np.bool_]:
    """Say which of rows in order are taken: all before the first that does not fit."""
    return np.asarray(np.cumsum(size) <= total + 1e-9)


def _shares(balance: str | ArrayLike, labels: Labels) -> Floats:
    k = int(labels.max()) + 1
    if isinstance(balance, str):
        if balance not in (LABELED, UNIFORM):
            raise SelectionError(
                f"the class balance must be '{LABELED}', '{UNIFORM}' or a share a class, not {balance!r}"
            )
        counts = np.bincount(labels, minlength=k).astype(np.float64)
        shares = counts if balance == LABELED else (counts > 0).astype(np.float64)
    else:
        shares = np.asarray(balance, dtype=np.float64)
        if shares.ndim != 1 or len(shares) < k or not (np.isfinite(shares) & (shares >= 0)).all() or not shares.sum():
            raise SelectionError(f"the class balance must be a share from 0 up for each of the {k} classes")
    return np.asarray(shares / shares.sum())


def _quotas(shares: Floats, available: Floats, total: float) -> Floats:
    """Return what each class gets of the total: its share, or all it has, and then shares of what the others leave.

    Whole numbers by the largest remainders, so that nothing of the total is lost.
    """
    quotas, open_ = np.zeros(len(shares)), shares > 0
    left = min(total, available[open_].sum())
    while left > 1e-9 and open_.any():
        more = np.where(open_, shares, 0) / shares[open_].sum() * left
        granted = np.minimum(more, available - quotas)
        quotas += granted
        left -= granted.sum()
        open_ &= available - quotas > 1e-9
        if granted.sum() <= 1e-9:
            break
    whole = np.floor(quotas + 1e-9)
    rest = round(min(total, quotas.sum()) - whole.sum())
    largest = np.lexsort((np.arange(len(shares)), -(quotas - whole)))
    whole[largest[: max(0, rest)]] += 1
    return whole
