"""Reviewing spans: what is proposed, decided, found and handed over."""

import json

import polars as pl
import pytest

from tests.review.spans.conftest import MARKED, TEXTS, marked_file
from weaklabel.config import read_project
from weaklabel.corpus import read_corpus
from weaklabel.decisions import DecisionLog, read_decisions
from weaklabel.errors import WeakLabelError
from weaklabel.project.run import run_project
from weaklabel.review import SpanReview, open_review
from weaklabel.review.spans import SpanFilter
from weaklabel.units import read_spans


def rows(review, order="row", **conditions):
    return review.query(SpanFilter(**conditions), order).rows.tolist()


def test_labeling_functions_propose_spans_and_say_why(review):
    assert isinstance(review, SpanReview) and review.labels == ("PER", "LOC")
    first = review.row(0)
    assert [(span.begin, span.end, span.label) for span in first.spans] == [(0, 12, "PER"), (22, 28, "LOC")]
    assert [(vote.lf, vote.begin, vote.end, vote.label) for vote in first.votes] == [
        ("names", 0, 12, "PER"),
        ("places", 22, 28, "LOC"),
    ]
    assert first.silent == ("titles",) and first.columns == {"id": "0"} and first.gold is None
    third = review.row(3)
    assert [third.text[span.begin : span.end] for span in third.spans] == ["東京", "Mary of York"]


def test_spans_of_the_file_are_proposed_beside_the_votes(marked):
    assert [(span.begin, span.end, span.label, span.prob) for span in marked.row(0).spans] == [
        (0, 3, "PER", 0.4),
        (22, 28, "LOC", 0.9),
    ]
    assert marked.row(0).votes[0].lf == "names"
    assert not marked.row(4).spans and not marked.is_nested


def test_rows_are_found_by_spans_votes_and_decisions(marked):
    assert rows(marked, label="LOC") == [0, 3] and rows(marked, label="") == [2, 4, 5]
    assert rows(marked, lf="names") == [0, 1, 3, 5] and rows(marked, vote="LOC") == [0, 3, 5]
    assert rows(marked, lf="titles", vote="LOC") == []
    assert rows(marked, max_conf=0.7) == [0, 1] and rows(marked, min_conf=0.75) == [3]
    assert rows(marked, conflict=True) == [3] and rows(marked, uncovered=True) == [2, 4]
    assert rows(marked, text="COBOL") == [1]
    assert rows(marked, "confidence") == [0, 1, 3, 2, 4, 5] and rows(marked, "conflict")[0] == 3
    assert sorted(rows(marked, "random")) == list(range(6))
    marked.decide(1, [], "Ada")
    assert rows(marked, decided=True) == [1] and rows(marked, decided=False, reviewer="Bob") == list(range(6))
    with pytest.raises(WeakLabelError, match="no labeling function is called 'nam'"):
        marked.query(SpanFilter(lf="nam"))


def test_a_decision_is_of_all_spans_and_survives(folder, review):
    made = review.decide(0, [(22, 28, "LOC"), (0, 12, "PER")], "Ada")
    assert made.spans == ((0, 12, "PER"), (22, 28, "LOC")) and made.label is None
    review.decide(2, (), "Ada")
    again = open_review(folder / "texts.jsonl", lfs=[str(folder / "names_lfs.py")])
    # The same text twice shares its decision.
    assert again.has_gold().tolist() == [True, False, True, False, False, True]
    assert again.gold().of_row(5) == [(0, 12, 0), (22, 28, 1)] and again.gold().of_row(2) == []
    assert again.row(5).gold == ((0, 12, "PER"), (22, 28, "LOC"))
    assert again.progress() == {"Ada": 2}
    again.decide(0, None, "Ada")
    assert not again.has_gold()[0] and again.row(0).decisions == {}
    lines = (again.folder / "decisions.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["spans"] == [[0, 12, "PER"], [22, 28, "LOC"]]


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        ([(0, 99, "PER")], "36 characters"),
        ([(3, 3, "PER")], "0 or later"),
        ([(0, 3, "ORG")], "ORG"),
        ([(0, 3, "PER"), (0, 3, "PER")], "twice"),
        ([(0, "3", "PER")], "whole numbers"),
        ([(0, 3)], "no span"),
    ],
)
def test_a_wrong_decision_is_refused_and_not_written(review, spans, words):
    with pytest.raises(WeakLabelError, match=words):
        review.decide(0, spans, "Ada")
    assert not (review.folder / "decisions.jsonl").exists()
    with pytest.raises(WeakLabelError, match="name of a reviewer"):
        review.decide(0, [], " ")
    with pytest.raises(WeakLabelError, match="row 6 does not exist"):
        review.decide(6, [], "Ada")


def test_the_spans_of_most_reviewers_are_gold_and_a_tie_is_not(review):
    review.decide(0, [(0, 12, "PER")], "Ada")
    assert review.gold().of_row(0) == [(0, 12, 0)]
    review.decide(0, [(0, 3, "PER")], "Bob")
    assert not review.has_gold()[0] and rows(review, disagreement=True) == [0, 5]
    review.decide(0, [(0, 12, "PER")], "Cem")
    assert review.gold().of_row(0) == [(0, 12, 0)]
    agreement = review.agreement()
    assert agreement.n == 1 and agreement.same == 0 and agreement.f1 == pytest.approx(1 / 3)
    assert [(pair.first, pair.second, pair.f1) for pair in agreement.pairs] == [
        ("Ada", "Bob", 0.0),
        ("Ada", "Cem", 1.0),
        ("Bob", "Cem", 0.0),
    ]


