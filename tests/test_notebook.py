"""What notebooks show: small tables, well-formed, escaped and bounded."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import weaklabel
from weaklabel import (
    LFAnalysis,
    LinearClassifier,
    MajorityVote,
    Votes,
    explain_lf,
    explain_row,
    keyword_lf,
    read_corpus,
    score,
    suggest_lfs,
)
from weaklabel.label_model import DawidSkene
from weaklabel.lf import LFCollection
from weaklabel.support.table import html_table

EVIL = "<script>alert('x')</script>"
LABELS = ("ham", EVIL)
TEXTS = ["win a prize now", "see you at lunch", f"a prize {EVIL}", "lunch at noon"] * 8
Y = np.array([1, 0] * 16)
FRAME = pd.DataFrame({"text": TEXTS, EVIL: ["<b>bold</b>" * 5000] * 32})
LFS = LFCollection((keyword_lf("prize<br>", 1, ["prize"]), keyword_lf("lunch", 0, ["lunch"])), LABELS)
VOTES = Votes(np.stack([np.where(Y == 1, 1, -1), np.where(Y == 0, 0, -1)], axis=1).astype(np.int8), LFS.names, LABELS)
MODEL = DawidSkene(2).fit(VOTES)

SHOWN = {
    "corpus": lambda: read_corpus(FRAME),
    "labeling functions": lambda: LFS,
    "votes": lambda: VOTES,
    "analysis": lambda: LFAnalysis(VOTES),
    "scores": lambda: score(Y, Y, labels=LABELS, intervals=10),
    "label model, not fitted": lambda: MajorityVote(),
    "label model": lambda: MODEL,
    "classifier, not fitted": lambda: LinearClassifier(LABELS),
    "classifier": lambda: LinearClassifier(LABELS).fit(TEXTS, Y),
    "row": lambda: explain_row(MODEL, VOTES.L[0], TEXTS[0], VOTES.lf_names, LABELS),
    "row without votes": lambda: explain_row(MODEL, np.array([-1, -1], dtype=np.int8), "", VOTES.lf_names, LABELS),
    "lf": lambda: explain_lf(MODEL, VOTES, "prize<br>"),
    "suggestions": lambda: suggest_lfs(TEXTS, VOTES, np.eye(2)[Y], LABELS),
}


class Parsed(HTMLParser):
    """Tags that are open, and all that were seen."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_well_formed_escaped_and_small(name):
    shown = SHOWN[name]()._repr_html_()
    page = Parsed(shown)
    assert not page.open
    assert page.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert len(shown) < 40_000
    assert "color:inherit" in shown
    assert not re.search(r"(color|background): *[#a-z]", shown.replace("color:inherit", "").replace("rgba(", "")), (
        "no fixed colour"
    )


def test_what_is_shown_says_what_there_is():
    assert "see you at lunch" in SHOWN["corpus"]()._repr_html_()
    assert "2 labeling functions for the classes ham, &lt;script&gt;" in LFS._repr_html_()
    assert "32 rows; 100.0% of these have a vote" in VOTES._repr_html_() and "prize&lt;br&gt;" in VOTES._repr_html_()
    assert "MCC" in SHOWN["scores"]()._repr_html_()
    assert "not fitted" in MajorityVote()._repr_html_() and "estimated accuracy" in MODEL._repr_html_()
    assert "max_features" in SHOWN["classifier"]()._repr_html_()
    assert "class balance" in SHOWN["row"]()._repr_html_()


def test_a_corpus_is_shown_without_a_pass_over_it():
    rejects = []
    corpus = read_corpus(FRAME, on_reject=rejects.append)
    corpus._repr_html_()
    assert corpus._count is None and rejects == []


def test_tables_are_bounded():
    shown = html_table([range(500)] * 1000, [str(n) for n in range(500)])
    assert "and 980 more rows and 480 more columns" in shown
    assert len(html_table([["x" * 10**6]], ["text"])) < 1000
    huge = Votes(np.zeros((5, 300), dtype=np.int8), [f"lf{n}" for n in range(300)], [f"c{n}" for n in range(300)])
    assert len(huge._repr_html_()) < 60_000 and "280 more rows" in huge._repr_html_()


def test_control_characters_are_shown_as_escapes():
    assert "\x1b" not in html_table([["\x1b[2J\u202e"]], ["\x1b"])


def test_a_corpus_as_a_pandas_frame():
    pd.testing.assert_frame_equal(read_corpus(FRAME).to_pandas(), FRAME, check_dtype=False)


def test_suggest_lfs_is_public():
    assert weaklabel.suggest_lfs is suggest_lfs
    from weaklabel.suggest import Suggestions

    assert isinstance(SHOWN["suggestions"](), Suggestions)
