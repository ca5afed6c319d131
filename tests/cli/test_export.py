"""``weaklabel export``: what it prints, where, and with which exit code."""

import json

import pytest

from tests.export.conftest import lines, write_rows

NAMED = ["--license", "cc0-1.0", "--source-license", "cc0-1.0"]


@pytest.fixture
def labeled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_rows(tmp_path / "labeled.csv")


def test_a_folder_is_written_and_counted(labeled, weaklabel):
    done = weaklabel("export", "labeled.csv", "--to", "messages,alpaca", "-o", "out", *NAMED)
    assert done.code == 0
    assert "rows: 6 = 4 exported + 2 left out" in done.out and "left out: 2 without a label" in done.out
    assert "messages: 4 records" in done.out and "replacing" not in done.err
    again = weaklabel("export", "labeled.csv", "--to", "messages", "-o", "out", "--json", *NAMED)
    assert "replacing out" in again.err
    assert again.json["taken"] == 4 and again.json["left_out"] == {"without a label": 2}
    assert again.json["forms"]["messages"]["files"] == {"train": "train.jsonl", "test": "test.jsonl"}


def test_options_of_forms(labeled, weaklabel):
    options = [
        "--set",
        "system=Sort.",
        "--set",
        "alpaca.phrasings=1",
        "--set",
        'verbalizers={spam="junk"}',
        "--set",
        "columns=['who']",
    ]
    assert weaklabel("export", "labeled.csv", "--to", "messages,alpaca", "-o", "out", *options, *NAMED).code == 0
    (first, *_) = lines(labeled.parent / "out" / "alpaca" / "train.jsonl")
    assert (first["output"], first["system"], first["who"]) == ("junk", "Sort.", "ann")
    for option, code, message in (
        ("system", 2, "is not KEY=VALUE"),
        ("sytem=x", 1, "did you mean 'system'?"),
        ("messages.max_tokens=9", 1, "needs the tokenizer"),
    ):
        refused = weaklabel("export", "labeled.csv", "--to", "messages", "-o", "out", "--set", option)
        assert (refused.code, message in refused.err) == (code, True), refused.err
        assert "replacing" not in refused.err, "nothing is said to be replaced that is not"


def test_stdout_gets_the_records_alone(labeled, capfdbinary):
    from weaklabel import cli

    with pytest.raises(SystemExit) as stopped:
        cli.main(["export", "labeled.csv", "--to", "jsonl", "-o", "-", "--gold", "label", *NAMED])
    out, err = capfdbinary.readouterr()
    assert stopped.value.code == 0
    assert [json.loads(line)["text"] for line in out.splitlines()][:2] == ["WIN a prize now", "see you at nine"]
    assert b"4 exported" in err


def test_rows_can_be_divided_and_chosen(labeled, weaklabel, tmp_path):
    from tests.export.conftest import COLUMNS, ROWS

    write_rows(tmp_path / "undivided.csv", [row[:-1] for row in ROWS], COLUMNS[:-1])
    shares = ["--split", "train=0.5,test=0.5", "--group-by", "who", "--min-confidence", "0.65"]
    done = weaklabel("export", "undivided.csv", "--to", "messages", "-o", "out", "--json", *shares, *NAMED)
    assert done.json["taken"] == 3
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert (
        "weaklabel export undivided.csv --to messages -o OUT --min-confidence 0.65 --split train=0.5,test=0.5 --group-by who"
        in card
    )
    assert weaklabel("export", "undivided.csv", "--to", "messages", "-o", "out", "--group-by", "who").code == 2
