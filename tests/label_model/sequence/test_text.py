"""Votes and texts together: texts fill the silence of dictionaries, and decide where votes contradict each other."""

import json

import numpy as np
import pytest

from weaklabel.errors import LabelModelError
from weaklabel.label_model.sequence import AutoSpanModel, SpanTextModel, SpanVote, load_span_label_model
from weaklabel.label_model.sequence.base import SpanLabels
from weaklabel.label_model.sequence.proposals import conflict_share
from weaklabel.label_model.sequence.text import expected_f1
from weaklabel.units import Spans, find_words
from weaklabel.votes import SpanVotes

NAMES = [
    *("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Tony"),
    *("Frances", "Linus", "Margaret", "Dennis", "Karen", "Ken", "Shafi", "Leslie"),
]
CITIES = [
    *("London", "Paris", "Berlin", "Madrid", "Vienna", "Warsaw", "Prague", "Dublin"),
    *("Oslo", "Rome", "Athens", "Lisbon", "Zurich", "Milan", "Turin", "Geneva"),
]
TEXTS = [f"Yesterday {name} travelled to {city} by train." for name in NAMES for city in CITIES[::2]] + [
    f"In {city} we had lunch with {name} and talked." for name in NAMES for city in CITIES[1::2]
]
LABELS = ["PER", "LOC"]


def marked(known, label):
    """What a gazetteer marks in the texts."""
    words = find_words(TEXTS)
    spelled = words.texts(TEXTS)
    rows = [
        [(place, place + 1, label) for place in range(last - first) if spelled[first + place] in known]
        for first, last in zip(words.offsets[:-1], words.offsets[1:], strict=True)
    ]
    return Spans.of_rows(rows)


def votes_of(lfs):
    words = find_words(TEXTS)
    names = [f"lf{number}" for number in range(len(lfs))]
    return SpanVotes.of(lfs, words.offsets, names, LABELS, words=words)


GOLD = set(marked(set(NAMES), 0).keys().tolist()) | set(marked(set(CITIES), 1).keys().tolist())


def f1(spans):
    right = len(GOLD & set(spans.keys().tolist()))
    return 2 * right / (len(GOLD) + len(spans))


@pytest.fixture(scope="module")
def dictionaries():
    return votes_of([marked(set(NAMES[:10]), 0), marked(set(CITIES[:12]), 1)])


@pytest.fixture(scope="module")
def fitted(dictionaries):
    return AutoSpanModel().fit(dictionaries, TEXTS)


def test_texts_find_what_dictionaries_do_not_know(dictionaries, fitted):
    by_votes, labels = SpanVote().predict(dictionaries), fitted.predict(dictionaries, TEXTS)
    assert set(by_votes.spans.keys().tolist()) <= set(labels.spans.keys().tolist())  # votes stand
    assert f1(labels.spans) > f1(by_votes.spans) + 0.05
    assert "votes stand and texts fill the silence" in fitted.describe()
    assert fitted.chosen_.conflict_share_ == 0


def test_probabilities(dictionaries, fitted):
    labels = fitted.predict(dictionaries, TEXTS)
    assert labels.word_probs.shape == (len(find_words(TEXTS)), 3) and np.allclose(labels.word_probs.sum(axis=1), 1)
    assert ((labels.probs >= 0) & (labels.probs <= 1)).all()


def test_probabilities_of_what_stands_are_those_of_the_votes(dictionaries, fitted):
    by_votes, labels = SpanVote().fit(dictionaries).predict(dictionaries), fitted.predict(dictionaries, TEXTS)
    probs = dict(zip(labels.spans.keys().tolist(), labels.probs.tolist(), strict=True))
    assert [probs[key] for key in by_votes.spans.keys().tolist()] == by_votes.probs.tolist()


def test_texts_add_less_where_labeling_functions_leave_little():
    cities = marked(set(CITIES), 1)
    apart = votes_of([marked(set(NAMES[:8]), 0), marked(set(NAMES[7:11]), 0), cities])
    alike = votes_of([marked(set(NAMES[:11]), 0), marked(set(NAMES[1:11]), 0), cities])
    models = [SpanTextModel().fit(votes, TEXTS) for votes in (apart, alike)]
    assert models[0].coverage_[0] == 0.5 and models[1].coverage_[0] == 0.95
    n_names = [
        int((model.predict(votes, TEXTS).spans.label == 0).sum())
        for model, votes in zip(models, (apart, alike), strict=True)
    ]
    assert n_names[0] > n_names[1] >= len(marked(set(NAMES[:11]), 0))


