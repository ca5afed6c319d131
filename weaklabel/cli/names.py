"""Options whose values are the names of a registry: label models, classifiers, exporters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from weaklabel.errors import WeakLabelError
from weaklabel.support.plugins import Registry

_REGISTRIES: dict[str, Registry[Any]] = {}


def name_option(registry: Registry[Any], flag: str, *, help: str, panel: str | None = None) -> Any:
    """Return typer's option for a name in a registry, which is looked up when it is given; no class is imported."""
    metavar = registry.kind.upper().replace(" ", "_")
    _REGISTRIES[metavar] = registry
    return typer.Option(flag, metavar=metavar, parser=_checker(registry), help=help, rich_help_panel=panel)


def choices(metavar: str | None) -> str | None:
    """Return how ``--help`` shows the values of an option with this metavar: the names, where it is of a registry."""
    return f"<{'|'.join(_REGISTRIES[metavar])}>" if metavar in _REGISTRIES else metavar


def _checker(registry: Registry[Any]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        try:
            return registry.check(name)
        except WeakLabelError as error:
            raise typer.BadParameter(str(error)) from None

    return checked
