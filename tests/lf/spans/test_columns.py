"""Spans of columns and files, read with every check, and spans whose labels have other names."""

import json

import polars as pl
import pytest
from hypothesis import given

from tests.units.texts import marked_texts
from weaklabel import column_spans, spans_from_jsonl
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.spans.reasons import span_reason
from weaklabel.units import spans_as_objects, spans_column
from weaklabel.votes.spans.form import SpanForm

LABELS = ("PER", "LOC")


def checked(lf, batch):
    return SpanForm(2).check(lf.name, lf.vote(batch), batch)


def test_cells_of_all_forms():
    cells = ['[{"start": 0, "end": 3, "label": "PER", "text": "Ada"}]', "", None, "[]", '[[0, 1, "LOC"]]']
    batch = Batch(pl.DataFrame({"text": ["Ada left"] * 5, "tagger": cells}))
    lf = column_spans("tagger").bind(LABELS)
    assert lf.vote(batch) == [[(0, 3, 0)], [], [], [], [(0, 1, 1)]]
    structs = pl.DataFrame({"text": ["Ada"], "spans": [[{"start": 0, "end": 3, "label": "PER", "text": "Ada"}]]})
    assert column_spans().bind(LABELS).vote(Batch(structs)) == [[(0, 3, 0)]]
    assert (lf.name, column_spans("tagger", name="t").name) == ("tagger", "t")
    assert span_reason(lf, batch, 0, (0, 3, 0)).text == "the column tagger has it as PER"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('[[0, 99, "PER"]]', "from 0 to 99, but the text has 8 characters"),
        ('[{"start": 0, "end": 3, "label": "PER", "text": "Eva"}]', "'Ada' in the text, but 'Eva' in the column"),
        ("PER", "PER is no JSON list of spans"),
        ('[[0, 3, "PER"], [0, 3, "PER"]]', "is there twice"),
    ],
)
def test_what_does_not_fit_its_text_fails(cell, message):
    batch = Batch(pl.DataFrame({"text": ["Ada left"] * 2, "tagger": ["[]", cell]}))
    problems = checked(column_spans("tagger").bind(LABELS), batch).problems
    assert problems.count == 1
    assert message in problems.first[0].message
    assert problems.first[0].row == 1


def test_names_of_labels():
    cells = ['[[0, 3, "PERSON"], [0, 8, "WORK"], [4, 8, "LOC"]]']
    batch = Batch(pl.DataFrame({"text": ["Ada left"], "t": cells}))
    assert column_spans("t", {"PERSON": "PER"}).bind(LABELS).vote(batch) == [[(0, 3, 0)]]
    assert column_spans("t", ["LOC"]).bind(LABELS).vote(batch) == [[(4, 8, 1)]]
    assert column_spans("t", {"PERSON": 1, "LOC": 1}).vote(batch) == [[(0, 3, 1), (4, 8, 1)]]
    kept = checked(column_spans("t").bind(LABELS), batch)
    assert kept.votes.of_row(0) == [(4, 8, 1)]
    assert kept.problems.count == 0
    assert [note.what for note in kept.problems.notes] == [
        "spans left out, as 'PERSON' is no label of the pack",
        "spans left out, as 'WORK' is no label of the pack",
    ]
    with pytest.raises(LFError, match=r"LF 't': there is no label 'PRE' \(did you mean 'PER'"):
        column_spans("t", {"PERSON": "PRE"}).bind(LABELS)
    with pytest.raises(LFError, match="labels is empty"):
        column_spans("t", {})
    with pytest.raises(LFError, match=r"labels must be a list such as \['PER'\]"):
        column_spans("t", "PER")
    with pytest.raises(LFError, match="LF 't' gives the label 'PERSON' by name"):
        column_spans("t").vote(batch)


@given(marked_texts(2, overlaps=True))
def test_a_written_column_is_read_as_it_was(marked):
    texts, spans = marked
    column = spans_column(spans, texts, LABELS)
    as_text = [json.dumps(cell, ensure_ascii=False) for cell in spans_as_objects(column)]
    for cells in (column, pl.Series(as_text)):
        lf = column_spans("spans").bind(LABELS)
        votes = checked(lf, Batch(pl.DataFrame({"text": texts, "spans": cells}))).votes
        assert [votes.of_row(row) for row in range(len(texts))] == [spans.of_row(row) for row in range(len(texts))]


@given(marked_texts(2, overlaps=True))
def test_a_written_file_is_read_as_it_was(tmp_path_factory, marked):
    texts, spans = marked
    path = tmp_path_factory.mktemp("jsonl") / "votes.jsonl"
    objects = spans_as_objects(spans_column(spans, texts, LABELS))
    lines = [json.dumps({"id": i, "spans": cell}, ensure_ascii=False) for i, cell in enumerate(objects)]
    path.write_bytes("\r\n".join(lines).encode())
    (lf,) = spans_from_jsonl(path, key="id")
    votes = checked(lf.bind(LABELS), Batch(pl.DataFrame({"text": texts, "id": range(len(texts))}))).votes
    assert [votes.of_row(row) for row in range(len(texts))] == [spans.of_row(row) for row in range(len(texts))]


@pytest.fixture
def write(tmp_path):
    def written(*rows):
        path = tmp_path / "crowd.jsonl"
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
        return path

    return written


def test_annotators_of_a_file(write):
    path = write(
        {"id": "a", "who": "ann", "spans": [[0, 3, "PER"]]}, "", {"id": "a", "who": "bob", "spans": None},
        {"id": "b", "who": "bob", "spans": [[0, 2, "LOC"]]},
    )  # fmt: skip
    ann, bob = spans_from_jsonl(path, key="id", worker="who", prefix="w_")
    batch = Batch(pl.DataFrame({"text": ["Ada", "Bob", "Cy"], "id": ["a", "b", "c"]}))
    assert [ann.name, bob.name] == ["w_ann", "w_bob"]
    assert ann.bind(LABELS).vote(batch) == [[(0, 3, 0)], [], []]
    assert bob.bind(LABELS).vote(batch) == [[], [(0, 2, 1)], []]
    assert fingerprint(ann) != fingerprint(bob)
    assert bob.options() == {"key": "id", "rows": 2}
    (by_text,) = spans_from_jsonl(write({"text": "Bob", "spans": [[0, 3, "PER"]]}))
    assert (by_text.name, by_text.bind(LABELS).vote(batch)) == ("crowd", [[], [(0, 3, 0)], []])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["{"], "line 1: no JSON"),
        (["", "[1]"], "line 2: a list, where a JSON object is needed"),
        ([{"id": 1}], r"line 1: the field 'spans' is missing"),
        ([{"idd": 1, "spans": []}], r"line 1: the field 'id' is missing \(did you mean 'idd'"),
        ([{"id": "", "spans": []}], "line 1: the field 'id' is empty"),
        ([{"id": [1], "spans": []}], "line 1: the field 'id' must be a text or a number"),
        (
            [{"id": 1, "spans": []}, {"id": "1", "spans": []}],
            "line 2: a second line of 'crowd' for the id '1'; keep one",
        ),
        ([""], "has no spans"),
    ],
)
def test_wrong_files(write, rows, message):
    with pytest.raises(LFError, match=message):
        spans_from_jsonl(write(*rows), key="id")


def test_unreadable_files(tmp_path):
    with pytest.raises(LFError, match="cannot read"):
        spans_from_jsonl(tmp_path / "none.jsonl")
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b'{"text": "caf\xe9", "spans": []}')
    with pytest.raises(LFError, match="not UTF-8"):
        spans_from_jsonl(path)
