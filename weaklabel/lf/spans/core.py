"""What a labeling function that marks spans is: the base class of all kinds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.corpus.frame import as_table
from weaklabel.errors import LFError
from weaklabel.lf.core import LF, Reason, check_label, check_name, field_of_row
from weaklabel.lf.spans.answers import Span, SpanAnswer, WrongSpan, spans_of_one_text
from weaklabel.lf.spans.forest import nearest_label

Label: TypeAlias = int | str
"""A label by its number in LABELS, or by its name."""


class UnknownNames(LFError):
    """A label was given by name, and the numbers of names are not known."""


class MarkedSpan(NamedTuple):
    """A span of another labeling function, as a labeling function sees it.

    Attributes
    ----------
    start, end
        In code points of the text.
    label
        Name of its label; its number where names are not known; NOT_ENTITY where the span is said to be no entity.
    text
        What the text has there.
    """

    start: int
    end: int
    label: Label
    text: str


class SpanLF(LF):
    """A labeling function that marks spans of a text.

    A new kind is a subclass with a ``vote``.

    Parameters
    ----------
    name
        Name of the labeling function.
    labels
        The labels that it may give, by number or by name; () where only its code shows that. Names get their numbers from
        LABELS of the pack that it is in, or from ``labels`` of `apply_lfs`.
    reads
        Names of labeling functions whose spans it reads: it is called after them.
    negative
        Whether it says where no entity is, rather than where one is: its spans have the label NOT_ENTITY.
    complete
        Whether it is a tagger that marks all entities of its labels, so that where it marks nothing is evidence, too.

    Attributes
    ----------
    labels : tuple of int or str
        As given.
    label : int or None
        The number of its label, where that is one and known.
    label_names : tuple of str
        Names of all labels by their numbers, inner nodes of a hierarchy last; () as long as they are not known.
    surveys : bool
        Whether it counts over the whole corpus before it votes; see `survey`.
    """

    kind = "spans"
    task: ClassVar[str] = "spans"
    surveys: bool = False

    def __init__(
        self,
        name: str,
        labels: Sequence[Label] = (),
        *,
        reads: Sequence[str] = (),
        negative: bool = False,
        complete: bool = False,
    ) -> None:
        self.name: str = check_name(name)
        self.labels: tuple[Label, ...] = tuple(check_span_label(name, label) for label in labels)
        self.columns: tuple[str, ...] = (TEXT,)
        self.reads: tuple[str, ...] = tuple(reads)
        self.negative = negative
        self.complete = complete
        self.label = self._only_label()

    @abstractmethod
    def vote(self, batch: Batch) -> SpanAnswer:  # type: ignore[override]  # spans instead of class numbers
        """Mark the spans of every row of ``batch``.

        Returns
        -------
        list or Spans
            For each row a list of spans (begin, end, number of the label), begin and end in code points of the text; an
            empty list marks nothing; an exception *instance* in the place of a row whose vote failed. `NotedSpans` carry
            notes. Or all spans as columns. The caller checks them.
        """

    def survey(self, batch: Batch) -> dict[str, dict[int, int]]:
        """Count what ``vote`` needs to know of the whole corpus; counts of all batches are added up.

        The sum is in ``batch.survey`` when ``vote`` is called. Only asked where ``surveys`` is True.
        """
        return {}

    def bind(self, names: Sequence[str]) -> Self:
        """Learn the names of the labels by their numbers; return the labeling function, or a copy if it has other names.

        Raises
        ------
        LFError
            It gives a label that is not among them.
        """
        if self.label_names not in ((), tuple(names)):
            lf = type(self).__new__(type(self))
            vars(lf).update(vars(self))
            lf.label_names = ()
            return lf.bind(names)
        self.label_names: tuple[str, ...] = tuple(names)
        for label in self.labels:
            self._check_among(label)
        self.label = self._only_label()
        return self

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the labels that it may give, in the order of ``labels``.

        Raises
        ------
        LFError
            They were given as names, and are not known yet.
        """
        return tuple(self.number_of(label) for label in self.labels)

    def number_of(self, label: Label) -> int:
        """Return the number of a label.

        Raises
        ------
        LFError
            It was given as a name, and names are not known yet.
        WrongSpan
            There is no such label.
        """
        if not isinstance(label, str):
            return label
        if not self.label_names:
            raise UnknownNames(
                f"LF '{self.name}' gives the label '{label}' by name, and the numbers of names are not known; put it in a pack "
                "with LABELS, or give apply_lfs labels="
            )
        if label not in self.label_names:
            raise WrongSpan(nearest_label(label, self.label_names))
        return self.label_names.index(label)

    def name_of(self, number: int) -> Label:
        """Return the name of a label, or its number where that is unknown."""
        return self.label_names[number] if 0 <= number < len(self.label_names) else number

    def check_read(self, batch: Batch) -> None:
        """Refuse, as an `LFError`, a batch that lacks the spans of those that it reads."""
        for name in self.reads:
            if name not in batch.spans:
                raise LFError(
                    f"LF '{self.name}' reads the spans of LF '{name}', which is not applied; apply both together"
                )

    def spans_read(self, batch: Batch) -> list[dict[str, list[MarkedSpan]]]:
        """Return for each row the spans of those that it reads, by name. Length: n.

        Raises
        ------
        LFError
            They are not there: it was not applied together with those that it reads.
        """
        self.check_read(batch)
        return [
            {
                name: [MarkedSpan(b, e, self.name_of(label), text[b:e]) for b, e, label in batch.spans[name][row]]
                for name in self.reads
            }
            for row, text in enumerate(batch.texts)
        ]

    def __call__(self, x: Any, spans: Mapping[str, Sequence[Span]] | None = None) -> list[Span]:
        """Return the spans of one text, or of a row: an object or a mapping with the columns that are read.

        Parameters
        ----------
        x
            The text or the row.
        spans
            The spans of those that it reads, by name.

        Raises
        ------
        LFError
            The row lacks a column that is read, or the labeling function gives something else than spans of the text.
        """
        fields = {name: [field_of_row(self.name, x, name)] for name in dict.fromkeys([TEXT, *self.columns])}
        batch = Batch(as_table(fields).frame)
        batch.spans = {name: [list(of_row)] for name, of_row in (spans or {}).items()}
        if self.surveys:
            batch.survey = self.survey(batch)
        return spans_of_one_text(self.name, self.vote(batch), batch.texts[0])

    def reason_of_span(self, row: Batch, span: Span) -> Reason | None:
        """Say why it marks a span of the one row of a batch; None where the docstring of its code is the reason."""
        return None

    def label_text(self, names: Sequence[str]) -> str | None:
        """See `LF.label_text`."""
        if self.negative:
            return "not an entity"
        shown = [label if isinstance(label, str) else names[label] for label in self.labels]
        return ", ".join(shown) or None

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        shown = super().options()
        return {name: value for name, value in shown.items() if value is not False and value != [] and name != "labels"}

    def _check_among(self, label: Label) -> None:
        names = self.label_names
        if isinstance(label, str) and label not in names:
            raise LFError(f"LF '{self.name}': {nearest_label(label, names)}")
        if not isinstance(label, str) and label >= len(names):
            raise LFError(
                f"LF '{self.name}' gives label {label}, but there are {len(names)} labels, from 0: {', '.join(names)}"
            )

    def _only_label(self) -> int | None:
        if len(self.labels) != 1:
            return None
        (label,) = self.labels
        if isinstance(label, str):
            return self.label_names.index(label) if label in self.label_names else None
        return label


def check_span_label(name: str, label: Any) -> Label:
    """Return a label that LF ``name`` gives: a name, or a number from 0; anything else is an `LFError`."""
    if isinstance(label, str):
        if not label.strip():
            raise LFError(f"LF '{name}': a label must be a name such as 'PER', or its number, not {label!r}")
        return label
    return check_label(name, label)
