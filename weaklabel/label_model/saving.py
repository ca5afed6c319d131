"""Fitted label models as JSON: writing it, reading it, and checking arrays that were read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.support.files import write_json

FORMAT = "weaklabel label model 1"
FILE_NAME = "label_model.json"


def write_model(path: str | os.PathLike[str], saved: dict[str, Any]) -> None:
    """Write a model's name, parameters and state, atomically: to a ``.json`` file, or into a folder."""
    write_json(_file(path), {"format": FORMAT, **saved})


def read_saved(path: str | os.PathLike[str]) -> tuple[Path, dict[str, Any]]:
    """Read what `write_model` wrote; return its file, too.

    Raises
    ------
    LabelModelError
        The file is missing, damaged, or not a label model; names the file.
    """
    file = _file(path)
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabelModelError(f"cannot read a label model from {file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise LabelModelError(f"{file} is damaged, or not a label model: it is not valid JSON ({error})") from error
    if not isinstance(saved, dict) or "format" not in saved:
        raise LabelModelError(f"{file} is damaged, or not a label model: it has no entry 'format'")
    if saved["format"] != FORMAT:
        raise LabelModelError(f"{file} has the format {saved['format']!r}, not {FORMAT!r}")
    return file, saved


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


def check_array(
    name: str, array: NDArray[Any], shape: tuple[int, ...], nan_rows: NDArray[np.bool_] | None = None
) -> None:
    """Refuse an array of another shape, or with numbers that are not finite.

    Parameters
    ----------
    name
        For the message.
    array, shape
        The array, and the shape that it must have.
    nan_rows
        Which rows are NaN, in all numbers; by default none.

    Raises
    ------
    ValueError
        It is not such an array.
    """
    if array.shape != shape:
        raise ValueError(f"{name} has shape {list(array.shape)}, not {list(shape)}")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} does not hold numbers")
    finite = np.isfinite(array)
    if nan_rows is not None:
        if not np.isnan(array[nan_rows]).all():
            raise ValueError(f"{name} has numbers for a labeling function that never voted")
        finite = finite[~nan_rows]
    if not finite.all():
        raise ValueError(f"{name} has numbers that are not finite")
