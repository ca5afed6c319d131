"""A label model's file that is not what `save` wrote is refused in one sentence that names it, or works."""

import copy
import json
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.damage import at, damage
from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError
from weaklabel.label_model import LABEL_MODELS, load_label_model

K = 3
L, Y = draw_votes(200, 5, K, 1)
L[:, 4] = -1  # one that never votes, whose numbers are NaN


def save(name, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        LABEL_MODELS[name](K).fit(L).save(folder)
    return folder / "label_model.json"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """What each label model writes: as text and as entries."""
    result = {}
    for name in sorted(set(LABEL_MODELS) - {"text"}):
        text = save(name, tmp_path_factory.mktemp(name)).read_text(encoding="utf-8")
        result[name] = text, json.loads(text)
    return result


def works_or_is_refused(file):
    try:
        model = load_label_model(file)
    except LabelModelError as error:
        assert str(error).startswith(f"{file} ") and "\n" not in str(error)
        return
    rows = L if len(model.lf_accuracies_) == L.shape[1] else np.zeros((3, len(model.lf_accuracies_)), dtype=int)
    probs = model.predict_proba(np.minimum(rows, model.cardinality - 1))
    model.predict(np.minimum(rows, model.cardinality - 1))
    assert probs.shape == (len(rows), model.cardinality)
    voted = ~np.isnan(probs).any(axis=1)
    np.testing.assert_allclose(probs[voted].sum(axis=1), 1)


@given(data=st.data())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_entry_may_be_wrong_or_missing_or_twice(saved, tmp_path, data):
    tree = copy.deepcopy(saved[data.draw(st.sampled_from(sorted(saved)))][1])
    damage(tree, data)
    file = tmp_path / "label_model.json"
    file.write_text(json.dumps(tree), encoding="utf-8")
    works_or_is_refused(file)


@given(data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_may_end_early_or_have_other_bytes(saved, tmp_path, data):
    content = bytearray(saved[data.draw(st.sampled_from(["dawid-skene", "snorkel", "majority"]))][0].encode())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] = data.draw(st.integers(0, 255))
    file = tmp_path / "label_model.json"
    file.write_bytes(content)
    works_or_is_refused(file)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "not valid JSON"),
        ("[1, 2]", "no entry 'format'"),
        ("[" * 100_000, "not valid JSON"),
        ("{}", "no entry 'format'"),
        ('{"format": "weaklabel label model 1"}', "the entry 'model' is missing"),
        ('{"format": "weaklabel label model 1", "model": ["x"]}', r"the label model \['x'\] is not installed"),
        ('{"format": "weaklabel label model 1", "model": "dawid-skin"}', r"did you mean 'dawid-skene'\?"),
        ('{"format": "weaklabel label model 0"}', "has the format 'weaklabel label model 0'"),
    ],
)
def test_errors_name_what_is_wrong(tmp_path, content, why):
    file = tmp_path / "label_model.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(LabelModelError, match=why) as caught:
        load_label_model(tmp_path)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "path", "value", "why"),
    [
        ("dawid-skene", ("state", "class_balance_", 0), None, "class_balance_ has numbers that are not finite"),
        ("dawid-skene", ("state", "evidence_"), [[0.0]], r"evidence_ has shape \[1, 1\], not \[5, 4, 3\]"),
        ("snorkel", ("state", "mu_", 2, 1), None, "mu_ has numbers that are not finite"),
        ("weighted", ("params", "cardinality"), "3", "the parameter 'cardinality' is '3', not int"),
        ("triplets", ("state", "lf_accuracies_", 0), 7, "lf_accuracies_ has numbers outside 0 to 1"),
        ("structured", ("state", "structure", "leaders"), [1, 0, -1, -1], "copy each other in a circle"),
        ("hyper", ("unvoted",), [9], "'unvoted' names a class outside"),
        ("committee", ("state", "members"), [], "it has no members"),
    ],
)
def test_errors_name_the_wrong_part(saved, tmp_path, name, path, value, why):
    tree = copy.deepcopy(saved[name][1])
    at(tree, path[:-1])[path[-1]] = value
    (tmp_path / "label_model.json").write_text(json.dumps(tree), encoding="utf-8")
    with pytest.raises(LabelModelError, match=why):
        load_label_model(tmp_path)
