"""Checkpoints of TRL's trainers without pickles, of which none is ever half of one.

Transformers keeps the optimizer, the schedule, generators and its arguments as pickles, which can hold code. Here they are
safetensors and JSON; and a checkpoint counts only once its last file is there, which says what training it is of. This file
imports torch and transformers.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from transformers import TrainerCallback

from weaklabel.classifier.checkpoint import Identity
from weaklabel.classifier.folder import tensor_write_error
from weaklabel.errors import ClassifierError
from weaklabel.support.files import write_json

WHOLE = "weaklabel-checkpoint.json"
"""Written last; names the training."""

_STATE = "state.safetensors"


class SafeCheckpoints:
    """To be inherited before a trainer of transformers: what it keeps beside the weights is safetensors."""

    args: Any
    model: Any
    optimizer: Any
    lr_scheduler: Any

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        saved = self.optimizer.state_dict()
        tensors, plain = {}, {}
        for number, state in saved["state"].items():
            for name, value in state.items():
                if isinstance(value, torch.Tensor):
                    tensors[f"optimizer.{number}.{name}"] = value.detach().cpu().clone().contiguous()
                else:
                    plain[f"{number}.{name}"] = value
        groups = [{key: value for key, value in group.items() if key != "params"} for group in saved["param_groups"]]
        schedule = {
            key: value for key, value in self.lr_scheduler.state_dict().items() if _is_plain(value)
        }  # the function of the rate is made anew
        described = {"plain": plain, "groups": groups, "schedule": schedule}
        try:
            save_file(tensors, Path(output_dir) / _STATE, metadata={"rest": json.dumps(described)})
        except SafetensorError as error:  # such as a full disk
            raise ClassifierError(f"cannot write {output_dir}: {tensor_write_error(error)}") from error

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        with safe_open(Path(checkpoint) / _STATE, framework="pt") as file:
            rest = json.loads(file.metadata()["rest"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            _, number, key = name.split(".", 2)
            state.setdefault(int(number), {})[key] = value
        for name, value in rest["plain"].items():
            number, key = name.split(".", 1)
            state.setdefault(int(number), {})[key] = value
        whole = self.optimizer.state_dict()
        whole["state"] = state
        for group, saved in zip(whole["param_groups"], rest["groups"], strict=True):
            group.update({key: _like(group.get(key), value) for key, value in saved.items()})
        self.optimizer.load_state_dict(whole)
        self.lr_scheduler.load_state_dict(self.lr_scheduler.state_dict() | rest["schedule"])

    def _save_rng_state(self, output_dir: str) -> None:
        tensors = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            tensors["cuda"] = torch.cuda.get_rng_state()
        kind, keys, *rest = np.random.get_state()
        tensors["numpy"] = torch.from_numpy(np.asarray(keys).astype(np.int64))
        described = {"python": random.getstate(), "numpy": [kind, *rest]}
        save_file(tensors, Path(output_dir) / "generators.safetensors", metadata={"rest": json.dumps(described)})

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        with safe_open(Path(checkpoint) / "generators.safetensors", framework="pt") as file:
            rest = json.loads(file.metadata()["rest"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        version, internal, gauss = rest["python"]
        random.setstate((version, tuple(internal), gauss))
        kind, *others = rest["numpy"]
        np.random.set_state((kind, tensors["numpy"].numpy().astype(np.uint32), *others))
        torch.set_rng_state(tensors["cpu"])
        if "cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["cuda"])

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        # The tokenizer does not change, and the arguments would be a pickle.
        self.model.save_pretrained(output_dir or self.args.output_dir, state_dict=state_dict)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(each) for each in value)
    return value is None or isinstance(value, bool | int | float | str)


def _like(before: Any, value: Any) -> Any:
    """JSON has lists only, where an optimizer has pairs."""
    return tuple(value) if isinstance(before, tuple) else value


class MarkWhole(TrainerCallback):
    """Writes the last file of each checkpoint, and asks for one where the last was too long ago.

    Parameters
    ----------
    identity
        Of the training.
    seconds
        Shortest time between two checkpoints within an epoch.
    """

    def __init__(self, identity: Identity, seconds: float) -> None:
        self.identity = identity
        self.seconds = seconds
        self._saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Ask for a checkpoint if it is time."""
        if time.monotonic() - self._saved_at >= self.seconds:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Write the last file."""
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        write_json(folder / WHOLE, self.identity)
        self._saved_at = time.monotonic()


def last_checkpoint(folder: Path, identity: Identity) -> Path | None:
    """Return the newest whole checkpoint in a folder; what a killed training left half-written is removed.

    Raises
    ------
    ClassifierError
        It is of another training: the message names the differences.
    """
    whole: dict[int, Path] = {}
    for path in folder.glob("checkpoint-*"):
        number = path.name.removeprefix("checkpoint-")
        if not path.is_dir() or not number.isdigit():
            continue
        if not (path / WHOLE).is_file():
            shutil.rmtree(path)
            continue
        whole[int(number)] = path
    if not whole:
        return None
    newest = whole[max(whole)]
    try:
        saved = json.loads((newest / WHOLE).read_text(encoding="utf-8"))
        differs = sorted(name for name in {**saved, **identity} if saved.get(name) != identity.get(name))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ClassifierError(f"the checkpoint {newest} is damaged ({error}); delete it to start over") from None
    if differs:
        raise ClassifierError(
            f"{newest} is the checkpoint of another training, which was interrupted: it differs in {', '.join(differs)}; "
            "give another run folder, or delete the checkpoint to start over"
        )
    return newest


def delete_checkpoints(folder: Path) -> None:
    """Delete all checkpoints in a folder: the training is finished."""
    for path in folder.glob("checkpoint-*"):
        if path.is_dir() and path.name.removeprefix("checkpoint-").isdigit():
            shutil.rmtree(path)
