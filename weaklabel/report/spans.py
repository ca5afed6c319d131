"""The sections of a report on spans: how many there are, scores by label, errors with examples, and texts to look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weaklabel.page.charts import Estimate, bars, dots
from weaklabel.page.marks import Mark, excerpt_parts, marks_of
from weaklabel.page.page import (
    Block,
    Card,
    Cards,
    Chart,
    Charts,
    DataTable,
    Facts,
    Group,
    MarkedPassage,
    Section,
    Text,
    VoteLine,
)
from weaklabel.report.text import SPAN_STAGE_COLUMNS, span_stage_rows
from weaklabel.scoring.span_counts import ERROR_KINDS, error_kinds
from weaklabel.scoring.spans import SpanScores
from weaklabel.units import Spans, in_code_points, overlap_pairs
from weaklabel.votes.spans import SpanVotes

EXAMPLES = 6
"""Texts that are shown of each kind."""

_MOST_LABELS = 30

_KIND_WORDS = {
    "type": "The place is right and the label is not.",
    "boundary": "The label is right, and the span begins or ends elsewhere.",
    "type and boundary": "Another label, at a place that overlaps.",
    "missed": "Nothing was marked there.",
    "spurious": "Marked where gold has nothing.",
}


@dataclass(frozen=True, eq=False)
class SpanInsight:
    """What the sections on spans are made of.

    Attributes
    ----------
    texts
        Of the rows; only the texts that are shown are asked for. Length: n_rows.
    labels
        Names of the labels. Length: k.
    predicted
        Spans that the label model, or a tagger, gives, in code points. Length: n.
    probs
        Probability of each of them, NaN where there is none; None if there are none at all. Shape: [n].
    votes
        What labeling functions marked, with its ``words``; None if there are no votes to show.
    gold
        Gold spans, in code points; None without gold.
    has_gold
        Rows of which the gold spans are known; all if not given. Shape: [n_rows].
    scores
        By stage, such as "label model" and "tagger".
    """

    texts: Sequence[str]
    labels: Sequence[str]
    predicted: Spans
    probs: NDArray[np.float64] | None = None
    votes: SpanVotes | None = None
    gold: Spans | None = None
    has_gold: NDArray[np.bool_] | None = None
    scores: Mapping[str, SpanScores] = field(default_factory=dict)

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Rows of which the gold spans are known. Shape: [n_rows]."""
        n = self.predicted.n_rows
        if self.gold is None:
            return np.zeros(n, dtype=bool)
        return np.ones(n, dtype=bool) if self.has_gold is None else self.has_gold

    @cached_property
    def notes(self) -> list[str]:
        """What is shown behind the label of each predicted span."""
        if self.probs is None:
            return [""] * len(self.predicted)
        return ["" if np.isnan(prob) else f"{prob:.2f}" for prob in self.probs]


def span_sections(insight: SpanInsight) -> list[Section]:
    """Return the sections on spans, for `weaklabel.page.page.page`."""
    sections = (spans_at_a_glance(insight), spans_against_gold(insight), texts_to_look_at(insight))
    return [section for section in sections if section is not None]


def spans_at_a_glance(insight: SpanInsight) -> Section:
    """Show how many spans were voted for and labeled, by label."""
    predicted, votes, labels = insight.predicted, insight.votes, insight.labels
    facts = {"texts": f"{predicted.n_rows:,}"}
    columns: dict[str, NDArray[np.int64]] = {}
    if votes is not None:
        facts["labeling functions"] = f"{votes.m:,}"
        voted = [spans.label[spans.label < len(labels)] for spans in votes.spans]
        columns["votes"] = np.bincount(np.concatenate([np.empty(0, np.int64), *voted]), minlength=len(labels))
        with_votes = np.unique(np.concatenate([np.empty(0, np.int64), *(spans.row for spans in votes.spans)]))
        facts["of texts have a vote"] = _share(len(with_votes), predicted.n_rows)
    facts["spans"] = f"{len(predicted):,}"
    facts["of texts have a span"] = _share(len(np.unique(predicted.row)), predicted.n_rows)
    columns["spans"] = np.bincount(predicted.label, minlength=len(labels))
    if insight.gold is not None:
        facts["texts with gold"] = f"{int(insight.judged.sum()):,}"
        columns["gold spans"] = np.bincount(insight.gold.label, minlength=len(labels))
    best = max(insight.scores.items(), key=lambda stage: stage[1].f1, default=None)
    if best is not None:
        facts[f"best F1: {best[0]}"] = f"{best[1].f1:.3f}"
    rows = [[label, *(int(counts[number]) for counts in columns.values())] for number, label in enumerate(labels)]
    return Section("Spans", [Facts(facts), DataTable(["label", *columns], rows, "Spans by label")])


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"


