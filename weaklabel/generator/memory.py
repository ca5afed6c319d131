"""What a fine-tuning takes of a machine: device, precision, rows at once, by the memory that is free."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weaklabel.support.memory import free_memory, total_memory

if TYPE_CHECKING:
    import torch

RESERVE = 0.85
"""Share of the free memory that is used; the rest is for what cannot be foreseen."""

_STATE = 12
"""Bytes for each trained weight beside the weight itself: its gradient and two moments of AdamW, in float32."""


@dataclass(frozen=True)
class Machine:
    """Where a training runs.

    Attributes
    ----------
    kind
        Of the device, as in `torch.device`: "cpu", "cuda", "mps".
    free
        Bytes of its memory that are free.
    has_bf16
        Whether it computes in bfloat16 natively, and fast.
    """

    kind: str
    free: int
    has_bf16: bool


@dataclass(frozen=True)
class Load:
    """What is to be trained.

    Attributes
    ----------
    weights
        Weights of the model.
    trained
        Those of them, and of adapters, that are trained.
    layers, width, vocabulary
        Of the model.
    tokens
        Tokens of the longest row.
    batch_size
        Rows in a step of the optimizer.
    """

    weights: int
    trained: int
    layers: int
    width: int
    vocabulary: int
    tokens: int
    batch_size: int


@dataclass(frozen=True)
class Plan:
    """How a training fits the machine; ``at_once * accumulation`` is at least the batch size.

    Attributes
    ----------
    bf16
        Activations in bfloat16.
    at_once
        Rows that run together.
    accumulation
        How many such runs make one step of the optimizer.
    checkpointing
        Activations are computed again on the way back, which takes a third more time and far less memory.
    fits
        False if even one row at a time, with checkpointing, is expected not to fit.
    """

    bf16: bool
    at_once: int
    accumulation: int
    checkpointing: bool
    fits: bool


def plan_memory(machine: Machine, load: Load) -> Plan:
    """Decide on precision, rows at once, accumulation and gradient checkpointing.

    All rows of a batch at once if they fit; else as many as fit, at least two; else the same with gradient checkpointing;
    else one row at a time with it. A CPU gains nothing from many rows at once, so it never takes more than 8.

    Examples
    --------
    >>> small = Load(135_000_000, 2_400_000, 30, 576, 49_152, 128, 16)
    >>> plan_memory(Machine("cpu", 8 * 2**30, False), small)
    Plan(bf16=False, at_once=8, accumulation=2, checkpointing=False, fits=True)
    """
    bf16 = machine.has_bf16 and machine.kind == "cuda"
    is_frozen = load.trained < load.weights
    fixed = (2 if bf16 and is_frozen else 4) * load.weights + _STATE * load.trained
    left = machine.free * RESERVE - fixed
    most = min(load.batch_size, 8) if machine.kind == "cpu" else load.batch_size
    # Activations of a layer are about 34 numbers of 16 bits a token and a unit of width (Korthikanti et al., "Reducing
    # activation recomputation in large transformer models", 2022), plus the scores of all words, in float32, with gradient.
    number = 2 if bf16 else 4
    scores = 3 * 4 * load.vocabulary * load.tokens
    whole = 17 * number * load.tokens * load.width * load.layers + scores
    lean = number * load.tokens * load.width * (load.layers + 17) + scores
    plain, checked = (int(left // cost) if left > 0 else 0 for cost in (whole, lean))
    needs_checkpoints = plain < min(2, most)
    at_once = max(1, min(most, checked if needs_checkpoints else plain))
    return Plan(bf16, at_once, math.ceil(load.batch_size / at_once), needs_checkpoints, (checked or plain) >= 1)


def machine_of(device: torch.device) -> Machine:
    """Return what is known of a device: its free memory, and whether it has bfloat16."""
    import torch

    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return Machine("cuda", int(free), bool(torch.cuda.is_bf16_supported(including_emulation=False)))
    return Machine(device.type, _free_memory(), False)


def _free_memory() -> int:
    """Return the bytes of main memory that are free for a process; half of all if that is unknown."""
    total = total_memory() or 8 * 2**30
    free = free_memory()
    return total // 2 if free is None else free
