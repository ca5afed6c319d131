import numpy as np
import pytest

from weaklabel.errors import VoteError, WeakLabelError
from weaklabel.votes import Problem, Problems, Votes, load_votes, save_votes

VOTES = Votes(
    np.array([[0, -1], [1, 1], [-1, -1]]),
    ["a", "zwei"],
    ("ham", "späm"),
    {"a": Problems(7, (Problem(2, "ValueError: 'ä'"),))},
)


def test_there_and_back(tmp_path):
    path = tmp_path / "votes.npz"
    save_votes(path, VOTES)
    back = load_votes(path)
    assert (back.L == VOTES.L).all()
    assert back.L.dtype == np.int8
    assert back.L.flags.f_contiguous
    assert (back.lf_names, back.labels, back.problems) == (("a", "zwei"), ("ham", "späm"), VOTES.problems)
    assert [file.name for file in tmp_path.iterdir()] == ["votes.npz"]


def test_without_labels_and_rows(tmp_path):
    path = tmp_path / "votes"
    save_votes(path, Votes(np.empty((0, 1), dtype=np.int8), ["a"]))
    back = load_votes(path)
    assert back.L.shape == (0, 1)
    assert back.labels is None
    assert back.cardinality == 2


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "votes.npz"
    path.write_bytes(content)
    with pytest.raises(VoteError, match="damaged"):
        load_votes(path)


def test_half_a_file_is_refused(tmp_path):
    path = tmp_path / "votes.npz"
    save_votes(path, VOTES)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(VoteError, match="damaged"):
        load_votes(path)


def test_other_archives_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", L=np.zeros((1, 1)))
    with pytest.raises(VoteError, match="not written by save_votes"):
        load_votes(tmp_path / "other.npz")
    np.save(tmp_path / "plain.npy", np.zeros(3))
    with pytest.raises(VoteError, match="not written by save_votes"):
        load_votes(tmp_path / "plain.npy")


def test_missing_places_are_said(tmp_path):
    with pytest.raises(VoteError, match="cannot read votes from"):
        load_votes(tmp_path / "none.npz")
    with pytest.raises(WeakLabelError, match="cannot write"):
        save_votes(tmp_path / "none" / "votes.npz", VOTES)


def test_votes_are_checked():
    with pytest.raises(VoteError, match="2 columns for 1"):
        Votes(VOTES.L, ["a"])
    with pytest.raises(VoteError, match="outside"):
        Votes(VOTES.L, ["a", "b"], ["only"])
