"""The texts that a fit of a label model for spans reads, with their words and votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.labels import as_texts
from weaklabel.support.hashing import sampling_numbers
from weaklabel.units import Units, find_words
from weaklabel.units.spans import Numbers, Spans
from weaklabel.votes.spans import SpanVotes
from weaklabel.votes.spans.snapping import LFSpans
from weaklabel.votes.spans.table import SpanTable, join_tables

MAX_WORDS = 400_000
"""Words of the texts of a sample, about."""


@dataclass(frozen=True, eq=False)
class SpanTextSample:
    """Some texts of a corpus, in its order.

    Attributes
    ----------
    texts
        Length: s.
    hashes
        Of the texts. Shape: [s].
    words
        Where their words are.
    votes
        What labeling functions marked in them.
    """

    texts: tuple[str, ...]
    hashes: NDArray[np.int64]
    words: Units
    votes: SpanVotes

    def __len__(self) -> int:
        return len(self.texts)


class SpanTextSampler:
    """Chooses texts by a hash: of those with votes and those without, as many words as is their share.

    But those with votes have at least half of the words, as long as there are so many. What is chosen does not depend on the
    parts in which texts come.

    Parameters
    ----------
    most
        Words of the texts that are chosen, or all where there are fewer; None: all texts.

    Examples
    --------
    >>> from weaklabel.units import Spans
    >>> sampler = SpanTextSampler()
    >>> votes = SpanVotes.of([Spans.of_rows([[(1, 2, 0)], []])], [0, 2, 4], ["names"], ["PER"])
    >>> sampler.add(votes, ["hello Ada", "good morning"])
    >>> len(sampler.sample())
    2
    """

    def __init__(self, most: int | None = MAX_WORDS) -> None:
        self.most = most
        self._parts: list[SpanTextSample] = []
        self._rows: list[Numbers] = []
        self._n_rows = 0
        self._n_words = {True: 0, False: 0}

    def add(self, votes: SpanVotes, texts: Sequence[str], *, words: Units | None = None) -> None:
        """Look at the next texts of the corpus.

        Parameters
        ----------
        votes
            Their votes.
        texts
            Length: n_rows.
        words
            The words that the votes count; by default those that the votes keep, or else those of `find_words`.

        Raises
        ------
        LabelModelError
            There are not as many texts as rows, or the words are not those of the votes.
        """
        checked = tuple(as_texts(texts, LabelModelError, votes.n_rows))
        words = words or votes.words or find_words(checked)
        differ = np.flatnonzero(words.offsets[1:] != votes.offsets[1:]) if words.n_rows == votes.n_rows else [0]
        if len(differ):
            raise LabelModelError(
                f"row {differ[0]}: the votes count other words than those of the text; give the words that they count"
            )
        lengths, is_voted = np.diff(votes.offsets), _has_votes(votes)
        for voted in (True, False):
            self._n_words[voted] += int(lengths[is_voted == voted].sum())
        part = SpanTextSample(checked, sampling_numbers(checked), words, votes)
        self._rows.append(self._n_rows + np.arange(votes.n_rows))
        self._parts.append(part)
        self._n_rows += votes.n_rows
        if self.most is not None and sum(int(each.words.offsets[-1]) for each in self._parts) > 4 * self.most:
            self._keep(dict.fromkeys((True, False), self.most))

    def sample(self) -> SpanTextSample:
        """Return the texts that are chosen among those seen so far.

        Raises
        ------
        LabelModelError
            None were given.
        """
        if not self._parts:
            raise LabelModelError("there are no texts to fit to; give at least one part of the corpus")
        total = sum(self._n_words.values())
        if self.most is not None and total > self.most:
            voted = max(self.most * self._n_words[True] // total, min(self.most // 2, self._n_words[True]))
            self._keep({True: voted, False: self.most - voted})
        else:
            self._keep(None)
        return self._parts[0]

    def _keep(self, most: dict[bool, int] | None) -> None:
        """Join the parts, and keep the texts with the lowest hashes, up to so many words with and without votes."""
        joined, rows = join_texts(self._parts), np.concatenate(self._rows)
        if most is not None:
            lengths, is_voted = np.diff(joined.words.offsets), _has_votes(joined.votes)
            kept = []
            for voted, limit in most.items():
                of_sort = np.flatnonzero(is_voted == voted)
                of_sort = of_sort[np.lexsort((rows[of_sort], joined.hashes[of_sort]))]
                kept.append(of_sort[np.cumsum(lengths[of_sort]) <= limit])
            chosen = np.sort(np.concatenate(kept))
            joined, rows = take_texts(joined, chosen), rows[chosen]
        self._parts, self._rows = [joined], [rows]


def take_texts(sample: SpanTextSample, rows: Numbers) -> SpanTextSample:
    """Return some of the texts, in ascending order of their places."""
    words, votes = sample.words, sample.votes
    lengths = np.diff(words.offsets)[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    of_word = np.repeat(words.offsets[rows] - offsets[:-1], lengths) + np.arange(int(offsets[-1]))
    taken = Units(offsets, words.begins[of_word], words.ends[of_word])
    place = np.full(len(sample), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    columns = [
        LFSpans(_of_rows(column.spans, place, len(rows)), _of_rows(column.negatives, place, len(rows)), column.counts)
        for column in votes.table.columns
    ]
    table = SpanTable(offsets, tuple(columns))
    texts = tuple(sample.texts[row] for row in rows.tolist())
    return SpanTextSample(texts, sample.hashes[rows], taken, _named(table, votes, taken))


def _of_rows(spans: Spans, place: Numbers, n_rows: int) -> Spans:
    row = place[spans.row]
    kept = row >= 0
    return Spans(row[kept], spans.begin[kept], spans.end[kept], spans.label[kept], n_rows)


def join_texts(parts: Sequence[SpanTextSample]) -> SpanTextSample:
    """Return the texts of several samples, one after the other; there must be one at least."""
    if len(parts) == 1:
        return parts[0]
    table = join_tables([part.votes.table for part in parts])
    words = Units(
        table.offsets,
        np.concatenate([part.words.begins for part in parts]),
        np.concatenate([part.words.ends for part in parts]),
    )
    texts = tuple(text for part in parts for text in part.texts)
    hashes = np.concatenate([part.hashes for part in parts])
    return SpanTextSample(texts, hashes, words, _named(table, parts[0].votes, words))


def _named(table: SpanTable, like: SpanVotes, words: Units) -> SpanVotes:
    return SpanVotes.of_table(table, like.lf_names, like.labels, inner=like.inner, complete=like.complete, words=words)


def _has_votes(votes: SpanVotes) -> NDArray[np.bool_]:
    """Say which rows have a span of any labeling function. Shape: [n_rows]."""
    is_voted = np.zeros(votes.n_rows, dtype=bool)
    for spans in votes.spans:
        is_voted[spans.row] = True
    return is_voted
