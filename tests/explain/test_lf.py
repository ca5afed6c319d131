"""What a labeling function does: where it is alone, and against whom it votes."""

import json

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.corpus import read_corpus
from weaklabel.errors import LabelModelError, VoteError
from weaklabel.explain import explain_lf
from weaklabel.label_model import DawidSkene, MajorityVote, TextLabelModel
from weaklabel.lf.core import Reason
from weaklabel.votes import Votes

NAMES = tuple("abcdef")
VOTES = Votes(draw_votes(300, 6, 3)[0], NAMES, ("x", "y", "z"))
MODEL = DawidSkene(3).fit(VOTES)


@pytest.mark.parametrize("lf", NAMES)
def test_counts_and_examples_against_a_plain_count(lf):
    explanation = explain_lf(MODEL, VOTES, lf, n_examples=1000)
    place = NAMES.index(lf)
    others = VOTES.L.copy()
    others[:, place] = -1
    consensus, probs = MODEL.predict(others, return_probs=True)
    own = VOTES.L[:, place]
    assert explanation.votes == {name: (own == number).sum() for number, name in enumerate("xyz")}
    assert [row.row for row in explanation.alone] == np.flatnonzero((own >= 0) & (others < 0).all(axis=1)).tolist()
    assert all(row.consensus is None and row.probability is None for row in explanation.alone)
    disagree = np.flatnonzero((own >= 0) & (consensus >= 0) & (consensus != own))
    assert sorted(row.row for row in explanation.disagrees) == disagree.tolist()
    assert explanation.n_disagrees == len(disagree) == sum(explanation.against.values())
    assert explanation.n_agrees == ((own >= 0) & (consensus == own)).sum()
    sure = [row.probability for row in explanation.disagrees]
    assert sure == sorted(sure, reverse=True)
    for row in explanation.disagrees:
        assert (row.vote, row.consensus) == ("xyz"[own[row.row]], "xyz"[consensus[row.row]])
        assert row.probability == probs[row.row].max()
    assert explanation.est_accuracy == MODEL.lf_accuracies_[place]
    assert list(explanation.against.values()) == sorted(explanation.against.values(), reverse=True)
    json.dumps(explanation.to_dict(), allow_nan=False)


def test_the_table_shows_reasons_and_texts():
    votes = Votes(np.array([[0, 1, 1], [1, 1, -1], [0, -1, -1]], dtype=np.int8), "abc", ("ham", "spam"))
    why = {(0, 0): Reason("matches 'x'"), (2, 0): Reason("a\x1bb")}
    explanation = explain_lf(
        MajorityVote().fit(votes), votes, "a", why=lambda given: {row: why[row, vote] for row, vote in given.items()}
    )
    text = explanation.to_text(lambda row: f"text\n{row}")
    assert "a votes on 3 of 3 rows (2 ham, 1 spam)" in text
    assert "1 agree and 1 do not (1 x ham, not spam)" in text
    assert "matches 'x'" in text and "text 2" in text and "\x1b" not in text


def test_one_that_never_votes_and_an_unknown_one():
    votes = Votes(np.array([[0, -1], [1, -1]], dtype=np.int8), ["first", "second"], ("ham", "spam"))
    explanation = explain_lf(MajorityVote().fit(votes), votes, "second")
    assert explanation.est_accuracy is None and not explanation.votes
    assert explanation.to_text() == "second votes on none of 2 rows."
    with pytest.raises(VoteError, match=r"no labeling function is called 'secnd'.*'second'"):
        explain_lf(MajorityVote().fit(votes), votes, "secnd")


def test_texts_of_a_corpus_are_read_in_batches(monkeypatch):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["soup", "goal", "rain", "night", "friend"], 5)) for _ in range(200)]
    L = np.array(
        [[0 if "soup" in text else -1, 1 if "goal" in text else -1, -1 if "rain" in text else 0] for text in texts]
    )
    votes = Votes(L.astype(np.int8), "abc", ("food", "sport"))
    model = TextLabelModel(n_rounds=1).fit(votes, texts)
    whole = explain_lf(model, votes, "c", texts=texts)
    assert whole.n_agrees and whole.disagrees
    monkeypatch.setattr("weaklabel.corpus.text_batches.TEXTS_AT_ONCE", 30)
    corpus = read_corpus(texts)
    monkeypatch.setattr(corpus, "model_texts", None)  # no list of all texts
    in_batches = explain_lf(model, votes, "c", texts=corpus)
    assert in_batches.against == whole.against and in_batches.votes == whole.votes
    assert [row.row for row in in_batches.disagrees] == [row.row for row in whole.disagrees]
    with pytest.raises(LabelModelError, match="200 texts were given for 199 rows"):
        explain_lf(model, Votes(L[1:].astype(np.int8), "abc", votes.labels), "a", texts=corpus)


def test_votes_of_many_blocks_are_counted_as_those_of_one(monkeypatch):
    whole = [explain_lf(MODEL, VOTES, lf) for lf in NAMES]
    monkeypatch.setattr("weaklabel.labels.row_blocks.__defaults__", (11,))
    assert [explain_lf(MODEL, VOTES, lf) for lf in NAMES] == whole
