"""What an exporter is: it writes something that weaklabel made for other programs, in a form that they read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.folder import Manifest
from weaklabel.classifier.trained import TrainedModel
from weaklabel.errors import ClassifierError, require
from weaklabel.registries import EXPORTERS


class Exporter(ABC):
    """Writes a classifier or a labeled corpus for other programs.

    Users choose an exporter by its name in `weaklabel.registries.EXPORTERS`; a plugin adds one by an entry point of the
    group ``weaklabel.exporters``. Exporters are constructed without arguments.
    """

    title: ClassVar[str]
    """Name of the format, as shown in messages."""

    packages: ClassVar[tuple[str, ...]] = ()
    """Modules that writing the export needs."""

    install: ClassVar[str] = ""
    """The argument of ``pip install`` that brings these modules."""

    def check(self, source: Any) -> None:
        """Refuse, before any work is done, what cannot be exported.

        Parameters
        ----------
        source
            What will be exported: for a classifier its class, since it may not be trained yet.

        Raises
        ------
        WeakLabelError
            It has no such export, or a package is missing.
        """
        for package in self.packages:
            require(package, self.install, f"the {self.title} export")

    @abstractmethod
    def export(self, source: Any, target: Path, texts: Sequence[str]) -> dict[str, Any] | None:
        """Write the export.

        Parameters
        ----------
        source
            What is exported.
        target
            Where to: of a classifier its folder, else the file.
        texts
            Real texts on which the export is checked.

        Returns
        -------
        dict or None
            The record of the export, in values that JSON has; None if it was left out, for a reason that a
            `WeakLabelWarning` gives.
        """


class ClassifierExporter(Exporter):
    """Exports a trained classifier into its own folder, and loads it from there to predict with it.

    The record of the export is kept in ``weaklabel.json``, in the entry ``state``, under the exporter's name.
    """

    def check(self, source: type[TrainedModel]) -> None:
        """See `Exporter.check`."""
        if EXPORTERS.name_of(type(self)) not in source.exports:
            raise ClassifierError(
                f"a {source.registry.name_of(source)} {source.registry.kind} has no {self.title} export; leave the export "
                f"out, or train a {source.registry.kind} that has one, such as bert"
            )
        super().check(source)

    @abstractmethod
    def load(self, folder: Path, manifest: Manifest) -> Classifier:
        """Load the export from the folder of a saved classifier.

        Raises
        ------
        ClassifierError
            There is none, or it is damaged.
        MissingPackageError
            Predicting needs a package that is not installed.
        """
