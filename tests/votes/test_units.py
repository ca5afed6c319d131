"""Votes on units: whatever is counted or fitted is as for the units laid end to end."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from weaklabel import LFAnalysis, Votes, apply_lfs, keyword_lf, labeling_function, regex_lf
from weaklabel.errors import VoteError
from weaklabel.label_model import LABEL_MODELS
from weaklabel.units import find_words
from weaklabel.votes import load_votes, save_votes, vote_patterns

M = 4
NAMES = tuple("abcd")
ROWS = st.lists(st.lists(st.lists(st.integers(-1, 2), min_size=M, max_size=M), max_size=5), max_size=8)

TEXTS = ["Ann met Bob in New York.", "", "No names here", "Kim Lee, of Paris; Bob!", "\u6771\u4eac Paris"] * 8


@labeling_function()
def capital(x):
    return 1 if x.text[:1].isupper() and len(x.text) > 1 else -1


VOTERS = [
    keyword_lf("people", 1, ["ann", "bob", "kim"]),
    keyword_lf("places", 2, ["paris", "york", "\u6771"]),
    regex_lf("lower", 0, r"^[a-z]+$"),
    regex_lf("marks", 0, r"^\W$"),
    capital,
]


def on_units(rows):
    """Return votes on units, given as lists of votes by row."""
    L = np.array([votes for row in rows for votes in row], dtype=np.int8).reshape(-1, M)
    return Votes(L, NAMES, ("o", "p", "q"), offsets=np.cumsum([0, *map(len, rows)]))


def votes_on_words():
    words = find_words(TEXTS)
    votes = apply_lfs(VOTERS, words.texts(TEXTS), labels=("other", "person", "place"))
    return words, replace(votes, offsets=words.offsets)


@given(ROWS)
def test_rows_are_views_of_the_units(rows):
    votes = on_units(rows)
    assert (votes.n_rows, votes.n) == (len(rows), sum(map(len, rows)))
    assert [votes.of_row(row).tolist() for row in range(len(rows))] == rows
    assert votes.row_of.tolist() == [row for row, units in enumerate(rows) for _ in units]
    patterns = votes.patterns()
    assert [patterns.patterns[patterns.of_row(row)].tolist() for row in range(len(rows))] == rows


@given(ROWS, ROWS)
def test_counts_are_those_of_the_units_laid_end_to_end(first, second):
    votes, flat = on_units(first), on_units(first).L
    for given_votes in (votes, votes.patterns()):
        assert LFAnalysis(given_votes, NAMES).records() == LFAnalysis(flat, NAMES).records()
    both = votes.patterns().merge(on_units(second).patterns())
    together = on_units([*first, *second])
    assert both.patterns.tolist() == together.patterns().patterns.tolist()
    assert both.counts.tolist() == together.patterns().counts.tolist()
    assert both.offsets.tolist() == together.offsets.tolist()
    with pytest.raises(VoteError, match="patterns of rows and patterns of units"):
        both.merge(vote_patterns(flat))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["majority", "weighted", "dawid-skene"]), ROWS)
@pytest.mark.filterwarnings("ignore::weaklabel.WeakLabelWarning")
def test_label_models_take_any_votes_on_units(name, rows):
    votes = on_units([*rows, [[0, 1, -1, 2]]])
    ours, flat = (LABEL_MODELS[name](3).fit(given_votes).predict_proba(given_votes) for given_votes in (votes, votes.L))
    np.testing.assert_array_equal(ours, flat)


@pytest.mark.parametrize("name", sorted(LABEL_MODELS))
@pytest.mark.filterwarnings("ignore::weaklabel.WeakLabelWarning")
def test_every_label_model_labels_words(name):
    words, votes = votes_on_words()
    model, same = LABEL_MODELS[name](3), LABEL_MODELS[name](3)
    texts = words.texts(TEXTS) if name == "text" else None
    probs = model.fit(votes, texts=texts).predict_proba(votes, texts)
    np.testing.assert_array_equal(probs, same.fit(votes.L, texts=texts).predict_proba(votes.L, texts))
    assert probs.shape == (len(words), 3)
    of_first = probs[votes.offsets[0] : votes.offsets[1]]
    assert words.texts(TEXTS)[:3] == ["Ann", "met", "Bob"]
    assert of_first[1].argmax() == 0 and of_first[2].argmax() == 1


def test_votes_of_words_are_those_of_each_text_alone():
    words, votes = votes_on_words()
    assert votes.n_rows == len(TEXTS) and votes.n == len(words)
    for row, text in enumerate(TEXTS):
        alone = find_words([text]).texts([text])
        expected = apply_lfs(VOTERS, alone).L if alone else np.empty((0, len(VOTERS)))
        assert votes.of_row(row).tolist() == expected.tolist()


def test_they_are_saved_with_their_rows(tmp_path):
    _, votes = votes_on_words()
    save_votes(tmp_path / "votes.npz", votes)
    loaded = load_votes(tmp_path / "votes.npz")
    assert loaded.offsets.tolist() == votes.offsets.tolist()
    assert loaded.of_row(3).tolist() == votes.of_row(3).tolist()
    save_votes(tmp_path / "rows.npz", replace(votes, offsets=None))
    assert load_votes(tmp_path / "rows.npz").offsets is None


def test_offsets_fit_the_units():
    with pytest.raises(VoteError, match="end with the number of units, 2"):
        Votes([[0], [1]], ["a"], offsets=[0, 1])
    votes = on_units([[[0, 0, 0, 0]]])
    with pytest.raises(VoteError, match="row 1 does not exist"):
        votes.of_row(1)
    assert "1 units of 1 rows" in votes._repr_html_() and "1 units" in LFAnalysis(votes)._repr_html_()
