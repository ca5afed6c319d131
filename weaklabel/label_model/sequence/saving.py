"""Reading label models for spans from files, and making one by its name."""

from __future__ import annotations

import os
from typing import Any

from weaklabel.errors import ConfigError, LabelModelError, PluginError, WeakLabelError, nearest
from weaklabel.label_model.saving import read_saved
from weaklabel.label_model.sequence.base import TASK, SpanLabelModel
from weaklabel.registries import SPAN_LABEL_MODELS
from weaklabel.support.params import checked_params

_FAULTS = (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError, WeakLabelError)
"""What code that reads a damaged model raises: a missing entry, another type, a wrong shape."""


def load_span_label_model(path: str | os.PathLike[str]) -> SpanLabelModel:
    """Read a label model for spans that `SpanLabelModel.save` wrote, and check it.

    Parameters
    ----------
    path
        The file, or the folder that it is in.

    Raises
    ------
    LabelModelError
        The file is missing, damaged, not a label model, or one for texts; names the file.
    PluginError
        The label model is that of a plugin, which cannot be imported.
    """
    file, saved = read_saved(path)
    if saved.get("task") != TASK:
        raise LabelModelError(
            f"{file} is a label model for texts, not for spans; give one that was fitted to votes on spans"
        )
    try:
        return restore(saved)
    except PluginError:
        raise
    except _FAULTS as error:
        why = f"the entry {error} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise LabelModelError(f"{file} is damaged, or not a label model: {why}; save the label model again") from error


def restore(saved: Any) -> SpanLabelModel:
    """Make the fitted model that `SpanLabelModel.to_saved` was given; damaged input raises."""
    name = saved["model"]
    if not isinstance(name, str) or name not in SPAN_LABEL_MODELS:
        raise ValueError(f"the label model {name!r} is not installed{nearest(str(name), SPAN_LABEL_MODELS)}")
    cls = SPAN_LABEL_MODELS[name]
    model: SpanLabelModel = cls(**checked_params(cls, saved["params"]))
    model.lf_names_, model.labels_ = (tuple(map(str, saved[key])) for key in ("lf_names", "labels"))
    model._restore(saved["state"])
    return model


def make_span_label_model(name: str = "auto", **options: Any) -> SpanLabelModel:
    """Make the label model for spans of a name, not fitted.

    Raises
    ------
    LabelModelError
        There is none of this name.
    ConfigError
        It has no such option.
    PluginError
        It is that of a plugin, which cannot be used.
    """
    cls = SPAN_LABEL_MODELS[name]
    wrong = [option for option in options if not cls.has_param(option)]
    if wrong:
        there = ", ".join(cls.param_names()) or "none"
        raise ConfigError(f"the label model '{name}' has no option '{wrong[0]}'; its options are: {there}")
    model: SpanLabelModel = cls(**options)
    return model
