import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from tests.votes.strategies import label_matrices
from weaklabel.errors import VoteError
from weaklabel.votes import vote_patterns
from weaklabel.votes.patterns import VotePatterns, merge_patterns, patterns_or_rows


@given(label_matrices(min_lfs=0))
def test_agrees_with_numpy(L):
    table = vote_patterns(L)
    assert (table.patterns[table.inverse] == L).all()
    if L.shape[1]:
        patterns, counts = np.unique(L, axis=0, return_counts=True)
        assert (table.patterns == patterns).all()
        assert (table.counts == counts).all()
    assert (table.n, table.m) == L.shape
    assert table.counts.dtype == np.int64


@pytest.mark.parametrize("top", [0, 1, 2, 9, 126])
def test_many_columns_that_take_several_words(top):
    rng = np.random.default_rng(top)
    L = rng.integers(-1, top + 1, size=(300, 170)).astype(np.int8)
    L[:, :100] = L[0, :100]  # so that the first words tell nothing
    L[150:] = L[:150]
    table = vote_patterns(L)
    patterns, counts = np.unique(L, axis=0, return_counts=True)
    assert (table.patterns == patterns).all()
    assert (table.counts == counts).all()


@given(label_matrices(), st.randoms(use_true_random=False))
def test_row_order_and_layout_do_not_matter(L, random):
    order = random.sample(range(len(L)), len(L))
    result, shuffled = vote_patterns(L), vote_patterns(np.asfortranarray(L[order]))
    assert (result.patterns == shuffled.patterns).all()
    assert (result.counts == shuffled.counts).all()
    assert (result.inverse[order] == shuffled.inverse).all()


@given(arrays(np.int8, (20, 3), elements=st.integers(-1, 2)), st.integers(0, 20))
def test_merged_parts_are_the_whole(L, cut):
    merged, whole = vote_patterns(L[:cut]).merge(vote_patterns(L[cut:])), vote_patterns(L)
    assert (merged.patterns == whole.patterns).all()
    assert (merged.counts == whole.counts).all()
    assert (merged.inverse == whole.inverse).all()


def test_merging_needs_the_same_labeling_functions():
    with pytest.raises(VoteError, match="2 and of 3"):
        vote_patterns([[0, 1]]).merge(vote_patterns([[0, 1, 1]]))


@given(st.lists(arrays(np.int8, (9, 7), elements=st.integers(-1, 2)), min_size=1, max_size=6), st.integers(1, 30))
def test_many_tables_merge_into_that_of_the_whole(parts, at_once):
    whole = vote_patterns(np.concatenate(parts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("weaklabel.votes.patterns._PATTERNS_AT_ONCE", at_once)
        merged = merge_patterns([vote_patterns(part) for part in parts])
    assert (merged.patterns == whole.patterns).all()
    assert (merged.counts == whole.counts).all()
    assert merged.inverse is None
    assert merged.n == whole.n
    back = VotePatterns.from_arrays(merged.to_arrays())
    assert (back.patterns == whole.patterns).all()
    assert (back.counts == whole.counts).all()


@pytest.mark.parametrize("top", [-1, 0, 1, 14, 126])
def test_there_and_back_in_a_file(top, tmp_path):
    L = np.random.default_rng(0).integers(-1, top + 1, (200, 11)).astype(np.int8)
    table = vote_patterns(L)
    np.savez(tmp_path / "table.npz", **table.to_arrays())
    with np.load(tmp_path / "table.npz", allow_pickle=False) as arrays_of:
        back = VotePatterns.from_arrays(arrays_of)
    assert (back.patterns == table.patterns).all()
    assert (back.counts == table.counts).all()
    assert back.patterns.flags.f_contiguous


def test_tables_that_cannot_be_merged_or_read_are_refused():
    with pytest.raises(VoteError, match="at least one"):
        merge_patterns([])
    with pytest.raises(VoteError, match="2 and of 3"):
        merge_patterns([vote_patterns([[0, 1]]), vote_patterns([[0, 1, 1]])])
    table = merge_patterns([vote_patterns([[0, 1]])])
    with pytest.raises(VoteError, match="does not keep which row"):
        table.merge(table)
    arrays_of = table.to_arrays()
    with pytest.raises(VoteError, match="are not vote patterns"):
        VotePatterns.from_arrays({"packed": arrays_of["packed"]})
    with pytest.raises(VoteError, match="not of 2 patterns of 2 votes"):
        VotePatterns.from_arrays(arrays_of | {"counts": np.array([1, 1])})


def test_wrong_matrices_are_refused():
    with pytest.raises(VoteError, match=r"L\[0, 1\] is -2"):
        vote_patterns([[0, -2]])
    with pytest.raises(VoteError, match="two dimensions"):
        vote_patterns([0, 1])


@pytest.mark.parametrize("kinds", [1, 300, 20_000, 200_000])
def test_rows_that_hardly_repeat_stand_for_themselves(kinds):
    rng = np.random.default_rng(0)
    L = np.asfortranarray(rng.integers(-1, 2, size=(kinds, 40)).astype(np.int8)[rng.integers(0, kinds, 60_000)])
    result, whole = patterns_or_rows(L), vote_patterns(L)
    assert (result.n, result.m) == (whole.n, whole.m)
    assert (len(result) == len(L)) == (result.inverse is None) == (kinds == 200_000)
    again = merge_patterns([result])
    assert (again.patterns == whole.patterns).all() and (again.counts == whole.counts).all()
