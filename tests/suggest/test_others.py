"""Clusters, weak labeling functions, rows to label, samples, and what is shown."""

import json
import re

import numpy as np
import pytest

from tests.suggest.conftest import LABELS, WORDS
from weaklabel.corpus import read_corpus
from weaklabel.errors import LabelModelError, LFError
from weaklabel.suggest import sample, suggest_lfs
from weaklabel.suggest.code import write_pack
from weaklabel.suggest.phrases import find_phrases
from weaklabel.suggest.rows import characteristic_phrases
from weaklabel.votes import Votes


def problems(world, columns, gold=None):
    """Return what is wrong with labeling functions of these columns, by name."""
    L = np.stack(list(columns.values()), axis=1).astype(np.int8)
    suggestions = world.suggest(votes=Votes(L, list(columns), LABELS), gold=gold)
    return {problem.lf: problem for problem in suggestions.weak_lfs}


def test_clusters_are_of_rows_without_votes(world, suggestions):
    uncovered = (world.votes.L < 0).all(axis=1)
    rows = [row for cluster in suggestions.clusters for row in cluster.rows]
    assert rows and len(set(rows)) == len(rows) and uncovered[rows].all()
    sizes = [len(cluster.rows) for cluster in suggestions.clusters]
    assert sizes == sorted(sizes, reverse=True)
    for cluster in suggestions.clusters:
        assert 0.5 <= cluster.share <= 0.9


def test_phrases_of_a_cluster_are_those_that_set_it_apart(world):
    rows = np.flatnonzero(world.Y == 1)
    phrases = characteristic_phrases(find_phrases(world.texts, 4), rows)
    assert phrases and set(phrases) <= set(WORDS[1])


def test_a_labeling_function_that_repeats_another_is_named(world, suggestions):
    (problem,) = [problem for problem in suggestions.weak_lfs if problem.kind == "redundant"]
    assert (problem.lf, problem.other) == ("bread", "soup")
    votes = (world.votes.L >= 0).sum(axis=0)
    assert f"all {votes[2]} of its votes" in problem.text and f"has {votes[0]}" in problem.text


def test_of_two_that_are_the_same_one_is_kept(world):
    same = np.where((world.Y == 1) & (np.arange(600) < 200), 1, -1)
    assert list(problems(world, {"one": same, "two": same})) == ["one"]


def test_repeating_one_that_finds_whole_classes_means_nothing(world):
    some = np.where((world.Y == 0) & (np.arange(600) < 200), 0, -1)
    assert not problems(world, {"some": some, "all": world.Y})


def test_those_that_seldom_meet_do_not_contradict_each_other(world):
    first, other = np.where(world.Y == 0, 0, -1), np.where(world.Y == 1, 1, -1)
    other[np.flatnonzero(world.Y == 0)[:15]] = 1
    assert not problems(world, {"one": first, "other": other})


def test_never_votes(world):
    problem = problems(world, {"silent": np.full(600, -1)})["silent"]
    assert problem.kind == "never votes" and "600 rows" in problem.text


def test_near_chance_and_too_few_to_know(world):
    rng = np.random.default_rng(1)
    random = np.where(rng.random(600) < 0.5, rng.integers(0, 2, 600), -1)
    few = np.full(600, -1)
    few[np.flatnonzero(world.Y == 0)[:3]] = 1
    good = np.where(rng.random(600) < 0.5, world.Y, -1)
    gold = np.where(np.arange(600) < 50, world.Y, -1)
    by_lf = problems(world, {"random": random, "few": few, "good": good}, gold)
    assert by_lf["random"].kind == by_lf["few"].kind == "near chance"
    assert "on gold" in by_lf["random"].text and "only 3 votes, too few to judge it" in by_lf["few"].text
    assert "good" not in by_lf


def test_the_wrong_one_of_two_that_contradict_each_other_is_named(world):
    right = np.where(np.arange(600) < 200, world.Y, -1)
    wrong = np.where(np.arange(600) < 100, 1 - world.Y, -1)
    L = np.stack([right, wrong], axis=1).astype(np.int8)
    kinds = {
        (p.lf, p.kind, p.other): p.text for p in world.suggest(votes=Votes(L, ["right", "wrong"], LABELS)).weak_lfs
    }
    text = kinds["wrong", "contradictory", "right"]
    assert "100 of the 100 rows" in text and "about 90" in text


def test_rows_to_label_are_uncertain_without_gold_and_unlike_each_other(world):
    probs = world.probs.copy()
    unsure = np.arange(0, 600, 3)
    probs[unsure] = 0.5
    gold = np.full(600, -1)
    gold[unsure[:50]] = world.Y[unsure[:50]]
    rows = world.suggest(probs=probs, gold=gold).rows
    assert len(rows) == 20 and set(rows) <= set(unsure[50:].tolist())
    assert len({world.texts[row] for row in rows}) == 20


