"""More training rows, made of those that are there by transformation functions that keep the label."""

from weaklabel.augment.apply import TFApplier
from weaklabel.augment.core import FunctionTF, TextTransformation, TransformationFunction, transformation_function
from weaklabel.augment.corpus import augment_corpus
from weaklabel.augment.loading import TFCollection, load_tfs

__all__ = [
    "FunctionTF",
    "TFApplier",
    "TFCollection",
    "TextTransformation",
    "TransformationFunction",
    "augment_corpus",
    "load_tfs",
    "transformation_function",
]
