"""The ONNX export: checked when saved, loaded without torch, and blind to a text's neighbours."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from weaklabel import WeakLabelWarning
from weaklabel.classifier import (
    BertClassifier,
    LinearClassifier,
    MajorityClassifier,
    OnnxClassifier,
    export_check,
    load_classifier,
    onnx,
)
from weaklabel.errors import ClassifierError, MissingPackageError
from weaklabel.support.hashing import sha256_of_file

LONG = "good " * 40


@pytest.fixture(scope="module")
def trained(tiny_bert, reviews):
    return BertClassifier(tiny_bert, ("bad", "good"), epochs=8, lr=5e-3, batch_size=8, device="cpu").fit(*reviews)


@pytest.fixture(scope="module")
def folder(trained, reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "model"
    trained.save(folder, onnx=reviews[0])
    return folder


@pytest.fixture(scope="module")
def exported(folder):
    return load_classifier(folder, backend="onnx")


def test_predicts_as_the_model_does(exported, trained, reviews):
    assert isinstance(exported, OnnxClassifier)
    assert exported.labels_ == ("bad", "good")
    p = exported.predict_proba(reviews[0])
    assert p.dtype == np.float64
    np.testing.assert_allclose(p, trained.predict_proba(reviews[0]), atol=0.05)
    assert exported.predict(reviews[0]).tolist() == [1] * 12 + [0] * 12


def test_the_folder_tells_how_the_export_compares(folder, exported, reviews):
    assert exported.check_ == export_check(folder)
    assert exported.check_["texts"] == len(reviews[0])
    assert exported.check_["agreement"] == 1
    assert 0 <= exported.check_["mean_difference"] <= exported.check_["max_difference"] < 0.05
    assert isinstance(load_classifier(folder), BertClassifier)


def test_a_text_s_probabilities_depend_on_nothing_else(exported, reviews):
    # One very long neighbour would widen the scale of 8-bit activations, were they in one batch.
    texts = [*reviews[0], " ".join(reviews[0]), "", "good", "good"]
    with pytest.warns(WeakLabelWarning, match="1 of 28 texts"):
        together = exported.predict_proba(texts)
        backwards = exported.predict_proba(texts[::-1])[::-1]
        alone = np.concatenate([exported.predict_proba([text]) for text in texts])
    assert np.array_equal(backwards, together)
    assert np.array_equal(alone, together)


def test_threads_do_not_change_results(folder, reviews):
    item, three = (load_classifier(folder, backend="onnx").set_params(threads=number) for number in (1, 3))
    assert np.array_equal(item.predict_proba(reviews[0]), three.predict_proba(reviews[0]))


def test_cut_texts_are_counted(exported):
    fits = "good " * 30  # 30 words and two special tokens are just 32
    with pytest.warns(WeakLabelWarning, match="2 of 4 texts are longer than 32 tokens"):
        exported.predict([LONG, fits, "good", LONG])


def test_no_texts_give_no_rows(exported):
    assert exported.predict_proba([]).shape == (0, 2)
    assert exported.predict([]).shape == (0,)


def test_predicts_without_torch(folder):
    code = (
        "import sys\nfrom weaklabel import load_classifier\n"
        f"print(load_classifier({str(folder)!r}, backend='onnx').predict(['good', 'bad']).tolist())\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[1, 0]", "[]"]


@pytest.mark.parametrize(("name", "value"), [("MIN_AGREEMENT", 1.01), ("MAX_MEAN_DIFFERENCE", -1.0)])
def test_an_export_that_strays_is_left_out(trained, reviews, tmp_path, monkeypatch, name, value):
    monkeypatch.setattr(onnx, name, value)
    with pytest.warns(WeakLabelWarning, match=r"left out: on 24 texts .* predict with the model itself"):
        trained.save(tmp_path / "model", onnx=reviews[0])
    assert not (tmp_path / "model" / "model.int8.onnx").exists()
    assert export_check(tmp_path / "model") is None
    assert load_classifier(tmp_path / "model").predict(["good"]).tolist() == [1]
    with pytest.raises(ClassifierError, match="no ONNX export"):
        load_classifier(tmp_path / "model", backend="onnx")


def test_damage_to_the_weights_is_seen_by_the_check(trained, reviews, tmp_path, monkeypatch):
    def scrambled(network, ids, path):
        weight = network.classifier.weight
        kept = weight.data.clone()
        weight.data.neg_()
        write(network, ids, path)
        weight.data.copy_(kept)

    write = onnx._write_file
    monkeypatch.setattr(onnx, "_write_file", scrambled)
    with pytest.warns(WeakLabelWarning, match="left out"):
        trained.save(tmp_path / "model", onnx=reviews[0])


def test_a_folder_without_an_export_says_how_to_make_one(trained, reviews, tmp_path):
    trained.save(tmp_path / "model")
    with pytest.raises(ClassifierError, match=r"model: it has no ONNX export; train with --onnx.*onnx=texts"):
        load_classifier(tmp_path / "model", backend="onnx")
    load_classifier(tmp_path / "model").save(tmp_path / "model", onnx=reviews[0])
    assert load_classifier(tmp_path / "model", backend="onnx").predict(["good"]).tolist() == [1]


def test_another_file_under_its_name_is_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "model")
    with (tmp_path / "model" / "model.int8.onnx").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ClassifierError, match=r"model.int8.onnx is not the file that was exported"):
        load_classifier(tmp_path / "model", backend="onnx")
    (tmp_path / "model" / "model.int8.onnx").unlink()
    with pytest.raises(ClassifierError, match=r"model\.int8\.onnx"):
        load_classifier(tmp_path / "model", backend="onnx")


def test_an_export_that_onnxruntime_cannot_read_is_said(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "model")
    (tmp_path / "model" / "model.int8.onnx").write_bytes(b"nonsense")
    manifest = json.loads((tmp_path / "model" / "weaklabel.json").read_text(encoding="utf-8"))
    manifest["state"]["onnx"]["sha256"] = sha256_of_file(tmp_path / "model" / "model.int8.onnx")
    (tmp_path / "model" / "weaklabel.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ClassifierError, match="the ONNX export cannot be loaded"):
        load_classifier(tmp_path / "model", backend="onnx")


def test_what_has_no_export_is_refused(tmp_path, exported, trained):
    MajorityClassifier(("a", "b")).fit(["x", "y"], [0, 1]).save(tmp_path / "majority")
    with pytest.raises(ClassifierError, match="holds a majority classifier, which has no ONNX export"):
        load_classifier(tmp_path / "majority", backend="onnx")
    with pytest.raises(ClassifierError, match=r"backend must be 'torch' or an exporter.* not 'tpu'"):
        load_classifier(tmp_path / "majority", backend="tpu")
    with pytest.raises(ClassifierError, match="a linear classifier has no ONNX export"):
        LinearClassifier().fit(["x", "y"], [0, 1]).save(tmp_path / "linear", onnx=["x"])
    assert not (tmp_path / "linear").exists()
    with pytest.raises(ClassifierError, match="only predicts"):
        exported.fit(["a", "b"], [0, 1])
    with pytest.raises(ClassifierError, match="saved with its BertClassifier"):
        exported.save(tmp_path / "again")
    with pytest.raises(ClassifierError, match="there are none; give some real texts"):
        trained.save(tmp_path / "unchecked", onnx=[])
    assert not (tmp_path / "unchecked").exists()


def test_a_missing_package_names_the_pip_line(folder, trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingPackageError, match=r"'onnxruntime'.*pip install 'weaklabel\[onnx\]'"):
        load_classifier(folder, backend="onnx")
    with pytest.raises(MissingPackageError, match=r"pip install 'weaklabel\[onnx\]'"):
        trained.save(tmp_path / "model", onnx=["good"])
