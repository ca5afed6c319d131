"""The page on which label model to take advises what the committed results say."""

import pytest

from benchmarks import readme
from benchmarks.quality.which import ADVICE, ON_VOTES, mean_metrics

TWINS = readme.load("quality_twins")["twins"]
MARGIN = 1.5
"""Points by which another label model may be better than the advised one, on average."""


@pytest.mark.parametrize("advice", ADVICE, ids=lambda advice: advice.situation)
def test_the_advised_label_model_is_the_best_or_nearly_so(advice):
    means = mean_metrics([twin for twin in TWINS if advice.measured_by(twin)])
    assert means[advice.model] >= max(means.values()) - MARGIN


def test_every_twin_counts_once_by_labeling_functions_and_once_by_classes():
    by_lfs = [advice for advice in ADVICE if advice.situation.endswith("labeling functions")]
    by_classes = [advice for advice in ADVICE if "classes" in advice.situation]
    assert len(by_lfs) == len(by_classes) == 3
    for group in (by_lfs, by_classes):
        assert all(sum(advice.measured_by(twin) for advice in group) == 1 for twin in TWINS)


def test_on_votes_alone_the_committee_is_best_on_real_sets_and_structured_on_votes_that_follow_it():
    real, followed = readme.load("quality_label_models")["mean"], readme.load("quality_synthetic")["summary"]["all"]
    measured = [name for name in ON_VOTES if "metric" in real.get(name, {})]
    assert max(measured, key=lambda name: real[name]["metric"]) == "committee"
    assert min(measured, key=lambda name: real[name]["log_loss"]) == "committee"
    first, second = sorted(ON_VOTES, key=lambda name: followed[name]["below_bayes"])[:2]
    assert (first, second) == ("structured", "committee")


def test_no_label_model_is_good_at_rare_classes():
    rare = next(advice for advice in ADVICE if advice.situation.startswith("a rare class"))
    means = mean_metrics([twin for twin in TWINS if rare.measured_by(twin)])
    assert max(means.values()) < 50
