"""Why a text has its spans: which labeling functions mark each, what it overlaps, and what falls without a vote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from weaklabel.errors import VoteError, visible
from weaklabel.label_model.sequence import SpanLabelModel, SpanLabels
from weaklabel.lf.core import Reason
from weaklabel.support.table import html_table, table
from weaklabel.units import Units
from weaklabel.units.spans import Spans
from weaklabel.votes.spans import SpanVotes

LONGEST = 60
"""Characters of a span or of the text around it that tables show."""


@dataclass(frozen=True)
class SpanMark:
    """What a labeling function marks in a text.

    Attributes
    ----------
    lf : str
        Its name.
    start, end : int
        Where the span is in the text, in code points.
    label : str or None
        Its label; None where the labeling function says that it is no entity.
    text : str
        The text of the span.
    reason : Reason or None
        Why it is marked, where reasons were given.
    """

    lf: str
    start: int
    end: int
    label: str | None
    text: str
    reason: Reason | None = None


@dataclass(frozen=True)
class SpanSupport:
    """A span that a text has, and what speaks for it and against it.

    Attributes
    ----------
    start, end : int
        Where it is, in code points.
    label, text : str
        Its label, and its text.
    probability : float or None
        That begin, end and label are right; None where the label model gives none.
    exact : tuple of str
        Labeling functions that mark it exactly, with its label or one above it.
    partial : tuple of SpanMark
        Votes for its label, or one above it, at other places.
    against : tuple of SpanMark
        Votes for other labels, or for no entity, that overlap it.
    without : dict
        By labeling function that marks some of it, the probability without its votes; 0 where it would not stand.
    """

    start: int
    end: int
    label: str
    text: str
    probability: float | None
    exact: tuple[str, ...]
    partial: tuple[SpanMark, ...]
    against: tuple[SpanMark, ...]
    without: Mapping[str, float]


@dataclass(frozen=True)
class DroppedSpan:
    """A span that labeling functions mark, and that the text does not have.

    Attributes
    ----------
    start, end : int
        Where it is, in code points.
    label, text : str
        Its label, and its text.
    lfs : tuple of str
        Labeling functions that mark it.
    overlaps : tuple of str
        The spans that the text has in its place, as text and label; empty where there are none.
    """

    start: int
    end: int
    label: str
    text: str
    lfs: tuple[str, ...]
    overlaps: tuple[str, ...]


@dataclass(frozen=True)
class SpanRowExplanation:
    """Why a text has its spans.

    Attributes
    ----------
    spans : tuple of SpanSupport
        The spans of the text, in order.
    dropped : tuple of DroppedSpan
        Spans that are marked and do not stand, in order.
    marks : tuple of SpanMark
        Everything that labeling functions mark, in the order of the labeling functions.
    silent : tuple of str
        Labeling functions that mark nothing.
    """

    spans: tuple[SpanSupport, ...]
    dropped: tuple[DroppedSpan, ...]
    marks: tuple[SpanMark, ...]
    silent: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dicts, numbers and strings."""
        return asdict(self)

    def to_text(self) -> str:
        """Return it as text for a terminal."""
        parts = [self._of(span) for span in self.spans] or ["The text has no span."]
        if self.dropped:
            parts.append("Marked, and not in the result:\n\n" + table(*self._dropped()))
        if self.marks:
            parts.append("What each labeling function marks:\n\n" + table(*self._marks()))
        if self.silent:
            parts.append(visible(f"Nothing is marked by {', '.join(self.silent)}."))
        return "\n\n".join(parts)

    def _of(self, span: SpanSupport) -> str:
        probability = "" if span.probability is None else f", probability {span.probability:.3f}"
        lines = [f"{span.label} {shown(span.text)} ({span.start} to {span.end}){probability}"]
        if span.exact:
            lines.append(f"  marked by {', '.join(span.exact)}")
        lines += [f"  in part marked by {_said(mark)}" for mark in span.partial]
        lines += [f"  against it: {_said(mark)}" for mark in span.against]
        for lf, without in span.without.items():
            changed = span.probability is None or abs(without - span.probability) >= _LEAST_CHANGE
            if not without or (changed and not np.isnan(without)):
                lines.append(
                    f"  without {lf} " + (f"its probability is {without:.3f}" if without else "it does not stand")
                )
        return "\n".join(map(visible, lines))

    def _dropped(self) -> tuple[list[tuple[str, str, str, str]], list[str]]:
        rows = [
            (shown(span.text), span.label, ", ".join(span.lfs), ", ".join(span.overlaps) or "nothing")
            for span in self.dropped
        ]
        return rows, ["span", "label", "marked by", "in its place"]

    def _marks(self) -> tuple[list[tuple[str, str, str, str]], list[str]]:
        rows = [
            (mark.lf, mark.label or "no entity", shown(mark.text), mark.reason.text if mark.reason else "")
            for mark in self.marks
        ]
        return rows, ["labeling function", "label", "span", "because"]

    def _repr_html_(self) -> str:
        rows = [
            (
                span.text,
                span.label,
                span.probability,
                ", ".join(span.exact),
                ", ".join(map(_said, span.partial)),
                ", ".join(map(_said, span.against)),
            )
            for span in self.spans
        ]
        page = html_table(rows, ["span", "label", "probability", "marked by", "in part by", "against it"])
        if self.dropped:
            dropped, columns = self._dropped()
            page += html_table(dropped, columns, title="Marked, and not in the result")
        return page


