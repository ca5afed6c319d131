"""Label models and classifiers by the names that a benchmark gives them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ConfigError, nearest
from weaklabel.label_model import LABEL_MODELS, BaseLabelModel, TextLabelModel

if TYPE_CHECKING:
    from weaklabel.classifier import Classifier

CLASSIFIERS: dict[str, tuple[str, ...]] = {
    "linear": ("sklearn.linear_model", "sklearn.feature_extraction.text"),
    "bert": ("torch", "transformers"),
    "robust": ("torch", "transformers", "scipy.optimize"),
}
"""By name, what each imports."""

GOLD = "gold"
"""The name under which train gold stands in the place of a label model: the ceiling."""

_FOR_GOLD = {"robust": "bert"}


def check_names(label_models: Sequence[str], classifiers: Sequence[str]) -> None:
    """Raise a `ConfigError` where a name is unknown or given twice."""
    for what, given, known in (
        ("label model", label_models, (*LABEL_MODELS, GOLD)),
        ("classifier", classifiers, CLASSIFIERS),
    ):
        for name in given:
            if name not in known:
                raise ConfigError(f"unknown {what} '{name}'{nearest(name, known)}; there are {', '.join(known)}")
        if len(set(given)) < len(given):
            raise ConfigError(f"a {what} is given twice: {', '.join(given)}")


def new_label_model(
    name: str,
    k: int,
    seed: int,
    class_balance: NDArray[np.float64] | None = None,
    max_length: int | None = None,
) -> BaseLabelModel:
    """Make a label model with its defaults; what else is given goes to one that takes it. Ties are never abstained."""
    model = LABEL_MODELS[name](k, seed=seed, tie_break_policy="random")
    if class_balance is not None and "class_balance" in model.get_params():
        model.set_params(class_balance=class_balance.tolist())
    if max_length is not None and "max_length" in model.get_params():
        model.set_params(max_length=max_length)
    return model


def other_ways(name: str, model: BaseLabelModel) -> list[BaseLabelModel]:
    """Return what gold of valid may choose in the place of a label model that reads texts: other ways of reading them."""
    votes = {key: model.get_params()[key] for key in ("cardinality", "class_balance", "tie_break_policy", "seed")}
    params = votes | {key: model.get_params()[key] for key in ("encoder", "max_length")}
    ways: list[BaseLabelModel] = [
        TextLabelModel(**params, n_rounds=rounds, min_gain_ratio=0.0) for rounds in (1, 2, 3, 6)
    ]
    votes_alone = LABEL_MODELS["committee"](**votes)
    return [*ways, votes_alone] if name == "auto" else ways


def new_classifier(
    name: str, labels: Sequence[str], seed: int, max_length: int | None = None, ready: bool = False
) -> Classifier:
    """Make a classifier with its defaults, but for the length of texts that it reads, where it cuts them.

    ``ready``: with all that it needs imported, so that fits can be timed.
    """
    from weaklabel.classifier import BertClassifier, LinearClassifier, RobustClassifier

    for module in CLASSIFIERS[name] if ready else ():
        import_module(module)
    made: dict[str, Any] = {"linear": LinearClassifier, "bert": BertClassifier, "robust": RobustClassifier}
    options = {} if max_length is None or name == "linear" else {"max_length": max_length}
    return made[name](labels=labels, seed=seed, **options)


def for_gold(classifier: str) -> str:
    """Return the name of what is trained on gold alone, as in a run's ceiling: gold needs no denoising."""
    return _FOR_GOLD.get(classifier, classifier)
