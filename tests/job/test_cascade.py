"""A cascade over a corpus in parts: the same votes for any parts and workers, and no row asked about twice."""

import json
from pathlib import Path

import numpy as np
import pytest

from weaklabel import apply_lfs, load_lfs, read_corpus
from weaklabel.config import LabelModelSettings
from weaklabel.corpus import parts as corpus_parts
from weaklabel.errors import LabelModelError, LFError
from weaklabel.job import LabelOptions, label_file, read_voted, vote_corpus
from weaklabel.job.label import row_choices
from weaklabel.support import cache

pytestmark = pytest.mark.filterwarnings("ignore")

ASKED = """


@labeling_function({where})
def oracle(x):
    with open({asked!r}, "a") as file:
        print(x.id, file=file)
    if x.id == STOP:
        raise KeyboardInterrupt
    return int(x.id) % 2


STOP = None
"""


class Oracle:
    """A pack of cheap labeling functions and one that is asked where it is told to, and writes down what it was asked."""

    def __init__(self, pack: Path) -> None:
        self.pack = pack
        self.cheap = pack.read_text()
        self.file = pack.parent / "asked.txt"

    def write(self, where: str, cheap: str | None = None) -> "Oracle":
        asked = ASKED.format(where=where, asked=str(self.file))
        self.pack.write_text((self.cheap if cheap is None else cheap) + asked)
        return self

    @property
    def asked(self) -> list[str]:
        """The rows since the last look."""
        rows = self.file.read_text().split() if self.file.exists() else []
        self.file.unlink(missing_ok=True)
        return rows


@pytest.fixture
def oracle(pack):
    return Oracle(pack)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


def vote(messages, oracle, folder=None, **options):
    corpus = read_corpus(messages, quoting=True)
    return vote_corpus(corpus, load_lfs(oracle.pack), LabelOptions(**{"workers": 0, **options}), folder=folder)


CASES = ['where="uncovered"', 'where="conflict"', 'where="uncertain", below=0.8', 'where="uncertain", max_rows=17']


@pytest.mark.parametrize("where", CASES)
def test_the_same_votes_in_memory_and_for_any_parts_and_workers(messages, oracle, where, monkeypatch):
    oracle.write(where)
    voted = vote(messages, oracle, label_model=LabelModelSettings(name="majority"))
    rows, L = oracle.asked, voted.votes.L
    assert 0 < len(rows) == len(set(rows)) < 300 and (len(rows) == 17 or "17" not in where)
    assert sorted(int(row) for row in rows) == np.flatnonzero(L[:, 5] >= 0).tolist()
    monkeypatch.setenv(cache.VARIABLE, "off")
    monkeypatch.setattr(corpus_parts, "PART_ROWS", 70)
    again = vote(messages, oracle, workers=2, label_model=LabelModelSettings(name="majority"))
    assert np.array_equal(again.votes.L, L) and sorted(oracle.asked) == sorted(rows)
    if "uncertain" not in where:
        assert np.array_equal(apply_lfs(load_lfs(oracle.pack), read_corpus(messages, quoting=True)).L, L)


def test_what_was_asked_is_not_asked_again(messages, oracle):
    oracle.write('where="uncovered"')
    L = vote(messages, oracle).votes.L
    assert len(oracle.asked) == (L[:, :5] < 0).all(axis=1).sum()
    assert np.array_equal(vote(messages, oracle).votes.L, L) and not oracle.asked
    # A cheap labeling function of other code and the same votes chooses the same rows.
    same = oracle.cheap.replace("x.text.split()) >= 2", "x.text.split()) > 1")
    assert np.array_equal(vote(messages, oracle.write('where="uncovered"', same)).votes.L, L) and not oracle.asked
    # One that votes on fewer rows leaves more of them uncovered: these alone are new.
    fewer = oracle.cheap.replace('["lunch", "dinner"]', '["dinner"]')
    less = vote(messages, oracle.write('where="uncovered"', fewer)).votes.L
    new = (less[:, :5] < 0).all(axis=1) & (L[:, :5] >= 0).any(axis=1)
    assert sorted(map(int, oracle.asked)) == np.flatnonzero(new).tolist() and new.any()
    assert ((less[:, 5] >= 0) == (less[:, :5] < 0).all(axis=1)).all()
    # And back: votes on rows that it is not asked about now are not among its votes, and are kept all the same.
    assert np.array_equal(vote(messages, oracle.write('where="uncovered"')).votes.L, L) and not oracle.asked
    assert np.array_equal(vote(messages, oracle.write('where="uncovered"', fewer)).votes.L, less) and not oracle.asked


