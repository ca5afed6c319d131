"""The hidden Markov model and the weighted vote on spans: what both promise, and what each learns."""

import json
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import LabelModelError
from weaklabel.label_model.sequence import SpanVote, load_span_label_model, make_span_label_model
from weaklabel.label_model.sequence.hmm import SpanHMM
from weaklabel.label_model.sequence.weighted import WeightedSpanVote
from weaklabel.units import Spans
from weaklabel.votes import SpanVotes
from weaklabel.votes.spans import Runs, merge_runs

MODELS = pytest.mark.parametrize("name", ["hmm", "weighted"])
N_WORDS = 6
SPAN = st.integers(0, N_WORDS - 1).flatmap(
    lambda begin: st.tuples(st.just(begin), st.integers(begin + 1, N_WORDS), st.integers(0, 2))
)
ROWS = st.lists(st.lists(SPAN, max_size=3), min_size=4, max_size=4)
LFS = st.lists(ROWS, min_size=1, max_size=4)
ENT = (("ENT", (0, 1)),)


def votes(lfs, *, complete=None, against=None):
    """Labels PER, ORG, and ENT (2), which stands for both; six words a row."""
    spans = [Spans.of_rows(lf) for lf in lfs]
    n_rows = spans[0].n_rows
    return SpanVotes.of(
        spans,
        [N_WORDS * row for row in range(n_rows + 1)],
        [f"lf{number}" for number in range(len(lfs))],
        ["PER", "ORG"],
        inner=ENT,
        complete=complete,
        negatives=against and [Spans.of_rows(rows) for rows in against],
    )


def check(labels, n_words):
    probs, word_probs = labels.probs, labels.word_probs
    assert ((probs >= 0) & (probs <= 1)).all() and ((word_probs >= 0) & (word_probs <= 1)).all()
    assert word_probs.shape == (n_words, 3) and np.allclose(word_probs.sum(axis=1), 1)
    spans = labels.spans
    same_row = spans.row[1:] == spans.row[:-1]
    assert (spans.end > spans.begin).all() and (spans.begin[1:] >= spans.end[:-1])[same_row].all()
    assert ((spans.label >= 0) & (spans.label < 2)).all()


def equal(one, other):
    return (
        (one.spans.keys() == other.spans.keys()).all()
        and (one.probs == other.probs).all()
        and (one.word_probs == other.word_probs).all()
    )


