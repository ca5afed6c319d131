"""Counting tokens by a model's own tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from weaklabel.errors import LanguageModelError
from weaklabel.llm.prompt import Prompt, Usage
from weaklabel.support.files import StrPath

if TYPE_CHECKING:
    import tokenizers

FILE = "tokenizer.json"
OF_MESSAGE, OF_PROMPT = 4, 3
"""Tokens that most chat templates put around a message, and before the answer."""

BIAS = 100
"""The strongest bias of the protocol: nothing else can be chosen."""


class Tokenizer:
    """The tokenizer of a model, from its ``tokenizer.json`` or a folder with it.

    Raises
    ------
    LanguageModelError
        There is none.
    """

    def __init__(self, path: StrPath) -> None:
        file = Path(path) / FILE if Path(path).is_dir() else Path(path)
        try:
            file.read_bytes()
            self._tokenizer = _read(str(file))
        except Exception as error:  # the package raises bare exceptions
            raise LanguageModelError(f"cannot read the tokenizer {file}: {error}; give the model's {FILE}") from None

    def usage(self, prompt: Prompt) -> Usage:
        """Return what a prompt and its answers likely take."""
        sent = sum(self._count(message.content) + OF_MESSAGE for message in prompt.messages) + OF_PROMPT
        lengths = [self._count(choice) for choice in prompt.choices]
        told = sum(lengths) / len(lengths) + 1 if lengths else prompt.max_tokens / 2
        return Usage(sent, round(told * prompt.samples))

    def bias(self, choices: Sequence[str]) -> dict[str, int]:
        """Return a bias for the token of each choice; empty if one has more than one token."""
        encoded = [self._tokenizer.encode(choice, add_special_tokens=False).ids for choice in choices]
        if any(len(ids) != 1 for ids in encoded):
            return {}
        return {str(ids[0]): BIAS for ids in encoded}

    def _count(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)


@lru_cache(maxsize=4)
def _read(path: str) -> tokenizers.Tokenizer:
    import tokenizers

    return tokenizers.Tokenizer.from_file(path)
