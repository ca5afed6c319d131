"""Votes for more classes than a byte can number."""

import numpy as np
import polars as pl
import pytest

from weaklabel import apply_lfs, keyword_lf, labeling_function, lookup_lf, regex_lf
from weaklabel.errors import VoteError
from weaklabel.labels import as_votes, check_L, check_label_names, vote_dtype
from weaklabel.votes import LFAnalysis, VotePatterns, Votes, load_votes, save_votes, vote_patterns
from weaklabel.votes.patterns import merge_patterns, take_rows
from weaklabel.votes.tally import count_votes

TOPS = [127, 200, 254, 255, 256, 300, 32_766]
CLASSES = np.array([-1, 0, 5, 130, 299])
SEEDS = pytest.mark.parametrize("seed", range(8))


def draw(top, shape=(300, 40)):
    L = np.random.default_rng(top).integers(-1, top + 1, shape)
    L[:, :9] = L[0, :9]  # so that the first words tell nothing
    L[len(L) // 2 :] = L[: len(L) // 2]
    L[0, 0] = top
    return L


def test_votes_are_as_narrow_as_the_classes_allow():
    assert check_L([[126, -1]]).dtype == np.int8
    assert check_L([[127, -1]]).dtype == np.int16
    assert check_L([[0, -1]], 128).dtype == np.int16
    assert as_votes(np.empty((0, 3), np.int64)).dtype == np.int8
    with pytest.raises(VoteError, match=r"outside -1\.\.32766"):
        check_L([[32_767]])
    assert len(check_label_names([f"c{i}" for i in range(1000)], "here")) == 1000


@pytest.mark.parametrize("top", TOPS)
def test_patterns_and_back_from_a_file(top, tmp_path):
    L = draw(top)
    table = vote_patterns(L)
    patterns, counts = np.unique(L, axis=0, return_counts=True)
    np.testing.assert_array_equal(table.patterns, patterns)
    np.testing.assert_array_equal(table.counts, counts)
    np.testing.assert_array_equal(table.patterns[table.inverse], L)
    np.savez(tmp_path / "table.npz", **table.to_arrays())
    with np.load(tmp_path / "table.npz") as saved:
        back = VotePatterns.from_arrays(saved)
    np.testing.assert_array_equal(back.patterns, patterns)
    assert back.patterns.dtype == table.patterns.dtype == vote_dtype(top + 1)
    np.testing.assert_array_equal(take_rows(table.patterns, np.array([3, 0])), patterns[[3, 0]])


@SEEDS
def test_narrow_and_wide_tables_merge(seed):
    rng = np.random.default_rng(seed)
    L, cut = rng.choice(CLASSES, (25, rng.integers(1, 6))), rng.integers(0, 26)
    narrow = np.where(L[:cut] > 126, -1, L[:cut])
    merged = merge_patterns([vote_patterns(narrow), vote_patterns(L[cut:])])
    whole = vote_patterns(np.concatenate([narrow, L[cut:]]))
    np.testing.assert_array_equal(merged.patterns, whole.patterns)
    np.testing.assert_array_equal(merged.counts, whole.counts)


@SEEDS
def test_figures_do_not_depend_on_the_numbers_of_classes(seed):
    """Spread over many classes, votes overlap, conflict and hit gold as often as when they are few."""
    rng = np.random.default_rng(seed)
    few, of_few = rng.integers(-1, 4, (25 * seed, rng.integers(1, 6))), rng.integers(-1, 4, 25 * seed)
    L, gold = CLASSES[few + 1].astype(np.int16), CLASSES[of_few + 1]
    many, narrow = LFAnalysis(L).records(gold), LFAnalysis(few).records(of_few)
    assert [{**line, "Polarity": 0} for line in many] == [{**line, "Polarity": 0} for line in narrow]
    assert LFAnalysis(vote_patterns(L)).records(gold) == many
    polarity = [[(0, 5, 130, 299)[number] for number in line["Polarity"]] for line in narrow]
    assert [line["Polarity"] for line in many] == polarity
    first, other = count_votes(vote_patterns(L), 300), count_votes(vote_patterns(few), 4)
    for name in ("together", "differ", "votes_a_row", "against", "voting"):
        np.testing.assert_array_equal(getattr(first, name), getattr(other, name))
    np.testing.assert_array_equal(first.votes[:, [0, 5, 130, 299]], other.votes)


def test_polarities_of_one_that_votes_for_all():
    L = np.arange(1000, dtype=np.int16)[:, None]
    assert LFAnalysis(L).lf_polarities() == [list(range(1000))]


def test_stored_votes(tmp_path):
    votes = Votes(draw(300), [f"lf{i}" for i in range(40)], [f"c{i}" for i in range(301)])
    save_votes(tmp_path / "votes.npz", votes)
    back = load_votes(tmp_path / "votes.npz")
    np.testing.assert_array_equal(back.L, votes.L)
    assert back.L.dtype == np.int16


@labeling_function()
def number(x):
    return int(x.text.split()[-1])


@pytest.mark.parametrize("n", [3, 1500])  # few rows, and as many as are scanned for words
def test_labeling_functions_of_every_kind(n):
    words = [keyword_lf(f"word{i}", i, [f"topic{i}x"]) for i in (0, 125, 126, 127, 255, 256, 999)]
    lfs = [*words, regex_lf("any", 500, r"topic\d+x"), lookup_lf("hint", "hint", {"a": 3, "b": 700}), number]
    frame = pl.DataFrame(
        {"text": [f"a topic{i % 1000}x 0{i % 1000}" for i in range(n)], "hint": ["a", "b", "c"] * (n // 3)}
    )
    votes = apply_lfs(lfs, frame, labels=[f"c{i}" for i in range(1000)], batch_size=700)
    rows = np.arange(n) % 1000
    for lf, column in zip(words, votes.L.T, strict=False):
        np.testing.assert_array_equal(column, np.where(rows == lf.label, lf.label, -1))
    np.testing.assert_array_equal(votes.L[:, -3], 500)
    np.testing.assert_array_equal(votes.L[:, -2], [3, 700, -1] * (n // 3))
    np.testing.assert_array_equal(votes.L[:, -1], rows)
    assert votes.L.dtype == np.int16
