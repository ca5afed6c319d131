"""Opening a run, a project or a corpus, and what happens where something has changed since."""

import json
import shutil
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from tests.review.conftest import TEXTS, write_corpus, write_project
from weaklabel.config import read_project
from weaklabel.errors import WeakLabelError, WeakLabelWarning
from weaklabel.project.run import run_project
from weaklabel.review import LFSpec, open_review


@pytest.fixture
def run(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "moved")


def test_a_run_is_opened_where_it_lies_now(run, finished_run):
    review = open_review(run)
    assert review.source.corpus.path == run / "data" / "messages.csv"
    assert review.editor.get("broken").file == run / "data" / "mine.py"
    before = open_review(finished_run)
    assert np.array_equal(review.votes.L, before.votes.L)
    assert np.array_equal(review.preds, before.preds)
    assert np.array_equal(review.probs, open_review(run / "project.toml").probs, equal_nan=True)
    assert review.folder == run / "review" and not review.folder.exists()


def test_what_was_edited_is_there_when_the_run_is_opened_again(run):
    review = open_review(run)
    review.decide(3, "complaint", "ann")
    review.editor.save(LFSpec("keyword", "late", "complaint", {"keywords": ["late"]}))
    stale = open_review(run)
    assert stale.is_stale and stale.votes.lf_names[-1] == "late"
    assert stale.row(11).label is None and stale.gold()[3] == 0
    assert {line.name: line.estimate for line in stale.lf_table()}["late"] is None
    assert stale.explain(2).label == "complaint"
    stale.relabel()
    again = open_review(run)
    assert not again.is_stale and again.row(11).label == "complaint"


@pytest.mark.parametrize("what", ["messages.csv", "mine.py"])
def test_a_run_whose_input_changed_is_refused_or_votes_anew(run, what):
    file = run / "data" / what
    file.write_text(file.read_text(encoding="utf-8").replace("late", "very late"), encoding="utf-8")
    if what == "mine.py":
        file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    with pytest.raises(WeakLabelError, match="has changed since this run was labeled"):
        open_review(run)
    assert open_review(run, revote=True).votes.n == len(TEXTS)
    assert open_review(run).votes.n == len(TEXTS)


def test_a_later_run_has_its_own_votes(run):
    review = open_review(run)
    review.editor.save(LFSpec("keyword", "late", "complaint", {"keywords": ["late"]}))
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    (run / "manifest.json").write_text(json.dumps(manifest | {"title": "later"}), encoding="utf-8")
    with pytest.raises(WeakLabelError, match=r"a pack .* has changed"):
        open_review(run)


def test_older_runs_without_hashes_of_packs_are_opened(run):
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    del manifest["packs"]
    manifest["input"] = {"corpus": "x", "sha256": manifest.pop("inputs")["corpus"]["sha256"], "rejects": 0}
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert len(open_review(run)) == len(TEXTS)


def test_a_corpus_is_labeled_from_nothing(tmp_path):
    corpus = write_corpus(tmp_path / "messages.csv")
    review = open_review(corpus, labels=["bad", "good"])
    assert review.votes.L.shape == (len(TEXTS), 0)
    assert review.query(order="conflict").total == len(TEXTS)
    review.decide(0, "good", "ann")
    assert review.precision(review.sample("stratified", 5)).n_decided == 0
    assert review.row(0).gold == "good" and review.explain(0) is None
    assert open_review(corpus).labels == ("bad", "good")
    with pytest.raises(WeakLabelError, match="there are no labeling functions; add one first"):
        review.relabel()


def test_a_corpus_with_packs(run, majority):
    review = open_review(run / "data" / "messages.csv", lfs=[str(run / "data" / "mine.py")])
    assert review.votes.m == 7 and not review.is_stale


def damaged(run):
    (run / "manifest.json").write_text("{}", encoding="utf-8")


def without_labels(run):
    (run / "labeled.csv").write_text("text,label\n", encoding="utf-8")


def without_corpus(run):
    (run / "data" / "messages.csv").unlink()
    manifest = (run / "manifest.json").read_text(encoding="utf-8")
    (run / "manifest.json").write_text(manifest.replace("messages.csv", "gone.csv"), encoding="utf-8")


def bad_state(run):
    (run / "review").mkdir()
    (run / "review" / "review.json").write_text('{"format": "x"}', encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (damaged, "manifest.json is damaged"),
        (without_labels, "labeled.csv does not hold the labels"),
        (without_corpus, "the corpus of this run, .*gone.csv, does not exist"),
        (bad_state, "review.json is damaged"),
        (lambda run: (run / "votes.npz").unlink(), "cannot read votes"),
    ],
)
def test_what_is_damaged_is_a_sentence(run, harm, message):
    harm(run)
    with pytest.raises(WeakLabelError, match=message):
        open_review(run)


