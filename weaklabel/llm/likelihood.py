"""How probable a causal language model finds each of a list of answers: the one place where that is computed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import Pretrained, padded_lengths, run_each
from weaklabel.support.progress import stage

BATCH_TOKENS = 256
"""Tokens of prompts in a batch on a CPU."""

GPU_BATCH_TOKENS = 16_384
"""Tokens of prompts in a batch on any other device."""

_NO_LIMIT = 2**31
"""Padding may reach behind what the model reads: it has no positions of its own."""

MAX_BRANCHES = 64
"""Most pairs of a prompt and an answer that are continued at once: each needs its own copy of keys and values."""


def choice_logprobs(
    loaded: Pretrained,
    prompts: Sequence[Sequence[int]],
    choices: Sequence[Sequence[int]],
    *,
    prefix: int = 0,
    what: str = "scoring answers",
) -> NDArray[np.float64]:
    """Return the log-probability of each answer after each prompt: the sum over the answer's tokens.

    Prompts are padded on the left to a length that depends on their own only (`padded_lengths`), and a batch of one length
    always has the same size: no row depends on the others. All of it is computed in float32 on a CPU.

    Parameters
    ----------
    loaded
        A model of `transformers.AutoModelForCausalLM`, with its device.
    prompts
        Tokens of each prompt, one at least. Length: n.
    choices
        Tokens of each answer, one at least. Where the end of the answer is to count, its token is among them. Length: k.
    prefix
        How many tokens at the beginning all prompts have in common; they run once. Fewer than the shortest prompt has.
    what
        Shown with the progress.

    Returns
    -------
    array of float64
        0 at most. Shape: [n, k].
    """
    import torch

    network, _, device = loaded
    rows = np.empty((len(prompts), len(choices)))
    if not len(prompts):
        return rows
    start = _prefix_cache(network, prompts[0][:prefix], device) if prefix else None
    lengths = np.array([len(prompt) - prefix for prompt in prompts], dtype=np.int64)
    padded = padded_lengths(lengths, _NO_LIMIT)
    budget = BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS
    batches = []
    for length in np.unique(padded)[::-1].tolist():
        group = np.flatnonzero(padded == length)
        size = max(1, budget // length)
        batches += [(length, size, group[begin : begin + size]) for begin in range(0, len(group), size)]

    def run(batch: tuple[int, int, NDArray[np.int64]]) -> None:
        length, size, some = batch
        filled = np.resize(some, size)
        padding = torch.from_numpy(length - lengths[filled]).to(device)
        ids = [[0] * (length - int(lengths[row])) + list(prompts[row][prefix:]) for row in filled.tolist()]
        # On a CPU in float32; elsewhere as `run_each` says.
        with torch.autocast("cpu", enabled=False) if device.type == "cpu" else nullcontext():
            inputs = _Padded(torch.tensor(ids, device=device), padding, prefix)
            rows[some] = _of_batch(network, inputs, start, choices)[: len(some)]
        progress.advance(len(some))

    with stage(what, len(rows), "texts") as progress:
        run_each(batches, run, device)
    return rows


def _prefix_cache(network: Any, ids: Sequence[int], device: Any) -> Any:
    import torch

    with torch.inference_mode():
        output = network(input_ids=torch.tensor([list(ids)], device=device), use_cache=True, logits_to_keep=1)
    return output.past_key_values


@dataclass(frozen=True)
class _Padded:
    """Tokens of some prompts behind their prefix, padded on the left. Shape: [size, length]."""

    ids: Any
    padding: Any
    prefix: int

    def mask(self, more: int = 0) -> Any:
        """Return which tokens there are: of the prefix, the prompt, and ``more`` after it. Shape: [size, all tokens]."""
        import torch

        size, length = self.ids.shape
        places = torch.arange(self.prefix + length + more, device=self.ids.device).repeat(size, 1)
        return ((places < self.prefix) | (places >= self.prefix + self.padding[:, None])).long()

    def positions(self, begin: int, end: int) -> Any:
        """Return the positions of tokens ``begin`` to ``end``, counted from the first behind the prefix. Shape: [size, n]."""
        import torch

        places = torch.arange(begin, end, device=self.ids.device)
        return self.prefix + (places - self.padding[:, None]).clamp(min=0)


def _of_batch(network: Any, inputs: _Padded, start: Any, choices: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    import torch

    size, length = inputs.ids.shape
    cache = None if start is None else _repeated(start, size)
    longest = max(len(choice) for choice in choices)
    output = network(
        input_ids=inputs.ids,
        attention_mask=inputs.mask(),
        position_ids=inputs.positions(0, length),
        past_key_values=cache,
        use_cache=longest > 1,
        logits_to_keep=1,
    )
    first = torch.log_softmax(output.logits[:, -1].float(), dim=-1)
    total = first[:, [choice[0] for choice in choices]].double()
    if longest > 1:
        several = [number for number, choice in enumerate(choices) if len(choice) > 1]
        at_once = max(1, MAX_BRANCHES // size)
        for begin in range(0, len(several), at_once):
            some = several[begin : begin + at_once]
            total[:, some] += _continued(network, output.past_key_values, [choices[number] for number in some], inputs)
    return np.asarray(total.cpu().numpy())


def _continued(network: Any, cache: Any, choices: Sequence[Sequence[int]], inputs: _Padded) -> Any:
    """Return the log-probability of all tokens but the first of each answer. Shape: [size, len(choices)]."""
    import torch

    size, length = inputs.ids.shape
    k, longest = len(choices), max(len(choice) for choice in choices)
    device = inputs.ids.device
    # What stands behind the end of a shorter answer is read by nothing before it.
    ids = torch.tensor([[*choice, *[choice[-1]] * (longest - len(choice))] for choice in choices], device=device)
    output = network(
        input_ids=ids[:, :-1].repeat(size, 1),
        attention_mask=inputs.mask(longest - 1).repeat_interleave(k, dim=0),
        position_ids=inputs.positions(length, length + longest - 1).repeat_interleave(k, dim=0),
        past_key_values=_repeated(cache, k),
        use_cache=True,
    )
    logs = torch.log_softmax(output.logits.float(), dim=-1)
    of_token = logs.gather(-1, ids[:, 1:].repeat(size, 1)[..., None])[..., 0].double()
    counts = torch.tensor([[place < len(choice) for place in range(1, longest)] for choice in choices], device=device)
    return (of_token * counts.repeat(size, 1)).sum(dim=-1).reshape(size, k)


def _repeated(cache: Any, times: int) -> Any:
    """Return a copy of keys and values with each row ``times`` times in a row."""
    repeated = copy.deepcopy(cache)
    repeated.batch_repeat_interleave(times)
    return repeated