_LEAST_CHANGE = 0.005
"""Changes of a probability that are shown."""


def explain_span_row(
    model: SpanLabelModel,
    votes: SpanVotes,
    text: str,
    *,
    reads_text: bool = False,
    reasons: Mapping[tuple[str, int, int], Reason] | None = None,
) -> SpanRowExplanation:
    """Explain the spans of one text.

    What each vote contributes is asked of the label model: it labels the text again without the votes of each labeling
    function that marks some of it.

    Parameters
    ----------
    model
        A fitted label model.
    votes
        The votes on this text alone, with its words.
    text
        The text.
    reads_text
        Whether the label model reads the text, too.
    reasons
        Why labeling functions mark what they do, by name, start and end in code points.

    Raises
    ------
    VoteError
        The votes are of several texts, or lack their words.
    LabelModelError
        The label model is not fitted, or was fitted to other labeling functions.
    """
    if votes.n_rows != 1 or votes.words is None:
        raise VoteError("votes must be those on one text, with its words")
    texts = [text] if reads_text else None
    labels = model.predict(votes, texts)
    marks = _marks(votes, text, reasons or {})
    proposed = _Places(votes, text)
    without = {}
    for place, name in enumerate(votes.lf_names):
        if len(votes.spans[place]) or len(votes.negatives[place]):
            without[name] = model.predict(without_lf(votes, place), texts)
    finals = [
        SpanSupport(
            *proposed.start_end(begin, end),
            label=votes.labels[label],
            text=proposed.text(begin, end),
            probability=number_or_none(prob),
            exact=tuple(
                name
                for name, lf in zip(votes.lf_names, votes.spans, strict=True)
                if any((b, e) == (begin, end) and _includes(votes, other, label) for b, e, other in lf.of_row(0))
            ),
            partial=tuple(
                marks[lf][number]
                for lf, number, (b, e, other) in _overlapping(votes, begin, end)
                if _includes(votes, other, label) and (b, e) != (begin, end)
            ),
            against=tuple(
                marks[lf][number]
                for lf, number, (_, _, other) in _overlapping(votes, begin, end)
                if not _includes(votes, other, label)
            ),
            without={
                name: _probability_of(others, (begin, end, label))
                for name, others in without.items()
                if any(b < end and begin < e for b, e, _ in _all_of(votes, votes.lf_names.index(name)))
            },
        )
        for (begin, end, label), prob in zip(labels.spans.of_row(0), labels.probs.tolist(), strict=True)
    ]
    return SpanRowExplanation(
        spans=tuple(finals),
        dropped=tuple(_dropped(votes, labels.spans, proposed)),
        marks=tuple(mark for of_lf in marks for mark in of_lf),
        silent=tuple(name for name, of_lf in zip(votes.lf_names, marks, strict=True) if not of_lf),
    )


def votes_of_row(votes: SpanVotes, row: int) -> SpanVotes:
    """Return the votes on one row of votes that have their words."""
    assert votes.words is not None
    first, last = (int(place) for place in votes.offsets[row : row + 2])
    offsets = np.array([0, last - first])
    words = Units(offsets, votes.words.begins[first:last], votes.words.ends[first:last])
    chosen = np.zeros(votes.n_rows, dtype=bool)
    chosen[row] = True
    spans, negatives = (
        tuple(each.of_rows_chosen(chosen) for each in of_lfs) for of_lfs in (votes.spans, votes.negatives)
    )
    texts = None if votes.texts is None else [votes.texts[row]]
    return replace(votes, spans=spans, negatives=negatives, offsets=offsets, words=words, texts=texts)


