"""Phrases of a gazetteer as a trie of words: searched word by word, so that an entry is found as whole words or not at all.

A text is split into words once for all gazetteers, each distinct word is folded and looked up once, and the trie is walked
from all words at the same time, as arrays. Every entry that begins at a word is seen, so that a longer one never hides a
shorter one: "New York" is found in "New Yorkers" neither as itself nor by accident, and where "New York Times" is an entry
but the text goes on otherwise, "New York" is found.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.lf.spelling import canonical
from weaklabel.units.words import spell_words

Case: TypeAlias = Literal["exact", "ignore", "fold"]
"""How words are compared: as they are, without regard to case, or without regard to accents and widths as well."""

NO_ENTRY, STOP = -1, -2
"""In place of a value: a node of the trie at which no entry ends, and one at which a stop entry does."""

AMBIGUOUS = -3
"""In place of a value: entries of different values are the same."""

Numbers: TypeAlias = NDArray[np.int64]


def fold_words(vocabulary: pl.Series, case: Case) -> list[str]:
    """Return the words as they are compared; apostrophes and composed accents are always alike. Length: n.

    Examples
    --------
    >>> words = pl.Series(["Straße", "STRASSE", "São", "Ｐａｒｉｓ"])
    >>> fold_words(words, "exact") == words.to_list(), fold_words(words, "ignore")[:2], fold_words(words, "fold")[2:]
    (True, ['strasse', 'strasse'], ['sao', 'paris'])
    """
    folded = (vocabulary if case == "exact" else vocabulary.str.to_lowercase()).to_list()
    # Only what is not ASCII needs more than lower case, except for one plain character that `canonical` replaces.
    odd = (vocabulary.str.len_bytes() != vocabulary.str.len_chars()) | (vocabulary == "`")
    for place in np.flatnonzero(odd.to_numpy()).tolist():
        folded[place] = fold_word(vocabulary[place], case)
    return folded


def fold_word(word: str, case: Case) -> str:
    """Return one word as it is compared; see `fold_words`."""
    plain = canonical(word)
    if case == "exact":
        return plain
    # Unicode's canonical caseless matching, and for "fold" compatibility caseless matching: chapter 3.13 of the standard.
    form: Literal["NFD", "NFKD"] = "NFKD" if case == "fold" else "NFD"
    bare = unicodedata.normalize(form, unicodedata.normalize(form, plain).casefold())
    if case == "fold":  # accents of alphabets; the marks of other scripts are letters of theirs
        bare = "".join(letter for letter in bare if not "\u0300" <= letter <= "\u036f") or bare
    return unicodedata.normalize("NFC", bare)


class Matches(NamedTuple):
    """Entries found: the first word and the word after the last, counted over all rows, and the entry's value."""

    begin: Numbers
    end: Numbers
    value: Numbers


