"""scikit-learn's own tools and checks on label models, whose rows are votes."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from weaklabel import LabelModel, MajorityVote
from weaklabel.label_model import DawidSkene, WeightedMajorityVote

Y = np.array([1, 0] * 30)
L = np.where(np.random.default_rng(0).random((60, 4)) < 0.8, Y[:, None], -1)


@pytest.mark.parametrize("kind", [MajorityVote, WeightedMajorityVote, LabelModel, DawidSkene])
def test_tools_take_label_models(kind):
    model = kind(cardinality=2, seed=1)
    assert is_classifier(model) and model.classes_.tolist() == [0, 1]
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    assert clone(model).get_params() == model.get_params()
    assert cross_val_score(model, L, Y, cv=3, scoring="accuracy").min() > 0.9
    search = GridSearchCV(model, {"tie_break_policy": ["abstain", "random"]}, cv=2).fit(L, Y)
    check_is_fitted(search.best_estimator_)
    assert search.score(L, Y) > 0.9
    assert search.best_score_ > 0.9


def test_an_unfitted_model_raises_scikit_learns_error():
    with pytest.raises(NotFittedError, match=r"not fitted; call fit\(L\) first"):
        LabelModel().predict(L)


def test_wrong_votes_are_value_errors():
    for votes in (L + 0.5, L + 5, L[0]):
        with pytest.raises(ValueError):
            MajorityVote().fit(votes)


@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn_that_need_no_real_numbers():
    """The others feed real numbers to estimators, where L holds votes -1..k-1."""
    applicable = {
        *("check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types", "check_estimator_repr"),
        *("check_no_attributes_set_in_init", "check_do_not_raise_errors_in_init_or_set_params", "check_mixin_order"),
        *("check_parameters_default_constructible", "check_get_params_invariance", "check_set_params"),
    }
    passed = {
        result["check_name"] for result in check_estimator(DawidSkene(), on_fail=None) if result["status"] == "passed"
    }
    assert applicable <= passed
