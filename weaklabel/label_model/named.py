"""Label models by name: made from settings, and read from files."""

from __future__ import annotations

import os
from typing import Any

from weaklabel.config import LabelModelSettings
from weaklabel.errors import ConfigError, LabelModelError, PluginError, WeakLabelError, nearest
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.gold import GoldCorrection
from weaklabel.label_model.saving import read_saved
from weaklabel.registries import LABEL_MODELS
from weaklabel.support.params import checked_params

_FAULTS = (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError, WeakLabelError)
"""What code that reads a damaged model raises: a missing entry, another type, a wrong shape."""


def load_label_model(path: str | os.PathLike[str]) -> BaseLabelModel:
    """Read a label model that `BaseLabelModel.save` wrote, and check it.

    Parameters
    ----------
    path
        The file, or the folder that it is in.

    Raises
    ------
    LabelModelError
        The file is missing, damaged, or not a label model; names the file.
    PluginError
        The label model is that of a plugin, which cannot be imported.
    """
    file, saved = read_saved(path)
    if saved.get("task", "texts") != "texts":
        raise LabelModelError(
            f"{file} is a label model for spans, not for texts; give one that was fitted to a label matrix"
        )
    try:
        return restore(saved)
    except PluginError:
        raise
    except _FAULTS as error:
        why = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise LabelModelError(f"{file} is damaged, or not a label model: {why}; save the label model again") from error


def restore(saved: Any) -> BaseLabelModel:
    """Make the fitted model that `BaseLabelModel.to_saved` was given, and check that it is whole.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError, WeakLabelError
        It is not.
    """
    name = saved["model"]
    if not isinstance(name, str) or name not in LABEL_MODELS:
        raise ValueError(f"the label model {name!r} is not installed{nearest(str(name), LABEL_MODELS)}")
    cls = LABEL_MODELS[name]
    model: BaseLabelModel = cls(**checked_params(cls, saved["params"]))
    model._restore(saved["state"])
    model.unvoted_ = tuple(int(label) for label in saved.get("unvoted", ()))
    if gold := saved.get("gold"):
        model.gold_rows_ = int(gold["rows"])
        m, correction = len(model.lf_accuracies_), gold["correction"]
        model._correction = correction and GoldCorrection.from_saved(correction, m, model.cardinality)
    if not all(0 <= label < model.cardinality for label in model.unvoted_):
        raise ValueError(f"'unvoted' names a class outside 0..{model.cardinality - 1}")
    model._check_restored()
    return model


def make_label_model(settings: LabelModelSettings, cardinality: int, seed: int = 0) -> BaseLabelModel:
    """Make the label model that the settings name, not fitted.

    Raises
    ------
    ConfigError
        It has no such option.
    PluginError
        It is that of a plugin, which cannot be used.
    """
    model: BaseLabelModel = LABEL_MODELS[settings.name](cardinality, seed=seed)
    options, params = settings.options(), model.get_params()
    for name in options:
        if name not in params:
            others = ", ".join(
                other for other in LABEL_MODELS.built_in if name in LABEL_MODELS[other](cardinality).get_params()
            )
            raise ConfigError(f"the label model '{settings.name}' has no {name}; leave it out, or take one of {others}")
    return model.set_params(**options)
