"""What ``weaklabel analyze`` and ``explain`` do with packs whose labeling functions mark spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.cli.printing import Printing, stdout_for_results
from weaklabel.cli.reading import warn_of_rejects
from weaklabel.cli.span_columns import SpanGold
from weaklabel.cli.voting import Labeling, Voting, problem_counts
from weaklabel.errors import visible
from weaklabel.support import progress
from weaklabel.support.warn import recorded_warnings

if TYPE_CHECKING:
    from weaklabel.corpus import Batch, Corpus
    from weaklabel.job.spans import VotedSpans
    from weaklabel.label_model.sequence import SpanLabelModel
    from weaklabel.lf.core import Reason
    from weaklabel.lf.packs import LFCollection
    from weaklabel.project.reader import FinishedRun
    from weaklabel.units import Spans
    from weaklabel.votes import SpanLFAnalysis
    from weaklabel.votes.spans import SpanVotes


@dataclass(frozen=True)
class SpanPart:
    """Votes and gold of some consecutive rows.

    Attributes
    ----------
    first_row
        Number of the first.
    votes
        With words and texts.
    gold
        In words; None where there is no gold.
    has_gold
        Shape: [n_rows].
    n_cut
        Gold spans that cut a word, and were made to take all of it.
    batch
        The rows.
    """

    first_row: int
    votes: SpanVotes
    gold: Spans | None
    has_gold: Any
    n_cut: int
    batch: Batch


def vote(rows: Corpus, lfs: LFCollection, labeling: Labeling, voting: Voting, *, quiet: bool) -> VotedSpans:
    """Vote on a corpus, and warn of rows that could not be read."""
    from weaklabel.job import LabelOptions, vote_spans

    settings = labeling.settings().for_task(lfs.task)
    options = LabelOptions(label_model=settings, seed=labeling.seed, **voting.arguments())
    with stdout_for_results():
        voted = vote_spans(rows, lfs, options, progress=not quiet)
    warn_of_rejects(voted.corpus, voted.n_rejects, next(voted.rejects(), None))
    return voted


def parts_of(voted: VotedSpans, gold: SpanGold | None = None) -> Iterator[SpanPart]:
    """Read the votes on a corpus part by part, with gold where it is given."""
    from weaklabel.units import on_words

    for rows in voted.job.parts():
        votes = voted.votes_on(rows.part, rows.batch)
        assert votes.words is not None
        if gold is None:
            yield SpanPart(rows.part.first_row, votes, None, None, 0, rows.batch)
            continue
        of_rows = gold.of(rows.batch, rows.part.first_row)
        in_words, is_cut = on_words(of_rows.spans, votes.words)
        n_cut = int(is_cut.sum())
        yield SpanPart(rows.part.first_row, votes, in_words, of_rows.is_known, n_cut, rows.batch)


def analyze_spans_of(
    rows: Corpus,
    lfs: LFCollection,
    labeling: Labeling,
    voting: Voting,
    gold: SpanGold | None,
    html: Path | None,
    printing: Printing,
) -> None:
    """Print the analysis of labeling functions that mark spans, and write the page that was asked for."""
    from weaklabel.votes import analyze_spans

    warned: list[str] = []
    with recorded_warnings(warned):
        voted = vote(rows, lfs, labeling, voting, quiet=printing.quiet)
    n_cut, analysis = 0, None
    for part in parts_of(voted, gold):
        n_cut += part.n_cut
        of_part = analyze_spans(part.votes, part.gold, has_gold=part.has_gold)
        analysis = of_part if analysis is None else analysis + of_part
    if gold is not None:
        gold.check(rows)
    if n_cut:
        progress.message(
            f"weaklabel: warning: {n_cut:,} gold spans begin or end within a word; they are compared as whole words, as votes "
            "are"
        )
    result: dict[str, Any] = {"rejects": voted.n_rejects, **problem_counts(voted.problems)}
    if analysis is None:
        printing.result({"rows": 0, "lfs": [], **result}, "0 rows, so there is nothing to analyze")
        return
    failures = {name: each.count for name, each in voted.problems.items() if each.count}
    analysis = replace(analysis, failures=failures)  # a part's votes do not know them
    if html is not None:
        _write_page(html, voted, analysis, gold, warned)
    printing.result({**analysis.to_dict(), **result}, analysis.to_text())


def _write_page(
    path: Path, voted: VotedSpans, analysis: SpanLFAnalysis, gold: SpanGold | None, warned: Sequence[str]
) -> None:
    """Write the analysis and the spans that the label model gives as one HTML page."""
    import numpy as np

    from weaklabel.job import label_spans
    from weaklabel.page.page import DataTable, Section, Text, page
    from weaklabel.report.spans import SpanInsight, span_sections
    from weaklabel.scoring import score_spans
    from weaklabel.support.files import write_text

    with stdout_for_results():
        labeled = label_spans(voted.corpus, voted.lfs, voted.options, voted=voted)
    texts: list[str] = []
    spans: list[Spans] = []
    truth: list[Spans] = []
    has_gold: list[Any] = []
    for part in labeled.read():
        texts += part.batch.texts
        spans.append(part.spans.spans)
        if gold is not None:
            of_rows = gold.of(part.batch, part.part.first_row)
            truth.append(of_rows.spans)
            has_gold.append(of_rows.is_known)
    predicted = _stacked(spans)
    insight = SpanInsight(texts, voted.lfs.labels, predicted)
    if gold is not None:
        known = np.concatenate(has_gold)
        of_known = [side.of_rows_chosen(known) for side in (_stacked(truth), predicted)]
        scores = {"label model": score_spans(of_known[0], of_known[1], voted.lfs.labels)}
        insight = replace(insight, gold=_stacked(truth), has_gold=known, scores=scores)
    columns, rows = analysis.shown()
    sections = [
        Section("Labeling functions", [DataTable(columns, rows, analysis.title)]),
        *span_sections(insight),
        Section("Warnings", [Text(warning) for warning in warned]),
    ]
    title = f"Labeling functions on {Path(voted.corpus.name).name}"
    write_text(path, page(title, [section for section in sections if section.parts]))


def _stacked(parts: Sequence[Spans]) -> Spans:
    """Return the spans of consecutive parts as those of one corpus."""
    import numpy as np

    from weaklabel.units import Spans

    firsts = np.cumsum([0, *(part.n_rows for part in parts)])
    columns = [
        np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])
        for name in ("row", "begin", "end", "label")
    ]
    columns[0] += np.repeat(firsts[:-1], [len(part) for part in parts])
    return Spans(columns[0], columns[1], columns[2], columns[3], int(firsts[-1]))


def explain_spans_of(
    rows: Corpus,
    lfs: LFCollection,
    labeling: Labeling,
    voting: Voting,
    row: int | None,
    lf: str | None,
    printing: Printing,
) -> None:
    """Print why a row has its spans, or what a labeling function marks."""
    from weaklabel.job.spans.label import fitted

    voted = vote(rows, lfs, labeling, voting, quiet=printing.quiet)
    with stdout_for_results():
        model = fitted(voted)
    _explain(voted, model, row, lf, printing)


def explain_spans_of_run(
    run: FinishedRun, corpus: Corpus, lfs: LFCollection, row: int | None, lf: str | None, printing: Printing
) -> None:
    """Print the same by the votes and the label model of a finished run."""
    from weaklabel.job import read_voted_spans
    from weaklabel.label_model.sequence import load_span_label_model
    from weaklabel.project.names import VOTED
    from weaklabel.project.spans import span_options

    voted = read_voted_spans(corpus, lfs, span_options(run.project, corpus, lfs), run.path / VOTED)
    _explain(voted, load_span_label_model(run.path), row, lf, printing)


def _explain(voted: VotedSpans, model: SpanLabelModel, row: int | None, lf: str | None, printing: Printing) -> None:
    from weaklabel.job.spans.work import may_read_texts

    with stdout_for_results():
        reads_texts = may_read_texts(model, voted.options)
        result, shown = (
            _explained_row(voted, model, row, reads_texts)
            if row is not None
            else _explained_lf(voted, model, str(lf), reads_texts)
        )
    printing.result(result, shown)


def _explained_row(voted: VotedSpans, model: SpanLabelModel, row: int, reads_text: bool) -> tuple[dict[str, Any], str]:
    from weaklabel.errors import CorpusError
    from weaklabel.explain import explain_span_row
    from weaklabel.explain.span_row import votes_of_row

    corpus = voted.corpus
    part = next((part for part in voted.parts if part.first_row <= row < part.first_row + part.n_rows), None)
    if part is None:
        raise CorpusError(f"{corpus.name} has no row {row}: it has {voted.n:,} rows, counted from 0")
    rows = voted.job.read(part)
    votes = votes_of_row(voted.votes_on(part, rows.batch), row - part.first_row)
    place = row - part.first_row
    batch = rows.batch.part(place, place + 1)
    (text,) = batch.texts
    reasons = _reasons(voted.lfs, votes, batch)
    explanation = explain_span_row(model, votes, text, reads_text=reads_text, reasons=reasons)
    why = model.describe() or type(model).__name__
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
    head = [
        f"Row {row} of {corpus.name}",
        *(f"  {line}" for line in shown.splitlines()),
        "",
        f"Label model: {why}",
    ]
    result = {"row": row, "text": text, "label_model": why, **explanation.to_dict()}
    return result, "\n".join([*map(visible, head), "", explanation.to_text()])


_LONGEST_TEXT = 1000
"""Characters of a text that are shown."""


def _reasons(lfs: LFCollection, votes: SpanVotes, batch: Batch) -> dict[tuple[str, int, int], Reason]:
    """Ask labeling functions why they mark what they do in the one row of a batch; one that fails has no reason."""
    from weaklabel.labels import NOT_ENTITY
    from weaklabel.lf.spans.reasons import span_reason

    assert votes.words is not None
    words = votes.words.of_row(0)
    marked = {}
    for name, spans, negatives in zip(votes.lf_names, votes.spans, votes.negatives, strict=True):
        given = [*spans.of_row(0), *((begin, end, NOT_ENTITY) for begin, end, _ in negatives.of_row(0))]
        marked[name] = sorted((words[begin][0], words[end - 1][1], label) for begin, end, label in given)
    batch.spans = {name: [of_row] for name, of_row in marked.items()}  # for those that read others' spans
    return {
        (lf.name, start, stop): span_reason(lf, batch, 0, (start, stop, label))
        for lf in lfs
        for start, stop, label in marked.get(lf.name, [])
    }


def _explained_lf(voted: VotedSpans, model: SpanLabelModel, lf: str, reads_texts: bool) -> tuple[dict[str, Any], str]:
    from weaklabel.explain import explain_span_lf

    explanation = None
    for part in parts_of(voted):
        assert part.votes.texts is not None
        of_part = explain_span_lf(
            model, part.votes, lf, part.votes.texts, reads_texts=reads_texts, first_row=part.first_row
        )
        explanation = of_part if explanation is None else explanation + of_part
    why = model.describe() or type(model).__name__
    if explanation is None:
        return {"lf": lf, "rows": 0, "label_model": why}, "0 rows, so there is nothing to explain"
    return {**explanation.to_dict(), "label_model": why}, explanation.to_text()
