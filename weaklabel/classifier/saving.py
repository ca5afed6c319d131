"""A classifier's folder: written whole or not at all, and described by a ``weaklabel.json`` beside the model."""

from __future__ import annotations

import importlib
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from weaklabel.errors import ClassifierError, MissingPackageError, WeakLabelError
from weaklabel.files import write_json
from weaklabel.folders import other_files, recover_folder, replaced_folder as swapped, written_files
from weaklabel.versions import versions

if TYPE_CHECKING:
    from weaklabel.classifier.base import Classifier

MANIFEST = "weaklabel.json"
PACKAGES = ("numpy", "scikit-learn", "torch", "transformers")

Backend = Literal["torch", "onnx"]

_KINDS = {
    "majority": ("weaklabel.classifier.majority", "MajorityClassifier"),
    "linear": ("weaklabel.classifier.linear", "LinearClassifier"),
    "bert": ("weaklabel.classifier.bert", "BertClassifier"),
    "robust": ("weaklabel.classifier.robust", "RobustClassifier"),
}
_ONNX = ("weaklabel.classifier.onnx", "OnnxClassifier")


def check_model_folder(folder: Path) -> None:
    """Refuse, before any work is done, a folder that holds files but no classifier.

    Raises
    ------
    ClassifierError
        Names the folder.
    """
    _check_other_files(folder, MANIFEST)


def written_by_model(folder: Path) -> list[Path]:
    """Return the files in a folder that another model there may replace or remove."""
    return [folder / name for name in sorted(written_files(folder, MANIFEST) or ())]


def _check_other_files(folder: Path, manifest: str) -> None:
    _finished(folder, manifest)
    is_ours = folder.is_dir() and (not other_files(folder) or (folder / manifest).is_file())
    if os.path.lexists(folder) and not is_ours:
        raise ClassifierError(f"{folder} holds something other than a classifier; choose another folder to save to")


def _finished(folder: Path, manifest: str) -> None:
    try:
        recover_folder(folder, manifest)
    except WeakLabelError as error:
        raise ClassifierError(str(error)) from None


@contextmanager
def replaced_folder(folder: Path, manifest: str = MANIFEST) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``; on success it takes that name, else it is removed.

    At every moment the earlier or the new content stands under the name; files in the folder that were not written with
    its manifest are kept. See `weaklabel.folders.replaced_folder`.

    Raises
    ------
    ClassifierError
        ``folder`` holds files but no classifier, or the place cannot be written to.
    """
    _check_other_files(folder, manifest)
    try:
        with swapped(folder, manifest) as part:
            yield part
    except OSError as error:
        raise ClassifierError(f"cannot write {folder}: {error.strerror or error}") from error
    except ClassifierError:
        raise
    except WeakLabelError as error:
        raise ClassifierError(str(error)) from error


def write_manifest(
    folder: Path,
    kind: str,
    labels: Sequence[str],
    params: dict[str, Any],
    state: dict[str, Any],
    provenance: str,
    entities: Sequence[str],
) -> None:
    """Write ``weaklabel.json``: the kind, class names, parameters, state, origin and versions of a classifier."""
    params = {name: str(value) if isinstance(value, Path) else value for name, value in params.items()}
    manifest = {
        "kind": kind,
        "labels": list(labels),
        "params": params,
        "state": state,
        "provenance": provenance,
        "entities": list(entities),
        "versions": versions(PACKAGES),
    }
    write_json(folder / MANIFEST, manifest)


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
    _finished(folder, MANIFEST)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        kind, params, labels = manifest["kind"], manifest["params"], tuple(manifest["labels"])
        provenance, state = manifest["provenance"], manifest["state"]
        entities = tuple(manifest.get("entities", ()))  # those from before there were any have no such key
    except FileNotFoundError:
        raise ClassifierError(
            f"no classifier in {folder}: {MANIFEST} is missing; give the folder that save wrote, or for a plain "
            "transformers checkpoint BertClassifier(model=folder) and fit"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClassifierError(f"{folder / MANIFEST} is damaged: {error!r}; save the classifier again") from error
    if kind not in _KINDS:
        raise ClassifierError(f"{folder}: unknown kind of classifier '{kind}'; known are {', '.join(_KINDS)}")
    if backend == "onnx" and kind not in ("bert", "robust"):
        raise ClassifierError(f"{folder} holds a {kind} classifier; only bert and robust ones have an ONNX export")
    module, name = _ONNX if backend == "onnx" else _KINDS[kind]
    try:
        params = {} if backend == "onnx" else params | {"labels": labels}
        classifier: Classifier = getattr(importlib.import_module(module), name)(**params)
        classifier.labels_, classifier.provenance_, classifier.entities_ = labels, provenance, entities
        classifier.named_ = bool(state.get("named"))
        classifier._read(folder, state)
    except MissingPackageError:
        raise
    except (WeakLabelError, OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ClassifierError(f"cannot load the {kind} classifier in {folder}: {error}") from error
    return classifier


def export_check(folder: str | Path) -> dict[str, Any] | None:
    """Return how the ONNX export in a saved classifier's folder compared with it, or None where it was left out."""
    state = json.loads((Path(folder) / MANIFEST).read_text(encoding="utf-8"))["state"]
    return state["onnx"] and dict(state["onnx"]["check"])
