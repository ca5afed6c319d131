"""A small network that gives words their tags by their vectors; the same on any number of threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.progress import stage

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]

HIDDEN = 128
EPOCHS = 6
BATCH = 512
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.01
DROPOUT = (0.1, 0.3)
"""Of the vectors, and of the hidden units."""

_WORDS_AT_ONCE = 1 << 14

NAMES = ("weights_in", "bias_in", "weights_out", "bias_out")


@dataclass(frozen=True, eq=False)
class WordNetwork:
    """A network with one hidden layer of rectified units. Shapes: [d, h], [h], [h, c] and [c]."""

    weights_in: Vectors
    bias_in: Vectors
    weights_out: Vectors
    bias_out: Vectors

    def log_probs(self, vectors: Vectors) -> Floats:
        """Return the log-probability of each class. Shape: [n, d] -> [n, c]."""
        out = np.empty((len(vectors), len(self.bias_out)))
        for begin in range(0, len(vectors), _WORDS_AT_ONCE):
            some = slice(begin, begin + _WORDS_AT_ONCE)
            hidden = np.maximum(vectors[some] @ self.weights_in + self.bias_in, 0)
            scores = (hidden @ self.weights_out + self.bias_out).astype(np.float64)
            scores -= scores.max(axis=1, keepdims=True)
            out[some] = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return out


def train_networks(vectors: Vectors, targets: Vectors, rows: list[NDArray[np.int64]], seed: int) -> list[WordNetwork]:
    """Train a network on each of several choices of the same words, one on each of torch's threads.

    Parameters
    ----------
    vectors
        Of the words. Shape: [n, d].
    targets
        Soft targets: probabilities of the classes. Shape: [n, c].
    rows
        The words that each network is trained on.
    seed
        Of its first weights, of the order of words, and of dropout.
    """
    import torch

    threads = min(torch.get_num_threads(), max(1, len(rows)))

    def train(number: int) -> WordNetwork:
        torch.set_num_threads(1)  # of this thread: sums that threads share would depend on their number
        trained = _train(torch.from_numpy(vectors), torch.from_numpy(targets), rows[number], seed + number)
        progress.advance(1)
        return trained

    with stage("learning from texts", len(rows), "networks") as progress, ThreadPoolExecutor(threads) as pool:
        try:
            return list(pool.map(train, range(len(rows))))
        finally:
            torch.set_num_threads(torch.get_num_threads())  # for threads that start later, too


def _train(vectors: Any, targets: Any, rows: NDArray[np.int64], seed: int) -> WordNetwork:
    """Minimize the cross-entropy with AdamW under a one-cycle schedule."""
    import torch

    rng = torch.Generator().manual_seed(seed)
    sizes = [(vectors.shape[1], HIDDEN), (HIDDEN, targets.shape[1])]
    weights = [(torch.rand(size, generator=rng) * 2 - 1) * size[0] ** -0.5 for size in sizes]
    biases = [torch.zeros(size[1]) for size in sizes]
    params = [each.requires_grad_() for each in (weights[0], biases[0], weights[1], biases[1])]
    n_batches = -(-len(rows) // BATCH)
    optimizer = torch.optim.AdamW(params, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=max(2, EPOCHS * n_batches))
    places = torch.from_numpy(rows)

    def thinned(values: Any, share: float) -> Any:
        return values * (torch.rand(values.shape, generator=rng) >= share) / (1 - share)

    for _ in range(EPOCHS):
        order = places[torch.randperm(len(rows), generator=rng)]
        for some in order.split(BATCH):
            hidden = torch.relu(thinned(vectors[some], DROPOUT[0]) @ params[0] + params[1])
            scores = thinned(hidden, DROPOUT[1]) @ params[2] + params[3]
            loss = -(targets[some] * torch.log_softmax(scores, dim=1)).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return WordNetwork(*(each.detach().numpy() for each in params))
