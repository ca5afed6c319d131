"""The cache of votes: it is bounded, and one that cannot be written stops nothing."""

import os

import pytest

from weaklabel.corpus import read_corpus
from weaklabel.errors import WeakLabelWarning
from weaklabel.job import LabelOptions, label_corpus
from weaklabel.lf.packs import load_lfs
from weaklabel.support import cache

IN_PROCESS = LabelOptions(workers=0)


@pytest.fixture
def place(tmp_path, monkeypatch, pack):
    """A cache, and three corpora with the pack that votes on them."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("text\n" + f"a prize {number}\nlunch\n" * 30)
    return tmp_path


def label(place, number, pack):
    labeled = label_corpus(read_corpus(place / f"{number}.csv"), load_lfs(pack), IN_PROCESS)
    assert labeled.preds.tolist() == [1, 0] * 30
    return labeled.voted.known_rows


def test_votes_are_kept_until_there_is_no_room(place, pack, monkeypatch):
    votes = place / "cache" / "votes"
    assert [label(place, number, pack) for number in (0, 1, 0)] == [0, 0, 60]
    assert len(list(votes.iterdir())) == 2
    first, last = sorted(votes.iterdir(), key=lambda path: path.stat().st_mtime)
    os.utime(first, (1, 1))
    size = sum(file.stat().st_size for file in votes.rglob("*") if file.is_file())
    monkeypatch.setenv(cache.SIZE_VARIABLE, str((size + 10) / 2**30))  # room for two corpora
    assert label(place, 2, pack) == 0
    assert not first.exists() and last.exists() and len(list(votes.iterdir())) == 2
    assert label(place, 2, pack) == 60


def test_a_cache_that_cannot_be_written_is_warned_of(place, pack):
    (place / "cache").mkdir()
    (place / "cache" / "votes").write_text("a file in its place")
    with pytest.warns(WeakLabelWarning, match=r"votes are not kept in .*votes"):
        assert label(place, 0, pack) == 0
    assert (place / "cache" / "votes").read_text() == "a file in its place"
