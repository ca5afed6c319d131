"""The outcome of a computed cell, in its folder: predictions, time and memory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.files import atomic_path, write_json

OUTCOME, PREDICTIONS = "outcome.json", "predictions.npz"

Arrays: TypeAlias = dict[str, NDArray[Any]]

_NEEDED = {"preds", "probs", "valid_preds"}


@dataclass(frozen=True)
class Outcome:
    """What is known of a computed cell besides its predictions.

    Attributes
    ----------
    coverage
        Share of test rows that had their own prediction, 0 to 1.
    fit_seconds, predict_seconds
        Wall time of fitting, and of predicting test.
    peak_mib
        Most memory that the cell's process held, MiB, the set and all libraries included.
    why
        Description of the model that the label model chose, if it chooses.
    warnings
        What it warned of.
    """

    coverage: float
    fit_seconds: float
    predict_seconds: float
    peak_mib: float
    why: str | None = None
    warnings: tuple[str, ...] = ()


def write_outcome(folder: Path, outcome: Outcome, arrays: Arrays) -> None:
    """Write predictions, and then the file that says that the cell is done."""
    with atomic_path(folder / PREDICTIONS) as part, part.open("wb") as handle:
        np.savez(handle, **arrays)  # type: ignore[arg-type]
    write_json(folder / OUTCOME, asdict(outcome))


def read_outcome(folder: Path) -> Outcome | None:
    """Return the outcome of a finished cell; None if it is not finished, or damaged."""
    try:
        plain = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
        if not read_predictions(folder).keys() >= _NEEDED:
            return None
        return Outcome(**plain | {"warnings": tuple(plain["warnings"])})
    except (OSError, EOFError, BadZipFile, ValueError, TypeError, KeyError):
        return None


def read_predictions(folder: Path) -> Arrays:
    """Read predictions: preds [n] and probs [n, k] of test, valid_preds, and train_probs of a label model."""
    with np.load(folder / PREDICTIONS, allow_pickle=False) as arrays:
        return dict(arrays)
