"""A small corpus with a pack that marks spans, opened for review in several ways."""

import json
from functools import partial

import pytest

from weaklabel.config import LabelModelSettings
from weaklabel.review import open_review, opening

PACK = '''\
"""People and places, for the tests."""
import re

from weaklabel import span_lf

TASK = "spans"
LABELS = ("PER", "LOC")


@span_lf("names", label="PER")
def names(text):
    return re.finditer(r"Ada Lovelace|Grace|Mary", text)


@span_lf("places", label="LOC")
def places(text):
    return re.finditer(r"London|York|東京", text)


@span_lf("titles", label="PER")
def titles(text):
    return re.finditer(r"Mary of York", text)
'''
TEXTS = [
    "Ada Lovelace moved to London in May.",
    "👩‍🚀 Grace\r\nHopper wrote e\u0301t\u0301 COBOL.",
    "",
    "東京 is big; <b>Mary of York</b> left it.",
    "Nobody was there.",
    "Ada Lovelace moved to London in May.",
]


@pytest.fixture(autouse=True)
def span_vote(monkeypatch):
    """Let a corpus without a project be labeled by votes alone: the default reads texts, which takes seconds."""
    monkeypatch.setattr(opening, "LabelModelSettings", partial(LabelModelSettings, name="span-vote"))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"id": row, "text": text}) + "\n" for row, text in enumerate(TEXTS)), "utf-8")
    (tmp_path / "names_lfs.py").write_text(PACK, "utf-8")
    return tmp_path


def marked_file(folder, spans):
    """A file with a column of spans."""
    path = folder / "marked.jsonl"
    lines = [{"text": text, "spans": of_row} for text, of_row in zip(TEXTS, spans, strict=True)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


MARKED = [
    [
        {"start": 0, "end": 3, "label": "PER", "prob": 0.4, "text": "Ada"},
        {"start": 22, "end": 28, "label": "LOC", "prob": 0.9},
    ],
    [{"start": 4, "end": 9, "label": "PER", "prob": 0.7}],
    [],
    [{"start": 0, "end": 2, "label": "LOC", "prob": 0.8}],
    None,
    [],
]


@pytest.fixture
def review(folder):
    return open_review(folder / "texts.jsonl", lfs=[str(folder / "names_lfs.py")])


@pytest.fixture
def marked(folder):
    return open_review(marked_file(folder, MARKED), lfs=[str(folder / "names_lfs.py")])
