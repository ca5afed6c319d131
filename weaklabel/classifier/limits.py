"""What the parameters of training may be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from weaklabel.classifier.logs import check_loggers
from weaklabel.errors import ClassifierError

if TYPE_CHECKING:
    from weaklabel.classifier.bert import BertClassifier

# Least and most of each number that can be set.
_LIMITS = {
    "epochs": (1, math.inf),
    "batch_size": (1, math.inf),
    "lr": (0, math.inf),
    "warmup": (0, 1),
    "weight_decay": (0, math.inf),
    "clip": (0, math.inf),
    "max_length": (3, math.inf),
    "label_smoothing": (0, 1),
    "patience": (1, math.inf),
    "validation_share": (0, 0.9),
    "pretrain_epochs": (0, math.inf),
    "checkpoint_seconds": (0, math.inf),
}


def check_training(classifier: BertClassifier, validated: bool) -> None:
    """Refuse parameters that are out of range, contradict one another, or need validation or a run folder.

    Parameters
    ----------
    classifier
        Whose parameters they are.
    validated
        Whether `fit` will be given validation rows.

    Raises
    ------
    ClassifierError
        Says which one, and what it may be.
    MissingPackageError
        A logger needs it.
    """
    rates = (classifier.lr,) if isinstance(classifier.lr, int | float) else tuple(classifier.lr)
    given = [(name, getattr(classifier, name)) for name in _LIMITS if name != "lr"]
    for name, value in given + [("lr", lr) for lr in rates]:
        least, most = _LIMITS[name]
        if value is None and name in ("epochs", "patience"):
            continue
        if not least <= value <= most:
            raise ClassifierError(f"{name} must be from {least} to {most}, not {value}")
    if len(rates) != len(set(rates)) or not rates:
        raise ClassifierError(f"lr must be one learning rate or several different ones, not {classifier.lr}")
    if validated and classifier.validation_share:
        raise ClassifierError("give validation texts or a validation_share, not both")
    if not validated and not classifier.validation_share:
        chosen_by = {
            "patience": classifier.patience is not None,
            f"the metric '{classifier.metric}'": classifier.metric != "loss",
            "choosing among several learning rates": len(rates) > 1,
        }
        for what, wanted in chosen_by.items():
            if wanted:
                raise ClassifierError(
                    f"{what} needs something to validate on: set validation_share, or give fit validation"
                )
    check_loggers(classifier.loggers, classifier.run_folder)