def test_a_quarter_of_the_rows_to_label_are_conflicts(world):
    L = world.votes.L.copy()
    L[:40, 0], L[:40, 1] = 0, 1
    L[40:][L[40:, 0] >= 0, 1] = -1
    rows = world.suggest(votes=Votes(L, world.votes.lf_names, LABELS)).rows
    conflicting = (L.max(axis=1) > np.where(L >= 0, L, 9).min(axis=1))[list(rows)]
    assert conflicting.sum() >= 5


def test_above_a_limit_a_sample_is_read_and_said(world, monkeypatch):
    monkeypatch.setattr(sample, "MOST_ROWS", 300)
    suggestions = world.suggest()
    assert (suggestions.n_rows, suggestions.n_read) == (600, 300)
    assert suggestions.to_text().startswith("Looked for in 300 of 600 rows")
    clustered = [row for cluster in suggestions.clusters for row in cluster.rows]
    assert max(clustered) >= 300 and (world.votes.L[clustered] < 0).all()
    for lf in suggestions.lfs:
        if lf.kind == "keyword":
            assert lf.votes == sum(
                any(word in re.findall(r"\w+", text) for word in lf.patterns) for text in world.texts
            )
        assert all(any(word in world.texts[row] for word in lf.patterns) for row in lf.examples if lf.kind == "keyword")
    monkeypatch.setattr(sample, "MOST_CHARACTERS", 400)
    drawn = sample.draw_sample([world.texts])
    assert 0 < len(drawn.rows) < 20 and drawn.texts == [world.texts[row] for row in drawn.rows]
    for size in (1, 7, 100):
        parts = [world.texts[start : start + size] for start in range(0, 600, size)]
        np.testing.assert_array_equal(sample.draw_sample(parts).rows, drawn.rows)


def test_the_texts_of_a_corpus_are_read_in_parts_and_give_the_same(world, suggestions, monkeypatch, tmp_path):
    path = tmp_path / "world.csv"
    path.write_text("text\n" + "\n".join(world.texts) + "\n", encoding="utf-8")
    corpus = read_corpus(path)
    monkeypatch.setattr(corpus, "texts", None)  # no list of all texts
    how = {"labels": LABELS, "n": 4}
    assert suggest_lfs(corpus, world.votes, world.probs, **how) == suggestions
    monkeypatch.setattr(sample, "MOST_ROWS", 300)
    monkeypatch.setattr("weaklabel.corpus.text_batches.TEXTS_AT_ONCE", 70)
    monkeypatch.setattr("weaklabel.labels.row_blocks.__defaults__", (50,))
    assert suggest_lfs(corpus, world.votes, world.probs, **how) == world.suggest(n=4)
    short = Votes(world.votes.L[1:], world.votes.lf_names, LABELS)
    with pytest.raises(LabelModelError, match="600 texts were given for 599 rows"):
        suggest_lfs(corpus, short, world.probs[1:], LABELS)


def test_blocks_of_rows_add_up(world, monkeypatch):
    """Sums over blocks say the same of labeling functions as one sum over all rows."""
    gold = np.where(np.arange(600) % 3 == 0, world.Y, -1)
    whole = world.suggest(gold=gold).weak_lfs
    monkeypatch.setattr("weaklabel.labels.row_blocks.__defaults__", (17,))
    assert world.suggest(gold=gold).weak_lfs == whole != ()


def test_what_is_shown_cannot_be_forged():
    from weaklabel.suggest import Cluster, Suggestions

    suggestions = Suggestions((), (Cluster((0,), ("a\x1b[2J",), 0, 1.0),), (), (0,), ("x\ny", "z"), 1, 1)
    text = suggestions.to_text(["evil\x1b[31m\u202etext"])
    assert "\x1b" not in text and "\u202e" not in text and "x\\ny" in text


def test_to_dict_is_json_and_names_labels(suggestions):
    again = json.loads(json.dumps(suggestions.to_dict(), allow_nan=False))
    assert {lf["label"] for lf in again["lfs"]} <= set(LABELS)
    assert again["rows"] == list(suggestions.rows)


def test_a_pack_is_not_written_over_another_file(suggestions, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("precious")
    with pytest.raises(LFError, match="exists already"):
        write_pack(path, suggestions.code(), LABELS, "doc")
    assert path.read_text() == "precious"
    write_pack(path, suggestions.code(), LABELS, "doc", replace=True)
    with pytest.raises(LFError, match=r"must end in \.py"):
        write_pack(tmp_path / "mine.txt", suggestions.code(), LABELS, "doc")
    with pytest.raises(LFError, match="no candidate"):
        write_pack(tmp_path / "empty.py", "", LABELS, "doc")
