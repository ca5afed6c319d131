"""Estimating the precision of all labels from the decisions on a spot check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels
from weaklabel.review.spot_checks import Sample
from weaklabel.scoring.intervals import Share, share, wilson


@dataclass(frozen=True)
class PrecisionEstimate:
    """The share of labels that are correct, estimated from a spot check.

    Attributes
    ----------
    sample, kind
        Of the spot check.
    value, low, high
        Estimate and its 95% interval, 0..1; None before the first decision.
    n_decided, n_correct, n_rows
        Decided rows of the spot check with a label, those of them whose label is correct, and all rows of the spot check.
    per_class
        By class name, of the rows to which the label model gives that class.
    is_estimate
        Whether it is an estimate for all labels; for the least certain rows it is not.
    notes
        Remarks on the figures, one sentence each.
    """

    sample: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    n_decided: int
    n_correct: int
    n_rows: int
    per_class: dict[str, Share]
    is_estimate: bool
    notes: tuple[str, ...] = ()


def precision(sample: Sample, preds: Labels, gold: Labels, labels: Sequence[str]) -> PrecisionEstimate:
    """Estimate the precision of all labels from the decided rows of a spot check.

    Parameters
    ----------
    sample
        The spot check.
    preds, gold
        Labels by the label model and by the reviewers, -1 for none. Shape: [n].
    labels
        Class names. Length: k.
    """
    of_rows = preds[sample.rows]
    seen = (gold[sample.rows] != ABSTAIN) & (of_rows != ABSTAIN)
    correct = (of_rows == gold[sample.rows])[seen]
    strata, classes = sample.strata[seen], of_rows[seen]
    drawn = np.bincount(strata, minlength=len(sample.sizes))
    weights = sample.sizes[strata] / drawn[strata]
    whole = weighted_share(correct, weights, strata)
    notes = []
    if sample.kind == "uncertain":
        notes.append("these are the least certain rows; the precision of all labels is most likely higher")
    elif missing := int(sample.sizes[drawn == 0].sum()) if seen.any() else 0:
        notes.append(f"{missing / sample.sizes.sum():.0%} of the labels are in strata without a decision yet")
    return PrecisionEstimate(
        sample=sample.id,
        kind=sample.kind,
        value=whole.value,
        low=whole.low,
        high=whole.high,
        n_decided=whole.n,
        n_correct=whole.hits,
        n_rows=len(sample.rows),
        per_class={
            name: weighted_share(correct[own], weights[own], strata[own])
            for number, name in enumerate(labels)
            for own in [classes == number]
        },
        is_estimate=sample.kind != "uncertain",
        notes=tuple(notes),
    )


def weighted_share(correct: NDArray[np.bool_], weights: NDArray[np.float64], strata: NDArray[np.int64]) -> Share:
    """Return the share of a population that is correct, estimated from rows drawn at random within strata.

    Parameters
    ----------
    correct
        Which rows are correct. Shape: [n].
    weights
        Rows of the population that each row stands for. Shape: [n].
    strata
        Stratum of each row. Shape: [n].

    Notes
    -----
    The estimate is the stratified mean, the sum of W_h p_h. Its variance is the sum of W_h^2 p_h (1 - p_h) / n_h
    (Cochran 1977, section 5.3) with each p_h shrunk towards the overall share by one row, so that a stratum of two correct
    rows does not count as one without variance. The interval is Wilson's for the number of rows of a simple random
    sample with that variance, its effective size (Franco et al. 2019, "Comparative study of confidence intervals for
    proportions in complex sample surveys"). One stratum gives Wilson's interval as it is.
    """
    n, hits = len(correct), int(correct.sum())
    if n == 0 or len(np.unique(strata)) == 1:
        return share(hits, n)
    _, member = np.unique(strata, return_inverse=True)
    rows = np.bincount(member)
    shares = np.bincount(member, weights) / weights.sum()
    value = float((weights * correct).sum() / weights.sum())
    smooth = (np.bincount(member, correct) + (n * value + 1) / (n + 2)) / (rows + 1)
    near = float((shares * smooth).sum())
    variance = float((shares**2 * smooth * (1 - smooth) / rows).sum())
    return Share(value, *wilson(value, near * (1 - near) / variance), hits, n)
