"""Spans that come with names of labels: from other systems, whose labels may be others than those of the pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from weaklabel.errors import LFError
from weaklabel.lf.core import VoteNote
from weaklabel.lf.spans.answers import NotedSpans, Span, WrongSpan
from weaklabel.lf.spans.core import Label, SpanLF, check_span_label

Labels: TypeAlias = "Mapping[str, Label] | Sequence[str] | None"
"""What becomes of names: each the label that a mapping has for it, or those of a sequence themselves; others are left out.
None: all, those that are no labels of the pack being noted."""


class NamedSpansLF(SpanLF):
    """A labeling function whose spans come with names of labels.

    Parameters
    ----------
    name
        Name of the labeling function.
    labels
        See `Labels`.
    reads, negative, complete
        See `SpanLF`.
    """

    def __init__(
        self,
        name: str,
        labels: Labels = None,
        *,
        reads: Sequence[str] = (),
        negative: bool = False,
        complete: bool = False,
    ) -> None:
        if isinstance(labels, str):
            raise LFError(f"LF '{name}': labels must be a list such as ['{labels}'], or a mapping, not {labels!r}")
        self.label_of: dict[str, Label] | None = None
        if labels is not None:
            pairs = labels.items() if isinstance(labels, Mapping) else ((each, each) for each in labels)
            self.label_of = {str(given): check_span_label(name, label) for given, label in pairs}
            if not self.label_of:
                raise LFError(f"LF '{name}': labels is empty; give the labels that count, or leave it out")
        gives = tuple(dict.fromkeys((self.label_of or {}).values()))
        super().__init__(name, gives, reads=reads, negative=negative, complete=complete)

    def numbered(self, spans: Iterable[tuple[int, int, str]]) -> list[Span]:
        """Return spans with the numbers of their labels, without those whose names do not count."""
        kept: list[Span] = []
        unknown = Counter[str]()
        for begin, end, name in spans:
            label: Any = name if self.label_of is None else self.label_of.get(name)
            if label is None:
                continue
            try:
                kept.append((begin, end, self.number_of(label)))
            except WrongSpan:
                unknown[name] += 1
        kept.sort()
        if not unknown:
            return kept
        return NotedSpans(
            kept, [VoteNote(f"spans left out, as '{name}' is no label of the pack") for name in sorted(unknown)]
        )

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        shown = super().options()
        renamed = {} if self.label_of is None else {k: v for k, v in self.label_of.items() if k != v}
        return {name: value for name, value in shown.items() if name != "label_of"} | (
            {"labels": renamed} if renamed else {}
        )