def test_an_interrupted_one_goes_on(messages, oracle, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, "off")
    oracle.write('where="uncovered"')
    whole = vote(messages, oracle).votes.L
    rows = oracle.asked
    text = oracle.pack.read_text()
    out, corpus = str(tmp_path / "out.csv"), read_corpus(messages, quoting=True)
    options = LabelOptions(workers=0, with_votes=True)
    oracle.pack.write_text(text.replace("STOP = None", f"STOP = {rows[len(rows) // 2]!r}"))
    lfs = load_lfs(oracle.pack)
    with pytest.raises(KeyboardInterrupt):
        label_file(corpus, lfs, out, options)
    first = oracle.asked
    lfs.lfs[-1]._f.__globals__["STOP"] = None
    assert label_file(corpus, lfs, out, options).rows == 300
    second = oracle.asked
    assert set(first) | set(second) == set(rows) and len(set(first) & set(second)) < 20  # of one part
    (tmp_path / "other.csv").unlink(missing_ok=True)
    label_file(corpus, lfs, str(tmp_path / "other.csv"), options)
    assert (tmp_path / "other.csv").read_bytes() == Path(out).read_bytes()
    assert (whole[:, 5] >= 0).sum() == len(rows)


def test_votes_are_read_back_from_their_folder(messages, oracle, tmp_path):
    oracle.write('where="conflict"')
    (tmp_path / "votes").mkdir()
    L = vote(messages, oracle, tmp_path / "votes").votes.L
    corpus, lfs = read_corpus(messages, quoting=True), load_lfs(oracle.pack)
    assert np.array_equal(read_voted(corpus, lfs, LabelOptions(workers=0), tmp_path / "votes").votes.L, L)
    keys = json.loads((tmp_path / "votes" / "voted.json").read_text())["keys"]
    assert len(keys) == 6


def test_a_first_label_model_that_cannot_be_fitted_is_named(messages, oracle):
    oracle.write('where="uncertain"')
    wrong = LabelModelSettings(name="snorkel", class_balance=[0.2, 0.3, 0.5])
    with pytest.raises(LabelModelError, match="first label model, on the votes that choose rows for the others: "):
        vote(messages, oracle, label_model=wrong)


def test_one_that_waits_for_nobody_is_refused_before_anything_is_read(messages, oracle):
    oracle.pack.write_text(
        "from weaklabel import labeling_function\nLABELS = ('ham', 'spam')\n"
        + ASKED.format(where='where="uncovered"', asked=str(oracle.file))
    )
    with pytest.raises(LFError, match="LF 'oracle' is asked where='uncovered'"):
        vote(messages, oracle)


def test_the_cascade_is_voted_on_here_where_others_vote_on_a_cluster(messages, oracle, monkeypatch):
    from weaklabel.job.engine import LocalEngine

    turns = []

    class Elsewhere(LocalEngine):
        """Notes which labeling functions it is given."""

        is_shared = True

        def vote(self, job):
            turns.append(job.turn)
            return super().vote(job)

    oracle.write('where="uncovered"')
    corpus, lfs = read_corpus(messages, quoting=True), load_lfs(oracle.pack)
    monkeypatch.setattr(type(lfs.lfs[3]), "asks", True)
    L = vote_corpus(corpus, lfs, LabelOptions(workers=0), engine=Elsewhere()).votes.L
    assert turns == [(0, 1, 2, 4)]
    assert ((L[:, 5] >= 0) == (L[:, :5] < 0).all(axis=1)).all() and (L[:, 3] >= 0).any()
    assert len(oracle.asked) == (L[:, 5] >= 0).sum()


def test_another_corpus_is_asked_about_as_the_first_was(messages, oracle, tmp_path):
    oracle.write('where="uncertain", max_rows=30')
    majority = LabelModelSettings(name="majority")
    voted = vote(messages, oracle, label_model=majority)
    oracle.asked  # noqa: B018
    small = tmp_path / "small.csv"
    small.write_text("\n".join(messages.read_text().splitlines()[:61]) + "\n")
    corpus, options = read_corpus(small, quoting=True), LabelOptions(workers=0, label_model=majority)
    votes = vote_corpus(corpus, voted.lfs, options, choices=row_choices(voted)).votes
    chosen = voted.asked("oracle")[: votes.n]
    assert 0 < len(oracle.asked) == chosen.sum() < 30
    assert np.array_equal(votes.L, voted.votes.L[: votes.n])
