"""Causal language models: fine-tuned on conversations with weak labels, and used as classifiers.

Importing it loads neither torch nor TRL; fine-tuning and prediction do.
"""

from weaklabel.generator.classifier import GeneratorClassifier
from weaklabel.generator.examples import Example, read_examples
from weaklabel.generator.tuner import CausalFineTuner

__all__ = ["CausalFineTuner", "Example", "GeneratorClassifier", "read_examples"]