def spans_against_gold(insight: SpanInsight) -> Section | None:
    """Show scores of every stage, scores by label, and errors by kind with examples; None without gold."""
    if not insight.scores:
        return None
    charts = [_score_chart(insight.scores)]
    stages = DataTable(
        SPAN_STAGE_COLUMNS,
        span_stage_rows(insight.scores),
        "A span is right if its begin, its end and its label are.",
    )
    parts: list[Block] = [Charts(charts), stages]
    parts += [Group(f"Labels: {stage}", [_label_table(scores)]) for stage, scores in insight.scores.items()]
    parts.append(_error_chart(insight.scores))
    parts += _error_examples(insight)
    return Section("Spans against gold", parts)


def _score_chart(scores: Mapping[str, SpanScores]) -> Chart:
    values = [Estimate(each.f1, *each.intervals.get("f1", (None, None))) for each in scores.values()]
    svg = dots(list(scores), values, "F1", alt="F1 of spans of every stage with its interval")
    return Chart(svg, "F1 of spans: further right is better; where two intervals overlap, the stages may be as good.")


def _label_table(scores: SpanScores) -> DataTable:
    frequent = sorted(range(len(scores.labels)), key=lambda number: -scores.per_label[number].support)
    rows = [
        [each.label, each.precision, each.recall, each.f1, each.support, *(kinds[kind] for kind in ERROR_KINDS[1:])]
        for each, kinds in ((scores.per_label[number], scores.label_errors[number]) for number in frequent)
    ]
    columns = ["label", "precision", "recall", "F1", "gold spans", *ERROR_KINDS[1:]]
    more = f"The {_MOST_LABELS} most frequent labels." if len(rows) > _MOST_LABELS else ""
    return DataTable(columns, rows[:_MOST_LABELS], more)


def _error_chart(scores: Mapping[str, SpanScores]) -> Charts:
    kinds = ERROR_KINDS[1:]
    series = {stage: [Estimate(float(each.errors[kind])) for kind in kinds] for stage, each in scores.items()}
    svg = bars(list(kinds), series, "spans", alt="Wrong spans by kind of error")
    return Charts([Chart(svg, "What is wrong: gold spans that are not found, by the closest span, and spurious ones.")])


def _error_examples(insight: SpanInsight) -> list[Block]:
    if insight.gold is None:
        return []
    gold = insight.gold.take(insight.judged[insight.gold.row])
    predicted = insight.predicted.take(insight.judged[insight.predicted.row])
    kinds, is_spurious = error_kinds(gold, predicted)
    groups: list[Block] = []
    for number, kind in enumerate(ERROR_KINDS[1:], 1):
        wrong = predicted.take(is_spurious) if kind == ERROR_KINDS[-1] else gold.take(kinds == number)
        rows, first = np.unique(wrong.row, return_index=True)
        if not len(rows):
            continue
        chosen = _spread(len(rows))
        cards = [_error_card(insight, int(rows[at]), wrong, int(first[at])) for at in chosen]
        title = f"{kind.capitalize()}: {len(wrong):,} span{'' if len(wrong) == 1 else 's'}"
        groups.append(Group(title, [Text(_KIND_WORDS[kind]), Cards(cards)]))
    return groups


def _error_card(insight: SpanInsight, row: int, wrong: Spans, at: int) -> Card:
    """Show gold and predicted spans around the first wrong span of a row."""
    begin, end, label = int(wrong.begin[at]), int(wrong.end[at]), insight.labels[int(wrong.label[at])]
    text = insight.texts[row]
    assert insight.gold is not None
    both = {"gold": marks_of(insight.gold, row, insight.labels), "predicted": _predicted_marks(insight, row)}
    near = {name: _near(marks, begin, end) for name, marks in both.items()}
    # Both are cut at the same places: around all marks that are near.
    around = [mark for marks in near.values() for mark in marks]
    passages = [MarkedPassage(excerpt_parts(text, marks, around=around), name) for name, marks in near.items()]
    return Card(f"Row {row}", f"{label}: {' '.join(text[begin:end].split()):.60}", passages, _vote_lines(insight, row))


