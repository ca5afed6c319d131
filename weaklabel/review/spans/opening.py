"""Opening a review of spans: of a file with spans, of a corpus with labeling functions, or of a corpus to be marked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import LFSettings
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.writing import reading_back
from weaklabel.errors import ConfigError
from weaklabel.job.output import first_free_prefix
from weaklabel.lf.packs import LFCollection
from weaklabel.project.names import LABELED
from weaklabel.review.spans.proposing import nothing_proposed, propose, vote_on_spans
from weaklabel.review.spans.review import SpanReview
from weaklabel.review.spans.state import SpanSnapshot
from weaklabel.review.state import ReviewSource
from weaklabel.units import SPANS, SpanRows, Spans, read_spans


def open_span_review(
    source: ReviewSource,
    lfs: LFCollection | None,
    how: LFSettings | None = None,
    given: SpanRows | None = None,
    *,
    progress: bool = False,
) -> SpanReview:
    """Open a review of spans.

    Proposed are the given spans; in rows of which none are given, those that the label model gives to the votes of the
    labeling functions; without these, none.

    Parameters
    ----------
    source
        What is reviewed; without ``labels``, they are those of the labeling functions, or of the given spans.
    lfs
        The labeling functions; None if there are none.
    how
        How they are applied; not needed without any.
    given
        Spans that are known, as `given_spans` or `spans_of_run` read them.
    progress
        Show progress on stderr.

    Raises
    ------
    WeakLabelError
        There are no labels, those of the labeling functions are others, or a labeling function fails.
    """
    corpus, labels = source.corpus, source.labels
    if lfs is not None:
        if labels and tuple(labels) != lfs.labels:
            raise ConfigError(f"{', '.join(lfs.specs)} has the labels {', '.join(lfs.labels)}, not {', '.join(labels)}")
        labels = lfs.labels
    if not labels and given is not None:
        labels = given.labels
    if not labels:
        raise ConfigError(f"{corpus.name}: name the labels of spans, such as --labels PER,ORG, or give --lfs")
    source = replace(source, labels=tuple(labels))
    votes = None if lfs is None else vote_on_spans(lfs, corpus, how or LFSettings(use=list(lfs.specs)), progress)
    if votes is None and given is None:
        return SpanReview(source, nothing_proposed(len(corpus)))
    if votes is None or (given is not None and given.is_known.all()):
        assert given is not None
        return SpanReview(source, SpanSnapshot(lfs, votes, given.spans, given.probs))
    spans, probs = propose(votes, source.settings, source.seed)
    if given is not None:
        spans, probs = _joined(given, spans, probs)
    return SpanReview(source, SpanSnapshot(lfs, votes, spans, probs))


def given_spans(corpus: Corpus, labels: Sequence[str]) -> SpanRows | None:
    """Return the spans that the corpus's column ``spans`` has; None without the column, or where it is empty.

    Raises
    ------
    CorpusError
        A cell is wrong; the message has the row.
    """
    if not corpus.has_column(SPANS):
        return None
    rows = read_spans(corpus.values(SPANS), corpus.texts(), labels or None, where=f"{corpus.name}, column {SPANS}")
    return rows if rows.is_known.any() else None


def spans_of_run(folder: Path, corpus: Corpus, labels: Sequence[str]) -> SpanRows:
    """Return the spans that a finished run labeled.

    Raises
    ------
    WeakLabelError
        Its labeled file is missing, or does not fit the corpus.
    """
    column = first_free_prefix(corpus, [SPANS]) + SPANS
    labeled = read_corpus(folder / LABELED, text=corpus.text, hide=corpus.hide, **reading_back(corpus, "csv", [column]))
    if len(labeled) != len(corpus) or not labeled.has_column(column):
        raise ConfigError(f"{folder / LABELED} does not hold the spans of {corpus.name}; run the project again")
    return read_spans(labeled.values(column), corpus.texts(), labels, where=f"{folder / LABELED}, column {column}")


def _joined(given: SpanRows, spans: Spans, probs: NDArray[np.float64]) -> tuple[Spans, NDArray[np.float64]]:
    """Return the given spans, and in rows of which none are given, the others."""
    elsewhere = ~given.is_known[spans.row]
    both = (given.spans, spans.take(elsewhere))
    row, begin, end, label = (
        np.concatenate([getattr(each, name) for each in both]) for name in ("row", "begin", "end", "label")
    )
    order = np.lexsort((label, end, begin, row))
    joined = Spans(row[order], begin[order], end[order], label[order], spans.n_rows)
    return joined, np.concatenate([given.probs, probs[elsewhere]])[order]
