"""What a run with labels for spans writes at the end: the table of labeling functions, and the reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weaklabel.job.spans import VotedSpans
from weaklabel.job.spans.work import may_read_texts
from weaklabel.label_model.sequence import SpanLabelModel, load_span_label_model
from weaklabel.project.folder import read_counts
from weaklabel.project.gold_spans import SpanPredictions
from weaklabel.project.names import LABEL_COUNTS, LABEL_MODEL, LF_TABLE, PAGE, REPORT
from weaklabel.project.outcome import prepared_by, read_span_scores, sampled, timings_of, versions_of, warnings_of
from weaklabel.report import RunSummary, run_report
from weaklabel.report.html import span_html_report
from weaklabel.report.spans import SpanInsight
from weaklabel.support.files import write_text
from weaklabel.units import Spans, in_code_points, on_words
from weaklabel.votes import analyze_spans
from weaklabel.votes.spans import SpanCounts

if TYPE_CHECKING:
    from weaklabel.label_model.sequence.sample import SpanTextSample
    from weaklabel.project.step import Run


def write_span_reports(
    run: Run,
    voted: VotedSpans,
    files: Mapping[str, str],
    sample: SpanTextSample | None,
    rows: NDArray[np.int64],
    predicted: SpanPredictions | None,
) -> None:
    """Write the table of labeling functions and both reports.

    Parameters
    ----------
    run
        The run.
    voted
        The votes on its corpus.
    files
        What each file of its folder holds.
    sample
        The texts of the corpus from which examples are taken, with votes; None where the corpus is empty.
    rows
        Their numbers in the corpus. Shape: [s].
    predicted
        What every stage marks in the texts with gold; None without gold.
    """
    project, lfs = run.project, run.lfs
    model = load_span_label_model(run.folder / LABEL_MODEL)
    table = lf_table(voted, sample, rows, predicted)
    write_text(run.folder / LF_TABLE, table.to_csv())
    counts = json.loads((run.folder / LABEL_COUNTS).read_text(encoding="utf-8"))
    changed = [f"LF '{name}': {_changes(each)}" for name, each in voted.counts.items() if _changes(each)]
    summary = RunSummary(
        title=project.title,
        corpus=run.corpus.name,
        n_rows=voted.n,
        n_rejects=read_counts(run.folder)["rejects"],
        labels=lfs.labels,
        lf_summary=table,
        label_counts=counts,
        counted="spans",
        label_model={"name": project.label_model.name, "why": model.describe(), **model.get_params()},
        span_scores=read_span_scores(run.folder),
        prepared=prepared_by(project),
        training=sampled(run.folder),
        problems=[*(f"LF '{name}': {problems}" for name, problems in voted.problems.items()), *changed],
        warnings=warnings_of(run.records),
        files=files,
        settings=project.model_dump(mode="json"),
        timings=timings_of(run.records),
        versions=versions_of(run.records),
    )
    write_text(run.folder / REPORT, run_report(summary))
    insight = _insight(run, voted, model, sample, predicted)
    write_text(run.folder / PAGE, span_html_report(summary, insight, _lead(voted, insight, predicted)))


def lf_table(
    voted: VotedSpans, sample: SpanTextSample | None, rows: NDArray[np.int64], predicted: SpanPredictions | None
) -> pd.DataFrame:
    """Return what each labeling function marked in the corpus; precision and recall are of its rows with gold."""
    records = analyze_spans(voted.votes).records()
    table = pd.DataFrame(records).set_index("LF")
    if predicted is None or predicted.rows is None or sample is None:
        return table
    gold, _ = on_words(predicted.gold, sample.words)
    judged = pd.DataFrame(analyze_spans(sample.votes, gold).records()).set_index("LF")
    return table.join(judged[[column for column in judged.columns if column not in table.columns]])


def _changes(counts: SpanCounts) -> str:
    """Say what was changed of the spans of a labeling function; "" if nothing."""
    parts = {
        "cut a word, and took all of it": counts.snapped,
        "left out because a longer one of the same labeling function overlaps": counts.overlapped,
        "left out because only white space is in them": counts.blank,
    }
    return (
        "spans " + "; ".join(f"{what}: {count:,}" for what, count in parts.items() if count)
        if any(parts.values())
        else ""
    )


def _insight(
    run: Run, voted: VotedSpans, model: SpanLabelModel, sample: SpanTextSample | None, predicted: SpanPredictions | None
) -> SpanInsight:
    scores = read_span_scores(run.folder)
    if predicted is not None:
        stage = predicted.stages["label_model"]
        return SpanInsight(
            predicted.texts,
            run.lfs.labels,
            stage.spans,
            stage.probs,
            votes=None if predicted.rows is None or sample is None else sample.votes,
            gold=predicted.gold,
            scores=scores,
        )
    if sample is None:
        none = np.empty(0, np.int64)
        return SpanInsight((), run.lfs.labels, Spans(none, none, none, none, 0))
    texts = list(sample.texts) if may_read_texts(model, voted.options) else None
    labels = model.predict(sample.votes, texts, words=sample.words)
    spans = in_code_points(labels.spans, sample.words)
    return SpanInsight(
        sample.texts,
        run.lfs.labels,
        spans,
        labels.probs,
        votes=sample.votes,
        scores=scores,
    )


def _lead(voted: VotedSpans, insight: SpanInsight, predicted: SpanPredictions | None) -> str:
    """Say which texts the report shows."""
    n = len(insight.texts)
    if predicted is not None:
        return f"Spans of {voted.n:,} texts; what is shown below is about the {n:,} texts with gold."
    shown = "" if n == voted.n else f"; what is shown below is about {n:,} of them, evenly spaced"
    return f"Spans of {voted.n:,} texts{shown}."
