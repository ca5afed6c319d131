"""Train the networks of the hyper label model on synthetic votes, and write them to the package.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.hyper_training

Takes about 15 minutes. Each step takes a batch of votes that share a plan, so that PyTorch runs them as one. A run that
is stopped goes on from its checkpoint, and ends as it would have ended. No data set is read.
"""

import math
import sys
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.common import RESULTS, arguments
from benchmarks.quality.hyper_votes import Plan, draw_plan, draw_votes
from weaklabel.label_model.hyper.model import WEIGHTS_FILE
from weaklabel.label_model.hyper.network import names_and_shapes, run_network, scores_of
from weaklabel.label_model.hyper.table import Cells, VoteTable
from weaklabel.support.files import atomic_path
from weaklabel.votes.patterns import vote_patterns

SAVE_EVERY = 20
TASKS_A_STEP = 16
MAX_CELLS_BY_CLASSES = 9_000
PEAK_RATE, LAST_RATE, WARM_UP = 3e-3, 5e-5, 40
EARLIER_LAYERS = 0.1
"""What the loss of a layer that is not the last counts."""

Batch = tuple[dict[str, Tensor], Plan]


def main() -> None:
    options = arguments(__doc__, steps=700, seed=0)
    torch.set_num_threads(1)
    checkpoint = RESULTS.parent / f"hyper_training_{options.seed}_{options.steps}.safetensors"
    weights = train(options.steps, options.seed, checkpoint)
    with atomic_path(Path(str(files("weaklabel.label_model"))) / WEIGHTS_FILE) as part, part.open("wb") as file:
        np.savez_compressed(file, **{name: value.detach().numpy() for name, value in weights.items()})
    checkpoint.unlink()


def train(steps: int, seed: int, checkpoint: Path) -> dict[str, Tensor]:
    """Train from the checkpoint, where there is one, or from the start."""
    weights = first_weights(seed)
    optimizer = torch.optim.Adam(weights.values(), betas=(0.9, 0.98))
    began, losses = time.perf_counter(), []
    for step in range(_resume(checkpoint, weights, optimizer), steps):
        losses.append(train_step(weights, optimizer, draw_batch(step, seed), _rate(step, steps)))
        if (step + 1) % SAVE_EVERY == 0:
            seconds = time.perf_counter() - began
            print(f"step {step + 1}: loss {np.mean(losses[-100:]):.4f}, {seconds:.0f} s", file=sys.stderr, flush=True)
            _save(checkpoint, weights, optimizer, step + 1)
    return weights