class WordTrie:
    """Phrases, each with a value from 0, or `STOP`.

    Parameters
    ----------
    phrases
        The phrases. Length: n.
    values
        The value of each. Shape: [n].
    case
        See `Case`.

    Attributes
    ----------
    n_entries : int
        Number of different phrases that have one value.
    n_same : int
        Number of phrases that are the same as an earlier one.
    wordless : array
        Places of the phrases that have no word. Shape: [n_wordless].
    ambiguous : array
        Places of the phrases that are the same as one of another value; they are not found. Shape: [n_ambiguous].

    Examples
    --------
    >>> trie = WordTrie(["New York", "New York Times", "Times"], np.array([0, 1, 2]), "ignore")
    >>> texts = ["the new york times of New York", "New Yorkers"]
    >>> words = spell_words(texts)
    >>> matches = trie.longest(trie.numbers_of(fold_words(words.vocabulary, "ignore"))[words.codes], words.units.offsets)
    >>> matches.begin.tolist(), matches.end.tolist(), matches.value.tolist()
    ([1, 5], [4, 7], [1, 0])
    """

    def __init__(self, phrases: Sequence[str] | pl.Series, values: Numbers, case: Case) -> None:
        words = spell_words(phrases)
        number_of: dict[str, int] = {}
        numbers = np.array(
            [number_of.setdefault(word, len(number_of)) for word in fold_words(words.vocabulary, case)], dtype=np.int64
        )
        self._number_of = number_of
        node_of_phrase = self._add(numbers[words.codes] if len(words.codes) else words.codes, words.units.offsets)
        self._set_values(node_of_phrase, values)

    def _add(self, words: Numbers, offsets: Numbers) -> Numbers:
        """Make the nodes, level by level; return the node at which each phrase ends. Shape: [n].

        Node 0 is the root. A node is a key: the number of its parent and of the word that leads to it. Keys are sorted, and
        a node is the place of its key, from 1.
        """
        lengths = np.diff(offsets)
        nodes = np.zeros(len(lengths), dtype=np.int64)
        levels: list[NDArray[np.uint64]] = []
        count, depth = 1, 0
        going = np.flatnonzero(lengths > 0)
        while len(going):
            keys = (nodes[going].astype(np.uint64) << np.uint64(32)) | words[offsets[going] + depth].astype(np.uint64)
            level, inverse = np.unique(keys, return_inverse=True)
            nodes[going] = count + inverse
            count += len(level)
            levels.append(level)
            depth += 1
            going = going[lengths[going] > depth]
        self._keys = np.concatenate(levels) if levels else np.empty(0, dtype=np.uint64)
        self._first = np.zeros(
            len(self._number_of) + 1, dtype=np.int32
        )  # by word; the last is of words that are unknown
        if levels:
            self._first[levels[0].astype(np.int64)] = np.arange(1, len(levels[0]) + 1)
        self._goes_on = np.zeros(count, dtype=bool)
        self._goes_on[(self._keys >> np.uint64(32)).astype(np.int64)] = True
        self._filter = _Filter(self._keys[len(levels[0]) if levels else 0 :])
        return nodes

    def _set_values(self, nodes: Numbers, values: Numbers) -> None:
        """Set the value of each node at which a phrase ends."""
        count = len(self._goes_on)
        of_nodes = np.full(count, NO_ENTRY, dtype=np.int32)
        of_nodes[nodes] = values  # the last of several
        differs = values != of_nodes[nodes]
        stops = nodes[values == STOP]
        of_nodes[nodes[differs]] = AMBIGUOUS
        of_nodes[stops] = STOP
        of_nodes[0] = NO_ENTRY
        self._value = of_nodes
        self.wordless: NDArray[np.intp] = np.flatnonzero(nodes == 0)
        self.ambiguous: NDArray[np.intp] = np.flatnonzero(of_nodes[nodes] == AMBIGUOUS)
        self.n_entries: int = int((of_nodes >= 0).sum())
        self.n_same: int = len(nodes) - len(self.wordless) - int((of_nodes != NO_ENTRY).sum())
        of_nodes[of_nodes == AMBIGUOUS] = NO_ENTRY

    def numbers_of(self, folded: Sequence[str]) -> Numbers:
        """Return the number of each folded word, -1 for one that is in no phrase. Shape: [n]."""
        get = self._number_of.get
        return np.fromiter((get(word, -1) for word in folded), dtype=np.int64, count=len(folded))

    def all(self, words: Numbers, offsets: Numbers) -> Matches:
        """Return all entries that are there, overlapping ones too, sorted by begin and end.

        Parameters
        ----------
        words
            Number of each word; see ``numbers_of``. Shape: [n_words].
        offsets
            The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
        """
        matches = self._walk(words, offsets)
        order = np.lexsort((matches.end, matches.begin))
        begin, end, value = (column[order] for column in matches)
        is_stop = value == STOP
        if is_stop.any():  # what is inside of a stop entry is not found
            at = np.searchsorted(begin[is_stop], begin, side="right") - 1
            reach = np.maximum.accumulate(end[is_stop])
            keep = ~is_stop & ((at < 0) | (reach[at] < end))
            return Matches(begin[keep], end[keep], value[keep])
        return Matches(begin, end, value)

    def longest(self, words: Numbers, offsets: Numbers) -> Matches:
        """Return entries without overlaps: from left to right, at each word the longest; parameters as of ``all``."""
        begin, end, value = self._walk(words, offsets)
        order = np.lexsort((-end, begin))
        order = order[np.concatenate([[True], np.diff(begin[order]) > 0])] if len(order) else order
        begin, end, value = begin[order], end[order], value[order]
        keep = _without_overlaps(begin, end)
        keep &= value != STOP
        return Matches(begin[keep], end[keep], value[keep])

    def _walk(self, words: Numbers, offsets: Numbers) -> Matches:
        """Return all entries that are there, stop entries too, in no order."""
        first = self._first[words]
        begin = np.flatnonzero(first)
        node = first[begin]
        row_end = np.repeat(offsets[1:], np.diff(offsets))[begin]
        found: list[tuple[Numbers, Numbers, Numbers]] = []
        depth = 1
        while len(begin):
            value = self._value[node]
            ends = np.flatnonzero(value != NO_ENTRY)
            found.append((begin[ends], begin[ends] + depth, value[ends].astype(np.int64)))
            going = np.flatnonzero(self._goes_on[node] & (begin + depth < row_end))
            begin, node, row_end = begin[going], node[going], row_end[going]
            word = words[begin + depth]
            is_word = np.flatnonzero(word >= 0)
            begin, node, row_end = begin[is_word], node[is_word], row_end[is_word]
            keys = (node.astype(np.uint64) << np.uint64(32)) | word[is_word].astype(np.uint64)
            maybe = np.flatnonzero(self._filter.may_have(keys))
            place = np.searchsorted(self._keys, keys[maybe])
            place[place == len(self._keys)] = 0
            hit = self._keys[place] == keys[maybe]
            maybe = maybe[hit]
            begin, row_end, node = begin[maybe], row_end[maybe], (place[hit] + 1).astype(np.int32)
            depth += 1
        if not found:
            return Matches(*(np.empty(0, dtype=np.int64) for _ in range(3)))
        return Matches(*(np.concatenate(column) for column in zip(*found, strict=True)))


