"""Cleaning of whole corpora: counts, files, parts and processes, boilerplate."""

import inspect
import json
import random
import signal
import subprocess
import sys
from typing import get_args

import polars as pl
import pytest
from distributed import LocalCluster

from weaklabel.clean import PRESETS, Clean, clean_corpus
from weaklabel.clean.annotate import ANNOTATIONS
from weaklabel.clean.boilerplate import frequent_lines, survey_lines, without_boilerplate
from weaklabel.cli import main
from weaklabel.config import CleanSettings
from weaklabel.corpus import open as opening, read_corpus
from weaklabel.errors import ConfigError, CorpusError
from weaklabel.job import transform_job as job
from weaklabel.job.cluster import DaskEngine
from weaklabel.job.engine import LocalEngine

MENU = "Home | News | Contact"
NOTICE = "This message and what is attached to it are meant for the person to whom it is addressed."


def documents(n, seed=0):
    """Return documents of three lines of their own, between a menu and a signature with a date and a notice."""
    draw = random.Random(seed)
    words = ["river", "bridge", "market", "winter", "train", "letter", "garden", "music", "paper", "window"]

    def line():
        return " ".join(draw.choices(words, k=8)) + f" {draw.random():.12f}."

    return [
        "\n".join(
            [MENU, "", line(), "Yes.", line(), NOTICE, line(), "---", f"Sent on {1 + i % 28} May 20{i % 90 + 10}"]
        )
        for i in range(n)
    ]


def test_counts_add_up_and_rejects_say_why(tmp_path):
    corpus = tmp_path / "raw.csv"
    texts = ["<b>Fine</b> words in here", "", "12 34 56", "schÃ¶n hier im Garten", "two words", "AAAA BBBB CCCC"]
    pl.DataFrame({"text": texts, "id": range(6)}).write_csv(corpus)
    done = clean_corpus(corpus, tmp_path / "out.csv", rules={"min-words": 3, "max-digits": 0.5, "max-uppercase": 0.7})
    assert (done.rows, done.kept) == (6, 2)
    assert done.dropped == {"empty": 1, "max-digits": 1, "min-words": 1, "max-uppercase": 1}
    assert done.kept + sum(done.dropped.values()) == done.rows
    assert done.changed["html"] == 1 and done.changed["mojibake"] == 1
    assert pl.read_csv(tmp_path / "out.csv")["text"].to_list() == ["Fine words in here", "schön hier im Garten"]
    rejects = [json.loads(line) for line in done.rejects_file.read_text().splitlines()]
    assert [(each["row"], each["rule"], each["reason"]) for each in rejects] == [
        (2, "empty", "no text is left"),
        (3, "max-digits", "share of characters that are digits: 1, above 0.5"),
        (5, "min-words", "number of words: 2, below 3"),
        (6, "max-uppercase", "share of letters that are capitals: 1, above 0.7"),
    ]


@pytest.mark.filterwarnings("ignore")
def test_the_output_is_the_same_for_any_part_size_and_number_of_processes(tmp_path, monkeypatch):
    corpus = tmp_path / "raw.jsonl"
    texts = documents(300) + ["Das ist ein deutscher Satz.", "a &amp;lt; b", "", "😀 " * 5]
    pl.DataFrame({"text": texts}).write_ndjson(corpus)
    rules = {"language": "en", "boilerplate": 20, "max-duplicate-5-grams": 0.1, "min-words": 2}
    results = []
    for rows, workers, at_once in ((10_000, 1, 4_000_000), (50, 1, 1000), (50, 2, 4_000_000)):
        monkeypatch.setattr(job, "PART_ROWS", rows)
        monkeypatch.setattr(opening, "CHUNK", 1_000_000 if rows > 50 else 4096)
        n_parts = len(list(read_corpus(corpus).parts(rows=rows)))
        assert n_parts == 1 if rows > 50 else n_parts > 5
        monkeypatch.setattr("weaklabel.clean.transform._CHARACTERS_AT_ONCE", at_once)
        out = tmp_path / f"out-{rows}-{workers}.jsonl"
        done = clean_corpus(corpus, out, rules=rules, engine=LocalEngine(workers))
        results.append((out.read_bytes(), done.rejects_file.read_bytes(), done.changed, done.dropped, done.summary))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        DaskEngine(cluster.scheduler_address) as engine,
    ):
        out = tmp_path / "out-dask.jsonl"
        done = clean_corpus(corpus, out, rules=rules, engine=engine)
        results.append((out.read_bytes(), done.rejects_file.read_bytes(), done.changed, done.dropped, done.summary))
    assert results[0] == results[1] == results[2] == results[3]
    assert results[0][4] == {"lines that are boilerplate": 4}


