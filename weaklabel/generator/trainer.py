"""One fine-tuning with TRL, at one learning rate: rows in a fixed order, weights of rows, loss on the answer only.

This file imports torch, transformers and TRL.
"""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars, enable_progress_bars
from datasets.utils import are_progress_bars_disabled
from numpy.typing import NDArray
from peft import LoraConfig
from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from weaklabel.classifier.logs import Report
from weaklabel.encoder.inference import length_batches
from weaklabel.errors import ClassifierError
from weaklabel.generator.checkpoints import SafeCheckpoints
from weaklabel.generator.examples import Example
from weaklabel.support.progress import Stage

IGNORED = -100
"""Stands in the labels for tokens that do not count in the loss."""


class _Weighing(DataCollatorForLanguageModeling):
    """Adds the weight of each row to a batch."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().torch_call(examples)
        batch["weight"] = torch.tensor([example["weight"] for example in examples], dtype=torch.float32)
        return batch


class AnswerTrainer(SafeCheckpoints, SFTTrainer):
    """TRL's trainer, with a weight for each row, and checkpoints without pickles."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return TRL's loss, with the weights of the rows."""
        weights = inputs.pop("weight", None)
        if weights is None or bool((weights == 1).all()):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        inputs["use_cache"] = False
        outputs = model(**inputs, fused_lm_head=True)
        # TRL's own loss, with a weight for each row: `log_probs` is 0 where a token does not count.
        lost = -(outputs.log_probs.reshape(len(weights), -1) * weights[:, None].to(outputs.log_probs.device)).sum()
        counted = outputs.label_mask.sum() if num_items_in_batch is None else num_items_in_batch
        return lost / torch.as_tensor(counted).clamp(min=1)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none beside checkpoints."""


