"""Loading transformers: what is refused, and what stays untouched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tests.tiny_bert import save_encoder
from weaklabel.encoder.inference import (
    length_batches,
    load_pretrained,
    mixed_precision,
    pick_device,
    quiet_transformers,
)
from weaklabel.errors import WeakLabelError

CLASSIFIER = "AutoModelForSequenceClassification"


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
    with pytest.raises(WeakLabelError, match="has no tokenizer"):
        load_pretrained("AutoModel", folder)
