"""Classifiers by name: made as a project file or a command line says, and loaded from the folders they were saved to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.exporter import ClassifierExporter
from weaklabel.classifier.folder import MANIFEST, SPANS, TEXTS, Manifest, read_manifest
from weaklabel.classifier.trained import TrainedModel
from weaklabel.errors import ClassifierError, ConfigError, ExportError, MissingPackageError, nearest
from weaklabel.registries import CLASSIFIERS, EXPORTERS
from weaklabel.support.params import checked_params
from weaklabel.support.plugins import Registry

_OF_TASK = {
    TEXTS: "a classifier of texts (load_classifier)",
    SPANS: "a tagger, which marks spans (load_tagger)",
}

OWN_BACKEND = "torch"
"""The name of the backend that predicts with the classifier itself; all others are names of exporters."""


def make_classifier(
    name: str,
    options: Mapping[str, Any],
    labels: Sequence[str],
    seed: int = 0,
    *,
    log: Path | None = None,
    progress: bool = False,
    validated: bool = False,
) -> Classifier:
    """Make a classifier by its name; it is checked but not fitted.

    Parameters
    ----------
    name
        In the registry `weaklabel.registries.CLASSIFIERS`.
    options
        Constructor arguments, by name.
    labels
        Class names. Length: k.
    seed
        Of everything random.
    log
        Folder for its training log and checkpoints, if it has any.
    progress
        Show progress on stderr.
    validated
        Whether it will be fitted with validation rows.

    Raises
    ------
    ClassifierError
        The classifier does not exist, or an option is out of range, or needs validation rows or a log.
    ConfigError
        The classifier has no such option.
    """
    model: Classifier = make_model(CLASSIFIERS, name, options, labels, seed, log, progress, validated)
    return model


def make_model(
    registry: Registry[Any],
    name: str,
    options: Mapping[str, Any],
    labels: Sequence[str],
    seed: int,
    log: Path | None,
    progress: bool,
    validated: bool,
) -> Any:
    """Make a model by its name in ``registry``; for the other arguments see `make_classifier`."""
    cls: type[TrainedModel] = registry[name]
    check_options(name, options, registry)
    run = {"seed": seed, "run_folder": log, "progress": progress}
    params = {key: value for key, value in run.items() if cls.has_param(key)}
    model = cls(**params, **options, **{"labels": labels})
    model.check_params(validated)
    return model


def check_options(name: str, options: Mapping[str, Any], registry: Registry[Any] = CLASSIFIERS) -> None:
    """Refuse options that a classifier, or another model of ``registry``, does not have, or of a wrong type.

    Raises
    ------
    ClassifierError
        There is no model of this name.
    ConfigError
        Names the options, and those that there are.
    """
    cls: type[TrainedModel] = registry[name]
    possible = cls.option_names()
    unknown = [option for option in options if option not in possible]
    if unknown:
        raise ConfigError(
            f"the {name} {registry.kind} has no {', '.join(unknown)}{nearest(unknown[0], possible)}; "
            f"its options are {', '.join(possible)}"
        )
    try:
        checked_params(cls, dict(options))
    except ValueError as error:
        raise ConfigError(f"the {name} {registry.kind}: {error}") from None


def for_gold(name: str) -> str:
    """Return the name of the classifier to train on gold in the place of another: gold needs no denoising."""
    cls: type[Classifier] = CLASSIFIERS[name]
    return cls.for_gold or name


def options_for_gold(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a classifier's options that also the classifier has that is trained on gold in its place."""
    cls: type[Classifier] = CLASSIFIERS[for_gold(name)]
    return {option: value for option, value in options.items() if cls.has_param(option)}


BASELINES = {"majority_class": "majority", "linear": "linear"}
"""Name of the classifier, by stage, of the baselines that every classifier is compared with."""


def load_classifier(folder: str | Path, backend: str = OWN_BACKEND) -> Classifier:
    """Load a classifier that was saved by its ``save``.

    Parameters
    ----------
    backend
        What predicts: "torch" is the classifier itself; "onnx" is the export of a BERT classifier with 8-bit weights, which
        is faster on a CPU and does not load torch; or another exporter of classifiers. An export must have been saved.

    Raises
    ------
    ClassifierError
        The folder holds no classifier, or one of an unknown kind, or its files are damaged; or it has no such export. Names
        the folder.
    MissingPackageError
        The backend needs a package that is not installed.
    """
    model: Classifier = load_model(CLASSIFIERS, TEXTS, folder, backend)
    return model


def load_model(registry: Registry[Any], task: str, folder: str | Path, backend: str) -> Any:
    """Load a saved model that is in ``registry`` and is for ``task``; see `load_classifier`."""
    exporter = None if backend == OWN_BACKEND else _exporter(backend)
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.task != task:
        raise ClassifierError(f"{folder} holds {_OF_TASK[manifest.task]}, not {_OF_TASK[task]}")
    kind, what = manifest.kind, registry.kind
    if kind not in registry:
        raise ClassifierError(
            f"{folder}: unknown kind of {what} '{kind}'; known are {', '.join(registry)}: install the plugin that it "
            "is from"
        )
    cls: type[TrainedModel] = registry[kind]
    if exporter and backend not in cls.exports:
        raise ClassifierError(f"{folder} holds a {kind} {what}, which has no {exporter.title} export")
    try:
        return cls.load_export(backend, folder, manifest) if exporter else _load(cls, folder, manifest)
    except MissingPackageError:
        raise
    except Exception as error:  # numpy, safetensors, torch and tokenizers each raise their own errors for damaged files
        why = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
        why = why.strip().partition("\n")[0]
        raise ClassifierError(f"cannot load the {kind} {what} in {folder}: {why}; save it again") from error


def _exporter(backend: str) -> ClassifierExporter:
    try:
        exporter = EXPORTERS[backend]()
    except ExportError:
        exporter = None
    if not isinstance(exporter, ClassifierExporter):
        raise ClassifierError(
            f"the backend must be '{OWN_BACKEND}' or an exporter of classifiers, such as 'onnx', not '{backend}'"
        )
    return exporter


def _load(cls: type[TrainedModel], folder: Path, manifest: Manifest) -> TrainedModel:
    model = cls(**checked_params(cls, manifest.params) | {"labels": manifest.labels})
    model.restore(folder, manifest)
    return model


def export_check(folder: str | Path, name: str = "onnx") -> dict[str, Any] | None:
    """Return how the export in a saved classifier's folder compared with it, or None where it was left out.

    Parameters
    ----------
    name
        Of the exporter.

    Raises
    ------
    ClassifierError
        The folder does not say; names the file.
    """
    file = Path(folder) / MANIFEST
    try:
        record = json.loads(file.read_text(encoding="utf-8"))["state"][name]
        return None if record is None else dict(record["check"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ClassifierError(f"{file} does not say how an export compared; save the classifier again") from error
