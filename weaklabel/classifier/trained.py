"""What all models share that are trained on texts: parameters, the record of the training, the saved folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from weaklabel.classifier.folder import TEXTS, Manifest, replaced_folder, write_manifest
from weaklabel.errors import ClassifierError, WeakLabelError
from weaklabel.labels import as_texts
from weaklabel.registries import EXPORTERS
from weaklabel.support.params import HasParams
from weaklabel.support.plugins import Registry
from weaklabel.support.table import html_table


class TrainedModel(HasParams, ABC):
    """A model that is trained on texts: a classifier of texts, or a tagger that marks spans in them.

    Constructor arguments are the parameters: stored as given, checked by ``fit``, returned by `get_params`.

    Attributes
    ----------
    labels_ : tuple of str
        Names of the labels. Set by ``fit``, as is everything else that ends in an underscore.
    named_ : bool
        Whether ``fit`` was given names of labels.
    provenance_ : str
        Where the training labels came from, as given to `save`.
    entities_ : tuple of str
        The columns whose entities were marked in the training texts, as given to `save`; () if there were none.
    """

    params_error: ClassVar[type[WeakLabelError]] = ClassifierError
    registry: ClassVar[Registry[Any]]
    """Where it has its name."""

    task: ClassVar[str] = TEXTS
    """What it labels."""

    named_: bool = False
    run_params: ClassVar[frozenset[str]] = frozenset()
    """Parameters that belong to one run on one machine and are not saved."""

    max_rows: ClassVar[int] = 200_000
    """Most rows that commands and projects train it on unless they are given another number, so that memory and time
    stay bounded; ``fit`` itself takes all rows that it is given."""

    uses_validation: ClassVar[bool] = False
    """Whether ``fit`` uses validation rows."""

    exports: ClassVar[tuple[str, ...]] = ()
    """Names of the exporters that can export it."""

    modules: ClassVar[tuple[str, ...]] = ()
    """Modules that ``fit`` imports, which are imported before a benchmark measures its time."""

    labels_: tuple[str, ...]
    provenance_: str
    entities_: tuple[str, ...]

    @property
    def uses_unlabeled(self) -> bool:
        """Whether rows without a label have a part in the training."""
        return False

    @abstractmethod
    def _write(self, folder: Path) -> dict[str, Any]:
        """Write the model's files into ``folder`` and return what else `_read` needs, fit for JSON."""

    @abstractmethod
    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        """Restore what `_write` wrote."""

    def _repr_html_(self) -> str:
        fitted = f"fitted for the classes {', '.join(self.labels_)}" if self.__sklearn_is_fitted__() else "not fitted"
        training: dict[str, Any] = getattr(self, "training_", {})
        plain = [(name, value) for name, value in training.items() if isinstance(value, str | int | float)]
        rows = [*((name, repr(value)) for name, value in self.get_params().items()), *plain]
        return html_table(rows, ["parameter", "value"], title=f"{type(self).__name__}, {fitted}")

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
        """Save to a folder, which `load_classifier` or `load_tagger` reads; an earlier model there is replaced in one step.

        Parameters
        ----------
        folder
            New, empty, or holding an earlier model.
        provenance
            Where the labels came from, in a sentence or two: kept in ``weaklabel.json`` and in a model card. By default
            that of the folder from which the model was loaded.
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
            Not fitted yet, the folder holds something else, or the model has no such export.
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
                state[name] = self._export(name, part, texts)
            state |= {"named": True} if self.named_ else {}
            kind, params = self.registry.name_of(type(self)), self._saved_params()
            write_manifest(part, Manifest(kind, labels, params, state, self.provenance_, self.entities_, self.task))

    def _export(self, name: str, folder: Path, texts: list[str]) -> dict[str, Any] | None:
        """Write an export into the folder that the model was written to; see `Exporter.export`."""
        record: dict[str, Any] | None = EXPORTERS[name]().export(self, folder, texts)
        return record

    @classmethod
    def load_export(cls, name: str, folder: Path, manifest: Manifest) -> TrainedModel:
        """Load an export from the folder of a saved model; see `ClassifierExporter.load`."""
        model: TrainedModel = EXPORTERS[name]().load(folder, manifest)
        return model

    def restore(self, folder: Path, manifest: Manifest) -> None:
        """Become the fitted model that was saved to ``folder`` with this manifest."""
        self.labels_, self.provenance_, self.entities_ = manifest.labels, manifest.provenance, manifest.entities
        self.named_ = bool(manifest.state.get("named"))
        self._read(folder, manifest.state)

    def _saved_params(self) -> dict[str, Any]:
        return {name: value for name, value in self.get_params().items() if name not in self.run_params}

    def _fitted_labels(self) -> tuple[str, ...]:
        if not hasattr(self, "labels_"):
            from weaklabel.support.sklearn_api import NotFittedClassifierError

            raise NotFittedClassifierError(f"this {type(self).__name__} is not fitted yet; call fit first")
        return self.labels_
