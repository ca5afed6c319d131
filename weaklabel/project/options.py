"""The settings that a step depends on, by the names that a project file has for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weaklabel.config import Project


class Options:
    """Settings of a project by the names that its file has for them, such as ``classifier.epochs``.

    Where a file lies decides no result but that of the report, so that a project may be moved: steps leave paths out of
    their settings, and name the files by their hashes.
    """

    def __init__(self, project: Project) -> None:
        self.all: dict[str, Any] = {}
        for name, value in project.model_dump(mode="json").items():
            self.all |= (
                {f"{name}.{key}": of_key for key, of_key in value.items()} if isinstance(value, dict) else {name: value}
            )

    def __call__(self, *names: str, but: Sequence[str] = ()) -> dict[str, Any]:
        """Return the settings of these names and sections, without those of ``but``; all where no name is given."""
        return {
            name: value
            for name, value in self.all.items()
            if name not in but and (not names or name in names or name.partition(".")[0] in names)
        }
