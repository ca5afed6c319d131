"""What a language model is fine-tuned on: a prompt of messages, and the answer that is wanted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.classifier.targets import Targets
from weaklabel.errors import CorpusError
from weaklabel.generator.options import SoftLabels

Message = dict[str, str]
"""``role`` and ``content``, as chat templates take them."""

MIN_PROB = 0.05
"""Answers less probable than this are left out where each answer counts by its probability."""

_SHAREGPT = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


@dataclass(frozen=True)
class Example:
    """A row to fine-tune on.

    Attributes
    ----------
    prompt
        Messages before the answer.
    answer
        What the model should say.
    weight
        How much it counts, above 0.
    """

    prompt: tuple[Message, ...]
    answer: str
    weight: float = 1.0

    def row(self) -> dict[str, Any]:
        """Return it as TRL takes it: conversational prompt and completion, and its weight."""
        return {
            "prompt": list(self.prompt),
            "completion": [{"role": "assistant", "content": self.answer}],
            "weight": self.weight,
        }


def soft_examples(
    prompts: Sequence[tuple[Message, ...]], targets: Targets, words: Sequence[str], soft: SoftLabels, seed: int
) -> list[Example]:
    """Turn rows with soft labels into examples.

    Parameters
    ----------
    prompts
        Messages of each row. Length: r.
    targets
        Class probabilities and weights of the rows.
    words
        The answer of each class. Length: k.
    soft
        "sample": each row is one example, its answer drawn by the probabilities. "weights": each row is one example for
        each class that is not improbable, which counts by its probability.
    seed
        Of the draws.
    """
    weights = targets.weights / targets.weights.mean()
    if soft == "sample":
        steps = np.random.default_rng(seed).random(len(prompts))
        cumulative = targets.probs.cumsum(axis=1)
        drawn = np.minimum((cumulative < steps[:, None] * cumulative[:, -1:]).sum(axis=1), len(words) - 1)
        return [
            Example(prompt, words[label], float(weight))
            for prompt, label, weight in zip(prompts, drawn.tolist(), weights, strict=True)
        ]
    examples = []
    for prompt, probs, weight in zip(prompts, targets.probs, weights, strict=True):
        kept = np.where(probs >= min(MIN_PROB, probs.max()), probs, 0)
        kept = kept / kept.sum()
        examples += [
            Example(prompt, words[label], float(weight * kept[label])) for label in np.flatnonzero(kept).tolist()
        ]
    return examples


def read_examples(path: str | Path) -> list[Example]:
    """Read a JSONL file of conversations, as ``weaklabel export`` writes them for language models.

    A line has ``messages``, the last of which is the answer; or ``prompt`` and ``completion``, as messages or as text; or
    ``instruction``, ``input``, ``output`` (and ``system``); or ``conversations`` of ``from`` and ``value``. It may have a
    ``weight``. Everything else in it is left alone.

    Raises
    ------
    CorpusError
        The file cannot be read, or a line is not such an object; names the line.
    """
    path = Path(path)
    examples = []
    try:
        with path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, 1):
                if line.strip():
                    examples.append(_checked(line, f"{path}, line {number}"))
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    if not examples:
        raise CorpusError(f"{path} holds no rows; write some with weaklabel export")
    return examples


def _checked(line: str, where: str) -> Example:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise CorpusError(f"{where} is not JSON ({error}); give a file of one JSON object a line") from None
    try:
        prompt, answer = _conversation(row)
        weight = float(row.get("weight", 1.0))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise CorpusError(
            f"{where}: it has neither messages that end with an answer, nor prompt and completion, nor instruction and "
            "output; write such rows with weaklabel export"
        ) from None
    if not answer.strip() or not prompt:
        raise CorpusError(f"{where}: it has no {'prompt' if answer.strip() else 'answer'} to learn from; leave it out")
    if not 0 < weight < float("inf"):
        raise CorpusError(f"{where}: weight is {weight}; it must be a number above 0")
    return Example(tuple(prompt), answer, weight)


def _conversation(row: dict[str, Any]) -> tuple[list[Message], str]:
    if "messages" in row:
        return _split([_message(each["role"], each["content"]) for each in row["messages"]])
    if "conversations" in row:
        turns = [_message(_SHAREGPT[each["from"]], each["value"]) for each in row["conversations"]]
        system = [_message("system", row["system"])] if row.get("system") else []
        return _split(system + turns)
    if "output" in row:
        asked = "\n\n".join(part for part in (row["instruction"], row.get("input")) if part)
        system = [_message("system", row["system"])] if row.get("system") else []
        return [*system, _message("user", asked)], _text(row["output"])
    prompt, completion = row["prompt"], row["completion"]
    if isinstance(prompt, str):
        return [_message("user", prompt)], _text(completion)
    messages = [_message(each["role"], each["content"]) for each in [*prompt, *completion]]
    return _split(messages)


def _split(messages: list[Message]) -> tuple[list[Message], str]:
    if messages[-1]["role"] != "assistant":
        raise ValueError("the last message is not the answer")
    return messages[:-1], messages[-1]["content"]


def _message(role: Any, content: Any) -> Message:
    return {"role": _text(role), "content": _text(content)}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