def train_step(weights: dict[str, Tensor], optimizer: torch.optim.Optimizer, batch: Batch, rate: float) -> float:
    """Take one step and return the mean log loss of the last layer."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss = log_losses(weights, batch)
    bounded = loss.clamp(max=4) + 0.05 * (loss - 4).clamp(min=0)  # one wild task must not rule
    (bounded[:, -1] + EARLIER_LAYERS * bounded[:, :-1].sum(dim=1)).mean().backward()
    torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
    optimizer.step()
    return float(bounded[:, -1].detach().mean())


def log_losses(weights: dict[str, Tensor], batch: Batch) -> Tensor:
    """Return the log loss on the true classes after each layer. Shape: [tasks, layers]."""
    arrays, plan = batch
    own = torch.nn.functional.one_hot(torch.from_numpy(plan.label), plan.k).float()
    lf = torch.from_numpy(plan.lf)

    def of_task(
        gold: Tensor, counts: Tensor, row: Tensor, item: Tensor, alone: Tensor, meetings: Tensor, votes: Tensor
    ):
        cells, n = Cells(counts, row, item, alone), counts.sum()
        table = VoteTable([cells], lf, own, meetings, votes, n, plan.m)
        states = run_network(table, weights, torch, add)
        return torch.stack([-(scores_of(cells, table, state, torch, add) * gold).sum() / n for state in states])

    return torch.vmap(of_task)(*arrays.values())


def add(values: Tensor, group: Tensor, size: int) -> Tensor:
    return torch.index_add(torch.zeros((size, values.shape[1]), dtype=values.dtype), 0, group, values)


def first_weights(seed: int) -> dict[str, Tensor]:
    """Draw weights; the last layer of each network small, so that it begins as plain expectation and maximisation."""
    generator, weights = torch.Generator().manual_seed(seed), {}
    for name, shape in names_and_shapes().items():
        scale = (0.1 if name.endswith("w2") else 0.7) / math.sqrt(shape[0])
        drawn = torch.randn(shape, generator=generator) * scale if len(shape) == 2 else torch.zeros(shape)
        weights[name] = drawn.requires_grad_()
    return weights


def draw_batch(number: int, seed: int) -> Batch:
    """Draw tasks of one plan, padded to one size with patterns of no row."""
    rng = np.random.default_rng([seed, number])
    while True:
        plan = draw_plan(rng)
        n, tasks = plan.n, []
        for _ in range(4 * TASKS_A_STEP):
            task = _draw_task(rng, plan, n)
            if len(task["row"]) * plan.k > MAX_CELLS_BY_CLASSES:
                n = max(60, n // 2)
            else:
                tasks.append(task)
            if len(tasks) == TASKS_A_STEP:
                return _padded(tasks), plan


def _draw_task(rng: np.random.Generator, plan: Plan, n: int) -> dict[str, np.ndarray]:
    L, classes = draw_votes(rng, plan, n)
    for item in rng.permutation(len(plan.lf)):  # what never is voted would be no item
        if not (L[:, plan.lf[item]] == plan.label[item]).any():
            L[rng.integers(n), plan.lf[item]] = plan.label[item]
    patterns = vote_patterns(L)
    gold = np.zeros((len(patterns), plan.k), dtype=np.float32)
    np.add.at(gold, (patterns.rows(), classes), 1)
    cast = patterns.patterns[:, plan.lf] == plan.label
    cast, gold = cast[cast.any(axis=1)], gold[cast.any(axis=1)]
    counts, hot = gold.sum(axis=1), cast.astype(np.float32)
    row, item = np.nonzero(cast)
    meetings = (hot * counts[:, None]).T @ hot * (plan.lf[:, None] != plan.lf)
    alone = (cast.sum(axis=1)[row] == 1).astype(np.float32)
    # A vote may have been overwritten by the last that was put in; half a row then stands for it.
    votes = np.maximum(counts @ hot, np.float32(0.5))
    return {
        "gold": gold, "counts": counts, "row": row, "item": item, "alone": alone, "meetings": meetings, "votes": votes
    }  # fmt: skip


def _padded(tasks: list[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    nowhere = max(len(task["counts"]) for task in tasks)  # a pattern of no row, which votes beyond the last belong to
    fill = {"row": nowhere, "alone": 1}
    padded = {}
    for name, first in tasks[0].items():
        sizes = np.max([task[name].shape for task in tasks], axis=0) + (np.arange(first.ndim) == 0) * (
            name in ("gold", "counts")
        )
        whole = np.full((len(tasks), *sizes), fill.get(name, 0), dtype=first.dtype)
        for into, task in zip(whole, tasks, strict=True):
            into[tuple(slice(size) for size in task[name].shape)] = task[name]
        padded[name] = torch.from_numpy(whole)
    return padded


def _rate(step: int, steps: int) -> float:
    falling = 0.5 + 0.5 * math.cos(math.pi * step / steps)
    return min(1, (step + 1) / WARM_UP) * (LAST_RATE + (PEAK_RATE - LAST_RATE) * falling)


def _save(checkpoint: Path, weights: dict[str, Tensor], optimizer: torch.optim.Optimizer, step: int) -> None:
    saved = {name: value.detach() for name, value in weights.items()}
    for name, value in weights.items():
        saved |= {f"{name}/{part}": optimizer.state[value][part] for part in _ADAM}
    with atomic_path(checkpoint) as part:
        save_file(saved | {"at": torch.tensor(step)}, part)


def _resume(checkpoint: Path, weights: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> int:
    """Take up the checkpoint, and return the steps taken; 0 where there is none."""
    if not checkpoint.exists():
        return 0
    saved = load_file(checkpoint)
    for name, value in weights.items():
        value.data.copy_(saved[name])
        optimizer.state[value] = {part: saved[f"{name}/{part}"] for part in _ADAM}
    return int(saved["at"])


_ADAM = ("step", "exp_avg", "exp_avg_sq")


if __name__ == "__main__":
    main()
