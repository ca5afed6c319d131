"""Words in their texts as vectors: the states of a frozen encoder, and the shape of their spelling, which it may not see."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.encoder import default_model, run_identity
from weaklabel.encoder.inference import (
    BATCH_TOKENS,
    GPU_BATCH_TOKENS,
    Pretrained,
    load_pretrained,
    padded_lengths,
    run_each,
)
from weaklabel.encoder.windows import Windows, token_windows
from weaklabel.support.cache import TextCache
from weaklabel.support.progress import stage
from weaklabel.units import Units

WINDOW_TOKENS = 256
"""Tokens of a text that the encoder sees at once; a longer text is read in overlapping windows."""

LAYERS = (2, 4, 6)
"""Hidden states that make a word's vector; 0 is the embedding of tokens. Early layers know the word, late ones its text."""

POOLING = "mean of a word's tokens, version 1"
"""How vectors are computed from states, for the cache; to be changed together with `_mean_of_words`."""

_TEXTS_AT_ONCE = 2000

Vectors = NDArray[np.float32]


class WordEncoder:
    """A transformer that turns words in their texts into vectors; it is loaded when the first text is encoded.

    A word's vector is the mean of its tokens' hidden states in some layers, side by side.

    Parameters
    ----------
    model
        Local folder or hub name of an encoder; by default `default_model`.
    layers
        Numbers of the hidden states; 0 is the embedding of tokens, 1 the first layer.
    device
        Such as ``cpu`` or ``cuda:0``; by default the GPU if there is one.

    Notes
    -----
    On one machine the vectors of a text do not depend on the texts next to it, nor on the number of threads. They are kept
    on disk, see `weaklabel.support.cache`, in 16 bits. A text of 24 words takes about 13 ms of a core.

    Examples
    --------
    >>> from weaklabel.units import find_words
    >>> texts = ["the river bank", "a bank account"]
    >>> WordEncoder(layers=(6,)).encode(texts, find_words(texts)).shape
    (6, 384)
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        layers: Sequence[int] = LAYERS,
        device: str | None = None,
    ) -> None:
        self.model: str = str(default_model() if model is None else model)
        self.layers: tuple[int, ...] = tuple(layers)
        self.device = device

    @cached_property
    def _loaded(self) -> Pretrained:
        return load_pretrained("AutoModel", self.model, self.device)

    @cached_property
    def _cache(self) -> TextCache[Vectors]:
        width = len(self.layers)
        return TextCache(
            "word vectors",
            run_identity(self.model, self.device, POOLING, WINDOW_TOKENS, self.layers),
            lambda vectors: np.uint32(vectors.shape[1]).tobytes() + vectors.astype("<f2").tobytes(),
            lambda data: np.frombuffer(data, "<f2", offset=4).reshape(-1, _width(data, width)).astype(np.float32),
            lambda text, vectors: 200 + len(text) + vectors.nbytes,
        )

    def encode(self, texts: Sequence[str], words: Units) -> Vectors:
        """Return the vector of each word.

        Parameters
        ----------
        texts, words
            Texts, and their words. Length: n.

        Returns
        -------
        array of float32
            Shape: [n_words, d], where d is the encoder's width times the number of layers.

        Raises
        ------
        WeakLabelError
            The model cannot be loaded.
        """
        keys = [_key(text, words, row) for row, text in enumerate(texts)]
        place: dict[str, int] = {}
        for row, key in enumerate(keys):
            if words.offsets[row + 1] > words.offsets[row]:
                place.setdefault(key, row)
        if not place:
            return np.empty((0, self._loaded.network.config.hidden_size * len(self.layers)), dtype=np.float32)

        def run(missing: Sequence[str]) -> list[Vectors]:
            rows = [place[key] for key in missing]
            vectors = []
            for begin in range(0, len(rows), _TEXTS_AT_ONCE):
                vectors += self._run(texts, words, rows[begin : begin + _TEXTS_AT_ONCE])
            return vectors

        vectors_of = dict(zip(place, self._cache.get(list(place), run), strict=True))
        return np.concatenate([vectors_of[key] for key in keys if key in vectors_of])

    def _run(self, texts: Sequence[str], words: Units, rows: list[int]) -> list[Vectors]:
        """Return the vectors of the words of some texts, text by text."""
        counts = np.diff(words.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        of_word = np.repeat(words.offsets[rows] - offsets[:-1], counts) + np.arange(int(offsets[-1]))
        part = Units(offsets, words.begins[of_word], words.ends[of_word])
        windows = token_windows(self._loaded.tokenizer, [texts[row] for row in rows], part, self._limit)
        # Rounded as they are kept, so that a text from the cache has the same vectors.
        vectors = self._words_of(windows).astype(np.float16).astype(np.float32)
        return np.split(vectors, offsets[1:-1].tolist())

    @property
    def _limit(self) -> int:
        loaded = self._loaded
        most = getattr(loaded.network.config, "max_position_embeddings", WINDOW_TOKENS)
        return int(min(WINDOW_TOKENS, loaded.tokenizer.model_max_length, most))

    def _words_of(self, windows: Windows) -> Vectors:
        """Run windows through the model; batches are made as in `weaklabel.encoder.inference.run_tokens`."""
        network, tokenizer, device = self._loaded
        order, starts = windows.words_of_windows()
        vectors = np.zeros((len(order), network.config.hidden_size * len(self.layers)), dtype=np.float32)
        padded = padded_lengths(np.array([len(ids) for ids in windows.ids], dtype=np.int64), self._limit)
        budget = BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS
        batches = []
        for length in np.unique(padded)[::-1].tolist():
            group = np.flatnonzero(padded == length)
            size = max(1, budget // length)
            batches += [(length, size, group[begin : begin + size]) for begin in range(0, len(group), size)]

        def run(batch: tuple[int, int, NDArray[np.int64]]) -> None:
            length, size, some = batch
            ids = [windows.ids[window] for window in np.resize(some, size)]
            inputs = tokenizer.pad({"input_ids": ids}, padding="max_length", max_length=length, return_tensors="pt")
            states = network(**inputs.to(device), output_hidden_states=True).hidden_states
            for layer, number in enumerate(self.layers):
                state = states[number].float().cpu().numpy()
                columns = slice(layer * state.shape[2], (layer + 1) * state.shape[2])
                for place, window in enumerate(some.tolist()):
                    of_window = order[starts[window] : starts[window + 1]]
                    if len(of_window):
                        first, last = windows.first[of_window], windows.last[of_window]
                        vectors[of_window, columns] = _mean_of_words(state[place], first, last)
            progress.advance(len(some))

        with stage("reading words", len(windows.ids), "windows") as progress:
            run_each(batches, run, device)
        return vectors

    def __repr__(self) -> str:
        return f"WordEncoder({self.model!r}, layers={self.layers!r})"


def _mean_of_words(states: Vectors, first: NDArray[np.int64], last: NDArray[np.int64]) -> Any:
    """Average the states of each word's tokens. Shape: [t, d], [n], [n] -> [n, d]."""
    sums = np.concatenate([np.zeros((1, states.shape[1])), np.cumsum(states, axis=0, dtype=np.float64)])
    return (sums[last] - sums[first]) / (last - first)[:, None]


