"""Pattern labeling functions as plain data, for an editor."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weaklabel.errors import LFError
from weaklabel.labels import label_index
from weaklabel.lf.patterns import PATTERN_MAKERS, PatternLF


@dataclass(frozen=True)
class LFSpec:
    """A pattern labeling function that can be made, previewed and saved.

    Attributes
    ----------
    kind
        "keyword", "regex", "count" or "length".
    name
        Name of the labeling function.
    label
        Name of the class that it votes for.
    options
        The other arguments of `keyword_lf`, `regex_lf`, `count_lf` or `length_lf`, by name; the rest have their defaults.
        Keywords are a list of strings.
    """

    kind: str
    name: str
    label: str
    options: Mapping[str, Any]

    def make(self, labels: Sequence[str]) -> PatternLF:
        """Make the labeling function.

        Raises
        ------
        LFError
            The kind or an option is unknown, or a value is invalid.
        """
        maker = PATTERN_MAKERS.get(self.kind)
        if maker is None:
            raise LFError(f"LF '{self.name}': kind must be one of {', '.join(PATTERN_MAKERS)}, not '{self.kind}'")
        defaults = option_defaults(self.kind)
        for option in self.options:
            if option not in defaults:
                raise LFError(f"LF '{self.name}': {self.kind}_lf has no {option}; it has {', '.join(defaults)}")
        for option, default in defaults.items():
            if default is inspect.Parameter.empty and option not in self.options:
                raise LFError(f"LF '{self.name}': {self.kind}_lf needs {option}")
        number = label_index(self.label, labels, f"LF '{self.name}'")
        return maker(self.name, number, **self.options)


@dataclass(frozen=True)
class EditableLF:
    """A labeling function, and whether an editor can change it.

    Attributes
    ----------
    name
        Name of the labeling function.
    kind
        "keyword", "regex", "count", "length", or another kind as listed by `weaklabel lfs`.
    spec
        Its arguments, including defaults; None if it cannot be edited.
    file
        The file that it was read from; None if unknown.
    line
        Line of the file on which its definition begins, from 1; None if it cannot be edited.
    why
        Why it cannot be edited; "" if it can.
    """

    name: str
    kind: str
    spec: LFSpec | None
    file: Path | None
    line: int | None = None
    why: str = ""

    @property
    def editable(self) -> bool:
        """Whether it can be edited."""
        return self.spec is not None


def option_defaults(kind: str) -> dict[str, Any]:
    """Return the options of a kind with their defaults; ``inspect.Parameter.empty`` for required ones."""
    parameters = list(inspect.signature(PATTERN_MAKERS[kind]).parameters.values())[2:]
    return {parameter.name: parameter.default for parameter in parameters}
