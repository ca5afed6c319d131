"""Label models and classifiers by the names that a benchmark gives them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from weaklabel.bench.defaults import VOTES
from weaklabel.classifier.base import Classifier
from weaklabel.classifier.named import make_classifier
from weaklabel.errors import ConfigError, nearest
from weaklabel.label_model import LABEL_MODELS, BaseLabelModel, TextLabelModel
from weaklabel.registries import CLASSIFIERS

GOLD = "gold"
"""The name of train gold in the place of a label model: the upper bound."""


def check_names(label_models: Sequence[str], classifiers: Sequence[str]) -> None:
    """Raise a `ConfigError` where a name is unknown or given twice."""
    for what, names, known in (
        ("label model", label_models, (*LABEL_MODELS, VOTES, GOLD)),
        ("classifier", classifiers, CLASSIFIERS),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(f"unknown {what} '{name}'{nearest(name, known)}; there are {', '.join(known)}")
        if len(set(names)) < len(names):
            raise ConfigError(f"a {what} is given twice: {', '.join(names)}")


def new_label_model(
    name: str,
    k: int,
    seed: int,
    class_balance: NDArray[np.float64] | None = None,
    max_length: int | None = None,
    encoder: str | None = None,
) -> BaseLabelModel:
    """Make a label model with its defaults; what else is given goes to one that takes it. Ties are never abstained."""
    model = LABEL_MODELS["auto" if name == VOTES else name](k, seed=seed, tie_break_policy="random")
    if class_balance is not None and "class_balance" in model.get_params():
        model.set_params(class_balance=class_balance.tolist())
    if max_length is not None and "max_length" in model.get_params():
        model.set_params(max_length=max_length)
    if encoder is not None and "encoder" in model.get_params():
        model.set_params(encoder=encoder)
    return model


def other_ways(name: str, model: BaseLabelModel) -> list[BaseLabelModel]:
    """Return variants of a label model that reads texts, among which gold of valid may choose."""
    votes = {key: model.get_params()[key] for key in ("cardinality", "class_balance", "tie_break_policy", "seed")}
    params = votes | {key: model.get_params()[key] for key in ("encoder", "max_length")}
    methods: list[BaseLabelModel] = [
        TextLabelModel(**params, n_rounds=rounds, min_gain_ratio=0.0) for rounds in (1, 2, 3, 6)
    ]
    votes_alone = LABEL_MODELS["committee"](**votes)
    return [*methods, votes_alone] if name == "auto" else methods


def new_classifier(
    name: str, labels: Sequence[str], seed: int, max_length: int | None = None, ready: bool = False
) -> Classifier:
    """Make a classifier with its defaults, but with the given limit on the tokens of a text, if it has such a limit.

    ``ready``: with all that it needs imported, so that fits can be timed.
    """
    cls: type[Classifier] = CLASSIFIERS[name]
    for module in cls.modules if ready else ():
        import_module(module)
    options = {"max_length": max_length} if max_length is not None and cls.has_param("max_length") else {}
    return make_classifier(name, options, labels, seed)
