"""Labeling functions made of others: what is no entity, and spans that are edited or dropped."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias

import numpy as np

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import Reason
from weaklabel.lf.spans.answers import NotedSpans, Span, SpanAnswer, WrongSpan
from weaklabel.lf.spans.core import Label, MarkedSpan, SpanLF, UnknownNames
from weaklabel.lf.spans.function import SpanFunctionLF, as_labels
from weaklabel.units import Spans

Source: TypeAlias = "str | SpanLF"
"""A labeling function whose spans another one reads: by its name, or itself, which then does not vote by itself."""


class DerivedLF(SpanLF):
    """A labeling function that makes spans of the spans of others.

    Parameters
    ----------
    name
        Name of the labeling function.
    sources
        Names of others, which vote as well, or labeling functions that it has for itself.
    labels, negative
        See `SpanLF`.
    """

    def __init__(
        self, name: str, sources: Source | Sequence[Source], labels: Sequence[Label] = (), *, negative: bool = False
    ) -> None:
        given = [sources] if isinstance(sources, str | SpanLF) else list(sources)
        wrong = [each for each in given if not isinstance(each, str | SpanLF)]
        if wrong or not given:
            what = f"{wrong[0]!r:.60} is neither" if wrong else "there is none"
            raise LFError(f"LF '{name}' reads labeling functions of spans, by their names or themselves; {what}")
        self.parts: tuple[SpanLF, ...] = tuple(each for each in given if isinstance(each, SpanLF))
        reads = [each for each in given if isinstance(each, str)]
        reads += [each for part in self.parts for each in part.reads]
        super().__init__(name, labels, reads=tuple(dict.fromkeys(reads)), negative=negative)
        self.columns: tuple[str, ...] = tuple(
            dict.fromkeys([*self.columns, *(column for part in self.parts for column in part.columns)])
        )
        self.own_reads: tuple[str, ...] = tuple(each for each in given if isinstance(each, str))

    def bind(self, names: Sequence[str]) -> Self:
        """See `SpanLF.bind`."""
        bound = super().bind(names)
        bound.parts = tuple(part.bind(names) for part in bound.parts)
        return bound

    def marked(self, batch: Batch) -> list[list[MarkedSpan] | BaseException]:
        """Return the spans of those that it reads, in each row, in their order in the text. Length: n."""
        texts = batch.texts
        self.check_read(batch)
        lists = [batch.spans[name] for name in self.own_reads] + [as_lists(part.vote(batch)) for part in self.parts]
        rows: list[list[MarkedSpan] | BaseException] = []
        for row, text in enumerate(texts):
            answers = [spans[row] for spans in lists]
            failed = next((each for each in answers if isinstance(each, BaseException)), None)
            spans = sorted(span for each in answers if not isinstance(each, BaseException) for span in each)
            rows.append(
                failed if failed is not None else [MarkedSpan(b, e, self.name_of(k), text[b:e]) for b, e, k in spans]
            )
        return rows

    def files(self) -> tuple[str, ...]:
        """See `LF.files`."""
        return tuple(file for part in self.parts for file in part.files())

    def identity(self) -> Any:
        """See `LF.identity`."""
        own: dict[str, Any] = super().identity()
        return [
            {name: value for name, value in own.items() if name != "parts"},
            [[type(p), p.identity()] for p in self.parts],
        ]

    @abstractmethod
    def vote(self, batch: Batch) -> SpanAnswer:  # type: ignore[override]
        """See `SpanLF.vote`."""


def as_lists(answer: SpanAnswer) -> Sequence[Sequence[Span] | BaseException]:
    """Return the spans of each row as lists, whatever form they have."""
    if not isinstance(answer, Spans):
        return answer
    return [answer.of_row(row) for row in range(answer.n_rows)]


class NegativeLF(DerivedLF):
    """A labeling function that says where no entity is; made by `negative_lf`."""

    kind = "negative"

    def __init__(self, name: str, lf: Source) -> None:
        super().__init__(name, lf, negative=True)

    def vote(self, batch: Batch) -> SpanAnswer:  # type: ignore[override]
        """See `SpanLF.vote`."""
        if not self.parts:
            rows = self.marked(batch)
            return [row if isinstance(row, BaseException) else [(b, e, NOT_ENTITY) for b, e, *_ in row] for row in rows]
        answer = self.parts[0].vote(batch)
        if isinstance(answer, Spans):
            labels = np.full(len(answer), NOT_ENTITY, np.int64)
            return Spans(answer.row, answer.begin, answer.end, labels, answer.n_rows)
        return [row if isinstance(row, BaseException) else _without_labels(row) for row in answer]

    def reason_of_span(self, row: Batch, span: Span) -> Reason | None:
        """See `SpanLF.reason_of_span`."""
        if not self.parts:
            return None
        (part,) = self.parts
        begin, end, _ = span
        marked = as_lists(part.vote(row))[0]
        if isinstance(marked, BaseException):
            return None
        inner = next((each for each in marked if each[0] < end and begin < each[1]), None)
        return None if inner is None else part.reason_of_span(row, inner)


def _without_labels(spans: Sequence[Span]) -> list[Span]:
    plain = [(begin, end, NOT_ENTITY) for begin, end, _ in spans]
    return NotedSpans(plain, spans.notes) if isinstance(spans, NotedSpans) else plain


def negative_lf(name: str, lf: Source | Callable[[str], Any]) -> SpanLF:
    """Make a labeling function that says: there is no entity here.

    Its spans are evidence against the spans of others that they overlap; a labeling function that marks nothing is none.

    Parameters
    ----------
    name
        Name of the labeling function.
    lf
        What marks the places: another labeling function of spans, whose labels do not count, or its name; or a function, as
        of `span_lf`, that yields places without labels.

    Examples
    --------
    >>> import re
    >>> lf = negative_lf("months", lambda text: re.finditer(r"May \\d+", text))
    >>> lf("May left on May 5")
    [(12, 17, -2)]
    """
    if isinstance(lf, str | SpanLF):
        return NegativeLF(name, lf)
    if not callable(lf):
        raise LFError(
            f"LF '{name}': negative_lf takes a labeling function of spans, its name, or a function, not {lf!r:.60}"
        )
    return SpanFunctionLF(name, lf, negative=True)


class EditSpansLF(DerivedLF):
    """A labeling function that edits or drops spans of others; made by `edit_spans_lf`."""

    kind = "edit"

    def __init__(
        self, name: str, edit: Callable[[MarkedSpan, str], Any], of: Source | Sequence[Source], labels: Sequence[Label]
    ) -> None:
        super().__init__(name, of, labels)
        if not callable(edit):
            raise LFError(f"LF '{name}': edit must be a function of a span and the text, not {edit!r:.60}")
        self._edit = edit
        self._reader = SpanFunctionLF(name, edit, labels)

    def bind(self, names: Sequence[str]) -> Self:
        """See `SpanLF.bind`."""
        bound = super().bind(names)
        bound._reader = bound._reader.bind(names)
        return bound

    def vote(self, batch: Batch) -> list[Any]:
        """See `SpanLF.vote`."""
        answers = list[Any]()
        for spans, text in zip(self.marked(batch), batch.texts, strict=True):
            if isinstance(spans, BaseException):
                answers.append(spans)
                continue
            try:
                answers.append(
                    [edited for span in spans if span.label != NOT_ENTITY for edited in self._edited(span, text)]
                )
            except UnknownNames:
                raise
            except (Exception, SystemExit) as error:
                answers.append(error)
        return answers

    def _edited(self, span: MarkedSpan, text: str) -> list[Span]:
        given = self._edit(span, text)
        if given is None:
            return []
        if given is True or given is False:
            given = [span] if given else []
        elif isinstance(given, MarkedSpan) or not isinstance(given, list):
            given = [given]
        relabeled = [self._with_label(each, span.label) for each in given]
        for each in relabeled:
            if isinstance(each, tuple) and len(each) == 3 and isinstance(each[0], int) and each[0] >= each[1]:
                raise WrongSpan(f"the edited span from {each[0]} to {each[1]} is empty; return None to drop a span")
        return self._reader.spans_of(relabeled, text)

    def _with_label(self, edited: Any, label: Label) -> Any:
        """Return an edited span with its label: by default the one that it had."""
        if len(self.labels) == 1:
            (label,) = self.labels
        elif isinstance(edited, MarkedSpan):
            label = edited.label
        is_place = isinstance(edited, MarkedSpan) or (isinstance(edited, tuple) and len(edited) == 2)
        return (edited[0], edited[1], label) if is_place else edited

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [self._edit, super().identity()]

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self._edit


def edit_spans_lf(
    name: str,
    of: Source | Sequence[Source],
    edit: Callable[[MarkedSpan, str], Any],
    *,
    label: Label | Sequence[Label] | None = None,
) -> EditSpansLF:
    r"""Make a labeling function that edits or drops the spans of others.

    Parameters
    ----------
    name
        Name of the labeling function.
    of
        The labeling functions whose spans it edits: names of others in the pack, which vote as well, or labeling functions
        written right here, which then vote through this one alone.
    edit
        Takes a span (``start``, ``end``, ``label``, ``text``) and the text of the row. It returns the new place ``(begin,
        end)``, or ``(begin, end, label)``, or a list of such; None or False to drop the span, True to keep it.
    label
        The label of the edited spans; by default the one that they had. Or a list of those that ``edit`` may give.

    Examples
    --------
    >>> import re
    >>> from weaklabel.lf.spans.function import span_lf
    >>> capital = span_lf("capital", 0)(lambda text: re.finditer(r"[A-Z]\w+(?: [A-Z]\w+)*", text))
    >>> no_article = edit_spans_lf(
    ...     "no_article", capital, lambda span, text: (span.start + 4 * span.text.startswith("The "), span.end)
    ... )
    >>> no_article("The United Nations met in The Hague")
    [(4, 18, 0), (30, 35, 0)]
    """
    return EditSpansLF(name, edit, of, as_labels(label))
