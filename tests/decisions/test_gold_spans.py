"""Gold spans of every form: what tools write, read as spans in code points of the text."""

import json

import pytest

from weaklabel.decisions import Decision, DecisionLog, now, read_gold_spans, text_hash
from weaklabel.decisions.span_annotations import read_span_annotations
from weaklabel.decisions.tools import NotLabeled
from weaklabel.errors import CorpusError, VoteError

TEXT = "\U0001f600 Ada\r\nmet Tom"  # Ada is 2 to 5, Tom is 11 to 14
ADA, TOM = (2, 5, "PER"), (11, 14, "PER")


def write(path, *objects):
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects), encoding="utf-8")
    return path


def region(begin, end, said, label="PER"):
    return {
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {"start": begin, "end": end, "text": said, "labels": [label]},
    }


def label_studio(*result, text=TEXT, **members):
    return {
        "id": 1,
        "data": {"text": text, "weaklabel_id": "7"},
        "annotations": [{"completed_by": 1, "result": [*result], **members}],
    }


def only(path, **arguments):
    (given,) = read_span_annotations(path, **arguments)
    return given


@pytest.mark.parametrize(
    "places",
    [((2, 5), (11, 14)), ((3, 6), (12, 15)), ((2, 5), (10, 13)), ((3, 6), (11, 14))],
    ids=["code points", "UTF-16", "line ends as one", "UTF-16 and line ends as one"],
)
def test_label_studio_may_count_places_as_browsers_do(places, tmp_path):
    (a, b), (c, d) = places
    given = only(write(tmp_path / "x.json", label_studio(region(a, b, "Ada"), region(c, d, "Tom"))))
    assert (given.spans, given.text, given.row_id) == ((ADA, TOM), TEXT, "7")


def test_label_studio_writes_a_line_end_as_two_characters(tmp_path):
    given = only(write(tmp_path / "x.json", label_studio(region(2, 10, "Ada\\nmet"))))
    assert given.spans == ((2, 10, "PER"),)


def test_a_region_that_holds_something_else_is_named(tmp_path):
    with pytest.raises(
        CorpusError, match=r"x\.json: line 1, task 1: the span 0 to 3 is .* in the text, but 'Tom' in the annotation"
    ):
        read_gold_spans(write(tmp_path / "x.json", label_studio(region(0, 3, "Tom"))))
    with pytest.raises(CorpusError, match="a span is from 3 to 99, but the text has 14 characters"):
        read_gold_spans(write(tmp_path / "x.json", label_studio(region(3, 99, None))))


def test_label_studio_skips_drafts_and_reads_json_min(tmp_path):
    assert isinstance(only(write(tmp_path / "x.json", label_studio(was_cancelled=True))), NotLabeled)
    assert isinstance(
        only(write(tmp_path / "x.json", {"data": {"text": "a"}, "annotations": [], "predictions": []})), NotLabeled
    )
    small = {
        "text": "Ada",
        "annotation_id": 3,
        "annotator": 2,
        "label": [{"start": 0, "end": 3, "text": "Ada", "labels": ["PER", "X"]}],
    }
    assert only(write(tmp_path / "x.json", small)).spans == ((0, 3, "PER"), (0, 3, "X"))
    assert only(write(tmp_path / "x.json", label_studio())).spans == ()


def test_argilla_nested_and_flat(tmp_path):
    value = [{"start": 2, "end": 5, "label": "PER"}]
    nested = {
        "id": "7",
        "fields": {"text": TEXT},
        "status": "completed",
        "suggestions": {"spans": {"value": []}},
        "responses": {
            "spans": [{"value": value, "user_id": "me"}, {"value": None, "user_id": "you", "status": "discarded"}]
        },
    }
    given, skipped = read_span_annotations(write(tmp_path / "x.json", nested))
    assert (given.spans, given.annotator, given.row_id, type(skipped)) == ((ADA,), "me", "7", NotLabeled)
    flat = {
        "id": "7",
        "text": TEXT,
        "spans.responses": [value, []],
        "spans.responses.users": ["a", "b"],
        "spans.responses.status": ["draft", "submitted"],
    }
    draft, given = read_span_annotations(write(tmp_path / "x.json", flat))
    assert (type(draft), given.spans, given.annotator) == (NotLabeled, (), "b")


def test_doccano_in_both_forms(tmp_path):
    listed = {"id": 1, "text": TEXT, "label": [[11, 14, "PER"], [2, 5, "PER"]], "Comments": []}
    objects = {
        "text": TEXT,
        "entities": [{"id": 1, "label": "PER", "start_offset": 2, "end_offset": 5}],
        "relations": [],
    }
    first, second = read_span_annotations(write(tmp_path / "x.jsonl", listed, {**listed, "label": []}))
    assert (first.spans, second.spans) == ((ADA, TOM), ())
    assert only(write(tmp_path / "x.jsonl", objects)).spans == (ADA,)


def test_prodigy_reads_what_was_accepted(tmp_path):
    task = {
        "text": TEXT,
        "spans": [{"start": 2, "end": 5, "label": "PER", "token_start": 1}],
        "answer": "accept",
        "_timestamp": 0,
    }
    accepted, rejected, new = read_span_annotations(
        write(tmp_path / "x.jsonl", task, {**task, "answer": "reject"}, {"text": "a", "_input_hash": 1})
    )
    assert (accepted.spans, accepted.time[:4]) == ((ADA,), "1970")
    assert isinstance(rejected, NotLabeled) and isinstance(new, NotLabeled)


