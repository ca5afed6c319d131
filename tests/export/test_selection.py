"""Which rows are taken, and which labels are drawn: every row is taken once, or left out for one reason."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus import read_corpus
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.preferences import wrong_label
from weaklabel.export.selection import Selection, drawn

CORPUS = read_corpus({"text": [""]})


def part_of(seed):
    """Make rows of any kind: without probabilities, tied, without a part of the split, held out."""
    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 30), rng.integers(2, 6)
    weights = rng.integers(0, 4, (n, k)).astype(float)
    has_answer = (weights.sum(axis=1) > 0) & (rng.random(n) < 0.8)
    probs = np.full((n, k), np.nan)
    probs[has_answer] = weights[has_answer] / weights[has_answer].sum(axis=1, keepdims=True)
    preds = np.where(has_answer & (rng.random(n) < 0.8), np.nan_to_num(probs).argmax(axis=1), -1)
    split = rng.choice(np.array(["train", "test", None]), n).tolist() if rng.random() < 0.5 else None
    held = rng.random(n) < 0.3 if rng.random() < 0.5 else None
    texts = [f"text {number}" for number in rng.integers(0, 20, n)]
    return LabeledPart(np.arange(n), pl.DataFrame({"text": texts}), texts, preds, probs, split, held_out=held)


def cut(part, at):
    first = np.arange(len(part)) < at
    return [piece for piece in (part.take(first), part.take(~first)) if len(piece)]


def corpus_of(part, pieces):
    k = part.probs.shape[1]
    splits = () if part.split is None else ("train", "test")
    names = tuple(f"c{number}" for number in range(k))
    return LabeledCorpus("x", names, (), ("text",), {}, lambda: iter(pieces), CORPUS, splits)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), st.booleans(), st.integers(0, 30))
def test_every_row_is_taken_or_left_out_for_one_reason(seed, least, sample, at):
    part = part_of(seed)
    selection = Selection(least, sample, seed=3)
    whole, pieces = corpus_of(part, [part]), corpus_of(part, cut(part, at))
    survey = selection.survey(whole)
    assert survey.n_taken + sum(survey.left_out.values()) == survey.rows == len(part)
    again = selection.survey(pieces)
    assert (again.taken, again.left_out) == (survey.taken, survey.left_out), "parts decide nothing"
    assert again.confidence == pytest.approx(survey.confidence)
    rows = [row for piece in selection.of(pieces).parts() for row in piece.rows.tolist()]
    assert rows == sorted(set(rows)) and len(rows) == survey.n_taken
    taken = np.array(rows, dtype=int)
    assert (part.preds[taken] >= 0).all()
    if least:
        assert (part.probs[taken, part.preds[taken]] >= least).all()
    if part.held_out is not None:
        is_train = np.array([part.split is None or part.split[row] == "train" for row in rows], dtype=bool)
        assert not (part.held_out[taken] & is_train).any()
    labels = np.array([label for piece in selection.of(pieces).parts() for label in piece.preds.tolist()], dtype=int)
    assert (part.probs[taken, labels] > 0).all(), "no label is drawn that has no probability"
    assert len(next(iter(selection.of(whole, keep_unlabeled=True).parts()))) == len(part)
    kept = [label for piece in selection.of(pieces, draw=False).parts() for label in piece.preds.tolist()]
    assert kept == part.preds[taken].tolist()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_a_wrong_label_is_never_the_label(seed):
    part = part_of(seed)
    k = part.probs.shape[1]
    for row in np.flatnonzero(part.preds >= 0):
        wrong = wrong_label(part, row, k, seed)
        others = np.delete(part.probs[row], part.preds[row])
        assert wrong != part.preds[row] and 0 <= wrong < k
        assert part.probs[row, wrong] > 0 or others.sum() == 0
    assert drawn(part, seed).min() >= -1 and drawn(part, seed).max() < k
