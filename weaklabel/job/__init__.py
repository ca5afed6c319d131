"""Long jobs over a corpus: done in parts, resumed after any interruption, on one machine or many."""

from weaklabel.job.label import LabeledFile, fit_corpus, label_corpus, label_file, read_voted, vote_corpus
from weaklabel.job.labeled import FittedCorpus, LabeledCorpus, LabeledPart, VotedCorpus
from weaklabel.job.predict import PredictedFile, mark_as_trained, predict_file
from weaklabel.job.spans import LabeledSpanPart, LabeledSpans, VotedSpans, label_spans, read_voted_spans, vote_spans
from weaklabel.job.voting import LabelOptions

__all__ = [
    "FittedCorpus",
    "LabelOptions",
    "LabeledCorpus",
    "LabeledFile",
    "LabeledPart",
    "LabeledSpanPart",
    "LabeledSpans",
    "PredictedFile",
    "VotedCorpus",
    "VotedSpans",
    "fit_corpus",
    "label_corpus",
    "label_file",
    "label_spans",
    "mark_as_trained",
    "predict_file",
    "read_voted",
    "read_voted_spans",
    "vote_corpus",
    "vote_spans",
]
