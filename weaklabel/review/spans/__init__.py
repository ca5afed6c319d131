"""Looking at spans by hand: marks in a text are accepted, dropped, relabeled, moved and added; complete texts are gold."""

from weaklabel.review.spans.agreement import PairF1, SpanAgreement
from weaklabel.review.spans.opening import open_span_review
from weaklabel.review.spans.query import SpanFilter
from weaklabel.review.spans.review import SpanReview
from weaklabel.review.spans.views import ProposedSpan, SpanRowView, SpanVoteView

__all__ = [
    "PairF1",
    "ProposedSpan",
    "SpanAgreement",
    "SpanFilter",
    "SpanReview",
    "SpanRowView",
    "SpanVoteView",
    "open_span_review",
]
