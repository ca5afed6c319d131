"""Label models that read texts: their base class, and the sample of texts that a fit reads."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import without_unvoted
from weaklabel.label_model.gold import GoldVotes, check_gold, learn_correction, log_floored
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, as_texts
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
    gold
        Their gold labels, -1 where there is none; None where no row has any. Shape: [s].
    """

    rows: NDArray[np.int64]
    hashes: NDArray[np.int64]
    L: VoteArray
    texts: list[str]
    gold: Labels | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, places: NDArray[np.int64]) -> TextSample:
        """Return some of the rows, in the order of ``places``."""
        texts = [self.texts[place] for place in places.tolist()]
        gold = None if self.gold is None else self.gold[places]
        return TextSample(self.rows[places], self.hashes[places], np.asfortranarray(self.L[places]), texts, gold)

    def __add__(self, other: TextSample) -> TextSample:
        return TextSample(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.hashes, other.hashes]),
            np.concatenate([self.L, other.L]),
            [*self.texts, *other.texts],
            None
            if self.gold is None and other.gold is None
            else np.concatenate([self._gold_or_none(), other._gold_or_none()]),
        )

    def _gold_or_none(self) -> Labels:
        """Return gold, -1 where there is none. Shape: [s]."""
        return np.full(len(self), ABSTAIN, np.int64) if self.gold is None else self.gold

    def gold_votes(self) -> GoldVotes | None:
        """Return the rows with gold, and their votes; None if no row has any."""
        if self.gold is None:
            return None
        rows = np.flatnonzero(self.gold != ABSTAIN)
        return GoldVotes(take_rows(self.L, rows), self.gold[rows])


_NOTHING = TextSample(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0), np.int8), [])

_UNVOTED = 0.5
"""Of the probability that classes without votes would have if all classes were alike, the share that they get."""

_GOLD = -1
"""The sort of rows with gold, beside those with votes and without."""


class TextSampler:
    """Chooses rows by a hash of their text: of those with votes and those without as many as is their share.

    But those with votes are at least half, as long as there are so many: where votes are rare, a fair sample would have
    next to none of them. What is chosen does not depend on the parts in which rows come. Rows with gold always are.

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
        self._seen = {True: 0, False: 0, _GOLD: 0}
        self._kept: dict[int, TextSample] = {}

    def add(self, votes: VotePatterns, texts: Sequence[str], gold: Labels | None = None) -> None:
        """Look at the next rows of the corpus.

        Parameters
        ----------
        votes
            Their votes, as patterns that keep their rows. Shape: [n, m].
        texts
            Length: n.
        gold
            Their gold labels, -1 where there is none. Shape: [n].
        """
        hashes = sampling_numbers(texts)
        sorts, before = has_vote(votes.patterns)[votes.rows()].astype(np.int64), self._n_rows
        if gold is not None:
            sorts[gold != ABSTAIN] = _GOLD
        for sort in (True, False) if gold is None else (True, False, _GOLD):
            rows = np.flatnonzero(sorts == sort)
            self._seen[sort] += len(rows)
            rows = _lowest(hashes[rows], self.most, rows)
            more = TextSample(
                before + rows,
                hashes[rows],
                take_rows(votes.patterns, votes.rows()[rows]),
                [texts[row] for row in rows.tolist()],
                gold[rows] if gold is not None and sort == _GOLD else None,
            )
            kept = self._kept[sort] + more if sort in self._kept else more
            self._kept[sort] = kept.take(_lowest(kept.hashes, self.most, np.arange(len(kept))))

    @property
    def _n_rows(self) -> int:
        return sum(self._seen.values())

    def sample(self) -> TextSample:
        """Return the rows that are chosen among those seen so far."""
        with_votes, without = self._kept.get(True, _NOTHING), self._kept.get(False, _NOTHING)
        gold = self._kept.get(_GOLD)
        most, n_rows = self.most - (0 if gold is None else len(gold)), self._seen[True] + self._seen[False]
        if n_rows > most:
            share = round(most * self._seen[True] / n_rows)
            n_voted = min(len(with_votes), max(most // 2, share))
            with_votes = with_votes.take(np.arange(n_voted))
            without = without.take(np.arange(min(len(without), most - n_voted)))
        chosen = with_votes + without
        if gold is not None:
            chosen += gold
        return chosen.take(np.argsort(chosen.rows))


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

    _uses_gold: ClassVar[bool] = False
    """Whether the fit to a sample uses its gold labels; if not, the answers are corrected by them."""

    def _fit_to(self, L: GivenVotes, texts: Sequence[str] | None, gold: ArrayLike | GoldVotes | None = None) -> None:
        if texts is None:
            super()._fit_to(L, None, gold)
            return
        votes = self._given(L)
        labels = None if gold is None else self._gold_labels(gold, votes.n)
        sampler = self.sampler()
        sampler.add(votes, as_texts(texts, LabelModelError, votes.n), labels)
        self._fit_all(votes, sampler.sample())

    def _gold_labels(self, gold: ArrayLike | GoldVotes, n: int) -> Labels:
        """Return gold of ``n`` rows, checked; see `fit`."""
        if isinstance(gold, GoldVotes):
            raise LabelModelError("with texts, gold is a label for each row, -1 where there is none; see fit_sample")
        return check_gold(gold, n, self.cardinality)

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
        self.gold_rows_, self._correction, gold = 0, None, sample.gold_votes()
        self._fit_sample(votes, sample)
        if gold is not None:
            self.gold_rows_: int = len(gold)
            if not self._uses_gold:
                places = np.flatnonzero(sample.gold != ABSTAIN)
                probs = self._predict_texts(gold.L, [sample.texts[place] for place in places.tolist()])
                self._correction = learn_correction(log_floored(probs), gold)
        self._learn_fast(votes, sample)
        self._look_back(votes, gold)

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
        if self._correction is not None and not self._uses_gold:
            probs = self._correction.apply(probs, rows)
        return (
            rows,
            None,
            with_unvoted(without_unvoted(probs, rows, self.unvoted_), self.unvoted_) if self.unvoted_ else probs,
        )


def with_unvoted(probs: Probs, unvoted: Sequence[int]) -> Probs:
    """Share out some probability among classes without votes: nothing says that no row is of them.

    It is half of what they would have if all classes were alike, but at most as much as leaves each row its most probable
    class.

    Parameters
    ----------
    probs
        Changed in place. Shape: [n, k].
    unvoted
        Numbers of these classes; at least one.

    Returns
    -------
    Probs
        Shape: [n, k]; rows sum to 1 again, or are NaN as before.
    """
    u, k = len(unvoted), probs.shape[1]
    highest = probs.max(axis=1)
    # (1 - share) * highest > share / u, by a hundredth
    most = 0.99 * u * highest / (1 + u * highest)
    share = np.minimum(_UNVOTED * u / k, most)
    probs *= (1 - share)[:, None]
    probs[:, list(unvoted)] += (share / u)[:, None]
    return probs
