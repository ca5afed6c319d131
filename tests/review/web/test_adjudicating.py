"""Reviewers differ, and an adjudicator settles it on the page; ``weaklabel check`` and scores use what stands."""

from __future__ import annotations

import csv
import io
import json

import pytest

pytest.importorskip("flask")

from tests.review.web.conftest import write_corpus
from weaklabel.cli import main
from weaklabel.review import Filter, open_review
from weaklabel.review.spans.query import SpanFilter
from weaklabel.review.web.app import create_app
from weaklabel.review.web.security import CSRF_HEADER, Gate

TEXTS = ["see you", "win cash", "rain today", "Ada left"]


class Page:
    """The pages of one reviewer, without a browser."""

    def __init__(self, review, reviewer, *, adjudicates=False):
        gate = Gate(5000)
        self.client = create_app(review, gate, reviewer, adjudicates=adjudicates).test_client()
        self.client.set_cookie(gate.cookie, gate.token, domain="127.0.0.1")
        self.headers = {"Host": "127.0.0.1:5000", "Origin": "http://127.0.0.1:5000", CSRF_HEADER: gate.csrf}

    def post(self, address, **asked):
        answer = self.client.post(address, json=asked, headers=self.headers)
        assert answer.status_code == 200, answer.text

    def get(self, address):
        return self.client.get(address, headers=self.headers).get_data(as_text=True)


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "messages.jsonl", TEXTS)


def test_differing_rows_are_listed_until_they_are_settled(corpus):
    review = open_review(corpus, labels=["ham", "spam"])
    ada, bo = Page(review, "Ada"), Page(review, "Bo")
    for row, (mine, theirs) in enumerate([("ham", "ham"), ("spam", "ham"), ("ham", "spam")]):
        ada.post("/decide", row=row, label=mine)
        bo.post("/decide", row=row, label=theirs)
    assert review.query(Filter(disagreement=True)).rows.tolist() == [1, 2]
    assert review.gold().tolist() == [0, -1, -1, -1]
    agreed = review.agreement()

    cem = Page(review, "Cem", adjudicates=True)
    assert "Adjudicating" in cem.get("/") and "Adjudicating" not in ada.get("/")
    assert "--adjudicate" in ada.get("/reviewers") and "--adjudicate" not in cem.get("/reviewers")
    listed = cem.get("/?decided=differ")
    assert "win cash" in listed and "rain today" in listed and "see you" not in listed
    cem.post("/decide", row=1, label="spam")
    assert review.query(Filter(disagreement=True)).rows.tolist() == [2]
    ada.post("/decide", row=1, label="ham")  # two are now for ham: the adjudication stands
    assert review.gold().tolist() == [0, 1, -1, -1]
    assert [row["label"] for row in csv.DictReader(io.StringIO(review.export_gold()))] == ["ham", "spam", ""]
    ada.post("/undo")
    assert len(review.log.decisions()) == 9  # all that was ever decided

    cem.post("/undo")
    assert review.gold()[1] == 0  # Bo is the only one left
    ada.post("/decide", row=1, label="spam")
    assert review.gold()[1] == -1 and review.query(Filter(disagreement=True)).rows.tolist() == [1, 2]
    cem.post("/decide", row=1, label="spam")
    assert review.agreement() == agreed


def test_spans_are_settled_too(corpus):
    review = open_review(corpus, labels=["PER"], task="spans")
    ada, bo, cem = Page(review, "Ada"), Page(review, "Bo"), Page(review, "Cem", adjudicates=True)
    ada.post("/decide", row=3, spans=[[0, 3, "PER"]])
    bo.post("/decide", row=3, spans=[])
    agreed = review.agreement()
    assert review.query(SpanFilter(disagreement=True)).rows.tolist() == [3] and not review.has_gold().any()
    cem.post("/decide", row=3, spans=[[0, 3, "PER"]])
    ada.post("/decide", row=3, spans=[])
    assert not review.query(SpanFilter(disagreement=True)).rows.size
    assert review.gold().of_row(3) == [(0, 3, 0)]
    ada.post("/decide", row=3, spans=[[0, 3, "PER"]])
    assert review.agreement() == agreed


def test_check_and_scores_use_what_stands(tmp_path, capsys):
    labeled = write_corpus(tmp_path / "labeled.jsonl", [])
    labeled.write_text("".join(json.dumps({"text": text, "label": "ham"}) + "\n" for text in TEXTS), encoding="utf-8")
    review = open_review(labeled, labels=["ham", "spam"], lfs=None)
    for row in range(len(TEXTS)):
        review.decide(row, "ham", "Ada")
        review.decide(row, "spam", "Bo")
    review.decide(0, "spam", "Cem")  # a majority of three
    for row in (1, 2, 3):
        review.decide(row, "ham", "Dee", adjudicates=True)

    def result(*arguments):
        try:
            main([*map(str, arguments), "--decisions", str(review.log.path), "--json"])
        except SystemExit as ended:
            assert ended.code in (0, 1)
        return json.loads(capsys.readouterr().out)

    check = result("check", labeled, "--labels", "ham,spam")
    assert check["n_checked"] == 4 and check["precision"]["value"] == 0.75
    assert result("score", labeled, "--labels", "ham,spam")["accuracy"] == 0.75