@MODELS
@given(lfs=LFS, data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_votes_give_spans_that_do_not_overlap_and_probabilities(name, lfs, data):
    against = [[[(begin, end, 0) for begin, end, _ in row[:1]] for row in data.draw(ROWS)] for _ in lfs]
    complete = data.draw(st.lists(st.booleans(), min_size=len(lfs), max_size=len(lfs)))
    given_votes = votes(lfs, complete=complete, against=against)
    check(make_span_label_model(name).fit(given_votes).predict(given_votes), 4 * N_WORDS)


@MODELS
@given(lfs=LFS, cut=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_parts_of_a_corpus_give_the_same_as_the_whole(name, lfs, cut):
    whole = votes(lfs, complete=[True] * len(lfs))
    parts = [votes([rows[some] for rows in lfs]).runs() for some in (slice(cut, None), slice(cut))]
    merged = replace(merge_runs(parts), complete=whole.complete)
    one, other = (make_span_label_model(name).fit(runs).predict(whole) for runs in (whole, merged))
    assert equal(one, other)


@MODELS
def test_a_saved_model_answers_as_before(name, tmp_path):
    lfs = [[[(0, 2, 0)], [(1, 3, 1)], [(0, 1, 2)]], [[(1, 3, 0)], [(1, 3, 1)], [(0, 2, 0), (4, 5, 2)]]]
    given_votes = votes(lfs, complete=[True, False])
    model = make_span_label_model(name).fit(given_votes)
    model.save(tmp_path)
    again = load_span_label_model(tmp_path)
    assert type(again) is type(model) and again.describe() == model.describe()
    assert equal(model.predict(given_votes), again.predict(given_votes))
    with pytest.raises(LabelModelError, match="not fitted"):
        make_span_label_model(name).predict(given_votes)
    saved = model.to_saved()
    saved["lf_names"] = ["lf0"]
    (tmp_path / "label_model.json").write_text(json.dumps(saved))
    with pytest.raises(LabelModelError, match="damaged"):
        load_span_label_model(tmp_path)


@MODELS
def test_texts_without_votes_one_labeling_function_and_none(name):
    silent = votes([[[], []]])
    alone = votes([[[(0, 2, 0)], [(1, 2, 1), (4, 6, 0)]]])
    assert len(make_span_label_model(name).fit(silent).predict(alone)) == 3
    model = make_span_label_model(name).fit(alone)
    assert len(model.predict(silent)) == 0
    assert (model.predict(alone).spans.keys() == SpanVote().predict(alone).spans.keys()).all()
    nobody = SpanVotes.of([], [0, 3], [], ["PER"])
    assert len(make_span_label_model(name).fit(nobody).predict(nobody)) == 0


@MODELS
def test_runs_in_which_all_are_silent_have_no_span(name):
    tags = np.zeros((5, 2), dtype=np.int16)
    runs = Runs(np.array([0, 2, 5]), tags, np.array([3, 1]), ("one", "two"), ("PER", "ORG"))
    labels = make_span_label_model(name).fit(runs).label_runs(runs)
    assert len(labels.run) == 0 and (labels.word_probs[:, 0] > 0.2).all()


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (SpanHMM(max_steps=0), "max_steps"),
        (SpanHMM(vote_weight=-1), "vote_weight"),
        (WeightedSpanVote(prior_votes=0), "prior_votes"),
        (WeightedSpanVote(prior_share=1), "prior_share"),
        (WeightedSpanVote(n_rounds=0), "n_rounds"),
    ],
)
def test_wrong_parameters_are_refused(model, match):
    with pytest.raises(LabelModelError, match=match):
        model.fit(votes([[[(0, 1, 0)]]]))


def noisy(accuracies, n_rows, seed=0):
    """Labeling functions that mark the name of each row, of the right label as often as said; the right labels."""
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 2, n_rows)
    lfs = [
        [[(1, 3, int(label if rng.random() < accuracy else 1 - label))] for label in right] for accuracy in accuracies
    ]
    return lfs, right


@MODELS
def test_a_labeling_function_that_others_agree_with_outvotes_two_that_nobody_agrees_with(name):
    lfs, right = noisy([0.95, 0.9, 0.9, 0.5, 0.5, 0.5], 600)
    given_votes = votes(lfs)
    labels = make_span_label_model(name).fit(given_votes).predict(given_votes)
    by_count = SpanVote().predict(given_votes)
    assert np.mean(labels.spans.label == right) > np.mean(by_count.spans.label == right) + 0.02


def test_labeling_functions_that_nobody_overlaps_weigh_as_much_as_an_average_one():
    rows = 40
    with_others = [[(0, 2, 0)]] * rows
    wrong = [[(1, 2, 1)]] * rows
    model = WeightedSpanVote().fit(votes([with_others, with_others, wrong, [[(4, 5, 1)]] * rows]))
    assert model.weights_[0, 0] == model.weights_[1, 0] > 1 > model.weights_[2, 1]
    assert model.weights_[3] == pytest.approx([1, 1, 1])


def test_a_vote_for_an_inner_label_is_evidence_for_all_its_leaves():
    generic, person, company = [[(0, 2, 2)]] * 9, [[(0, 2, 0)]] * 4 + [[]] * 5, [[]] * 6 + [[(0, 2, 1)]] * 3
    given_votes = votes([generic, person, company])
    model = SpanHMM().fit(given_votes)
    labels = model.predict(given_votes)
    assert labels.spans.label.tolist() == [0] * 6 + [1] * 3
    inner_begin = 2 + 2 * 2
    assert model.emissions_[0, 1, inner_begin] == pytest.approx(model.emissions_[0, 3, inner_begin], rel=0.05)


