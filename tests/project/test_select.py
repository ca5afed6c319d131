"""``[select]``: which rows a run trains on and exports, when it chooses again, and what it refuses."""

import json

import polars as pl
import pytest

from tests.project.conftest import BAD, GOOD
from weaklabel.decisions import Decision, DecisionLog, now, text_hash
from weaklabel.errors import ConfigError, SelectionError
from weaklabel.export.selection import NOT_CHOSEN

ROWS = 40


def choose(place, *lines):
    place.edit("project.toml", "[classifier]", "\n".join(["[select]", *lines, "[classifier]"]))


def decide(place, texts_and_labels):
    log = DecisionLog(place.folder / "decisions.jsonl")
    for text, label in texts_and_labels:
        log.append(Decision(0, text_hash(text), label, "ann", now()))


@pytest.fixture
def selecting(place):
    choose(place, 'name = "random"', 'budget = "50%"', 'class_balance = "labels"')
    place.edit("project.toml", "[gold]", '[export]\nto = ["jsonl"]\n[gold]')
    return place


def test_half_of_the_rows_are_trained_on_and_exported(selecting):
    plan = selecting.plan()
    assert list(plan)[:4] == ["read", "vote", "label", "select"]
    result = selecting.run()
    selection = json.loads((selecting.out / "selection.json").read_text())
    assert selection["labeled rows to choose from"] == ROWS
    assert selection["chosen by class"] == {"complaint": "10 of 20", "praise": "10 of 20"}
    assert json.loads((selecting.out / "steps/trained-linear.json").read_text())["rows"] == ROWS // 2
    exported = pl.concat(pl.read_ndjson(path) for path in (selecting.out / "export").rglob("*.jsonl"))
    assert len(exported) == ROWS // 2
    card = (selecting.out / "export" / "README.md").read_text()
    assert NOT_CHOSEN in card
    assert len(pl.read_csv(selecting.out / "labeled.csv")) == ROWS, "labels of all rows are kept"
    assert "selection.json" in result.files


def test_a_change_of_the_choice_reaches_what_depends_on_it(selecting):
    selecting.run()
    assert selecting.not_done() == []
    selecting.edit("project.toml", '"50%"', '"25%"')
    plan = selecting.plan()
    assert plan["select"] == ("stale", 'select.budget "50%" -> "25%"')
    assert plan["label"] == ("done",)
    assert selecting.not_done()[:3] == ["select", "train majority_class", "train linear"]
    assert "export" in selecting.not_done()
    selecting.run()
    assert json.loads((selecting.out / "steps/trained-linear.json").read_text())["rows"] == ROWS // 4


def test_decisions_teach_which_rows_are_right_and_new_ones_make_the_run_choose_again(place):
    choose(place, 'name = "counting"', "budget = 20", 'decisions = "decisions.jsonl"')
    decide(place, [(f"{GOOD[0]} 0", "praise"), (f"{BAD[0]} 0", "complaint"), (f"{GOOD[1]} 1", "complaint")])
    place.run()
    selection = json.loads((place.out / "selection.json").read_text())
    assert selection["rows with gold"] == "3, 2 of them labeled right"
    assert selection["chosen"] == 20
    decide(place, [(f"{GOOD[2]} 2", "praise")])
    assert place.plan()["select"] == ("stale", "decisions.jsonl changed")


def test_the_curve_of_the_reward_is_kept(place):
    choose(place, 'name = "rl-lfs"', "evaluations = 16", 'decisions = "decisions.jsonl"')
    decide(place, [(f"{text} 0", "praise") for text in GOOD] + [(f"{text} 0", "complaint") for text in BAD])
    place.run()
    curve = json.loads((place.out / "steps" / "reward.json").read_text())
    assert [len(policy["curve"]) for policy in curve["folds"]] == [2, 2, 2]
    assert place.not_done() == []


@pytest.mark.parametrize(
    ("lines", "error", "said"),
    [
        (['name = "best"'], ConfigError, "'best'"),
        (['budget = "lots"'], SelectionError, "'lots' is not a budget"),
        (["class_balance = [1.0, 2.0, 3.0]"], ConfigError, "or 2 shares"),
        (['name = "cut"', "neighbours = 3"], ConfigError, "unknown key 'select.neighbours'"),
        (['name = "counting"'], ConfigError, "'counting' needs labels by hand"),
        (['class_balance = "gold"'], ConfigError, "the class balance of gold needs labels by hand"),
    ],
)
def test_wrong_settings_are_refused_before_any_work(place, lines, error, said):
    choose(place, *lines)
    with pytest.raises(error, match=said):
        place.run()
    assert place.asked() == 0


def test_decisions_on_other_rows_are_refused_when_rows_are_chosen(place):
    choose(place, 'name = "shapley"', 'decisions = "decisions.jsonl"')
    decide(place, [("a text that is not there", "praise")])
    with pytest.raises(ConfigError, match=r"decisions\.jsonl decides none of the labeled rows"):
        place.run()
