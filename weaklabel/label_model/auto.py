"""The default label model: chooses by the votes and texts alone, without gold labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import BUDGET, fits, gib
from weaklabel.label_model.committee import CommitteeLabelModel
from weaklabel.label_model.doubts import warn_of_ties
from weaklabel.label_model.gold import GoldVotes
from weaklabel.label_model.named import restore
from weaklabel.label_model.text.model import MIN_GAIN, TextLabelModel
from weaklabel.label_model.text.reader import TextReader, TextSample
from weaklabel.labels import Probs, VoteArray
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote


class AutoLabelModel(TextReader):
    """The label model to use unless there is a reason for another: it chooses without gold labels, and gives the reason.

    Given texts, it is a `TextLabelModel`, unless the texts do not predict the labels, or there are too many labeling
    functions and classes for its tables. Without texts it is a `CommitteeLabelModel`.

    Parameters
    ----------
    cardinality
        Number of classes k.
    encoder
        What embeds texts: a local folder or hub name; by default the embedded encoder.
    max_length
        Tokens of a text that are read.
    class_balance
        P(Y) of all rows: one share a class, ``"uniform"``, or ``"majority"``: as majority vote labels the rows with votes. By
        default that of ``Y_dev`` where `fit` is given it, and otherwise learned; see `TextLabelModel` and
        `CommitteeLabelModel`.
    exact_texts
        Embed every text, also of a large corpus; see `TextLabelModel`.
    tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    chosen_ : BaseLabelModel
        The fitted model that answers.
    lf_accuracies_ : array
        Estimated share of each labeling function's votes that are right; NaN where it never votes. Shape: [m].

    Examples
    --------
    >>> L = [[0, 0, -1], [1, 1, 1], [0, -1, 0], [1, 1, -1], [0, 0, 1], [-1, -1, -1]]
    >>> AutoLabelModel().fit(L).predict(L).tolist()
    [0, 1, 0, 1, 0, -1]
    """

    lf_accuracies_: NDArray[np.float64]

    can_skim = True
    _uses_gold = True
    chosen_: BaseLabelModel

    def __init__(
        self,
        cardinality: int = 2,
        encoder: str | None = None,
        max_length: int = 128,
        class_balance: str | Sequence[float] | NDArray[np.float64] | None = None,
        exact_texts: bool = False,
        tie_break_policy: str = "abstain",
        seed: int = 0,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.encoder = encoder
        self.max_length = max_length
        self.class_balance = class_balance
        self.exact_texts = exact_texts

    def _fit(self, votes: VotePatterns) -> None:
        self._fit_votes(votes)

    def _fit_votes(self, votes: VotePatterns, gold: GoldVotes | None = None, note: str = "") -> None:
        """Use votes alone."""
        model = CommitteeLabelModel(self.cardinality, self.class_balance, seed=self.seed)
        self._choose(model.fit(votes, gold=gold), note)

    def _fit_sample(self, votes: VotePatterns, sample: TextSample) -> None:
        if self.cardinality == 1 or not has_vote(votes.patterns).any():
            self._fit_votes(votes, sample.gold_votes())
            return
        model = TextLabelModel(
            self.cardinality,
            self.encoder,
            max_length=self.max_length,
            class_balance=self.class_balance,
            exact_texts=self.exact_texts,
            seed=self.seed,
        )
        if not fits(model.bytes_needed(votes)):
            too_large = f"; texts are not used: the tables of votes with them would take more than {gib(BUDGET)}"
            self._fit_votes(votes, sample.gold_votes(), too_large)
            return
        model.fit_sample(votes, sample)
        if model.text_gain_ >= MIN_GAIN or sample.gold is not None:  # which says itself how far texts tell
            self._choose(model)
        else:
            assert isinstance(model.votes_, CommitteeLabelModel)
            warn_of_ties(votes, self.cardinality)
            self._choose(model.votes_, "; texts do not predict the labels")

    def _describe(self, lf_names: Sequence[str] | None = None) -> str:
        """Return the choice and its reason, in one line; see `BaseLabelModel._describe`."""
        return f"{self.chosen_._describe(lf_names)}{self._note}"

    def _choose(self, chosen: BaseLabelModel, note: str = "") -> None:
        self.chosen_, self._note, self.lf_accuracies_ = chosen, note, chosen.lf_accuracies_

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        return self.chosen_.predict_proba(patterns)

    def _predict_texts(self, rows: VoteArray, texts: list[str]) -> Probs:
        return self.chosen_.predict_proba(rows, texts)

    def _state(self) -> dict[str, Any]:
        return {"chosen": self.chosen_.to_saved(), "note": self._note}

    def _restore(self, state: dict[str, Any]) -> None:
        chosen, note = restore(state["chosen"]), state["note"]
        if chosen.cardinality != self.cardinality or not isinstance(note, str):
            raise ValueError("the chosen model has another number of classes, or the note is not a string")
        self._choose(chosen, note)
