"""Where the explanation of a row begins: the class probabilities of a label model before any vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model import AutoLabelModel, BaseLabelModel, CommitteeLabelModel, TextLabelModel

Floats = NDArray[np.float64]


def answering(model: BaseLabelModel, with_text: bool) -> BaseLabelModel:
    """Return the label model that gives the answers: that which `AutoLabelModel` chose, or `TextLabelModel` asks."""
    if isinstance(model, AutoLabelModel):
        return answering(model.chosen_, with_text)
    if isinstance(model, TextLabelModel) and not with_text:
        return answering(model.votes_, with_text)
    return model


@dataclass(frozen=True)
class Baseline:
    """The class probabilities of a row before any vote is known.

    Attributes
    ----------
    balance : array
        The class balance that the label model assumes; equal shares where it assumes none. Shape: [k].
    all_abstain : array
        The result of its formula for a row on which all labeling functions abstain. Its answer to such a row is NaN; but
        where an abstain is evidence, this is what the effect of each vote is measured from. Shape: [k].
    """

    balance: Floats
    all_abstain: Floats


def baseline(model: BaseLabelModel) -> Baseline:
    """Find the baseline of a fitted label model; without a formula for abstains, all classes are equally likely."""
    model = answering(model, with_text=False)
    if isinstance(model, CommitteeLabelModel):
        members = [baseline(member) for member in model.members_]
        balance = np.mean([member.balance for member in members], axis=0)
        return Baseline(balance, np.mean([member.all_abstain for member in members], axis=0))
    probs = model.abstain_proba()
    all_abstain = probs if np.isfinite(probs).all() else np.full(model.cardinality, 1 / model.cardinality)
    # A label model without this attribute takes abstains for no evidence, and so answers them with the class balance.
    return Baseline(np.asarray(getattr(model, "class_balance_", all_abstain), dtype=np.float64), all_abstain)
