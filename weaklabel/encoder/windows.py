"""Tokens of texts of any length in overlapping windows, and where the words of the texts are among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import WeakLabelError
from weaklabel.support.progress import stage
from weaklabel.units import Units

Numbers = NDArray[np.int64]

OVERLAP = 4
"""A window shares one of so many of its tokens with the next one."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Tokens of texts, and the place of each word among them.

    A word that is in several windows has its place in the one that shows most of what surrounds it.

    Attributes
    ----------
    ids
        Tokens of each window, those that a model needs at its edges included. Length: w.
    window
        The window of each word. Shape: [n_words].
    first, last
        The tokens of each word in its window: from ``first`` to before ``last``. A word that the tokenizer drops, such as a
        control character, has the first token of its window. Shape: [n_words].
    """

    ids: list[list[int]]
    window: Numbers
    first: Numbers
    last: Numbers

    def words_of_windows(self) -> tuple[Numbers, Numbers]:
        """Return the words in the order of their windows, and where those of each window begin. Shape: [n_words], [w + 1]."""
        order = np.argsort(self.window, kind="stable")
        counts = np.bincount(self.window, minlength=len(self.ids))
        return order, np.concatenate([[0], np.cumsum(counts)])


def token_windows(tokenizer: Any, texts: Sequence[str], words: Units, limit: int) -> Windows:
    """Tokenize texts, and find their words among the tokens.

    Parameters
    ----------
    tokenizer
        A fast tokenizer of transformers.
    texts, words
        Texts, and their words. Length: n.
    limit
        Most tokens of a window.

    Raises
    ------
    WeakLabelError
        The tokenizer does not say where its tokens are in a text.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise WeakLabelError(
            f"{type(tokenizer).__name__} does not say where its tokens are in a text; use a model with a fast tokenizer "
            "(tokenizer.json)"
        )
    rows = np.flatnonzero(np.diff(words.offsets))
    if not len(rows):
        none = np.empty(0, np.int64)
        return Windows([], none, none, none)
    room = limit - tokenizer.num_special_tokens_to_add()
    with stage("tokenising", len(rows), "texts"):
        tokens = tokenizer(
            [texts[row] for row in rows.tolist()],
            truncation=True,
            max_length=limit,
            stride=max(0, min(room - 1, room // OVERLAP)),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
    ids = [window or [tokenizer.pad_token_id] for window in tokens["input_ids"]]
    return Windows(ids, *_places(tokens["offset_mapping"], rows[tokens["overflow_to_sample_mapping"]], words))


def _places(mapping: list[list[tuple[int, int]]], row: Numbers, words: Units) -> tuple[Numbers, Numbers, Numbers]:
    """Return window, first and last token of each word; ``row`` is that of each window."""
    lengths = np.array([len(window) for window in mapping], dtype=np.int64)
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(mapping)), np.int64, 2 * int(lengths.sum())).reshape(
        -1, 2
    )
    window = np.repeat(np.arange(len(mapping)), lengths)
    position = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    real = flat[:, 1] > flat[:, 0]  # others are those at the edges
    begins, ends, window, position = flat[real, 0], flat[real, 1], window[real], position[real]
    # What each window shows of its text; the first and the last one of a text have no edge there.
    low, high = np.full(len(mapping), np.iinfo(np.int64).max), np.full(len(mapping), -1)
    np.minimum.at(low, window, begins)
    np.maximum.at(high, window, ends)
    is_first = np.append(True, row[1:] != row[:-1])
    is_last = np.append(row[1:] != row[:-1], True)
    far = int(max(high.max(initial=0), words.ends.max(initial=0))) + 1
    low, high = np.where(is_first, 0, low), np.where(is_last, far, high)
    # Pairs of a word and a window that shows some of it.
    axis_begins, axis_ends = (places + words.row_of * (far + 1) for places in (words.begins, words.ends))
    left = np.searchsorted(axis_ends, row * (far + 1) + low, side="right")
    right = np.searchsorted(axis_begins, row * (far + 1) + high, side="left")
    left, right = (np.clip(place, words.offsets[row], words.offsets[row + 1]) for place in (left, right))
    counts = np.maximum(right - left, 0)
    pair_window = np.repeat(np.arange(len(mapping)), counts)
    pair_word = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(left, counts)
    before = np.where(is_first[pair_window], far, words.begins[pair_word] - low[pair_window])
    after = np.where(is_last[pair_window], far, high[pair_window] - words.ends[pair_word])
    order = np.lexsort((pair_window, -np.minimum(before, after), pair_word))
    chosen = order[np.append(True, np.diff(pair_word[order]) > 0)] if len(order) else order
    of_word = np.empty(len(words), dtype=np.int64)
    of_word[words.offsets[row]] = 0  # all words are in some pair: the windows of a text leave no gap
    of_word[pair_word[chosen]] = pair_window[chosen]
    first = np.searchsorted(window * (far + 1) + ends, of_word * (far + 1) + words.begins, side="right")
    last = np.searchsorted(window * (far + 1) + begins, of_word * (far + 1) + words.ends, side="left")
    has = last > first
    at_first, at_last = position[np.minimum(first, len(position) - 1)], position[np.maximum(last - 1, 0)]
    return of_word, np.where(has, at_first, 0), np.where(has, at_last + 1, 1)
