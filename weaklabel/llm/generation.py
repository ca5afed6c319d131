"""Free text from a local model: several prompts at once, each as if it were alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from weaklabel.encoder.inference import Pretrained, padded_lengths, quiet_transformers
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    import torch

BATCH_TOKENS = 4_096
"""Tokens of prompts and answers in a batch on a CPU."""

GPU_BATCH_TOKENS = 65_536
"""Tokens of prompts and answers in a batch on any other device."""


_NO_LIMIT = 2**31
"""Padding may reach behind what the model reads: it has no positions of its own."""


@dataclass(frozen=True)
class Task:
    """A text to be continued.

    Parameters
    ----------
    tokens
        What stands before.
    max_tokens
        Tokens after which the answer is cut off.
    temperature
        0 takes the most probable tokens; otherwise they are drawn with probabilities to the power of its inverse.
    seed
        What is drawn depends on this and the model only.
    """

    tokens: tuple[int, ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Written:
    """Tokens that a model wrote, without that of the end, and whether it came to an end by itself."""

    tokens: tuple[int, ...]
    finished: bool


def generate(loaded: Pretrained, tasks: Sequence[Task], stops: Sequence[int]) -> list[Written]:
    """Continue texts. Length: n.

    A prompt is padded on the left to a length that depends on its own only (`padded_lengths`), and draws its own random
    numbers, so its answer does not depend on the others, but for rounding errors of sums in batches of other sizes.

    Parameters
    ----------
    loaded
        A model of `transformers.AutoModelForCausalLM`.
    tasks
        What is to be continued.
    stops
        Tokens that end an answer.
    """
    written: list[Written | None] = [None] * len(tasks)
    budget = BATCH_TOKENS if loaded.device.type == "cpu" else GPU_BATCH_TOKENS
    padded = padded_lengths(np.array([len(task.tokens) for task in tasks], dtype=np.int64), _NO_LIMIT)
    with stage("writing answers", len(tasks), "answers") as progress:
        for length, most in sorted(
            {(int(padded[row]), task.max_tokens) for row, task in enumerate(tasks)}, reverse=True
        ):
            group = [row for row, task in enumerate(tasks) if (padded[row], task.max_tokens) == (length, most)]
            size = max(1, budget // (length + most))
            for begin in range(0, len(group), size):
                some = group[begin : begin + size]
                for row, answer in zip(some, _batch(loaded, [tasks[row] for row in some], length, stops), strict=True):
                    written[row] = answer
                progress.advance(len(some))
    return [answer for answer in written if answer is not None]


def _batch(loaded: Pretrained, tasks: Sequence[Task], length: int, stops: Sequence[int]) -> list[Written]:
    import torch
    from transformers import GenerationConfig, LogitsProcessorList

    network, tokenizer, device = loaded
    padding = [length - len(task.tokens) for task in tasks]
    ids = [[tokenizer.pad_token_id] * pad + list(task.tokens) for pad, task in zip(padding, tasks, strict=True)]
    mask = [[0] * pad + [1] * len(task.tokens) for pad, task in zip(padding, tasks, strict=True)]
    # What a checkpoint recommends (top_p and the like) does not count.
    config = GenerationConfig(
        max_new_tokens=tasks[0].max_tokens, do_sample=False, num_beams=1, repetition_penalty=1.0,
        eos_token_id=list(stops), pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    drawing = LogitsProcessorList([_Draw(tasks)] if any(task.temperature > 0 for task in tasks) else [])
    with torch.inference_mode(), quiet_transformers():
        output = network.generate(
            torch.tensor(ids, device=device),
            attention_mask=torch.tensor(mask, device=device),
            generation_config=config,
            logits_processor=drawing,
        )
    return [_until(row, stops) for row in output[:, length:].tolist()]


def _until(tokens: Sequence[int], stops: Sequence[int]) -> Written:
    end = next((place for place, token in enumerate(tokens) if token in stops), None)
    return Written(tuple(tokens[:end]), end is not None)


class _Draw:
    """Adds noise to logits such that the greatest is a draw by temperature (the Gumbel-max trick), row by row.

    References
    ----------
    Gumbel, Statistical Theory of Extreme Values and Some Practical Applications, 1954, lecture 3.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._rngs = [np.random.default_rng(task.seed) for task in tasks]

    def __call__(self, input_ids: Any, scores: torch.Tensor) -> torch.Tensor:
        import torch

        for row, (task, rng) in enumerate(zip(self._tasks, self._rngs, strict=True)):
            if task.temperature > 0:
                noise = torch.from_numpy(rng.gumbel(size=scores.shape[1])).to(scores.device)
                scores[row] = (scores[row].double() / task.temperature + noise).to(scores.dtype)
        return scores
