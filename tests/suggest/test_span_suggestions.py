"""Candidates for labeling functions that mark spans: what the label model marks and nothing votes for."""

import pytest

from weaklabel.lf import load_lfs
from weaklabel.suggest.spans import suggest_spans
from weaklabel.units import Spans, find_words, on_words
from weaklabel.votes.spans import SpanVotes

LABELS = ("PER", "ORG")
TEXTS = [
    *(f"Mister {name} spoke." for name in ("Haddad", "Haddad", "Okafor")),
    *("Haddad left." for _ in range(3)),
    *(f"Shares of {name} Mills fell." for name in ("Acme", "Arden", "Borrow", "Cray")),
    "He sold Tern Mills today.",
    "",
    "🌧️ Haddad\tstayed.\r\n",
]


def spans_of(names, label):
    """Return where names stand in the texts, with a label."""
    rows = [[(text.find(name), text.find(name) + len(name), label) for name in names if name in text] for text in TEXTS]
    return Spans.of_rows(rows)


def case(gold=None, n=10):
    words = find_words(TEXTS)
    behind_mister = Spans.of_rows(
        [[(7, text.index(" spoke"), 0)] if text.startswith("Mister") else [] for text in TEXTS]
    )
    four, _ = on_words(spans_of(["Acme Mills", "Arden Mills", "Borrow Mills"], 1), words)
    title, _ = on_words(behind_mister, words)
    votes = SpanVotes.of([title, four], words.offsets, ["title", "org_mills"], LABELS, words=words)
    people, mills = (
        spans_of(["Haddad", "Okafor"], 0),
        spans_of(["Acme Mills", "Arden Mills", "Borrow Mills", "Cray Mills"], 1),
    )
    rows = [people.of_row(row) + mills.of_row(row) for row in range(len(TEXTS))]
    predicted, _ = on_words(Spans.of_rows(rows), words)
    return suggest_spans(TEXTS, words, votes, predicted, n=n, gold=gold)


def test_strings_and_patterns_that_nothing_votes_for():
    found = {each.name: each for each in case(gold=spans_of(["Haddad"], 0)).lfs}
    gazetteer = found["per_gazetteer"]
    assert gazetteer.patterns == ("Haddad",)  # "Okafor" is marked once
    assert (gazetteer.places, gazetteer.new, gazetteer.agreement) == (6, 4, 1.0)
    assert (gazetteer.gold_precision, gazetteer.gold_places) == (1.0, 6)
    regex = found["org_mills_2"]  # its name is taken
    assert regex.kind == "regex" and (regex.places, regex.new, regex.gold_precision) == (5, 2, 0.0)
    assert regex.agreement == pytest.approx(0.8), "the label model does not give Tern Mills"


def test_they_load_as_a_pack(tmp_path):
    from weaklabel.suggest.code import write_pack

    found = case()
    write_pack(tmp_path / "suggested.py", found.code(), LABELS, 'a "pack"', task="spans")
    pack = load_lfs(str(tmp_path / "suggested.py"))
    assert pack.task == "spans" and set(pack.names) == {each.name for each in found.lfs}
    assert "Haddad" in found.to_text() and found.to_dict()["texts"] == len(TEXTS)
    assert "<table" in found._repr_html_()


def test_where_there_is_nothing_to_find():
    words = find_words(TEXTS)
    none = Spans.of_rows([[] for _ in TEXTS])
    votes = SpanVotes.of([none], words.offsets, ["title"], LABELS, words=words)
    empty = suggest_spans(TEXTS, words, votes, none)
    assert empty.lfs == () and empty.code() == "" and "no candidate" in empty.to_text()


def test_the_command(tmp_path, monkeypatch, capsys):
    from weaklabel import cli

    monkeypatch.chdir(tmp_path)
    pack = 'from weaklabel import regex_spans_lf\nTASK = "spans"\nLABELS = ("PER", "ORG")\n'
    pack += 'title = regex_spans_lf("title", "PER", r"Mister (?P<span>[A-Z][a-z]+)")\n'
    pack += 'again = regex_spans_lf("again", "PER", r"^(?P<span>Haddad) left")\n'
    (tmp_path / "pack.py").write_text(pack)
    (tmp_path / "news.csv").write_text("text\n" + "\n".join(f'"{text}"' for text in TEXTS if "\n" not in text) + "\n")
    common = ["suggest", "news.csv", "--lfs", "./pack.py", "--label-model", "span-vote"]

    def run(*more):
        with pytest.raises(SystemExit) as stopped:
            cli.main([*common, *more])
        return stopped.value.code, capsys.readouterr()

    code, shown = run("-o", "suggested.py")
    assert (code == 0 and "no candidate" not in shown.out) or (code == 1 and "no candidate" in shown.err)
    code, shown = run("--llm", "smollm2")
    assert code == 2 and "whole texts only" in shown.err
    code, shown = run("--json")
    assert code == 0 and '"of_texts": 12' in shown.out
