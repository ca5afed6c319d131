"""Label models: from noisy votes to probabilistic labels.

Here are the label models, all subclasses of `BaseLabelModel`; `LABEL_MODELS`, which has them by name; `make_label_model` and
`load_label_model`; the class balance; dependencies between labeling functions; validation on gold labels; and Snorkel's
conversions between predictions and probabilities.
"""

from weaklabel.label_model.auto import AutoLabelModel
from weaklabel.label_model.balance import class_balance_from_gold, majority_class_balance
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.committee import CommitteeLabelModel
from weaklabel.label_model.dawid_skene import DawidSkene
from weaklabel.label_model.dependencies import find_dependencies
from weaklabel.label_model.gold import GoldVotes
from weaklabel.label_model.hyper.model import HyperLabelModel
from weaklabel.label_model.majority import MajorityVote
from weaklabel.label_model.named import load_label_model, make_label_model
from weaklabel.label_model.preds import filter_unlabeled_dataframe, preds_to_probs, probs_to_preds
from weaklabel.label_model.snorkel import LabelModel
from weaklabel.label_model.structured.model import StructuredLabelModel
from weaklabel.label_model.text.model import TextLabelModel
from weaklabel.label_model.triplets import TripletLabelModel
from weaklabel.label_model.validated import Validated, validate_label_models
from weaklabel.label_model.weighted import WeightedMajorityVote
from weaklabel.registries import LABEL_MODELS

__all__ = [
    "LABEL_MODELS",
    "AutoLabelModel",
    "BaseLabelModel",
    "CommitteeLabelModel",
    "DawidSkene",
    "GoldVotes",
    "HyperLabelModel",
    "LabelModel",
    "MajorityVote",
    "StructuredLabelModel",
    "TextLabelModel",
    "TripletLabelModel",
    "Validated",
    "WeightedMajorityVote",
    "class_balance_from_gold",
    "filter_unlabeled_dataframe",
    "find_dependencies",
    "load_label_model",
    "majority_class_balance",
    "make_label_model",
    "preds_to_probs",
    "probs_to_preds",
    "validate_label_models",
]