KILLED = """
import os, signal, sys
from weaklabel.clean import transform
from weaklabel.cli import main
from weaklabel.corpus import open as opening
from weaklabel.job import transform_job as job

opening.CHUNK, job.PART_ROWS = 4096, 50
name, left = sys.argv[1], int(sys.argv[2])
method = getattr(transform.Clean, name)


def call(self, *arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return method(self, *arguments)


setattr(transform.Clean, name, call)
main(sys.argv[3:])
"""


def test_a_command_that_is_killed_again_and_again_goes_on_where_it_was(tmp_path, monkeypatch):
    corpus, out = tmp_path / "raw.jsonl", tmp_path / "out.jsonl"
    pl.DataFrame({"text": documents(300)}).write_ndjson(corpus)
    monkeypatch.setattr(opening, "CHUNK", 4096)
    monkeypatch.setattr(job, "PART_ROWS", 50)
    whole = clean_corpus(corpus, tmp_path / "whole.jsonl", rules={"boilerplate": 20})
    n_parts = len(list(read_corpus(corpus).parts(rows=50)))
    arguments = ["clean", corpus, "-o", out, "--rule", "boilerplate=20", "--workers", "1", "-q"]
    for name, done in (("survey", 2), ("decide", 0), ("apply", 3)):
        command = [sys.executable, "-c", KILLED, name, done, *arguments]
        assert subprocess.run(list(map(str, command)), timeout=300).returncode == -signal.SIGKILL
        assert not out.exists()
    applied = []
    apply = Clean.apply
    monkeypatch.setattr(Clean, "apply", lambda self, *rest: applied.append(rest[1]) or apply(self, *rest))
    monkeypatch.setattr(Clean, "survey", None)
    monkeypatch.setattr(Clean, "decide", None)
    done = clean_corpus(corpus, out, rules={"boilerplate": 20})
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert (done.changed, done.summary) == (whole.changed, whole.summary)
    assert len(applied) == n_parts - 3


def test_boilerplate_goes_from_the_ends_and_long_lines_from_anywhere():
    texts = documents(40) + ["Yes.\nA line of its own\nYes.", MENU, "Home | News | Contact\n\n" + NOTICE]
    done = clean_corpus({"text": texts}, rules={"boilerplate": 20, "empty": "off"})
    for before, after in zip(texts[:40], done.frame["text"].to_list(), strict=False):
        lines = before.split("\n")
        assert after == "\n".join([lines[2], "Yes.", lines[4], lines[6]])
    assert done.frame["text"].to_list()[40:] == ["A line of its own", MENU, ""]
    assert done.changed["boilerplate"] == 42


def test_lines_below_the_threshold_stay():
    texts = documents(19)
    done = clean_corpus({"text": texts}, rules={"boilerplate": 20})
    assert done.frame["text"].to_list() == texts
    assert done.summary == {"lines that are boilerplate": 0}


def test_frequent_lines_are_the_same_however_memory_is_bounded(tmp_path):
    folders = []
    for part in range(4):
        folder = tmp_path / f"part{part}"
        folder.mkdir()
        survey_lines(pl.Series(documents(50, seed=part)), folder)
        folders.append(folder)
    written = []
    for at_once in (10**9, 100, 7):
        out = tmp_path / f"out{at_once}"
        out.mkdir()
        assert frequent_lines(folders, 60, out, at_once) == 4
        written.append((out / "keys.npy").read_bytes())
    assert written[0] == written[1] == written[2]
    before = pl.Series(documents(3, seed=9))
    once = without_boilerplate(before, out)
    assert once.to_list() != before.to_list()
    assert without_boilerplate(once, out).to_list() == once.to_list()