CONLL = """-DOCSTART- -X- O O

# sent_id = 1
Ada NNP B-NP B-PER
Lovelace NNP I-NP I-PER
wrote VBD O O

# text = "Don't  go,\\tTom"
Do\tO
n't\tO
go\tO
,\tO
Tom\tI-PER

# a comment of another tool
#\tO
In\tS-LOC
"""


def test_conll_reads_columns_comments_and_schemes(tmp_path):
    path = tmp_path / "x.conll"
    path.write_text(CONLL.replace("\n", "\r\n"), encoding="utf-8")
    first, second, third = read_span_annotations(path)
    assert (first.text, first.spans, first.is_joined) == ("Ada Lovelace wrote", ((0, 12, "PER"),), True)
    assert (second.text, second.spans, second.is_joined) == ("Don't  go,\tTom", ((11, 14, "PER"),), False)
    assert third.text.startswith("#")


def test_conll_without_tags_or_with_other_words_is_refused(tmp_path):
    path = tmp_path / "x.conll"
    path.write_text("Ada\n\n")
    with pytest.raises(CorpusError, match=r"line 1: it has no tag beside its word"):
        read_gold_spans(path)
    path.write_text("# text = Tom wrote\nAda\tB-PER\nwrote\tO\n")
    with pytest.raises(CorpusError, match="line 1: its words are not those of the text"):
        read_gold_spans(path)
    path.write_text("Ada\tB-PER\nwrote\tVERB\n")
    with pytest.raises(CorpusError, match=r"line 1: .*VERB"):
        read_gold_spans(path)


def test_brat_joins_what_a_line_end_parts(tmp_path):
    (tmp_path / "7.txt").write_bytes(TEXT.encode())
    (tmp_path / "7.ann").write_text("T1\tPER 2 5;7 10\tAda met\n#1\tAnnotatorNotes T1\tsure\nR1\tx Arg1:T1 Arg2:T1\n")
    assert only(tmp_path).spans == ((2, 10, "PER"),)
    (tmp_path / "7.ann").write_text("T1\tPER 2 5;11 14\tAda Tom\n")
    with pytest.raises(CorpusError, match=r"7\.ann: .* is a span with a gap"):
        read_gold_spans(tmp_path)


def test_decisions_on_spans_are_gold(tmp_path):
    log = DecisionLog(tmp_path / "decisions.jsonl")
    for who, spans in (("a", (ADA,)), ("b", (ADA,)), ("c", ()), ("c", (TOM,))):
        log.append(Decision(0, text_hash(TEXT), None, who, now(), spans=spans))
    gold = read_gold_spans(log.path, ["LOC", "PER"])
    rows = gold.on(["other", TEXT])
    assert (rows.spans.of_row(1), rows.is_known.tolist(), gold.n_unseen) == ([(2, 5, 1)], [False, True], 0)
    log.append(Decision(0, text_hash(TEXT), None, "a", now(), spans=(TOM,)))
    log.append(Decision(0, text_hash(TEXT), None, "c", now()))
    with pytest.warns(UserWarning, match="1 text of which people marked different spans equally often is left out"):
        assert len(read_gold_spans(log.path)) == 0


def test_a_decision_on_a_label_is_written_as_before(tmp_path):
    log = DecisionLog(tmp_path / "decisions.jsonl")
    log.append(Decision(0, "x", "ham", "me", "t"))
    assert json.loads(log.path.read_text()) == {
        "row": 0, "text_sha256": "x", "label": "ham", "reviewer": "me", "time": "t", "sample": None, "note": "",
    }  # fmt: skip


def test_a_table_of_weak_spans_is_no_gold_unless_it_is_said(tmp_path):
    path = write(tmp_path / "x.jsonl", {"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "PER", "prob": 0.5}]})
    with pytest.raises(CorpusError, match="looks like a file of weak labels"):
        read_gold_spans(path)
    plain = write(tmp_path / "y.jsonl", {"text": "Ada", "spans": [[0, 3, "PER"]]}, {"text": "b", "spans": None})
    gold = read_gold_spans(plain)
    assert [item.spans for item in gold.texts] == [((0, 3, "PER"),)]
    assert gold.on(["Ada", "b"]).is_known.tolist() == [True, False]
    with pytest.raises(VoteError, match=r"y\.jsonl, row 0, span 0 to 3: unknown label 'PER'"):
        read_gold_spans(plain, ["LOC"])


def test_what_holds_no_gold_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="does not exist"):
        read_gold_spans(tmp_path / "none.conll")
    with pytest.raises(CorpusError, match="holds no file with spans"):
        read_gold_spans(tmp_path)
    with pytest.raises(CorpusError, match="holds no text whose spans are known"):
        read_gold_spans(write(tmp_path / "x.jsonl", {"text": "a", "spans": None}))
    (tmp_path / "x.spacy").write_bytes(b"no")
    with pytest.raises(CorpusError, match="is no DocBin of spaCy"):
        read_gold_spans(tmp_path / "x.spacy")
