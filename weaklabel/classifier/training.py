"""Fine-tuning: the whole loop. Only what needs torch anyway imports this file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weaklabel.classifier.choice import Metric, goodness
from weaklabel.classifier.cpu import faster_on_cpu
from weaklabel.classifier.forward import logits_of, soft_cross_entropy
from weaklabel.classifier.resume import Checkpoint
from weaklabel.classifier.targets import Targets
from weaklabel.encoder.device import length_batches
from weaklabel.errors import ClassifierError
from weaklabel.support.progress import Stage, showing, stage


class Diverged(ClassifierError):
    """The loss is no number any more."""


Loss = Callable[[NDArray[np.int64]], torch.Tensor]
"""Takes the row numbers of a batch, runs the model on them, and returns their mean loss, a scalar to descend."""


@dataclass(frozen=True)
class Recipe:
    """How to train; the fields are parameters of `weaklabel.BertClassifier` and described there."""

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


@dataclass(frozen=True)
class Examples:
    """Texts as tokens, with what is to be learned from them."""

    ids: list[list[int]]
    targets: torch.Tensor  # [n, k]
    weights: torch.Tensor  # [n], 1 on average, so that their scale does not act as a learning rate

    @classmethod
    def of(cls, ids: list[list[int]], targets: Targets) -> Examples:
        """Join tokens and targets, row by row."""
        weights = targets.weights / targets.weights.mean()
        return cls(ids, torch.tensor(targets.probs, dtype=torch.float32), torch.tensor(weights, dtype=torch.float32))

    def loss(self, model: torch.nn.Module, label_smoothing: float, device: torch.device) -> Loss:
        """Return the weighted soft cross-entropy of ``model`` on a batch of these rows."""

        def of(rows: NDArray[np.int64]) -> torch.Tensor:
            logits = logits_of(model, [self.ids[row] for row in rows], device)
            targets, weights = self.targets[rows].to(device), self.weights[rows].to(device)
            return (weights * soft_cross_entropy(logits, targets, label_smoothing)).mean()

        return of


@dataclass
class Run:
    """A training as it stands: what is done of it, and the best of that.

    Attributes
    ----------
    history
        An entry for each epoch that is done: its losses, learning rate and speed.
    best_epoch, best_state
        From 1; the epoch to keep, and its weights, on the CPU. Without validation there are no weights: it is the last.
    shuffle
        State of the generator of batches when the epoch under way began.
    batch, loss_sum, seconds
        Of the epoch under way: batches done, their summed loss, the time they took.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_state: dict[str, torch.Tensor] | None = None
    shuffle: dict[str, Any] = field(default_factory=dict)
    batch: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0

    _KEPT = ("history", "best_epoch", "shuffle", "batch", "loss_sum", "seconds")

    def as_json(self) -> dict[str, Any]:
        """Return all but the weights, fit for JSON."""
        return {name: getattr(self, name) for name in self._KEPT}

    def from_json(self, state: dict[str, Any]) -> None:
        """Take over what `as_json` gave."""
        for name in self._KEPT:
            setattr(self, name, state[name])

    def over(self, recipe: Recipe) -> bool:
        """Tell whether no epoch is left to train."""
        done = len(self.history)
        return done >= recipe.epochs or (recipe.patience is not None and done - self.best_epoch >= recipe.patience)


