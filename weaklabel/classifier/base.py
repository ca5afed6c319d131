"""The one interface of all classifiers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.folder import Manifest, replaced_folder, write_manifest
from weaklabel.classifier.targets import check_weights
from weaklabel.errors import ClassifierError, VoteError
from weaklabel.label_names import are_names, encode_labels
from weaklabel.labels import ABSTAIN, Probs, as_texts, check_Y, labels_of
from weaklabel.registries import CLASSIFIERS, EXPORTERS
from weaklabel.support.params import HasParams
from weaklabel.support.table import html_table


class Classifier(HasParams, ABC):
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

    params_error = ClassifierError
    named_: bool = False
    run_params: ClassVar[frozenset[str]] = frozenset()
    """Parameters that belong to one run on one machine and are not saved."""

    max_rows: ClassVar[int] = 200_000
    """Most rows that commands and projects train it on unless they are given another number, so that memory and time
    stay bounded; `fit` itself takes all rows that it is given."""

    uses_validation: ClassVar[bool] = False
    """Whether `fit` uses validation rows."""

    exports: ClassVar[tuple[str, ...]] = ()
    """Names of the exporters that can export it."""

    for_gold: ClassVar[str | None] = None
    """Name of the classifier to train on gold labels in its place, if it is meant for weak labels only."""

    modules: ClassVar[tuple[str, ...]] = ()
    """Modules that `fit` imports, which are imported before a benchmark measures its time."""

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

    def _repr_html_(self) -> str:
        fitted = f"fitted for the classes {', '.join(self.labels_)}" if self.__sklearn_is_fitted__() else "not fitted"
        training: dict[str, Any] = getattr(self, "training_", {})
        plain = [(name, value) for name, value in training.items() if isinstance(value, str | int | float)]
        rows = [*((name, repr(value)) for name, value in self.get_params().items()), *plain]
        return html_table(rows, ["parameter", "value"], title=f"{type(self).__name__}, {fitted}")

    def __sklearn_tags__(self) -> Any:
        """Return the tags by which scikit-learn's tools know what they may do."""
        from weaklabel.support.sklearn_api import classifier_tags

        return classifier_tags(reads_texts=True)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "labels_")

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the parameters that a project file can set: all but those that the run itself sets."""
        return tuple(name for name in cls.param_names() if name not in ("labels", "seed", "progress", "run_folder"))

    def check_params(self, validated: bool) -> None:
        """Refuse parameters that `fit` cannot work with, before there is any work.

        Parameters
        ----------
        validated
            Whether `fit` will be given validation rows.

        Raises
        ------
        ClassifierError
            A parameter is out of range, contradicts another, or needs validation rows or a run folder.
        """

    def training_summary(self) -> dict[str, Any]:
        """Return what ``weaklabel train`` prints of the training, in values that JSON has."""
        return {}

    def save(
        self,
        folder: str | Path,
        *,
        provenance: str | None = None,
        entities: Sequence[str] | None = None,
        **exports: Sequence[str] | None,
    ) -> None:
        """Save to a folder that `load_classifier` reads; an earlier classifier there is replaced in one step.

        Parameters
        ----------
        folder
            New, empty, or holding an earlier classifier.
        provenance
            Where the labels came from, in a sentence or two: kept in ``weaklabel.json`` and in a model card. By default
            that of the folder from which the classifier was loaded.
        entities
            `Corpus.entities` of the training corpus: kept in ``weaklabel.json``, so that ``weaklabel predict`` marks them
            again. By default as for ``provenance``.
        **exports
            By the name of an exporter, such as ``onnx``: real texts, such as the training texts. The export is written
            next to the model and checked on them; the record of the check is kept in ``weaklabel.json``. An export that
            fails the check is left out, with a `WeakLabelWarning`. Earlier exports in the folder are removed.

        Raises
        ------
        ClassifierError
            Not fitted yet, the folder holds something else, or the classifier has no such export.
        MissingPackageError
            An export needs a package that is not installed.
        """
        labels = self._fitted_labels()
        wanted = {name: as_texts(texts, ClassifierError) for name, texts in exports.items() if texts is not None}
        for name in wanted:
            EXPORTERS[name]().check(type(self))
        folder = Path(folder)
        if provenance is not None:
            self.provenance_ = provenance
        if entities is not None:
            self.entities_ = tuple(entities)
        with replaced_folder(folder) as part:
            state = self._write(part)
            for name, texts in wanted.items():
                state[name] = EXPORTERS[name]().export(self, part, texts)
            state |= {"named": True} if self.named_ else {}
            kind, params = CLASSIFIERS.name_of(type(self)), self._saved_params()
            write_manifest(part, Manifest(kind, labels, params, state, self.provenance_, self.entities_))

    def restore(self, folder: Path, manifest: Manifest) -> None:
        """Become the fitted classifier that was saved to ``folder`` with this manifest."""
        self.labels_, self.provenance_, self.entities_ = manifest.labels, manifest.provenance, manifest.entities
        self.named_ = bool(manifest.state.get("named"))
        self._read(folder, manifest.state)

    def _saved_params(self) -> dict[str, Any]:
        return {name: value for name, value in self.get_params().items() if name not in self.run_params}

    def _set_fitted(self, labels: tuple[str, ...], y: ArrayLike) -> Self:
        self.labels_, self.provenance_, self.entities_ = labels, "", ()
        self.named_ = are_names(y)
        return self

    def _fitted_labels(self) -> tuple[str, ...]:
        if not hasattr(self, "labels_"):
            from weaklabel.support.sklearn_api import NotFittedClassifierError

            raise NotFittedClassifierError(f"this {type(self).__name__} is not fitted yet; call fit first")
        return self.labels_
