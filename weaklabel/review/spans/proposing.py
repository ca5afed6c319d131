"""The spans that are proposed to reviewers: by a label model, from the votes of labeling functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import LabelModelSettings, LFSettings
from weaklabel.corpus import Corpus
from weaklabel.label_model.sequence import SpanVote
from weaklabel.lf.packs import LFCollection
from weaklabel.review.spans.state import SpanSnapshot
from weaklabel.units import Spans, in_code_points
from weaklabel.votes import apply_lfs
from weaklabel.votes.spans import SpanVotes


def vote_on_spans(lfs: LFCollection, corpus: Corpus, how: LFSettings, progress: bool) -> SpanVotes:
    """Apply labeling functions to a corpus; the votes keep words and texts."""
    votes: object = apply_lfs(lfs, corpus, error_budget=how.error_budget, workers=how.workers, progress=progress)
    assert isinstance(votes, SpanVotes)
    return votes


def propose(votes: SpanVotes, settings: LabelModelSettings, seed: int) -> tuple[Spans, NDArray[np.float64]]:
    """Fit a label model on votes; return its spans in code points, and their probabilities."""
    assert votes.words is not None
    labeled = SpanVote().predict(votes)
    return in_code_points(labeled.spans, votes.words), labeled.probs


def nothing_proposed(n_rows: int) -> SpanSnapshot:
    """Return the snapshot of a corpus without labeling functions and without spans."""
    none = np.empty(0, dtype=np.int64)
    return SpanSnapshot(None, None, Spans(none, none, none, none, n_rows), np.empty(0))
