import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from snorkel.labeling import LFAnalysis as SnorkelAnalysis

from tests.votes.strategies import label_matrices
from weaklabel.errors import VoteError
from weaklabel.votes import LFAnalysis, Votes, vote_patterns
from weaklabel.votes.patterns import merge_patterns

# Of Snorkel's own making.
pytestmark = pytest.mark.filterwarnings("ignore:Input has data type int8:FutureWarning")

L = np.array([[-1, 0, 0, -1], [-1, -1, -1, -1], [1, 0, -1, -1], [-1, 0, -1, -1], [0, 0, 0, -1]], dtype=np.int8)
Y = np.array([0, 1, 1, -1, 0])
NAMES = ["first", "second", "third", "silent"]


@given(label_matrices(min_rows=1))
@settings(deadline=None)
def test_agrees_with_snorkel(L):
    ours, theirs = LFAnalysis(L), SnorkelAnalysis(L)
    for name in ("label_coverage", "label_overlap", "label_conflict"):
        assert getattr(ours, name)() == pytest.approx(getattr(theirs, name)())
    for name in ("lf_coverages", "lf_overlaps", "lf_conflicts"):
        np.testing.assert_allclose(getattr(ours, name)(), getattr(theirs, name)())
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_allclose(ours.lf_overlaps(True), theirs.lf_overlaps(True))
        np.testing.assert_allclose(ours.lf_conflicts(True), theirs.lf_conflicts(True))
    assert ours.lf_polarities() == [[int(vote) for vote in votes] for votes in theirs.lf_polarities()]


@given(label_matrices(min_rows=1), st.data())
@settings(deadline=None, max_examples=50)
def test_the_table_agrees_with_snorkels_where_every_row_has_gold_and_every_lf_votes(L, data):
    Y = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(L), max_size=len(L))))
    L = np.vstack([L, np.zeros((1, L.shape[1]), dtype=np.int8)])
    Y = np.append(Y, 0)
    lfs = [SimpleNamespace(name=f"lf{number}") for number in range(L.shape[1])]
    ours, theirs = LFAnalysis(L, lfs).lf_summary(Y), SnorkelAnalysis(L, lfs).lf_summary(Y)
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    bare = LFAnalysis(vote_patterns(L)).lf_summary()
    pd.testing.assert_frame_equal(bare, SnorkelAnalysis(L).lf_summary(), check_dtype=False, check_index_type=False)


@given(label_matrices(max_cardinality=6), st.integers(1, 40), st.data())
@settings(deadline=None)
def test_rows_and_patterns_and_blocks_and_threads_give_the_same(L, at_once, data):
    Y = np.array(data.draw(st.lists(st.integers(-1, 6), min_size=len(L), max_size=len(L))), dtype=np.int64)
    expected = plain_summary(L, Y)
    pd.testing.assert_frame_equal(LFAnalysis(vote_patterns(L)).lf_summary(Y), expected, check_dtype=False)
    for layout in (L, np.asfortranarray(L), np.asfortranarray(np.repeat(L, 2, axis=1))[:, ::2]):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("weaklabel.votes.tally._VOTES_AT_ONCE", at_once)
            patch.setattr("weaklabel.support.threads.ROWS_PER_THREAD", 4)
            patch.setattr("weaklabel.support.threads.cores", lambda: 3)
            pd.testing.assert_frame_equal(LFAnalysis(layout).lf_summary(Y), expected, check_dtype=False)


def plain_summary(L, Y):
    """The same, each figure as it is defined."""
    voted = L >= 0
    several = voted.sum(axis=1) > 1
    differ = np.array([len(set(row[row >= 0].tolist())) > 1 for row in L], dtype=bool)
    judged = voted & (Y >= 0)[:, None]
    correct = (judged & (Y[:, None] == L)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return pd.DataFrame(
            {
                "Polarity": [sorted(set(votes[votes >= 0].tolist())) for votes in L.T],
                "Coverage": voted.sum(axis=0) / np.float64(len(L)),
                "Overlaps": (voted & several[:, None]).sum(axis=0) / np.float64(len(L)),
                "Conflicts": (voted & differ[:, None]).sum(axis=0) / np.float64(len(L)),
                "Correct": correct,
                "Incorrect": judged.sum(axis=0) - correct,
                "Emp. Acc.": correct / judged.sum(axis=0),
            }
        )


def test_more_blocks_than_a_byte_counts_and_more_votes_than_a_byte(monkeypatch):
    monkeypatch.setattr("weaklabel.votes.tally._VOTES_AT_ONCE", 600)
    L = np.random.default_rng(0).integers(-1, 3, (1_200, 300)).astype(np.int8)
    L[::3, 2:] = -1
    L[::2, 2:258] = 1  # 256 votes
    Y = np.random.default_rng(1).integers(-1, 3, 1_200)
    pd.testing.assert_frame_equal(LFAnalysis(L).lf_summary(Y), plain_summary(L, Y), check_dtype=False)


def test_gold_needs_the_rows_of_a_table():
    table = merge_patterns([vote_patterns(L)])
    pd.testing.assert_frame_equal(LFAnalysis(table).lf_summary(), LFAnalysis(L).lf_summary())
    with pytest.raises(VoteError, match="does not keep which row"):
        LFAnalysis(table).lf_summary(Y)


def test_rows_without_gold_and_silent_lfs_have_no_say():
    table = LFAnalysis(L, NAMES).lf_summary(Y, est_weights=[0.9, 0.8, 0.7, np.nan])
    assert table.index.tolist() == NAMES
    assert list(table)[-4:] == ["Correct", "Incorrect", "Emp. Acc.", "Est. Acc."]
    assert table["Correct"].tolist() == [2, 2, 2, 0]
    assert table["Incorrect"].tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(table["Emp. Acc."], [1, 2 / 3, 1, np.nan])
    assert table["Polarity"].tolist() == [[0, 1], [0], [0], []]
    np.testing.assert_allclose(LFAnalysis(L).lf_empirical_accuracies(np.full(5, -1)), np.nan)


def test_text_and_json():
    analysis = LFAnalysis(Votes(L, NAMES))
    lines = analysis.to_text(Y).splitlines()
    assert " ".join(lines[0].split()) == "LF j Polarity Coverage Overlaps Conflicts Correct Incorrect Emp. Acc."
    assert lines[5].split() == ["silent", "3", "[]", "0.000", "0.000", "0.000", "0", "0", "-"]
    records = json.loads(analysis.to_json(Y))
    assert records == analysis.records(Y)
    assert records[3]["LF"] == "silent"
    assert records[3]["Emp. Acc."] is None
    assert records[0]["Polarity"] == [0, 1]


def test_no_rows():
    analysis = LFAnalysis(np.empty((0, 2), dtype=np.int8))
    assert np.isnan(analysis.label_coverage())
    assert np.isnan(analysis.lf_summary(np.empty(0, dtype=int))["Coverage"]).all()


def test_wrong_lengths_are_refused():
    with pytest.raises(VoteError, match="2 labeling functions for the 4 columns"):
        LFAnalysis(L, NAMES[:2])
    with pytest.raises(VoteError, match="4 labels for 5 rows"):
        LFAnalysis(L).lf_summary(Y[:4])
    with pytest.raises(VoteError, match="est_weights"):
        LFAnalysis(L).lf_summary(est_weights=[1.0])