def test_several_text_columns_are_repaired_each_and_judged_together(tmp_path):
    rows = {"title": ["A &amp; B", "", "x"], "body": ["text", "", None], "id": [1, 2, 3]}
    done = clean_corpus(rows, text=["title", "body"], rules={"min-words": 1})
    assert done.frame.to_dict(as_series=False) == {"title": ["A & B", "x"], "body": ["text", None], "id": [1, 3]}
    assert done.dropped == {"empty": 1}


def test_numbers_as_texts_are_left_as_they_are():
    done = clean_corpus({"text": [1, 22]}, rules={"min-characters": 2})
    assert done.frame["text"].to_list() == [22]


def test_categories_are_texts():
    texts = pl.Series("text", ["<b>x</b> y", "<b>x</b> y", None])
    done = clean_corpus(pl.DataFrame(texts.cast(pl.Categorical)))
    assert done.frame["text"].to_list() == ["x y", "x y"]
    with pytest.raises(CorpusError, match="'text' is an Enum, which takes no new texts"):
        clean_corpus(pl.DataFrame(texts.cast(pl.Enum(["<b>x</b> y"]))))


def test_places_of_entities_would_not_fit_the_cleaned_text():
    rows = pl.DataFrame({"text": ["&lt; the rain"], "e1": ["9-13"], "e2": ["0-3"]})
    with pytest.raises(CorpusError, match="their places in the text would change"):
        clean_corpus(read_corpus(rows, entities=("e1", "e2")))


def test_no_rows(tmp_path):
    corpus = tmp_path / "empty.csv"
    corpus.write_text("text,id\n")
    out = tmp_path / "out.csv"
    done = clean_corpus(corpus, out, rules={"language": "any", "boilerplate": 5})
    assert (done.rows, done.kept) == (0, 0)
    assert out.read_text().strip() == "text,id,language,language_confidence"


def test_a_field_of_another_column_cannot_be_cleaned(tmp_path):
    corpus = tmp_path / "nested.jsonl"
    corpus.write_text('{"data": {"text": "x"}}\n')
    with pytest.raises(CorpusError, match=r"'data.text' is a field of another column"):
        clean_corpus(read_corpus(corpus, text="data.text"))


def test_rows_are_taken_back(tmp_path):
    corpus = tmp_path / "raw.csv"
    pl.DataFrame({"text": ["one", "two words", "three words here"]}).write_csv(corpus)
    done = clean_corpus(corpus, tmp_path / "out.csv", rules={"min-words": 3})
    kept = tmp_path / "kept.jsonl"
    kept.write_text(done.rejects_file.read_text().splitlines()[1] + "\n")
    again = clean_corpus(corpus, tmp_path / "out.csv", rules={"min-words": 3}, keep=[kept])
    assert (again.kept, again.taken_back, again.dropped) == (2, 1, {"min-words": 1})
    assert pl.read_csv(tmp_path / "out.csv")["text"].to_list() == ["two words", "three words here"]


HOSTILE = [
    "\x00" * 1000,
    "x" * 1_000_000,
    "\u0301" * 10_000,
    "\u202e" + "مرحبا بالعالم " * 100,
    "<" * 100_000,
    "&" * 100_000,
    "&amp;" * 100_000,
    '<a href="' * 20_000,
    "<!--" * 50_000,
    "\n" * 100_000,
    "\u200d" * 100_000,
    "a\n" * 100_000,
    "=1+1",
]


def test_hostile_texts_are_cleaned_by_every_rule():
    from weaklabel.clean import RULES

    everything = {name: True for name in RULES if not name.startswith(("min-", "max-"))} | {
        name: 0 if name.startswith("min-") else rule.most if rule.most == 1 else 10**9
        for name, rule in RULES.items()
        if name.startswith(("min-", "max-"))
    }
    done = clean_corpus({"text": HOSTILE}, rules=everything)
    assert done.rows == len(HOSTILE) == done.kept + sum(done.dropped.values())


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    return stopped.value.code or 0, *capsys.readouterr()


