"""Votes of crowd workers and other systems, from files and columns."""

import polars as pl
import pytest

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf.expressions import ExpressionLF
from weaklabel.lf.external import column_votes, votes_from_csv

LABELS = ("ham", "spam")


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def votes(lfs, ids):
    batch = Batch(pl.DataFrame({"text": [""] * len(ids), "id": ids}))
    return {lf.name: lf.vote(batch).tolist() for lf in lfs}


def test_a_wide_file_gives_an_lf_a_column(tmp_path):
    path = write(tmp_path / "v.csv", '\ufeffann,id,"bob, jr"\r\nspam,007,0\r\n\r\n,"8\n9",1\r\n-1,10,ham\r\n')
    lfs = votes_from_csv(path, labels=LABELS, key="id", prefix="crowd ")
    assert all(isinstance(lf, ExpressionLF) and lf.columns == ("id",) for lf in lfs)
    expected = {"crowd ann": [-1, 1, -1, -1, -1], "crowd bob, jr": [1, 0, -1, 0, -1]}
    assert votes(lfs, ["8\n9", "007", "7", "10", None]) == expected


def test_a_long_file_gives_an_lf_a_worker(tmp_path):
    path = write(tmp_path / "v.tsv", "who\tid\tvote\tnote\nbob\t1\tspam\tx\nann\t1\tham\t\nbob\t2\t\t\nbob\t3\t0\t\n")
    options = {"labels": LABELS, "key": "id", "format": "long", "worker": "who", "label": "vote", "delimiter": "\t"}
    assert votes(votes_from_csv(path, **options), ["3", "2", "1"]) == {"bob": [0, -1, 1], "ann": [-1, -1, 0]}


def test_both_shapes_of_the_same_votes_agree(tmp_path):
    wide = write(tmp_path / "w.csv", "id,a,b\n1,ham,spam\n2,,ham\n")
    long = write(tmp_path / "l.csv", "id,worker,label\n1,a,ham\n1,b,spam\n2,b,ham\n")
    both = [
        votes(votes_from_csv(path, labels=LABELS, key="id", format=form), ["2", "1", "0"])
        for path, form in ((wide, "wide"), (long, "long"))
    ]
    assert both[0] == both[1] == {"a": [-1, 0, -1], "b": [0, 1, -1]}


def test_numbers_in_the_corpus_are_compared_as_text(tmp_path):
    path = write(tmp_path / "v.csv", "id,a\n7,spam\n")
    assert votes(votes_from_csv(path, labels=LABELS, key="id"), [7, 8]) == {"a": [1, -1]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "id,a\n1,ham\n2,spma\n",
            r"v\.csv, line 3: unknown label 'spma' \(did you mean 'spam'\?\); labels are ham, spam",
        ),
        ("id,a\n1,ham\n1,ham\n", r"v\.csv, line 3: a second vote of 'a' on '1'"),
        ('id,a\n"1\n1",ham\n2\n', r"v\.csv, line 4: 1 fields, where the header has 2"),
        ("id,a\n1,ham,x\n", r"line 2: 3 fields, where the header has 2"),
        ("id,a\n,ham\n", "line 2: the key is empty"),
        ("ID,a\n1,ham\n", "line 1: the header lacks the column 'id'.*its columns are ID, a"),
        ("id,a,a\n1,ham,ham\n", "line 1: the header names twice the column 'a'"),
        ("id,a\n", "no votes below its header"),
        ("id\n1\n", "no votes below its header"),
        ("", "is empty; its first line must name the columns"),
        (b"id,a\n1,ham\n2,\xff\n", r"v\.csv.*not UTF-8"),
        ('id,a\n1,"ham"x\n', r"v\.csv, line 2: .*check the quotes"),
        ("id,\n1,ham\n", "line 2: the worker is empty"),
    ],
)
def test_a_bad_line_is_told_by_file_and_line(tmp_path, content, message):
    with pytest.raises(LFError, match=message):
        votes_from_csv(write(tmp_path / "v.csv", content), labels=LABELS, key="id")


def test_other_mistakes_are_told(tmp_path):
    path = write(tmp_path / "v.csv", "id,worker,label\n1,a,ham\n1,a,spam\n")
    with pytest.raises(LFError, match="line 3: a second vote of 'a' on '1'"):
        votes_from_csv(path, labels=LABELS, key="id", format="long")
    with pytest.raises(LFError, match="lacks the column 'rater'"):
        votes_from_csv(path, labels=LABELS, key="id", format="long", worker="rater")
    with pytest.raises(LFError, match="format must be 'wide' or 'long', not 'tall'"):
        votes_from_csv(path, labels=LABELS, key="id", format="tall")
    with pytest.raises(LFError, match=r"cannot read .*none\.csv"):
        votes_from_csv(tmp_path / "none.csv", labels=LABELS, key="id")
    with pytest.raises(LFError, match="names a class twice"):
        votes_from_csv(path, labels=("a", "a"), key="id")


def test_a_column_of_class_names_votes():
    values = ["spam", "ham", "1", "", None, "Spam", "-1"]
    batch = Batch(pl.DataFrame({"text": values, "moderator": values}))
    lf = column_votes("moderator", LABELS)
    assert (lf.name, lf.vote(batch).tolist()) == ("moderator", [1, 0, 1, -1, -1, -1, -1])
    assert column_votes("moderator", LABELS, name="mod").name == "mod"
    with pytest.raises(LFError, match="LABELS must be a sequence"):
        column_votes("moderator", "ham")


def test_class_names_that_look_like_numbers_are_names(tmp_path):
    path = write(tmp_path / "v.csv", "id,a\nx,1\ny,2\n")
    assert votes(votes_from_csv(path, labels=("2", "1"), key="id"), ["x", "y"]) == {"a": [1, 0]}
    # "0" would be class 0 by number, where "1" is class 1 by name: neither is guessed.
    with pytest.raises(LFError, match="unknown label '0'"):
        votes_from_csv(write(tmp_path / "w.csv", "id,a\nx,0\n"), labels=("2", "1"), key="id")
