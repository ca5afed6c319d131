"""Annotators of skweak and the like, unchanged: their spans are the same here and there."""

import polars as pl
import pytest

from weaklabel import apply_lfs, gazetteer_lf, load_lfs
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.foreign import as_lf, as_lfs
from weaklabel.lf.spans.annotators import annotator_lfs
from weaklabel.units import in_code_points

spacy = pytest.importorskip("spacy")

TEXTS = [
    "Pierre Lison and Ada Lovelace founded Acme Inc. in Oslo. Lison left Acme for New York City.",
    "",
    "The firm paid 300 euros; Ada Lovelace (Ada) said \U0001f469\u200d\U0001f52c yes.\r\n\tNew York agreed, cafe\u0301 too.",
    "Oslo, OSLO and oslo: Norsk Hydro ASA of Oslo bought Oslo Bors. Lovelace? Acme Inc. again.",
    "北京 Acme Inc.",
]
LABELS = ("PER", "ORG", "LOC", "MONEY", "ENT")


class Capitals:
    """Words in title case."""

    name = "capitals"

    def find_spans(self, doc):
        if "bad" in doc.text:
            raise ValueError("bad text")
        return [(token.i, token.i + 1, "PER") for token in doc if token.is_title]


class Longer:
    def __init__(self, name, other_name, label="PER"):
        self.name, self.other_name, self.label = name, other_name, label

    def find_spans(self, doc):
        for span in doc.spans.get(self.other_name, ()):
            if len(span.text) > 3:
                yield span.start, span.end, self.label


def batch_of(*texts, **spans):
    batch = Batch(pl.DataFrame({"text": list(texts)}))
    batch.spans = spans
    return batch


def test_anything_with_find_spans():
    lf = as_lf(Capitals()).bind(LABELS)
    assert (lf.name, lf.kind, lf.task, lf.options()) == ("capitals", "annotator", "spans", {"annotator": "Capitals"})
    assert lf("Ada met\nGrace \U0001f600 Bo") == [(0, 3, 0), (8, 13, 0), (16, 18, 0)]
    good, bad = lf.vote(batch_of("Ada", "bad"))
    assert good == [(0, 3, 0)]
    assert isinstance(bad, ValueError)
    assert as_lf(Capitals) is None
    assert fingerprint(as_lf(Capitals())) == fingerprint(as_lf(Capitals())) is not None


def test_in_the_order_of_their_dependencies():
    last, first = Longer("last", "longer"), Longer("longer", "capitals")
    lfs = annotator_lfs([last, first, Capitals()])
    assert [lf.name for lf in lfs] == ["capitals", "longer", "last"]
    assert [lf.bind(LABELS)("Bo met Grace") for lf in lfs] == [[(0, 2, 0), (7, 12, 0)], [(7, 12, 0)], [(7, 12, 0)]]
    assert {lf.reads for lf in lfs} == {()}
    with pytest.raises(LFError, match="in a circle: a reads b reads a"):
        annotator_lfs([Longer("a", "b"), Longer("b", "a")])
    with pytest.raises(LFError, match="5 is no annotator"):
        annotator_lfs([5])
    with pytest.raises(LFError, match="there are no annotators"):
        annotator_lfs([])


def test_they_read_labeling_functions():
    lf = as_lf(Longer("longer", "names")).bind(LABELS)
    assert lf.reads == ("names",)
    assert lf("Ada met Grace Hopper", {"names": [(0, 3, 0), (8, 20, 0), (4, 7, -2)]}) == [(8, 20, 0)]
    with pytest.raises(LFError, match="reads the spans of LF 'names', which is not applied"):
        lf("Ada")
    names = gazetteer_lf("names", "PER", ["Ada", "Grace Hopper"])
    votes = apply_lfs([Longer("longer", "names"), names], ["Ada met Grace Hopper"], labels=LABELS)
    assert [len(spans) for spans in votes.spans] == [1, 2]