def _width(data: bytes, n_layers: int) -> int:
    width = int(np.frombuffer(data, np.uint32, count=1)[0])
    if not width or width % n_layers:
        raise ValueError("these are not vectors of words")
    return width


def _key(text: str, words: Units, row: int) -> str:
    """Return a text with the places of its words, which vectors depend on."""
    some = slice(words.offsets[row], words.offsets[row + 1])
    places = np.stack([words.begins[some], words.ends[some]], axis=1).astype("<u4").tobytes()
    return f"{text}\x00{places.hex()}"


SHAPES = (
    "begins with a capital",
    "all capitals",
    "all lower case",
    "has a digit",
    "all digits",
    "no letter or digit",
    "one character",
    "a capital after the first character",
    "has a hyphen",
    "all letters",
)
"""What `word_shapes` says of a word."""


def word_shapes(texts: Sequence[str], words: Units) -> Vectors:
    """Return the shape of each word, of the one before and of the one after it, and whether it is the first or the last.

    Examples
    --------
    >>> from weaklabel.units import find_words
    >>> texts = ["Ada met IBM-7"]
    >>> shapes = word_shapes(texts, find_words(texts))
    >>> shapes.shape, shapes[0, :3].tolist()
    ((5, 32), [1.0, 0.0, 0.0])
    """
    shape_of: dict[str, list[bool]] = {}
    spelled = words.texts(texts)
    rows = [shape_of.get(word) or shape_of.setdefault(word, _shape(word)) for word in spelled]
    own = np.array(rows, dtype=np.float32).reshape(-1, len(SHAPES))
    is_first, is_last = np.zeros((2, len(own) + 1), dtype=bool)
    is_first[words.offsets[:-1]] = True
    is_last[words.offsets[1:] - 1] = True  # of a text without words: the last word of the text before, which it is
    before, after = np.zeros_like(own), np.zeros_like(own)
    before[1:], after[:-1] = own[:-1], own[1:]
    is_first, is_last = is_first[: len(own)], is_last[: len(own)]
    before[is_first], after[is_last] = 0, 0
    edges = np.stack([is_first, is_last], axis=1).astype(np.float32)
    return np.hstack([own, before, after, edges])


def _shape(word: str) -> list[bool]:
    return [
        word[:1].isupper(),
        word.isupper() and len(word) > 1,
        word.islower(),
        any(char.isdigit() for char in word),
        word.isdigit(),
        not any(char.isalnum() for char in word),
        len(word) == 1,
        any(char.isupper() for char in word[1:]),
        "-" in word,
        word.isalpha(),
    ]
