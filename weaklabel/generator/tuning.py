"""One fine-tuning from its rows to the weights of its best evaluation.

This file imports torch and TRL, so only code that needs them anyway imports it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peft import LoraConfig
from transformers import EarlyStoppingCallback

from weaklabel.classifier.checkpoint import identity_of
from weaklabel.classifier.logs import training_log
from weaklabel.classifier.training import Diverged
from weaklabel.encoder.inference import pick_device, quiet_transformers
from weaklabel.errors import ClassifierError
from weaklabel.generator.checkpoints import MarkWhole, last_checkpoint
from weaklabel.generator.examples import Example
from weaklabel.generator.loading import load_causal
from weaklabel.generator.memory import Load, Machine, Plan, machine_of, plan_memory
from weaklabel.generator.options import TuningOptions
from weaklabel.generator.prompts import defused
from weaklabel.generator.saving import TunedModel, merged, with_adapters
from weaklabel.generator.trainer import (
    AnswerTrainer,
    Curve,
    check_mask,
    dataset_of,
    kept_generators,
    order_of,
    quiet_libraries,
    steps_between,
    trainer_of,
)
from weaklabel.llm.chat import control_tokens
from weaklabel.support.progress import stage
from weaklabel.support.versions import versions
from weaklabel.support.warn import warn

FEW_STEPS = 40
"""Below so many training steps a warning is due: SmolLM2 learned a task from 160 rows in 80 steps, and none of it in 20."""


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned model and what happened, for ``training_``."""

    model: TunedModel
    record: dict[str, Any]

    @property
    def best_loss(self) -> float | None:
        """The lowest finite validation loss; None where there is none."""
        losses = [entry["validation_loss"] for entry in self.record["history"] if "validation_loss" in entry]
        finite = [loss for loss in losses if math.isfinite(loss)]
        return min(finite) if finite else None


def tune(
    options: TuningOptions,
    lr: float,
    folder: Path,
    of_epoch: Callable[[int], Sequence[Example]],
    held: Sequence[Example] | None,
) -> Tuned:
    """Fine-tune at one learning rate; the model is left with the weights of its best evaluation.

    Parameters
    ----------
    folder
        For checkpoints and the log.
    of_epoch
        Gives the rows of an epoch; their prompts are those of the first.
    held
        Rows by which the best evaluation is chosen.
    """
    device = pick_device(options.device)
    keeps = options.run_folder is not None
    rows = [example for epoch in range(options.epochs) for example in of_epoch(epoch)]
    n = len(rows) // options.epochs
    if not n:
        raise ClassifierError("no row to train on; give prompts with answers")
    with kept_generators(), quiet_transformers(), quiet_libraries():
        torch.manual_seed(options.seed)
        network, tokenizer = load_causal(options.model)
        rows, held = _defused(rows, tokenizer), held and _defused(held, tokenizer)
        with stage("counting tokens", unit="rows"):
            lengths = np.array([_length(tokenizer, example) for example in rows])
        kept, cut = _short_rows(lengths.reshape(options.epochs, n), options.max_length)
        rows, lengths = [rows[row] for row in kept], lengths[kept]
        machine = machine_of(device)
        plan = plan_memory(machine, _load(options, network, lengths))
        _warn_of_memory(plan, machine)
        if plan.bf16 and options.method == "lora":
            network = network.to(torch.bfloat16)  # frozen; the adapters stay in float32
        effective = plan.at_once * plan.accumulation
        rows = [rows[row] for row in order_of(lengths.tolist(), options.epochs, effective, options.seed).tolist()]
        steps, every = steps_between(len(rows), effective, options.evaluations)
        _warn_of_few_steps(steps, effective)
        weights = network.state_dict() if keeps else {}
        with stage("tokenizing", unit="rows"):
            config = _config(options, lr, folder, device, plan, steps, every, validated=bool(held))
            train_set, check_set = dataset_of(rows), dataset_of(held) if held else None
            trainer = trainer_of(network, tokenizer, config, _lora(options), train_set, check_set)
            check_mask(trainer.train_dataset, rows, tokenizer)
        identity = _identity(options, lr, trainer, weights) if keeps else {}
        del weights
        if held:
            trainer.add_callback(EarlyStoppingCallback(options.patience or steps + 1))
        if keeps:
            trainer.add_callback(MarkWhole(identity, options.checkpoint_seconds))
        resumed = last_checkpoint(folder, identity) if keeps else None
        with (
            training_log(folder if keeps else None, options.loggers, _settings(options, lr)) as report,
            stage("fine-tuning", steps, "steps") as shown,
        ):
            curve = Curve(every, effective, options.epochs, bool(held), report, shown)
            trainer.add_callback(curve)
            trainer.train(resume_from_checkpoint=None if resumed is None else str(resumed))
    history = curve.entries
    losses = [entry.get("validation_loss", entry["loss"]) for entry in history]
    if not any(map(math.isfinite, losses) if held else map(math.isfinite, losses[-1:])):
        raise Diverged(f"training diverged: the loss is not a number; try a lower lr than {lr}")
    record = {
        "train_rows": n - cut,
        "left_out": cut,
        "validation_rows": len(held or ()),
        "epochs": options.epochs,
        "steps": trainer.state.global_step,
        "tokens": int(lengths.sum()) // options.epochs,
        "longest": int(lengths.max()),
        "answer_tokens": _answer_tokens(trainer),
        "trained_weights": sum(part.numel() for part in trainer.model.parameters() if part.requires_grad),
        "lr": lr,
        "history": history,
        "best_step": trainer.state.best_global_step or trainer.state.global_step,
        "memory": asdict(plan) | {"device": machine.kind},
    }
    model = merged(trainer.model, tokenizer)
    if plan.bf16 and model.adapter is not None:
        # As it will be when it is loaded: adapters on weights that were not rounded.
        model = merged(with_adapters(model, options.model), tokenizer)
    return Tuned(model, record)