PACK = """
import spacy
from weaklabel import ner_lf, span_lf

TASK = "spans"
LABELS = ("PER", "TEAM")

class Capitals:
    name = "capitals"
    def find_spans(self, doc):
        return [(token.i, token.i + 1, "PER") for token in doc if token.is_title]

class Longer:
    name, other_name = "longer", "capitals"
    def find_spans(self, doc):
        return [(span.start, span.end, "PER") for span in doc.spans["capitals"] if len(span.text) > 3]

longer, capitals = Longer(), Capitals()
teams = spacy.blank("en").add_pipe("entity_ruler", name="teams")
teams.add_patterns([{"label": "TEAM", "pattern": "Red Lions"}])
nlp = spacy.blank("en")
ruler = nlp.add_pipe("span_ruler", config={"spans_key": "r"})
ruler.add_patterns([{"label": "TEAM", "pattern": "Lions"}])
of_ruler = ner_lf("of_ruler", ["TEAM"], pipeline=nlp, spans_key="r")
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_in_a_pack(tmp_path, workers):
    path = tmp_path / "pack.py"
    path.write_text(PACK, encoding="utf-8")
    lfs = load_lfs(path)
    assert lfs.names == ("longer", "capitals", "teams", "of_ruler")  # not the ruler of the pipeline
    votes = apply_lfs(lfs, ["Ada met the Red Lions", "", "Bo"], workers=workers)
    spans = [in_code_points(each, votes.words) for each in votes.spans]
    assert [each.of_row(0) for each in spans] == [
        [(16, 21, 0)],
        [(0, 3, 0), (12, 15, 0), (16, 21, 0)],
        [(12, 21, 1)],
        [(16, 21, 1)],
    ]
    assert [fingerprint(lf) is not None for lf in lfs] == [True] * 4
    texts = PACK.replace('TASK = "spans"', "from weaklabel import keyword_lf").replace("of_ruler =", "_ =")
    path.write_text(f"{texts}k = keyword_lf('k', 0, ['a'])", encoding="utf-8")
    assert load_lfs(path).names == ("k",)


def skweak_annotators():
    import re

    from skweak.base import CombinedAnnotator
    from skweak.doclevel import DocumentHistoryAnnotator, DocumentMajorityAnnotator
    from skweak.gazetteers import GazetteerAnnotator, Trie
    from skweak.heuristics import (
        FunctionAnnotator,
        RegexAnnotator,
        SpanConstraintAnnotator,
        SpanEditorAnnotator,
        TokenConstraintAnnotator,
    )
    from skweak.voting import SequentialMajorityVoter

    def money(doc):
        for token in doc[1:]:
            if token.text.startswith("euro") and doc[token.i - 1].like_num:
                yield token.i - 1, token.i + 1, "MONEY"

    def reads_undeclared(doc):
        for span in doc.spans["tries"]:
            yield span.start, span.end, span.label_

    people = Trie([["Pierre", "Lison"], ["Ada", "Lovelace"], ["Oslo"]])
    places = Trie([["Oslo"], ["New", "York"], ["New", "York", "City"]])
    combined = CombinedAnnotator()
    combined.add_annotators(
        GazetteerAnnotator("tries", {"PER": people, "LOC": places}),
        GazetteerAnnotator("nocase", {"LOC": places}, case_sensitive=False),
        TokenConstraintAnnotator("proper", lambda token: token.text[:1].isupper(), "ENT"),
        RegexAnnotator("legal", r"[A-Z]\w+ (?:Inc\.|ASA)", "ORG"),
        RegexAnnotator("exclusive", r"[A-Z]\w+", "ENT", to_exclude=["tries"]),
        FunctionAnnotator("money", money),
        FunctionAnnotator("undeclared", reads_undeclared),
        SpanConstraintAnnotator("long", "proper", lambda span: len(span) > 1, label="ORG"),
        SpanEditorAnnotator("edited", "legal", lambda span: span[: len(span) - 1]),
        SpanEditorAnnotator("dropped", "proper", lambda span: None if re.match("The|New", span.text) else span),
        DocumentHistoryAnnotator("history", "tries", ["PER", "LOC"]),
        DocumentMajorityAnnotator("majority", "tries"),
        DocumentMajorityAnnotator("majority_nocase", "proper", case_sensitive=False),
        SequentialMajorityVoter("voted", labels=["PER", "LOC", "ORG"]),
        DocumentMajorityAnnotator("majority_voted", "voted"),
    )
    return combined


def test_skweak_gives_the_same_spans():
    pytest.importorskip("skweak")
    combined, nlp = skweak_annotators(), spacy.blank("en")
    lfs = [lf.bind(LABELS) for lf in as_lfs(skweak_annotators())]
    assert [lf.name for lf in lfs] == [each.name for each in combined.annotators if each.name != "voted"]
    batch = batch_of(*TEXTS)
    n_spans = dict.fromkeys((lf.name for lf in lfs), 0)
    votes = {lf.name: lf.vote(batch) for lf in lfs}
    for row, text in enumerate(TEXTS):
        doc = combined(nlp(text))
        for lf in lfs:
            there = sorted((span.start_char, span.end_char, LABELS.index(span.label_)) for span in doc.spans[lf.name])
            assert votes[lf.name][row] == there, (lf.name, text)
            n_spans[lf.name] += len(there)
    assert min(n_spans.values()) > 0, n_spans
    applied = apply_lfs(skweak_annotators().annotators[:1], TEXTS, labels=LABELS)
    assert sum(map(len, applied.spans)) > 0
