"""Warnings: what a user should know although the result is valid."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from weaklabel.errors import WeakLabelWarning, visible

# Python's warning filters are shared by all threads: two threads that change them at once could leave them changed.
_KEPT: ContextVar[list[str] | None] = ContextVar("kept_warnings", default=None)


def warn(message: str, stacklevel: int | None = None) -> None:
    """Issue a warning, or keep its message if this thread is inside `kept_warnings`.

    Parameters
    ----------
    message
        One sentence; control characters of texts and names in it are shown as escapes.
    stacklevel
        Whose line the warning names: 1 for the caller, 2 for its caller, and so on. By default the first outside this
        package.
    """
    message = visible(message)
    kept = _KEPT.get()
    if kept is None:
        warnings.warn(message, WeakLabelWarning, stacklevel=(stacklevel or _depth_of_user()) + 1)
    else:
        kept.append(message)


def show_instead_of_raising() -> None:
    """Turn warning filters of this process, and of those it starts, from "error" into "default".

    A command shows its warnings: under ``python -W error`` they would end it with a traceback, and so would those of
    third-party packages.
    """
    warnings.filters[:] = [  # type: ignore[index]
        ("default", *rest) if action == "error" else (action, *rest) for action, *rest in warnings.filters
    ]
    if given := os.environ.get("PYTHONWARNINGS"):
        actions = (entry.partition(":") for entry in given.split(","))
        os.environ["PYTHONWARNINGS"] = ",".join(
            ("default" if action and "error".startswith(action.strip()) else action) + colon + rest
            for action, colon, rest in actions
        )


@contextmanager
def kept_warnings() -> Iterator[list[str]]:
    """Keep the messages of `warn` in a list instead of issuing them, in this thread only.

    Examples
    --------
    >>> with kept_warnings() as kept:
    ...     warn("2 texts were cut")
    >>> kept
    ['2 texts were cut']
    """
    kept: list[str] = []
    before = _KEPT.set(kept)
    try:
        yield kept
    finally:
        _KEPT.reset(before)


@contextmanager
def recorded_warnings(into: list[str]) -> Iterator[None]:
    """Keep what users are warned of, which is shown as well."""
    show = warnings.showwarning

    def record(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        if issubclass(category, UserWarning):
            into.append(str(message))
        show(message, category, *rest, **named)

    warnings.showwarning = record
    try:
        yield
    finally:
        warnings.showwarning = show


def _depth_of_user() -> int:
    """Count the frames from the caller of `warn` to the first outside this package."""
    frame, depth = sys._getframe(2), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "weaklabel":
        frame, depth = frame.f_back, depth + 1
    return depth