def test_gold_is_handed_over_as_the_column_of_spans(folder, review):
    review.decide(1, [(4, 17, "PER")], "Ada")
    review.decide(2, [], "Bob")
    file = folder / "gold.csv"
    file.write_text(review.export_gold(), "utf-8", newline="")
    corpus = read_corpus(file)
    texts = corpus.texts()
    assert texts == [TEXTS[1], TEXTS[2]]
    read = read_spans(corpus.values("spans"), texts, review.labels)
    assert read.spans.of_row(0) == [(4, 17, 0)] and read.is_known.all()
    assert read_decisions(review.folder / "decisions.jsonl")[0].spans == ((4, 17, "PER"),)


def test_a_review_begins_without_labeling_functions(folder):
    by_hand = open_review(folder / "texts.jsonl", labels=["PER", "LOC"], task="spans")
    assert len(by_hand.spans) == 0 and by_hand.votes is None and rows(by_hand, label="") == list(range(6))
    by_hand.decide(0, [(0, 3, "PER")], "Ada")
    # The labels are remembered.
    again = open_review(folder / "texts.jsonl", task="spans")
    assert again.labels == ("PER", "LOC") and again.has_gold()[0]
    of_column = open_review(marked_file(folder, MARKED))
    assert of_column.task == "spans" and of_column.labels == ("LOC", "PER")


def test_what_does_not_fit_is_refused(folder):
    pack = str(folder / "names_lfs.py")
    with pytest.raises(WeakLabelError, match="labels spans, not texts"):
        open_review(folder / "texts.jsonl", lfs=[pack], task="texts")
    with pytest.raises(WeakLabelError, match="has the labels PER, LOC, not PER, ORG"):
        open_review(folder / "texts.jsonl", lfs=[pack], labels=["PER", "ORG"])
    with pytest.raises(WeakLabelError, match="name the labels of spans"):
        open_review(folder / "texts.jsonl", task="spans")
    wrong = marked_file(folder, [[{"start": 0, "end": 3, "label": "PER", "text": "Bob"}], *MARKED[1:]])
    with pytest.raises(WeakLabelError, match="row 0"):
        open_review(wrong, lfs=[pack])


def test_labels_of_texts_are_not_touched_by_decisions_on_spans(folder):
    by_hand = open_review(folder / "texts.jsonl", labels=["PER", "LOC"], task="spans")
    by_hand.decide(0, [(0, 3, "PER")], "Ada")
    of_texts = open_review(folder / "texts.jsonl", labels=["PER", "LOC"], task="texts")
    assert of_texts.task == "texts" and of_texts.progress() == {} and (of_texts.gold() == -1).all()
    of_texts.decide(0, "LOC", "Ada")
    assert len(DecisionLog(of_texts.folder / "decisions.jsonl").decisions()) == 2


def test_nested_spans_stay(folder):
    both = [{"start": 11, "end": 23, "label": "PER"}, {"start": 19, "end": 23, "label": "LOC"}]
    nested = open_review(marked_file(folder, [*MARKED[:3], both, *MARKED[4:]]))
    assert nested.is_nested
    nested.decide(3, [(11, 23, "PER"), (19, 23, "LOC")], "Ada")
    assert nested.row(3).gold == ((11, 23, "PER"), (19, 23, "LOC"))
    assert pl.read_csv(nested.export_gold().encode())["text"].to_list() == [TEXTS[3]]


PROJECT = """title = "Names"
out = "run"
[corpus]
path = "texts.jsonl"
[lfs]
use = ["names_lfs.py"]
workers = 0
[label_model]
name = "span-vote"
[classifier]
name = "linear"
"""


def test_rows_without_spans_get_those_of_the_label_model(folder):
    gold = [{"start": 0, "end": 3, "label": "PER"}]
    some = open_review(marked_file(folder, [gold, *[None] * 5]), lfs=[str(folder / "names_lfs.py")])
    assert [(span.begin, span.end) for span in some.row(0).spans] == [(0, 3)]
    assert [(span.begin, span.end) for span in some.row(5).spans] == [(0, 12), (22, 28)]


def test_a_project_and_its_run_are_reviewed(folder):
    file = folder / "project.toml"
    file.write_text(PROJECT, "utf-8")
    opened = open_review(file)
    assert opened.title == "Names" and opened.row(0).spans
    run_project(read_project(file))
    of_run = open_review(folder / "run")
    assert of_run.folder == folder / "run" / "review" and of_run.title == "Names"
    assert of_run.spans.texts(TEXTS) == opened.spans.texts(TEXTS)
    of_run.decide(0, [(0, 12, "PER")], "Ada")
    assert open_review(folder / "run").has_gold()[0]
    pack = folder / "names_lfs.py"
    pack.write_text(pack.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(WeakLabelError, match="has changed since this run was labeled"):
        open_review(folder / "run")
    assert open_review(folder / "run", revote=True).row(0).spans
