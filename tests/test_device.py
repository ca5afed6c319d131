"""Loading and running transformers: what is refused, what stays untouched, and what a result depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tests.tiny_bert import WORDS, save_classifier, save_encoder
from weaklabel.device import (
    Pretrained,
    distinct,
    length_batches,
    load_pretrained,
    mixed_precision,
    padded_lengths,
    pick_device,
    quiet_transformers,
    run_texts,
)
from weaklabel.errors import WeakLabelError

CLASSIFIER = "AutoModelForSequenceClassification"
TEXTS = [" ".join(WORDS[start : start + size]) for start in range(5) for size in (1, 2, 3, 5, 8, 13)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("model") / "tiny", ["no", "maybe", "yes"])


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Pretrained:
    return load_pretrained(CLASSIFIER, folder, "cpu")


def logits(loaded: Pretrained, texts: list[str], seconds: list[str] | None = None, **options: Any) -> np.ndarray:
    options = {"max_length": 32, "batch_size": 4, **options}
    return run_texts(loaded, texts, seconds, read=lambda output, mask: output.logits, width=3, **options)


@given(st.lists(st.text(max_size=2)))
def test_distinct_rebuilds_the_texts(texts: list[str]) -> None:
    different, row_of = distinct(texts)
    assert [different[row] for row in row_of] == texts
    assert sorted(different) == sorted(set(texts))


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 7), st.one_of(st.none(), st.integers(0, 3)))
def test_length_batches_hold_every_row_once(lengths: list[int], batch_size: int, seed: int | None) -> None:
    batches = length_batches(lengths, batch_size, None if seed is None else np.random.default_rng(seed))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= batch_size for batch in batches)


def test_length_batches_go_from_long_to_short_and_alike_together() -> None:
    assert [batch.tolist() for batch in length_batches([1, 9, 2, 8], 2)] == [[1, 3], [2, 0]]


def test_shuffled_length_batches_follow_their_generator() -> None:
    lengths = list(range(40))
    first, again, other = (length_batches(lengths, 4, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]
    assert [batch.tolist() for batch in first] != [batch.tolist() for batch in other]


def test_a_named_device_is_taken() -> None:
    assert pick_device("cpu").type == "cpu"


def test_mixed_precision_ends_with_its_context() -> None:
    import torch

    before = torch.is_autocast_enabled("cpu")
    with mixed_precision(pick_device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype in (torch.bfloat16, torch.float32)
    assert torch.is_autocast_enabled("cpu") == before


@pytest.mark.parametrize("bars", [True, False])
def test_quiet_transformers_puts_everything_back(bars: bool) -> None:
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    (logging.enable_progress_bar if bars else logging.disable_progress_bar)()
    logging.set_verbosity_info()
    try:
        with pytest.raises(RuntimeError, match="within"), quiet_transformers():
            assert not logging.is_progress_bar_enabled()
            assert logging.get_verbosity() == logging.ERROR
            raise RuntimeError("within")
        assert logging.is_progress_bar_enabled() is bars
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity(before[0])
        (logging.enable_progress_bar if before[1] else logging.disable_progress_bar)()


def test_loading_says_nothing_and_leaves_random_numbers_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import torch

    folder = save_encoder(tmp_path / "bare", pooler=False)
    capfd.readouterr()
    state = torch.get_rng_state()
    network = load_pretrained("AutoModel", folder, "cpu").network
    assert torch.equal(torch.get_rng_state(), state)
    assert not network.training
    assert capfd.readouterr() == ("", "")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeakLabelError, match=r"model '.*nowhere' cannot be loaded .* give a local folder"):
        load_pretrained("AutoModel", tmp_path / "nowhere")


def test_a_broken_weight_file_is_refused(tmp_path: Path) -> None:
    folder = save_encoder(tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeakLabelError, match="cannot be loaded"):
        load_pretrained("AutoModel", folder)


def test_an_encoder_is_no_classifier(tmp_path: Path) -> None:
    with pytest.raises(WeakLabelError, match=r"no trained weights for classifier.bias, classifier.weight"):
        load_pretrained(CLASSIFIER, save_encoder(tmp_path / "bare"))


def test_a_model_without_its_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = save_encoder(tmp_path / "mute")
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(WeakLabelError, match="carries no tokenizer"):
        load_pretrained("AutoModel", folder)


@given(st.lists(st.integers(0, 600), min_size=1), st.integers(1, 512))
def test_padded_lengths_are_few_and_near(lengths: list[int], limit: int) -> None:
    cut = np.minimum(lengths, limit)
    padded = padded_lengths(cut, limit)
    assert (padded >= cut).all()
    assert (padded <= limit).all()
    assert (padded - cut < np.maximum(4, cut / 4)).all()
    assert len(padded_lengths(np.arange(1, 513), 512)) == 512
    assert len(np.unique(padded_lengths(np.arange(1, 513), 512))) == 24


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_a_result_does_not_depend_on_the_other_texts(loaded: Pretrained, batch_size: int) -> None:
    together = logits(loaded, TEXTS, batch_size=batch_size)
    alone = np.concatenate([logits(loaded, [text], batch_size=batch_size) for text in TEXTS])
    backwards = logits(loaded, TEXTS[::-1], batch_size=batch_size)[::-1]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together, backwards)
    assert len(np.unique(together, axis=0)) == len(set(TEXTS))


def test_results_are_those_of_the_plain_model(loaded: Pretrained) -> None:
    import torch

    expected = []
    for text in TEXTS:
        with torch.inference_mode(), mixed_precision(loaded.device):
            expected.append(loaded.network(**loaded.tokenizer(text, return_tensors="pt")).logits[0].float().numpy())
    scale = np.abs(expected).max()
    np.testing.assert_allclose(logits(loaded, TEXTS) / scale, np.array(expected) / scale, atol=0.02)


def test_of_a_pair_only_the_first_is_cut(loaded: Pretrained) -> None:
    long, shorter = " ".join(WORDS[:10] * 4), " ".join(WORDS[:10])
    cut = logits(loaded, [long], ["this is spam"], max_length=16)
    np.testing.assert_array_equal(cut, logits(loaded, [shorter], ["this is spam"], max_length=16))
    assert (cut != logits(loaded, [long], ["this is ham"], max_length=16)).any()


def test_texts_beyond_the_model_s_positions_are_cut(loaded: Pretrained) -> None:
    assert np.isfinite(logits(loaded, [" ".join(WORDS * 9)], max_length=500)).all()


def test_no_texts_give_no_rows(loaded: Pretrained) -> None:
    assert logits(loaded, []).shape == (0, 3)
