"""Labeling functions made of others: no entity, edited spans, one label for one string."""

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given, strategies as st

from weaklabel import consistent_lf, edit_spans_lf, negative_lf, span_lf
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf import SpanLF
from weaklabel.lf.core import Reason
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.spans.reasons import span_reason
from weaklabel.units import Spans

LABELS = ("PER", "LOC")
NAME = r"[A-Z]\w+(?: [A-Z]\w+)*"


def names(label="PER", pattern=NAME):
    return span_lf("names", label)(lambda text: re.finditer(pattern, text))


class ColumnsLF(SpanLF):
    """Marks the first word, as columns."""

    def vote(self, batch):
        texts = [text.partition(" ")[0] for text in batch.texts]
        row = np.flatnonzero([bool(text) for text in texts])
        end = np.array([len(texts[place]) for place in row], dtype=np.int64)
        return Spans(row, np.zeros_like(end), end, np.full_like(end, self.numbers[0]), len(batch))


def batch_of(*texts, spans=None, **columns):
    batch = Batch(pl.DataFrame({"text": list(texts), **columns}))
    batch.spans = spans or {}
    return batch


def test_no_entity():
    months = lambda text: re.finditer(r"May \d", text)  # noqa: E731
    assert negative_lf("months", months)("May left on May 5") == [(12, 17, NOT_ENTITY)]
    assert negative_lf("months", span_lf("m", "PER")(months)).bind(LABELS)("May 5") == [(0, 5, NOT_ENTITY)]
    assert negative_lf("first", ColumnsLF("c", [0])).vote(batch_of("Ada left", "")).of_row(0) == [(0, 3, NOT_ENTITY)]
    assert negative_lf("not", "names")("Ada", {"names": [(0, 3, 1)]}) == [(0, 3, NOT_ENTITY)]
    lf = negative_lf("months", months)
    assert (lf.negative, lf.label, lf.label_text(LABELS)) == (True, None, "not an entity")
    with pytest.raises(LFError, match="LF 'months': negative_lf takes"):
        negative_lf("months", 5)


def test_failures_of_a_part_fail_the_row():
    def fail(text):
        if text == "bad":
            raise ValueError("no")
        return [(0, 1, 0)]

    part = span_lf("f")(fail)
    for lf in (negative_lf("n", part), edit_spans_lf("e", part, lambda span, text: True), consistent_lf("c", part)):
        good, bad = lf.bind(LABELS).vote(batch_of("good", "bad"))
        assert isinstance(bad, ValueError)
        assert len(good) == (0 if lf.name == "c" else 1)  # "g" is no whole word


@pytest.mark.parametrize(
    ("edit", "spans"),
    [
        (lambda span, text: True, [(0, 8, 0), (17, 20, 0)]),
        (lambda span, text: span, [(0, 8, 0), (17, 20, 0)]),
        (lambda span, text: span if span.text != "Bob" else None, [(0, 8, 0)]),
        (lambda span, text: span.start > 0, [(17, 20, 0)]),
        (lambda span, text: (span.start + 4, span.end) if span.start == 0 else False, [(4, 8, 0)]),
        (lambda span, text: (span.start, span.end, "LOC"), [(0, 8, 1), (17, 20, 1)]),
        (
            lambda span, text: [(span.start, span.start + 3), span][: 1 + (span.start == 0)],
            [(0, 3, 0), (0, 8, 0), (17, 20, 0)],
        ),
        (lambda span, text: span._replace(label=1, end=span.end - 1), [(0, 7, 1), (17, 19, 1)]),
    ],
)
def test_edited_spans(edit, spans):
    lf = edit_spans_lf("edited", names(), edit).bind(LABELS)
    assert lf("The Hagu, it is: Bob") == spans


