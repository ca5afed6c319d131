"""Slow labeling functions vote after the others, are named while they do, and can be left out."""

import io

import numpy as np
import pytest
import spacy

from weaklabel.corpus import read_corpus
from weaklabel.errors import LFError
from weaklabel.job import LabelOptions, vote_corpus
from weaklabel.job.engine import LocalEngine
from weaklabel.lf import llm_lf, regex_lf, spacy_lf
from weaklabel.lf.packs import load_lfs
from weaklabel.support import progress

PACK = """
from weaklabel import labeling_function, regex_lf
from weaklabel.lf.core import LF, Place

LABELS = ("ham", "spam")


class Sluggish(LF):
    kind = "sluggish"
    place = Place.IN_PROCESS
    slow = "patience"

    def __init__(self, name):
        self.name = name

    def vote(self, batch):
        return [1 if "prize" in text else -1 for text in batch.texts]


before = Sluggish("before")
prize = regex_lf("prize", 1, "prize")


@labeling_function()
def flawed(x):
    if "lunch" in x.text:
        open({calls!r}, "a").write("x")
        raise ValueError("no lunch")
    return -1


after = Sluggish("after")
"""


class Turns(LocalEngine):
    """Notes which labeling functions vote in each turn."""

    def __init__(self):
        super().__init__()
        self.turns = []

    def vote(self, job):
        self.turns.append([job.lfs.names[place] for place in job.turn])
        return super().vote(job)


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PACK.replace("{calls!r}", repr(str(tmp_path / "calls"))), encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "messages.csv"
    path.write_text("text\n" + "win a prize\nlunch today\nsee you\n" * 40, encoding="utf-8")
    return path


def test_slow_ones_vote_last_and_all_votes_are_there(corpus, pack, tmp_path):
    engine = Turns()
    (tmp_path / "votes").mkdir()
    rows, lfs = read_corpus(corpus), load_lfs(pack)
    voted = vote_corpus(rows, lfs, LabelOptions(workers=0), engine=engine, folder=tmp_path / "votes")
    assert engine.turns == [["prize", "flawed"], ["before", "after"]]
    prize = np.tile([1, -1, -1], 40)
    assert voted.lfs.names == ("before", "prize", "flawed", "after")
    assert np.array_equal(voted.votes.L, np.stack([prize, prize, np.full(120, -1), prize], axis=1))
    assert voted.problems["flawed"].count == 40 and voted.known_rows == 0
    assert (tmp_path / "calls").stat().st_size < 80, "it is not asked again because slow ones vote"


def test_votes_of_an_earlier_run_are_known(corpus, pack, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    rows, options = read_corpus(corpus), LabelOptions(workers=0)
    assert vote_corpus(rows, load_lfs(pack, skip_slow=True).only(["prize"]), options).known_rows == 0
    assert vote_corpus(rows, load_lfs(pack).only(["prize", "before"]), options).known_rows == 0
    assert vote_corpus(rows, load_lfs(pack).only(["prize", "before"]), options).known_rows == 120


def test_they_are_named_while_they_vote(corpus, pack, monkeypatch):
    monkeypatch.setattr(progress, "LASTING_SECONDS", 0.0)
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    monkeypatch.setattr("weaklabel.job.passes._MANY_ROWS", 100)
    shown = io.StringIO()
    with progress.showing(stream=shown):
        vote_corpus(read_corpus(corpus), load_lfs(pack), LabelOptions(workers=0))
    assert "voting by 'before', 'after' (patience): " in shown.getvalue()
    said = "voted on 120 rows; 'before', 'after' take longer, and --skip-slow leaves them out"
    assert said in shown.getvalue()
    assert shown.getvalue().index("voting: ") < shown.getvalue().index(said)


def test_they_can_be_left_out(corpus, pack):
    lfs = load_lfs(pack, skip_slow=True)
    assert lfs.names == ("prize", "flawed")
    engine = Turns()
    vote_corpus(read_corpus(corpus), lfs, LabelOptions(workers=0), engine=engine)
    assert engine.turns == [["prize", "flawed"]]
    with pytest.raises(LFError, match="all labeling functions are slow"):
        load_lfs(pack).only(["before"]).without_slow()


def test_which_are_slow():
    assert regex_lf("prize", 1, "prize").slow is None
    assert spacy_lf(pipeline="blank:en")(lambda doc: -1).slow is None
    assert {lf.name: lf.slow for lf in load_lfs("spam") if lf.slow} == {"like_examples": "a text encoder"}
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    assert spacy_lf(pipeline=nlp)(lambda doc: -1).slow == "a spaCy pipeline"
    asked = llm_lf("asked", ["ham", "spam"], model="any", endpoint="http://localhost:1/v1")
    assert asked.slow == "a language model"
