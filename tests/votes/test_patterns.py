import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from tests.votes.strategies import label_matrices
from weaklabel.errors import VoteError
from weaklabel.votes import vote_patterns


@given(label_matrices(min_lfs=0))
def test_agrees_with_numpy(L):
    found = vote_patterns(L)
    assert (found.patterns[found.inverse] == L).all()
    if L.shape[1]:
        patterns, counts = np.unique(L, axis=0, return_counts=True)
        assert (found.patterns == patterns).all()
        assert (found.counts == counts).all()
    assert (found.n, found.m) == L.shape
    assert found.counts.dtype == np.int64


@pytest.mark.parametrize("top", [0, 1, 2, 9, 126])
def test_many_columns_that_take_several_words(top):
    rng = np.random.default_rng(top)
    L = rng.integers(-1, top + 1, size=(300, 170)).astype(np.int8)
    L[:, :100] = L[0, :100]  # so that the first words tell nothing
    L[150:] = L[:150]
    found = vote_patterns(L)
    patterns, counts = np.unique(L, axis=0, return_counts=True)
    assert (found.patterns == patterns).all()
    assert (found.counts == counts).all()


@given(label_matrices(), st.randoms(use_true_random=False))
def test_row_order_and_layout_do_not_matter(L, random):
    order = random.sample(range(len(L)), len(L))
    found, shuffled = vote_patterns(L), vote_patterns(np.asfortranarray(L[order]))
    assert (found.patterns == shuffled.patterns).all()
    assert (found.counts == shuffled.counts).all()
    assert (found.inverse[order] == shuffled.inverse).all()


@given(arrays(np.int8, (20, 3), elements=st.integers(-1, 2)), st.integers(0, 20))
def test_merged_parts_are_the_whole(L, cut):
    merged, whole = vote_patterns(L[:cut]).merge(vote_patterns(L[cut:])), vote_patterns(L)
    assert (merged.patterns == whole.patterns).all()
    assert (merged.counts == whole.counts).all()
    assert (merged.inverse == whole.inverse).all()


def test_merging_needs_the_same_labeling_functions():
    with pytest.raises(VoteError, match="2 and of 3"):
        vote_patterns([[0, 1]]).merge(vote_patterns([[0, 1, 1]]))


def test_wrong_matrices_are_refused():
    with pytest.raises(VoteError, match=r"L\[0, 1\] is -2"):
        vote_patterns([[0, -2]])
    with pytest.raises(VoteError, match="two dimensions"):
        vote_patterns([0, 1])
