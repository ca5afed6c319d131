"""Classifiers: trained on texts with probabilistic labels.

Importing them loads neither torch nor scikit-learn; training and prediction do.
"""

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.bert import BertClassifier
from weaklabel.classifier.exporter import ClassifierExporter, Exporter
from weaklabel.classifier.folder import check_model_folder, written_by_model
from weaklabel.classifier.hybrid import HybridClassifier
from weaklabel.classifier.linear import LinearClassifier
from weaklabel.classifier.logs import written_by_training
from weaklabel.classifier.majority import MajorityClassifier
from weaklabel.classifier.named import export_check, load_classifier
from weaklabel.classifier.onnx import OnnxClassifier
from weaklabel.classifier.pretraining import pretrain_mlm
from weaklabel.classifier.robust import RobustClassifier

__all__ = [
    "BertClassifier",
    "Classifier",
    "ClassifierExporter",
    "Exporter",
    "HybridClassifier",
    "LinearClassifier",
    "MajorityClassifier",
    "OnnxClassifier",
    "RobustClassifier",
    "check_model_folder",
    "export_check",
    "load_classifier",
    "pretrain_mlm",
    "written_by_model",
    "written_by_training",
]
