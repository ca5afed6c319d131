import json

import numpy as np
import pytest
from sklearn.base import clone

from tests import tiny_bert
from tests.tagger.conftest import NAMES, PLACES
from weaklabel.errors import ClassifierError
from weaklabel.label_model.sequence import SpanLabels
from weaklabel.support.hashing import hash_path
from weaklabel.tagger import TokenClassifier, load_tagger
from weaklabel.units import Spans, find_words

FAST = {"epochs": 12, "lr": 5e-3, "batch_size": 16, "device": "cpu"}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_bert.save_encoder(tmp_path_factory.mktemp("tagger") / "encoder")


@pytest.fixture(scope="module")
def shouts():
    """Texts of the tiny model's words; names are the words in capitals, places those that begin with one."""
    words = tiny_bert.WORDS[:20]
    rng = np.random.default_rng(0)
    texts, rows = [], []
    for _ in range(60):
        pieces, spans, at = [], [], 0
        for word in rng.choice(words, size=6).tolist():
            kind = rng.integers(6)
            piece = (
                word.upper() if kind == 0 and len(word) > 1 else word.title() if kind == 1 and len(word) > 1 else word
            )
            if piece != word and (not spans or spans[-1][1] < at - 1):
                spans.append((at, at + len(piece), "PER" if piece.isupper() else "LOC"))
            else:
                piece = word
            pieces.append(piece)
            at += len(piece) + 1
        texts.append(" ".join(pieces))
        rows.append(spans)
    return texts, rows


@pytest.fixture(scope="module")
def tagger(encoder, shouts):
    return TokenClassifier(encoder, **FAST).fit(*shouts)


def test_a_model_without_case_sees_capitals(tagger, shouts):
    assert tagger.labels_ == ("LOC", "PER")
    assert tagger.score(*shouts) > 0.95


def test_no_text_depends_on_the_others(tagger, shouts):
    together = tagger.predict_proba(shouts[0])
    offsets = find_words(shouts[0]).offsets
    alone = np.concatenate([tagger.predict_proba([text]) for text in shouts[0][:8]])
    assert np.array_equal(together[: offsets[8]], alone)


def test_long_texts_are_read_in_windows(tagger, shouts):
    text = " ".join(shouts[0] * 3)
    words = find_words([text])
    assert len(words) == 6 * 180
    probs = tagger.predict_proba([text])
    assert probs.shape == (len(words), 3)
    predicted = tagger.predict([text])
    assert all(
        piece.isupper() == (label == 1) for piece, label in zip(predicted.texts([text]), predicted.label, strict=True)
    )
    assert len(predicted) > 100
    fitted = clone(tagger).set_params(epochs=1).fit([text], [[(0, len(shouts[0][0].split()[0]), "PER")]])
    assert fitted.training_["windows"] > 30
    assert fitted.training_["trained_words"] == len(words)


def test_words_that_the_tokenizer_drops_and_texts_without_words(tagger):
    texts = ["", " \t\r\n", "free \x00 \u200b PRIZE", "\U0001f469\u200d\U0001f680 \u6771\u4eac"]
    assert tagger.predict_proba(texts).shape == (len(find_words(texts)), 3)
    assert tagger.predict(texts).n_rows == 4
    assert tagger.predict([]).n_rows == 0


def test_saved_and_loaded(tagger, shouts, tmp_path):
    tagger.save(tmp_path / "m", provenance="a test")
    loaded = load_tagger(tmp_path / "m")
    assert np.array_equal(loaded.predict_proba(shouts[0]), tagger.predict_proba(shouts[0]))
    assert loaded.training_["best_epoch"] == 12
    manifest = json.loads((tmp_path / "m" / "weaklabel.json").read_text())
    assert (manifest["task"], manifest["kind"]) == ("spans", "bert")
    assert "device" not in manifest["params"]
    assert "The weights are those of epoch 12" in (tmp_path / "m" / "README.md").read_text()
    files = {path.name for path in (tmp_path / "m").iterdir()}
    assert {"model.safetensors", "head.safetensors", "tokenizer.json"} <= files
    (tmp_path / "m" / "head.safetensors").write_bytes(b"damaged")
    with pytest.raises(ClassifierError, match="cannot load the bert tagger"):
        load_tagger(tmp_path / "m")


