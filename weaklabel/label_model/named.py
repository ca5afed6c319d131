"""The label model that settings name."""

from __future__ import annotations

from weaklabel.config import LabelModelSettings
from weaklabel.errors import ConfigError
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.registries import LABEL_MODELS


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