def _near(marks: Iterable[Mark], begin: int, end: int, reach: int = 120) -> list[Mark]:
    return [mark for mark in marks if mark.begin < end + reach and mark.end > begin - reach]


def _predicted_marks(insight: SpanInsight, row: int) -> list[Mark]:
    return marks_of(insight.predicted, row, insight.labels, insight.notes)


def _spread(n: int) -> list[int]:
    """Return some of n positions, all over them."""
    return sorted(set(np.linspace(0, n - 1, min(n, EXAMPLES)).round().astype(int).tolist()))


def texts_to_look_at(insight: SpanInsight) -> Section | None:
    """Show the least sure spans, texts on which labeling functions disagree, and some others; None without spans."""
    kinds = {
        "Least sure": ("The spans with the lowest probabilities.", _least_sure(insight)),
        "Labeling functions disagree": (
            "They mark other places or other labels that overlap.",
            _disagreements(insight),
        ),
        "Examples": ("Texts from all over the corpus that have a span.", _examples(insight)),
    }
    groups: list[Block] = [
        Group(title, [Text(words), Cards([_card(insight, row) for row in rows])])
        for title, (words, rows) in kinds.items()
        if rows
    ]
    how = Text("A mark has its label behind it, and its probability where there is one; below are the votes.")
    return Section("Texts to look at", [how, *groups]) if groups else None


def _least_sure(insight: SpanInsight) -> list[int]:
    if insight.probs is None:
        return []
    order = np.argsort(insight.probs, kind="stable")  # NaN comes last
    order = order[~np.isnan(insight.probs[order])]
    return list(dict.fromkeys(insight.predicted.row[order].tolist()))[:EXAMPLES]


def _disagreements(insight: SpanInsight) -> list[int]:
    return disputed_rows(insight.votes)[0][:EXAMPLES].tolist() if insight.votes is not None else []


def disputed_rows(votes: SpanVotes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows in which different spans that overlap were voted for, most first, and how many of these pairs each has.

    Examples
    --------
    >>> votes = SpanVotes.of([Spans.of_rows([[(0, 2, 0)]]), Spans.of_rows([[(1, 3, 0)]])], [0, 3], "ab", ["PER"])
    >>> [part.tolist() for part in disputed_rows(votes)]
    [[0], [1]]
    """
    proposals, _ = votes.proposals()
    first, second = overlap_pairs(proposals, proposals)
    counts = np.bincount(proposals.row[first[first < second]], minlength=votes.n_rows)
    rows = np.flatnonzero(counts)
    rows = rows[np.argsort(-counts[rows], kind="stable")]
    return rows, counts[rows]


def _examples(insight: SpanInsight) -> list[int]:
    rows = np.unique(insight.predicted.row)
    return [int(rows[at]) for at in _spread(len(rows))] if len(rows) else []


def _card(insight: SpanInsight, row: int) -> Card:
    text = insight.texts[row]
    passages = [MarkedPassage(excerpt_parts(text, _predicted_marks(insight, row)), "spans")]
    if insight.gold is not None and insight.judged[row]:
        passages.append(MarkedPassage(excerpt_parts(text, marks_of(insight.gold, row, insight.labels)), "gold"))
    return Card(f"Row {row}", "", passages, _vote_lines(insight, row))


def _vote_lines(insight: SpanInsight, row: int) -> list[VoteLine]:
    votes = insight.votes
    if votes is None or votes.words is None:
        return []
    text, lines = insight.texts[row], list[VoteLine]()
    for lf, spans in zip(votes.lf_names, votes.spans, strict=True):
        here = spans.take(np.arange(*np.searchsorted(spans.row, [row, row + 1])))
        by_label: dict[int, list[str]] = {}
        for begin, end, label in in_code_points(here, votes.words).of_row(row):
            by_label.setdefault(label, []).append(" ".join(text[begin:end].split()))
        lines += [
            VoteLine(votes.all_labels[label], label, lf, ", ".join(f"“{each:.60}”" for each in strings[:EXAMPLES]))
            for label, strings in by_label.items()
        ]
    return lines
