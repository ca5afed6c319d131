"""A labeled corpus: arrays on the disk and parts say the same; votes are made once for all verbs."""

import gc
from dataclasses import replace

import numpy as np
import pytest

from weaklabel import apply_lfs, load_lfs, read_corpus
from weaklabel.config import LabelModelSettings
from weaklabel.errors import CorpusError, WeakLabelWarning
from weaklabel.job import LabelOptions, label_corpus, label_file, read_voted, vote_corpus
from weaklabel.label_model.named import make_label_model
from weaklabel.votes import load_votes, vote_patterns

pytestmark = pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")

IN_PROCESS = LabelOptions(workers=0)

COUNTING = """
import os
from weaklabel import labeling_function

LABELS = ("ham", "spam")


@labeling_function()
def counts_its_calls(x):
    with open({calls!r}, "a") as file:
        file.write("x")
    return int("prize" in x.text)


@labeling_function()
def lunch(x):
    return 0 if "lunch" in x.text else -1
"""


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")


@pytest.mark.parametrize("read_texts", [False, True])
def test_arrays_and_parts_are_what_all_rows_at_once_give(messages, pack, read_texts):
    corpus, lfs = read_corpus(messages, quoting=True), load_lfs(pack)
    labels = label_corpus(corpus, lfs, replace(IN_PROCESS, read_texts=read_texts))
    votes = apply_lfs(lfs, corpus)
    texts = corpus.model_texts() if read_texts else None
    model = make_label_model(LabelModelSettings(), 2).fit(votes, texts=texts)
    preds, probs = model.predict(votes, return_probs=True, texts=texts)

    assert (
        (labels.votes.L == votes.L).all()
        and labels.votes.L.flags.f_contiguous
        and labels.votes.problems == votes.problems
    )
    patterns = vote_patterns(votes.L)
    for ours in (labels.patterns, labels.votes.patterns()):
        assert (ours.patterns == patterns.patterns).all() and (ours.counts == patterns.counts).all()
    assert (labels.votes.patterns().rows() == patterns.rows()).all()
    # The last digits of texts' vectors depend on how many are multiplied at once.
    assert (labels.preds == preds).all() and np.allclose(
        labels.probs, probs, 1e-9 if read_texts else 0, 0, equal_nan=True
    )
    assert labels.label_counts == {name: (preds == number).sum() for number, name in enumerate(lfs.labels)}
    assert (labels.n, labels.voted.n_rejects, len(list(labels.voted.rejects()))) == (300, 3, 3)
    assert labels.voted.covered == (votes.L >= 0).any(axis=1).sum()

    rows = 0
    for part in labels.read():
        assert part.rows.start == rows and part.batch.texts == corpus.texts()[part.rows]
        assert (part.preds == preds[part.rows]).all()
        assert np.array_equal(part.probs, labels.probs[part.rows], equal_nan=True)
        assert (part.votes.patterns[part.votes.rows()] == votes.L[part.rows]).all()
        rows = part.rows.stop
    assert rows == 300 and len(labels.voted.parts) > 5


def test_what_goes_wrong_is_told(messages, pack):
    with pytest.warns(WeakLabelWarning, match="'shouting': .*row 150"):
        label_corpus(read_corpus(messages, quoting=True), load_lfs(pack), IN_PROCESS)


def test_a_temporary_folder_goes_with_the_result(messages, pack):
    labels = label_corpus(read_corpus(messages, quoting=True), load_lfs(pack), IN_PROCESS)
    folder, preds = labels.voted.job.scratch, labels.preds
    assert folder.exists()
    del labels
    gc.collect()
    assert not folder.exists() and len(preds) == 300


def test_saved_votes_are_mapped_and_the_same(messages, pack, tmp_path):
    voted = vote_corpus(read_corpus(messages, quoting=True), load_lfs(pack), IN_PROCESS)
    voted.save_votes(tmp_path / "votes.npz")
    back = load_votes(tmp_path / "votes.npz")
    assert (back.L == voted.votes.L).all() and back.problems == voted.votes.problems
    assert not back.L.flags.writeable
    assert [path.name for path in tmp_path.glob("votes*")] == ["votes.npz"]


@pytest.mark.parametrize("content", ["id,text\n", "id,text\n1,win a prize\n"])
@pytest.mark.parametrize("read_texts", [False, True])
def test_hardly_any_rows(pack, tmp_path, content, read_texts):
    (tmp_path / "few.csv").write_text(content)
    options = replace(IN_PROCESS, read_texts=read_texts)
    labels = label_corpus(read_corpus(tmp_path / "few.csv"), load_lfs(pack), options)
    n = len(content.splitlines()) - 1
    assert labels.votes.L.shape == (n, 5) and labels.preds.shape == (n,) and labels.probs.shape == (n, 2)
    assert labels.votes.patterns().n == n


def calls(tmp_path):
    path = tmp_path / "calls"
    return path.stat().st_size if path.exists() else 0


def test_votes_are_made_once_for_all(messages, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "cache"))
    pack = tmp_path / "counting.py"
    pack.write_text(COUNTING.format(calls=str(tmp_path / "calls")))
    corpus, lfs = read_corpus(messages, quoting=True), load_lfs(pack)
    label_file(corpus, lfs, str(tmp_path / "out.csv"), IN_PROCESS)
    assert calls(tmp_path) == 300
    assert label_corpus(corpus, lfs, IN_PROCESS).voted.known_rows == 300
    (tmp_path / "work").mkdir()
    assert vote_corpus(corpus, lfs, IN_PROCESS, folder=tmp_path / "work").known_rows == 300
    assert calls(tmp_path) == 300
    monkeypatch.setenv("WEAKLABEL_CACHE", str(tmp_path / "other"))
    label_corpus(corpus, lfs, IN_PROCESS)
    assert calls(tmp_path) == 300 + 300
    assert label_file(corpus, lfs, str(tmp_path / "again.csv"), IN_PROCESS).known_rows == 300
    assert calls(tmp_path) == 300 + 300


def test_a_folder_goes_on_and_is_read_again(messages, tmp_path):
    pack = tmp_path / "counting.py"
    # A labeling function that holds an open file has no fingerprint: votes on a corpus are not known again by it.
    unknowable = COUNTING.format(calls=str(tmp_path / "calls")).replace("LABELS =", "held = open(__file__)\nLABELS =")
    pack.write_text(unknowable.replace('int("prize"', 'int(held is not None and "prize"'))
    corpus, lfs = read_corpus(messages, quoting=True), load_lfs(pack)
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(CorpusError, match="does not hold all votes"):
        read_voted(corpus, lfs, IN_PROCESS, work)
    first = vote_corpus(corpus, lfs, IN_PROCESS, folder=work)
    assert calls(tmp_path) == 300
    again = read_voted(read_corpus(messages, quoting=True), load_lfs(pack), IN_PROCESS, work)
    assert calls(tmp_path) == 300
    assert (again.votes.L == first.votes.L).all() and again.parts == first.parts and again.n_rejects == 3
    label_corpus(corpus, lfs, IN_PROCESS, voted=again, out=tmp_path / "out.csv")
    label_file(corpus, lfs, str(tmp_path / "whole.csv"), IN_PROCESS)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    messages.write_text(messages.read_text().replace("tomorrow", "prize"))
    with pytest.raises(CorpusError, match=r"part 0 are gone|does not hold"):
        read_voted(read_corpus(messages, quoting=True), lfs, IN_PROCESS, work)
