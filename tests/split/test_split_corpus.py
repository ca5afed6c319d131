"""``split_corpus`` and ``weaklabel split``: what stays together, shares, stability, and leaks."""

import json
import random

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from tests.dedup import reference
from weaklabel import split_corpus
from weaklabel.cli import main
from weaklabel.errors import ConfigError, CorpusError
from weaklabel.job.engine import LocalEngine

SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}


def rows(n, seed=0):
    """Return rows of which every third is like another one."""
    rng = random.Random(seed)
    words = [f"word{number}" for number in range(300)]
    texts = [" ".join(rng.choice(words) for _ in range(12)) for _ in range(n)]
    for at in range(0, n, 3):
        texts[at] = texts[rng.randrange(n)].replace("word1", "Word1") + "!"
    return [
        {"text": text, "author": f"a{rng.randrange(n)}" if rng.random() < 0.5 else "", "label": rng.choice("abc")}
        for text in texts
    ]


def sides(done):
    return done.frame["split"].to_list()


@given(st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_what_belongs_together_is_on_one_side(seed):
    given_rows = rows(60, seed)
    done = split_corpus(pl.DataFrame(given_rows), shares=SHARES, group_by=["author"], seed=seed)
    side = sides(done)
    for left in range(60):
        for right in range(left):
            one, other = given_rows[left], given_rows[right]
            is_like = reference.similarity(one["text"], other["text"]) >= 0.7
            if is_like or (one["author"] and one["author"] == other["author"]):
                assert side[left] == side[right]
    assert done.summary["rows like a row of another split"] == {}
    assert done.summary["values of 'author' in several splits"] == 0


def test_shares_are_met_on_average_and_seeds_differ():
    texts = [f"{number * 7919 % 10007} is a number and {number * 104729 % 10007} another" for number in range(2000)]
    first, second = (split_corpus({"text": texts}, shares=SHARES, threshold=0.9, seed=seed) for seed in (0, 1))
    for done in (first, second):
        assert abs(done.summary["rows"]["train"] - 1200) < 100
        assert abs(done.summary["rows"]["test"] - 400) < 80
    assert sides(first) != sides(second)
    assert sides(first) == sides(split_corpus({"text": texts}, shares=SHARES, threshold=0.9, seed=0))


def test_old_rows_keep_their_side_when_rows_are_added():
    old = rows(300)
    new = [{"text": f"new text {number} " * 3, "author": "", "label": "a"} for number in range(200)]
    before = sides(split_corpus(pl.DataFrame(old), shares=SHARES))
    after = sides(split_corpus(pl.DataFrame([*new, *old]), shares=SHARES))
    assert before == after[200:]


def test_strata_get_their_shares_and_few_rows_move():
    old = rows(900)
    done = split_corpus(pl.DataFrame(old), shares=SHARES, stratify="label")
    for label in "abc":
        counts = done.summary[f"rows of '{label}'"]
        total = sum(counts.values())
        for name, share in SHARES.items():
            assert abs(counts[name] - share * total) <= 0.02 * total + 3
    after = split_corpus(pl.DataFrame([*old, *rows(90, seed=5)]), shares=SHARES, stratify="label")
    moved = sum(left != right for left, right in zip(sides(done), sides(after), strict=False))
    assert moved <= 60
    assert after.summary["rows like a row of another split"] == {}


def test_order_and_workers_make_no_difference(tmp_path):
    given_rows = rows(200)
    shuffled = random.Random(1).sample(given_rows, 200)
    by_text = [
        dict(zip((row["text"] for row in some), sides(split_corpus(pl.DataFrame(some), stratify="label")), strict=True))
        for some in (given_rows, shuffled)
    ]
    assert by_text[0] == by_text[1]
    path = tmp_path / "many.csv"
    pl.DataFrame(rows(13_000)).write_csv(path)
    outputs = []
    for workers in (1, 2):
        split_corpus(path, tmp_path / f"{workers}.csv", engine=LocalEngine(workers), group_by=["author"])
        outputs.append((tmp_path / f"{workers}.csv").read_bytes())
    assert outputs[0] == outputs[1]


PUBLISHED = [
    ("It rains all day in the north", "train", "a"),
    ("it rains ALL day in the north", "test", "a"),
    ("It rains all day in the north!", "test", "b"),
    ("The sun shines in the south", "train", "b"),
    ("Fog in the valleys", "valid", "b"),
]


def test_an_existing_column_is_checked():
    frame = pl.DataFrame(PUBLISHED, schema=["text", "split", "label"], orient="row")
    done = split_corpus(frame, stratify="label")
    assert done.frame.equals(frame)
    assert done.summary["rows like a row of another split"] == {"train like test": 1, "test like train": 2}
    assert done.summary["rows of 'a' like a row of another split"] == {"train": 1, "valid": 0, "test": 1}
    moved = split_corpus(frame, move_leaks=True)
    assert sides(moved) == ["train", "train", "train", "train", "valid"]
    assert dict(moved.changed) == {"moved": 2}
    assert moved.summary["rows like a row of another split"] == {}


def test_an_empty_corpus(tmp_path):
    (tmp_path / "none.csv").write_text("text\n")
    assert split_corpus(tmp_path / "none.csv").frame.columns == ["text", "split"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"shares": {"train": 0.9, "test": 0.2}}, ConfigError, "add up to 1"),
        ({"shares": {"train": 1.0}}, ConfigError, "two splits or more"),
        ({"threshold": 0.1}, ConfigError, "from 0.4 to 1"),
        ({"group_by": ["autor"]}, CorpusError, "no column 'autor' .did you mean 'author'"),
        ({"stratify": "class"}, CorpusError, "no column 'class'"),
        ({"move_leaks": True}, ConfigError, "no column 'split' whose leaks"),
        ({"column": "label"}, CorpusError, "row 1: column 'label' says"),
    ],
)
def test_what_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        split_corpus(pl.DataFrame(rows(6)), **options)


def test_command(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    pl.DataFrame(rows(50)).write_csv(path)

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(["split", str(path), *arguments])
        return stopped.value.code or 0

    out = tmp_path / "out.csv"
    assert (
        run("--shares", "train=0.5,test=0.5", "--group-by", "author", "--stratify", "label", "-o", str(out), "--json")
        == 0
    )
    shown = json.loads(capsys.readouterr().out)
    assert shown["summary"]["rows like a row of another split"] == {}
    assert pl.read_csv(out)["split"].is_in(["train", "test"]).all()
    assert run("--shares", "train,test", "-o", str(out)) == 2
    assert run("--shares", "train=2,test=1", "-o", str(out)) == 1