def train(
    model: torch.nn.Module,
    lengths: list[int],
    loss: Loss,
    recipe: Recipe,
    device: torch.device,
    *,
    validate: Callable[[], dict[str, float]] | None = None,
    report: Callable[[dict[str, Any]], None] = lambda entry: None,
    checkpoint: Checkpoint | None = None,
    what: str = "training",
) -> Run:
    """Fine-tune ``model`` in place and leave it with the weights of its best epoch.

    Parameters
    ----------
    lengths
        Tokens of every row; rows of like length make a batch. Shape: [n].
    loss
        See `Loss`.
    validate
        Called after each epoch for what the best is chosen by; without it the last epoch is kept.
    report
        Called after each epoch with its losses, learning rate and speed; on going on, with those done before.
    checkpoint
        Where the training stood, if it was interrupted, and where it is kept from now on.
    what
        What progress calls it.
    """
    model.to(device)
    steps_an_epoch = math.ceil(len(lengths) / recipe.batch_size)
    optimizer = _adamw(model, recipe, device)
    run, order = Run(), np.random.default_rng(recipe.seed)
    run.shuffle = dict(order.bit_generator.state)
    if checkpoint is not None:
        checkpoint.restore(model, optimizer, run, device)
        order.bit_generator.state = run.shuffle
    for entry in run.history:
        report(entry)
    steps = steps_an_epoch * recipe.epochs
    done = steps_an_epoch * len(run.history) + run.batch
    with showing(recipe.progress), stage(what, steps, "batches") as told:
        told.skip(done)
        while not run.over(recipe):
            batches = length_batches(lengths, recipe.batch_size, order)
            with faster_on_cpu(model, device):
                lr = _one_epoch(model, batches, loss, optimizer, recipe, device, run, told, checkpoint)
            entry = _entry(run, lr, len(lengths)) | (validate() if validate is not None else {})
            _need_finite(entry, recipe)
            _close_epoch(model, entry, run, recipe.metric, validate is not None)
            run.shuffle = dict(order.bit_generator.state)
            report(entry)
            losses = (name for name in ("loss", "validation_loss") if name in entry)
            told.note = ", ".join(f"{name.replace('_', ' ')} {entry[name]:.3f}" for name in losses)
    if checkpoint is not None:
        checkpoint.save(model, optimizer, run, device)
    if run.best_state is not None:
        model.load_state_dict(run.best_state)
    return run


def _one_epoch(
    model: torch.nn.Module,
    batches: list[NDArray[np.int64]],
    loss_of: Loss,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    device: torch.device,
    run: Run,
    told: Stage,
    checkpoint: Checkpoint | None,
) -> float:
    """Train on the batches that are not done yet; return the learning rate of the last step."""
    model.train()
    steps, before = len(batches) * recipe.epochs, len(batches) * len(run.history)
    total = torch.tensor(run.loss_sum, dtype=torch.float32, device=device)
    lr, began = 0.0, time.perf_counter() - run.seconds
    while run.batch < len(batches):
        rows = batches[run.batch]
        lr = recipe.lr * _warm_up_then_decay(steps, recipe.warmup, before + run.batch)
        for group in optimizer.param_groups:
            group["lr"] = lr
        loss = loss_of(rows)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.detach() * len(rows)
        run.batch += 1
        told.advance()
        if checkpoint is not None and checkpoint.due and run.batch < len(batches):
            run.loss_sum, run.seconds = float(total), time.perf_counter() - began
            checkpoint.save(model, optimizer, run, device)
    run.loss_sum, run.seconds = float(total), time.perf_counter() - began
    return lr


def _entry(run: Run, lr: float, n: int) -> dict[str, Any]:
    return {
        "epoch": len(run.history) + 1,
        "loss": run.loss_sum / n,
        "lr": lr,
        "seconds": round(run.seconds, 2),
        "texts_per_second": round(n / run.seconds, 1),
    }


def _close_epoch(model: torch.nn.Module, entry: dict[str, Any], run: Run, metric: Metric, validated: bool) -> None:
    run.history.append(entry)
    run.batch, run.loss_sum, run.seconds = 0, 0.0, 0.0
    if not validated:
        run.best_epoch = entry["epoch"]
    elif not run.best_epoch or goodness(entry, metric) > goodness(run.history[run.best_epoch - 1], metric):
        run.best_epoch = entry["epoch"]
        run.best_state = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _adamw(model: torch.nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.Optimizer:
    # Biases and normalisation layers are vectors; pulling them to 0 only hurts.
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    vectors = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.lr, fused=device.type in ("cpu", "cuda"))


def _warm_up_then_decay(steps: int, warmup: float, step: int) -> float:
    """Return the learning rate at ``step`` as a share of its peak: up in a straight line, then down to 0."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    return max(0.0, (steps - step) / max(1, steps - rising))


def _need_finite(entry: dict[str, Any], recipe: Recipe) -> None:
    if not all(math.isfinite(entry.get(name, 0.0)) for name in ("loss", "validation_loss")):
        raise Diverged(
            f"training diverged: the loss of epoch {entry['epoch']} is not a number; try a lower lr than {recipe.lr}"
        )
