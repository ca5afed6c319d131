"""Scores of spans: equal to seqeval's in both modes, whatever the tags, and intervals that hold what they should."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from seqeval.metrics import classification_report, f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from weaklabel.errors import ScoreError
from weaklabel.scoring.spans import score_spans
from weaklabel.units.spans import Spans, spans_of_tags, tag_names

LABELS = ["PER", "LOC"]
NAMES = tag_names(LABELS)
TEXTS = st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8), min_size=1, max_size=6)


def both(texts):
    """Return gold and predicted tags, as names for each text, and as numbers with offsets."""
    offsets = np.cumsum([0, *map(len, texts)])
    columns = [[pair[side] for text in texts for pair in text] for side in (0, 1)]
    names = [[[NAMES[pair[side]] for pair in text] for text in texts] for side in (0, 1)]
    return names, columns, offsets


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scheme", ["default", "strict"])
@given(texts=TEXTS)
@settings(max_examples=60, deadline=None)
def test_scores_are_those_of_seqeval(scheme, texts):
    (gold, predicted), columns, offsets = both(texts)
    options = {"mode": "strict", "scheme": IOB2} if scheme == "strict" else {}
    scores = score_spans(*(spans_of_tags(tags, offsets, scheme) for tags in columns), LABELS, intervals=0)
    if scores.n_gold + scores.n_predicted:  # where there are none, seqeval's strict mode raises
        assert scores.precision == pytest.approx(precision_score(gold, predicted, zero_division=0, **options))
        assert scores.recall == pytest.approx(recall_score(gold, predicted, zero_division=0, **options))
        assert scores.f1 == pytest.approx(f1_score(gold, predicted, zero_division=0, **options))
        report = classification_report(gold, predicted, output_dict=True, zero_division=0, **options)
        assert scores.macro_f1 == pytest.approx(report["macro avg"]["f1-score"])
        for each in scores.per_label:
            theirs = report.get(each.label, {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
            assert (each.precision, each.recall, each.f1, each.support) == pytest.approx(tuple(theirs.values()))


def test_where_it_goes_wrong():
    gold = Spans.of_rows([[(0, 2, 0), (3, 5, 1), (6, 8, 0)], [(0, 4, 1), (5, 6, 0)]])
    predicted = Spans.of_rows([[(0, 2, 0), (3, 5, 0), (6, 7, 0)], [(0, 3, 0), (8, 9, 1)]])
    scores = score_spans(gold, predicted, LABELS)
    errors = {"right": 1, "type": 1, "boundary": 1, "type and boundary": 1, "missed": 1, "spurious": 1}
    assert scores.errors == errors
    assert "gold spans" in str(scores) and "missed 1" in str(scores)


def test_intervals_hold_the_score_and_have_a_width_where_all_is_right():
    rng = np.random.default_rng(0)
    gold = Spans.of_rows([[(0, 2, int(rng.integers(2)))] for _ in range(200)])
    predicted = gold.take(rng.random(200) < 0.7)
    scores = score_spans(gold, predicted, LABELS)
    low, high = scores.intervals["recall"]
    assert low < scores.recall < high and 0.08 < high - low < 0.2
    assert scores.precision == 1 and scores.intervals["precision"][0] < 1
    again = score_spans(gold, predicted, LABELS)
    assert again == scores


def test_spans_of_other_texts_and_of_unknown_labels_are_refused():
    one, two = Spans.of_rows([[(0, 1, 0)]]), Spans.of_rows([[], []])
    with pytest.raises(ScoreError, match="of 1 texts, and predicted spans of 2"):
        score_spans(one, two, LABELS)
    with pytest.raises(ScoreError, match="label 2, but only 2"):
        score_spans(one, Spans.of_rows([[(0, 1, 2)]]), LABELS)


def test_no_spans_at_all():
    none = Spans.of_rows([[], []])
    assert score_spans(none, none, LABELS).f1 == 0
    assert score_spans(Spans.of_rows([]), Spans.of_rows([]), LABELS).n == 0
