"""What a language model is: how a request looks, what it costs at most, how it is sent, and how its reply is read."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from weaklabel.errors import LanguageModelError
from weaklabel.llm.prompt import Answer, Prompt, Usage
from weaklabel.support.hashing import hash_parts

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Request:
    """One request.

    Parameters
    ----------
    prompt
        What is asked.
    key
        The same whenever the same request is sent again: servers that know `Idempotency-Key` do not bill it twice.
    """

    prompt: Prompt
    key: str


@dataclass(frozen=True)
class Received:
    """A whole reply, as it came.

    Parameters
    ----------
    text
        What `LanguageModel.read` reads; the ledger keeps it.
    billed_once
        Whether the server says that it heeds `Request.key`: however often the request was sent, it is billed once.
    """

    text: str
    billed_once: bool = False


@dataclass(frozen=True)
class Reading:
    """What is read in a reply.

    Parameters
    ----------
    answers
        Empty if there is none.
    usage
        What was billed; None if the model does not tell.
    failure
        Without answers, why.
    may_succeed
        Without answers, whether there may be one if the request is sent again.
    """

    answers: tuple[Answer, ...]
    usage: Usage | None
    failure: str = ""
    may_succeed: bool = False


class TryAgain(LanguageModelError):
    """The request may succeed later.

    Parameters
    ----------
    sentence
        What happened.
    seconds
        How long the server asks to wait, if it does.
    may_be_billed
        Whether the model may have answered, although the answer did not arrive.
    is_changed
        Whether it is another request from now on, which need not wait, and which does not count as a try.
    """

    def __init__(
        self, sentence: str, *, seconds: float | None = None, may_be_billed: bool = False, is_changed: bool = False
    ) -> None:
        super().__init__(sentence)
        self.seconds = seconds
        self.may_be_billed = may_be_billed
        self.is_changed = is_changed


class PromptRefused(LanguageModelError):
    """The server does not answer this prompt, whatever happens to others; nothing is billed."""


class LanguageModel(ABC):
    """A language model that `Asking` asks; its methods are called from several threads at once.

    Attributes
    ----------
    name : str
        What it is called in the price table.
    server : str
        Who answers; limits per minute count for each server.
    """

    batch_size: ClassVar[int] = 1
    """Most requests that `send` takes together."""
    is_local: ClassVar[bool] = False
    """Whether it runs on this machine in this process: it then costs nothing unless the price table has it."""

    at_once: ClassVar[int | None] = None
    """Most calls of `send` at the same time; None: as many as the settings say."""

    name: str
    server: str = ""

    @property
    def gives_samples_apart(self) -> bool:
        """Whether each sample is a request of its own."""
        return False

    @abstractmethod
    def identity(self) -> Any:
        """Return, as JSON, who answers: a URL or the hash of a checkpoint, the model, parameters; never a key."""

    @abstractmethod
    def body(self, prompt: Prompt) -> dict[str, Any]:
        """Return the request as JSON; two prompts with the same body are paid once."""

    @abstractmethod
    def tokens(self, prompt: Prompt) -> Usage:
        """Return an upper bound of what is billed for a prompt."""

    def likely_tokens(self, prompt: Prompt) -> Usage | None:
        """Return what is likely billed for a prompt, if the tokenizer is at hand."""
        return None

    def batch_request(self, prompt: Prompt) -> dict[str, Any]:
        """Return ``url`` and ``body`` of a line in a batch file.

        Raises
        ------
        LanguageModelError
            It takes no batch files.
        """
        raise LanguageModelError(f"'{self.name}' takes no batch files: only models behind an endpoint do")

    @abstractmethod
    def send(self, requests: Sequence[Request], timeout: float) -> Sequence[Received | PromptRefused]:
        """Send requests, `batch_size` at most, and return a reply to each, or why that prompt never gets one.

        Raises
        ------
        TryAgain
            They may succeed later.
        PromptRefused
            None of them ever gets a reply.
        LanguageModelError
            No request will succeed: the key or the model is wrong.
        """

    def read(self, prompt: Prompt, text: str) -> Reading:
        """Read a reply; here, one that `packed` made."""
        value = json.loads(text)
        answers = tuple(Answer(each["text"], each["probs"], each["finished"]) for each in value["answers"])
        return Reading(answers, Usage(*value["usage"]))

    def prepare(self, memory: MutableMapping[str, str]) -> None:  # noqa: B027 - most have nothing to prepare
        """Get ready before the first request, which is the time to check what costs nothing.

        Parameters
        ----------
        memory
            Texts that are kept in the ledger, such as what a server accepts.

        Raises
        ------
        LanguageModelError
            No request will succeed.
        """

    def recall(self, memory: MutableMapping[str, str]) -> bool:
        """Take up what `prepare` or `send` kept in the memory; False if there is nothing."""
        return False

    def key(self, prompt: Prompt) -> bytes:
        """Return the key of a prompt in the ledger: the hash of the identity and the whole body. Length: 32."""
        return hash_parts([canonical(self.identity()), canonical(self.body(prompt))])


def packed(answers: Sequence[Answer], usage: Usage) -> str:
    """Return the text of a reply, for models that have no form of their own."""
    rows = [
        {"text": each.text, "probs": None if each.probs is None else dict(each.probs), "finished": each.finished}
        for each in answers
    ]
    return canonical({"answers": rows, "usage": [usage.prompt_tokens, usage.completion_tokens]})


def canonical(value: Any) -> str:
    """Return a value as JSON, always the same text for the same value, which UTF-8 can encode."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if _SURROGATE.search(text):
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text
