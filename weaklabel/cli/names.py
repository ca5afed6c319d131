"""Options whose values are the names of a registry: label models, classifiers, exporters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from weaklabel.errors import WeakLabelError
from weaklabel.support.plugins import Registry

_CHOICES: dict[str, tuple[Registry[Any], tuple[str, ...]]] = {}


def name_option(
    registry: Registry[Any], flag: str, *, help: str, panel: str | None = None, also: tuple[str, ...] = ()
) -> Any:
    """Return typer's option for a name in a registry, or one of ``also``; it is looked up when it is given.

    No class is imported.
    """
    metavar = registry.kind.upper().replace(" ", "_")
    _CHOICES[metavar] = registry, also
    return typer.Option(flag, metavar=metavar, parser=_checker(registry, also), help=help, rich_help_panel=panel)


def names_option(registry: Registry[Any], flag: str, *, help: str, also: tuple[str, ...] = ()) -> Any:
    """Return typer's option for names in a registry, or of ``also``, with commas between them; its verb checks them."""
    metavar = f"{registry.kind.upper().replace(' ', '_')},..."
    _CHOICES[metavar] = registry, also
    return typer.Option(flag, metavar=metavar, help=help)


def described(registry: Registry[Any]) -> str:
    """Return the built-in names of a registry, each with its line of help."""
    return "; ".join(f"{name}, {registry.help(name)}" for name in registry.built_in)


def choices(metavar: str | None) -> str | None:
    """Return how ``--help`` shows the values of an option with this metavar: the names, where it is of a registry."""
    if metavar is None or metavar not in _CHOICES:
        return metavar
    registry, also = _CHOICES[metavar]
    return f"<{'|'.join([*also, *registry])}>{',...' if metavar.endswith(',...') else ''}"


def _checker(registry: Registry[Any], also: tuple[str, ...]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        try:
            return name if name in also else registry.check(name)
        except WeakLabelError as error:
            raise typer.BadParameter(str(error)) from None

    return checked
