"""``weaklabel explain``: of a corpus and of a finished run."""

import math
import shutil

import pytest

from tests.cli.test_verbs import write_project
from weaklabel.votes import load_votes


def test_a_row_is_explained(weaklabel, corpus, pack):
    done = weaklabel("explain", corpus, "--lfs", pack, "--row", 6, "--label-model", "dawid-skene", "--json")
    result = done.json
    assert (result["row"], result["text"], result["label"]) == (6, "I want a refund now!!!", "complaint")
    parts = {part["name"]: part for part in result["parts"]}
    assert set(parts) == {"broken", "shout"}
    assert parts["broken"]["reason"] == {"text": "matches 'refund'", "column": "text", "spans": [[9, 15]]}
    total = result["prior"] + sum(part["log_odds"] for part in result["parts"])
    assert result["probability"] == pytest.approx(1 / (1 + math.exp(-total)))
    text = weaklabel("explain", corpus, "--lfs", pack, "--row", 6).out
    assert "I want a refund now!!!" in text and "matches '!!!'" in text and "because" in text


def test_rows_are_numbered_as_elsewhere_and_far_ones_are_found(weaklabel, corpus, pack):
    result = weaklabel("explain", corpus, "--lfs", pack, "--row", 23, "--json").json
    assert result["text"] == "where do I find the button for that"
    assert result["label"] is result["log_odds"] is None and result["parts"] == []
    done = weaklabel("explain", corpus, "--lfs", pack, "--row", 24)
    assert done.code == 1 and "has no row 24: it has 24 rows, counted from 0" in done.err


def test_the_text_is_a_part_where_it_is_read(weaklabel, corpus, pack):
    result = weaklabel("explain", corpus, "--lfs", pack, "--row", 10, "--label-model", "text", "--json").json
    assert [part["kind"] for part in result["parts"]] == ["text"]
    assert "votes and texts" in result["label_model"]


def test_a_labeling_function_is_explained(weaklabel, corpus, pack):
    result = weaklabel("explain", corpus, "--lfs", pack, "--lf", "short", "--label-model", "majority", "--json").json
    # "love it" and "no refund yet" are short, and stand there twice; to the second the keyword objects.
    assert result["against"] == {"praise, not complaint": 2}
    assert {row["text"] for row in result["disagrees"]} == {"no refund yet"}
    assert result["disagrees"][0]["reason"]["text"] == "its code says so: short"
    text = weaklabel("explain", corpus, "--lfs", pack, "--lf", "shout").out
    assert text.startswith("shout votes on 4 of 24 rows (4 complaint)")
    done = weaklabel("explain", corpus, "--lfs", pack, "--lf", "shuot")
    assert done.code == 1 and "did you mean 'shout'" in done.err


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ([], "one of --row N and --lf NAME"),
        (["--row", "1", "--lf", "short"], "one of --row N and --lf NAME"),
        (["--row", "-1"], "--row"),
    ],
)
def test_wrong_usage(weaklabel, corpus, pack, options, hint):
    done = weaklabel("explain", corpus, "--lfs", pack, *options)
    assert done.code == 2 and hint in done.err


def test_a_corpus_needs_labeling_functions(weaklabel, corpus):
    done = weaklabel("explain", corpus, "--row", 1)
    assert done.code == 2 and "--lfs" in done.err


@pytest.fixture
def run(weaklabel, corpus, pack, tmp_path):
    assert weaklabel("run", write_project(tmp_path, corpus, pack), "-o", tmp_path / "run").code == 0
    return tmp_path / "run"


def test_a_run_is_explained_by_its_own_votes(weaklabel, run, pack):
    before = weaklabel("explain", run, "--row", 6, "--json")
    assert before.code == 0 and not before.err
    voted = {part["name"] for part in before.json["parts"] if part["kind"] == "vote"}
    votes = load_votes(run / "votes.npz")
    assert voted == {name for name, vote in zip(votes.lf_names, votes.L[6], strict=True) if vote >= 0}
    assert weaklabel("explain", run, "--lf", "shout", "--json").json["votes"] == {"complaint": 4}

    pack.write_text(pack.read_text().replace('["broken", "refund", "late"]', '["broken", "late"]'))
    after = weaklabel("explain", run, "--row", 6, "--json")
    assert after.json["probability"] == before.json["probability"]
    assert "has changed since this run was labeled" in after.err
    reasons = {part["name"]: part["reason"]["text"] for part in after.json["parts"] if part["reason"]}
    assert reasons["broken"] == "votes differently now: matches nothing"


def test_a_run_is_refused_where_its_corpus_changed_or_is_gone(weaklabel, run, corpus, pack, tmp_path):
    done = weaklabel("explain", run, "--lfs", pack, "--row", 1)
    assert done.code == 2 and "--lfs" in done.err
    done = weaklabel("explain", run, "--row", 1, "--label-model", "auto")
    assert done.code == 2 and "--label-model" in done.err
    kept = shutil.copy(corpus, tmp_path / "kept.csv")
    corpus.write_text(corpus.read_text().replace("refund", "reward"))
    done = weaklabel("explain", run, "--row", 1)
    assert done.code == 1 and "has changed since this run" in done.err
    corpus.unlink()
    done = weaklabel("explain", run, "--row", 1)
    assert done.code == 1 and "messages.csv" in done.err
    shutil.copy(kept, corpus)
    (run / "votes.npz").write_bytes(b"")
    done = weaklabel("explain", run, "--row", 1)
    assert done.code == 1 and "votes.npz" in done.err