class _Places:
    """Places of one text: words to code points."""

    def __init__(self, votes: SpanVotes, text: str) -> None:
        assert votes.words is not None
        self._words, self._text = votes.words.of_row(0), text

    def start_end(self, begin: int, end: int) -> tuple[int, int]:
        return self._words[begin][0], self._words[end - 1][1]

    def text(self, begin: int, end: int) -> str:
        start, stop = self.start_end(begin, end)
        return self._text[start:stop]


def without_lf(votes: SpanVotes, place: int) -> SpanVotes:
    """Return the votes without those of one labeling function, which then marks nothing."""
    spans, negatives = list(votes.spans), list(votes.negatives)
    nothing = np.zeros(0, dtype=np.int64)
    spans[place], negatives[place] = spans[place].take(nothing), negatives[place].take(nothing)
    return replace(votes, spans=tuple(spans), negatives=tuple(negatives))


_NO_ENTITY = -1


def _all_of(votes: SpanVotes, place: int) -> list[tuple[int, int, int]]:
    """Return what a labeling function says of the only text: begin, end and label, `_NO_ENTITY` for no entity."""
    negatives = [(begin, end, _NO_ENTITY) for begin, end, _ in votes.negatives[place].of_row(0)]
    return [*votes.spans[place].of_row(0), *negatives]


def _marks(votes: SpanVotes, text: str, reasons: Mapping[tuple[str, int, int], Reason]) -> list[list[SpanMark]]:
    places, marks = _Places(votes, text), []
    for place, name in enumerate(votes.lf_names):
        of_lf = []
        for begin, end, label in _all_of(votes, place):
            start, stop = places.start_end(begin, end)
            label_name = None if label == _NO_ENTITY else votes.all_labels[label]
            of_lf.append(SpanMark(name, start, stop, label_name, text[start:stop], reasons.get((name, start, stop))))
        marks.append(of_lf)
    return marks


def _overlapping(votes: SpanVotes, begin: int, end: int) -> list[tuple[int, int, tuple[int, int, int]]]:
    """Return the marks that overlap a span: labeling function, place among its marks, and begin, end and label."""
    return [
        (lf, number, mark)
        for lf in range(votes.m)
        for number, mark in enumerate(_all_of(votes, lf))
        if mark[0] < end and begin < mark[1]
    ]


def _includes(votes: SpanVotes, given: int, label: int) -> bool:
    """Whether a voted label is a label, or one above it."""
    k = len(votes.labels)
    return given == label if given < k else label in votes.inner[given - k][1]


def _probability_of(labels: SpanLabels, span: tuple[int, int, int]) -> float:
    """Return the probability of a span, 0 where it is not there, and NaN where there is no probability."""
    spans = labels.spans.of_row(0)
    return float(labels.probs[spans.index(span)]) if span in spans else 0.0


def _dropped(votes: SpanVotes, spans: Spans, places: _Places) -> list[DroppedSpan]:
    stands = spans.of_row(0)
    proposed: dict[tuple[int, int, int], list[str]] = {}
    for name, lf in zip(votes.lf_names, votes.spans, strict=True):
        for span in lf.of_row(0):
            proposed.setdefault(span, []).append(name)
    dropped = []
    for (begin, end, label), lfs in sorted(proposed.items()):
        if any((b, e) == (begin, end) and _includes(votes, label, other) for b, e, other in stands):
            continue
        over = [(b, e, other) for b, e, other in stands if b < end and begin < e]
        dropped.append(
            DroppedSpan(
                *places.start_end(begin, end),
                label=votes.all_labels[label],
                text=places.text(begin, end),
                lfs=tuple(lfs),
                overlaps=tuple(f"{votes.labels[other]} {shown(places.text(b, e))}" for b, e, other in over),
            )
        )
    return dropped


def _said(mark: SpanMark) -> str:
    return f"{mark.lf}: {mark.label or 'no entity'} {shown(mark.text)}"


def shown(text: str) -> str:
    """Return a text in quotes on one line, shortened, as tables show it."""
    line = " ".join(text.split())
    return f"'{line if len(line) <= LONGEST else line[: LONGEST - 3] + '...'}'"


def number_or_none(value: float) -> float | None:
    """Return a number, None where it is NaN."""
    return None if np.isnan(value) else float(value)
