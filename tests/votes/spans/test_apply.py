"""Labeling functions that mark spans, applied to a corpus: in words, in order, and whatever they return."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.units.texts import marked_texts
from weaklabel import apply_lfs, load_lfs, span_lf
from weaklabel.errors import LFError, VoteError, WeakLabelWarning
from weaklabel.units import find_words, in_code_points
from weaklabel.votes import SpanVotes

PACK = Path(__file__).with_name("span_pack.py")
TEXTS = [
    "Ada Lovelace left New York City in 1843, and Lovelace came back.",
    "",
    "Nobody saw Rome. boom 1843",
    "In 1843 Ada Byron was a guest; x1843x is no year.",
    "\U0001f469\u200d\U0001f52c e\u0301 deadly\r\n",
]


def marked(votes, name):
    """Text and label of all that a labeling function marks."""
    number = votes.lf_names.index(name)
    spans = in_code_points(votes.spans[number], votes.words)
    return list(zip(spans.texts(votes.texts), (votes.all_labels[label] for label in spans.label), strict=True))


@pytest.fixture
def lfs():
    return load_lfs(str(PACK))


@pytest.mark.parametrize("options", [{}, {"batch_size": 1}, {"workers": 1, "batch_size": 2}], ids=str)
def test_a_pack(lfs, options, monkeypatch):
    if options.get("workers"):
        monkeypatch.setenv("WEAKLABEL_TEST_DEADLY", "1")
    with pytest.warns(WeakLabelWarning, match="LF 'dates': 1 row failed, first row 2: ValueError: no year here"):
        votes = apply_lfs(lfs, TEXTS, **options)
    assert isinstance(votes, SpanVotes)
    assert votes.labels == ("PER", "LOC", "DATE") and votes.all_labels == ("PER", "LOC", "DATE", "ENT")
    assert marked(votes, "names") == [("Ada Lovelace", "PER"), ("Ada Byron", "PER")]
    assert marked(votes, "places") == [("New York City", "LOC"), ("Rome", "ENT")]
    assert marked(votes, "dates") == [("1843", "DATE"), ("1843", "DATE")]
    assert marked(votes, "surnames") == [("Lovelace", "PER"), ("Lovelace", "PER"), ("Byron", "PER")]
    # 1843 of row 2 failed for "dates", and the 1843 within a word is made the whole word.
    assert marked(votes, "repeated") == [("1843", "DATE"), ("1843", "DATE"), ("1843", "DATE"), ("x1843x", "DATE")]
    assert marked(votes, "nobody") == []
    (negative,) = in_code_points(votes.negatives[votes.lf_names.index("nobody")], votes.words).of_row(2)
    assert TEXTS[2][slice(*negative[:2])] == "Nobody"
    counts = dict(zip(votes.lf_names, votes.counts, strict=True))
    assert (counts["names"].snapped, counts["places"].overlapped, counts["repeated"].snapped) == (1, 1, 1)
    assert set(votes.problems) == ({"dates", "deadly"} if options.get("workers") else {"dates"})
    assert votes.n_rows == len(TEXTS) and list(votes.texts) == TEXTS


def test_the_votes_of_any_batches_are_the_same(lfs):
    texts = TEXTS * 3
    with pytest.warns(WeakLabelWarning):
        whole, cut = apply_lfs(lfs, texts, error_budget=1), apply_lfs(lfs, texts, error_budget=1, batch_size=4)
    for left, right in zip(whole.spans, cut.spans, strict=True):
        assert left.keys().tolist() == right.keys().tolist()
    assert whole.counts == cut.counts
    assert whole.runs().counts.tolist() == cut.runs().counts.tolist()


def test_texts_without_votes_and_no_texts_at_all(lfs):
    nothing = apply_lfs(lfs, ["", "no one is here", " \t\r\n"])
    assert [len(spans) for spans in nothing.spans] == [0] * 7 and len(nothing.runs()) == 0
    assert nothing.runs().n_words == 4
    empty = apply_lfs(lfs, [])
    assert empty.n_rows == 0 and len(empty.runs()) == 0


def test_a_text_of_a_million_characters():
    @span_lf(label="PER")
    def everything(text):
        yield 0, len(text)
        for begin in range(0, len(text) - 9, 7):
            yield begin, begin + 9

    votes = apply_lfs([everything], ["ab cd " * 170_000])
    assert votes.spans[0].of_row(0) == [(0, 340_000, 0)]
    assert votes.counts[0].overlapped > 100_000
    assert votes.runs().lengths.tolist() == [340_000]


@given(marked_texts(2, overlaps=True))
@settings(max_examples=25, deadline=None)
def test_each_vote_is_whole_words_that_contain_it(drawn):
    texts, spans = drawn

    @span_lf(label=["A", "B"])
    def given_spans(text):
        row = texts.index(text)
        return [(begin, end, label) for begin, end, label in spans.of_row(row)]

    votes = apply_lfs([given_spans], texts, labels=["A", "B"])
    words = find_words(texts)
    for row, text in enumerate(texts):
        here = votes.spans[0].of_row(row)
        assert all(left[1] <= right[0] for left, right in pairwise(here))
        covered = (
            [words.of_row(row)[begin][0] for begin, _, _ in here],
            [words.of_row(row)[end - 1][1] for _, end, _ in here],
        )
        for begin, end, _ in spans.of_row(texts.index(text)):
            touched = [(a, b) for a, b in words.of_row(row) if a < end and b > begin]
            reach = [(a, b) for a, b in zip(*covered, strict=True) if a < end and b > begin]
            assert reach or not touched


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([(0, 99, 0)], "beyond the text"),
        ([(2, 2, 0)], "empty"),
        ([(-1, 2, 0)], "begins before 0"),
        ([(0, 1, 5)], "label"),
        ([(0, 1, 0, 0)], "span"),
        ("Ada", "span"),
        (7, "span"),
    ],
    ids=str,
)
def test_what_is_no_span_costs_the_row(answer, message):
    @span_lf(label=["PER"])
    def broken(text):
        return answer if text == "Ada" else [(0, 3, "PER")]

    with pytest.warns(WeakLabelWarning, match=message):
        votes = apply_lfs([broken], ["Ada", "Bea"])
    assert [len(votes.spans[0].of_row(row)) for row in range(2)] == [0, 1]
    assert votes.problems["broken"].count == 1


def test_too_many_failures_are_refused():
    @span_lf(label="PER")
    def broken(text):
        raise RuntimeError("never")

    with pytest.raises(VoteError, match="LF 'broken' failed on all 3 rows, first row 0: RuntimeError: never"):
        apply_lfs([broken], ["a", "b", "c"])


def test_a_survey_that_fails_is_refused(lfs):
    lfs.lfs[lfs.names.index("repeated")].survey = lambda batch: 1 / 0
    with pytest.raises(LFError, match="LF 'repeated' failed as it counted in rows 0 to 4: ZeroDivisionError"):
        apply_lfs(lfs, TEXTS, error_budget=1)


def test_what_cannot_be_applied_is_refused():
    @span_lf(reads=["b"], label="PER")
    def a(text, spans):
        return []

    @span_lf(reads=["a"], label="PER")
    def b(text, spans):
        return []

    @span_lf(label=0)
    def numbered(text):
        return []

    with pytest.raises(LFError, match="circle"):
        apply_lfs([a, b], ["x"])
    with pytest.raises(LFError, match="'b', which is not there"):
        apply_lfs([a], ["x"])
    with pytest.raises(LFError, match="give labels="):
        apply_lfs([numbered], ["x"])
    assert apply_lfs([numbered], ["x"], labels={"ENT": ("PER", "LOC")}).inner == (("ENT", (0, 1)),)
    from weaklabel import keyword_lf

    with pytest.raises(LFError, match="votes on spans and LF 'win' on texts"):
        apply_lfs([numbered, keyword_lf("win", 0, ["win"])], ["x"])
