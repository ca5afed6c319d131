"""The one interface of all classifiers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.targets import check_weights
from weaklabel.classifier.trained import TrainedModel
from weaklabel.errors import ClassifierError, VoteError
from weaklabel.label_names import are_names, encode_labels
from weaklabel.labels import ABSTAIN, Probs, as_texts, check_Y, labels_of
from weaklabel.registries import CLASSIFIERS


class Classifier(TrainedModel):
    """A classifier of texts, trained on probabilistic labels, with the interface of scikit-learn.

    Constructor arguments are the parameters: stored as given, checked by `fit`, returned by `get_params`.

    To add a classifier, write a subclass and name it in `weaklabel.registries.CLASSIFIERS`, or in a plugin by an entry
    point of the group ``weaklabel.classifiers``. Its constructor must have defaults for all arguments and take ``labels``.
    A subclass is also given those of the following that its constructor takes: ``seed``; ``progress``, whether to show
    progress; ``run_folder``, a folder for its log and checkpoints; ``model``, a checkpoint to start from; ``max_length``,
    the most tokens of a text. All other parameters can be set in the section ``[classifier]`` of a project file.

    Attributes
    ----------
    labels_ : tuple of str
        Class names; class ``i`` is ``labels_[i]``. Set by `fit`, as is everything else that ends in an underscore.
    named_ : bool
        Whether `fit` was given class names, so that `predict` returns names.
    entities_ : tuple of str
        The columns whose entities were marked in the training texts, as given to `save`; () if there were none.
    """

    registry = CLASSIFIERS

    for_gold: ClassVar[str | None] = None
    """Name of the classifier to train on gold labels in its place, if it is meant for weak labels only."""

    @abstractmethod
    def fit(
        self,
        texts: Sequence[str],
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Train on texts with probabilistic labels.

        Parameters
        ----------
        texts
            Shape: [n].
        y
            Class probabilities [n, k], where a row of NaN had no vote; or class numbers [n], -1 if there is none; or class
            names [n], empty if there is none. The columns of a data frame of probabilities are found by the names of
            their classes, ``p_spam`` or ``spam``.
        sample_weight
            Confidence weights, how much each row counts, from 0 up; by default 1. Shape: [n].
        validation
            Texts with gold (class numbers, names or probabilities), for classifiers that stop early; others ignore it.

        Raises
        ------
        ClassifierError
            The input does not fit together, no row is left to train on, or one class alone is.
        """

    @abstractmethod
    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return class probabilities. Shape: [n] -> [n, k]."""

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return the most probable class of each text, the lowest on a tie. Shape: [n] -> [n].

        Classes are as `fit` was given them: names where these were given, else numbers.
        """
        return np.asarray(self.classes_[labels_of(self.predict_proba(texts))])

    def score(self, texts: Sequence[str], y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy, as scikit-learn's tools expect it; `weaklabel.score` returns more scores.

        Parameters
        ----------
        texts
            Shape: [n].
        y
            Gold, as class numbers or names; rows with -1 or an empty name are left out. Shape: [n].
        sample_weight
            How much each row counts, from 0 up; by default 1. Shape: [n].

        Raises
        ------
        ClassifierError
            Not fitted yet, shapes differ, a class is unknown, or no row has gold.
        """
        labels = self._fitted_labels()
        given = as_texts(texts, ClassifierError)
        try:
            gold = encode_labels(y, labels, "gold", stacklevel=2) if are_names(y) else y
            truth = check_Y(gold, len(given), len(labels))
        except VoteError as error:
            raise ClassifierError(str(error)) from None
        counts = check_weights(sample_weight, len(given)) * (truth != ABSTAIN)
        if not counts.any():
            raise ClassifierError(f"none of the {len(given)} rows has gold and a weight above 0, so there is no score")
        return float(np.average(labels_of(self.predict_proba(given)) == truth, weights=counts))

    @property
    def classes_(self) -> NDArray[Any]:
        """Classes in the order of `predict_proba`'s columns: names or numbers, as `fit` was given them. Shape: [k]."""
        labels = self._fitted_labels()
        return np.array(labels) if self.named_ else np.arange(len(labels))

    def __sklearn_tags__(self) -> Any:
        """Return the tags by which scikit-learn's tools know what they may do."""
        from weaklabel.support.sklearn_api import classifier_tags

        return classifier_tags(reads_texts=True)

    def _set_fitted(self, labels: tuple[str, ...], y: ArrayLike) -> Self:
        self.labels_, self.provenance_, self.entities_ = labels, "", ()
        self.named_: bool = are_names(y)
        return self
