"""What a classifier learns from: the rows to train on and to validate on, their soft targets and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import ClassifierError, VoteError
from weaklabel.label_names import are_names, encode_labels, find_labels
from weaklabel.labels import (
    ABSTAIN,
    Probs,
    as_texts,
    check_label_names,
    check_probs,
    check_Y,
    class_columns,
    frame_columns,
    in_class_order,
    refuse_sparse,
)
from weaklabel.support.warn import warn

Uncovered = Literal["drop", "uniform"]
"""Rows without a vote are left out, or trained on with the same probability for every class."""

MIN_SHARE = 0.01
"""A class less probable than this share of its row's most probable class counts as absent from the row."""


@dataclass(frozen=True)
class Targets:
    """Soft targets of the rows to train on.

    Attributes
    ----------
    rows
        Their row numbers among the texts. Shape: [r].
    probs
        Class probabilities. Shape: [r, k]; every row sums to 1.
    weights
        Confidence weights, above 0. Shape: [r].
    """

    rows: NDArray[np.int64]
    probs: Probs
    weights: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64]) -> Targets:
        """Return the targets at the positions ``rows``."""
        return Targets(self.rows[rows], self.probs[rows], self.weights[rows])

    def shares(self) -> NDArray[np.float64]:
        """Return the weighted share of each class. Shape: [k]."""
        totals = self.weights @ self.probs
        return np.asarray(totals / totals.sum(), dtype=np.float64)

    def present(self) -> NDArray[np.bool_]:
        """Return which classes count in which row: all but those with almost no probability. Shape: [r, k]."""
        return np.asarray(self.probs > MIN_SHARE * self.probs.max(axis=1, keepdims=True))

    def need_two_classes(self, labels: Sequence[str]) -> None:
        """Raise a `ClassifierError` if all rows are of one class."""
        present = np.flatnonzero(self.present().any(axis=0))
        if len(present) < 2:
            raise ClassifierError(
                f"only one class to train on: all {len(self.rows)} rows are of '{labels[int(present[0])]}'; a classifier needs "
                "two classes: add labeling functions for another one, or use MajorityClassifier"
            )


Rows = tuple[list[str], Targets]
"""Texts and their targets."""


def check_texts(texts: Sequence[str]) -> list[str]:
    """Return ``texts`` as a list; anything in it but strings is a `ClassifierError` that says the row (from 0)."""
    return as_texts(texts, ClassifierError)


def warn_of_truncated(cut: int, n: int, limit: int) -> None:
    """Warn if some of ``n`` texts were truncated after ``limit`` tokens."""
    if cut:
        message = f"{cut} of {n} texts are longer than {limit} tokens and were truncated; raise max_length to keep more"
        warn(message, stacklevel=3)


def class_names(labels: Sequence[str] | None, probs: ArrayLike) -> tuple[str, ...]:
    """Return the given class names, or else those in ``probs``: names, columns of a data frame, or numbers.

    Classes that are numbered in ``probs`` are called ``class_0``, ``class_1``, ...
    """
    if probs is None:
        raise ClassifierError(
            "a classifier requires y to be passed, but the target y is None; give labels or probabilities"
        )
    try:
        refuse_sparse("y", probs)
        if labels is not None:
            return check_label_names(labels, "classifier")
        if are_names(probs):
            return find_labels(probs, where="targets of the classifier")
        if (columns := frame_columns(probs)) is not None and (names := class_columns(columns)) is not None:
            return check_label_names(names, "targets of the classifier")
        array = np.asarray(probs)
        k = array.shape[1] if array.ndim == 2 else int(check_Y(array).max(initial=ABSTAIN)) + 1
    except VoteError as error:
        raise ClassifierError(str(error)) from error
    if k == 0:
        raise ClassifierError(f"no row to train on: none of {len(array)} texts has a label")
    return tuple(f"class_{number}" for number in range(k))


