"""Opening a review of spans: of a file with spans, of a corpus with labeling functions, or of a corpus to be marked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from weaklabel.config import LFSettings
from weaklabel.errors import ConfigError
from weaklabel.lf.packs import LFCollection
from weaklabel.review.spans.proposing import nothing_proposed, propose, vote_on_spans
from weaklabel.review.spans.review import SpanReview
from weaklabel.review.spans.state import SpanSnapshot
from weaklabel.review.state import ReviewSource
from weaklabel.units import SPANS, SpanRows, read_spans


def open_span_review(
    source: ReviewSource, lfs: LFCollection | None, how: LFSettings | None = None, *, progress: bool = False
) -> SpanReview:
    """Open a review of spans.

    Proposed spans are those of the corpus's column ``spans``; without one, those that the label model gives to the votes of
    the labeling functions; without these, none.

    Parameters
    ----------
    source
        What is reviewed; without ``labels``, they are those of the labeling functions, or of the column.
    lfs
        The labeling functions; None if there are none.
    how
        How they are applied; not needed without any.
    progress
        Show progress on stderr.

    Raises
    ------
    WeakLabelError
        There are no labels, those of the labeling functions are others, a span in the column is not in its text, or a
        labeling function fails.
    """
    corpus, labels = source.corpus, source.labels
    if lfs is not None:
        if labels and tuple(labels) != lfs.labels:
            raise ConfigError(f"{', '.join(lfs.specs)} has the labels {', '.join(lfs.labels)}, not {', '.join(labels)}")
        labels = lfs.labels
    given = _given_spans(source, labels)
    if not labels and given is not None:
        labels = given.labels
    if not labels:
        raise ConfigError(f"{corpus.name}: name the labels of spans, such as --labels PER,ORG, or give --lfs")
    source = replace(source, labels=tuple(labels))
    if lfs is None and given is None:
        return SpanReview(source, nothing_proposed(len(corpus)))
    votes = None if lfs is None else vote_on_spans(lfs, corpus, how or LFSettings(use=list(lfs.specs)), progress)
    if given is not None:
        return SpanReview(source, SpanSnapshot(lfs, votes, given.spans, given.probs))
    assert votes is not None
    spans, probs = propose(votes, source.settings, source.seed)
    return SpanReview(source, SpanSnapshot(lfs, votes, spans, probs))


def _given_spans(source: ReviewSource, labels: tuple[str, ...]) -> SpanRows | None:
    """Return the spans that the corpus itself has; None without a column of them."""
    corpus = source.corpus
    if not corpus.has_column(SPANS):
        return None
    rows = read_spans(corpus.values(SPANS), corpus.texts(), labels or None, where=f"{corpus.name}, column {SPANS}")
    return rows if np.any(rows.is_known) else None
