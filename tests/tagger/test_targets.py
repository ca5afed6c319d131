import numpy as np
import pytest

from weaklabel.errors import ClassifierError, WeakLabelWarning
from weaklabel.label_model.sequence import SpanLabels
from weaklabel.tagger.targets import span_names, word_targets
from weaklabel.units import Spans, find_words

TEXTS = ["Ada Lovelace left.", "", "New York"]
WORDS = find_words(TEXTS)


def test_spans_in_code_points_are_tags_of_words():
    targets = word_targets(3, [[(0, 12, "PER")], [], [(0, 3, "LOC"), (4, 8, "LOC")]], WORDS, ("LOC", "PER"))
    assert targets.tags.argmax(axis=1).tolist() == [3, 4, 0, 0, 1, 1]
    assert targets.weights.tolist() == [1] * 6
    np.testing.assert_allclose(targets.shares(), [2 / 6, 2 / 6, 2 / 6])


def test_a_span_that_cuts_a_word_takes_all_of_it_and_is_told():
    with pytest.warns(WeakLabelWarning, match="1 of 1 spans begin or end within a word"):
        targets = word_targets(3, Spans.of_rows([[(0, 6, 0)], [], []]), WORDS, ("PER",))
    assert targets.tags.argmax(axis=1).tolist() == [1, 2, 0, 0, 0, 0]


def test_the_probability_of_a_span_is_that_of_its_words():
    spans = Spans.of_rows([[(0, 2, 0)], [], []])
    tags = word_targets(3, SpanLabels(spans, np.array([0.8]), None), WORDS, ("PER",)).tags
    np.testing.assert_allclose(tags[:3], [[0.2, 0.8, 0], [0.2, 0, 0.8], [1, 0, 0]])


def test_probabilities_of_words_are_divided_between_begin_and_inside():
    spans = Spans.of_rows([[(0, 2, 0)], [], []])
    probs = [[0.1, 0.9], [0.2, 0.8], [0.7, 0.3], [np.nan, np.nan], [0.5, 0.5], [0.4, 0.6]]
    targets = word_targets(3, SpanLabels(spans, np.array([0.8]), np.array(probs)), WORDS, ("PER",))
    expected = [[0.1, 0.9, 0], [0.2, 0, 0.8], [0.7, 0, 0.3], [1, 0, 0], [0.5, 0.5, 0], [0.4, 0.1, 0.5]]
    np.testing.assert_allclose(targets.tags, expected, atol=1e-12)
    assert targets.weights.tolist() == [1, 1, 1, 0, 1, 1]  # the word without a label is not learned from


def test_weights_of_texts_and_words():
    words = word_targets(3, [[], [], []], WORDS, ("PER",), [2, 1, 0], [1, 0.5, 0, 1, 1, 1]).weights
    assert words.tolist() == [2, 1, 0, 2, 0, 0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[]], "spans of 1 texts, but 3 texts"),
        (None, "the target y is None"),
        ([[(0, 3, "LOCK")], [], []], "row 0: there is no label 'LOCK' .did you mean 'LOC'"),
        ([[(0, 3, 7)], [], []], "label 7, but there are 1 labels"),
        ([[(3, 3, 0)], [], []], "a span begins at 0 or later"),
        ([[(0, 3)], [], []], "spans must be SpanLabels"),
        ([[(0, 12, 0), (4, 12, 0)], [], []], "do not overlap"),
        (SpanLabels(Spans.of_rows([[(2, 9, 0)], [], []]), None, None), "row 0: a span ends after word 9"),
        (SpanLabels(Spans.of_rows([[], [], []]), None, np.zeros((2, 2))), r"shape \[2, 2\], but there are 6 words"),
    ],
)
def test_refused(y, message):
    with pytest.raises(ClassifierError, match=message):
        word_targets(3, y, WORDS, ("LOC",))


def test_wrong_weights_are_refused():
    with pytest.raises(ClassifierError, match="sample_weight must be one finite number from 0 up for each of the 3"):
        word_targets(3, [[], [], []], WORDS, ("LOC",), [1, 2])
    with pytest.raises(ClassifierError, match="word_weight must be one finite number from 0 up for each of the 6"):
        word_targets(3, [[], [], []], WORDS, ("LOC",), None, [1, -2, 1, 1, 1, 1])


def test_names_of_labels():
    assert span_names(None, [[(0, 1, "b")], [(0, 1, "a")]]) == ("a", "b")
    assert span_names(None, Spans.of_rows([[(0, 1, 1)]])) == ("label_0", "label_1")
    assert span_names(["x"], []) == ("x",)
