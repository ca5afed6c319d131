"""The benchmark of suggestions: shares by hand, and candidates judged by rows with gold."""

import numpy as np

from benchmarks.quality.suggestions import come_back, draw_half, precisions
from tests.suggest.conftest import World
from weaklabel.bench.split import Split


def run(half, unseen, whole):
    return {"metric": {"auto": {"half": half, "unseen": unseen, "all": whole}}}


def test_the_share_is_that_of_the_means():
    result = come_back([run(0.5, 0.6, 0.7), run(0.6, 0.6, 0.8)], "auto", "unseen")
    assert result["share"] == 0.25 and result["suggestions_gain"] == 0.05
    low, high = result["share_interval"]
    assert (low, high) == (0.0, 0.5)


def test_where_nothing_was_lost_no_share_comes_back():
    result = come_back([run(0.8, 0.9, 0.8), run(0.8, 0.9, 0.7)], "auto", "unseen")
    assert result["share"] is None and "-5.0 points" in result["why"]


def test_half_is_drawn_by_the_seed():
    assert len(draw_half(73, 0)) == 36 == len(set(draw_half(73, 0).tolist()))
    assert draw_half(73, 0).tolist() != draw_half(73, 1).tolist()


def test_candidates_are_as_precise_as_the_gold_says():
    world = World()
    lfs = list(world.suggest(n=3).lfs)
    split = Split(world.votes.L, np.asarray(world.Y), tuple(world.texts))
    np.testing.assert_array_equal(precisions(lfs, split), 1.0)
    np.testing.assert_array_equal(precisions(lfs, Split(split.L, 1 - split.Y, split.texts)), 0.0)
