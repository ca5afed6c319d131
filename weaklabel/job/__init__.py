"""Long jobs over a corpus: done in parts, resumed after any interruption, on one machine or many."""

from weaklabel.job.label import Labelling, label_file
from weaklabel.job.predict import Predicted, mark_as_trained, predict_file
from weaklabel.job.work import LabelOptions

__all__ = ["LabelOptions", "Labelling", "Predicted", "label_file", "mark_as_trained", "predict_file"]