class Curve(TrainerCallback):
    """Shows the progress, and reports an entry for each evaluation, or at the same places where there is none.

    Parameters
    ----------
    every
        Steps from one entry to the next.
    batch_size
        Rows in a step.
    epochs
        Passes over the rows that the whole training is.
    validated
        Whether there are validation rows.
    report, shown
        Takes the entries; counts the steps.
    """

    began: float
    counted: int

    def __init__(
        self, every: int, batch_size: int, epochs: float, validated: bool, report: Report, shown: Stage
    ) -> None:
        self.every = every
        self.batch_size = batch_size
        self.validated = validated
        self.epochs = epochs
        self.report = report
        self.shown = shown
        self.entries: list[dict[str, Any]] = []
        self.began, self.counted = time.monotonic(), 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Show what an earlier run did."""
        self.shown.total = state.max_steps
        self.shown.skip(state.global_step)
        self._report(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Count the step."""
        self.shown.advance()

    def on_log(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Report what is new."""
        self._report(state)

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Report what is new."""
        self._report(state)

    def _report(self, state: Any) -> None:
        entries = curve_of(state.log_history, self.every, state.max_steps, self.epochs, self.validated)
        for entry in entries[len(self.entries) :]:
            # An earlier run's seconds are not known; the record of the training must not depend on any.
            seconds, rows = time.monotonic() - self.began, (entry["step"] - self.counted) * self.batch_size
            self.report(entry | {"seconds": round(seconds, 2), "texts_per_second": round(rows / max(seconds, 1e-3), 1)})
            self.began, self.counted = time.monotonic(), entry["step"]
            losses = (name for name in ("loss", "validation_loss") if name in entry)
            self.shown.note = ", ".join(f"{name.replace('_', ' ')} {entry[name]:.3f}" for name in losses)
        self.entries = entries


def curve_of(
    history: Sequence[dict[str, Any]], every: int, steps: int, epochs: float, validated: bool
) -> list[dict[str, Any]]:
    """Return an entry for each evaluation of a training: its epoch, losses, and learning rate.

    Parameters
    ----------
    history
        What transformers logged: one entry for each step, and one for each evaluation.
    every
        Steps from one evaluation to the next.
    steps, epochs
        Of the whole training.
    validated
        Whether there are validation rows.
    """
    trained = {entry["step"]: entry for entry in history if "loss" in entry}
    checked = {entry["step"]: entry for entry in history if "eval_loss" in entry}
    entries, before = [], 0
    for step in sorted(checked if validated else (step for step in trained if step % every == 0 or step == steps)):
        since = [trained[number]["loss"] for number in range(before + 1, step + 1) if number in trained]
        if not since:
            continue
        entry = {"epoch": round(epochs * step / steps, 4), "loss": float(np.mean(since))}
        entry["lr"] = float(trained[max(number for number in trained if number <= step)]["learning_rate"])
        if step in checked:
            entry["validation_loss"] = float(checked[step]["eval_loss"])
        entries.append(entry | {"step": step})
        before = step
    return entries


def order_of(lengths: Sequence[int], epochs: int, batch_size: int, seed: int) -> NDArray[np.int64]:
    """Return the order in which rows are trained on: rows of like length in a batch, another order in every epoch.

    Parameters
    ----------
    lengths
        Tokens of the rows of all epochs, one epoch after the other. Shape: [epochs * n].
    """
    n, rng = len(lengths) // epochs, np.random.default_rng(seed)
    order: list[NDArray[np.int64]] = []
    for epoch in range(epochs):
        batches = length_batches(lengths[epoch * n : (epoch + 1) * n], batch_size, rng)
        # A batch with fewer rows comes last, so that the others stay together.
        batches.sort(key=lambda batch: len(batch) < batch_size)
        order += [epoch * n + batch for batch in batches]
    return np.concatenate(order)


def trainer_of(
    network: Any, tokenizer: Any, config: dict[str, Any], lora: LoraConfig | None, rows: Dataset, held: Dataset | None
) -> AnswerTrainer:
    """Make a trainer; TRL tokenizes the rows and finds where the answer begins."""
    tokenizer.padding_side = "right"
    pad = tokenizer.pad_token_id
    trainer = AnswerTrainer(
        model=network,
        args=SFTConfig(**config),
        train_dataset=rows,
        eval_dataset=held,
        processing_class=tokenizer,
        peft_config=lora,
        data_collator=_Weighing(pad),
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    return trainer


def dataset_of(examples: Sequence[Example]) -> Dataset:
    """Return rows as TRL takes them."""
    return Dataset.from_list([example.row() for example in examples])


def check_mask(prepared: Dataset, examples: Sequence[Example], tokenizer: Any, most: int = 200) -> None:
    """Refuse to train where the tokens that count in the loss are not exactly the answer and its end.

    Parameters
    ----------
    prepared
        Rows as TRL tokenized them.
    examples
        The same rows before.
    most
        Check so many rows, evenly spread.

    Raises
    ------
    ClassifierError
        Shows the answer, and what would be trained on.
    """
    for row in range(0, len(examples), max(1, len(examples) // most)):
        counted = [token for token in prepared[row]["labels"] if token != IGNORED]
        words = tokenizer.decode(counted, skip_special_tokens=True).strip()
        if words != examples[row].answer.strip():
            raise ClassifierError(
                f"the chat template of the model does not keep prompt and answer apart: the answer is "
                f"{examples[row].answer[:80]!r}, and the loss would be on {words[:80]!r}; give a model with another template"
            )


def steps_between(rows: int, batch_size: int, evaluations: int) -> tuple[int, int]:
    """Return the steps of a training, and those between two evaluations."""
    steps = math.ceil(rows / batch_size)
    return steps, max(1, math.ceil(steps / evaluations))


@contextmanager
def kept_generators() -> Iterator[None]:
    """Restore all global random generators afterwards: transformers seeds every one of them."""
    python, of_numpy = random.getstate(), np.random.get_state()
    gpus = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices=gpus):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(of_numpy)


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep off the screen what libraries say to their developers, and the progress bars of datasets."""
    were_off = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("ignore", module="peft")
            yield
    finally:
        if not were_off:
            enable_progress_bars()
