"""Token lengths by the tokenizer of the model that is to be trained: measured, and kept below a limit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from weaklabel.errors import ExportError
from weaklabel.llm.chat import control_tokens
from weaklabel.llm.packaged import causal_checkpoint

CONTROL = re.compile(
    r"<\|\w+\|>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>|<</?SYS>>|<[|｜][\w▁]+[|｜]>",
)
"""What marks turns and ends in the templates of widely used models."""

TooLong: TypeAlias = Literal["cut", "leave-out", "keep"]

PERCENTILES = (50, 90, 95, 99)


class TokenCounter:
    """Counts tokens as a trainer will see them.

    Parameters
    ----------
    tokenizer
        Folder of a checkpoint, a name of the Hugging Face hub, or ``smollm2``.

    Raises
    ------
    ExportError
        There is no tokenizer there.
    MissingPackageError
        transformers is not installed.
    """

    def __init__(self, tokenizer: str) -> None:
        from weaklabel.encoder.inference import from_pretrained

        checkpoint = causal_checkpoint(tokenizer)
        try:
            self._tokenizer = from_pretrained("AutoTokenizer", checkpoint)
        except (OSError, ValueError, KeyError) as error:
            name = Path(tokenizer).name
            raise ExportError(f"tokenizer: {name} cannot be loaded: {str(error).partition(chr(10))[0]}") from None
        self.lengths: Counter[int] = Counter()
        self._control = control_tokens(self._tokenizer)

    def has_control(self, text: str) -> bool:
        """Return whether a trainer would read a part of a text as a control token, such as the end of a turn."""
        return any(token in text for token in self._control)

    def count(self, messages: Sequence[Mapping[str, str]]) -> int:
        """Return how many tokens a conversation has, in the chat template of the model if it has one."""
        if getattr(self._tokenizer, "chat_template", None):
            rendered = self._tokenizer.apply_chat_template(list(messages), tokenize=False)
            return len(self._tokenizer(rendered, add_special_tokens=False)["input_ids"])
        return len(self._tokenizer("\n".join(message["content"] for message in messages))["input_ids"])

    def shortened(self, text: str, excess: int) -> str:
        """Return a text without its last ``excess`` tokens, or more if its end would not be a whole character."""
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        kept = self._tokenizer.decode(ids[: max(0, len(ids) - excess)], clean_up_tokenization_spaces=False)
        # What a tokenizer gives back need not be the text; only a beginning of the text is shown.
        common = next(
            (n for n, (a, b) in enumerate(zip(text, kept, strict=False)) if a != b), min(len(text), len(kept))
        )
        return text[:common].rstrip()

    def table(self) -> dict[str, float]:
        """Return the percentiles of what was counted."""
        return percentiles(self.lengths)


def percentiles(lengths: Mapping[int, int]) -> dict[str, float]:
    """Return mean, percentiles and the largest of lengths that are given with their counts.

    Examples
    --------
    >>> percentiles({10: 98, 20: 1, 30: 1})
    {'mean': 10.3, '50%': 10, '90%': 10, '95%': 10, '99%': 20, 'largest': 30}
    """
    total = sum(lengths.values())
    if not total:
        return {}
    table: dict[str, float] = {"mean": round(sum(length * n for length, n in lengths.items()) / total, 1)}
    for percent in PERCENTILES:
        reached = 0
        for length in sorted(lengths):
            reached += lengths[length]
            if reached * 100 >= percent * total:
                table[f"{percent}%"] = length
                break
    return table | {"largest": max(lengths)}


def described(value: Any) -> str:
    """Return how messages call the limit."""
    return f"longer than {value:,} tokens"