def test_votes_that_there_is_no_entity_make_it_less_probable():
    mark, nothing = [[(1, 3, 0)]] * 8, [[]] * 8
    against = [nothing, [[(1, 3, 0)]] * 4 + [[]] * 4, [[(1, 3, 0)]] * 2 + [[]] * 6]
    given_votes = votes([mark, nothing, nothing], against=against)
    word_probs = SpanHMM().fit(given_votes).predict(given_votes).word_probs.reshape(8, N_WORDS, 3)
    assert word_probs[0, 1, 0] > word_probs[2, 1, 0] > word_probs[7, 1, 0]
    assert word_probs[0, 1, 0] > 0.5 > word_probs[7, 1, 0]


def test_only_the_silence_of_a_complete_labeling_function_counts():
    rows = 60
    tagger = [[(0, 2, 0)]] * 40 + [[]] * 20
    first, second = [[(0, 2, 0)]] * 30 + [[]] * 10 + [[(0, 2, 0)]] * 20, [[(0, 2, 0)]] * 40 + [[]] * 20
    chances = []
    for complete in (False, True):
        given_votes = votes([tagger, first, second], complete=[complete, False, False])
        model = SpanHMM().fit(given_votes)
        assert (model.silence_weights_[1:] == 0).all() and (model.silence_weights_[0] > 0) == complete
        word_probs = model.predict(given_votes).word_probs.reshape(rows, N_WORDS, 3)
        chances.append(word_probs[-1, 0, 0])
    assert chances[1] > chances[0]


def test_touching_spans_of_one_label_are_one_and_long_runs_do_not_underflow():
    pieces = [[(0, 2, 0), (2, 3, 0)]] * 5
    assert SpanHMM().fit(votes([pieces])).predict(votes([pieces])).spans.of_row(0) == [(0, 3, 0)]
    n = 5000
    spans = Spans.of_rows([[(0, n, 0)]])
    long = SpanVotes.of([spans] * 3, [0, n], ["a", "b", "c"], ["PER"])
    labels = SpanHMM().fit(long).predict(long)
    assert labels.spans.of_row(0) == [(0, n, 0)] and np.isfinite(labels.word_probs).all()
    assert 0 <= labels.probs[0] <= 1


@given(LFS)
@settings(max_examples=30, deadline=None)
def test_probabilities_are_those_of_all_tags_counted_out(lfs):
    """Against a sum over all paths of tags, for runs of up to four words."""
    given_votes = votes(lfs)
    model = SpanHMM().fit(given_votes)
    runs = given_votes.runs()
    labels = model.label_runs(runs)
    log_emissions = np.log(model.emissions_)
    log_emissions[:, :, 1] *= model.silence_weights_[:, None]
    for run in range(len(runs)):
        tags = runs.of_run(run)
        if len(tags) > 4:
            continue
        total, of_words, of_spans = 0.0, np.zeros((len(tags), 3)), {}
        leaves = ((0,), (1,), (0, 1))
        possible = [{leaf for tag in word if tag > 0 for leaf in leaves[(tag - 1) // 2]} for word in tags.tolist()]
        for path in product(range(5), repeat=len(tags)):
            label_of = [0 if tag == 0 else 1 + (tag - 1) // 2 for tag in path]
            if any(tag and label - 1 not in some for tag, label, some in zip(path, label_of, possible, strict=True)):
                continue
            p = model.start_[path[0]] * np.prod([model.transitions_[move] for move in pairwise(path)])
            for word, tag in enumerate(path):
                p *= np.exp(sum(log_emissions[lf, tag, tags[word, lf] + 1] for lf in range(runs.m)))
            total += p
            for word, label in enumerate(label_of):
                of_words[word, label] += p
            begin = None
            for place, tag in enumerate((*path, 0)):
                if begin is not None and (tag == 0 or tag % 2 == 1):
                    span = (begin, place, label_of[begin] - 1)
                    of_spans[span] = of_spans.get(span, 0) + p
                    begin = None
                if tag % 2 == 1:
                    begin = place
        some = slice(runs.offsets[run], runs.offsets[run + 1])
        assert np.allclose(labels.word_probs[some], of_words / total, atol=1e-6)
        for place in np.flatnonzero(labels.run == run).tolist():
            span = (int(labels.begin[place]), int(labels.end[place]), int(labels.label[place]))
            assert labels.prob[place] == pytest.approx(of_spans[span] / total, abs=1e-6)
