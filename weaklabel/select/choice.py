"""One choice of rows, from texts and labels to the rows that are taken: what a file, and a step of a run, are chosen by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.features import TextFeatures
from weaklabel.encoder.multilingual import MULTILINGUAL
from weaklabel.encoder.named import model_files
from weaklabel.errors import SelectionError
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray
from weaklabel.registries import SELECTORS
from weaklabel.select.base import Floats, Selector
from weaklabel.select.budget import Budget

MAX_ROWS = 200_000
"""Labeled rows up to which vectors are compared: all are in memory."""

HARMFUL = 0.5
"""A labeling function of a lower score does more harm than good."""


@dataclass(frozen=True)
class Selected:
    """What was chosen.

    Attributes
    ----------
    chosen
        Numbers of the rows that are taken, ascending.
    scores
        Of each row. Shape: [n].
    summary
        For people, as JSON has it.
    """

    chosen: NDArray[np.int64]
    scores: Floats
    summary: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """By what rows are chosen, and how many.

    Parameters
    ----------
    method, params
        Name of a selector, and its parameters.
    budget
        How many rows are chosen, or tokens.
    class_balance
        See `weaklabel.select.base.Selector.select`.
    encoder
        What embeds texts; None: the default encoder.
    tokenizer
        What counts tokens; None: the tokenizer of the encoder.
    curve
        File for the curve of the reward, for selectors that learn from one; see `weaklabel.select.policy.CurveFile`.
    seed
        Of the selector.
    """

    method: str
    budget: Budget
    params: Mapping[str, Any] = field(default_factory=dict)
    class_balance: str | tuple[float, ...] | None = None
    encoder: str | None = None
    tokenizer: str | None = None
    curve: str | None = None
    seed: int = 0

    def settings(self) -> dict[str, Any]:
        """Return all that decides the result, as JSON has it."""
        own = {name: getattr(self, name) for name in ("method", "class_balance", "encoder", "tokenizer", "seed")}
        own |= {"params": dict(self.params), "budget": [self.budget.size, self.budget.unit]}
        return own | ({"encoder files": model_files(self.encoder)} if SELECTORS[self.method].needs_features else {})

    def choose(
        self,
        texts: Sequence[str],
        labels: Labels,
        probs: Probs,
        names: Sequence[str],
        votes: VoteArray | None = None,
        lf_names: Sequence[str] = (),
        gold: Labels | None = None,
    ) -> Selected:
        """Choose rows.

        Parameters
        ----------
        texts
            Length: n.
        labels
            Class of each row, 0 to k-1. Shape: [n].
        probs
            Class probabilities. Shape: [n, k].
        names
            Of the classes. Length: k.
        votes, lf_names
            Of the labeling functions, and their names; None and () where they are not known. Shape: [n, m], [m].
        gold
            Class of each row by hand; -1 where nobody looked. Shape: [n].

        Raises
        ------
        SelectionError
            There are too many rows for the selector, or it lacks something.
        """
        curve = {} if self.curve is None else {"curve_file": self.curve}
        selector = SELECTORS[self.method](**{"seed": self.seed, **self.params, **curve})
        features = np.zeros((len(texts), 1))
        if selector.needs_features:
            if len(texts) > MAX_ROWS:
                raise SelectionError(
                    f"'{self.method}' compares the vectors of all rows, at most {MAX_ROWS:,}, and {len(texts):,} rows have a "
                    "label; choose 'confidence' or 'margin', or choose in parts"
                )
            features = TextFeatures(self.encoder).fit_transform(texts)
        selector.fit(features, labels, probs, texts=texts, votes=votes, gold=gold)
        costs = self._tokens(texts) if self.budget.unit == "tokens" else None
        balance = self.class_balance if isinstance(self.class_balance, str | None) else list(self.class_balance)
        chosen = selector.select(self.budget, class_balance=balance, costs=costs)
        summary = self._summary(labels, chosen, names, costs) | _learned(selector, labels, gold, lf_names)
        return Selected(chosen, selector.scores_, summary)

    def _tokens(self, texts: Sequence[str]) -> Floats:
        from weaklabel.encoder.encoder import default_model
        from weaklabel.encoder.inference import load_part

        encoder = None if self.encoder == MULTILINGUAL else self.encoder  # whose tokens are no transformer's
        tokenizer = load_part("AutoTokenizer", self.tokenizer or encoder or default_model())
        ids = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return np.array([max(1, len(of_text)) for of_text in ids], dtype=np.float64)

    def _summary(
        self, y: Labels, chosen: NDArray[np.int64], names: Sequence[str], costs: Floats | None
    ) -> dict[str, Any]:
        summary: dict[str, Any] = {
            "method": self.method,
            "labeled rows to choose from": len(y),
            "chosen": len(chosen),
        }
        if costs is not None:
            summary["tokens chosen"] = int(costs[chosen].sum())
        before, after = (np.bincount(part, minlength=len(names)).tolist() for part in (y, y[chosen]))
        summary["chosen by class"] = {
            name: f"{of_chosen:,} of {of_all:,}" for name, of_chosen, of_all in zip(names, after, before, strict=True)
        }
        return summary


def _learned(selector: Selector, y: Labels, gold: Labels | None, lf_names: Sequence[str]) -> dict[str, Any]:
    """Return what a selector with gold says besides."""
    summary: dict[str, Any] = {}
    if gold is not None:
        known = gold != ABSTAIN
        summary["rows with gold"] = f"{known.sum():,}, {(gold == y)[known].sum():,} of them labeled right"
    if selector.lf_scores_ is not None:
        low = [name for name, score in zip(lf_names, selector.lf_scores_, strict=True) if score < HARMFUL]
        summary["labeling functions that do more harm than good"] = ", ".join(low) or "none"
    return summary | dict(selector.notes_)
