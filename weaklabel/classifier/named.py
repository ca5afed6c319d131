"""Classifiers by name: what a project file or a command line asks for, made and checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.bert import BertClassifier
from weaklabel.classifier.folder import MANIFEST, read_manifest
from weaklabel.classifier.linear import LinearClassifier
from weaklabel.classifier.majority import MajorityClassifier
from weaklabel.classifier.onnx import OnnxClassifier
from weaklabel.classifier.robust import RobustClassifier
from weaklabel.config import ClassifierSettings
from weaklabel.errors import ClassifierError, ConfigError, MissingPackageError
from weaklabel.support.params import checked_params

Backend = Literal["torch", "onnx"]

_KINDS: dict[str, type[Classifier]] = {
    "majority": MajorityClassifier,
    "linear": LinearClassifier,
    "bert": BertClassifier,
    "robust": RobustClassifier,
}


def make_classifier(
    settings: ClassifierSettings,
    labels: Sequence[str],
    seed: int = 0,
    *,
    log: Path | None = None,
    progress: bool = False,
    validated: bool = False,
) -> Classifier:
    """Make the classifier that the settings name, checked but not fitted.

    Parameters
    ----------
    settings
        See `weaklabel.config.ClassifierSettings`.
    labels
        Class names. Length: k.
    seed
        Of everything random.
    log
        Folder for BERT's training log.
    progress
        Show progress on stderr.
    validated
        Whether it will be fitted with validation rows.

    Raises
    ------
    ClassifierError
        A setting is out of range, or needs validation rows or a log.
    ConfigError
        The classifier has no such setting.
    """
    options = settings.options()
    if settings.name != "linear":
        cls = BertClassifier if settings.name == "bert" else RobustClassifier
        model = cls(labels=labels, seed=seed, run_folder=log, progress=progress, **options)
        model.check_params(validated)
        return model
    if options:
        raise ConfigError(f"the linear classifier has no {', '.join(options)}; leave that out, or train bert")
    return LinearClassifier(labels=labels, seed=seed)


def with_baselines(name: str, classifier: Classifier, labels: Sequence[str], seed: int) -> dict[str, Classifier]:
    """Return a classifier and the baselines that always stand beside it in the scores, by stage."""
    baselines: dict[str, Classifier] = {
        "majority_class": MajorityClassifier(labels=labels),
        "linear": LinearClassifier(labels=labels, seed=seed),
    }
    return baselines | {name: classifier}


def load_classifier(folder: str | Path, backend: Backend = "torch") -> Classifier:
    """Load a classifier that was saved by its ``save``.

    Parameters
    ----------
    backend
        What a BERT classifier predicts with: "torch" runs the model itself; "onnx" runs its export of 8-bit weights,
        faster on a CPU, and does not load torch. It needs an export in the folder, which ``save`` makes if asked.

    Raises
    ------
    ClassifierError
        No classifier there, of a kind unknown to this version, or its files are damaged; no ONNX export where one is
        needed; names the folder.
    MissingPackageError
        The ONNX backend needs the packages of ``weaklabel[onnx]``.
    """
    if backend not in get_args(Backend):
        raise ClassifierError(f"backend must be one of {', '.join(get_args(Backend))}, not '{backend}'")
    folder = Path(folder)
    kind, labels, params, state, provenance, entities = read_manifest(folder)
    if kind not in _KINDS:
        raise ClassifierError(f"{folder}: unknown kind of classifier '{kind}'; known are {', '.join(_KINDS)}")
    if backend == "onnx" and kind not in ("bert", "robust"):
        raise ClassifierError(f"{folder} holds a {kind} classifier; only bert and robust ones have an ONNX export")
    cls = OnnxClassifier if backend == "onnx" else _KINDS[kind]
    try:
        classifier = cls(**{} if backend == "onnx" else checked_params(cls, params) | {"labels": labels})
        classifier.labels_, classifier.provenance_, classifier.entities_ = labels, provenance, entities
        classifier.named_ = bool(state.get("named"))
        classifier._read(folder, state)
    except MissingPackageError:
        raise
    except Exception as error:  # numpy, safetensors, torch and tokenizers each raise their own of damaged files
        why = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
        why = why.strip().partition("\n")[0]
        raise ClassifierError(f"cannot load the {kind} classifier in {folder}: {why}; save it again") from error
    return classifier


def export_check(folder: str | Path) -> dict[str, Any] | None:
    """Return how the ONNX export in a saved classifier's folder compared with it, or None where it was left out.

    Raises
    ------
    ClassifierError
        The folder does not say; names the file.
    """
    file = Path(folder) / MANIFEST
    try:
        record = json.loads(file.read_text(encoding="utf-8"))["state"]["onnx"]
        return None if record is None else dict(record["check"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ClassifierError(f"{file} does not say how an ONNX export compared; save the classifier again") from error
