"""The one interface of all classifiers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.saving import replaced_folder, write_manifest
from weaklabel.errors import ClassifierError
from weaklabel.labels import Labels, Probs, labels_of
from weaklabel.params import HasParams


class Classifier(HasParams, ABC):
    """A classifier of texts, trained on probabilistic labels, in scikit-learn's manner.

    Constructor arguments are the parameters: stored as given, checked by `fit`, read by `get_params`.

    Attributes
    ----------
    labels_ : tuple of str
        Class names; class ``i`` is ``labels_[i]``. Set by `fit`, as is everything else that ends in an underscore.
    entities_ : tuple of str
        The columns whose entities were marked in the texts that it was trained on; () where there were none, or `save`
        was not told.
    """

    params_error = ClassifierError
    kind: ClassVar[str]
    """Name of the classifier in ``weaklabel.json`` and on the command line."""

    run_params: ClassVar[frozenset[str]] = frozenset()
    """Parameters that belong to one run on one machine and are not saved."""

    labels_: tuple[str, ...]
    provenance_: str
    entities_: tuple[str, ...]

    @abstractmethod
    def fit(
        self,
        texts: Sequence[str],
        probs: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Train on texts with probabilistic labels.

        Parameters
        ----------
        texts
            Shape: [n].
        probs
            Class probabilities [n, k], where a row of NaN had no vote, or class numbers [n], -1 where there is none.
        weights
            Confidence weights, how much each row counts, from 0 up; by default 1. Shape: [n].
        validation
            Texts with gold (class numbers or probabilities), for classifiers that stop early; others do not look at it.

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

    def predict(self, texts: Sequence[str]) -> Labels:
        """Return the most probable class of each text, the lowest on a tie. Shape: [n] -> [n]."""
        return labels_of(self.predict_proba(texts))

    @property
    def classes_(self) -> NDArray[np.int64]:
        """Class numbers in the order of `predict_proba`'s columns, as in scikit-learn. Shape: [k]."""
        return np.arange(len(self._fitted_labels()))

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
            state = write(part)
            write_manifest(part, self.kind, labels, self._saved_params(), state, self.provenance_, self.entities_)

    def _saved_params(self) -> dict[str, Any]:
        return {name: value for name, value in self.get_params().items() if name not in self.run_params}

    def _learned(self, labels: tuple[str, ...]) -> Self:
        self.labels_, self.provenance_, self.entities_ = labels, "", ()
        return self

    def _fitted_labels(self) -> tuple[str, ...]:
        if not hasattr(self, "labels_"):
            raise ClassifierError(f"this {type(self).__name__} is not fitted yet; call fit first")
        return self.labels_
