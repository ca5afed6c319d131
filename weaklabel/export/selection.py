"""Which rows of a labeled corpus are exported, and with which label: counted, so that none is lost without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.errors import ExportError
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.support.hashing import sha256_of_text
from weaklabel.support.progress import stage
from weaklabel.units import SpanRows

NO_LABEL = "without a label"
UNSURE = "label less probable than the least confidence"
NO_SPLIT = "in no part of the split"
NO_SPANS = "whose spans are not known"
UNSURE_SPAN = "with a span less probable than the least confidence"
FEW_PROBS = "spans less probable than the least probability"
NOT_CHOSEN = "not chosen to be trained on"
HELD_OUT = "held out for scoring (has gold)"

TRAIN = "train"
"""The part of a split that a corpus which is not divided is written as, and that models are trained on."""


@dataclass
class Survey:
    """What a selection takes of a corpus.

    Attributes
    ----------
    rows
        Rows of the corpus.
    taken
        Rows by part of the split (`TRAIN` where there is none) and class, as numbers.
    left_out
        Rows that are not taken, by reason.
    confidence
        Sum of the probabilities of the labels that are taken, and how many there are.
    gold
        Pairs of true class and class, with their counts, of the rows with gold.
    spans
        Of a corpus whose task is spans, the spans that are taken, by part of the split and label, as numbers.
    dropped_spans
        Its spans that are left out of rows that are taken.
    span_gold
        Its spans of rows with gold that are right, all of these rows, and their true spans.
    like_labels
        Columns whose cells, where they are not empty, are all names of classes, or all spans: they may be gold that nobody
        named.
    """

    rows: int = 0
    taken: Counter[tuple[str, int]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    confidence: tuple[float, int] = (0.0, 0)
    gold: Counter[tuple[int, int]] = field(default_factory=Counter)
    spans: Counter[tuple[str, int]] = field(default_factory=Counter)
    dropped_spans: int = 0
    span_gold: tuple[int, int, int] = (0, 0, 0)
    like_labels: tuple[str, ...] = ()

    @property
    def n_taken(self) -> int:
        """Rows that are taken."""
        return sum(self.taken.values())

    def of_split(self, split: str) -> int:
        """Return how many rows of a part of the split are taken."""
        return sum(count for (name, _), count in self.taken.items() if name == split)


@dataclass(frozen=True)
class Selection:
    """Which rows are exported, and with which label. Rows without a label never are, unless a form is for labeling them.

    Parameters
    ----------
    min_confidence
        Least probability of a label, or of every span of a row, 0 to 1.
    sample
        Draw the label of each row from its probabilities, in place of the most probable one. Each draw depends on the text
        and ``seed`` alone.
    seed
        Another seed is another draw.
    min_prob
        Least probability of a span, 0 to 1; others are left out of their rows, which stay.
    """

    min_confidence: float = 0.0
    sample: bool = False
    seed: int = 0
    min_prob: float = 0.0

    def check(self, corpus: LabeledCorpus) -> None:
        """Refuse what a corpus cannot give.

        Raises
        ------
        ExportError
            There are no probabilities to compare or to draw from.
        """
        if not 0 <= self.min_confidence <= 1:
            raise ExportError(f"the least confidence must be from 0 to 1, not {self.min_confidence}")
        if not 0 <= self.min_prob <= 1:
            raise ExportError(f"the least probability must be from 0 to 1, not {self.min_prob}")
        if corpus.task == "spans":
            if self.sample:
                raise ExportError(f"{corpus.name} holds spans, and only labels of whole texts are drawn; leave it out")
            if not corpus.has_probs and (self.min_confidence or self.min_prob):
                raise ExportError(
                    f"the spans of {corpus.name} have no probabilities to compare; leave the least one out"
                )
            return
        if self.min_prob:
            raise ExportError(
                f"{corpus.name} holds labels of whole texts; the least probability (min_prob) is for spans: give the least "
                "confidence (min_confidence)"
            )
        if not corpus.has_probs and (self.min_confidence or self.sample):
            what = "a least confidence" if self.min_confidence else "drawing labels"
            raise ExportError(f"{corpus.name} has no probability columns, which {what} needs; leave it out")

    def reasons(self, part: LabeledPart, is_divided: bool) -> list[tuple[str, NDArray[np.bool_]]]:
        """Return the rows that are left out, by reason; each row has one reason at most. Shape of each: [n]."""
        rest = np.ones(len(part), dtype=bool)
        reasons = []
        tests = [(NO_LABEL if part.spans is None else NO_SPANS, part.preds == ABSTAIN)]
        if self.min_confidence and part.spans is not None:
            tests.append((UNSURE_SPAN, ~(self.sure(part.spans).least_probs() >= self.min_confidence)))
        elif self.min_confidence:
            tests.append((UNSURE, ~(confidence(part) >= self.min_confidence)))
        is_train = np.ones(len(part), dtype=bool)
        if is_divided and part.split is not None:
            tests.append((NO_SPLIT, np.array([value is None for value in part.split], dtype=bool)))
            is_train = np.array([value == TRAIN for value in part.split], dtype=bool)
        if part.held_out is not None:
            tests.append((HELD_OUT, part.held_out & is_train))
        if part.not_chosen is not None:
            tests.append((NOT_CHOSEN, part.not_chosen))
        for reason, test in tests:
            reasons.append((reason, rest & test))
            rest &= ~test
        return reasons

    def apply(self, part: LabeledPart, is_divided: bool) -> LabeledPart:
        """Return the rows that are taken, with their labels."""
        kept = np.ones(len(part), dtype=bool)
        for _, left_out in self.reasons(part, is_divided):
            kept &= ~left_out
        part = part.take(kept)
        if part.spans is not None:
            return replace(part, spans=self.sure(part.spans))
        return replace(part, preds=drawn(part, self.seed)) if self.sample and len(part) else part

    def sure(self, spans: SpanRows) -> SpanRows:
        """Return the spans that are probable enough."""
        return spans.take(~(spans.probs < self.min_prob)) if self.min_prob else spans

    def of(self, corpus: LabeledCorpus, *, keep_unlabeled: bool = False, draw: bool = True) -> LabeledCorpus:
        """Return the rows of a corpus that are taken.

        Parameters
        ----------
        corpus
            All rows.
        keep_unlabeled
            Take every row, also those without a label or with an improbable one: for forms that people label.
        draw
            Whether labels may be drawn; a form that keeps probabilities has the most probable one.
        """
        if keep_unlabeled:
            return self._with_sure_spans(corpus)
        chosen = self if draw else replace(self, sample=False)

        def read() -> Iterator[LabeledPart]:
            for part in corpus.read():
                taken = chosen.apply(part, bool(corpus.splits))
                if len(taken):
                    yield taken

        return replace(corpus, read=read)

    def _with_sure_spans(self, corpus: LabeledCorpus) -> LabeledCorpus:
        if corpus.task != "spans" or not self.min_prob:
            return corpus

        def read() -> Iterator[LabeledPart]:
            for part in corpus.read():
                yield replace(part, spans=self.sure(part.span_rows))

        return replace(corpus, read=read)

    def survey(self, corpus: LabeledCorpus) -> Survey:
        """Count in one pass what is taken and what is left out."""
        survey, total, n = Survey(), 0.0, 0
        # By column, whether a cell was not empty; columns with anything but names of classes are gone.
        like_labels = {name: False for name, dtype in corpus.schema.items() if dtype == pl.String}
        nested = {name for name, dtype in corpus.schema.items() if corpus.task == "spans" and _is_spans(dtype)}
        with stage("counting", unit="rows") as progress:
            for part in corpus.parts():
                survey.rows += len(part)
                for name in list(like_labels):
                    cells = part.frame[name].drop_nulls()
                    cells = cells.filter(cells != "")
                    like_labels[name] |= len(cells) > 0
                    is_like = cells.str.contains(_SPANS) if corpus.task == "spans" else cells.is_in(corpus.labels)
                    if not is_like.all():
                        del like_labels[name]
                for reason, left_out in self.reasons(part, bool(corpus.splits)):
                    if count := int(left_out.sum()):
                        survey.left_out[reason] += count
                taken = self.apply(part, bool(corpus.splits))
                splits = taken.split if corpus.splits and taken.split is not None else [TRAIN] * len(taken)
                survey.taken.update(zip(map(str, splits), taken.preds.tolist(), strict=True))
                if taken.spans is not None:
                    total, n = _count_spans(survey, part, taken, splits, (total, n))
                    progress.advance(len(part))
                    continue
                if taken.gold is not None:
                    known = taken.gold != ABSTAIN
                    survey.gold.update(zip(taken.gold[known].tolist(), taken.preds[known].tolist(), strict=True))
                if corpus.has_probs and len(taken):
                    of_label = taken.probs[np.arange(len(taken)), taken.preds]
                    total, n = total + float(np.nansum(of_label)), n + int((~np.isnan(of_label)).sum())
                progress.advance(len(part))
        survey.confidence = (total, n)
        survey.like_labels = (*(name for name, has_cells in like_labels.items() if has_cells), *sorted(nested))
        order = [(split, label) for split in corpus.splits or (TRAIN,) for label in range(len(corpus.labels))]
        survey.taken = Counter({key: survey.taken[key] for key in order if key in survey.taken})
        survey.spans = Counter({key: survey.spans[key] for key in order if key in survey.spans})
        return survey


_SPANS = r'^\s*\[\s*(\]|\[\s*\d+\s*,\s*\d+\s*,|\{[^}]*"start")'
"""Beginning of a cell with spans as JSON text."""


def _is_spans(dtype: pl.DataType) -> bool:
    """Say whether a column has lists of objects with the places and the label of a span."""
    inner = dtype.inner if isinstance(dtype, pl.List) else None
    return isinstance(inner, pl.Struct) and {"start", "end", "label"} <= {field.name for field in inner.fields}


def _count_spans(
    survey: Survey, part: LabeledPart, taken: LabeledPart, splits: Sequence[str | None], sure: tuple[float, int]
) -> tuple[float, int]:
    """Count the spans of rows that are taken, and add their probabilities to ``sure``: their sum and their number."""
    rows, spans = taken.span_rows, taken.span_rows.spans
    of_row = np.array(list(map(str, splits)), dtype=object)
    survey.spans.update(zip(of_row[spans.row].tolist(), spans.label.tolist(), strict=True))
    before = part.span_rows.of_rows_chosen(np.isin(part.rows, taken.rows))
    survey.dropped_spans += len(before.spans) - len(spans)
    if taken.gold_spans is not None:
        scored = taken.gold_spans.is_known
        given = spans.of_rows_chosen(scored)
        gold = taken.gold_spans.spans.of_rows_chosen(scored)
        right = int(np.isin(given.keys(), gold.keys()).sum())
        counts = zip(survey.span_gold, (right, len(given), len(gold)), strict=True)
        survey.span_gold = tuple(a + b for a, b in counts)  # type: ignore[assignment]
    return sure[0] + float(np.nansum(rows.probs)), sure[1] + int((~np.isnan(rows.probs)).sum())


def confidence(part: LabeledPart) -> NDArray[np.float64]:
    """Return the probability of each row's label, NaN where it has none. Shape: [n]."""
    at = np.where(part.preds == ABSTAIN, 0, part.preds)
    return np.where(part.preds == ABSTAIN, np.nan, part.probs[np.arange(len(part)), at])


def uniform(text: str, seed: int, purpose: str) -> float:
    """Return a number from [0, 1) that depends on a text, the seed and a purpose alone."""
    return int(sha256_of_text(f"{purpose}\x1f{seed}\x1f{text}")[:13], 16) / 16**13


def drawn(part: LabeledPart, seed: int) -> Labels:
    """Return a class of each row, drawn from its probabilities; rows without probabilities keep theirs. Shape: [n]."""
    at = np.array([uniform(text, seed, "label") for text in part.texts])
    ends = np.cumsum(part.probs, axis=1)
    classes = (at[:, None] * ends[:, -1:] >= ends).sum(axis=1)
    return np.where(np.isnan(ends[:, -1]), part.preds, np.minimum(classes, part.probs.shape[1] - 1))
