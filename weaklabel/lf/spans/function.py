"""Labeling functions written in Python that mark spans: a function yields where they begin and end, and their label."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from weaklabel.corpus.batch import Batch
from weaklabel.errors import CorpusError, LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import name_of_function
from weaklabel.lf.spans.answers import NotedSpans, Span, WrongSpan, is_whole
from weaklabel.lf.spans.core import Label, MarkedSpan, SpanLF, UnknownNames

SPAN_GROUP = "span"
"""The group of a regex whose place is the span; without it, the whole match is."""


class SpanFunctionLF(SpanLF):
    """A labeling function that marks spans, written in Python; made by `span_lf`.

    Parameters
    ----------
    name
        Name of the labeling function.
    f
        See `span_lf`.
    labels
        The labels that it may give; () where only its code shows that.
    row, reads, resources, negative, complete
        See `span_lf`.
    """

    kind = "span"
    by_row = True

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        labels: Sequence[Label] = (),
        *,
        row: bool = False,
        reads: Sequence[str] = (),
        resources: Mapping[str, Any] | None = None,
        negative: bool = False,
        complete: bool = False,
    ) -> None:
        super().__init__(name, labels, reads=reads, negative=negative, complete=complete)
        self.row = row
        self._f = f
        self._resources = dict(resources or {})

    def vote(self, batch: Batch) -> list[Any]:
        """Mark the spans of every row of ``batch``; see `SpanLF.vote`."""
        texts = batch.texts
        rows = batch.rows() if self.row else texts
        others: Sequence[Any] = self.spans_read(batch) if self.reads else [None] * len(rows)
        answers = list[Any]()
        for x, text, spans in zip(rows, texts, others, strict=True):
            try:
                given = self._f(x, **self._resources) if spans is None else self._f(x, spans, **self._resources)
                answers.append(self.spans_of(given, text))
            except (CorpusError, UnknownNames):
                raise  # about all rows
            except (Exception, SystemExit) as error:
                answers.append(self._explained(error))
        return answers

    def spans_of(self, given: Any, text: str) -> list[Span]:
        """Return what the function gave for a text as spans."""
        if given is None:
            raise WrongSpan("the function returned None; yield spans, or return a list of them, [] where there is none")
        if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
            raise WrongSpan(
                f"the function returned {given!r:.60} of type {type(given).__name__}; yield spans such as (0, 3, 'PER'), "
                "or return a list of them"
            )
        spans = [span for each in given if (span := self._span_of(each, text)) is not None]
        return NotedSpans(spans, given.notes) if isinstance(given, NotedSpans) else spans

    def _span_of(self, given: Any, text: str) -> Span | None:
        """Return one span; None for a match of nothing."""
        label: Any = None
        if isinstance(given, tuple | list) and len(given) == 2 and isinstance(given[0], re.Match):
            given, label = given
        if isinstance(given, re.Match):
            place = _place(given, text)
            return None if place is None else (*place, self._number(label))
        if isinstance(given, MarkedSpan):
            return given.start, given.end, self._number(given.label)
        if hasattr(given, "start_char") and hasattr(given, "label_"):  # as spaCy's
            return given.start_char, given.end_char, self._number(given.label_ or None)
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            hint = "; return a list of spans, not one alone" if is_whole(given) else ""
            raise WrongSpan(f"{given!r:.60} is no span; a span is (begin, end, label), or a match of a regex{hint}")
        begin, end, *rest = given
        for place in (begin, end):
            if not is_whole(place):
                raise WrongSpan(f"{given!r:.60} is no span; {place!r:.30} is no whole number, as begin and end must be")
        return int(begin), int(end), self._number(rest[0] if rest else None)

    def _number(self, label: Any) -> int:
        """Return the number of a label, or of the only one if that was left out."""
        if self.negative:
            return NOT_ENTITY
        if label is None:
            if len(self.labels) != 1:
                raise WrongSpan("a span without a label, such as (begin, end), needs span_lf with label=")
            return self.number_of(self.labels[0])
        if is_whole(label):
            number = int(label)
        elif isinstance(label, str):
            number = self.number_of(label)
        else:
            raise WrongSpan(f"the label {label!r:.60} is of type {type(label).__name__}; give its name, or its number")
        if self.labels and number != NOT_ENTITY and number not in self.numbers:
            raise WrongSpan(
                f"the label {label!r} is none of those that it was made with: {', '.join(map(str, self.labels))}"
            )
        return number

    def _explained(self, error: BaseException) -> BaseException:
        if isinstance(error, AttributeError) and isinstance(error.obj, str) and not self.row:
            return WrongSpan(f"AttributeError: {error}; the function gets the text itself, and with row=True the row")
        return error

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [self._f, self._resources, super().identity()]

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self._f


def _place(match: re.Match[Any], text: str) -> tuple[int, int] | None:
    """Return begin and end of what a match of a regex marks, None where it matches nothing."""
    if len(match.string) != len(text):  # text.lower() is fine, as long as it leaves all characters where they are
        raise WrongSpan(
            "a match of a text that is longer or shorter than that of the row, so that its places are others; search the text "
            "as it is, with flags such as re.IGNORECASE"
        )
    begin, end = match.span(SPAN_GROUP if SPAN_GROUP in match.re.groupindex else 0)
    return (begin, end) if begin < end else None


class span_lf:
    r"""Decorator that makes a labeling function of a Python function that marks spans.

    The function takes a text and yields, or returns a list of: ``(begin, end, label)``, with the label by name or number;
    ``(begin, end)``, where ``label`` is given; matches of regexes, of which the group ``span`` counts, or the whole; ``(match,
    label)``; spans of spaCy; spans that it reads of others. Begin and end are in code points, as Python counts: the span is
    ``text[begin:end]``. One that yields nothing marks nothing.

    Parameters
    ----------
    name
        Name of the labeling function; by default the function's own.
    label
        The label of all spans, by name or number; or a list of those that it may give; by default any.
    row
        Whether the function takes the row (``x.text``, ``x["source"]``) instead of the text.
    reads
        Names of labeling functions whose spans it reads: it is called after them, with a second argument, a dict from their
        names to lists of ``(start, end, label, text)``.
    resources
        Passed to the function as keyword arguments.
    negative
        Whether its spans say that there is no entity; they need no label.
    complete
        See `weaklabel.lf.spans.core.SpanLF`.

    Raises
    ------
    LFError
        A wrong name or label; or it decorates something else than a function.

    Examples
    --------
    >>> import re
    >>> @span_lf(label=0)
    ... def title(text):
    ...     yield from re.finditer(r"\b(?:Dr|Ms|Mr)\.? (?P<span>[A-Z]\w+)", text)
    >>> title("Ask Dr. Noether or Ms Curie")
    [(8, 15, 0), (22, 27, 0)]
    >>> @span_lf(reads=["title"])
    ... def surname_alone(text, spans):
    ...     for start, end, label, name in spans["title"]:
    ...         for match in re.finditer(rf"\b{name}\b", text):
    ...             yield match, label
    >>> surname_alone("Dr. Noether left. Noether was late.", {"title": [(4, 11, 0)]})
    [(4, 11, 0), (18, 25, 0)]
    """

    def __init__(
        self,
        name: str | None = None,
        label: Label | Sequence[Label] | None = None,
        *,
        row: bool = False,
        reads: Sequence[str] = (),
        resources: Mapping[str, Any] | None = None,
        negative: bool = False,
        complete: bool = False,
    ) -> None:
        if callable(name):
            raise LFError(f"@span_lf on '{name.__name__}' needs parentheses: @span_lf()")
        if isinstance(reads, str):
            raise LFError(f"span_lf: reads must be a list of names such as ['{reads}'], not {reads!r}")
        self.name = name
        self.labels: tuple[Label, ...] = as_labels(label)
        self.options: dict[str, Any] = {
            "row": row, "reads": reads, "resources": resources, "negative": negative, "complete": complete,
        }  # fmt: skip

    def __call__(self, f: Callable[..., Any]) -> SpanFunctionLF:
        """Wrap ``f``."""
        if not callable(f):
            raise LFError(f"@span_lf() decorates a function, not {f!r}")
        return SpanFunctionLF(self.name or name_of_function(f), f, self.labels, **self.options)


def as_labels(label: Label | Sequence[Label] | None) -> tuple[Label, ...]:
    """Return labels as a tuple, whether one was given, several or none."""
    if label is None:
        return ()
    return (label,) if isinstance(label, str | int) or not isinstance(label, Sequence) else tuple(label)
