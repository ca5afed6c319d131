"""Rejects as a file, and duplicates."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from weaklabel.corpus import Reject, drop_duplicates, normalise, rejects_path, write_rejects
from weaklabel.errors import WeakLabelError


def test_rejects_are_written_as_json_lines(tmp_path):
    path = rejects_path(tmp_path / "out.csv")
    assert path == tmp_path / "out.csv.rejects.jsonl"
    rejects = [Reject(3, "blank line", ""), Reject(9, "4 fields, header has 3", 'a,"é\r\n\u2028\0",c,d')]
    assert write_rejects(path, rejects) == 2
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert [Reject(**json.loads(line)) for line in lines] == rejects
    assert list(tmp_path.iterdir()) == [path]


def test_no_rejects_no_file(tmp_path):
    path = tmp_path / "out.rejects.jsonl"
    assert write_rejects(path, []) == 0 and not path.exists()
    write_rejects(path, [Reject(1, "r", "x")])
    assert write_rejects(path, iter(())) == 0 and not path.exists()


def test_rejects_that_cannot_be_written(tmp_path):
    with pytest.raises(WeakLabelError, match="cannot write"):
        write_rejects(tmp_path / "none" / "r.jsonl", [Reject(1, "r", "x")])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hello", "hello", True),
        ("a  b\n", " a\tb", True),
        ("ﬁne", "fine", True),
        ("Straße", "STRASSE", True),
        ("１２３", "123", True),
        ("a b", "ab", False),
        ("e", "é", False),
        ("win!", "win", False),
    ],
)
def test_normalise(one, other, same):
    assert (normalise(one) == normalise(other)) is same


@given(st.lists(st.text(alphabet="aAé \n1", max_size=3)))
def test_first_occurrences(texts):
    kept = drop_duplicates(texts).tolist()
    keys = [normalise(text) for text in texts]
    assert kept == [i for i, key in enumerate(keys) if key not in keys[:i]]
    assert drop_duplicates(texts).dtype.kind == "i"