def test_the_threshold_is_half_of_the_expected_f1(fitted):
    assert 0.25 < fitted.chosen_.threshold_ <= 0.5
    by_votes = SpanLabels(Spans.of_rows([[(0, 1, 0), (2, 3, 1)]]), np.array([0.8, 0.6]))
    labels = SpanLabels(Spans.of_rows([[(0, 1, 0), (2, 3, 1), (5, 6, 1)]]), np.array([0.8, 0.6, 0.5]))
    # 1.9 of 3 are right, and there are 1 entity of the first label and 1.2 of the second in all.
    assert expected_f1(labels, by_votes, np.array([0.8, 0.5])) == pytest.approx(2 * 1.9 / (3 + 1.0 + 1.2))


def test_where_votes_contradict_each_other_they_are_evidence():
    wrong = [marked({name}, 1) for name in NAMES[:8]]
    rows = [[span for lf in wrong for span in lf.of_row(row)] for row in range(len(TEXTS))]
    votes = votes_of([marked(set(NAMES), 0), Spans.of_rows(rows), marked(set(CITIES), 1)])
    model = SpanTextModel().fit(votes, TEXTS)
    assert conflict_share(votes.runs()) == model.conflict_share_ == 0.25
    assert model.vote_weight_ == pytest.approx(np.log(3))
    assert "texts decide" in model.describe()


def test_without_texts_votes_alone_answer(dictionaries, fitted):
    by_votes = SpanVote().fit(dictionaries).predict(dictionaries)
    alone = AutoSpanModel().fit(dictionaries.runs().without_places())
    assert "texts are not read" in alone.describe()
    for labels in (alone.predict(dictionaries), alone.predict(dictionaries, TEXTS), fitted.predict(dictionaries)):
        assert (labels.spans.keys() == by_votes.spans.keys()).all() and (labels.probs == by_votes.probs).all()


def test_a_saved_model_answers_as_before_and_a_fit_is_the_same_again(dictionaries, fitted, tmp_path):
    fitted.save(tmp_path)
    again = load_span_label_model(tmp_path)
    refitted = AutoSpanModel().fit(dictionaries, TEXTS)
    one = fitted.predict(dictionaries, TEXTS)
    for model in (again, refitted):
        other = model.predict(dictionaries, TEXTS)
        assert (one.spans.keys() == other.spans.keys()).all() and (one.probs == other.probs).all()
        assert (one.word_probs == other.word_probs).all() and model.describe() == fitted.describe()


def test_a_model_saved_before_coverage_was_estimated_is_read(fitted, tmp_path):
    saved = fitted.to_saved()
    for name in ("coverage", "threshold"):
        del saved["state"]["chosen"]["state"][name]
    fitted.save(tmp_path / "new.json")
    version = json.loads((tmp_path / "new.json").read_text())
    (tmp_path / "old.json").write_text(json.dumps(version | saved))
    model = load_span_label_model(tmp_path / "old.json").chosen_
    assert model.coverage_.tolist() == [0.5, 0.5] and model.threshold_ == 0.5
    version["state"]["chosen"]["state"]["threshold"] = 2
    (tmp_path / "new.json").write_text(json.dumps(version))
    with pytest.raises(LabelModelError, match="threshold"):
        load_span_label_model(tmp_path / "new.json")


def test_texts_without_votes_and_without_words():
    texts = ["", "nothing here", " "]
    votes = SpanVotes.of([Spans.of_rows([[], [], []])], [0, 0, 2, 2], ["lf"], ["PER"])
    model = AutoSpanModel().fit(votes, texts)
    assert len(model.predict(votes, texts)) == 0
    assert "majority vote on spans" in model.describe()


def test_wrong_texts_are_refused(dictionaries, fitted):
    with pytest.raises(LabelModelError, match="row"):
        fitted.predict(dictionaries, [*TEXTS[:-1], "another text"], words=find_words([*TEXTS[:-1], "another text"]))
    with pytest.raises(LabelModelError, match="runs do not say"):
        AutoSpanModel().fit(dictionaries.runs(), TEXTS)
    with pytest.raises(LabelModelError, match="n_networks"):
        SpanTextModel(n_networks=0).fit(dictionaries, TEXTS)
