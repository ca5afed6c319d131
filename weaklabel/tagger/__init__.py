"""Taggers: models that mark spans in texts, trained on spans with probabilities.

Importing them loads neither torch nor scipy; training and prediction do.
"""

from weaklabel.tagger.base import Tagger
from weaklabel.tagger.linear import LinearTagger
from weaklabel.tagger.named import load_tagger, make_tagger
from weaklabel.tagger.tokens import TokenClassifier

__all__ = ["LinearTagger", "Tagger", "TokenClassifier", "load_tagger", "make_tagger"]