def _warn_of_few_steps(steps: int, batch_size: int) -> None:
    if steps < FEW_STEPS and batch_size > 1:
        warn(
            f"{steps} training steps teach a language model the form of the answers at most: set batch_size below "
            f"{batch_size}, or give more rows or epochs"
        )


def _config(
    options: TuningOptions,
    lr: float,
    folder: Path,
    device: torch.device,
    plan: Plan,
    steps: int,
    every: int,
    *,
    validated: bool,
) -> dict[str, Any]:
    """Return the arguments of TRL's configuration."""
    keeps = options.run_folder is not None
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": plan.at_once,
        "per_device_eval_batch_size": plan.at_once,
        "gradient_accumulation_steps": plan.accumulation,
        "gradient_checkpointing": plan.checkpointing,
        "bf16": plan.bf16,
        "num_train_epochs": 1,  # rows of all epochs stand one after the other, in their order
        "shuffle_dataset": False,
        "train_sampling_strategy": "sequential",
        "learning_rate": lr,
        "lr_scheduler_type": "linear",
        "warmup_steps": max(1, round(options.warmup * steps)),
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.clip,
        "max_length": None,  # an answer must not be cut off
        "completion_only_loss": True,
        "remove_unused_columns": False,  # weights are needed
        "use_cpu": device.type == "cpu",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "seed": options.seed,
        "eval_strategy": "steps" if validated else "no",
        "eval_steps": every,
        "save_strategy": "steps" if validated or keeps else "no",
        "save_steps": every,
        "save_only_model": not keeps,
        "save_total_limit": 2,
        "load_best_model_at_end": validated,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
    }


