"""How far reviewers agree beyond chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from weaklabel.decisions import Decision, decided_classes, independent_of


@dataclass(frozen=True)
class PairAgreement:
    """Two reviewers: Cohen's kappa (None if chance explains all agreement), items decided by both, and agreements."""

    first: str
    second: str
    kappa: float | None
    n: int
    agreed: int


@dataclass(frozen=True)
class Agreement:
    """How far reviewers agree.

    Attributes
    ----------
    kind
        "cohen" for two reviewers, "fleiss" for more, None where no text has two decisions.
    kappa
        1 for full agreement, 0 for agreement by chance; None if all decisions are for the same class.
    n
        Texts with at least two decisions.
    agreed
        Of those, texts on which all decisions are the same.
    reviewers
        Names with the number of texts that each decided, sorted by name.
    pairs
        Every two reviewers with a text that both decided.
    """

    kind: Literal["cohen", "fleiss"] | None
    kappa: float | None
    n: int
    agreed: int
    reviewers: tuple[tuple[str, int], ...]
    pairs: tuple[PairAgreement, ...]


def agreement(decisions: Iterable[Decision], labels: Sequence[str]) -> Agreement:
    """Compare the last decisions of the reviewers on each text; adjudications are made in view of them and do not count.

    Parameters
    ----------
    decisions
        In the order in which they were made.
    labels
        Class names. Length: k.
    """
    by_reviewer: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (key, reviewer), label in decided_classes(independent_of(decisions).values(), labels).items():
        by_reviewer[reviewer][key] = label
    names = sorted(by_reviewer)
    pairs = [
        pair
        for first, second in combinations(names, 2)
        if (pair := _pair(first, second, by_reviewer[first], by_reviewer[second], len(labels))).n
    ]
    counts = _counts(by_reviewer.values(), len(labels))
    several = counts[counts.sum(axis=1) > 1]
    kind: Literal["cohen", "fleiss"] | None = None
    if len(several):
        kind = "cohen" if len(pairs) == 1 else "fleiss"
    return Agreement(
        kind=kind,
        kappa=None if kind is None else pairs[0].kappa if kind == "cohen" else fleiss_kappa(several),
        n=len(several),
        agreed=int(((several > 0).sum(axis=1) == 1).sum()),
        reviewers=tuple((name, len(by_reviewer[name])) for name in names),
        pairs=tuple(pairs),
    )


def fleiss_kappa(counts: ArrayLike) -> float | None:
    """Return Fleiss' kappa.

    Parameters
    ----------
    counts
        How many reviewers gave each item each class. Shape: [items, k]; each item has at least two decisions.

    Returns
    -------
    float or None
        None where all decisions are the same class, so that chance explains them all.

    Notes
    -----
    Fleiss 1971, "Measuring nominal scale agreement among many raters": (P - Pe) / (1 - Pe), where P is the mean over
    items of the share of pairs of reviewers that agree, and Pe the sum of squares of the classes' shares of all
    decisions. Where items have different numbers of decisions, each item's pairs are counted among its own, as in Fleiss,
    Levin and Paik 2003, chapter 18.

    Examples
    --------
    >>> round(fleiss_kappa([[3, 0], [2, 1], [0, 3]]), 3)
    0.55
    """
    table = np.asarray(counts, dtype=np.float64)
    n = table.sum(axis=1)
    agreeing = ((table**2).sum(axis=1) - n) / (n * (n - 1))
    by_chance = float(((table.sum(axis=0) / table.sum()) ** 2).sum())
    return None if by_chance == 1 else float((agreeing.mean() - by_chance) / (1 - by_chance))


def _pair(first: str, second: str, a: dict[str, int], b: dict[str, int], k: int) -> PairAgreement:
    both = sorted(a.keys() & b.keys())
    labels_a, labels_b = [a[key] for key in both], [b[key] for key in both]
    agreed = sum(x == y for x, y in zip(labels_a, labels_b, strict=True))
    kappa = None
    if both and len({*labels_a, *labels_b}) > 1:
        from sklearn.metrics import cohen_kappa_score

        kappa = float(cohen_kappa_score(labels_a, labels_b, labels=list(range(k))))
    return PairAgreement(first, second, kappa, len(both), agreed)


def _counts(decided: Iterable[dict[str, int]], k: int) -> np.ndarray:
    """Count, for each text, the decisions for each class. Shape: [texts, k]."""
    counts: defaultdict[str, np.ndarray] = defaultdict(lambda: np.zeros(k, dtype=np.int64))
    for labels in decided:
        for key, label in labels.items():
            counts[key][label] += 1
    return np.array(list(counts.values()), dtype=np.int64).reshape(len(counts), k)