def test_what_cannot_be_opened_is_a_sentence(run, tmp_path):
    with pytest.raises(WeakLabelError, match="does not exist"):
        open_review(tmp_path / "none")
    with pytest.raises(WeakLabelError, match="name the labels"):
        open_review(run / "data" / "messages.csv")
    with pytest.raises(WeakLabelError, match="has its own labels"):
        open_review(run, labels=["a", "b"])
    with pytest.raises(WeakLabelError, match="has the labels complaint, praise, not a, b"):
        open_review(run / "data" / "messages.csv", labels=["a", "b"], lfs=[str(run / "data" / "mine.py")])


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return the folder of a run of a pack that is not the user's own to change."""
    file = write_project(tmp_path / "project")
    (file.parent / "mine.py").rename(file.parent / "installed_pack.py")
    text = file.read_text(encoding="utf-8").replace("./mine.py", "installed_pack:").replace('out = "."', 'out = "run"')
    file.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(file.parent))
    run_project(read_project(file))
    yield file.parent / "run"
    sys.modules.pop("installed_pack", None)


def run_again(run):
    """Leave a later run in the folder, with the same votes."""
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    (run / "manifest.json").write_text(json.dumps(manifest | {"timings_seconds": {}}), encoding="utf-8")


def test_a_later_run_without_the_edited_packs_is_reviewed_with_them(installed):
    review = open_review(installed)
    spec = review.editor.get("broken").spec
    saved = review.editor.save(replace(spec, options={**spec.options, "keywords": ["late"]}), "broken")
    assert saved.file == installed / "review" / "packs" / "installed_pack.py"
    assert saved.advice == 'use = ["run/review/packs/installed_pack.py"]'
    review.relabel()
    assert review.row(3).label is None and review.row(11).label == "complaint"

    run_again(installed)
    with pytest.warns(WeakLabelWarning, match=r"did not use the labeling functions .* write use = \["):
        later = open_review(installed)
    # Votes of the edited pack; labels of the later run, not those that were kept for the one before.
    assert np.array_equal(later.votes.L, review.votes.L)
    assert later.is_stale and later.row(3).label == "complaint" and later.row(11).label is None
    with warnings.catch_warnings():
        warnings.simplefilter("error", WeakLabelWarning)
        again = open_review(installed)  # told once; what was found is kept
    assert again.is_stale and np.array_equal(again.preds, later.preds)
    again.relabel()
    assert np.array_equal(again.preds, review.preds)


def test_the_advice_makes_runs_use_the_edited_packs(installed):
    review = open_review(installed)
    spec = review.editor.get("broken").spec
    saved = review.editor.save(replace(spec, options={**spec.options, "keywords": ["late"]}), "broken")
    file = installed.parent / "project.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('use = ["installed_pack:"]', saved.advice), encoding="utf-8")
    run_project(read_project(file))
    later = open_review(installed)
    assert not later.is_stale and later.row(11).label == "complaint" and later.row(3).label is None
    assert later.editor.get("broken").file == saved.file


def test_labels_kept_for_an_earlier_run_are_not_those_of_a_later_one(run):
    review = open_review(run)
    review.editor.save(LFSpec("keyword", "late", "complaint", {"keywords": ["late"]}))
    review.relabel()
    shutil.copytree(run / "review", run.parent / "kept")
    run_project(read_project(run / "project.toml"))
    later = open_review(run)
    later.editor.save(LFSpec("keyword", "nine", "praise", {"keywords": ["nine"]}))
    before = later.preds.copy()
    assert np.array_equal(open_review(run).preds, before)
    assert (run / "review" / "labels.npz").read_bytes() != (run.parent / "kept" / "labels.npz").read_bytes()


@pytest.mark.parametrize("lfs", [False, True])
@pytest.mark.parametrize(
    "texts", [[], ["love it"], ["large " * 175_000 + "refund", "thanks"]], ids=["none", "one", "1 MB"]
)
def test_small_corpora_and_large_texts(run, tmp_path, majority, texts, lfs):
    corpus = write_corpus(tmp_path / "few.csv", texts)
    how = {"lfs": [str(run / "data" / "mine.py")]} if lfs else {"labels": ["complaint", "praise"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)  # that nothing votes
        review = open_review(corpus, **how)
        assert review.query(order="confidence").total == len(texts)
        saved = review.editor.preview(LFSpec("keyword", "new", "praise", {"keywords": ["love", "thanks"]}))
        assert saved.stats.votes == min(1, len(texts))
        review.editor.save(LFSpec("keyword", "new", "praise", {"keywords": ["love", "thanks"]}))
        review.relabel()
        assert len(review.sample("stratified", 5).rows) == (len(texts) if lfs else min(1, len(texts)))
        assert len(review.lf_table()) == len(review.votes.lf_names)
        for row in range(len(texts)):
            assert review.row(row).text == texts[row]
            review.decide(row, "praise", "ann")
    assert review.agreement().n == 0 and len(review.export_gold().splitlines()) == 1 + len(texts)
