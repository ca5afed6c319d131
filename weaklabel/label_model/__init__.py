"""Label models: from noisy votes to probabilistic labels."""

from weaklabel.label_model.balance import class_balance_from_gold, majority_class_balance
from weaklabel.label_model.base import LabelModel, load_label_model
from weaklabel.label_model.majority import MajorityVote
from weaklabel.label_model.snorkel import SnorkelLabelModel

__all__ = [
    "LabelModel",
    "MajorityVote",
    "SnorkelLabelModel",
    "class_balance_from_gold",
    "load_label_model",
    "majority_class_balance",
]
