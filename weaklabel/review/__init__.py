"""Looking at labels by hand: browsing, deciding, spot checks, agreement, and editing labeling functions."""

from weaklabel.review.agreement import Agreement, PairAgreement
from weaklabel.review.opening import open_review
from weaklabel.review.packs.editor import Editor, Saved
from weaklabel.review.packs.lf_spec import EditableLF, LFSpec
from weaklabel.review.packs.preview import LFPreview, LFStats
from weaklabel.review.precision import PrecisionEstimate
from weaklabel.review.query import Filter, RowPage
from weaklabel.review.review import Review
from weaklabel.review.spans.review import SpanReview
from weaklabel.review.spot_checks import Sample
from weaklabel.review.views import LFLine, RowView, VoteView
from weaklabel.scoring.intervals import Share

__all__ = [
    "Agreement",
    "EditableLF",
    "Editor",
    "Filter",
    "LFLine",
    "LFPreview",
    "LFSpec",
    "LFStats",
    "PairAgreement",
    "PrecisionEstimate",
    "Review",
    "RowPage",
    "RowView",
    "Sample",
    "Saved",
    "Share",
    "SpanReview",
    "VoteView",
    "open_review",
]