def test_training_is_the_same_again_and_resumes_bit_by_bit(encoder, shouts, tmp_path, monkeypatch):
    from weaklabel.classifier import training

    options = FAST | {"epochs": 2, "validation_share": 0.2, "checkpoint_seconds": 0.0}
    TokenClassifier(encoder, **options).fit(*shouts).save(tmp_path / "whole")
    stepped, steps = training.torch.nn.utils.clip_grad_norm_, []

    def kill_at_the_fifth(*arguments):
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return stepped(*arguments)

    monkeypatch.setattr(training.torch.nn.utils, "clip_grad_norm_", kill_at_the_fifth)
    tagger = TokenClassifier(encoder, run_folder=tmp_path / "run", **options)
    with pytest.raises(KeyboardInterrupt):
        tagger.fit(*shouts)
    assert (tmp_path / "run" / "checkpoint.safetensors").exists()
    with pytest.raises(ClassifierError, match="checkpoint of another training"):
        clone(tagger).set_params(label_smoothing=0.1).fit(*shouts)
    tagger.fit(*shouts).save(tmp_path / "resumed")
    assert len(steps) > 5
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()
    for name in ("model.safetensors", "head.safetensors"):
        assert hash_path(tmp_path / "whole" / name) == hash_path(tmp_path / "resumed" / name)
    assert tagger.training_["validation"] == "weak labels"
    assert len((tmp_path / "run" / "training.jsonl").read_text().splitlines()) == 2


def test_another_seed_is_another_model(encoder, shouts):
    one, other = (TokenClassifier(encoder, seed=seed, **FAST | {"epochs": 1}).fit(*shouts) for seed in (0, 1))
    assert not np.array_equal(one.predict_proba(shouts[0][:3]), other.predict_proba(shouts[0][:3]))


def test_words_without_a_label_are_not_learned_from(encoder, shouts):
    texts = shouts[0]
    words = find_words(texts)
    probs = np.full((len(words), 2), np.nan)
    probs[::7] = [0.1, 0.9]
    labels = SpanLabels(Spans.of_rows([[]] * len(texts)), np.empty(0), probs)
    tagger = TokenClassifier(encoder, ["X"], **FAST).fit(texts, labels)
    assert tagger.training_["trained_words"] == len(probs[::7])
    assert tagger.predict_proba(texts)[:, 1].min() > 0.5  # nothing said that any word is in no span


def test_several_rates_and_validation(encoder, shouts):
    texts, rows = shouts
    options = FAST | {"lr": [1e-5, 5e-3], "epochs": None}
    tagger = TokenClassifier(encoder, **options).fit(texts[:40], rows[:40], validation=(texts[40:], rows[40:]))
    assert tagger.training_["lr"] == 5e-3
    assert [tried["lr"] for tried in tagger.training_["grid"]] == [1e-5, 5e-3]
    assert tagger.training_["validation_rows"] == 20


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"patience": 1}, "patience needs validation rows"),
        ({"lr": [1e-4, 2e-4]}, "choosing among several learning rates needs validation rows"),
        ({"epochs": 0}, "epochs must be from 1"),
        ({"validation_share": 0.95}, "validation_share must be from 0 to 0.9"),
        ({"model": "no-such-model-anywhere"}, "cannot load the model 'no-such-model-anywhere'"),
    ],
)
def test_refused(params, message, encoder, shouts):
    with pytest.raises(ClassifierError, match=message):
        TokenClassifier(**{"model": encoder} | params).fit(*shouts)


def test_the_embedded_model_learns_names(news):
    tagger = TokenClassifier(epochs=2, batch_size=8, lr=3e-4, device="cpu").fit(news[0][::3], news[1][::3])
    text = "In Oslo lived Ada Lovelace for years ."
    assert tagger.predict([text]).texts([text]) == ["Oslo", "Ada Lovelace"]
    assert NAMES[0] in text
    assert PLACES[3] in text


def test_an_onnx_export_agrees_with_the_tagger(encoder, shouts, tmp_path):
    pytest.importorskip("onnxruntime")
    tagger = TokenClassifier(encoder, **FAST).fit(*shouts)
    long = " ".join(shouts[0][:20])
    tagger.save(tmp_path / "m", onnx=[*shouts[0], long, ""])
    exported = load_tagger(tmp_path / "m", "onnx")
    assert exported.check_["agreement"] >= 0.98
    texts = [*shouts[0][:20], long]
    assert np.abs(exported.predict_proba(texts) - tagger.predict_proba(texts)).mean() < 0.02
    assert exported.labels_ == ("LOC", "PER")
    assert exported.predict([""]).n_rows == 1
    with pytest.raises(ClassifierError, match="only predicts"):
        exported.fit(*shouts)
    tagger.save(tmp_path / "m")
    with pytest.raises(ClassifierError, match="has no ONNX export; train with --onnx"):
        load_tagger(tmp_path / "m", "onnx")
