"""Classifiers by name: what a project file or a command line asks for, made and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.bert import BertClassifier
from weaklabel.classifier.linear import LinearClassifier
from weaklabel.classifier.majority import MajorityClassifier
from weaklabel.classifier.robust import RobustClassifier
from weaklabel.config import ClassifierSettings
from weaklabel.errors import ConfigError


def make_classifier(
    settings: ClassifierSettings,
    labels: Sequence[str],
    seed: int = 0,
    *,
    log: Path | None = None,
    progress: bool = False,
    validated: bool = False,
) -> Classifier:
    """Make the classifier that the settings name, checked but not fitted.

    Parameters
    ----------
    settings
        See `weaklabel.config.ClassifierSettings`.
    labels
        Class names. Length: k.
    seed
        Of everything random.
    log
        Folder for BERT's training log.
    progress
        Show progress on stderr.
    validated
        Whether it will be fitted with validation rows.

    Raises
    ------
    ClassifierError
        A setting is out of range, or needs validation rows or a log.
    ConfigError
        The classifier has no such setting.
    """
    options = settings.options()
    if settings.name != "linear":
        cls = BertClassifier if settings.name == "bert" else RobustClassifier
        model = cls(labels=labels, seed=seed, run_folder=log, progress=progress, **options)
        model.check_params(validated)
        return model
    if options:
        raise ConfigError(f"the linear classifier has no {', '.join(options)}; leave that out, or train bert")
    return LinearClassifier(labels=labels, seed=seed)


def with_baselines(name: str, classifier: Classifier, labels: Sequence[str], seed: int) -> dict[str, Classifier]:
    """Return a classifier and the baselines that always stand beside it in the scores, by stage."""
    baselines: dict[str, Classifier] = {
        "majority_class": MajorityClassifier(labels=labels),
        "linear": LinearClassifier(labels=labels, seed=seed),
    }
    return baselines | {name: classifier}
