"""Given tokens and texts: where tokens are in a text, words that are cut at the edges of spans, texts that differ in spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from weaklabel.units.spans import Spans
from weaklabel.units.words import Units

_WHITE = re.compile(r"[^\S\x1c-\x1f]+")
"""White space as Unicode has it, which is what `find_words` splits at."""


def without_spaces(text: str) -> str:
    """Return a text without white space, by which texts are compared that were split into tokens and joined again.

    Examples
    --------
    >>> without_spaces("Ada \\r\\n Lovelace")
    'AdaLovelace'
    """
    return _WHITE.sub("", text)


def place_tokens(text: str, tokens: Sequence[str]) -> list[tuple[int, int]] | None:
    """Return begin and end of each token in a text, in code points; None where the text consists of other tokens.

    Nothing but white space may be between tokens, or be missing in them.

    Examples
    --------
    >>> place_tokens("Don't  go!", ["Do", "n't", "go", "!"])
    [(0, 2), (2, 5), (7, 9), (9, 10)]
    >>> place_tokens("Go!", ["go", "!"]) is None
    True
    """
    bare = list(map(without_spaces, tokens))
    if not all(bare) or "".join(bare) != without_spaces(text):
        return None
    at = _dark(text)
    places, taken = [], 0
    for token in bare:
        places.append((at[taken], at[taken + len(token) - 1] + 1))
        taken += len(token)
    return places


def move_spans(spans: Sequence[tuple[int, int, str]], old: str, new: str) -> list[tuple[int, int, str]] | None:
    """Return spans of a text in another one that differs in white space alone; None where it differs otherwise.

    Raises
    ------
    ValueError
        A span is white space alone.

    Examples
    --------
    >>> move_spans([(0, 5, "PER"), (6, 7, "X")], "Ada L ?", "Ada\\n\\nL?")
    [(0, 6, 'PER'), (6, 7, 'X')]
    """
    if old == new:
        return list(spans)
    if without_spaces(old) != without_spaces(new):
        return None
    before = np.cumsum([0, *(not _WHITE.match(character) for character in old)]).tolist()
    at = _dark(new)
    moved = []
    for begin, end, label in spans:
        if before[begin] == before[end]:
            raise ValueError(f"the span {begin} to {end} is white space, which the text of the row has otherwise")
        moved.append((at[before[begin]], at[before[end] - 1] + 1, label))
    return moved


def cut_words(words: Units, spans: Spans) -> Units:
    """Return words that are cut where a span begins or ends within them; both are in code points of the same texts.

    Examples
    --------
    >>> from weaklabel.units import find_words
    >>> cut_words(find_words(["New Yorkers"]), Spans.of_rows([[(0, 8, 0)]])).of_row(0)
    [(0, 3), (4, 8), (8, 11)]
    """
    if not len(words) or not len(spans):
        return words
    longest = int(max(spans.end.max(), words.ends.max())) + 1  # one axis for all rows
    begins, ends = words.begins + words.row_of * longest, words.ends + words.row_of * longest
    edges = np.unique(np.concatenate([spans.begin + spans.row * longest, spans.end + spans.row * longest]))
    word = np.searchsorted(begins, edges, side="right") - 1
    edges = edges[(word >= 0) & (edges > begins[word]) & (edges < ends[word])]
    begins, ends = np.sort(np.concatenate([begins, edges])), np.sort(np.concatenate([ends, edges]))
    row = begins // longest
    offsets = np.zeros(len(words.offsets), dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=words.n_rows), out=offsets[1:])
    return Units(offsets, begins - row * longest, ends - row * longest)


def _dark(text: str) -> list[int]:
    """Return the places of characters that are no white space."""
    return [place for place, character in enumerate(text) if not _WHITE.match(character)]
