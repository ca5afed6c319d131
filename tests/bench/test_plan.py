import pytest

from weaklabel.bench.plan import BenchSettings
from weaklabel.errors import ConfigError

WRONG = {
    "unknown_label_model": ({"label_models": ["snorkle"]}, "did you mean 'snorkel'"),
    "unknown_classifier": ({"classifiers": ["lineer"]}, "did you mean 'linear'"),
    "twice": ({"label_models": ["snorkel", "snorkel"]}, "given twice"),
    "no_seed": ({"seeds": 0}, "seeds must be above 0"),
    "no_time": ({"timeout": 0}, "timeout must be above 0"),
    "no_clean_label": ({"clean_labels": [0], "classifiers": ["linear"]}, "clean_labels must be 1 or more"),
    "f1_of_what": ({"metric": "f1"}, "needs the positive class"),
    "curve_of_what": ({"clean_labels": [5]}, "train classifiers: name one"),
    "ceiling_of_what": ({"label_models": ["gold"]}, "train classifiers: name one"),
    "nothing": ({"label_models": []}, "nothing to compare"),
}


@pytest.mark.parametrize("name", WRONG)
def test_settings_that_make_no_sense_are_refused(tmp_path, name):
    given, message = WRONG[name]
    with pytest.raises(ConfigError, match=message):
        BenchSettings(work=tmp_path, **given)
