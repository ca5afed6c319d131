"""What users call a setting: an argument in Python, an option of a command, or a key of a project file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

Naming: TypeAlias = Literal["argument", "option", "key"]

_NAMING: ContextVar[Naming] = ContextVar("naming", default="argument")


def setting(key: str, *values: str | int | list[str]) -> str:
    """Return a setting as the user who reads the message would write it.

    Parameters
    ----------
    key
        In a project file, such as ``corpus.skip_rows``. What follows the last dot is the name of the argument.
    *values
        What to set it to; several are alternatives. True is not said of an option.

    Examples
    --------
    >>> setting("corpus.skip_rows", 2), setting("corpus.format", "csv", "tsv")
    ('skip_rows=2', 'format="csv"|"tsv"')
    >>> with settings_named("option"):
    ...     setting("corpus.skip_rows"), setting("corpus.format", "csv", "tsv"), setting("corpus.entities", ["a", "b"])
    ('--skip-rows', '--format csv|tsv', '--entities a,b')
    >>> with settings_named("key"):
    ...     print(setting("corpus.encoding", "cp1252"), "and", setting("corpus.quoting", True))
    corpus.encoding = "cp1252" and corpus.quoting = true
    """
    naming = _NAMING.get()
    name = key.rpartition(".")[2]
    if naming == "option":
        values = () if values and values[0] is True else values
        shown = [",".join(value) if isinstance(value, list) else _as_word(value) for value in values]
        return " ".join([f"--{name.replace('_', '-')}", *(["|".join(shown)] if shown else [])])
    shown = [
        str(value) if isinstance(value, bool) and naming == "argument" else json.dumps(value, ensure_ascii=False)
        for value in values
    ]
    given, between = (key, " = ") if naming == "key" else (name, "=")
    return f"{given}{between}{'|'.join(shown)}" if shown else given


def current_naming() -> Naming:
    """Return how settings are named now, to name them so in another process."""
    return _NAMING.get()


def _as_word(value: str | int) -> str:
    """Return a value as a shell takes it for one word."""
    return str(value) if all(char.isalnum() or char in "_-./" for char in str(value)) else f"'{value}'"


@contextmanager
def settings_named(naming: Naming) -> Iterator[None]:
    """Let messages name settings in this way meanwhile."""
    before = _NAMING.set(naming)
    try:
        yield
    finally:
        _NAMING.reset(before)
