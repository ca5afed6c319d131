"""Notes on votes: counted by kind, shown with problems, and no failures."""

import pickle

import numpy as np
import polars as pl
import pytest

from weaklabel.corpus import read_corpus
from weaklabel.corpus.batch import Batch
from weaklabel.errors import WeakLabelWarning
from weaklabel.job import LabelOptions
from weaklabel.job.label import vote_corpus
from weaklabel.lf.core import NotedVote, VoteNote
from weaklabel.lf.packs import load_lfs
from weaklabel.votes import Problems, Votes, apply_lfs, load_votes, save_votes
from weaklabel.votes.checking import check_votes
from weaklabel.votes.matrix import Note, Problem
from weaklabel.votes.workers.protocol import VoteReply, pack_step, unpack_step

PACK = """
from weaklabel.lf.core import LF, NotedVote, VoteNote

LABELS = ("no", "yes")

class Careful(LF):
    kind = "careful"

    def __init__(self, final):
        self.name = "careful"
        self.final = final
        self._calls = []

    def vote(self, batch):
        self._calls.append(len(batch))
        return [NotedVote(-1, VoteNote("unclear", text, self.final)) if "?" in text else 1 for text in batch.texts]

careful = Careful({final})
"""


def test_notes_are_counted_by_kind_and_are_no_failures():
    batch = Batch(pl.DataFrame({"text": ["a", "b", "c", "d"]}), start=10)
    given = [
        1,
        NotedVote(-1, VoteNote("unclear", "b?")),
        NotedVote(0, VoteNote("cut")),
        NotedVote(-1, VoteNote("unclear", "d?")),
    ]
    checked = check_votes("x", given, batch, 2)
    assert checked.votes.tolist() == [1, -1, 0, -1]
    assert checked.problems == Problems(0, (), (Note("cut", 1, Problem(12, "")), Note("unclear", 2, Problem(11, "b?"))))
    assert str(checked.problems) == "cut on 1 row, first row 12; unclear on 2 rows, first row 11: b?"
    assert checked.problems.is_final


def test_notes_stand_beside_failures():
    batch = Batch(pl.DataFrame({"text": ["a", "b"]}))
    problems = check_votes(
        "x", [ValueError("bad"), NotedVote(-1, VoteNote("unasked", is_final=False))], batch, 2
    ).problems
    assert str(problems) == "1 row failed, first row 0: ValueError: bad; unasked on 1 row, first row 1"
    assert not problems.is_final
    assert Problems.from_dict(problems.to_dict()) == problems


def test_a_noted_vote_is_copied_with_its_note():
    vote = pickle.loads(pickle.dumps(NotedVote(1, VoteNote("cut", "long", is_final=False), VoteNote("off"))))
    assert (vote, vote.notes) == (1, (VoteNote("cut", "long", False), VoteNote("off")))


def test_notes_survive_files_and_guarded_processes(tmp_path):
    problems = Problems(1, (Problem(3, "x"),), (Note("unclear", 2, Problem(0, "ü?"), False),))
    votes = Votes(np.array([[0], [1]], np.int8), ("a",), ("x", "y"), {"a": problems})
    save_votes(tmp_path / "votes.npz", votes)
    assert load_votes(tmp_path / "votes.npz").problems == {"a": problems}
    checked = check_votes("x", [NotedVote(-1, VoteNote("unclear", "?"))], Batch(pl.DataFrame({"text": ["?"]})), 2)
    assert unpack_step(*pack_step(VoteReply(1, checked))).votes.problems == checked.problems


@pytest.mark.parametrize(("final", "calls"), [(True, 1), (False, 2)])
def test_rows_that_were_not_asked_are_asked_again(tmp_path, final, calls):
    (tmp_path / "pack.py").write_text(PACK.replace("{final}", str(final)), encoding="utf-8")
    lfs = load_lfs(str(tmp_path / "pack.py"))
    corpus = read_corpus(["why?", "so"])
    options = LabelOptions(workers=0, error_budget=0)
    (tmp_path / "votes").mkdir()
    for _ in range(2):
        with pytest.warns(WeakLabelWarning, match=r"^LF 'careful': unclear on 1 row, first row 0: why\?"):
            voted = vote_corpus(corpus, lfs, options, folder=tmp_path / "votes")
        assert voted.patterns.n == 2
    assert len(lfs.lfs[0]._calls) == calls


def test_notes_do_not_count_against_the_error_budget(tmp_path):
    (tmp_path / "pack.py").write_text(PACK.replace("{final}", "True"), encoding="utf-8")
    with pytest.warns(WeakLabelWarning, match="unclear on 3 rows"):
        votes = apply_lfs(load_lfs(str(tmp_path / "pack.py")), ["a?", "b?", "c?"], error_budget=0)
    assert votes.problems["careful"].count == 0
