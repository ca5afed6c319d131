"""What a language model is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from weaklabel.errors import LanguageModelError


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Prompt:
    """One question to a language model; two equal prompts are the same request, which is paid once.

    Parameters
    ----------
    messages
        The conversation so far.
    choices
        The only answers that are allowed; empty for free text.
    schema
        JSON Schema that the answer must follow, as canonical JSON; empty for none. Not together with ``choices``.
    max_tokens
        Tokens after which the answer is cut off.
    temperature
        0 takes the most probable tokens.
    samples
        How many answers are wanted.
    seed
        Seed of the first sample, where the model takes one.
    logprobs
        Whether the probability of each choice is wanted, where the model tells it.

    Raises
    ------
    LanguageModelError
        Two choices are the same, or there are no messages, samples or tokens.
    """

    messages: tuple[Message, ...]
    choices: tuple[str, ...] = ()
    schema: str = ""
    max_tokens: int = 16
    temperature: float = 0.0
    samples: int = 1
    seed: int = 0
    logprobs: bool = False

    def __post_init__(self) -> None:
        if len(set(self.choices)) < len(self.choices) or not all(choice.strip() for choice in self.choices):
            raise LanguageModelError(
                f"the choices of a prompt must be different texts, and none empty: {self.choices!r}"
            )
        if not self.messages or self.samples < 1 or self.max_tokens < 1:
            raise LanguageModelError("a prompt needs a message, a sample and a token at least")


@dataclass(frozen=True)
class Answer:
    """One answer.

    Parameters
    ----------
    text
        One of the prompt's choices, exactly as it stands there; anything else is off the list, as the model wrote it.
    probs
        The probability of each choice, which sum to 1, where the model tells.
    finished
        False if the answer was cut off by ``max_tokens``.
    """

    text: str
    probs: Mapping[str, float] | None = None
    finished: bool = True


@dataclass(frozen=True)
class Usage:
    """Tokens of a request."""

    prompt_tokens: int
    completion_tokens: int

    @property
    def tokens(self) -> int:
        """Tokens of the prompt and of all answers."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens)


@dataclass(frozen=True)
class Reply:
    """What came of one prompt.

    Parameters
    ----------
    answers
        As many as the prompt wants samples; empty where there is none.
    usage
        Tokens that were paid for this prompt, now or when the reply was first given.
    kept
        Whether it was taken from the ledger: nothing was paid.
    failure
        Where there is no answer, one sentence that says why.
    """

    answers: tuple[Answer, ...]
    usage: Usage
    kept: bool
    failure: str = ""
