"""What prompts are likely to take: from earlier replies of the same model, from its tokenizer, or from their length."""

from __future__ import annotations

from dataclasses import dataclass
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
        columns = list(zip(*(sums for _, *sums in rows), strict=True))
        self._of_all = _Sums(*(sum(column) for column in columns)) if columns else None

    def tokens(self, prompt: Prompt) -> tuple[float, float, Basis]:
        """Return the tokens of the prompt and of its answers, and where they are taken from."""
        of_shape = self._of_shape.get(shape_of(prompt))
        sums = of_shape if of_shape is not None and of_shape.n >= ENOUGH else self._of_all
        likely = self._model.likely_tokens(prompt)
        guess = _guess(prompt)
        basis: Basis = "length"
        prompt_tokens, answer_tokens = float(guess.prompt_tokens), float(guess.completion_tokens)
        if likely is not None:
            basis, prompt_tokens, answer_tokens = "tokenizer", likely.prompt_tokens, likely.completion_tokens
        if sums is not None and sums.n >= ENOUGH:
            basis, answer_tokens = "replies", sums.answers / sums.n * prompt.samples
            if likely is None:
                prompt_tokens = sums.prompt_tokens(size_of(prompt))
        return prompt_tokens, answer_tokens, basis


def shape_of(prompt: Prompt) -> str:
    """Return a hash of what decides how long answers are."""
    instructions = [each.content for each in prompt.messages if each.role == "system"]
    parts = [list(prompt.choices), prompt.schema, prompt.max_tokens, instructions]
    return hash_parts([canonical(parts)]).hex()[:16]


def size_of(prompt: Prompt) -> int:
    """Return the bytes of all messages."""
    return sum(len(each.content.encode("utf-8", "surrogatepass")) for each in prompt.messages)


def _guess(prompt: Prompt) -> Usage:
    """Guess tokens where nothing is known: four letters of the Latin alphabet, or a sign of another, make one."""
    text = "".join(each.content for each in prompt.messages)
    answer = max(prompt.choices, key=len, default="")
    expected = min(_guess_text(answer) + 2, prompt.max_tokens) if answer else prompt.max_tokens // 2
    return Usage(_guess_text(text) + 4 * len(prompt.messages) + 3, expected * prompt.samples)


def _guess_text(text: str) -> int:
    latin = sum(char.isascii() for char in text)
    return -(-latin // 4) + (len(text) - latin)
