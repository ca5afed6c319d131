"""The spans that are proposed to reviewers: by a label model, from the votes of labeling functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import LabelModelSettings, LFSettings
from weaklabel.corpus import Corpus
from weaklabel.label_model.sequence import SpanLabelModel, make_span_label_model
from weaklabel.lf.packs import LFCollection
from weaklabel.registries import SPAN_LABEL_MODELS
from weaklabel.review.libraries import FOR_TEXTS, load_libraries
from weaklabel.review.spans.state import SpanSnapshot
from weaklabel.units import Spans, in_code_points
from weaklabel.votes import apply_lfs
from weaklabel.votes.spans import SpanTable, SpanVotes


def vote_on_spans(lfs: LFCollection, corpus: Corpus, how: LFSettings, progress: bool) -> SpanVotes:
    """Apply labeling functions to a corpus; the votes keep words and texts."""
    votes: object = apply_lfs(lfs, corpus, error_budget=how.error_budget, workers=how.workers, progress=progress)
    assert isinstance(votes, SpanVotes)
    return votes


def propose(votes: SpanVotes, settings: LabelModelSettings, seed: int) -> tuple[Spans, NDArray[np.float64]]:
    """Fit a label model on votes, and on texts if it uses them; return its spans in code points, and their probabilities.

    Raises
    ------
    WeakLabelError
        The settings name no label model for spans, or it cannot be fitted on these votes.
    """
    assert votes.words is not None
    model = _model(settings, seed)
    if model.uses_texts:
        load_libraries(*FOR_TEXTS)
    read = votes.texts if model.uses_texts else None
    labeled = model.fit(votes, read).predict(votes, read)
    return in_code_points(labeled.spans, votes.words), labeled.probs


def _model(settings: LabelModelSettings, seed: int) -> SpanLabelModel:
    chosen = settings.for_task("spans")
    options = chosen.options()
    if SPAN_LABEL_MODELS[chosen.name].has_param("seed"):
        options = {"seed": seed} | options
    return make_span_label_model(chosen.name, **options)


def nothing_proposed(n_rows: int) -> SpanSnapshot:
    """Return the snapshot of a corpus without labeling functions and without spans."""
    none = np.empty(0, dtype=np.int64)
    return SpanSnapshot(None, None, Spans(none, none, none, none, n_rows), np.empty(0))


def vote_again(lfs: LFCollection, before: SpanVotes | None, corpus: Corpus, name: str) -> SpanVotes:
    """Return the votes with one labeling function changed; all vote again where others read it, or its votes are not known."""
    if before is None or lfs.names != before.lf_names or any(lf.reads for lf in lfs):
        return vote_on_spans(lfs, corpus, LFSettings(use=list(lfs.specs)), progress=False)
    at = lfs.names.index(name)
    changed: object = apply_lfs([list(lfs)[at]], corpus, labels=lfs.all_labels)
    assert isinstance(changed, SpanVotes)
    columns = list(before.table.columns)
    columns[at] = changed.table.columns[0]
    problems = {other: of_lf for other, of_lf in before.problems.items() if other != name} | dict(changed.problems)
    return SpanVotes.of_table(
        SpanTable(before.offsets, tuple(columns)),
        before.lf_names,
        before.labels,
        inner=before.inner,
        complete=before.complete,
        problems=problems,
        words=before.words,
        texts=before.texts,
    )
