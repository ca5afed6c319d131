"""Candidates: they are the words of the world, vote as they say, and do not repeat one another."""

import numpy as np
import pytest

from tests.suggest.conftest import LABELS, WORDS, World
from weaklabel.errors import LabelModelError, VoteError
from weaklabel.lf.packs import load_lfs
from weaklabel.suggest import suggest_lfs
from weaklabel.suggest.code import name_lf, write_pack
from weaklabel.votes import Votes, apply_lfs


def test_words_that_labeling_functions_do_not_know_are_found(suggestions):
    assert 2 <= len(suggestions.lfs) <= 4
    for lf in suggestions.lfs:
        if lf.kind == "keyword":
            assert set(lf.patterns) <= set(WORDS[lf.label]) - {"soup", "bread", "goal", "match"}
    assert {lf.label for lf in suggestions.lfs} == {0, 1}


def test_numbers_become_a_slot(world):
    assert any(lf.label == 1 and lf.patterns == (r"\b\d{5,}\b",) for lf in world.suggest(n=20).lfs)


def test_a_pack_of_candidates_votes_on_the_rows_counted(world, suggestions, tmp_path):
    path = tmp_path / "suggested.py"
    write_pack(path, suggestions.code(), LABELS, 'Words of "this" world\\')
    pack = load_lfs(path)
    assert pack.names == tuple(lf.name for lf in suggestions.lfs)
    L = apply_lfs(pack, world.texts).L
    covered = (world.votes.L >= 0).any(axis=1)
    for lf, cast in zip(suggestions.lfs, L.T, strict=True):
        voted = cast >= 0
        assert set(cast[voted]) == {lf.label}
        assert voted.sum() == lf.votes
        assert lf.coverage == lf.votes / len(world.texts)
        assert (voted & ~covered).sum() == lf.new_votes
        assert voted[list(lf.examples)].all()
        covered |= voted


def test_candidates_cover_new_rows(suggestions, world):
    assert all(lf.new_votes > 0 for lf in suggestions.lfs)
    uncovered = (world.votes.L < 0).all(axis=1).sum()
    assert sum(lf.new_votes for lf in suggestions.lfs) > 0.5 * uncovered


def test_precision_is_near_the_truth(world, suggestions):
    for lf in suggestions.lfs:
        assert 0.8 < lf.precision <= 0.9  # the label model is sure to 0.9, and it is right on all rows


def test_gold_counts_and_is_shown(world):
    """The label model has it all wrong for one word; gold rows say so."""
    wrong = np.array(["oven" in text for text in world.texts])
    probs = world.probs.copy()
    probs[wrong] = [0.02, 0.98]
    gold = np.where(wrong, world.Y, -1)
    without = world.suggest(n=20, probs=probs)
    with_gold = world.suggest(n=20, probs=probs, gold=gold)
    assert any("oven" in lf.patterns and lf.label == 1 for lf in without.lfs)
    assert all(lf.label == 0 for lf in with_gold.lfs if "oven" in lf.patterns)
    judged = [lf for lf in with_gold.lfs if lf.gold_votes]
    assert judged and all(lf.gold_precision is not None for lf in judged)
    assert "on gold" in with_gold.to_text() and "on gold" not in without.to_text()


def test_where_nothing_is_known_nothing_is_suggested(world):
    assert not world.suggest(probs=np.full((len(world.texts), 2), np.nan)).lfs


def test_without_probabilities_of_uncovered_rows_there_are_still_candidates():
    world = World(seed=3)
    probs = world.probs.copy()
    probs[(world.votes.L < 0).all(axis=1)] = np.nan
    assert world.suggest(probs=probs).lfs


def test_unspaced_scripts_get_runs_of_characters():
    rng = np.random.default_rng(0)
    words = {0: ["好吃", "面包", "厨房", "早餐"], 1: ["足球", "比赛", "教练", "球队"]}
    filling = list("天地人和大小上下")
    Y = rng.integers(0, 2, 300)
    texts = ["".join([*rng.choice(filling, 3), rng.choice(words[y]), *rng.choice(filling, 2)]) for y in Y]
    votes = Votes(np.full((300, 1), -1, dtype=np.int8), ["none"], LABELS)
    suggestions = suggest_lfs(texts, votes, np.where(np.eye(2)[Y] == 1, 0.9, 0.1), LABELS)
    output = {word for lf in suggestions.lfs for word in lf.patterns}
    assert output >= {"好吃", "足球"}
    assert all("whole_word" not in lf.code for lf in suggestions.lfs)  # the default goes by the script


def test_names_are_new_and_are_names(suggestions, world):
    names = [lf.name for lf in suggestions.lfs]
    assert len(set(names)) == len(names) and all(name.isidentifier() for name in names)
    assert name_lf("1st", ["£0"], []) == "lf_1st_0"
    assert name_lf("a", ["b"], ["a_b", "a_b_2"]) == "a_b_3"


def test_the_same_again(world, suggestions):
    assert world.suggest(n=4) == suggestions


@pytest.mark.parametrize(
    ("change", "error"),
    [({"probs": np.zeros((3, 2))}, VoteError), ({"gold": [7] * 600}, VoteError)],
)
def test_wrong_arrays_are_refused(world, change, error):
    with pytest.raises(error):
        world.suggest(**change)


def test_votes_need_not_know_their_classes(world, suggestions):
    assert world.suggest(votes=Votes(world.votes.L, world.votes.lf_names), n=4) == suggestions
    with pytest.raises(VoteError, match="outside"):
        world.suggest(votes=Votes(world.votes.L + 1, world.votes.lf_names))


def test_as_many_texts_as_votes(world):
    with pytest.raises(LabelModelError, match="599 texts were given for 600 rows"):
        suggest_lfs(world.texts[1:], world.votes, world.probs, LABELS)


@pytest.mark.parametrize("texts", [[], ["", "", ""], ["one"], ["!!!"] * 9, ["好"] * 9, ["one two"] * 9])
def test_texts_that_say_nothing(texts):
    n = len(texts)
    votes = Votes(np.full((n, 1), -1, dtype=np.int8), ["none"], LABELS)
    suggestions = suggest_lfs(texts, votes, np.full((n, 2), 0.5), LABELS)
    assert not suggestions.lfs and not suggestions.clusters and suggestions.code() == ""
    assert "No candidate" in suggestions.to_text(texts)