def check_weights(weights: ArrayLike | None, n: int) -> NDArray[np.float64]:
    """Return the weights of ``n`` rows, by default 1; anything but numbers from 0 up is a `ClassifierError`."""
    try:
        weight = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        weight = np.empty(0)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ClassifierError(f"sample_weight must be one finite number from 0 up for each of the {n} rows")
    return weight


def soft_targets(
    n: int,
    probs: ArrayLike,
    labels: Sequence[str],
    weights: ArrayLike | None = None,
    uncovered: Uncovered = "drop",
) -> Targets:
    """Turn probabilities, class numbers or class names into soft targets.

    Parameters
    ----------
    n
        Number of texts.
    probs
        Class probabilities [n, k], where a row of NaN had no vote; or class numbers or names [n], -1 or empty where there
        is none. The columns of a data frame of probabilities are found by the names of their classes.
    labels
        Class names. Length: k.
    weights
        How much each row counts, from 0 up; a row of weight 0 is left out. Shape: [n].
    uncovered
        What to do with rows without a vote.

    Raises
    ------
    ClassifierError
        The arrays do not fit the texts or one another, or no row is left.
    """
    if uncovered not in ("drop", "uniform"):
        raise ClassifierError(f"uncovered must be 'drop' or 'uniform', not {uncovered!r}")
    where, k = "targets of the classifier", len(labels)
    try:
        refuse_sparse("y", probs)
        given = encode_labels(probs, labels, where, stacklevel=4) if are_names(probs) else in_class_order(probs, labels)
        soft = _as_probs(n, given, k)
    except VoteError as error:
        raise ClassifierError(str(error) if str(error).startswith(where) else f"{where}: {error}") from error
    weight = check_weights(weights, n)
    uncovered_rows: NDArray[np.bool_] = np.isnan(soft[:, 0])
    if uncovered == "uniform":
        soft[uncovered_rows] = 1 / k
        uncovered_rows = np.zeros(n, dtype=np.bool_)
    rows = np.flatnonzero(~uncovered_rows & (weight > 0))
    if not len(rows):
        raise ClassifierError(
            f"no row to train on: of {n} texts {int(uncovered_rows.sum())} have no vote and {int((weight == 0).sum())} have "
            "weight zero; add labeling functions or texts"
        )
    return Targets(rows, soft[rows], weight[rows])


def _as_probs(n: int, given: ArrayLike, k: int) -> Probs:
    array = np.asarray(given)
    if array.ndim != 1:
        return check_probs(array, n, k).copy()
    labels = check_Y(array, n, k)
    soft = np.zeros((n, k))
    soft[np.arange(n), labels] = 1
    soft[labels == ABSTAIN] = np.nan
    return soft


def rows_with_target(texts: list[str], targets: Targets) -> Rows:
    """Return the texts that have a target, and the targets."""
    return [texts[row] for row in targets.rows], targets


def split_rows(
    given: Rows, gold: tuple[Sequence[str], ArrayLike] | None, labels: Sequence[str], share: float, seed: int
) -> tuple[Rows, Rows | None, str | None]:
    """Return the rows to train on, those to validate on, and where the latter come from.

    Parameters
    ----------
    given
        All rows with a target.
    gold
        Texts with gold to validate on.
    labels
        Class names. Length: k.
    share
        Without gold, the share of the given rows to hold out, drawn by ``seed``; 0 to 1.

    Raises
    ------
    ClassifierError
        No row would be left to train on, or gold does not fit its texts.
    """
    if gold is not None:
        texts = check_texts(gold[0])
        return given, rows_with_target(texts, soft_targets(len(texts), gold[1], labels)), "given"
    if not share:
        return given, None, None
    texts, targets = given
    order = np.random.default_rng(seed).permutation(len(texts))
    size = max(1, round(share * len(texts)))
    if size == len(texts):
        raise ClassifierError(f"validation_share {share} leaves none of {len(texts)} rows to train on")
    held, kept = np.sort(order[:size]), np.sort(order[size:])
    return (
        ([texts[row] for row in kept], targets.take(kept)),
        ([texts[row] for row in held], targets.take(held)),
        "weak labels",
    )
