"""What one training run is set to, and its progress: shared by the training loop, its checkpoints and the tuner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from weaklabel.classifier.options import Metric

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Recipe:
    """How to train, at one learning rate; the fields are parameters of `weaklabel.BertClassifier` and described there."""

    epochs: int
    batch_size: int
    lr: float
    warmup: float
    weight_decay: float
    clip: float
    patience: int | None
    seed: int
    progress: bool
    metric: Metric = "loss"


@dataclass
class TrainingState:
    """The progress of a training, and its best epoch so far.

    Attributes
    ----------
    history
        One entry for each finished epoch: its losses, learning rate and speed.
    best_epoch, best_state
        Number of the epoch to keep, from 1, and its weights, on the CPU. Without validation there are no weights, and the
        epoch is the last one.
    shuffle
        State of the batch generator at the start of the current epoch.
    batch, loss_sum, seconds
        Of the current epoch: number of finished batches, the sum of their losses, and the time they took.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_state: dict[str, torch.Tensor] | None = None
    shuffle: dict[str, Any] = field(default_factory=dict)
    batch: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0

    _SAVED = ("history", "best_epoch", "shuffle", "batch", "loss_sum", "seconds")

    def as_json(self) -> dict[str, Any]:
        """Return everything but the weights, in values that JSON has."""
        return {name: getattr(self, name) for name in self._SAVED}

    def from_json(self, saved: dict[str, Any]) -> None:
        """Restore what `as_json` returned."""
        for name in self._SAVED:
            setattr(self, name, saved[name])

    def is_finished(self, recipe: Recipe) -> bool:
        """Return whether no epoch is left to train."""
        done = len(self.history)
        return done >= recipe.epochs or (recipe.patience is not None and done - self.best_epoch >= recipe.patience)


def goodness(entry: dict[str, Any], metric: Metric) -> tuple[float, float]:
    """Return the sort key by which the best epoch is chosen, higher is better: the metric, then a low validation loss."""
    loss = -entry["validation_loss"]
    return (loss if metric == "loss" else entry[f"validation_{metric}"]), loss
