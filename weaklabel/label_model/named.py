"""Label models by name, and reading a saved one."""

from __future__ import annotations

import os

from weaklabel.label_model.auto import AutoLabelModel
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.committee import CommitteeLabelModel
from weaklabel.label_model.dawid_skene import DawidSkene
from weaklabel.label_model.hyper.model import HyperLabelModel
from weaklabel.label_model.majority import MajorityVote
from weaklabel.label_model.saving import read_model
from weaklabel.label_model.snorkel import LabelModel
from weaklabel.label_model.structured.model import StructuredLabelModel
from weaklabel.label_model.text.model import TextLabelModel
from weaklabel.label_model.triplets import TripletLabelModel
from weaklabel.label_model.weighted import WeightedMajorityVote

LABEL_MODELS: dict[str, type[BaseLabelModel]] = {
    "auto": AutoLabelModel,
    "majority": MajorityVote,
    "weighted": WeightedMajorityVote,
    "snorkel": LabelModel,
    "dawid-skene": DawidSkene,
    "triplets": TripletLabelModel,
    "structured": StructuredLabelModel,
    "hyper": HyperLabelModel,
    "committee": CommitteeLabelModel,
    "text": TextLabelModel,
}
"""As they are called on the command line and in project files."""


def load_label_model(path: str | os.PathLike[str]) -> BaseLabelModel:
    """Read a label model that `BaseLabelModel.save` wrote.

    Parameters
    ----------
    path
        The file, or the folder that it lies in.

    Raises
    ------
    LabelModelError
        The file is missing, damaged, or not a label model; names the file.
    """
    return read_model(path)
