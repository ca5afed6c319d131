import json
import os

import numpy as np
import pytest
from sklearn.base import clone

from weaklabel.classifier import LinearClassifier, MajorityClassifier, load_classifier
from weaklabel.classifier.folder import replaced_folder
from weaklabel.errors import ClassifierError


def test_majority_class_is_weighted():
    model = MajorityClassifier().fit(
        ["a", "b", "c", "d"], [[0.9, 0.1], [0.2, 0.8], [np.nan] * 2, [0, 1]], sample_weight=[5, 1, 9, 0]
    )
    np.testing.assert_allclose(model.shares_, [4.7 / 6, 1.3 / 6])
    assert model.predict(["x", "y"]).tolist() == [0, 0]
    assert model.predict_proba([]).shape == (0, 2)
    assert model.classes_.tolist() == [0, 1]


def test_majority_of_one_class_alone():
    assert MajorityClassifier(labels=("ham", "spam")).fit(["a"], [1]).predict_proba(["b"]).tolist() == [[0, 1]]


def test_majority_saves_loads_and_clones(tmp_path):
    model = MajorityClassifier(labels=("ham", "spam")).fit(["a", "b", "c"], [0, 1, 0])
    model.save(tmp_path / "new" / "model", provenance="a test")
    loaded = load_classifier(tmp_path / "new" / "model")
    assert np.array_equal(loaded.predict_proba(["x"]), model.predict_proba(["x"]))
    assert loaded.predict(["x"]).tolist() == [0]
    assert clone(model).get_params() == {"labels": ("ham", "spam")}
    manifest = json.loads((tmp_path / "new" / "model" / "weaklabel.json").read_text(encoding="utf-8"))
    assert manifest["kind"] == "majority"
    assert manifest["labels"] == ["ham", "spam"]
    assert manifest["provenance"] == "a test"
    assert {"weaklabel", "python", "numpy"} <= set(manifest["versions"])


def test_the_columns_of_entities_are_kept(tmp_path):
    model = MajorityClassifier().fit(["@ a @ # b #", "@ c @ # d #"], [0, 1])
    assert model.entities_ == ()
    model.save(tmp_path / "model", entities=("e1", "e2"))
    loaded = load_classifier(tmp_path / "model")
    loaded.save(tmp_path / "again")
    assert loaded.entities_ == load_classifier(tmp_path / "again").entities_ == ("e1", "e2")
    file = tmp_path / "again" / "weaklabel.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    del manifest["entities"]  # as one of an earlier version
    file.write_text(json.dumps(manifest), encoding="utf-8")
    assert load_classifier(tmp_path / "again").entities_ == ()


def test_saving_again_replaces_the_model_and_keeps_what_is_not_of_it(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    MajorityClassifier().fit(["a", "b"], [0, 1]).save(folder)
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("ten years of work", encoding="utf-8")
    LinearClassifier().fit(["a b", "c d"] * 3, [0, 1] * 3).save(folder)
    assert (folder / "vocabulary.json").exists()
    MajorityClassifier().fit(["a", "b"], [1, 1]).save(folder)
    assert load_classifier(folder).predict(["a"]).tolist() == [1]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine.txt", "model", "notes", "weaklabel.json"]


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years of work", encoding="utf-8")
    with pytest.raises(ClassifierError, match="something other than a classifier"):
        MajorityClassifier().fit(["a"], [0]).save(tmp_path)
    with pytest.raises(ClassifierError, match="something other than a classifier"):
        MajorityClassifier().fit(["a"], [0]).save(tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "ten years of work"


def test_a_failed_save_leaves_the_earlier_one(tmp_path):
    MajorityClassifier().fit(["a", "b"], [0, 1]).save(tmp_path / "model")

    def fail_halfway():
        with replaced_folder(tmp_path / "model") as part:
            (part / "half.txt").write_text("half", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_halfway()
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "weaklabel.json"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ClassifierError, match="cannot write"):
        MajorityClassifier().fit(["a"], [0]).save(tmp_path / "file" / "model")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "weaklabel.json is missing"),
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"kind": "bert"}', "damaged"),
        ('{"kind": "oracle", "labels": ["a"], "params": {}, "state": {}, "provenance": ""}', "unknown kind .*'oracle'"),
        ('{"kind": "majority", "labels": ["a"], "params": {"depth": 3}, "state": {}, "provenance": ""}', "'depth'"),
        ('{"kind": "majority", "labels": ["a"], "params": {}, "state": {}, "provenance": ""}', "shares"),
    ],
)
def test_what_is_no_classifier_is_said(tmp_path, content, message):
    if content is not None:
        (tmp_path / "weaklabel.json").write_text(content, encoding="utf-8")
    with pytest.raises(ClassifierError, match=message) as caught:
        load_classifier(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_tensors_that_do_not_fit_on_the_disk(tmp_path):
    import resource

    from safetensors.numpy import save_file

    MajorityClassifier().fit(["a", "b"], [0, 1]).save(tmp_path / "model")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with (
            pytest.raises(ClassifierError, match=r"cannot write .*model: .*File too large"),
            replaced_folder(tmp_path / "model") as new,
        ):
            save_file({"a": np.zeros(10_000)}, new / "model.safetensors")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "weaklabel.json"]
