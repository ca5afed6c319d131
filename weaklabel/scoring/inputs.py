"""Checks of what is to be scored; whatever is wrong becomes a `ScoreError` of one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from weaklabel.errors import ScoreError, VoteError, nearest
from weaklabel.label_names import are_names, encode_labels, find_labels
from weaklabel.labels import (
    ABSTAIN,
    Labels,
    Probs,
    check_label_names,
    check_probs,
    check_Y,
    class_columns,
    frame_columns,
    in_class_order,
    labels_of,
    refuse_sparse,
)

Abstain: TypeAlias = Literal["miss", "drop"]


@dataclass(frozen=True)
class Predictions:
    """Predictions of the rows that have gold.

    Attributes
    ----------
    classes
        Shape: [n]; -1 where abstained.
    probs
        Shape: [n, k], or None where predictions are classes only.
    """

    classes: Labels
    probs: Probs | None


@dataclass(frozen=True)
class Task:
    """Checked gold and predictions, cut to the rows that have gold.

    Attributes
    ----------
    gold
        Shape: [n]; 0..k-1.
    predictions
        One or more, over the same rows.
    unlabeled
        Rows without gold, left out.
    """

    labels: tuple[str, ...]
    positive: int | None
    gold: Labels
    predictions: tuple[Predictions, ...]
    unlabeled: int


def read_task(
    Y: ArrayLike, predictions: Sequence[ArrayLike], labels: Sequence[str] | None, positive: str | int | None
) -> Task:
    """Check gold against predictions (classes or class names [n], or probabilities [n, k]) and class names."""
    Y, predictions, labels = _numbered(Y, predictions, labels)
    gold = _whole("gold", Y)
    read = [_read(array, len(gold)) for array in predictions]
    names = _names(labels, gold, read)
    _check_classes("gold", gold, names)
    for prediction in read:
        _check_classes("predictions", prediction.classes, names)
        if prediction.probs is not None and prediction.probs.shape[1] != len(names):
            raise ScoreError(f"predictions: {prediction.probs.shape[1]} probabilities a row for {len(names)} classes")
    has_gold = gold != ABSTAIN
    if not has_gold.any():
        raise ScoreError(f"gold: none of the {len(gold)} rows has a label, so there is nothing to score")
    kept = (
        Predictions(prediction.classes[has_gold], None if prediction.probs is None else prediction.probs[has_gold])
        for prediction in read
    )
    return Task(names, _positive(positive, names), gold[has_gold], tuple(kept), int((~has_gold).sum()))


def check_options(abstain: str, intervals: int, confidence: float, least: int = 0) -> None:
    """Refuse options outside their ranges; ``least`` is the smallest number of bootstrap replicates."""
    if abstain not in ("miss", "drop"):
        raise ScoreError(f"abstain={abstain!r} must be 'miss' or 'drop'")
    if intervals < least:
        raise ScoreError(f"intervals={intervals} must be {least} or more bootstrap replicates")
    if not 0 < confidence < 1:
        raise ScoreError(f"confidence={confidence} must be between 0 and 1, for example 0.95")


def _numbered(
    Y: ArrayLike, predictions: Sequence[ArrayLike], labels: Sequence[str] | None
) -> tuple[ArrayLike, list[ArrayLike], Sequence[str] | None]:
    """Turn class names into numbers and data frames of probabilities into arrays; find the class names if need be."""
    columns = [frame_names for array in predictions if (frame_names := frame_columns(array)) is not None]
    by_name = [are_names(array) for array in (Y, *predictions)]
    if labels is None and columns:
        labels = class_columns(columns[0])
    if not any(by_name):
        given = list(predictions)
    else:
        hard = [
            array
            for array, named in zip(predictions, by_name[1:], strict=True)
            if named or (frame_columns(array) is None and np.asarray(array, dtype=object).ndim == 1)
        ]
        if labels is None and len(hard) < len(predictions):
            raise ScoreError(
                "probabilities have no class names while gold has; give labels=, in the order of the columns"
            )
        with _blamed(None):
            predicted: list[Any] = [label for array in hard for label in np.asarray(array, dtype=object)]
            labels = find_labels(predicted, Y, "score") if labels is None else labels
            names = check_label_names(labels, "labels")
        with _blamed(None):
            Y = encode_labels(Y, names, "gold", stacklevel=6) if by_name[0] else Y
            given = [
                encode_labels(array, names, "predictions", stacklevel=6) if named else array
                for array, named in zip(predictions, by_name[1:], strict=True)
            ]
    if labels is not None:
        with _blamed("predictions"):
            given = [in_class_order(array, labels) for array in given]
    return Y, given, labels


def _read(predictions: ArrayLike, n: int) -> Predictions:
    with _blamed("predictions"):
        refuse_sparse("predictions", predictions)
        array = np.asarray(predictions)
    probs: Probs | None = None
    if array.ndim == 2:
        with _blamed("predictions"):
            probs = check_probs(array)
        classes = labels_of(probs)
    else:
        classes = _whole("predictions", array)
    if len(classes) != n:
        raise ScoreError(f"gold has {n} rows but predictions have {len(classes)}; give one prediction for each row")
    return Predictions(classes, probs)


def _names(labels: Sequence[str] | None, gold: Labels, read: Sequence[Predictions]) -> tuple[str, ...]:
    """Class names as given, else numbers: as many as the probabilities have columns, or as occur, but at least two."""
    if labels is not None:
        with _blamed("score"):
            return check_label_names(labels, "labels")
    widths = [prediction.probs.shape[1] for prediction in read if prediction.probs is not None]
    seen = [int(array.max(initial=0)) + 1 for array in (gold, *(prediction.classes for prediction in read))]
    return tuple(str(number) for number in range(max(widths, default=max(2, *seen))))


def _positive(positive: str | int | None, names: tuple[str, ...]) -> int | None:
    if positive is None:
        return 1 if len(names) == 2 else None
    if isinstance(positive, str):
        if positive not in names:
            raise ScoreError(f"positive='{positive}'{nearest(positive, names)}: labels are {', '.join(names)}")
        return names.index(positive)
    if not 0 <= positive < len(names):
        raise ScoreError(f"positive={positive} is outside 0..{len(names) - 1}: labels are {', '.join(names)}")
    return int(positive)


def _whole(what: str, values: ArrayLike) -> Labels:
    with _blamed(what):
        return check_Y(values)


def _check_classes(what: str, values: Labels, names: tuple[str, ...]) -> None:
    try:
        check_Y(values, cardinality=len(names))
    except VoteError as error:
        raise ScoreError(f"{what}: {error}: labels are {', '.join(names)}") from None


@contextmanager
def _blamed(what: str | None) -> Iterator[None]:
    """Turn an error about an array into a `ScoreError` that says which; numpy's own cover ragged lists and texts."""
    try:
        yield
    except (VoteError, ValueError, TypeError) as error:
        raise ScoreError(f"{what}: {error}" if what else str(error)) from None
