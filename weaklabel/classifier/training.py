"""Fine-tuning on probabilistic labels: the whole loop. Only what needs torch anyway imports this file."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm

from weaklabel.classifier.cpu import faster_on_cpu
from weaklabel.classifier.targets import Targets
from weaklabel.device import length_batches, mixed_precision
from weaklabel.errors import ClassifierError

VALIDATION_BATCH = 64  # texts


@dataclass(frozen=True)
class Recipe:
    """How to train; the fields are parameters of `weaklabel.BertClassifier` and described there."""

    epochs: int
    batch_size: int
    lr: float
    warmup: float
    weight_decay: float
    clip: float
    label_smoothing: float
    patience: int | None
    seed: int
    progress: bool


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


def train(
    model: torch.nn.Module,
    examples: Examples,
    validation: Examples | None,
    recipe: Recipe,
    device: torch.device,
    report: Callable[[dict[str, Any]], None],
) -> tuple[list[dict[str, Any]], int]:
    """Fine-tune ``model`` in place and leave it with the weights of its best epoch.

    The best epoch is that of the lowest validation loss, or without validation the last.

    Parameters
    ----------
    report
        Called after each epoch with its losses, learning rate and speed.

    Returns
    -------
    history, best epoch
        What was reported, and the number, from 1, of the epoch whose weights were kept.
    """
    model.to(device)
    steps_an_epoch = math.ceil(len(examples.ids) / recipe.batch_size)
    steps = steps_an_epoch * recipe.epochs
    optimizer = _adamw(model, recipe, device)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(_warm_up_then_decay, steps, recipe.warmup))
    rng = np.random.default_rng(recipe.seed)
    history: list[dict[str, Any]] = []
    lowest, best_epoch, best_state = math.inf, 0, None
    with tqdm(total=steps, desc="training", unit="batch", disable=not recipe.progress) as bar:
        for epoch in range(1, recipe.epochs + 1):
            began = time.perf_counter()
            with faster_on_cpu(model, device):
                loss, lr = _one_epoch(model, examples, optimizer, schedule, recipe, device, rng, bar)
            seconds = time.perf_counter() - began
            entry = {"epoch": epoch, "loss": loss, "lr": lr, "seconds": round(seconds, 2)}
            entry["texts_per_second"] = round(len(examples.ids) / seconds, 1)
            if validation is not None:
                entry["validation_loss"] = _validation_loss(model, validation, device)
            _need_finite(entry, recipe)
            history.append(entry)
            report(entry)
            bar.set_postfix({name: f"{entry[name]:.3f}" for name in ("loss", "validation_loss") if name in entry})
            if validation is None:
                best_epoch = epoch
            elif entry["validation_loss"] < lowest:
                lowest, best_epoch = entry["validation_loss"], epoch
                best_state = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
            elif recipe.patience is not None and epoch - best_epoch >= recipe.patience:
                break
    if best_state is not None:
        model.load_state_dict(best_state)
    return history, best_epoch


def _one_epoch(
    model: torch.nn.Module,
    examples: Examples,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
    recipe: Recipe,
    device: torch.device,
    rng: np.random.Generator,
    bar: tqdm,
) -> tuple[float, float]:
    """Train on every row once; return the mean loss and the learning rate of the last step."""
    model.train()
    total = torch.zeros((), device=device)
    lr = 0.0
    for rows in length_batches([len(tokens) for tokens in examples.ids], recipe.batch_size, rng):
        logits = _forward(model, [examples.ids[row] for row in rows], device)
        targets, weights = examples.targets[rows].to(device), examples.weights[rows].to(device)
        loss = (weights * soft_cross_entropy(logits, targets, recipe.label_smoothing)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        lr = optimizer.param_groups[0]["lr"]
        schedule.step()
        total += loss.detach() * len(rows)
        bar.update()
    return float(total) / len(examples.ids), lr


def soft_cross_entropy(logits: torch.Tensor, targets: torch.Tensor, smoothing: float = 0.0) -> torch.Tensor:
    """Return each row's cross-entropy with its soft target, in nats. Shape: [b, k], [b, k] -> [b]."""
    targets = targets * (1 - smoothing) + smoothing / targets.shape[1]
    return -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1)


def predict_logits(model: torch.nn.Module, ids: list[list[int]], device: torch.device) -> torch.Tensor:
    """Return the logits of every row in float32, on the CPU. Shape: [n] -> [n, k]."""
    model.eval()
    logits = torch.empty(len(ids), model.config.num_labels)
    with torch.inference_mode():
        for rows in length_batches([len(tokens) for tokens in ids], VALIDATION_BATCH):
            logits[rows] = _forward(model, [ids[row] for row in rows], device).cpu()
    return logits


def _validation_loss(model: torch.nn.Module, validation: Examples, device: torch.device) -> float:
    losses = soft_cross_entropy(predict_logits(model, validation.ids, device), validation.targets)
    return float((validation.weights * losses).mean())


def _forward(model: torch.nn.Module, ids: list[list[int]], device: torch.device) -> torch.Tensor:
    lengths = torch.tensor([len(tokens) for tokens in ids])
    padding = model.config.pad_token_id
    tokens = pad_sequence([torch.tensor(row) for row in ids], batch_first=True, padding_value=padding)
    mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
    with mixed_precision(device), head_in_float32(model, device):
        return model(input_ids=tokens.to(device), attention_mask=mask.to(device)).logits.float()


@contextlib.contextmanager
def head_in_float32(model: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Keep what stands behind the encoder out of mixed precision.

    bfloat16 has 8 significant bits: enough inside the encoder, too few for probabilities to rank texts by.
    """
    heads = [child for child in model.children() if child is not model.base_model]
    for head in heads:
        head.forward = partial(_in_float32, head.forward, device)
    try:
        yield
    finally:
        for head in heads:
            del head.forward


def _in_float32(forward: Callable[..., Any], device: torch.device, *inputs: torch.Tensor, **options: Any) -> Any:
    with torch.autocast(device.type, enabled=False):
        return forward(*(value.float() for value in inputs), **options)


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
        raise ClassifierError(
            f"training diverged: the loss of epoch {entry['epoch']} is not a number; try a lower lr than {recipe.lr}"
        )


def epoch_log(run_folder: str | Path | None) -> Callable[[dict[str, Any]], None]:
    """Return what appends a line to ``training.jsonl`` in ``run_folder``, or does nothing where there is no folder."""
    if run_folder is None:
        return lambda entry: None
    path = Path(run_folder) / "training.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)

    def append(entry: dict[str, Any]) -> None:
        with path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(entry, allow_nan=False) + "\n")

    return append


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's generators for the CPU and for ``device`` where that is a GPU, and restore them afterwards.

    Dropout and new layers can draw from the global generators only.
    """
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield
