"""Running a transformers model while it is trained: batches, precision, seeds, and dropout that is fast on a CPU.

This file imports torch, so only code that needs torch anyway imports it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from weaklabel.encoder.inference import length_batches, mixed_precision
from weaklabel.support.progress import stage

VALIDATION_BATCH = 64  # texts

_LEVELS = 256  # values of a byte


def soft_cross_entropy(logits: torch.Tensor, targets: torch.Tensor, smoothing: float = 0.0) -> torch.Tensor:
    """Return each row's cross-entropy with its soft target, in nats. Shape: [b, k], [b, k] -> [b]."""
    targets = targets * (1 - smoothing) + smoothing / targets.shape[1]
    return -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1)


def predict_logits(model: torch.nn.Module, ids: list[list[int]], device: torch.device) -> torch.Tensor:
    """Return the logits of every row in float32, on the CPU. Shape: [n] -> [n, k]."""
    model.eval()
    logits = torch.empty(len(ids), model.config.num_labels)
    with torch.inference_mode(), stage("validating", len(ids), "texts") as progress:
        for rows in length_batches([len(tokens) for tokens in ids], VALIDATION_BATCH):
            logits[rows] = logits_of(model, [ids[row] for row in rows], device).cpu()
            progress.advance(len(rows))
    return logits


def logits_of(model: torch.nn.Module, ids: list[list[int]], device: torch.device) -> torch.Tensor:
    """Run one batch and return its logits in float32. Shape: [b] -> [b, k]."""
    tokens, mask = padded(ids, model.config.pad_token_id)
    with mixed_precision(device), head_in_float32(model, device):
        return model(input_ids=tokens.to(device), attention_mask=mask.to(device)).logits.float()


def padded(ids: list[list[int]], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tokens of a batch, padded to its longest text, and the attention mask. Shape of both: [b, t]."""
    lengths = torch.tensor([len(tokens) for tokens in ids])
    tokens = pad_sequence([torch.tensor(row) for row in ids], batch_first=True, padding_value=padding)
    return tokens, (torch.arange(tokens.shape[1]) < lengths[:, None]).long()


@contextlib.contextmanager
def head_in_float32(model: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Keep the layers behind the encoder out of mixed precision.

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


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's generators for the CPU and for ``device`` if that is a GPU, and restore them afterwards.

    Dropout and new layers draw from the global generators only.
    """
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield


class ByteDropout(torch.nn.Module):
    """Dropout whose mask takes one random byte per element, so that a 64-bit draw serves eight elements.

    The share dropped is ``p`` rounded to a multiple of 1/256; the kept elements are scaled up accordingly, as in
    `torch.nn.Dropout`.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.dropped: int = round(_LEVELS * p)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop elements while training. Shape: any, kept."""
        if not self.training or self.dropped == 0:
            return x
        draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = draws.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * kept.to(x.dtype).mul_(_LEVELS / (_LEVELS - self.dropped))


@contextlib.contextmanager
def faster_on_cpu(model: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Train ``model`` within the context with cheaper dropout and plain attention; both are undone afterwards.

    Dropout of attention weights is left out: on a CPU torch's fused attention does not support it in training, and the
    masks of plain attention cost most of all. Does nothing on another device.
    """
    if device.type != "cpu":
        yield
        return
    attention = getattr(model.config, "_attn_implementation", None)
    replaced = list(_dropouts(model))
    for parent, name, dropout in replaced:
        setattr(parent, name, ByteDropout(0.0 if "Attention" in type(parent).__name__ else dropout.p))
    with contextlib.suppress(ValueError):  # a model of one attention only
        model.set_attn_implementation("eager")
    try:
        yield
    finally:
        for parent, name, dropout in replaced:
            setattr(parent, name, dropout)
        with contextlib.suppress(ValueError):
            model.set_attn_implementation(attention)


def _dropouts(model: torch.nn.Module) -> Iterator[tuple[torch.nn.Module, str, torch.nn.Dropout]]:
    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, torch.nn.Dropout):
                yield parent, name, child
