"""Settings by name: which names and keys there are depends on whether a pack labels texts or spans."""

import pytest

from weaklabel.config import ClassifierSettings, LabelModelSettings, settings_of
from weaklabel.errors import ConfigError
from weaklabel.registries import CHOOSABLE_LABEL_MODELS


def test_names_of_both_tasks_are_known_and_told_apart():
    assert LabelModelSettings(name="span-vote").for_task("spans").name == "span-vote"
    assert LabelModelSettings(name="snorkel").for_task("texts").name == "snorkel"
    with pytest.raises(
        ConfigError, match=r"label_model.name: the label model 'snorkel' is for texts, .* spans are .*span-vote"
    ):
        LabelModelSettings(name="snorkel").for_task("spans")
    with pytest.raises(ConfigError, match="'span-vote' is for spans, and the pack is for texts"):
        LabelModelSettings(name="span-vote").for_task("texts")
    assert list(CHOOSABLE_LABEL_MODELS.names()).count("auto") == 1


def test_keys_that_the_class_of_the_task_lacks():
    with pytest.raises(ConfigError, match=r"label_model\.class_balance: 'span-vote' for spans has no such setting"):
        LabelModelSettings(name="span-vote", class_balance="uniform").for_task("spans")
    with pytest.raises(ConfigError, match=r"unknown key 'label_model\.sharpness'"):
        settings_of(LabelModelSettings, {"name": "span-vote", "sharpness": 2})


def test_an_unknown_name_lists_all():
    with pytest.raises(ConfigError, match=r"no label model is called 'span-vot'.*did you mean 'span-vote'"):
        settings_of(LabelModelSettings, {"name": "span-vot"})
    with pytest.raises(ConfigError, match=r"no classifier is called 'brt'.*did you mean 'bert'"):
        settings_of(ClassifierSettings, {"name": "brt"})
