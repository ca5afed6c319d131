"""The training loop of fine-tuning and pretraining.

This file imports torch, so only code that needs torch anyway imports it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weaklabel.classifier.checkpoint import Checkpoint
from weaklabel.classifier.forward import faster_on_cpu, logits_of, soft_cross_entropy
from weaklabel.classifier.options import Metric
from weaklabel.classifier.recipe import Recipe, TrainingState, goodness
from weaklabel.classifier.targets import Targets
from weaklabel.encoder.inference import length_batches
from weaklabel.errors import ClassifierError
from weaklabel.support.progress import Stage, showing, stage


class Diverged(ClassifierError):
    """The loss is not a finite number."""


Loss = Callable[[NDArray[np.int64]], torch.Tensor]
"""Runs the model on a batch, given by its row numbers, and returns the mean loss, a scalar to minimise."""


@dataclass(frozen=True)
class Examples:
    """Tokenized texts with their targets and weights."""

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
) -> TrainingState:
    """Fine-tune ``model`` in place and leave it with the weights of its best epoch.

    Parameters
    ----------
    lengths
        Tokens of every row; rows of like length make a batch. Shape: [n].
    loss
        See `Loss`.
    validate
        Called after each epoch; returns the scores by which the best epoch is chosen. Without it the last epoch is kept.
    report
        Called after each epoch with its losses, learning rate and speed; a resumed training first reports its earlier epochs.
    checkpoint
        Resumed from, if its file exists, and saved to from now on.
    what
        Shown with the progress.
    """
    model.to(device)
    steps_an_epoch = math.ceil(len(lengths) / recipe.batch_size)
    optimizer = _adamw(model, recipe, device)
    state, order = TrainingState(), np.random.default_rng(recipe.seed)
    state.shuffle = dict(order.bit_generator.state)
    if checkpoint is not None:
        checkpoint.restore(model, optimizer, state, device)
        order.bit_generator.state = state.shuffle
    for entry in state.history:
        report(entry)
    steps = steps_an_epoch * recipe.epochs
    done = steps_an_epoch * len(state.history) + state.batch
    with showing(recipe.progress), stage(what, steps, "batches") as progress:
        progress.skip(done)
        while not state.is_finished(recipe):
            batches = length_batches(lengths, recipe.batch_size, order)
            with faster_on_cpu(model, device):
                lr = _one_epoch(model, batches, loss, optimizer, recipe, device, state, progress, checkpoint)
            entry = _entry(state, lr, len(lengths)) | (validate() if validate is not None else {})
            _need_finite(entry, recipe)
            _close_epoch(model, entry, state, recipe.metric, validate is not None)
            state.shuffle = dict(order.bit_generator.state)
            report(entry)
            losses = (name for name in ("loss", "validation_loss") if name in entry)
            progress.note = ", ".join(f"{name.replace('_', ' ')} {entry[name]:.3f}" for name in losses)
    if checkpoint is not None:
        checkpoint.save(model, optimizer, state, device)
    if state.best_state is not None:
        model.load_state_dict(state.best_state)
    return state


def _one_epoch(
    model: torch.nn.Module,
    batches: list[NDArray[np.int64]],
    loss_of: Loss,
    optimizer: torch.optim.Optimizer,
    recipe: Recipe,
    device: torch.device,
    state: TrainingState,
    progress: Stage,
    checkpoint: Checkpoint | None,
) -> float:
    """Train on the batches of the epoch that are left; return the learning rate of the last step."""
    model.train()
    steps, before = len(batches) * recipe.epochs, len(batches) * len(state.history)
    total = torch.tensor(state.loss_sum, dtype=torch.float32, device=device)
    lr, began = 0.0, time.perf_counter() - state.seconds
    while state.batch < len(batches):
        rows = batches[state.batch]
        lr = recipe.lr * _warm_up_then_decay(steps, recipe.warmup, before + state.batch)
        for group in optimizer.param_groups:
            group["lr"] = lr * group["scale"]
        loss = loss_of(rows)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.detach() * len(rows)
        state.batch += 1
        progress.advance()
        if checkpoint is not None and checkpoint.is_due and state.batch < len(batches):
            state.loss_sum, state.seconds = float(total), time.perf_counter() - began
            checkpoint.save(model, optimizer, state, device)
    state.loss_sum, state.seconds = float(total), time.perf_counter() - began
    return lr


def _entry(state: TrainingState, lr: float, n: int) -> dict[str, Any]:
    return {
        "epoch": len(state.history) + 1,
        "loss": state.loss_sum / n,
        "lr": lr,
        "seconds": round(state.seconds, 2),
        "texts_per_second": round(n / state.seconds, 1),
    }


def _close_epoch(
    model: torch.nn.Module, entry: dict[str, Any], state: TrainingState, metric: Metric, validated: bool
) -> None:
    state.history.append(entry)
    state.batch, state.loss_sum, state.seconds = 0, 0.0, 0.0
    if not validated:
        state.best_epoch = entry["epoch"]
    elif not state.best_epoch or goodness(entry, metric) > goodness(state.history[state.best_epoch - 1], metric):
        state.best_epoch = entry["epoch"]
        state.best_state = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


SCALE = "weaklabel_lr_scale"
"""Attribute of a parameter whose learning rate is that of the recipe times a number."""


def _adamw(model: torch.nn.Module, recipe: Recipe, device: torch.device) -> torch.optim.Optimizer:
    def scale_of(weight: torch.nn.Parameter) -> float:
        return float(getattr(weight, SCALE, 1.0))

    # Biases and normalisation layers are vectors; pulling them to 0 only hurts.
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    vectors = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [
        {"params": [weight for weight in weights if scale_of(weight) == scale], "weight_decay": decay, "scale": scale}
        for scale in sorted({*map(scale_of, model.parameters())})
        for weights, decay in ((matrices, recipe.weight_decay), (vectors, 0.0))
    ]
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
