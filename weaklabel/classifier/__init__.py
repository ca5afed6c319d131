"""Classifiers: trained on texts with probabilistic labels.

Importing them loads neither torch nor scikit-learn; training and prediction do.
"""

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.bert import BertClassifier
from weaklabel.classifier.linear import LinearClassifier
from weaklabel.classifier.majority import MajorityClassifier
from weaklabel.classifier.saving import check_model_folder, load_classifier

__all__ = [
    "BertClassifier",
    "Classifier",
    "LinearClassifier",
    "MajorityClassifier",
    "check_model_folder",
    "load_classifier",
]
