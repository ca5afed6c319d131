"""Label models that read texts: their base class, and the sample of texts that a fit reads."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import without_unvoted
from weaklabel.labels import Probs, VoteArray, as_texts
from weaklabel.support.hashing import sampling_numbers
from weaklabel.votes.matrix import GivenVotes
from weaklabel.votes.patterns import VotePatterns, take_rows
from weaklabel.votes.tally import has_vote

MAX_ROWS = 20_000
"""Rows of a sample, unless a label model has its own limit."""


@dataclass(frozen=True, eq=False)
class TextSample:
    """Some rows of a corpus, in its order.

    Attributes
    ----------
    rows
        Their numbers in the corpus. Shape: [s].
    hashes
        Of their texts. Shape: [s].
    L
        Their votes. Shape: [s, m].
    texts
        Length: s.
    """

    rows: NDArray[np.int64]
    hashes: NDArray[np.int64]
    L: VoteArray
    texts: list[str]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: NDArray[np.int64]) -> TextSample:
        """Return some of the rows, in the order of ``places``."""
        texts = [self.texts[place] for place in places.tolist()]
        return TextSample(self.rows[places], self.hashes[places], np.asfortranarray(self.L[places]), texts)

    def __add__(self, other: TextSample) -> TextSample:
        return TextSample(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.hashes, other.hashes]),
            np.concatenate([self.L, other.L]),
            [*self.texts, *other.texts],
        )


_NOTHING = TextSample(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0), np.int8), [])


class TextSampler:
    """Chooses rows by a hash of their text: of those with votes and those without as many as is their share.

    But those with votes are at least half, as long as there are so many: where votes are rare, a fair sample would have
    next to none of them. What is chosen does not depend on the parts in which rows come.

    Parameters
    ----------
    most
        Rows that are chosen, or all where there are fewer.

    Examples
    --------
    >>> from weaklabel.votes import vote_patterns
    >>> sampler = TextSampler(most=2)
    >>> sampler.add(vote_patterns([[1], [-1], [-1]]), ["win a prize", "lunch", "see you"])
    >>> sampler.add(vote_patterns([[-1]]), ["dinner"])
    >>> len(sampler.sample()), "win a prize" in sampler.sample().texts
    (2, True)
    """

    def __init__(self, most: int = MAX_ROWS) -> None:
        self.most = most
        self._seen = {True: 0, False: 0}
        self._kept: dict[bool, TextSample] = {}

    def add(self, votes: VotePatterns, texts: Sequence[str]) -> None:
        """Look at the next rows of the corpus.

        Parameters
        ----------
        votes
            Their votes, as patterns that keep their rows. Shape: [n, m].
        texts
            Length: n.
        """
        hashes = sampling_numbers(texts)
        voted, before = has_vote(votes.patterns)[votes.rows()], self._n_rows
        for sort in (True, False):
            rows = np.flatnonzero(voted == sort)
            self._seen[sort] += len(rows)
            rows = _lowest(hashes[rows], self.most, rows)
            more = TextSample(
                before + rows,
                hashes[rows],
                take_rows(votes.patterns, votes.rows()[rows]),
                [texts[row] for row in rows.tolist()],
            )
            kept = self._kept[sort] + more if sort in self._kept else more
            self._kept[sort] = kept.take(_lowest(kept.hashes, self.most, np.arange(len(kept))))

    @property
    def _n_rows(self) -> int:
        return sum(self._seen.values())

    def sample(self) -> TextSample:
        """Return the rows that are chosen among those seen so far."""
        with_votes, without = self._kept.get(True, _NOTHING), self._kept.get(False, _NOTHING)
        if self._n_rows > self.most:
            share = round(self.most * self._seen[True] / self._n_rows)
            n_voted = min(len(with_votes), max(self.most // 2, share))
            with_votes = with_votes.take(np.arange(n_voted))
            without = without.take(np.arange(min(len(without), self.most - n_voted)))
        both = with_votes + without
        return both.take(np.argsort(both.rows))


def _lowest(hashes: NDArray[np.int64], most: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of the lowest hashes, lowest first; of equal ones the first."""
    return rows[np.argsort(hashes, kind="stable")[:most]]


class TextReader(BaseLabelModel):
    """A label model that is fitted to the votes of all rows and the texts of some, and answers by votes and text.

    A subclass fits in ``_fit_sample`` and answers in ``_predict_texts``, and without texts as any `BaseLabelModel` does.

    Parameters
    ----------
    cardinality, tie_break_policy, seed
        See `BaseLabelModel`.
    """

    uses_texts = True
    can_skim: ClassVar[bool] = False
    """Whether it may be fitted to the beginnings of long texts, up to its parameter ``max_length``, if speed matters."""

    max_length: int
    _checks_answers = False  # the label model of the votes inside does

    def _fit_to(self, L: GivenVotes, texts: Sequence[str] | None) -> None:
        if texts is None:
            super()._fit_to(L, None)
            return
        votes = self._given(L)
        sampler = self.sampler()
        sampler.add(votes, as_texts(texts, LabelModelError, votes.n))
        self._fit_all(votes, sampler.sample())

    def fit_sample(self, L: GivenVotes, sample: TextSample) -> Self:
        """Fit to votes, and to the texts that `sampler` chose: the same as `fit` to all texts.

        Parameters
        ----------
        L
            Of all rows, as for `BaseLabelModel.fit`; patterns need not keep their rows. Shape: [n, m].
        sample
            What `sampler` chose when it had seen all rows.

        Raises
        ------
        VoteError, LabelModelError
            As `BaseLabelModel.fit`.
        """
        self._fit_all(self._given(L), sample)
        return self

    def _fit_all(self, votes: VotePatterns, sample: TextSample) -> None:
        self._fit_sample(votes, sample)
        self._learn_fast(votes, sample)
        self._look_back(votes)

    def _learn_fast(self, votes: VotePatterns, sample: TextSample) -> None:
        """Learn to answer most rows of a large corpus fast, once the model is fitted; by default, nothing is learned."""

    def sampler(self) -> TextSampler:
        """Return what chooses the rows whose texts are read at a fit.

        Raises
        ------
        LabelModelError
            A parameter is out of range.
        """
        return TextSampler()

    @abstractmethod
    def _fit_sample(self, votes: VotePatterns, sample: TextSample) -> None:
        """Fit to patterns with their counts, and to rows with their texts."""

    @abstractmethod
    def _predict_texts(self, rows: VoteArray, texts: list[str]) -> Probs:
        """Return probabilities of rows with their texts. Shape: [n, m], [n] -> [n, k]."""

    def _answers(self, L: GivenVotes, texts: Sequence[str] | None) -> tuple[VoteArray, NDArray[np.int64] | None, Probs]:
        if texts is None:
            return super()._answers(L, None)
        rows, inverse = self._rows(L)
        rows = rows if inverse is None else take_rows(rows, inverse)
        self._check_width(rows.shape[1])
        probs = self._predict_texts(rows, as_texts(texts, LabelModelError, len(rows)))
        return rows, None, without_unvoted(probs, rows, self.unvoted_) if self.unvoted_ else probs
