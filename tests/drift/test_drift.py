"""Drift is found where there is some, and false alarms are as rare as promised."""

import numpy as np
import pytest

from weaklabel.drift import compare_texts, find_drift
from weaklabel.drift.compare import holm
from weaklabel.errors import VoteError
from weaklabel.label_model.majority import MajorityVote
from weaklabel.votes import Problem, Problems, Votes, vote_patterns

LFS = [f"lf{number}" for number in range(8)]
WORDS = [f"word{number}" for number in range(60)]


def drawn(rng, n, *, coverage=0.3, wrong=0.2, silent=(), words=WORDS):
    """Votes of eight labeling functions, and texts of six words, where a tenth of the texts are copies."""
    y = rng.integers(0, 2, n)
    L = np.where(rng.random((n, 8)) < wrong, 1 - y[:, None], y[:, None])
    L[rng.random((n, 8)) > coverage] = -1
    L[:, list(silent)] = -1
    texts = [" ".join(rng.choice(words, 6)) for _ in range(n)]
    copies = rng.random(n) < 0.1
    return L, ["the same text again and again" if copy else text for text, copy in zip(texts, copies, strict=True)]


def compared(old, new, problems=None, **how):
    model = MajorityVote(2)
    both = vote_patterns(np.concatenate([old[0], new[0]]))
    model.fit(both)
    _, probs = model.predict(both, return_probs=True)
    n = len(old[0])
    votes = [Votes(old[0], LFS, ("ham", "spam")), Votes(new[0], LFS, ("ham", "spam"), problems or {})]
    return find_drift(*votes, (old[1], new[1]), (probs[:n], probs[n:]), **how)


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(0)
    alarms = [compared(drawn(rng, 200), drawn(rng, 120), alpha=0.2, seed=seed).found for seed in range(60)]
    # At most 20% are promised: more than 21 of 60 happen with a probability below 0.5%.
    assert sum(alarms) <= 21


def test_the_test_of_texts_is_calibrated_and_not_idle():
    rng = np.random.default_rng(1)
    p = np.array([compare_texts(drawn(rng, 200)[1], drawn(rng, 150)[1], seed=seed).p for seed in range(100)])
    # A binomial count with probability 0.2: outside of these bounds with a probability below 0.5%.
    assert 9 <= (p <= 0.2).sum() <= 33


def test_new_words_are_found_and_named():
    rng = np.random.default_rng(2)
    drift = compared(drawn(rng, 400), drawn(rng, 400, words=[*WORDS, *["crypto"] * 10]))
    assert [change.what for change in drift.changes if change.has_changed] == ["texts"]
    assert drift.texts.more[0] == "crypto"
    assert "crypto" in drift.to_text()


def test_labeling_functions_that_broke_are_named():
    rng = np.random.default_rng(3)
    old, new = drawn(rng, 1000), drawn(rng, 1000, silent=[2])
    new[0][:, 5] = np.where(new[0][:, 5] == -1, -1, 1 - new[0][:, 5])
    problems = {"lf7": Problems(100, (Problem(0, "KeyError"),))}
    drift = compared(old, new, problems)
    assert set(drift.broken) >= {"lf2", "lf5", "lf7"}
    assert "does not vote any more" in drift.broken["lf2"]
    assert "contradicts" in drift.broken["lf5"]
    assert "fails on 10.0%" in drift.broken["lf7"]


def test_a_shift_of_classes_and_of_confidence_is_found():
    rng = np.random.default_rng(4)
    drift = compared(drawn(rng, 800), drawn(rng, 800, wrong=0.45))
    changed = {change.name for change in drift.changes if change.has_changed}
    assert {"confidence", "rows with conflict"} <= changed
    assert "texts" not in changed


def test_copies_of_a_text_are_no_drift():
    rng = np.random.default_rng(5)
    texts = drawn(rng, 200)[1]
    assert compare_texts(texts, [*texts, *texts]).p > 0.05


@pytest.mark.parametrize(
    ("old", "new"), [([], []), (["one text"], ["one text"]), (["a"] * 50, ["..."] * 50), ([""] * 9, [""] * 9)]
)
def test_too_few_texts_are_no_alarm(old, new):
    assert compare_texts(old, new).p > 0.05


def test_no_rows_are_no_alarm():
    nothing = np.empty((0, 8), dtype=np.int8), []
    assert not compared(drawn(np.random.default_rng(6), 50), nothing).found
    assert not compared(nothing, nothing).found


def test_holm_is_never_smaller_than_given_and_keeps_the_order():
    rng = np.random.default_rng(7)
    p = rng.random(20) ** 3
    corrected = np.array(holm(p))
    assert (corrected >= p).all() and corrected.max() <= 1
    assert (np.diff(corrected[np.argsort(p)]) >= 0).all()


def test_votes_of_other_labeling_functions_are_refused():
    votes = Votes(np.zeros((2, 1), np.int8), ["a"], ("ham", "spam"))
    other = Votes(np.zeros((2, 1), np.int8), ["b"], ("ham", "spam"))
    probs = np.full((2, 2), 0.5)
    with pytest.raises(VoteError, match="apply one pack to both"):
        find_drift(votes, other, (["x"] * 2, ["y"] * 2), (probs, probs))
    with pytest.raises(VoteError, match="with 1 texts"):
        find_drift(votes, votes, (["x"], ["y"] * 2), (probs, probs))
    with pytest.raises(VoteError, match="alpha"):
        find_drift(votes, votes, (["x"] * 2, ["y"] * 2), (probs, probs), alpha=0)
