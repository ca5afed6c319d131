"""What prompts are likely to take: from earlier replies of the same model, from its tokenizer, or from their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Literal

from weaklabel.llm.ledger import Ledger
from weaklabel.llm.model import LanguageModel, canonical
from weaklabel.llm.prompt import Prompt, Usage
from weaklabel.support.hashing import hash_parts

Basis = Literal["replies", "tokenizer", "length"]

ENOUGH = 5
"""Replies from which tokens are estimated."""


@dataclass(frozen=True)
class _Sums:
    n: int
    x: float
    y: float
    xx: float
    xy: float
    answers: float

    def prompt_tokens(self, size: int) -> float:
        """Return the least-squares line of tokens over bytes at ``size``; the ratio, where all sizes are alike."""
        spread = self.n * self.xx - self.x**2
        slope = (self.n * self.xy - self.x * self.y) / spread if spread > 1e-6 * self.n * self.xx else -1.0
        if slope <= 0:
            return size * self.y / max(self.x, 1.0)
        return max(self.y / self.n + slope * (size - self.x / self.n), 1.0)


class Estimator:
    """Estimates the tokens that a model bills.

    Parameters
    ----------
    ledger
        The replies so far.
    model
        Who is asked.
    """

    def __init__(self, ledger: Ledger, model: LanguageModel) -> None:
        self._model = model
        with ledger.transaction() as database:
            rows = database.execute(
                "SELECT shape, n, x, y, xx, xy, answers FROM fits WHERE model = ?", (model.name,)
            ).fetchall()
        self._of_shape = {shape: _Sums(*sums) for shape, *sums in rows}

    def tokens(self, prompt: Prompt) -> tuple[float, float, Basis]:
        """Return the tokens of the prompt and of its answers, and where they are taken from."""
        likely = self._model.likely_tokens(prompt)
        shape, size = shape_and_size(self._model, prompt)
        sums = self._of_shape.get(shape)
        if sums is None or sums.n < ENOUGH:
            unit = shape.partition(" ")[0]
            sums = _added([each for other, each in self._of_shape.items() if other.partition(" ")[0] == unit])
        if sums.n >= ENOUGH:
            return sums.prompt_tokens(size), sums.answers / sums.n * prompt.samples, "replies"
        if likely is not None:
            return likely.prompt_tokens, likely.completion_tokens, "tokenizer"
        guess = _guess(prompt)
        return guess.prompt_tokens, guess.completion_tokens, "length"


def shape_and_size(model: LanguageModel, prompt: Prompt) -> tuple[str, int]:
    """Return what prompts have in common whose answers are alike, and the size of this one: its tokens, or else its bytes."""
    instructions = [each.content for each in prompt.messages if each.role == "system"]
    parts = [list(prompt.choices), prompt.schema, prompt.max_tokens, instructions]
    kind = hash_parts([canonical(parts)]).hex()[:16]
    likely = model.likely_tokens(prompt)
    if likely is not None:
        return f"tokens {kind}", likely.prompt_tokens
    return f"bytes {kind}", sum(len(each.content.encode("utf-8", "surrogatepass")) for each in prompt.messages)


def _added(sums: Sequence[_Sums]) -> _Sums:
    return _Sums(*(sum(column) for column in zip((0, 0.0, 0.0, 0.0, 0.0, 0.0), *map(astuple, sums), strict=True)))


def _guess(prompt: Prompt) -> Usage:
    """Guess tokens where nothing is known: four letters of the Latin alphabet, or a sign of another, make one."""
    text = "".join(each.content for each in prompt.messages)
    answer = max(prompt.choices, key=len, default="")
    expected = min(_guess_text(answer) + 2, prompt.max_tokens) if answer else prompt.max_tokens // 2
    return Usage(_guess_text(text) + 4 * len(prompt.messages) + 3, expected * prompt.samples)


def _guess_text(text: str) -> int:
    latin = sum(char.isascii() for char in text)
    return -(-latin // 4) + (len(text) - latin)
