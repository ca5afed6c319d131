"""Computing a cell of a set with spans: label models are fitted on train's votes, taggers on the spans that they give."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weaklabel.bench.cells import Cell
from weaklabel.bench.clock import Clock
from weaklabel.bench.models import GOLD
from weaklabel.bench.outcome import Arrays, read_predictions
from weaklabel.bench.span_data import SpanSet, SpanSplit, span_train_gold
from weaklabel.bench.span_models import new_span_label_model, new_tagger
from weaklabel.errors import LabelModelError
from weaklabel.label_model.sequence import SpanLabels
from weaklabel.units import Spans
from weaklabel.units.spans import Numbers


def label_spans(cell: Cell, bench_set: SpanSet, clock: Clock) -> tuple[Arrays, float, str | None]:
    """Fit a label model and predict the spans of all splits; returns arrays, coverage and what was chosen.

    Raises
    ------
    LabelModelError
        It gives no span to any train text.
    """
    model = new_span_label_model(str(cell.label_model), cell.seed)

    def predict(split: SpanSplit) -> SpanLabels:
        votes = split.votes.only(bench_set.recommended)
        labels: SpanLabels = model.predict(votes, split.texts) if model.uses_texts else model.predict(votes)
        return labels

    fitted_on = bench_set.fitted_on
    with clock.fitting():
        votes = fitted_on.votes.only(bench_set.recommended)
        if model.uses_texts:
            model.fit(votes, fitted_on.texts)
        else:
            model.fit(votes)
    train = predict(fitted_on)
    if not len(train.spans):
        raise LabelModelError(f"{type(model).__name__} gives no train text a span")
    with clock.predicting():
        test = predict(bench_set.test)
    arrays = _arrays(test, None if bench_set.valid is None else predict(bench_set.valid))
    if bench_set.train is not None:
        arrays |= {"train_spans": _table(train.spans), "train_probs": train.probs}
        if train.word_probs is not None:
            arrays["train_word_probs"] = train.word_probs.astype(np.float32)
    return arrays, _coverage(test.spans), model.describe()


def tag_spans(cell: Cell, bench_set: SpanSet, labeled: Path, clock: Clock) -> tuple[Arrays, float, str | None]:
    """Train a tagger on the spans of a label model's cell, or on train gold, and tag test."""
    train, test = bench_set.train, bench_set.test
    assert train is not None
    tagger = new_tagger(str(cell.classifier), bench_set.labels, cell.seed)
    if cell.label_model == GOLD:
        y = SpanLabels(spans=(gold := span_train_gold(bench_set)), probs=np.ones(len(gold)), word_probs=None)
    else:
        given = read_predictions(labeled)
        spans = spans_of_table(given["train_spans"], len(train))
        y = SpanLabels(spans=spans, probs=given["train_probs"], word_probs=given.get("train_word_probs"))
    with clock.fitting():
        tagger.fit(train.texts, y, words=train.words)
    with clock.predicting():
        tagged = tagger.tag(test.texts, words=test.words)
    valid = None if bench_set.valid is None else tagger.tag(bench_set.valid.texts, words=bench_set.valid.words)
    return _arrays(tagged, valid), _coverage(tagged.spans), None


def _arrays(test: SpanLabels, valid: SpanLabels | None) -> Arrays:
    valid_spans = np.empty((0, 4), np.int64) if valid is None else _table(valid.spans)
    return {"preds": _table(test.spans), "probs": test.probs, "valid_preds": valid_spans}


def _table(spans: Spans) -> Numbers:
    """Return the columns of spans as an array. Shape: [n, 4]."""
    return np.stack([spans.row, spans.begin, spans.end, spans.label], axis=1)


def spans_of_table(table: Numbers, n_rows: int) -> Spans:
    """Return spans of the array that a cell keeps. Shape: [n, 4]."""
    row, begin, end, label = table.T
    return Spans(row, begin, end, label, n_rows)


def _coverage(spans: Spans) -> float:
    return len(np.unique(spans.row)) / max(spans.n_rows, 1)
