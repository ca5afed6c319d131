"""The one interface of all classifiers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.folder import Manifest, replaced_folder, write_manifest
from weaklabel.classifier.targets import check_weights
from weaklabel.errors import ClassifierError, VoteError
from weaklabel.label_names import are_names, encode_labels
from weaklabel.labels import ABSTAIN, Probs, as_texts, check_Y, labels_of
from weaklabel.support.html_table import html_table
from weaklabel.support.params import HasParams


class Classifier(HasParams, ABC):
    """A classifier of texts, trained on probabilistic labels, in scikit-learn's manner.

    Constructor arguments are the parameters: stored as given, checked by `fit`, read by `get_params`.

    Attributes
    ----------
    labels_ : tuple of str
        Class names; class ``i`` is ``labels_[i]``. Set by `fit`, as is everything else that ends in an underscore.
    named_ : bool
        Whether `fit` was given class names, so that `predict` returns names.
    entities_ : tuple of str
        The columns whose entities were marked in the texts that it was trained on; () where there were none, or `save`
        was not told.
    """

    params_error = ClassifierError
    named_: bool = False
    kind: ClassVar[str]
    """Name of the classifier in ``weaklabel.json`` and on the command line."""

    run_params: ClassVar[frozenset[str]] = frozenset()
    """Parameters that belong to one run on one machine and are not saved."""

    max_rows: ClassVar[int] = 250_000
    """Rows of a larger corpus that commands and projects train it on unless they are told otherwise, so that memory and time
    stay bounded; `fit` itself takes all rows that it is given."""

    labels_: tuple[str, ...]
    provenance_: str
    entities_: tuple[str, ...]

    @property
    def uses_unlabeled(self) -> bool:
        """Whether rows without a label have a part in the training."""
        return False

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
            Class probabilities [n, k], where a row of NaN had no vote; or class numbers [n], -1 where there is none; or class
            names [n], empty where there is none. The columns of a data frame of probabilities are found by the names of
            their classes, ``p_spam`` or ``spam``.
        sample_weight
            Confidence weights, how much each row counts, from 0 up; by default 1. Shape: [n].
        validation
            Texts with gold (class numbers, names or probabilities), for classifiers that stop early; others do not look at it.

        Raises
        ------
        ClassifierError
            The input does not fit together, no row is left to train on, or one class alone is.
        """

    @abstractmethod
    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return class probabilities. Shape: [n] -> [n, k]."""

    @abstractmethod
    def _write(self, folder: Path) -> dict[str, Any]:
        """Write the model's files into ``folder`` and return what else `_read` needs, fit for JSON."""

    @abstractmethod
    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        """Restore what `_write` wrote."""

    def predict(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return the most probable class of each text, the lowest on a tie. Shape: [n] -> [n].

        Classes are as `fit` was given them: names where these were given, else numbers.
        """
        return np.asarray(self.classes_[labels_of(self.predict_proba(texts))])

    def score(self, texts: Sequence[str], y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy, as scikit-learn's tools ask for it; `weaklabel.score` says more.

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

    def _repr_html_(self) -> str:
        fitted = f"fitted for the classes {', '.join(self.labels_)}" if self.__sklearn_is_fitted__() else "not fitted"
        training: dict[str, Any] = getattr(self, "training_", {})
        known = [(name, value) for name, value in training.items() if isinstance(value, str | int | float)]
        rows = [*((name, repr(value)) for name, value in self.get_params().items()), *known]
        return html_table(rows, ["parameter", "value"], title=f"{type(self).__name__}, {fitted}")

    def __sklearn_tags__(self) -> Any:
        """Say what scikit-learn's tools may do with this."""
        from weaklabel.support.sklearn_api import classifier_tags

        return classifier_tags(reads_texts=True)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "labels_")

    def save(self, folder: str | Path, *, provenance: str | None = None, entities: Sequence[str] | None = None) -> None:
        """Save to a folder that `load_classifier` reads; an earlier classifier there is replaced in one step.

        Parameters
        ----------
        folder
            New, empty, or holding an earlier classifier.
        provenance
            Where the labels came from, in a sentence or two: kept in ``weaklabel.json`` and in a model card. By default
            what was said when a loaded classifier was saved.
        entities
            `Corpus.entities` of what it was trained on: kept in ``weaklabel.json``, so that ``weaklabel predict`` marks
            them again. By default as ``provenance``.

        Raises
        ------
        ClassifierError
            Not fitted yet, or the folder holds something else.
        """
        self._save(Path(folder), provenance, entities, self._write)

    def _save(
        self,
        folder: Path,
        provenance: str | None,
        entities: Sequence[str] | None,
        write: Callable[[Path], dict[str, Any]],
    ) -> None:
        labels = self._fitted_labels()
        if provenance is not None:
            self.provenance_ = provenance
        if entities is not None:
            self.entities_ = tuple(entities)
        with replaced_folder(folder) as part:
            state = write(part) | ({"named": True} if self.named_ else {})
            params = self._saved_params()
            write_manifest(part, Manifest(self.kind, labels, params, state, self.provenance_, self.entities_))

    def _saved_params(self) -> dict[str, Any]:
        return {name: value for name, value in self.get_params().items() if name not in self.run_params}

    def _learned(self, labels: tuple[str, ...], y: ArrayLike) -> Self:
        self.labels_, self.provenance_, self.entities_ = labels, "", ()
        self.named_ = are_names(y)
        return self

    def _fitted_labels(self) -> tuple[str, ...]:
        if not hasattr(self, "labels_"):
            from weaklabel.support.sklearn_api import NotFittedClassifierError

            raise NotFittedClassifierError(f"this {type(self).__name__} is not fitted yet; call fit first")
        return self.labels_
