"""How much of the entities labeling functions mark, by how much they overlap."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.label_model.sequence.coverage import RANGE, coverage_of_labels
from weaklabel.units import Spans
from weaklabel.votes import SpanVotes


def votes_of(captured, labels, names=("PER", "LOC"), inner=()):
    """Return votes on rows of one word each: which labeling function (column) marks which row, and its label."""
    lfs = [
        Spans.of_rows([[(0, 1, label)] if is_marked else [] for is_marked in column])
        for column, label in zip(np.transpose(captured), labels, strict=True)
    ]
    lf_names = [f"lf{number}" for number in range(len(lfs))]
    return SpanVotes.of(lfs, np.arange(len(captured) + 1), lf_names, list(names), inner=inner)


@settings(max_examples=25)
@given(st.lists(st.floats(0.3, 0.7), min_size=2, max_size=5), st.integers(0, 2**32 - 1))
def test_independent_labeling_functions_tell_what_they_miss(shares, seed):
    rng = np.random.default_rng(seed)
    captured = rng.random((4000, len(shares))) < shares
    votes = votes_of(captured, [0] * len(shares), names=["PER"])
    (estimate,) = coverage_of_labels(votes.runs())
    assert estimate == pytest.approx(np.clip(captured.any(axis=1).mean(), *RANGE), abs=0.06)


def test_words_between_entities_change_nothing():
    rng = np.random.default_rng(0)
    captured = rng.random((500, 3)) < 0.5
    thinned = np.zeros((2000, 3), dtype=bool)
    thinned[::4] = captured
    once, again = (coverage_of_labels(votes_of(each, [0, 0, 0]).runs()) for each in (captured, thinned))
    assert (once == again).all()


def test_each_label_has_its_own_and_one_that_nothing_tells_that_of_the_others():
    rng = np.random.default_rng(1)
    captured = np.zeros((3000, 4), dtype=bool)
    captured[:1000, :2] = rng.random((1000, 2)) < 0.5
    captured[1000:2000, 2] = rng.random(1000) < 0.5
    captured[2000:, 3] = rng.random(1000) < 0.5
    both, alone, other = coverage_of_labels(votes_of(captured, [0, 0, 1, 2], names=("PER", "LOC", "ORG")).runs())
    assert both == pytest.approx(0.75, abs=0.05)
    assert alone == other == both


def test_without_overlap_nothing_is_known():
    captured = np.array([[True, False], [False, True]] * 20)
    assert coverage_of_labels(votes_of(captured, [0, 0]).runs()).tolist() == [RANGE[0]] * 2
    assert coverage_of_labels(votes_of(captured[:, :1], [0]).runs()).tolist() == [RANGE[0]] * 2
    nothing = np.zeros((3, 2), dtype=bool)
    assert coverage_of_labels(votes_of(nothing, [0, 1]).runs()).tolist() == [RANGE[0]] * 2


def test_votes_for_an_inner_label_tell_nothing_of_a_leaf():
    rng = np.random.default_rng(2)
    captured = rng.random((1000, 3)) < 0.6
    leaves, with_inner, alone = (
        coverage_of_labels(votes_of(captured[:, : len(labels)], labels, inner=(("ENT", (0, 1)),)).runs())
        for labels in ([0, 0], [0, 0, 2], [0, 2])
    )
    assert leaves.tolist() == with_inner.tolist() != alone.tolist() == [RANGE[0]] * 2
