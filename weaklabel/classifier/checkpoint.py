"""Checkpoints of a training: a killed training resumes from its last one and ends with the same weights."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from weaklabel.classifier.folder import tensor_write_error
from weaklabel.classifier.recipe import TrainingState
from weaklabel.errors import ClassifierError
from weaklabel.support.files import atomic_path, remove_partial_files
from weaklabel.support.hashing import sha256_of_parts
from weaklabel.support.versions import versions

Identity = dict[str, str]
"""What decides a training's result, by name: hashes of models and data, settings, versions."""

Tensors = dict[str, torch.Tensor]


class Checkpoint:
    """A file with everything that a training needs to resume: weights, optimizer, best weights, generators, history.

    Parameters
    ----------
    path
        The file, which need not exist; its folder must.
    identity
        Of the training; kept in the file. A file of another training is refused.
    seconds
        Shortest time between two checkpoints: the most work that a kill loses. The result does not depend on it.
    """

    def __init__(self, path: Path, identity: Identity, seconds: float) -> None:
        self.path = path
        self.identity = identity
        self.seconds = seconds
        self._saved_at = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self._saved_at >= self.seconds

    def save(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, training: TrainingState, device: torch.device
    ) -> None:
        """Write the file, or replace it in one step."""
        tensors = _prefixed("model", model.state_dict()) | _prefixed("best", training.best_state or {})
        tensors["generator.cpu"] = torch.get_rng_state()
        if device.type == "cuda":
            tensors["generator.cuda"] = torch.cuda.get_rng_state(device)
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= _prefixed(f"optimizer.{number}", state)
        # Tied weights are one tensor with two names, which the format refuses.
        copies = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        metadata = {"identity": json.dumps(self.identity), "run": json.dumps(training.as_json())}
        with atomic_path(self.path) as part:
            try:
                save_file(copies, part, metadata=metadata)
            except SafetensorError as error:  # such as a full disk
                raise ClassifierError(f"cannot write {self.path}: {tensor_write_error(error)}") from error
        self._saved_at = time.monotonic()

    def restore(
        self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, training: TrainingState, device: torch.device
    ) -> None:
        """Set everything to the state in the file; without a file, change nothing.

        Raises
        ------
        ClassifierError
            The file is damaged, or of another training: the message names the differences.
        """
        if not self.path.exists():
            return
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            identity, saved = json.loads(metadata["identity"]), json.loads(metadata["run"])
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise ClassifierError(
                f"the checkpoint {self.path} is damaged ({error}); delete it to start over"
            ) from error
        self._check_identity(identity)
        model.load_state_dict(_with_prefix("model", tensors))
        optimizer_state = optimizer.state_dict()
        numbers = sorted({int(name.split(".")[1]) for name in tensors if name.startswith("optimizer.")})
        optimizer_state["state"] = {number: _with_prefix(f"optimizer.{number}", tensors) for number in numbers}
        optimizer.load_state_dict(optimizer_state)
        training.from_json(saved)
        training.best_state = _with_prefix("best", tensors) or None
        torch.set_rng_state(tensors["generator.cpu"])
        if device.type == "cuda" and "generator.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["generator.cuda"], device)

    def delete(self) -> None:
        """Delete the file, if there is one, and what killed trainings left of it: the training is finished."""
        self.path.unlink(missing_ok=True)
        remove_partial_files(self.path.parent, self.path.name)

    def _check_identity(self, saved: Identity) -> None:
        differs = [name for name in {**saved, **self.identity} if saved.get(name) != self.identity.get(name)]
        if differs:
            raise ClassifierError(
                f"{self.path} is the checkpoint of another training, which was interrupted: it differs in "
                f"{', '.join(sorted(differs))}; give another run folder, or delete the file to start over"
            )


def _prefixed(prefix: str, tensors: Tensors) -> Tensors:
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def _with_prefix(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}


def identity_of(settings: dict[str, Any], weights: Tensors, data: dict[str, list[Any]]) -> Identity:
    """Return the identity of a training.

    Parameters
    ----------
    settings
        All settings that change the result, in values that JSON has.
    weights
        The model's first weights.
    data
        By name: the training data, row by row, in values that JSON has.
    """
    packages = {f"version of {name}": number for name, number in versions(("torch", "transformers")).items()}
    data_hashes = {name: sha256_of_parts(str(row).encode() for row in rows) for name, rows in data.items()}
    plain = {name: json.dumps(value) for name, value in settings.items()}
    arrays = (value.detach().cpu().reshape(-1).view(torch.uint8).numpy() for value in weights.values())
    return packages | plain | data_hashes | {"model": sha256_of_parts(arrays)}
