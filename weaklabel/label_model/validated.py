"""Choosing among label models by gold labels of rows that none was fitted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels


def share_right(gold: NDArray[np.int64], preds: Labels) -> float:
    """Return the share of rows whose label is right; one without a label is not."""
    return float((gold == preds).mean())


@dataclass(frozen=True)
class Validated:
    """Scores of fitted label models on gold labels.

    Attributes
    ----------
    models
        All that were given.
    scores
        Of each.
    """

    models: tuple[BaseLabelModel, ...]
    scores: tuple[float, ...]

    @property
    def best(self) -> BaseLabelModel:
        """The model of the highest score; of several the first."""
        return self.models[int(np.argmax(self.scores))]


def validate_label_models(
    models: Sequence[BaseLabelModel],
    L: ArrayLike,
    gold: ArrayLike,
    texts: Sequence[str] | None = None,
    score: Callable[[NDArray[np.int64], Labels], float] = share_right,
) -> Validated:
    """Score fitted label models on rows with gold labels, to take the best.

    What is chosen so has seen gold, and its score on these rows flatters it: report one on other rows.

    Parameters
    ----------
    models
        Fitted; such as differ in their parameters.
    L
        Votes of rows that no model was fitted on. Shape: [n, m].
    gold
        Their true labels; rows of -1 are left out. Shape: [n].
    texts
        Texts of the rows, for models that use texts. Shape: [n].
    score
        Called with gold and predicted labels of the same rows (-1 for no label); the higher, the better.

    Raises
    ------
    LabelModelError
        There is no model or no row with gold; lengths differ; or as `BaseLabelModel.predict`.
    VoteError
        As `BaseLabelModel.predict`.

    Examples
    --------
    >>> from weaklabel.label_model import MajorityVote, WeightedMajorityVote
    >>> L = [[0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1], [0, -1, 1]]
    >>> models = [MajorityVote().fit(L), WeightedMajorityVote().fit(L)]
    >>> validated = validate_label_models(models, [[0, -1, 1]], [0])
    >>> validated.scores, validated.best
    ((0.0, 1.0), WeightedMajorityVote(...))
    """
    votes, truth = np.asarray(L), np.asarray(gold, dtype=np.int64)
    if len(votes) != len(truth) or (texts is not None and len(texts) != len(truth)):
        others = "" if texts is None else f" and {len(texts)} texts"
        raise LabelModelError(f"there are {len(truth)} gold labels for {len(votes)} rows of votes{others}")
    rows = np.flatnonzero(truth != ABSTAIN)
    if not models or not len(rows):
        raise LabelModelError("label models cannot be compared without " + ("gold labels" if models else "any of them"))
    row_texts = None if texts is None else [texts[row] for row in rows.tolist()]
    scores = [score(truth[rows], model.predict(votes[rows], texts=row_texts)) for model in models]
    return Validated(tuple(models), tuple(scores))
