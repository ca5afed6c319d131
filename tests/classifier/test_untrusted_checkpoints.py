"""A checkpoint is data: no code in it is run and nobody is asked to, whoever loads it, and no weights are unpickled."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.tiny_bert import save_classifier, save_encoder
from weaklabel import BertClassifier, load_classifier, transformers_lf, zero_shot_lf
from weaklabel.classifier import RobustClassifier
from weaklabel.classifier.pretraining import pretrain_mlm
from weaklabel.corpus import Batch
from weaklabel.encoder.encoder import Encoder
from weaklabel.errors import WeakLabelError

ROOT = Path(__file__).parents[2]
TEXTS = ["free prize win", "meet me at home", "call now", "love you"]
P = [[0.1, 0.9], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1]]


def batch(texts):
    return Batch(pl.DataFrame({"text": texts}))


def fit_bert(folder):
    BertClassifier(model=folder, epochs=1).fit(TEXTS, P)


def fit_robust(folder):
    RobustClassifier(model=folder, epochs=1).fit(TEXTS, P)


def pretrain(folder):
    pretrain_mlm(TEXTS, folder.parent / "pretrained", folder)


def encode(folder):
    Encoder(folder).encode(TEXTS)


def vote_by_class(folder):
    transformers_lf("lf", folder, {"ham": 0, "spam": 1}).vote(batch(TEXTS))


def vote_by_hypothesis(folder):
    zero_shot_lf("lf", folder, {0: "ham", 1: "spam"}).vote(batch(TEXTS))


LOADERS = (fit_bert, fit_robust, pretrain, encode, vote_by_class, vote_by_hypothesis)


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch):
    def answer(prompt=""):
        raise AssertionError(f"asked: {prompt}")

    monkeypatch.setattr("builtins.input", answer)


def plant(folder, model_type="planted"):
    """Make a checkpoint say that its configuration, model and tokenizer are in a Python file beside it."""
    config = json.loads((folder / "config.json").read_text())
    classes = ("AutoModel", "AutoModelForSequenceClassification", "AutoModelForMaskedLM")
    code = {"AutoConfig": "planted.C", **dict.fromkeys(classes, "planted.M")}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": model_type, "auto_map": code}))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings |= {"auto_map": {"AutoTokenizer": ["planted.T", "planted.T"]}, "tokenizer_class": "T"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "planted.py").write_text(f"open({str(folder / 'RAN')!r}, 'w')\n")
    return folder


@pytest.mark.parametrize("load", LOADERS)
def test_code_of_a_checkpoint_is_never_run(load, tmp_path):
    folder = plant(save_classifier(tmp_path / "model", ["ham", "spam"]))
    with pytest.raises(
        WeakLabelError, match=r"needs Python code of its own .* which weaklabel never runs; give a model"
    ):
        load(folder)
    assert not (folder / "RAN").exists()


@pytest.mark.parametrize("load", LOADERS[:-1])
def test_nor_is_it_where_transformers_has_a_model_of_that_type(load, tmp_path):
    folder = plant(save_classifier(tmp_path / "model", ["ham", "spam"]), model_type="bert")
    try:
        load(folder)
    except WeakLabelError as error:
        assert "needs Python code of its own" in str(error)
    assert not (folder / "RAN").exists()


def test_a_trained_classifier_with_code_planted_in_it_is_refused(tiny_bert_model):
    plant(next(path.parent for path in tiny_bert_model.rglob("config.json")))
    with pytest.raises(WeakLabelError, match="needs Python code of its own"):
        load_classifier(tiny_bert_model)
    assert not list(tiny_bert_model.rglob("RAN"))


@pytest.fixture
def tiny_bert_model(tmp_path):
    classifier = BertClassifier(
        model=save_classifier(tmp_path / "base", ["ham", "spam"]), epochs=1, labels=["ham", "spam"]
    )
    classifier.fit(TEXTS, P).save(tmp_path / "trained")
    return tmp_path / "trained"


@pytest.mark.parametrize("verb", ["train", "predict"])
def test_a_yes_on_standard_input_changes_nothing(verb, tmp_path, tiny_bert_model):
    (tmp_path / "c.csv").write_text("text,label\nfree prize,spam\nmeet me,ham\n")
    if verb == "train":
        folder = plant(save_classifier(tmp_path / "model", ["ham", "spam"]))
        pack = "from weaklabel import keyword_lf\nLABELS = ('ham', 'spam')\n"
        pack += "a = keyword_lf('a', 1, ['prize'])\nb = keyword_lf('b', 0, ['meet'])\n"
        (tmp_path / "l.py").write_text(pack)
        arguments = ["train", "c.csv", "--lfs", "./l.py", "--base", str(folder), "-o", "out"]
    else:
        folder = plant(next(path.parent for path in tiny_bert_model.rglob("config.json")))
        arguments = ["predict", "c.csv", "--model", str(tiny_bert_model), "-o", "out.csv"]
    command = [sys.executable, "-m", "weaklabel", *arguments]
    done = subprocess.run(command, cwd=tmp_path, input="y\n" * 100, capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs Python code of its own" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not (folder / "RAN").exists()


@pytest.mark.parametrize("load", LOADERS[:-1])
def test_pickled_weights_are_refused_and_the_command_in_the_message_converts_them(load, tmp_path):
    import torch
    from safetensors.torch import load_file

    folder = save_classifier(tmp_path / "model", ["ham", "spam"])
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeakLabelError, match="weights as pickles only, which can hold code") as refused:
        load(folder)
    command = re.search(r"python (-c .*)", str(refused.value)).group(1)
    subprocess.run([sys.executable, *shlex.split(command)], check=True)
    converted = load_file(folder / "model.safetensors")
    assert converted.keys() == weights.keys()
    load(folder)


def test_a_checkpoint_without_any_weights_is_not_called_a_pickle(tmp_path):
    folder = save_encoder(tmp_path / "empty")
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeakLabelError, match="cannot be loaded"):
        encode(folder)


def test_nothing_is_loaded_by_another_way():
    way = re.compile(r"\.from_pretrained\(|torch\.load\(|pickle\.loads?\(|joblib\.load|trust_remote_code=True")
    files = {path: path.read_text(encoding="utf-8") for path in (ROOT / "weaklabel").rglob("*.py")}
    lines = [(path.name, line) for path, text in files.items() for line in text.splitlines() if way.search(line)]
    # The command that a message gives, and examples in prose, are in quotes.
    assert [name for name, line in lines if not re.match(r'\s*(f?"|>>>)', line)] == ["inference.py"]
