"""Which rows a classifier is trained on, and which it is validated on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from weaklabel.classifier.targets import Targets, check_texts, soft_targets
from weaklabel.errors import ClassifierError

Rows = tuple[list[str], Targets]
"""Texts, and what is to be learned from each."""


def picked(texts: list[str], targets: Targets) -> Rows:
    """Return the texts that have a target, with it."""
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
        return given, picked(texts, soft_targets(len(texts), gold[1], labels)), "given"
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
