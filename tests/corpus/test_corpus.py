"""A corpus is read as often as wanted; each pass is the same, and a changed file is noticed."""

from __future__ import annotations

import hashlib
import os

import pytest

from weaklabel.corpus import Reject, read_corpus
from weaklabel.errors import CorpusError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text\n" + "".join(f"{i},t{i}\n" + ("bad\n" if i % 4 == 0 else "") for i in range(10)))
    return path


@pytest.mark.parametrize("size", [1, 3, 10, 11])
def test_batches(path, size):
    corpus = read_corpus(path)
    batches = list(corpus.batches(size))
    assert [batch.start for batch in batches] == list(range(0, 10, size))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert [text for batch in batches for text in batch.texts] == [f"t{i}" for i in range(10)]
    assert [raw for batch in batches for raw in batch.raw] == [f"{i},t{i}\n" for i in range(10)]


def test_rejects_are_those_of_the_latest_pass(path):
    streamed: list[Reject] = []
    corpus = read_corpus(path, on_reject=streamed.append)
    assert corpus.rejects == []
    first = (corpus.texts(), corpus.rejects)
    second = (corpus.texts(), corpus.rejects)
    assert first == second and first[1] is not second[1]
    assert [reject.line for reject in corpus.rejects] == [3, 8, 13]
    assert streamed == first[1] + second[1]


def test_rows_in_are_rows_out_and_rejects(path):
    corpus = read_corpus(path)
    assert len(corpus) + len(corpus.rejects) == len(path.read_text().splitlines()) - 1


def test_length_needs_one_pass_only(path, monkeypatch):
    corpus = read_corpus(path)
    assert bool(corpus) and len(corpus) == 10
    monkeypatch.setattr(corpus.source, "chunks", None)
    assert len(corpus) == 10


def test_a_half_read_pass_does_not_give_the_length(path):
    corpus = read_corpus(path)
    next(corpus.batches(2))
    assert len(corpus) == 10


def test_several_text_columns(path):
    assert read_corpus(path, text=["text", "id"], limit=1).texts() == ["t0\n0"]


def test_column(path):
    corpus = read_corpus(path)
    assert corpus.column("id") == [str(i) for i in range(10)]
    with pytest.raises(CorpusError, match=r"no column 'ids' \(did you mean 'id'\?\)"):
        corpus.column("ids")


@pytest.mark.parametrize("how", ["size", "time", "gone"])
def test_a_changed_file_is_refused(path, how):
    corpus = read_corpus(path)
    digest = corpus.sha256()
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    corpus.texts()
    if how == "size":
        path.write_text(path.read_text() + "11,x\n")
    elif how == "time":
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
    with pytest.raises(CorpusError, match="cannot read" if how == "gone" else "changed while it was being used"):
        corpus.texts()


def test_a_file_that_changes_within_a_pass_is_refused(path):
    corpus = read_corpus(path)
    batches = corpus.batches(2)
    next(batches)
    os.utime(path, ns=(1, 1))
    with pytest.raises(CorpusError, match="changed"):
        list(batches)


def test_impossible_arguments(path):
    for call in (
        lambda: read_corpus(path).batches(0),
        lambda: read_corpus(path, limit=-1),
    ):
        with pytest.raises(CorpusError):
            call()


def test_hidden_columns_are_not_seen_by_labeling_functions_but_kept(tmp_path):
    path = tmp_path / "gold.csv"
    path.write_text("text,truth\nsee you,ham\n")
    corpus = read_corpus(path, hide=["truth"])
    (batch,) = corpus.batches()
    assert "truth" not in batch.rows()[0] and "truth" not in batch.frame.columns
    assert corpus.column("truth") == ["ham"]
    with pytest.raises(CorpusError, match="no column 'gold'"):
        read_corpus(path, hide=["gold"])
    with pytest.raises(CorpusError, match="is the text"):
        read_corpus(path, hide=["text"])


def test_a_file_without_text_can_be_read(tmp_path):
    path = tmp_path / "predicted.csv"
    path.write_text("label,truth\nham,spam\n")
    assert read_corpus(path, text=()).column("truth") == ["spam"]


def test_some_rows_are_read_in_one_pass_that_ends_with_the_last(path):
    corpus = read_corpus(path)
    corpus.texts()
    rejects = corpus.rejects
    rows = dict(corpus.read_rows([7, 2, 7]))
    assert {row: (batch.start, batch.texts) for row, batch in rows.items()} == {2: (2, ["t2"]), 7: (7, ["t7"])}
    assert corpus.rejects is rejects  # of the latest whole pass
    assert list(corpus.read_rows([])) == []


@pytest.mark.parametrize(("row", "message"), [(10, "a.csv has no row 10: it has 10 rows"), (-1, "no row -1")])
def test_a_row_that_is_not_there(path, row, message):
    with pytest.raises(CorpusError, match=message):
        list(read_corpus(path).read_rows([1, row]))


def test_values_of_a_column_are_read_anew_in_every_iteration(path):
    corpus = read_corpus(path)
    values = corpus.values("id")
    assert list(values) == list(values) == corpus.column("id") == [str(row) for row in range(10)]
    assert [list(part) for part in values.batches()] == [corpus.column("id")]
    with pytest.raises(CorpusError, match=r"no column 'ids'.*did you mean 'id'"):
        corpus.values("ids")
