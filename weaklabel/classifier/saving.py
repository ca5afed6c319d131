"""A classifier's folder: written whole or not at all, and described by a ``weaklabel.json`` beside the model."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.errors import ClassifierError, WeakLabelError
from weaklabel.files import write_json
from weaklabel.versions import versions

if TYPE_CHECKING:
    from weaklabel.classifier.base import Classifier

MANIFEST = "weaklabel.json"
PACKAGES = ("numpy", "scikit-learn", "torch", "transformers")

_KINDS = {
    "majority": ("weaklabel.classifier.majority", "MajorityClassifier"),
    "linear": ("weaklabel.classifier.linear", "LinearClassifier"),
    "bert": ("weaklabel.classifier.bert", "BertClassifier"),
}


def check_model_folder(folder: Path) -> None:
    """Refuse, before any work is done, a folder that holds files but no classifier.

    Raises
    ------
    ClassifierError
        Names the folder.
    """
    if folder.exists() and not (folder.is_dir() and (_is_empty(folder) or (folder / MANIFEST).is_file())):
        raise ClassifierError(f"{folder} holds something other than a classifier; choose another folder to save to")


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``; on success it takes that name, else it is removed.

    Raises
    ------
    ClassifierError
        ``folder`` holds files but no classifier, or the place cannot be written to.
    """
    check_model_folder(folder)
    folder = folder.resolve()
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        yield part
        _sync(part)
        _swap(part, folder)
    except OSError as error:
        raise ClassifierError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())


def _swap(part: Path, folder: Path) -> None:
    # No system call replaces a folder that is not empty, so the earlier one steps aside first, and back on failure.
    if not folder.exists():
        part.rename(folder)
        return
    old = part.with_suffix(".old")
    folder.rename(old)
    try:
        part.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old)


def write_manifest(
    folder: Path, kind: str, labels: Sequence[str], params: dict[str, Any], state: dict[str, Any], provenance: str
) -> None:
    """Write ``weaklabel.json``: the kind, class names, parameters, fitted state and versions of a classifier."""
    params = {name: str(value) if isinstance(value, Path) else value for name, value in params.items()}
    manifest = {
        "kind": kind,
        "labels": list(labels),
        "params": params,
        "state": state,
        "provenance": provenance,
        "versions": versions(PACKAGES),
    }
    write_json(folder / MANIFEST, manifest)


def load_classifier(folder: str | Path) -> Classifier:
    """Load a classifier that was saved by its ``save``.

    Raises
    ------
    ClassifierError
        No classifier there, of a kind unknown to this version, or its files are damaged; names the folder.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        kind, params, labels = manifest["kind"], manifest["params"], tuple(manifest["labels"])
        provenance, state = manifest["provenance"], manifest["state"]
    except FileNotFoundError:
        raise ClassifierError(
            f"no classifier in {folder}: {MANIFEST} is missing; give the folder that save wrote, or for a plain "
            "transformers checkpoint BertClassifier(model=folder) and fit"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClassifierError(f"{folder / MANIFEST} is damaged: {error!r}; save the classifier again") from error
    if kind not in _KINDS:
        raise ClassifierError(f"{folder}: unknown kind of classifier '{kind}'; known are {', '.join(_KINDS)}")
    module, name = _KINDS[kind]
    try:
        classifier: Classifier = getattr(importlib.import_module(module), name)(**params | {"labels": labels})
        classifier.labels_, classifier.provenance_ = labels, provenance
        classifier._read(folder, state)
    except (WeakLabelError, OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ClassifierError(f"cannot load the {kind} classifier in {folder}: {error}") from error
    return classifier
