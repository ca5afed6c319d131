"""What all sections of a project file have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from weaklabel.errors import nearest
from weaklabel.support.urls import without_secrets


class Section(BaseModel):
    """A section with its keys; others are refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    def anchored(self, folder: Path) -> Self:
        """Return the section with absolute paths; relative ones count from ``folder``."""
        return self

    @classmethod
    def sections(cls) -> dict[str, type[Section]]:
        """Return the sections inside this one, by name."""
        return {name: kind for name, field in cls.model_fields.items() for kind in _sections_in(field.annotation)}


def _sections_in(annotation: object) -> Iterator[type[Section]]:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            yield kind


def anchored_model(model: str, folder: Path) -> str:
    """Return a model that lies in a folder with an absolute path; others are known by name."""
    return str(folder / model) if (folder / model).is_dir() else model


def sentence(error: ValidationError, section: type[Section], *, within: str | None = None) -> str:
    """Turn the first of pydantic's complaints about a section into one sentence, unknown keys before anything else.

    ``within``: the section's name, if keys are to be shown with it.
    """
    complaints = error.errors(include_url=False)
    complaint = next((c for c in complaints if c["type"] == "extra_forbidden"), complaints[0])
    # In pydantic's path, the choices of a union are names of types, not keys of the file.
    keys = {key for kind in (section, *section.sections().values()) for key in kind.model_fields}
    path = [part for part in complaint["loc"] if isinstance(part, int) or part in keys]
    path = path if within is None else [within, *path]
    if complaint["type"] == "extra_forbidden":
        *parents, key = complaint["loc"]
        allowed = list((section.sections()[str(parents[0])] if parents else section).model_fields)
        name = ".".join(str(part) for part in complaint["loc"])
        return f"unknown key '{name}'{nearest(str(key), allowed)}; known keys here are {', '.join(allowed)}"
    where = ".".join(str(part) for part in path)
    if complaint["type"] == "unknown_option":
        return str(complaint["msg"])
    if complaint["type"] == "missing":
        return f"the key '{where}' is missing"
    given = complaint["input"]
    shown = without_secrets(given) if isinstance(given, str) else given
    return f"'{where}' is {shown!r}: {complaint['msg'][0].lower()}{complaint['msg'][1:]}"
