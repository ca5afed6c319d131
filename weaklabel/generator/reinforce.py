"""Reinforcement learning with a reward that can be checked, as a second stage after fine-tuning: TRL's GRPO.

This file imports torch and TRL, so only code that needs them anyway imports it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from weaklabel.encoder.inference import pick_device, quiet_transformers
from weaklabel.generator.examples import Message
from weaklabel.generator.rewards import RewardedPrompt, reward_of
from weaklabel.generator.saving import TunedModel, merged, with_adapters
from weaklabel.generator.trainer import kept_generators, quiet_libraries
from weaklabel.support.progress import Stage, stage

_EXTRA_TOKENS = 3
"""More tokens than the longest word needs: an answer that goes on is not on the list."""


@dataclass(frozen=True)
class Reinforcement:
    """How to reinforce.

    Attributes
    ----------
    steps
        Steps of the optimizer.
    prompts, answers
        Prompts in a step, and answers that are drawn to each, from 2 up: what counts is which are better than the others.
    lr
        Learning rate.
    seed
        Of the order of prompts and of the drawn answers.
    device
        As for `torch.device`.
    """

    steps: int
    prompts: int
    answers: int
    lr: float
    seed: int
    device: str | None


class _Counting(TrainerCallback):
    def __init__(self, shown: Stage) -> None:
        self.shown = shown

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self.shown.advance()


def reinforce(
    tuned: TunedModel,
    base: str | Path | None,
    rows: Sequence[RewardedPrompt],
    words: Sequence[str],
    settings: Reinforcement,
) -> tuple[TunedModel, dict[str, Any]]:
    """Train a fine-tuned model further on answers that it draws itself, by Group Relative Policy Optimization.

    Of several answers to the same prompt, those with a reward above the mean become more probable (Shao et al.,
    "DeepSeekMath", 2024). The adapters are trained further; without them, all weights.

    Parameters
    ----------
    tuned
        The model.
    base
        The checkpoint that it was fine-tuned from.
    rows
        Prompts with the rewards of answers.
    words
        The answers on the list.
    settings
        See `Reinforcement`.

    Returns
    -------
    model, record
        The record has ``rewards``, the mean reward of each step, and ``same``, the share of prompts whose answers all had
        the same reward, from which nothing is learned.
    """
    tokenizer, device = tuned.tokenizer, pick_device(settings.device)
    longest = max(len(tokenizer.encode(word, add_special_tokens=False)) for word in words)
    order = np.random.default_rng(settings.seed).permutation(len(rows))
    wanted = np.resize(order, settings.steps * settings.prompts)
    data = Dataset.from_list(
        [{"prompt": list(rows[row].prompt), "rewards": json.dumps(dict(rows[row].rewards))} for row in wanted.tolist()]
    )
    with kept_generators(), quiet_transformers(), quiet_libraries(), tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(settings.seed)
        model = with_adapters(tuned, base)
        config = GRPOConfig(
            output_dir=folder,
            max_steps=settings.steps,
            learning_rate=settings.lr,
            lr_scheduler_type="constant",
            per_device_train_batch_size=settings.prompts * settings.answers,
            gradient_accumulation_steps=1,
            num_generations=settings.answers,
            max_completion_length=longest + _EXTRA_TOKENS,
            temperature=1.0,
            beta=0.0,
            shuffle_dataset=False,
            use_cpu=device.type == "cpu",
            bf16=False,
            gradient_checkpointing=False,
            logging_steps=1,
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            save_strategy="no",
            seed=settings.seed,
        )
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=_reward_function(words),
            args=config,
            train_dataset=data,
            processing_class=tokenizer,
        )
        for callback in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(callback)
        with stage("reinforcing", settings.steps, "steps") as shown:
            trainer.add_callback(_Counting(shown))
            trainer.train()
        logs = [entry for entry in trainer.state.log_history if "reward" in entry]
    tokenizer.padding_side = "right"
    record = asdict(settings) | {
        "rewards": [float(entry["reward"]) for entry in logs],
        "same": float(np.mean([entry.get("frac_reward_zero_std", 0.0) for entry in logs])) if logs else 0.0,
    }
    del record["device"]
    return merged(trainer.model, tokenizer), record


def _reward_function(words: Sequence[str]) -> Callable[..., list[float]]:
    def agreement(completions: Sequence[Any], rewards: Sequence[str], **_: Any) -> list[float]:
        return [
            reward_of(_said(completion), json.loads(of_row), words)
            for completion, of_row in zip(completions, rewards, strict=True)
        ]

    return agreement


def _said(completion: str | Sequence[Message] | Mapping[str, str]) -> str:
    """Return the text of an answer as TRL gives it: plain, or as messages."""
    if isinstance(completion, str):
        return completion
    last = completion if isinstance(completion, Mapping) else completion[-1]
    return str(last["content"])
