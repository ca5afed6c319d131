"""Pattern labeling functions as plain data, for an editor."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weaklabel.errors import LFError
from weaklabel.labels import label_index
from weaklabel.lf.core import LF
from weaklabel.lf.patterns import PATTERN_MAKERS, PatternLF
from weaklabel.lf.spans.core import SpanLF
from weaklabel.lf.spans.gazetteer import gazetteer_lf
from weaklabel.lf.spans.regexes import regex_spans_lf

SPAN_MAKERS: dict[str, Callable[..., SpanLF]] = {"gazetteer": gazetteer_lf, "regex spans": regex_spans_lf}
"""What makes the labeling functions of spans that can be edited, by kind."""

MAKERS: dict[str, Callable[..., LF]] = {**PATTERN_MAKERS, **SPAN_MAKERS}


@dataclass(frozen=True)
class LFSpec:
    """A pattern labeling function, or one of spans, that can be made, previewed and saved.

    Attributes
    ----------
    kind
        "keyword", "regex", "count" or "length"; of spans, "gazetteer" or "regex spans".
    name
        Name of the labeling function.
    label
        Name of the class that it votes for.
    options
        The other arguments of `keyword_lf`, `regex_lf`, `count_lf` or `length_lf`, of `gazetteer_lf` or `regex_spans_lf`, by
        name; the rest have their defaults. Keywords and entries are lists of strings.
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
        self._check_options()
        number = label_index(self.label, labels, f"LF '{self.name}'")
        return maker(self.name, number, **self.options)

    def make_span_lf(self, labels: Sequence[str], named: bool = True) -> SpanLF:
        """Make the labeling function of spans.

        Parameters
        ----------
        labels
            Names of all labels of votes.
        named
            Whether the label is given by name, as in the source of its pack, or by number; its votes are the same.

        Raises
        ------
        LFError
            As `make`.
        """
        maker = SPAN_MAKERS.get(self.kind)
        if maker is None:
            raise LFError(f"LF '{self.name}': kind must be one of {', '.join(SPAN_MAKERS)}, not '{self.kind}'")
        self._check_options()
        number = label_index(self.label, labels, f"LF '{self.name}'")
        return maker(self.name, self.label if named else number, **self.options).bind(labels)

    def _check_options(self) -> None:
        defaults = option_defaults(self.kind)
        for option in self.options:
            if option not in defaults:
                raise LFError(f"LF '{self.name}': {_maker(self.kind)} has no {option}; it has {', '.join(defaults)}")
        for option, default in defaults.items():
            if default is inspect.Parameter.empty and option not in self.options:
                raise LFError(f"LF '{self.name}': {_maker(self.kind)} needs {option}")


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
    parameters = list(inspect.signature(MAKERS[kind]).parameters.values())[2:]
    return {parameter.name: parameter.default for parameter in parameters}


def _maker(kind: str) -> str:
    return MAKERS[kind].__name__
