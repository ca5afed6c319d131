"""Running transformers: what a result depends on, and what it does not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tests.tiny_bert import WORDS, save_classifier
from weaklabel.encoder.inference import (
    Pretrained,
    distinct,
    load_pretrained,
    mixed_precision,
    padded_lengths,
    run_texts,
)

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


@pytest.mark.parametrize("threads", [1, 3])
def test_a_result_does_not_depend_on_the_number_of_threads(loaded: Pretrained, threads: int) -> None:
    import torch

    expected, before = logits(loaded, TEXTS), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        np.testing.assert_array_equal(logits(loaded, TEXTS), expected)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_as_many_batches_run_at_once_as_torch_has_threads(loaded: Pretrained) -> None:
    import torch

    before, seen, both = torch.get_num_threads(), set(), threading.Barrier(2, timeout=30)

    def read(output: Any, mask: Any) -> Any:
        if len(seen) < 2:
            seen.add(threading.get_ident())
            both.wait()  # for a second thread: one that ran all batches would wait in vain
        assert torch.get_num_threads() == 1
        return output.logits

    torch.set_num_threads(2)
    try:
        run_texts(loaded, TEXTS, read=read, width=3, max_length=32, batch_size=4)
    finally:
        torch.set_num_threads(before)
    assert len(seen) == 2 and threading.get_ident() not in seen


@pytest.mark.parametrize("threads", [1, 2])
def test_after_an_error_no_other_batch_begins(loaded: Pretrained, threads: int) -> None:
    import torch

    before, runs = torch.get_num_threads(), []

    def read(output: Any, mask: Any) -> Any:
        runs.append(1)
        raise IndexError("of a model")

    torch.set_num_threads(threads)
    try:
        with pytest.raises(IndexError, match="of a model"):
            run_texts(loaded, TEXTS, read=read, width=3, max_length=32, batch_size=1)
        assert len(runs) <= threads < len(TEXTS) and torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
