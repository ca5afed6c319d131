"""Large arrays in JSON: float32 in base64, a fourth of what decimal numbers take."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_text(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array as values that JSON has, with 32 bits a number.

    Examples
    --------
    >>> from_text(to_text(np.array([[0.5, 2.0]]))).tolist()
    [[0.5, 2.0]]
    """
    return {"shape": list(array.shape), "float32": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}


def from_text(saved: dict[str, Any]) -> NDArray[np.float32]:
    """Return what `to_text` was given.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is not from there, or has numbers that are not finite.
    """
    data = base64.b64decode(saved["float32"], validate=True)
    array = np.frombuffer(data, dtype="<f4").astype(np.float32).reshape([int(size) for size in saved["shape"]])
    if not np.isfinite(array).all():
        raise ValueError("an array has numbers that are not finite")
    return array