class _Filter:
    """Tells of most keys that they are not in a set, in less time than a search takes: a table of bits, set by hash."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        self._bits = max(10, int(len(keys) * 8).bit_length())
        self._is_set = np.zeros(1 << self._bits, dtype=bool)
        self._is_set[self._hash(keys)] = True

    def may_have(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return False for keys that are surely not in the set. Shape: [n]."""
        return self._is_set[self._hash(keys)]

    def _hash(self, keys: NDArray[np.uint64]) -> Numbers:
        # Multiplicative hashing: Knuth, The Art of Computer Programming, volume 3, section 6.4.
        mixed = (keys ^ (keys >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        return (mixed >> np.uint64(64 - self._bits)).astype(np.int64)


def _without_overlaps(begin: Numbers, end: Numbers) -> NDArray[np.bool_]:
    """Return which spans stay if each in turn is dropped where it overlaps one that stays; begins are sorted. Shape: [n]."""
    keep = np.ones(len(begin), dtype=bool)
    if len(begin) < 2:
        return keep
    reach = np.maximum.accumulate(end)
    overlaps = np.flatnonzero(begin[1:] < reach[:-1]) + 1
    # Only within groups of spans that overlap is there something to decide; groups are few and small.
    last, stop = -1, 0
    for place in overlaps.tolist():
        if place - 1 != last and keep[place - 1]:  # the one before begins the group
            stop = int(end[place - 1])
        keep[place] = begin[place] >= stop
        if keep[place]:
            stop = int(end[place])
        last = place
    return keep
