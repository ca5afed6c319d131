"""The settings of a fine-tuning in one object: what training, tuning and checks need to know of a `BertClassifier`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from weaklabel.classifier.logs import Logger, check_loggers
from weaklabel.errors import ClassifierError

Metric = Literal["loss", "accuracy", "macro_f1", "f1"]
"""On the validation rows: soft cross-entropy, accuracy, macro F1, or F1 of class 1 of two classes."""

# Smallest and largest value of each number.
_RANGES = {
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

# With two classes the first epoch learns the rule behind the labels and later ones their errors, judged on gold (comments:
# .933 after one epoch, .908 after three). More classes take longer to learn at all: with nine, one epoch of 55 batches gave
# .63 and three .89. A small corpus needs more passes, too.
STEPS_PER_CLASS = 25
MAX_EPOCHS = 10

# Where the best epoch is chosen on validation rows, more epochs cost time but do not hurt.
VALIDATED_EPOCHS = 5
VALIDATED_PATIENCE = 2


@dataclass(frozen=True)
class TrainingOptions:
    """How to fine-tune; the fields are parameters of `weaklabel.BertClassifier` and described there."""

    model: str | Path | None
    epochs: int | None
    batch_size: int
    lr: float | Sequence[float]
    warmup: float
    weight_decay: float
    clip: float
    max_length: int
    label_smoothing: float
    patience: int | None
    validation_share: float
    metric: Metric
    pretrain_epochs: int
    seed: int
    device: str | None
    run_folder: str | Path | None
    checkpoint_seconds: float
    loggers: Sequence[Logger]
    progress: bool

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """The learning rates to try, one or several."""
        return (self.lr,) if isinstance(self.lr, int | float) else tuple(self.lr)

    def epochs_and_patience(self, rows: int, k: int, validated: bool) -> tuple[int, int | None]:
        """Return the epochs and the patience to train ``rows`` rows of ``k`` classes with."""
        if self.epochs is not None:
            return self.epochs, self.patience
        enough = min(MAX_EPOCHS, math.ceil(STEPS_PER_CLASS * k / math.ceil(rows / self.batch_size)))
        if not validated:
            return enough, None
        return max(VALIDATED_EPOCHS, enough), self.patience or VALIDATED_PATIENCE

    def check(self, validated: bool) -> None:
        """Refuse values that are out of range, contradict one another, or need validation rows or a run folder.

        Parameters
        ----------
        validated
            Whether `fit` will be given validation rows.

        Raises
        ------
        ClassifierError
            Names the parameter and its range.
        MissingPackageError
            A logger needs a package that is not installed.
        """
        check_ranges(self, _RANGES, self.learning_rates, ("epochs", "patience"))
        if validated and self.validation_share:
            raise ClassifierError("give validation texts or a validation_share, not both")
        if not validated and not self.validation_share:
            check_needs_no_validation(
                {
                    "patience": self.patience is not None,
                    f"the metric '{self.metric}'": self.metric != "loss",
                    "choosing among several learning rates": len(self.learning_rates) > 1,
                }
            )
        check_loggers(self.loggers, self.run_folder)


def check_ranges(
    options: Any, ranges: Mapping[str, tuple[float, float]], rates: Sequence[float], optional: Sequence[str]
) -> None:
    """Refuse numbers that are out of range, and learning rates of which there are none, or two the same.

    Parameters
    ----------
    options
        Holds the numbers as attributes.
    ranges
        Smallest and largest value of each.
    rates
        The learning rates to try; their range is that of ``lr``.
    optional
        Numbers that may be None.
    """
    numbers = [(name, getattr(options, name)) for name in ranges if name != "lr"]
    for name, value in numbers + [("lr", lr) for lr in rates]:
        smallest, largest = ranges[name]
        if value is None and name in optional:
            continue
        if not smallest <= value <= largest:
            raise ClassifierError(f"{name} must be from {smallest} to {largest}, not {value}")
    if len(rates) != len(set(rates)) or not rates:
        raise ClassifierError(f"lr must be one learning rate or several different ones, not {options.lr}")


def check_needs_no_validation(needs: Mapping[str, bool]) -> None:
    """Refuse what is set and needs validation rows, where there are none: what it is -> whether it is set."""
    for what, is_set in needs.items():
        if is_set:
            raise ClassifierError(f"{what} needs validation rows: set validation_share, or give validation to fit")


def check_metric(metric: str, k: int) -> None:
    """Refuse a metric that is unknown, or is not defined for ``k`` classes."""
    if metric not in get_args(Metric):
        raise ClassifierError(f"metric must be one of {', '.join(get_args(Metric))}, not '{metric}'")
    if metric == "f1" and k != 2:
        raise ClassifierError(f"the metric 'f1' is that of class 1 of two classes, and there are {k}; use 'macro_f1'")
