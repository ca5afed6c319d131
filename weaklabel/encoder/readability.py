"""Whether an encoder was made for the language of texts: how its tokenizer splits their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from weaklabel.encoder.inference import load_part
from weaklabel.encoder.lsa import TOKEN
from weaklabel.encoder.multilingual import MULTILINGUAL, multilingual_model

FEWEST_TEXTS = 100
"""Texts from which on their language can be told by their words."""

_MOST_TEXTS, _MOST_CHARACTERS = 1000, 400
"""Texts that are looked at, and characters of each."""

MANY_UNKNOWN = 0.1
"""Share of words that a tokenizer does not know at all, from which on an encoder cannot read texts."""

MANY_PIECES, FEW_LETTERS = 1.3, 3.0
"""Pieces per word from which on, and letters per piece below which, an encoder was not made for a language.

Of English sets MiniLM's tokenizer makes 1.0 to 1.2 pieces per word, 1.6 of names of chemicals, of 3.4 to 4.5 letters each; of
Yoruba 1.7 pieces of 2.2 letters, of texts in Cyrillic 4.3 of 1.
"""


@dataclass(frozen=True)
class Readability:
    """How a tokenizer splits the words of texts.

    Attributes
    ----------
    unknown
        Share of the words that it does not know at all.
    pieces
        Pieces that it makes of a word of two letters or more, if it knows it; 1 if there is none.
    letters
        Letters of such a piece; 0 if there is none.
    """

    unknown: float
    pieces: float
    letters: float

    @property
    def is_low(self) -> bool:
        """Whether the encoder was not made for these texts."""
        return self.unknown >= MANY_UNKNOWN or (self.pieces >= MANY_PIECES and self.letters < FEW_LETTERS)


def readability(model: str, texts: Sequence[str]) -> Readability | None:
    """Return how an encoder's tokenizer splits the words of texts; None where they are too few to tell.

    Raises
    ------
    WeakLabelError
        The tokenizer cannot be loaded.
    """
    if len(texts) < FEWEST_TEXTS:
        return None
    read = islice(texts, _MOST_TEXTS)
    words = [
        word for text in read for word in re.findall(TOKEN, text[:_MOST_CHARACTERS]) if any(map(str.isalpha, word))
    ]
    if not words:
        return None
    split = multilingual_model().pieces(words) if model == MULTILINGUAL else _pieces(model, words)
    longer = [
        (len(word), count) for word, (count, is_known) in zip(words, split, strict=True) if is_known and len(word) > 1
    ]
    letters, pieces = sum(length for length, _ in longer), sum(count for _, count in longer)
    unknown = 1 - sum(is_known for _, is_known in split) / len(words)
    return Readability(unknown, pieces / len(longer), letters / pieces) if longer else Readability(unknown, 1.0, 0.0)


def _pieces(model: str, words: list[str]) -> list[tuple[int, bool]]:
    """Return into how many pieces each word is split, and whether all are known."""
    tokenizer = _tokenizer(model)
    split = tokenizer(words, add_special_tokens=False)["input_ids"]
    return [(len(pieces), tokenizer.unk_token_id not in pieces and len(pieces) > 0) for pieces in split]


@cache
def _tokenizer(model: str) -> Any:
    return load_part("AutoTokenizer", model)
