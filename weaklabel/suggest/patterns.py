"""Patterns that a labeling function may look for: a phrase, phrases that differ in one word, or a list of keywords."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from weaklabel.lf.patterns import PatternLF, keyword_lf, regex_lf
from weaklabel.suggest.phrases import is_keyword, pattern_of, words_of
from weaklabel.suggest.runs import START
from weaklabel.votes.apply import apply_lfs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_WORD = re.compile(r"\w(.*\w)?", re.DOTALL)


@dataclass(frozen=True)
class Pattern:
    """What a labeling function looks for.

    Attributes
    ----------
    phrases
        One or several; any of them matches.
    slot
        Whether the phrases differ in one word, so that they make one regex.
    regex
        A regex that is taken as it is, in place of the phrases.
    source
        Whether it was found in the texts, or proposed by a language model.
    """

    phrases: tuple[str, ...]
    slot: bool = False
    regex: str | None = None
    source: Literal["texts", "llm"] = "texts"

    @property
    def kind(self) -> Literal["keyword", "regex"]:
        """Kind of the labeling function."""
        if self.source == "llm":  # its keywords are words as they are: none is a slot or an anchor
            return "keyword" if self.regex is None else "regex"
        return "regex" if self.slot or not all(map(is_keyword, self.phrases)) else "keyword"

    @property
    def patterns(self) -> tuple[str, ...]:
        """The keywords, or the one regex."""
        if self.kind == "keyword":
            return self.phrases
        return (pattern_of(*self.phrases) if self.regex is None else self.regex,)

    def lf(self, name: str, label: int) -> PatternLF:
        """Make the labeling function."""
        if self.kind == "keyword":
            return keyword_lf(name, label, self.patterns)
        return regex_lf(name, label, self.patterns[0], ignore_case=True)

    def code(self, name: str, label: int) -> str:
        """Write the labeling function as Python."""
        if self.kind == "keyword":
            words = ", ".join(map(_quoted, self.patterns))
            return f"{name} = keyword_lf({_quoted(name)}, {label}, [{words}])"
        return f"{name} = regex_lf({_quoted(name)}, {label}, {_raw(self.patterns[0])}, ignore_case=True)"


def hits_of(patterns: Sequence[Pattern], texts: Sequence[str]) -> csr_array:
    """Apply the labeling functions of patterns: 1 where one votes. Shape: [n, c]."""
    from scipy.sparse import csr_array

    lfs = [pattern.lf(f"candidate {number}", 0) for number, pattern in enumerate(patterns)]
    return csr_array((apply_lfs(lfs, list(texts)).L >= 0).astype(np.float64))


def differing_in_one_word(phrases: Sequence[str]) -> list[tuple[int, ...]]:
    """Group phrases of several words that differ in one of them, as indices into ``phrases``.

    Examples
    --------
    >>> differing_in_one_word(["how many", "who", "how much", "^how long"])
    [(0, 2)]
    """
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, phrase in enumerate(phrases):
        words = words_of(phrase)
        if len(words) - (words[0] == START) < 2:
            continue
        for place, word in enumerate(words):
            if _WORD.fullmatch(word):
                groups[(*words[:place], "", *words[place + 1 :])].append(number)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _quoted(text: str) -> str:
    """Write a string with double quotes, as formatters do."""
    written = repr(text)
    return written if '"' in text or written.startswith('"') else f'"{written[1:-1]}"'


def _raw(pattern: str) -> str:
    """Write a regex as a raw string where it can be one."""
    return f'r"{pattern}"' if '"' not in pattern and pattern.isprintable() else repr(pattern)
