"""``weaklabel augment``: what it prints and writes, and what it asks a language model."""

import polars as pl
import pytest

from tests.llm.server import LLMServer
from weaklabel.llm import sending
from weaklabel.support import cache

LABELED = """text,label,confidence,p_complaint,p_praise,split
it is broken again,complaint,0.8,0.8,0.2,train
thanks for the quick help,praise,0.9,0.1,0.9,train
love it,praise,0.9,0.1,0.9,train
the parcel is late,complaint,0.9,0.9,0.1,test
"""


@pytest.fixture
def labeled(tmp_path):
    (tmp_path / "labeled.csv").write_text(LABELED, encoding="utf-8")
    return tmp_path / "labeled.csv"


def test_new_rows_are_counted_and_named(weaklabel, labeled, pack):
    out = labeled.with_name("more.csv")
    command = ["augment", labeled, "--tf", "swap-words", "--tf", "case", "--policy", "each", "--lfs", pack, "-o", out]
    done = weaklabel(*command, "--json")
    assert done.code == 0 and (done.json["rows"], done.json["added"], done.json["refused"]) == (4, 6, 0)
    assert done.json["summary"]["by transformation function"] == {"case": 3, "swap-words": 3}
    assert pl.read_csv(out)["augmented_from"].drop_nulls().to_list() == [1, 1, 2, 2, 3, 3]
    again = weaklabel(*command)
    assert (
        "rows: 4 in + 6 new = 10; 0 new ones refused" in again.out and "by transformation function: case 3" in again.out
    )
    assert "labels checked by: 4 labeling functions" in again.out
    assert "replacing" in again.err


def test_a_dry_run_shows_examples_and_writes_nothing(weaklabel, labeled):
    out = labeled.with_name("more.csv")
    shown = weaklabel(
        "augment", labeled, "--tf", "case", "--set", "typos.share=1", "--tf", "typos", "--dry-run", "-o", out
    )
    assert shown.code == 0 and "new rows\n  before: it is broken again\n  after: " in shown.out and not out.exists()
    assert "nothing written (dry run)" in shown.out


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--tf", "typo"], 1, "no transformation function is called 'typo' (did you mean 'typos'?)"),
        (["--tf", "typos", "--set", "share=1"], 2, "is not TF.KEY=VALUE"),
        (["--tf", "typos", "--set", "typos.share=2"], 1, "share must be above 0 and at most 1"),
        (["--tf", "typos", "--all-train"], 1, "leave out that all rows are for training"),
        (["--tf", "typos", "--not-in", "none.csv"], 1, "none.csv"),
        (["--tf", "typos", "--policy", "every"], 2, "'every' is not one of"),
        (["--tf", "paraphrase"], 1, "transformation function 'paraphrase': model must be the name of a language model"),
        ([], 2, "Missing option '--tf'"),
    ],
)
def test_wrong_usage(weaklabel, labeled, options, code, message):
    done = weaklabel("augment", labeled, *options, "-o", labeled.with_name("more.csv"))
    assert done.code == code and message in " ".join(done.err.replace("│", " ").split())
    assert not labeled.with_name("more.csv").exists()


def rewritten(body):
    text = body["messages"][-1]["content"].split("\n")[1]
    return text if "broken" in text else f"In other words: {text}"


def test_a_language_model_is_asked_within_caps_and_once(weaklabel, labeled, monkeypatch):
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.01)
    monkeypatch.setenv(cache.VARIABLE, str(labeled.parent / "cache"))
    out = labeled.with_name("more.csv")
    with LLMServer(rewritten) as server:
        settings = ["--set", "paraphrase.model=tiny", "--set", f"paraphrase.endpoint={server.url}"]
        command = ["augment", labeled, "--tf", "paraphrase", *settings, "--price", "tiny=1,2", "-o", out]
        (cost,) = weaklabel(*command, "--dry-run", "--json").json["costs"]
        assert (cost["requests"], cost["kept"], server.bill.requests) == (3, 0, 0) and not out.exists()
        refused = weaklabel(*command, "--max-requests", "1")
        assert refused.code == 1 and "--max-requests" in refused.err and server.bill.requests == 1
        done = weaklabel(*command, "--json")
        assert (done.code, done.json["added"], server.bill.requests) == (0, 2, 3)
        frame = pl.read_csv(out)
        assert frame.filter(frame["augmented_by"] == "paraphrase")["text"].to_list() == [
            "In other words: thanks for the quick help",
            "In other words: love it",
        ]
        weaklabel(*command)
        assert server.bill.requests == 3  # replies are kept
