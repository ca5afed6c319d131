"""weaklabel drift: exit codes, corpora and runs."""

import csv
import random

import pytest

from tests.cli.test_verbs import write_project

OPENINGS = ["thanks for", "I love", "a refund of", "broken was", "please see", "late came"]
THINGS = ["the parcel", "this shop", "my order", "that phone", "your help", "the chair"]


def write(path, n, seed, words=()):
    rng = random.Random(seed)
    rows = [" ".join([rng.choice(OPENINGS), rng.choice([*THINGS, *words]), str(rng.randrange(50))]) for _ in range(n)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([row] for row in rows)])
    return path


@pytest.fixture
def old(tmp_path):
    return write(tmp_path / "old.csv", 200, 1)


def test_nothing_changed(weaklabel, tmp_path, pack, old):
    found = weaklabel("drift", old, write(tmp_path / "new.csv", 150, 2), "--lfs", pack, "--fail")
    assert found.code == 0
    assert "nothing has changed" in found.out


def test_new_words_are_named_and_fail_only_where_asked_to(weaklabel, tmp_path, pack, old):
    new = write(tmp_path / "new.csv", 200, 3, words=["crypto"] * 6)
    told = weaklabel("drift", old, new, "--lfs", pack, "--json")
    assert told.code == 0
    assert told.json["drift"]
    assert told.json["changes"][0]["what"] == "texts"
    assert "crypto" in told.json["texts"]["more"]
    assert weaklabel("drift", old, new, "--lfs", pack, "--fail").code == 1


def test_a_labeling_function_that_does_not_vote_any_more_is_broken(weaklabel, tmp_path, pack, old):
    new = tmp_path / "new.csv"
    new.write_text(
        old.read_text(encoding="utf-8").replace("broken", "damaged").replace("refund", "money").replace("late", "slow"),
        "utf-8",
    )
    assert "does not vote any more" in weaklabel("drift", old, new, "--lfs", pack, "--json").json["broken"]["broken"]


def test_the_folder_of_a_run_brings_its_settings(weaklabel, tmp_path, corpus, pack):
    assert weaklabel("run", write_project(tmp_path, corpus, pack), "--quiet").code == 0
    (folder,) = (path.parent for path in tmp_path.rglob("manifest.json") if path.parent.name != "model")
    same = weaklabel("drift", folder, corpus, "--json")
    assert same.code == 0
    assert not same.json["drift"]
    assert "a finished run has its own settings" in weaklabel("drift", folder, corpus, "--lfs", pack).err


def test_wrong_usage(weaklabel, tmp_path, pack, old):
    assert weaklabel("drift", old, old).code == 2
    assert weaklabel("drift", old, old, "--lfs", pack, "--alpha", "2").code == 2
    assert weaklabel("drift", old, tmp_path / "missing.csv", "--lfs", pack).code == 1
