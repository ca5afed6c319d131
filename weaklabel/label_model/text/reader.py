"""What label models share that read texts, too."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import without_unvoted
from weaklabel.label_model.text.sample import TextSample, TextSampler
from weaklabel.labels import Probs, VoteArray, as_texts
from weaklabel.votes.matrix import GivenVotes
from weaklabel.votes.patterns import VotePatterns, take_rows


class TextReader(BaseLabelModel):
    """A label model that is fitted to the votes of all rows and the texts of some, and answers by votes and text.

    A subclass fits in ``_fit_sample`` and answers in ``_predict_texts``, and without texts as any `BaseLabelModel` does.

    Parameters
    ----------
    cardinality, tie_break_policy, seed
        See `BaseLabelModel`.
    """

    uses_texts = True
    _checks_answers = False  # the model of votes that a text reader is made of does

    def _fit_to(self, L: GivenVotes, texts: Sequence[str] | None) -> None:
        if texts is None:
            super()._fit_to(L, None)
            return
        found = self._given(L)
        sampler = self.sampler()
        sampler.add(found, as_texts(texts, LabelModelError, found.n))
        self._fit_sample(found, sampler.sample())
        self._look_back(found)

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
        found = self._given(L)
        self._fit_sample(found, sample)
        self._look_back(found)
        return self

    def sampler(self) -> TextSampler:
        """Return what chooses the rows whose texts are read at a fit.

        Raises
        ------
        LabelModelError
            A parameter is out of range.
        """
        return TextSampler()

    @abstractmethod
    def _fit_sample(self, found: VotePatterns, sample: TextSample) -> None:
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
