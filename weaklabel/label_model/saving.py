"""Fitted label models as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weaklabel.errors import LabelModelError
from weaklabel.files import write_json

if TYPE_CHECKING:
    from weaklabel.label_model.base import LabelModel

FORMAT = "weaklabel label model 1"
FILE_NAME = "label_model.json"

MODELS: dict[str, type[LabelModel]] = {}
"""Label models by the name of their class; each is entered where it is defined."""


def write_model(path: str | os.PathLike[str], saved: dict[str, Any]) -> None:
    """Write a model's name, parameters and state, atomically: to a ``.json`` file, or into a folder."""
    write_json(_file(path), {"format": FORMAT, **saved})


def read_model(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `write_model` wrote.

    Raises
    ------
    LabelModelError
        The file is missing, damaged, or no label model.
    """
    file = _file(path)
    try:
        saved: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if saved["format"] != FORMAT:
            raise LabelModelError(f"{file} has the format {saved['format']!r}, not {FORMAT!r}")
    except OSError as error:
        raise LabelModelError(f"cannot read a label model from {file}: {error.strerror or error}") from error
    except LabelModelError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error
    return saved


def damaged(path: str | os.PathLike[str], error: Exception) -> LabelModelError:
    """Say that a file is no label model."""
    return LabelModelError(f"{_file(path)} is damaged, or no label model: {error!r}")


def to_plain(value: Any) -> Any:
    """Turn arrays into lists, and NaN into None, since JSON has neither."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind == "f" and not np.isnan(value).any():
            return value.tolist()  # which nothing has to be looked for in
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _file(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    return path if path.suffix == ".json" else path / FILE_NAME


def restore(saved: dict[str, Any]) -> LabelModel:
    """Make the fitted model that `LabelModel.to_saved` was given; damaged input is a KeyError, ValueError or TypeError."""
    model = MODELS[saved["model"]](**saved["params"])
    model._restore(saved["state"])
    model.unvoted_ = tuple(int(label) for label in saved.get("unvoted", ()))
    return model