def test_the_command(tmp_path, capsys):
    corpus, out = tmp_path / "raw.csv", tmp_path / "out.csv"
    pl.DataFrame({"text": ["<p>Fish &amp; chips</p>", "x"]}).write_csv(corpus)
    code, printed, _ = run(capsys, "clean", corpus, "--rule", "min-characters=3", "--dry-run")
    assert code == 0 and not out.exists()
    assert "before: <p>Fish &amp; chips</p>\n  after: Fish & chips" in printed
    assert "reason: number of characters: 1, below 3" in printed
    code, printed, _ = run(capsys, "clean", corpus, "-o", out, "--rule", "min-characters=3", "--json")
    assert code == 0 and json.loads(printed)["dropped"] == {"min-characters": 1}
    assert out.read_text() == "text\nFish & chips\n"


def test_the_command_lists_rules(capsys):
    code, printed, _ = run(capsys, "clean", "--list-rules", "--json")
    rules = json.loads(printed)
    assert code == 0
    assert rules["min-words"] == {
        "kind": "filter", "about": "number of words", "on": 3, "light": None, "c4": None, "gopher": 50, "fineweb": 50,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["--rule", "html"], "'html' is not NAME=VALUE", 2),
        (["--rule", "htm=off"], "did you mean 'html'", 1),
        (["--preset", "c3"], "there is no preset 'c3'; there are light, c4, gopher, fineweb", 1),
        (["--annotate", "tags"], "there is no annotation 'tags'", 1),
        (["--annotate", "lemmas", "--pipeline", "jieba"], "jieba gives tokens and pos, not lemmas", 1),
        ([], "give a file to write to (-o OUT), or --dry-run", 2),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, capsys, arguments, says, code):
    corpus = tmp_path / "raw.csv"
    corpus.write_text("text\nx y\n")
    exit_code, printed, errors = run(capsys, "clean", corpus, *arguments)
    assert (exit_code, printed) == (code, "") and says in errors


def test_an_input_is_not_overwritten(tmp_path, capsys):
    corpus = tmp_path / "raw.csv"
    corpus.write_text("text\nx y\n")
    code, _, errors = run(capsys, "clean", corpus, "-o", corpus)
    assert code == 1 and corpus.read_text() == "text\nx y\n" and "corpus itself" in errors


def test_a_column_that_is_there_is_not_overwritten():
    with pytest.raises(CorpusError, match="already has a column 'language'"):
        clean_corpus({"text": ["x"], "language": ["en"]}, rules={"language": "any"})


def test_settings_of_a_project_are_arguments():
    settings = CleanSettings(rules={"min-words": 2, "html": False, "language": ["en", "zh"]}, annotate=["tokens"])
    done = clean_corpus(
        {"text": ["<b>two words</b>", "这是一个中文句子", "x"]}, **settings.arguments() | {"pipeline": "jieba"}
    )
    assert done.frame["text"].to_list() == ["<b>two words</b>", "这是一个中文句子"]
    assert done.frame["tokens"].to_list()[1] == ["这是", "一个", "中文", "句子"]


def test_settings_of_a_project_are_those_that_there_are():
    fields = CleanSettings.model_fields
    assert list(get_args(fields["preset"].annotation)) == list(PRESETS)
    assert list(get_args(get_args(fields["annotate"].annotation)[0])) == list(ANNOTATIONS)
    parameters = inspect.signature(clean_corpus).parameters
    assert {name: parameters[name].default for name in ("preset", "pipeline")} == {
        name: fields[name].default for name in ("preset", "pipeline")
    }
    assert set(fields) <= set(parameters)


def test_wrong_values_are_refused_before_any_work():
    with pytest.raises(ConfigError, match="rule 'min-words' needs a whole number"):
        clean_corpus({"text": ["x"]}, rules={"min-words": "many"})
