"""The network of a BERT tagger: an encoder, and a head that reads its states and the shape of words.

This file imports torch, so only code that needs torch anyway imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weaklabel.classifier.forward import head_in_float32, padded
from weaklabel.classifier.training import SCALE, Loss
from weaklabel.classifier.transformer import load_encoder
from weaklabel.encoder.inference import length_batches, mixed_precision
from weaklabel.encoder.windows import Windows, token_windows
from weaklabel.encoder.words import word_shapes
from weaklabel.support.progress import stage
from weaklabel.tagger.base import TaggerRows
from weaklabel.units import Units

HEAD_SCALE = 20.0
"""The head is new, so its learning rate is that of the encoder times this."""

VALIDATION_BATCH = 32  # windows


class TagNetwork(torch.nn.Module):
    """Scores the tags of words: the state of a word's first token and the shape of the word, through one linear layer."""

    def __init__(self, encoder: Any, n_shapes: int, n_tags: int) -> None:
        super().__init__()
        self.base_model = encoder
        self.dropout: Any = torch.nn.Dropout(0.1)
        self.head: Any = torch.nn.Linear(encoder.config.hidden_size + n_shapes, n_tags)
        torch.nn.init.normal_(self.head.weight, std=0.02)
        torch.nn.init.zeros_(self.head.bias)
        for weight in self.head.parameters():
            setattr(weight, SCALE, HEAD_SCALE)

    @property
    def config(self) -> Any:
        """That of the encoder."""
        return self.base_model.config

    def set_attn_implementation(self, name: str) -> None:
        """Choose how the encoder computes attention."""
        self.base_model.set_attn_implementation(name)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        window: torch.Tensor,
        position: torch.Tensor,
        shapes: torch.Tensor,
    ) -> torch.Tensor:
        """Return the score of each tag of each word. Shape: [b, t], [b, t], [n], [n], [n, s] -> [n, n_tags]."""
        states = self.base_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.of_states(states[window, position], shapes)

    def of_states(self, states: torch.Tensor, shapes: torch.Tensor) -> torch.Tensor:
        """Return the score of each tag of each word, of the states of their tokens. Shape: [n, d], [n, s] -> [n, n_tags]."""
        scores: torch.Tensor = self.head(torch.cat([self.dropout(states.float()), shapes], dim=1))
        return scores


@dataclass(frozen=True)
class WindowExamples:
    """Windows of texts, with the words of each that are learned from there, and their targets and weights."""

    windows: Windows
    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    shapes: torch.Tensor
    tags: torch.Tensor
    weights: torch.Tensor

    @classmethod
    def of(cls, rows: TaggerRows, tokenizer: Any, limit: int) -> WindowExamples:
        """Tokenize texts and find their words. Windows without a word that counts are left out."""
        windows = token_windows(tokenizer, rows.texts, rows.words, limit)
        weights = rows.targets.weights / rows.targets.weights[rows.targets.weights > 0].mean()
        used = np.unique(windows.window[weights > 0])
        place = np.full(len(windows.ids), -1)
        place[used] = np.arange(len(used))
        counts = place[windows.window] >= 0 if len(windows.window) else np.zeros(0, bool)
        words = np.flatnonzero(counts & (weights > 0))
        kept = Windows(
            [windows.ids[window] for window in used.tolist()],
            place[windows.window[words]],
            windows.first[words],
            windows.last[words],
        )
        order, starts = kept.words_of_windows()
        shapes = word_shapes(rows.texts, rows.words)[words]
        tags = torch.tensor(rows.targets.tags[words], dtype=torch.float32)
        return cls(
            kept, order, starts, torch.from_numpy(shapes), tags, torch.tensor(weights[words], dtype=torch.float32)
        )

    @property
    def lengths(self) -> list[int]:
        """Tokens of each window."""
        return [len(ids) for ids in self.windows.ids]

    def words_of(self, some: NDArray[np.int64]) -> tuple[NDArray[np.int64], torch.Tensor, torch.Tensor]:
        """Return the words of some windows, for each the place of its window among these, and of its token in it."""
        words = [self.order[self.starts[window] : self.starts[window + 1]] for window in some.tolist()]
        place = np.repeat(np.arange(len(some)), [len(each) for each in words])
        flat = np.concatenate(words)
        return flat, torch.from_numpy(place), torch.from_numpy(self.windows.first[flat])

    def losses(
        self, network: TagNetwork, some: NDArray[np.int64], smoothing: float, device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return sum and weight of the soft cross-entropy of the words of some windows."""
        words, window, position = self.words_of(some)
        ids, mask = padded([self.windows.ids[each] for each in some.tolist()], network.config.pad_token_id)
        with mixed_precision(device), head_in_float32(network, device):
            scores = network(
                ids.to(device), mask.to(device), window.to(device), position.to(device), self.shapes[words].to(device)
            ).float()
        targets = self.tags[words].to(device)
        targets = targets * (1 - smoothing) + smoothing / targets.shape[1]
        weights = self.weights[words].to(device)
        return -(weights * (targets * torch.log_softmax(scores, dim=1)).sum(dim=1)).sum(), weights.sum()

    def loss(self, network: TagNetwork, smoothing: float, device: torch.device) -> Loss:
        """Return the loss of a batch of windows: the mean over words, each by its weight."""

        def of(some: NDArray[np.int64]) -> torch.Tensor:
            total, weight = self.losses(network, some, smoothing, device)
            return total / weight

        return of

    def validation(self, network: TagNetwork, device: torch.device) -> dict[str, float]:
        """Return ``validation_loss``: the mean over all words."""
        network.eval()
        total = weight = 0.0
        with torch.inference_mode(), stage("validating", len(self.windows.ids), "windows") as progress:
            for some in length_batches(self.lengths, VALIDATION_BATCH):
                losses = self.losses(network, some, 0.0, device)
                total, weight = total + float(losses[0]), weight + float(losses[1])
                progress.advance(len(some))
        return {"validation_loss": total / weight}

    def data(self, name: str = "") -> dict[str, list[Any]]:
        """Return all of it, row by row, for the identity of a checkpoint."""
        words = torch.cat([self.tags, self.weights[:, None], self.shapes], dim=1).tolist()
        places = np.stack([self.windows.window, self.windows.first], axis=1).tolist()
        return {f"{name}texts": self.windows.ids, f"{name}places": places, f"{name}targets": words}


def new_network(base: str | Path, n_tags: int) -> tuple[TagNetwork, Any]:
    """Load a checkpoint with a new head, whose weights are drawn from torch's global generator, and its tokenizer."""
    encoder, tokenizer = load_encoder(base)
    return TagNetwork(encoder, n_shapes(), n_tags), tokenizer


def n_shapes() -> int:
    """Return how many numbers say what shape a word has."""
    empty = Units(np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    return int(word_shapes([], empty).shape[1])
