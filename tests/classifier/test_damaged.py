"""A classifier's folder that is not what `save` wrote is refused in one sentence that names it, or works."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.damage import damage
from weaklabel.classifier import BertClassifier, LinearClassifier, MajorityClassifier, load_classifier
from weaklabel.errors import ClassifierError

TEXTS = ["win a prize now", "lunch at noon", "win money", "see you at lunch", "a prize for you", "dinner at noon"]
Y = [1, 0, 1, 0, 1, 0]


@pytest.fixture(scope="module")
def saved(tmp_path_factory, tiny_bert):
    """Folders of classifiers of each kind."""
    models = {
        "majority": MajorityClassifier(labels=("ham", "spam")),
        "linear": LinearClassifier(labels=("ham", "spam")),
        "bert": BertClassifier(tiny_bert, labels=("ham", "spam"), epochs=1),
    }
    folders = {}
    for name, model in models.items():
        folders[name] = tmp_path_factory.mktemp("saved") / name
        model.fit(TEXTS, Y).save(folders[name])
    return folders


@pytest.fixture
def copied(saved, tmp_path):
    def copy_of(name):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
        return shutil.copytree(saved[name], tmp_path / name)

    return copy_of


def works_or_is_refused(folder):
    try:
        model = load_classifier(folder)
    except ClassifierError as error:
        assert str(folder) in str(error) and "\n" not in str(error)
        return
    probs = model.predict_proba(TEXTS)
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-5)
    assert probs.shape[1] == len(model.labels_)


@given(data=st.data())
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_entry_of_the_manifest_may_be_wrong_or_missing_or_twice(copied, data):
    folder = copied(data.draw(st.sampled_from(["majority", "linear"])))
    file = folder / "weaklabel.json"
    tree = json.loads(file.read_text(encoding="utf-8"))
    damage(tree, data)
    file.write_text(json.dumps(tree), encoding="utf-8")
    works_or_is_refused(folder)


@given(data=st.data())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_may_end_early(copied, data):
    folder = copied("linear")
    file = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = file.read_bytes()
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    works_or_is_refused(folder)


@pytest.mark.parametrize("name", ["idf", "coef", "intercept"])
@pytest.mark.parametrize(
    "change",
    [lambda a: a * np.nan, lambda a: a[:-1], lambda a: a.astype(str), None],
    ids=["nan", "short", "text", "gone"],
)
def test_weights_of_a_linear_classifier(copied, name, change):
    folder = copied("linear")
    with np.load(folder / "weights.npz") as arrays:
        arrays = dict(arrays)
    array = arrays.pop(name)
    np.savez(folder / "weights.npz", **arrays, **({} if change is None else {name: change(array)}))
    with pytest.raises(ClassifierError, match="cannot load the linear classifier in ") as caught:
        load_classifier(folder)
    assert "\n" not in str(caught.value)


def test_a_vocabulary_names_an_ngram_once(copied):
    folder = copied("linear")
    file = folder / "vocabulary.json"
    names = json.loads(file.read_text(encoding="utf-8"))
    for wrong, why in (([names[0], *names[:-1]], "names an n-gram twice"), ({}, "not a list"), ([1], "not a list")):
        file.write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(ClassifierError, match=why):
            load_classifier(folder)


@pytest.mark.parametrize("labels", [["ham", "ham"], "ham", [], [1, 2], ["ham", ""]])
def test_class_names_are_checked(copied, labels):
    folder = copied("majority")
    file = folder / "weaklabel.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"labels": labels}), encoding="utf-8")
    with pytest.raises(ClassifierError, match=r"weaklabel\.json is damaged: '?'?labels'"):
        load_classifier(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json", "weaklabel.json"])
@pytest.mark.parametrize("left", [0, 40])
def test_files_of_a_bert_classifier_end_early(copied, file, left):
    folder = copied("bert")
    (folder / file).write_bytes((folder / file).read_bytes()[:left])
    with pytest.raises(ClassifierError, match=r"cannot load the bert classifier|is damaged") as caught:
        load_classifier(folder)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("change", ["nan", "gone", "shape"])
def test_weights_of_a_bert_classifier(copied, change):
    from safetensors.torch import load_file, save_file

    folder = copied("bert")
    file = folder / "model.safetensors"
    weights = load_file(file)
    if change == "nan":
        weights["classifier.weight"][0, 0] = float("nan")
    elif change == "gone":
        del weights["classifier.weight"]
    else:
        weights["classifier.weight"] = weights["classifier.weight"][:1].clone()
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ClassifierError, match="cannot load the bert classifier in ") as caught:
        load_classifier(folder)
    assert "\n" not in str(caught.value)