def _lora(options: TuningOptions) -> LoraConfig | None:
    if options.method == "full":
        return None
    return LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _defused(rows: Sequence[Example], tokenizer: Any) -> list[Example]:
    """Return rows in which no text is read as a control token of the model."""
    control, safe, changed = control_tokens(tokenizer), [], 0
    for row in rows:
        texts = [*(message["content"] for message in row.prompt), row.answer]
        if not any(token in text for token in control for text in texts):
            safe.append(row)
            continue
        changed += 1
        prompt = tuple(message | {"content": defused(message["content"], control)} for message in row.prompt)
        safe.append(Example(prompt, defused(row.answer, control), row.weight))
    if changed:
        warn(
            f"{changed} of {len(rows)} rows hold control tokens of the model, such as {control[0]}; they are trained on with a "
            "space in each, as the text that they are"
        )
    return safe


def _length(tokenizer: Any, example: Example) -> int:
    messages = [*example.prompt, {"role": "assistant", "content": example.answer}]
    return len(tokenizer.apply_chat_template(messages, return_dict=False))


def _short_rows(lengths: NDArray[np.int64], limit: int) -> tuple[NDArray[np.int64], int]:
    """Return the rows of at most ``limit`` tokens, of all epochs, and how many of an epoch are longer.

    A row whose answers differ from epoch to epoch stays or goes as a whole. Shape of ``lengths``: [epochs, n].
    """
    short = (lengths <= limit).all(axis=0)
    cut = int((~short).sum())
    if cut == short.size:
        raise ClassifierError(f"no row to train on: all {cut} rows are longer than {limit} tokens; raise max_length")
    if cut:
        warn(f"{cut} of {short.size} rows are longer than {limit} tokens and are not trained on; raise max_length")
    return np.flatnonzero(np.tile(short, len(lengths))), cut


def _load(options: TuningOptions, network: Any, lengths: NDArray[np.int64]) -> Load:
    config = network.config
    weights = sum(weight.numel() for weight in network.parameters())
    head = network.get_output_embeddings()
    linear = (part for part in network.modules() if isinstance(part, torch.nn.Linear) and part is not head)
    adapters = sum(options.rank * (part.in_features + part.out_features) for part in linear)
    return Load(
        weights=weights,
        trained=weights if options.method == "full" else adapters,
        layers=int(getattr(config, "num_hidden_layers", 12)),
        width=int(getattr(config, "hidden_size", 768)),
        vocabulary=int(config.vocab_size),
        tokens=int(lengths.max()),
        batch_size=min(options.batch_size, len(lengths)),
    )


def _warn_of_memory(plan: Plan, machine: Machine) -> None:
    if not plan.fits:
        warn(
            f"the training may not fit into the {machine.free / 2**30:.1f} GiB of memory that are free, even one row at a "
            "time; use method = lora, a smaller model, or a lower max_length"
        )


def _answer_tokens(trainer: AnswerTrainer) -> float:
    """Return the mean number of tokens of an answer that count in the loss."""
    some = trainer.train_dataset.select(range(min(200, len(trainer.train_dataset))))
    return float(np.mean([sum(label >= 0 for label in labels) for labels in some["labels"]]))


def _settings(options: TuningOptions, lr: float) -> dict[str, Any]:
    """Return the settings that change the result."""
    plain = asdict(options) | {"lr": lr, "model": str(options.model or "smollm2")}
    for name in ("device", "run_folder", "checkpoint_seconds", "loggers", "progress", "validation_share"):
        del plain[name]
    return plain


def _identity(options: TuningOptions, lr: float, trainer: AnswerTrainer, weights: dict[str, Any]) -> dict[str, str]:
    train_set, check_set = trainer.train_dataset, trainer.eval_dataset
    data = {name: train_set[name][:] for name in ("input_ids", "labels", "weight")}
    if check_set is not None:
        data |= {f"validation {name}": check_set[name][:] for name in ("input_ids", "labels", "weight")}
    packages = {f"version of {name}": number for name, number in versions(("trl", "peft", "accelerate")).items()}
    of_batches = {"at once": trainer.args.per_device_train_batch_size}
    return identity_of(_settings(options, lr) | of_batches, weights, data) | packages
