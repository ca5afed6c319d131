"""The default label model for spans: chooses by the votes and texts alone, without gold."""

from __future__ import annotations

from typing import Any

from weaklabel.label_model.sequence.base import SpanLabelModel, SpanLabels
from weaklabel.label_model.sequence.sample import SpanTextSample
from weaklabel.label_model.sequence.saving import restore
from weaklabel.label_model.sequence.text import SpanTextModel
from weaklabel.label_model.sequence.vote import SpanVote
from weaklabel.votes.spans import Runs, SpanVotes

MIN_AGREEMENT = 0.2
"""F1 at which texts must predict spans by votes that they have not seen, for texts to be used."""


class AutoSpanModel(SpanLabelModel):
    """The label model for spans to use unless there is a reason for another: it chooses without gold, and gives the reason.

    Given texts, it is a `SpanTextModel`, which finds by the share of conflicts whether votes stand or texts decide; unless the
    texts do not predict what labeling functions mark, as with an encoder of another language. Without texts it is a
    `SpanVote`.

    Parameters
    ----------
    encoder
        What reads words: a local folder or hub name of an encoder; by default the embedded one.
    seed
        See `SpanTextModel`.

    Attributes
    ----------
    chosen_ : SpanLabelModel
        The fitted model that answers.
    """

    uses_texts = True
    chosen_: SpanLabelModel

    def __init__(self, encoder: str | None = None, seed: int = 0) -> None:
        self.encoder = encoder
        self.seed = seed

    def describe(self) -> str:
        """Return the choice and its reason, in one line."""
        return self._reason

    def _fit_runs(self, runs: Runs) -> None:
        self._choose(SpanVote().fit(runs), "majority vote on spans; texts are not read")

    def _fit_sample(self, runs: Runs, sample: SpanTextSample) -> None:
        model = SpanTextModel(self.encoder, seed=self.seed).fit_sample(runs, sample)
        if model.text_agreement_ >= MIN_AGREEMENT:
            self._choose(model, model.describe())
            return
        why = f"texts predict spans by votes with an F1 of {model.text_agreement_:.2f} only, less than {MIN_AGREEMENT}"
        self._choose(model.votes_, f"majority vote on spans: {why}")

    def _choose(self, chosen: SpanLabelModel, reason: str) -> None:
        self.chosen_, self._reason = chosen, reason

    def _predict_votes(self, votes: SpanVotes) -> SpanLabels:
        return self.chosen_.predict(votes)

    def _predict_texts(self, sample: SpanTextSample) -> SpanLabels:
        return self.chosen_.predict(sample.votes, sample.texts, words=sample.words)

    def _state(self) -> dict[str, Any]:
        return {"chosen": self.chosen_.to_saved(), "reason": self._reason}

    def _restore(self, state: dict[str, Any]) -> None:
        chosen, reason = restore(state["chosen"]), state["reason"]
        if (chosen.lf_names_, chosen.labels_) != (self.lf_names_, self.labels_) or not isinstance(reason, str):
            raise ValueError("the chosen model has other labeling functions or labels, or the reason is not a string")
        self._choose(chosen, reason)
