"""Label models for spans."""

from weaklabel.label_model.sequence.auto import AutoSpanModel
from weaklabel.label_model.sequence.base import SpanLabelModel, SpanLabels
from weaklabel.label_model.sequence.sample import SpanTextSample, SpanTextSampler
from weaklabel.label_model.sequence.saving import load_span_label_model, make_span_label_model
from weaklabel.label_model.sequence.text import SpanTextModel
from weaklabel.label_model.sequence.vote import SpanVote, WordVote

__all__ = [
    "AutoSpanModel",
    "SpanLabelModel",
    "SpanLabels",
    "SpanTextModel",
    "SpanTextSample",
    "SpanTextSampler",
    "SpanVote",
    "WordVote",
    "load_span_label_model",
    "make_span_label_model",
]
