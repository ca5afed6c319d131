"""Groups of options, and options whose values are the names of a registry: label models, classifiers, exporters.

A verb takes each group as one object; ``--help`` lists its options below a heading.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer
import typer.core
from typer.models import OptionInfo

from weaklabel.errors import WeakLabelError
from weaklabel.support.plugins import Registries, Registry

if TYPE_CHECKING:
    from weaklabel.config import ChosenSettings

ChosenT = TypeVar("ChosenT", bound="ChosenSettings")

_CHOICES: dict[str, tuple[Registry[Any] | Registries, str, tuple[str, ...]]] = {}


def name_option(
    registry: Registry[Any] | Registries,
    flag: str,
    *,
    help: str,
    panel: str | None = None,
    also: tuple[str, ...] = (),
    of: str = "",
) -> Any:
    """Return typer's option for a name in a registry, or one of ``also``; it is looked up when it is given.

    No class is imported. ``of`` is as for `weaklabel.support.plugins.Registry.names`.
    """
    metavar = registry.kind.upper().replace(" ", "_")
    _CHOICES[metavar] = registry, of, also
    return typer.Option(flag, metavar=metavar, parser=_checker(registry, also), help=help, rich_help_panel=panel)


def names_option(
    registry: Registry[Any] | Registries,
    flag: str,
    *,
    help: str,
    also: tuple[str, ...] = (),
    of: str = "",
    metavar: str = "",
) -> Any:
    """Return typer's option for names in a registry, or of ``also``, with commas between them; its verb checks them."""
    metavar = f"{metavar or registry.kind.upper().replace(' ', '_')},..."
    _CHOICES[metavar] = registry, of, also
    return typer.Option(flag, metavar=metavar, help=help)


def described(registry: Registry[Any] | Registries) -> str:
    """Return the built-in names of a registry, each with its line of help."""
    return "; ".join(f"{name}, {registry.help(name)}" for name in registry.built_in)


def choices(metavar: str | None) -> str | None:
    """Return how ``--help`` shows the values of an option with this metavar: the names, where it is of a registry."""
    if metavar is None or metavar not in _CHOICES:
        return metavar
    registry, of, also = _CHOICES[metavar]
    return f"<{'|'.join([*also, *registry.names(of)])}>{',...' if metavar.endswith(',...') else ''}"


def _checker(registry: Registry[Any] | Registries, also: tuple[str, ...]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        try:
            return name if name in also else registry.check(name)
        except WeakLabelError as error:
            raise typer.BadParameter(str(error)) from None

    return checked


MODEL_PANEL = "Label model"

EncoderOpt = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="ENCODER",
        help="What turns texts into vectors: 'multilingual' (16 languages; an extra), a folder, or a name on the Hugging "
        "Face hub. Default: an English one that is installed.",
        rich_help_panel=MODEL_PANEL,
    ),
]
LabelPrefixOpt = Annotated[
    str | None,
    typer.Option(
        "--label-prefix",
        metavar="TEXT",
        help="Prefix of the columns with labels. Default: the one that is there.",
        rich_help_panel="Rows and labels",
    ),
]
SeedOpt = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of all random numbers.")]
DryRunOpt = Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")]


def expanded(verb: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter whose type is a dataclass by one option for each field of that class.

    The verb is called with the dataclass, filled from the options.
    """
    hints = get_type_hints(verb, include_extras=True)
    groups: dict[str, type[Any]] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(verb).parameters.items():
        kind = hints[name]
        if not (inspect.isclass(kind) and is_dataclass(kind)):
            parameters.append(_keyword(name, kind, parameter.default))
            continue
        groups[name] = kind
        types = get_type_hints(kind, include_extras=True)
        for field in fields(kind):
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            parameters.append(_keyword(field.name, types[field.name], default))

    @wraps(verb)
    def command(**options: Any) -> None:
        for name, kind in groups.items():
            options[name] = kind(**{field.name: options.pop(field.name) for field in fields(kind)})
        verb(**options)

    del command.__wrapped__  # typer would read the parameters from it
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _keyword(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def chosen_settings(kind: type[ChosenT], own: Mapping[str, Any], params: Sequence[str]) -> ChosenT:
    """Return the settings of what is chosen by name: what options of their own say, and what ``--set`` says.

    Parameters
    ----------
    kind
        Which settings.
    own
        Values by key; None where the option was not given.
    params
        Of ``--set``: ``SECTION.KEY=VALUE``. Values are those of TOML; what is none is a string.

    Raises
    ------
    typer.BadParameter
        One of ``params`` has another form or another section, or a key that has an option of its own which is given.
    ConfigError
        A key is unknown, or has a wrong value.
    """
    from weaklabel.config import settings_of

    settings = {key: value for key, value in own.items() if value is not None}
    for param in params:
        key, equals, value = param.partition("=")
        section, _, name = key.partition(".")
        if not equals or section != kind.section or not name:
            raise typer.BadParameter(f"'{param}' is not {kind.section}.KEY=VALUE", param_hint="--set")
        if name in settings:
            raise typer.BadParameter(f"{key} is given twice, by --set or by an option of its own", param_hint="--set")
        try:
            settings[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            settings[name] = value
    return settings_of(kind, settings)


def given_options(group: Any) -> list[str]:
    """Return the options of a group that are not at their default, as they are written on the command line."""
    types = get_type_hints(type(group), include_extras=True)
    written: list[str] = []
    for field in fields(group):
        value = getattr(group, field.name)
        if value == field.default or value is None:
            continue
        (option,) = (part for part in types[field.name].__metadata__ if isinstance(part, OptionInfo))
        # Typer keeps the first of an option's flags where its default would be.
        flags = [option.default, *(option.param_decls or ())]
        on, _, off = next(str(flag) for flag in flags if str(flag).startswith("--")).partition("/")
        if isinstance(value, list):
            written += [part for item in value for part in (on, str(item))]
        else:
            written += [on if value else off] if isinstance(value, bool) else [on, str(value)]
    return written


class GroupedHelp(typer.core.TyperCommand):
    """A verb whose ``--help`` shows options below the heading of their group (``rich_help_panel``), without rich."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options without a group, then each group."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            parameter.metavar = choices(parameter.metavar)
            record = parameter.get_help_record(ctx)
            if record is not None:
                usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
                heading = getattr(parameter, "rich_help_panel", None) or usual
                sections.setdefault(heading, []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
