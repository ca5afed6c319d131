"""The rows whose texts are read do not depend on how a corpus is cut, and are a fair choice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.label_model import AutoLabelModel, TextLabelModel
from weaklabel.label_model.text.reader import TextSample, TextSampler
from weaklabel.votes import vote_patterns

WORDS = ["soup", "bread", "tennis", "rowing", "today", "again"]


def corpus(n: int, coverage: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    L = np.where(rng.random((n, 3)) < coverage / 3, rng.integers(0, 2, (n, 3)), -1)
    return L, [f"{WORDS[rng.integers(6)]} {WORDS[rng.integers(6)]} {rng.integers(n)}" for _ in range(n)]


def sampled(L: np.ndarray, texts: list[str], most: int, cuts: list[int]) -> TextSample:
    sampler = TextSampler(most)
    for start, stop in zip([0, *cuts], [*cuts, len(L)], strict=True):
        sampler.add(vote_patterns(L[start:stop]), texts[start:stop])
    return sampler.sample()


@settings(deadline=None)
@given(st.integers(1, 60), st.floats(0, 1), st.integers(1, 70), st.lists(st.integers(0, 60)), st.integers(0, 5))
def test_parts_make_no_difference(n: int, coverage: float, most: int, cuts: list[int], seed: int) -> None:
    L, texts = corpus(n, coverage, seed)
    whole, parts = sampled(L, texts, most, []), sampled(L, texts, most, sorted(cut for cut in cuts if cut <= n))
    np.testing.assert_array_equal(parts.rows, whole.rows)
    np.testing.assert_array_equal(parts.hashes, whole.hashes)
    np.testing.assert_array_equal(parts.L, L[whole.rows])
    assert parts.texts == whole.texts == [texts[row] for row in whole.rows]
    assert len(whole) <= most and (np.diff(whole.rows) > 0).all()
    assert n > most or len(whole) == n


def test_rows_with_votes_have_their_share_and_at_least_half() -> None:
    for coverage in (0.1, 0.9):
        L, texts = corpus(3000, coverage)
        voted = (L >= 0).any(axis=1)
        chosen = voted[sampled(L, texts, 200, []).rows]
        assert len(chosen) == 200
        assert abs(chosen.mean() - max(0.5, voted.mean())) < 0.01


def test_no_rows_are_no_sample() -> None:
    assert len(TextSampler().sample()) == 0


@pytest.mark.parametrize("kind", [AutoLabelModel, TextLabelModel])
@pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")
def test_a_fit_to_the_sample_is_the_fit_to_all(kind: type) -> None:
    L, texts = corpus(400, 0.8)
    model, whole = kind(2), kind(2).fit(L, texts)
    sampler = model.sampler()
    for start in range(0, 400, 150):
        sampler.add(vote_patterns(L[start : start + 150]), texts[start : start + 150])
    patterns = vote_patterns(L)
    model.fit_sample(type(patterns)(patterns.patterns, patterns.counts), sampler.sample())
    np.testing.assert_array_equal(model.predict_proba(L, texts), whole.predict_proba(L, texts))
    assert model.describe() == whole.describe()
