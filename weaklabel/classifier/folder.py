"""The folder of a saved classifier: replaced in one step, and described by the file ``weaklabel.json`` in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from weaklabel.errors import ClassifierError, WeakLabelError
from weaklabel.labels import check_label_names
from weaklabel.support.files import write_json
from weaklabel.support.folders import other_files, recover_folder, replaced_folder as swapped, written_files
from weaklabel.support.versions import versions

MANIFEST = "weaklabel.json"
TEXTS, SPANS = "texts", "spans"
"""What a saved model labels: whole texts, or spans in them."""

PACKAGES = ("numpy", "scikit-learn", "torch", "transformers")

_ENTRIES: dict[str, type] = {"kind": str, "labels": list, "params": dict, "state": dict, "provenance": str}
"""Entries of ``weaklabel.json`` and their types."""


class Manifest(NamedTuple):
    """What ``weaklabel.json`` says of a saved classifier, checked.

    Attributes
    ----------
    kind
        The classifier's name in the registry.
    labels
        Class names. Length: k.
    params
        Constructor arguments.
    state
        What the classifier's ``_read`` needs, and the records of exports.
    provenance
        Where the training labels came from.
    entities
        The columns whose entities were marked in the training texts.
    task
        What it labels: "texts", or "spans" in them.
    """

    kind: str
    labels: tuple[str, ...]
    params: dict[str, Any]
    state: dict[str, Any]
    provenance: str
    entities: tuple[str, ...]
    task: str = TEXTS


def check_model_folder(folder: Path) -> None:
    """Refuse a folder that holds files but no classifier, before any work is done.

    Raises
    ------
    ClassifierError
        Names the folder.
    """
    check_other_files(folder, MANIFEST)


def written_by_model(folder: Path) -> list[Path]:
    """Return the files that saving another model to the folder may replace or remove."""
    return [folder / name for name in sorted(written_files(folder, MANIFEST) or ())]


def check_other_files(folder: Path, manifest: str) -> None:
    """Refuse a folder that holds files, and not the one that describes what is saved there."""
    _recover(folder, manifest)
    is_ours = folder.is_dir() and (not other_files(folder) or (folder / manifest).is_file())
    if os.path.lexists(folder) and not is_ours:
        raise ClassifierError(f"{folder} holds something other than a classifier; choose another folder to save to")


def _recover(folder: Path, manifest: str) -> None:
    try:
        recover_folder(folder, manifest)
    except WeakLabelError as error:
        raise ClassifierError(str(error)) from None


@contextmanager
def replaced_folder(folder: Path, manifest: str = MANIFEST) -> Iterator[Path]:
    """Give a temporary folder next to ``folder``; on success it takes that name, else it is removed.

    At every moment the folder has its earlier or its new content; files in it that are not named in its manifest are
    kept. See `weaklabel.support.folders.replaced_folder`.

    Raises
    ------
    ClassifierError
        ``folder`` holds files but no classifier, or the place cannot be written to.
    """
    check_other_files(folder, manifest)
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
        reason = tensor_write_error(error)
        if reason is None:
            raise
        raise ClassifierError(f"cannot write {folder}: {reason}") from error


def tensor_write_error(error: Exception) -> str | None:
    """Return why tensors could not be written, such as a full disk; None for any other error."""
    from safetensors import SafetensorError

    # Not an OSError.
    return str(error).removeprefix("Error while serializing: ") if isinstance(error, SafetensorError) else None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``weaklabel.json``, with the versions of the packages that wrote the model."""
    entries = manifest._asdict() | {
        "labels": list(manifest.labels),
        "params": {name: str(value) if isinstance(value, Path) else value for name, value in manifest.params.items()},
        "entities": list(manifest.entities),
        "versions": versions(PACKAGES),
    }
    if manifest.task == TEXTS:
        del entries["task"]  # as always
    write_json(folder / MANIFEST, entries)


def task_of(folder: Path) -> str:
    """Return what the model in a folder labels: "texts", or "spans" in them; "texts" where that cannot be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return TEXTS
    return SPANS if isinstance(manifest, dict) and manifest.get("task") == SPANS else TEXTS


def read_manifest(folder: Path) -> Manifest:
    """Read ``weaklabel.json``, after finishing an interrupted replacement of the folder.

    Raises
    ------
    ClassifierError
        There is none, or it is damaged; names the file.
    """
    _recover(folder, MANIFEST)
    try:
        return _checked(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        raise ClassifierError(
            f"no classifier in {folder}: {MANIFEST} is missing; give the folder that save wrote, or for a plain "
            "transformers checkpoint BertClassifier(model=folder) and fit"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, WeakLabelError) as error:
        why = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ClassifierError(f"{folder / MANIFEST} is damaged: {why}; save the classifier again") from error


def _checked(manifest: Any) -> Manifest:
    if not isinstance(manifest, dict):
        raise ValueError("it is not an object")
    for key, kind in _ENTRIES.items():
        if not isinstance(manifest[key], kind):
            raise ValueError(f"'{key}' is {manifest[key]!r:.60}, not {kind.__name__}")
    entities = manifest.get("entities", [])  # files of earlier versions have no such entry
    if not isinstance(entities, list) or not all(isinstance(name, str) for name in entities):
        raise ValueError(f"'entities' is {entities!r:.60}, not a list of names")
    task = manifest.get("task", TEXTS)
    if task not in (TEXTS, SPANS):
        raise ValueError(f"'task' is {task!r:.60}, not '{TEXTS}' or '{SPANS}'")
    labels = check_label_names(manifest["labels"], "'labels'")
    params, state, provenance = manifest["params"], manifest["state"], manifest["provenance"]
    return Manifest(manifest["kind"], labels, params, state, provenance, tuple(entities), task)
