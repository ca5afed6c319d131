"""Sections that choose a class by its name and set its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import (
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from weaklabel.config.section import Section, anchored_model, sentence
from weaklabel.errors import ConfigError, WeakLabelError, nearest
from weaklabel.registries import SPANS
from weaklabel.support.params import checked_params
from weaklabel.support.plugins import Registries, Registry


@dataclass(frozen=True)
class NameIn:
    """Marks a field that is a name in a registry; no class of it is imported to check that."""

    registry: Registry[Any] | Registries

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.registry)}

    def _checked(self, name: str) -> str:
        try:
            return self.registry.check(name)
        except WeakLabelError as error:
            raise PydanticCustomError("name", "{sentence}", {"sentence": str(error)}) from None


class ChosenSettings(Section):
    """What is chosen by name; besides the keys of the section, every other parameter of its class can be set."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", frozen=True)

    section: ClassVar[str]
    registry: ClassVar[Registry[Any] | Registries]
    not_of_class: ClassVar[tuple[str, ...]] = ("name",)
    """Keys that are no parameters of the class."""

    def options(self) -> dict[str, Any]:
        """Return the settings that were given, as arguments of the class."""
        return self.model_dump(exclude=set(self.not_of_class), exclude_none=True)

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        models = {key: value for key in ("encoder", "model") if (value := getattr(self, key, None))}
        return self.model_copy(update={key: anchored_model(value, folder) for key, value in models.items()})

    @model_validator(mode="after")
    def _check_other_keys(self) -> Self:
        """Refuse keys that are not parameters of the chosen class, which is only imported if there are other keys."""
        others = self.model_extra or {}
        if not others:
            return self
        name = self.model_dump(include={"name"})["name"]
        tasks = self.registry.tasks(name) if isinstance(self.registry, Registries) else {"": self.registry}
        refusals = [_refusal_of(self, registry[name], others) for registry in tasks.values()]
        if all(refusals):
            raise PydanticCustomError("unknown_option", "{sentence}", {"sentence": refusals[0]})
        return self

    def for_task(self, task: str) -> Self:
        """Return the settings, once it is known whether labels are of ``"texts"`` or of ``"spans"``.

        Raises
        ------
        ConfigError
            The name is of the other task, or a key is no parameter of the class that this task has by that name.
        """
        if not isinstance(self.registry, Registries):
            return self
        name = self.model_dump(include={"name"})["name"]
        try:
            self.registry.check(name, task)
        except WeakLabelError as error:
            raise ConfigError(f"{self.section}.name: {error}") from None
        cls = self.registry.by_task[task][name]
        refusal = _refusal_of(self, cls, self.model_extra or {})
        if task == SPANS:
            refusal = refusal or _unused(self, cls)
        if refusal:
            raise ConfigError(refusal)
        return self


def _refusal_of(settings: ChosenSettings, cls: Any, others: Mapping[str, Any]) -> str:
    """Say why keys are no parameters of a class, or have wrong values; "" where they are right."""
    possible = [*settings.not_of_class, *cls.option_names()]
    unknown = next((key for key in others if key not in possible), None)
    if unknown is not None:
        return (
            f"unknown key '{settings.section}.{unknown}'{nearest(unknown, possible)}; known keys here are "
            f"{', '.join(possible)}"
        )
    try:
        checked_params(cls, dict(others))
    except ValueError as error:
        return f"[{settings.section}]: {error}"
    return ""


def _unused(settings: ChosenSettings, cls: Any) -> str:
    """Say which key of the section itself a class does not have; "" where it has all that were given."""
    given = settings.model_dump(exclude={*settings.not_of_class, *(settings.model_extra or {})}, exclude_none=True)
    unknown = next((key for key in given if key not in cls.option_names()), None)
    name = settings.model_dump(include={"name"})["name"]
    return f"{settings.section}.{unknown}: '{name}' for spans has no such setting" if unknown is not None else ""


_ChosenT = TypeVar("_ChosenT", bound=ChosenSettings)


def settings_of(kind: type[_ChosenT], given: Mapping[str, Any]) -> _ChosenT:
    """Return the settings of a label model or a classifier from the keys of its section in a project file.

    Raises
    ------
    ConfigError
        A key is unknown, or has a wrong value.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        raise ConfigError(sentence(error, kind, within=kind.section)) from None
