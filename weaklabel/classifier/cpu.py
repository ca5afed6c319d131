"""Making a transformers model train faster on a CPU, where drawing dropout masks costs as much as a matrix product."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

_LEVELS = 256  # values of a byte


class ByteDropout(torch.nn.Module):
    """Dropout whose mask takes one random byte an element, so that a 64-bit draw serves eight.

    The share dropped is ``p`` rounded to a multiple of 1/256; what is kept is scaled up by as much, as in
    `torch.nn.Dropout`.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.dropped = round(_LEVELS * p)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop elements while training. Shape: any, kept."""
        if not self.training or self.dropped == 0:
            return x
        draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = draws.view(torch.uint8)[: x.numel()].view(x.shape) >= self.dropped
        return x * kept.to(x.dtype).mul_(_LEVELS / (_LEVELS - self.dropped))


@contextlib.contextmanager
def faster_on_cpu(model: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Train ``model`` inside with cheaper dropout and plain attention; it is as it was afterwards.

    Dropout of attention weights is left out: torch's fused attention does not take part in training with it on a CPU,
    and the masks of its plain attention cost most of all. Does nothing on another device.
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