def test_edited_labels():
    assert edit_spans_lf("e", names(), lambda span, text: True, label="LOC").bind(LABELS)("Ada") == [(0, 3, 1)]
    assert edit_spans_lf("e", names(), lambda span, text: span.label == "PER").bind(LABELS)("Ada") == [(0, 3, 0)]
    assert edit_spans_lf("e", ["a", "b"], lambda span, text: True)("Ada", {"a": [(0, 1, 1)], "b": [(0, 3, 0)]}) == [
        (0, 1, 1),
        (0, 3, 0),
    ]
    assert edit_spans_lf("e", "a", lambda span, text: True)("Ada", {"a": [(0, 1, NOT_ENTITY)]}) == []


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda span, text: (3, 3), "the edited span from 3 to 3 is empty; return None to drop a span"),
        (lambda span, text: "x", "'x' is no span"),
        (lambda span, text: (0, 1, "PRE"), "there is no label 'PRE'"),
        (lambda span, text: (0, 99), "the span from 0 to 99 is none of the text"),
    ],
)
def test_wrong_edits(edit, message):
    with pytest.raises(LFError, match=message):
        edit_spans_lf("edited", names(), edit).bind(LABELS)("Ada left")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: edit_spans_lf("e", names(), 3), "edit must be a function"),
        (lambda: edit_spans_lf("e", [], len), "by their names or themselves; there is none"),
        (lambda: edit_spans_lf("e", [3], len), "by their names or themselves; 3 is neither"),
        (lambda: consistent_lf("c", "a", min_share=0), "min_share must be a share"),
        (lambda: consistent_lf("c", "a", min_count=0), "min_count must be a number of marks"),
        (lambda: consistent_lf("c", "a", within=""), "within must be 'text', 'corpus'"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(LFError, match=message):
        make()


def test_one_label_for_one_string():
    text = "Dr. Noether left. Noether was late, NOETHER too; New  York, not New Yorker: New York."
    spans = {"a": [(4, 11, 0), (49, 58, 1)]}
    assert consistent_lf("c", "a")(text, spans) == [(4, 11, 0), (18, 25, 0), (49, 58, 1), (76, 84, 1)]
    assert (36, 43, 0) in consistent_lf("c", "a", ignore_case=True)(text, spans)
    assert consistent_lf("c", "a", min_count=2)(text, spans) == []


def test_the_longest_string_wins():
    text = "Rome Fashion. Rome. Rome Fashion!"
    spans = {"a": [(14, 18, 0)], "b": [(0, 12, 1)]}
    assert consistent_lf("c", ["a", "b"])(text, spans) == [(0, 12, 1), (14, 18, 0), (20, 32, 1)]


def test_shares_and_ties():
    text = "A1 A1 A1 A1"
    marks = [(0, 2, 0), (3, 5, 0), (6, 8, 1)]
    assert consistent_lf("c", "a")(text, {"a": marks}) == [(0, 2, 0), (3, 5, 0), (6, 8, 0), (9, 11, 0)]
    assert consistent_lf("c", "a", min_share=0.7)(text, {"a": marks}) == []
    assert consistent_lf("c", "a", min_share=0.4)(text, {"a": [*marks, (9, 11, 1)]}) == []
    assert consistent_lf("c", "a")(text, {"a": [(0, 2, NOT_ENTITY)]}) == []


def test_chinese_has_no_spaces():
    text = "李明去了北京。北京很大，李明说。"
    assert consistent_lf("c", "a")(text, {"a": [(0, 2, 0), (4, 6, 1)]}) == [
        (0, 2, 0),
        (4, 6, 1),
        (7, 9, 1),
        (12, 14, 0),
    ]


@pytest.mark.parametrize(("within", "marked"), [("corpus", [1, 1, 1]), ("doc", [1, 1, 0])])
def test_over_several_rows(within, marked):
    spans = {"a": [[(0, 3, 0)], [], []]}
    batch = batch_of("Ada left", "so did Ada", "Ada", spans=spans, doc=["x", "x", "y"])
    lf = consistent_lf("c", "a", within=within)
    assert lf.surveys
    # Counts of parts add up.
    counts = {}
    for part in (batch.part(0, 2), batch.part(2, 3)):
        for key, of_string in lf.survey(part).items():
            for label, count in of_string.items():
                counts.setdefault(key, {})[label] = counts.get(key, {}).get(label, 0) + count
    batch.survey = counts
    assert [len(spans) for spans in lf.vote(batch)] == marked
    where = "the corpus" if within == "corpus" else "its doc"
    assert span_reason(lf, batch, 1, (7, 10, 0)).text == f"in {where}, 1 of 1 marks of 'Ada' are 0"
    batch.survey = {}  # as when a row is explained by itself
    assert span_reason(lf, batch.part(0, 2), 1, (7, 10, 0)).text == f"in {where}, most marks of 'Ada' are 0"


PIECES = ["Ada", " ", ".", "Bo", "-", "\n", "北京", "Ada Bo", "\U0001f600"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.data())
def test_occurrences_are_whole_words(text, data):
    places = [match.span() for match in re.finditer("Ada Bo|Ada|Bo|北京", text)]
    marks = data.draw(st.lists(st.sampled_from(places), unique=True)) if places else []
    lf = consistent_lf("c", "a")
    for begin, end, label in lf(text, {"a": [(*place, 0) for place in marks]}):
        assert label == 0
        assert " ".join(text[begin:end].split()) in {" ".join(text[b:e].split()) for b, e in marks}


def test_identity_follows_the_parts():
    def made(pattern, edit=lambda span, text: True):
        return fingerprint(edit_spans_lf("e", names(0, pattern), edit))

    assert made("A") == made("A")
    assert len({made("A"), made("B"), made("A", lambda span, text: False)}) == 3
    assert fingerprint(consistent_lf("c", "a")) != fingerprint(consistent_lf("c", "a", min_count=2))
    assert fingerprint(negative_lf("n", "a")) != fingerprint(negative_lf("n", "b"))


def test_reasons():
    batch = batch_of("Dr Noether. Noether", spans={"a": [[(3, 10, 0)]]})
    lf = consistent_lf("c", "a").bind(LABELS)
    assert span_reason(lf, batch, 0, (12, 19, 0)) == Reason(
        "in this text, 1 of 1 marks of 'Noether' are PER", "text", ((12, 19),)
    )
    assert span_reason(names().bind(LABELS), batch, 0, (3, 10, 1)).text.startswith("marks other spans now")
    negative = negative_lf("n", lambda text: [(0, 2)])
    assert span_reason(negative, batch, 0, (0, 2, NOT_ENTITY)).text == "marks 'Dr' as no entity"

    @span_lf(label=0)
    def documented(text):
        """Titles and names.

        More.
        """
        return [(0, 2)]

    assert span_reason(documented, batch, 0, (0, 2, 0)).text == "marks 'Dr' as 0: Titles and names."
    failing = span_lf("f", 0)(lambda text: 1 / 0)
    assert (
        span_reason(failing, batch, 0, (0, 2, 0)).text == "a span labeling function without a reason: division by zero"
    )
