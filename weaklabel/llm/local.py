"""A language model on this machine: a causal checkpoint of transformers, asked like one behind an endpoint."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import Pretrained, load_part, load_pretrained, pick_device, softmax
from weaklabel.llm.chat import FORM, Chat
from weaklabel.llm.generation import Task, generate
from weaklabel.llm.likelihood import choice_logprobs
from weaklabel.llm.model import LanguageModel, PromptRefused, Received, Request, packed
from weaklabel.llm.packaged import SMOLLM2, causal_checkpoint
from weaklabel.llm.prompt import Answer, Message, Prompt, Usage
from weaklabel.support.hashing import hash_parts, hash_path
from weaklabel.support.progress import stage

_DECIMALS = 4
"""Decimals of a log-probability; rounding errors of sums in batches of other sizes are smaller."""


class LocalModel(LanguageModel):
    """A causal model of transformers in this process.

    Of an answer that must be one of the choices, each choice's probability is computed exactly: that of all its tokens and
    of the end of the answer, divided by the sum over the choices. Nothing else can be answered. Free text is generated.

    A prompt that is longer than the model reads is refused, never truncated. Replies depend on the prompt alone, not on
    what is asked together with it: log-probabilities are rounded to four decimals, more than rounding errors change.

    Parameters
    ----------
    model
        A folder in the transformers format, a hub name, or "smollm2" for the packaged SmolLM2-135M-Instruct.
    device
        Such as ``cpu`` or ``cuda:0``; by default the GPU if there is one.
    name
        What the price table calls it; by default the name of the folder, or the hub name.

    Notes
    -----
    On a CPU it computes in float32, elsewhere in bfloat16.

    Examples
    --------
    >>> model = LocalModel("some/folder", name="mine")
    >>> model.name
    'mine'
    """

    batch_size: ClassVar[int] = 64
    is_local: ClassVar[bool] = True
    at_once: ClassVar[int | None] = 1

    def __init__(
        self, model: str | os.PathLike[str] = SMOLLM2, *, device: str | None = None, name: str | None = None
    ) -> None:
        self.model: str = os.fspath(model)
        self.device = device
        self.name: str = name or (Path(self.model).name if Path(self.model).is_dir() else self.model)
        self.server: str = f"this machine ({self.name})"
        self._running = threading.RLock()

    def identity(self) -> Any:
        """Return the hash of the checkpoint, or its hub name and commit."""
        return {"checkpoint": self._checkpoint_hash, "form": FORM}

    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return all that the answers depend on."""
        body: dict[str, Any] = {
            "messages": [{"role": each.role, "content": each.content} for each in prompt.messages],
            "temperature": prompt.temperature,
            "samples": prompt.samples,
        }
        if prompt.temperature > 0:
            body["seed"] = prompt.seed
        return body | ({"choices": list(prompt.choices)} if prompt.choices else {"max_tokens": prompt.max_tokens})

    def tokens(self, prompt: Prompt) -> Usage:
        """Return the tokens of the prompt, which are exact, and the most of its answers."""
        most = (
            max(len(self.answer_tokens(choice)) for choice in prompt.choices) if prompt.choices else prompt.max_tokens
        )
        return Usage(self._length(prompt), most * prompt.samples)

    def likely_tokens(self, prompt: Prompt) -> Usage:
        """Return the tokens of the prompt, which are exact, and of an average answer."""
        if not prompt.choices:
            return self.tokens(prompt)
        answer = np.mean([len(self.answer_tokens(choice)) for choice in prompt.choices])
        return Usage(self._length(prompt), round(float(answer) * prompt.samples))

    def _length(self, prompt: Prompt) -> int:
        try:
            return len(self.prompt_tokens(prompt.messages))
        except PromptRefused:
            return 0  # it is not going to be asked

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of a conversation up to the answer; texts in it never become control tokens."""
        return list(self._tokens_of(tuple(messages)))

    def answer_tokens(self, text: str) -> list[int]:
        """Return the tokens of an answer and of its end."""
        if text not in self._answers:
            self._answers[text] = self._chat.answer(text)
        return self._answers[text]

    @property
    def max_length(self) -> int:
        """Tokens of a prompt and its answer that the model reads at most."""
        limits = (getattr(self._config, "max_position_embeddings", None), self._tokenizer.model_max_length)
        return min(int(limit) for limit in limits if limit is not None)

    def send(self, requests: Sequence[Request], timeout: float) -> list[Received | PromptRefused]:
        """Answer prompts; in place of a reply is the refusal of a prompt that is too long."""
        with self._running:
            replies: list[Received | PromptRefused | None] = [self._refusal(request.prompt) for request in requests]
            asked = [row for row, refusal in enumerate(replies) if refusal is None]
            closed = [row for row in asked if requests[row].prompt.choices]
            for row, logs in zip(closed, self.choice_logprobs([requests[row].prompt for row in closed]), strict=True):
                replies[row] = Received(self._chosen(requests[row].prompt, logs))
            free = [row for row in asked if not requests[row].prompt.choices]
            for row, text in zip(free, self._written([requests[row].prompt for row in free]), strict=True):
                replies[row] = Received(text)
        return [reply for reply in replies if reply is not None]

    def choice_logprobs(self, prompts: Sequence[Prompt]) -> list[NDArray[np.float64]]:
        """Return the log-probability of each choice of each prompt: of all its tokens and of the answer's end.

        What the messages before the last one hold in common runs once.

        Returns
        -------
        list of arrays
            In the order of the prompt's choices, 0 at most, rounded to four decimals. Length: n.

        Raises
        ------
        WeakLabelError
            The model cannot be loaded.
        """
        tokens = [self.prompt_tokens(prompt.messages) for prompt in prompts]
        groups: dict[tuple[Any, ...], list[int]] = {}
        for row, prompt in enumerate(prompts):
            groups.setdefault((prompt.messages[:-1], prompt.choices), []).append(row)
        logs: list[NDArray[np.float64]] = [np.empty(0)] * len(prompts)
        with self._running, stage("scoring answers", len(prompts), "prompts") as progress:
            for (_, choices), rows in groups.items():
                answers = [self.answer_tokens(choice) for choice in choices]
                prefix = self._chat.prefix(prompts[rows[0]].messages, tokens[rows[0]])
                scored = choice_logprobs(self._loaded, [tokens[row] for row in rows], answers, prefix=prefix)
                for row, values in zip(rows, scored, strict=True):
                    logs[row] = np.round(values, _DECIMALS)
                progress.advance(len(rows))
        return logs

    def _refusal(self, prompt: Prompt) -> PromptRefused | None:
        try:
            self.prompt_tokens(prompt.messages)
        except PromptRefused as refusal:
            return refusal
        usage = self.tokens(prompt)
        needed = usage.prompt_tokens + usage.completion_tokens // prompt.samples
        if needed <= self.max_length:
            return None
        return PromptRefused(
            f"the prompt has {usage.prompt_tokens:,} tokens, with its answer up to {needed:,}, and {self.name} reads "
            f"{self.max_length:,}: shorten the text"
        )

    def _chosen(self, prompt: Prompt, logs: NDArray[np.float64]) -> str:
        probs = softmax(logs[None])[0]
        told = dict(zip(prompt.choices, probs.tolist(), strict=True))
        if prompt.temperature > 0:
            shares = softmax(logs[None] / prompt.temperature)[0]
            places = [int(_rng(prompt, number).choice(len(shares), p=shares)) for number in range(prompt.samples)]
        else:
            places = [int(logs.argmax())] * prompt.samples
        answers = [Answer(prompt.choices[place], told) for place in places]
        completion = sum(len(self.answer_tokens(answer.text)) for answer in answers)
        return packed(answers, Usage(len(self.prompt_tokens(prompt.messages)), completion))

    def _written(self, prompts: Sequence[Prompt]) -> list[str]:
        """Return replies of generated text."""
        tasks, owners = [], []
        for row, prompt in enumerate(prompts):
            task = Task(tuple(self.prompt_tokens(prompt.messages)), prompt.max_tokens, prompt.temperature)
            different = prompt.samples if prompt.temperature > 0 else 1
            tasks += [replace(task, seed=_seed(prompt, number)) for number in range(different)]
            owners += [row] * different
        written = generate(self._loaded, tasks, self._chat.stops) if tasks else []
        replies = []
        for row, prompt in enumerate(prompts):
            mine = [answer for answer, owner in zip(written, owners, strict=True) if owner == row]
            mine *= prompt.samples // len(mine)
            answers = [Answer(self._chat.read(answer.tokens), finished=answer.finished) for answer in mine]
            completion = sum(len(answer.tokens) + answer.finished for answer in mine)
            replies.append(packed(answers, Usage(len(self.prompt_tokens(prompt.messages)), completion)))
        return replies

    @cached_property
    def _place(self) -> str:
        return causal_checkpoint(self.model)

    @cached_property
    def _checkpoint_hash(self) -> str:
        if not Path(self._place).is_dir():
            return f"{self.model} {getattr(self._config, '_commit_hash', None)}"
        with stage("hashing the checkpoint"):
            return hash_path(self._place)

    @cached_property
    def _tokenizer(self) -> Any:
        with self._running:
            return load_part("AutoTokenizer", self._place)

    @cached_property
    def _config(self) -> Any:
        return load_part("AutoConfig", self._place)

    @cached_property
    def _chat(self) -> Chat:
        return Chat(self._tokenizer)

    @cached_property
    def _tokens_of(self) -> Callable[[tuple[Message, ...]], tuple[int, ...]]:
        """Turn a conversation into tokens; the latest are remembered, since each is needed several times."""
        return lru_cache(maxsize=1024)(lambda messages: tuple(self._chat.prompt(messages)))

    @cached_property
    def _answers(self) -> dict[str, list[int]]:
        return {}

    @cached_property
    def _loaded(self) -> Pretrained:
        import torch

        with self._running:
            dtype = torch.float32 if pick_device(self.device).type == "cpu" else torch.bfloat16
            return load_pretrained("AutoModelForCausalLM", self._place, self.device, dtype=dtype)

    def __repr__(self) -> str:
        return f"LocalModel({self.model!r})"


def _seed(prompt: Prompt, number: int) -> int:
    """Return the seed of a sample: the first of seed 1 is the second of seed 0, as servers count them."""
    texts = [part for message in prompt.messages for part in (message.role, message.content)]
    return int.from_bytes(hash_parts([*texts, str(prompt.seed + number)])[:8], "little")


def _rng(prompt: Prompt, number: int) -> np.random.Generator:
    return np.random.default_rng(_seed(prompt, number))
