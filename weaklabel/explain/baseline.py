"""Where the explanation of a row begins: what a label model holds of a row before it hears any vote."""

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
    """What a label model holds of a row before it hears any vote.

    Attributes
    ----------
    balance : array
        The class balance that it assumes; equal shares where it assumes none. Shape: [k].
    silence : array
        What its formula makes of a row on which everybody abstains. It answers such rows with NaN, for nobody spoke; but
        where an abstain is evidence, this is what each vote is to be compared with. Shape: [k].
    """

    balance: Floats
    silence: Floats


def baseline(model: BaseLabelModel) -> Baseline:
    """Find the baseline of a fitted label model; one without a formula for silence holds all classes equally likely."""
    model = answering(model, with_text=False)
    if isinstance(model, CommitteeLabelModel):
        members = [baseline(member) for member in model.members_]
        balances, silences = [found.balance for found in members], [found.silence for found in members]
        return Baseline(np.mean(balances, axis=0), np.mean(silences, axis=0))
    probs = model.abstain_proba()
    silence = probs if np.isfinite(probs).all() else np.full(model.cardinality, 1 / model.cardinality)
    # Whoever has no such attribute takes silence for no evidence, and so answers it with the class balance.
    return Baseline(np.asarray(getattr(model, "class_balance_", silence), dtype=np.float64), silence)
