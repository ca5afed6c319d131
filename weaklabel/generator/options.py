"""The settings of a fine-tuning of a language model in one object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from weaklabel.classifier.logs import Logger, check_loggers
from weaklabel.classifier.options import check_needs_no_validation, check_ranges
from weaklabel.errors import ClassifierError, require

Method = Literal["lora", "full"]
"""Low-rank adapters beside frozen weights, or all weights."""

SoftLabels = Literal["sample", "weights"]
"""What becomes of the probabilities of a row: one answer is drawn by them, or each answer counts by its probability."""

# Smallest and largest value of each number.
_RANGES = {
    "rank": (1, 4096),
    "alpha": (0, math.inf),
    "dropout": (0, 0.9),
    "epochs": (1, math.inf),
    "evaluations": (1, math.inf),
    "batch_size": (1, math.inf),
    "lr": (0, math.inf),
    "warmup": (0, 1),
    "weight_decay": (0, math.inf),
    "clip": (0, math.inf),
    "max_length": (16, math.inf),
    "patience": (1, math.inf),
    "validation_share": (0, 0.9),
    "checkpoint_seconds": (0, math.inf),
}

EXTRA = "weaklabel[sft]"
"""What to install for fine-tuning."""


@dataclass(frozen=True)
class TuningOptions:
    """How to fine-tune; the fields are parameters of `weaklabel.generator.CausalFineTuner` and described there."""

    model: str | Path | None
    method: Method
    rank: int
    alpha: float
    dropout: float
    epochs: int
    evaluations: int
    batch_size: int
    lr: float | Sequence[float]
    warmup: float
    weight_decay: float
    clip: float
    max_length: int
    patience: int | None
    validation_share: float
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
            A package is not installed; names the pip line.
        """
        if self.method not in get_args(Method):
            raise ClassifierError(f"method must be one of {', '.join(get_args(Method))}, not '{self.method}'")
        check_ranges(self, _RANGES, self.learning_rates, ("patience",))
        if not validated and not self.validation_share:
            check_needs_no_validation(
                {
                    "patience": self.patience is not None,
                    "choosing among several learning rates": len(self.learning_rates) > 1,
                }
            )
        check_loggers(self.loggers, self.run_folder)
        need_packages()


def need_packages() -> None:
    """Refuse to fine-tune without the packages for it, before any work is done.

    Raises
    ------
    MissingPackageError
        Names the pip line.
    """
    import importlib.util

    for name in ("trl", "peft", "accelerate", "datasets"):
        if importlib.util.find_spec(name) is None:
            require(name, EXTRA, "fine-tuning a language model")
