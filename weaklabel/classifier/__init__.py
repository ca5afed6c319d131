"""Classifiers: trained on texts with probabilistic labels.

Importing them loads neither torch nor scikit-learn; training and prediction do.
"""

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.bert import BertClassifier
from weaklabel.classifier.export import check_exportable
from weaklabel.classifier.linear import LinearClassifier
from weaklabel.classifier.logs import written_by_training
from weaklabel.classifier.majority import MajorityClassifier
from weaklabel.classifier.onnx import OnnxClassifier
from weaklabel.classifier.pretraining import pretrain_mlm
from weaklabel.classifier.robust import RobustClassifier
from weaklabel.classifier.saving import check_model_folder, export_check, load_classifier, written_by_model

__all__ = [
    "BertClassifier",
    "Classifier",
    "LinearClassifier",
    "MajorityClassifier",
    "OnnxClassifier",
    "RobustClassifier",
    "check_exportable",
    "check_model_folder",
    "export_check",
    "load_classifier",
    "pretrain_mlm",
    "written_by_model",
    "written_by_training",
]
