"""A classifier's folder: written whole or not at all, and described by a ``weaklabel.json`` beside the model."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from weaklabel.errors import ClassifierError, MissingPackageError, WeakLabelError
from weaklabel.labels import check_label_names
from weaklabel.support.files import write_json
from weaklabel.support.folders import other_files, recover_folder, replaced_folder as swapped, written_files
from weaklabel.support.params import checked_params
from weaklabel.support.versions import versions

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
_ENTRIES: dict[str, type] = {"kind": str, "labels": list, "params": dict, "state": dict, "provenance": str}
"""Of ``weaklabel.json``, and what each is."""

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
    its manifest are kept. See `weaklabel.support.folders.replaced_folder`.

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
    except Exception as error:
        reason = writing_failed(error)
        if reason is None:
            raise
        raise ClassifierError(f"cannot write {folder}: {reason}") from error


def writing_failed(error: Exception) -> str | None:
    """Return why tensors could not be written, such as a full disk; None for another error."""
    from safetensors import SafetensorError

    # It is no OSError.
    return str(error).removeprefix("Error while serializing: ") if isinstance(error, SafetensorError) else None


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
        kind, labels, params, state, provenance, entities = _checked(manifest)
    except (FileNotFoundError, NotADirectoryError):
        raise ClassifierError(
            f"no classifier in {folder}: {MANIFEST} is missing; give the folder that save wrote, or for a plain "
            "transformers checkpoint BertClassifier(model=folder) and fit"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, WeakLabelError) as error:
        why = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ClassifierError(f"{folder / MANIFEST} is damaged: {why}; save the classifier again") from error
    if kind not in _KINDS:
        raise ClassifierError(f"{folder}: unknown kind of classifier '{kind}'; known are {', '.join(_KINDS)}")
    if backend == "onnx" and kind not in ("bert", "robust"):
        raise ClassifierError(f"{folder} holds a {kind} classifier; only bert and robust ones have an ONNX export")
    module, name = _ONNX if backend == "onnx" else _KINDS[kind]
    try:
        cls: type[Classifier] = getattr(importlib.import_module(module), name)
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


def _checked(manifest: Any) -> tuple[str, tuple[str, ...], dict[str, Any], dict[str, Any], str, tuple[str, ...]]:
    """Return kind, class names, parameters, state, origin and entities of a classifier, each of its type."""
    if not isinstance(manifest, dict):
        raise ValueError("it is not an object")
    for key, kind in _ENTRIES.items():
        if not isinstance(manifest[key], kind):
            raise ValueError(f"'{key}' is {manifest[key]!r:.60}, not {kind.__name__}")
    entities = manifest.get("entities", [])  # those from before there were any have no such key
    if not isinstance(entities, list) or not all(isinstance(name, str) for name in entities):
        raise ValueError(f"'entities' is {entities!r:.60}, not a list of names")
    labels = check_label_names(manifest["labels"], "'labels'")
    return manifest["kind"], labels, manifest["params"], manifest["state"], manifest["provenance"], tuple(entities)


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
