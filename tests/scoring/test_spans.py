"""Scores of spans: equal to seqeval's in both modes, whatever the tags, and intervals that hold what they should."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from seqeval.metrics import classification_report, f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from weaklabel.errors import ScoreError
from weaklabel.scoring import SpanScores, paired_span_difference, score_spans, score_tags
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
        for average in ("macro", "weighted"):
            ours = [getattr(scores, f"{average}_{name}") for name in ("precision", "recall", "f1")]
            assert ours == pytest.approx(list(report[f"{average} avg"].values())[:3])
        for each in scores.per_label:
            theirs = report.get(each.label, {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
            assert (each.precision, each.recall, each.f1, each.support) == pytest.approx(tuple(theirs.values()))


MALFORMED = [*NAMES, "E-PER", "S-PER", "E-LOC", "S-LOC", "B-new-kind", "I-new-kind", "B", "I", "E", "S"]
MALFORMED_IOB = [tag for tag in MALFORMED if tag[0] in "BIO"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scheme", ["default", "strict"])
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_malformed_tags_are_scored_as_by_seqeval(scheme, data):
    tag = st.sampled_from(MALFORMED if scheme == "default" else MALFORMED_IOB)
    texts = data.draw(st.lists(st.lists(st.tuples(tag, tag), max_size=8), min_size=1, max_size=4))
    gold, predicted = ([[pair[side] for pair in text] for text in texts] for side in (0, 1))
    scores = score_tags(gold, predicted, scheme=scheme, intervals=0)
    if scores.n_gold + scores.n_predicted:
        options = {"mode": "strict", "scheme": IOB2} if scheme == "strict" else {}
        report = classification_report(gold, predicted, output_dict=True, zero_division=0, **options)
        for each in scores.per_label:
            expected = report.get(each.label, {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
            assert (each.precision, each.recall, each.f1, each.support) == pytest.approx(tuple(expected.values()))
        assert (scores.f1, scores.macro_f1) == pytest.approx(
            [report[f"{average} avg"]["f1-score"] for average in ("micro", "macro")]
        )


def test_tags_that_do_not_fit_are_refused():
    with pytest.raises(ScoreError, match="text 1: gold has 1 tags, and predictions have 2"):
        score_tags([["O"], ["O"]], [["O"], ["O", "O"]])
    with pytest.raises(ScoreError, match="tags of 1 texts, and predictions of 0"):
        score_tags([["O"]], [])
    with pytest.raises(ScoreError, match="text 0, word 1: tag 'X-PER': a tag is O, or B-"):
        score_tags([["O", "X-PER"]], [["O", "O"]])
    with pytest.raises(ScoreError, match=r"tag 'S-PER'.*scheme='default'"):
        score_tags([["S-PER"]], [["O"]], scheme="strict")
    with pytest.raises(ScoreError, match="none of PER, LOC"):
        score_tags([["B-ORG"]], [["O"]], LABELS)


ROWS = st.lists(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5), st.integers(0, 1)), max_size=6), min_size=1, max_size=4
)


def rows_of(drawn, n):
    return Spans.of_rows([[(begin, begin + size, label) for begin, size, label in row] for row in (drawn * n)[:n]])


@given(ROWS, ROWS)
@settings(max_examples=80, deadline=None)
def test_errors_are_those_of_a_search_over_all_pairs(gold_rows, predicted_rows):
    gold, predicted = (rows_of(rows, 4) for rows in (gold_rows, predicted_rows))
    kinds = dict.fromkeys(("right", "type", "boundary", "type and boundary", "missed", "spurious"), 0)
    for row in range(4):
        ours, theirs = gold.of_row(row), predicted.of_row(row)
        for begin, end, label in ours:
            over = [span for span in theirs if span[0] < end and begin < span[1]]
            kinds[
                "right"
                if (begin, end, label) in theirs
                else "missed"
                if not over
                else "type"
                if any(span[:2] == (begin, end) for span in over)
                else "boundary"
                if any(span[2] == label for span in over)
                else "type and boundary"
            ] += 1
        kinds["spurious"] += sum(not any(b < end and begin < e for b, e, _ in ours) for begin, end, _ in theirs)
    scores = score_spans(gold, predicted, LABELS, intervals=0)
    assert scores.errors == kinds
    assert {kind: sum(each[kind] for each in scores.label_errors) for kind in kinds} == kinds
    assert sum(map(sum, scores.confusion[:2])) >= len(gold)


def test_confusion_of_labels_at_the_same_places():
    gold = Spans.of_rows([[(0, 2, 0), (3, 5, 1), (6, 8, 0)]])
    predicted = Spans.of_rows([[(0, 2, 0), (3, 5, 0), (9, 10, 1)]])
    assert score_spans(gold, predicted, LABELS, intervals=0).confusion == ((1, 0, 1), (1, 0, 0), (0, 1, 0))


def test_scores_as_json_text_and_html():
    labels = ["<b>PER", "LOC\x1b[31m"]
    gold = Spans.of_rows([[(0, 2, 0), (3, 5, 1)], [(1, 2, 0)]])
    scores = score_spans(gold, gold.take([0, 2]), labels, probs=[0.9, np.nan], intervals=20)
    assert SpanScores.from_dict(scores.to_dict()) == scores
    assert scores.brier == pytest.approx(0.01) and scores.calibration_error == pytest.approx(0.1)
    page = scores._repr_html_()
    assert "&lt;b&gt;PER" in page and "<b>" not in page and "\x1b" not in page + str(scores)
    assert "95% [" in str(scores) and "Brier 0.010" in str(scores)
    with pytest.raises(ScoreError, match="missing or unknown field 'kappa'"):
        SpanScores.from_dict(scores.to_dict() | {"kappa": 1})


def test_probabilities_that_are_none():
    gold = Spans.of_rows([[(0, 2, 0), (3, 5, 1)]])
    assert score_spans(gold, gold, LABELS, probs=[np.nan, np.nan], intervals=0).brier is None
    with pytest.raises(ScoreError, match=r"1.5 is not a probability"):
        score_spans(gold, gold, LABELS, probs=[0.5, 1.5])
    with pytest.raises(ScoreError, match="shape"):
        score_spans(gold, gold, LABELS, probs=[0.5])


def test_paired_difference_is_narrower_than_both_intervals():
    rng = np.random.default_rng(1)
    gold = Spans.of_rows([[(0, 2, int(rng.integers(2)))] for _ in range(300)])
    worse = gold.take(rng.random(300) < 0.6)
    better = gold.take(np.isin(gold.row, worse.row) | (rng.random(300) < 0.2))
    result = paired_span_difference(gold, better, worse, LABELS, "recall")
    assert result.difference == pytest.approx((len(better) - len(worse)) / 300)
    low, high = score_spans(gold, better, LABELS).intervals["recall"]
    assert 0 < result.low < result.difference < result.high and result.high - result.low < high - low
    assert paired_span_difference(gold, worse, better, LABELS, "recall").difference == -result.difference
    same = paired_span_difference(gold, worse, worse, LABELS, "macro_f1")
    assert (same.low, same.difference, same.high) == (0, 0, 0)


def test_paired_differences_that_cannot_be():
    gold, empty = Spans.of_rows([[(0, 1, 0)]]), Spans.of_rows([])
    with pytest.raises(ScoreError, match=r"unknown metric 'macro-f1' .did you mean 'macro_f1'"):
        paired_span_difference(gold, gold, gold, LABELS, "macro-f1")
    with pytest.raises(ScoreError, match="no texts"):
        paired_span_difference(empty, empty, empty, LABELS)
    with pytest.raises(ScoreError, match="1 or more"):
        paired_span_difference(gold, gold, gold, LABELS, intervals=0)


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
