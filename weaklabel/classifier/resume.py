"""Checkpoints of a training: written now and then, so that one that was killed goes on and ends as if it never was."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from weaklabel.classifier.saving import writing_failed
from weaklabel.errors import ClassifierError
from weaklabel.support.files import atomic_path
from weaklabel.support.hashing import sha256_of_parts
from weaklabel.support.versions import versions

if TYPE_CHECKING:
    from weaklabel.classifier.training import Run

Identity = dict[str, str]
"""What makes a training this one and no other: digests and settings, by what they are of."""

Tensors = dict[str, torch.Tensor]


class Checkpoint:
    """One file that holds a training as it stands: weights, optimizer, best weights, generators and history.

    Parameters
    ----------
    path
        Where the file is, or will be; its folder must exist.
    identity
        Kept in the file. A file of another training is refused.
    seconds
        Least time between two writings. It decides how much work a kill costs, and nothing about the result.
    """

    def __init__(self, path: Path, identity: Identity, seconds: float) -> None:
        self.path = path
        self.identity = identity
        self.seconds = seconds
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the file is to be written now."""
        return time.monotonic() - self._written >= self.seconds

    def save(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, run: Run, device: torch.device) -> None:
        """Replace the file in one step."""
        tensors = _named("model", model.state_dict()) | _named("best", run.best_state or {})
        tensors["generator.cpu"] = torch.get_rng_state()
        if device.type == "cuda":
            tensors["generator.cuda"] = torch.cuda.get_rng_state(device)
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= _named(f"optimizer.{number}", state)
        # Tied weights are one tensor of two names, which the format refuses.
        copies = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        about = {"identity": json.dumps(self.identity), "run": json.dumps(run.as_json())}
        with atomic_path(self.path) as part:
            try:
                save_file(copies, part, metadata=about)
            except SafetensorError as error:  # such as a full disk
                raise ClassifierError(f"cannot write {self.path}: {writing_failed(error)}") from error
        self._written = time.monotonic()

    def restore(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, run: Run, device: torch.device) -> None:
        """Bring everything back to where the file says it was; without a file, leave it as it is.

        Raises
        ------
        ClassifierError
            The file is of another training (says what differs), or damaged.
        """
        if not self.path.exists():
            return
        try:
            with safe_open(self.path, framework="pt") as file:
                about = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            identity, state = json.loads(about["identity"]), json.loads(about["run"])
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise ClassifierError(
                f"the checkpoint {self.path} is damaged ({error}); delete it to begin anew"
            ) from error
        self._need_same(identity)
        model.load_state_dict(_under("model", tensors))
        loaded = optimizer.state_dict()
        numbers = sorted({int(name.split(".")[1]) for name in tensors if name.startswith("optimizer.")})
        loaded["state"] = {number: _under(f"optimizer.{number}", tensors) for number in numbers}
        optimizer.load_state_dict(loaded)
        run.from_json(state)
        run.best_state = _under("best", tensors) or None
        torch.set_rng_state(tensors["generator.cpu"])
        if device.type == "cuda" and "generator.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["generator.cuda"], device)

    def forget(self) -> None:
        """Delete the file: the training is over."""
        self.path.unlink(missing_ok=True)

    def _need_same(self, found: Identity) -> None:
        differs = [name for name in {**found, **self.identity} if found.get(name) != self.identity.get(name)]
        if differs:
            raise ClassifierError(
                f"{self.path} is the checkpoint of another training, interrupted before its end: it differs in "
                f"{', '.join(sorted(differs))}; give another run folder, or delete the file to begin anew"
            )


def _named(prefix: str, tensors: Tensors) -> Tensors:
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def _under(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}


def identity_of(settings: dict[str, Any], weights: Tensors, data: dict[str, list[Any]]) -> Identity:
    """Return the identity of a training.

    Parameters
    ----------
    settings
        Whatever decides the result; values as in JSON.
    weights
        The model's first weights.
    data
        By name: what is learned from, row by row, as in JSON.
    """
    software = {f"version of {name}": number for name, number in versions(("torch", "transformers")).items()}
    digests = {name: sha256_of_parts(str(row).encode() for row in rows) for name, rows in data.items()}
    plain = {name: json.dumps(value) for name, value in settings.items()}
    arrays = (value.detach().cpu().reshape(-1).view(torch.uint8).numpy() for value in weights.values())
    return software | plain | digests | {"model": sha256_of_parts(arrays)}
