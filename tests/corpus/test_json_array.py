"""JSON arrays, fields inside columns, and lists or objects where the text should be."""

import json
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus import json_array, open as opening, read_corpus
from weaklabel.corpus.writing import write_labeled
from weaklabel.errors import CorpusError

LABELS = pl.DataFrame({"label": ["x", "y"]})


def file(tmp_path, text, name="a.json"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_an_array_is_a_corpus_whose_numbers_stay_as_they_are_written(tmp_path):
    corpus = read_corpus(file(tmp_path, '[\n  {"text": "a prize",\n   "n": 1.50},\n  {"n": 1E5, "text": "lunch"}\n]\n'))
    assert corpus.format == "json" and corpus.texts() == ["a prize", "lunch"] and corpus.column("n") == ["1.50", "1E5"]
    write_labeled(corpus, tmp_path / "o.jsonl", LABELS)
    assert (tmp_path / "o.jsonl").read_text() == (
        '{"text": "a prize", "n": 1.50, "label": "x"}\n{"n": 1E5, "text": "lunch", "label": "y"}\n'
    )
    write_labeled(corpus, tmp_path / "o.json", LABELS, size=1)
    assert (tmp_path / "o.json").read_text() == (
        '[\n{"text": "a prize", "n": 1.50, "label": "x"},\n{"n": 1E5, "text": "lunch", "label": "y"}\n]\n'
    )
    write_labeled(corpus, tmp_path / "o.csv", LABELS)
    assert (tmp_path / "o.csv").read_text() == "text,n,label\na prize,1.50,x\nlunch,1E5,y\n"


def test_any_corpus_can_become_an_array(tmp_path):
    write_labeled(read_corpus(pl.DataFrame({"text": ["a", "b"], "n": [1, 2]})), tmp_path / "o.json", LABELS)
    assert json.loads((tmp_path / "o.json").read_text()) == [
        {"text": "a", "n": 1, "label": "x"},
        {"text": "b", "n": 2, "label": "y"},
    ]
    empty = read_corpus(pl.DataFrame({"text": []}, schema={"text": pl.String}))
    write_labeled(empty, tmp_path / "o.json", pl.DataFrame({"label": []}, schema={"label": pl.String}))
    assert json.loads((tmp_path / "o.json").read_text()) == []


def test_lines_of_objects_in_a_json_file_are_json_lines(tmp_path):
    corpus = read_corpus(file(tmp_path, '{"text": "a"}\n{"text": "b"}\n'))
    assert corpus.format == "jsonl" and corpus.texts() == ["a", "b"]


def test_elements_that_are_no_rows_are_rejects(tmp_path):
    text = '[{"text": "a"}, 7,\n {"txt": "b"},\n {"text": ["c"]}, {"text": "d", "text": "e"},\n{"text": "\\ud800"}]'
    corpus = read_corpus(file(tmp_path, text))
    assert corpus.texts() == ["a"]
    assert [(reject.line, reject.reason) for reject in corpus.rejects] == [
        (1, "not a JSON object"),
        (2, "no key 'text'"),
        (3, "'text' is a list, not text"),
        (3, "duplicate key 'text'"),
        (4, "half of a surrogate pair, which is not a character"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"text": "a"}', "line 1: not a JSON array: .* the file ends"),
        ('[{"text": "a"},\n]', "line 2: not JSON"),
        ('[{"text": "a"}\n{"text": "b"}]', "line 2: not a JSON array: elements of an array are parted by commas"),
        ('[{"text": "a"}]\n{"text": "b"}', "line 2: there is something after the array"),
        ('[{"text": "a"}, {"text": tru}]', "line 1: not JSON"),
        ('[{"text": "a"}, {"text": "never closed}]', "not JSON: Unterminated string"),
        ('{\n"data": [{"text": "a"}]\n}', "one JSON object, not an array"),
        ("[1, 2]", "no element of the array is a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('"text"', r"begins with \["),
    ],
)
def test_what_is_no_array_is_one_sentence(tmp_path, text, message):
    with pytest.raises(CorpusError, match=message):
        read_corpus(file(tmp_path, text)).texts()


@pytest.mark.parametrize("text", ['[\n{"text": "a"}\n]\n', '[{"text": "a"}]'])
def test_an_array_named_jsonl_is_told(tmp_path, text):
    with pytest.raises(CorpusError, match=r"is a JSON array, not one object a line: give format=.json."):
        read_corpus(file(tmp_path, text, "a.jsonl"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries({"text": st.text(max_size=8), "more": values}) | st.integers(), max_size=10),
    indent=st.sampled_from([None, 0, 3]),
    ascii_only=st.booleans(),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    chunk=st.sampled_from([7, 64, 1 << 20]),
)
def test_rows_in_are_rows_out_and_rejects_in_parts_too(tmp_path_factory, rows, indent, ascii_only, codec, chunk):
    folder = tmp_path_factory.mktemp("json")
    rows = [{"text": "first", "more": None}, *rows]
    path = folder / "a.json"
    path.write_bytes((json.dumps(rows, indent=indent, ensure_ascii=ascii_only) + "\n").encode(codec))
    before = opening.CHUNK, json_array.CHUNK
    opening.CHUNK = json_array.CHUNK = chunk
    try:
        corpus = read_corpus(path)
        good = [row for row in rows if isinstance(row, dict)]
        assert corpus.texts() == [row["text"] for row in good]
        assert [json.loads(reject.raw) for reject in corpus.rejects] == [
            row for row in rows if not isinstance(row, dict)
        ]
        parts = list(corpus.parts(rows=2))
        assert [text for part in parts for text in part.batch.texts] == corpus.texts()
        assert [reject for part in parts for reject in part.rejects] == corpus.rejects
        for part in parts:
            assert corpus.read_part(part.part) == part or corpus.read_part(part.part).batch.texts == part.batch.texts
            assert corpus.read_records(part.part).batch.raw == part.batch.raw
        for first, second in pairwise(parts):
            assert next(corpus.parts(first.part, rows=2)).part == second.part
        new = pl.DataFrame({"label": [str(number) for number in range(len(good))]})
        write_labeled(corpus, folder / "o.json", new, size=3)
        labeled = [row | {"label": str(number)} for number, row in enumerate(good)]
        assert json.loads((folder / "o.json").read_text(encoding="utf-8")) == labeled
    finally:
        opening.CHUNK, json_array.CHUNK = before


def test_a_field_of_an_object_is_a_column(tmp_path):
    text = '{"id": 1, "data": {"text": "a", "meta": {"label": "x"}}}\n{"id": 2, "data": {"text": 5}}\n{"id": 3}\n'
    corpus = read_corpus(file(tmp_path, text, "a.jsonl"), text="data.text", hide=["data.meta.label"])
    assert corpus.texts() == ["a", "5"] and corpus.column("data.meta.label") == ["x", None]
    assert corpus.rejects[0].reason == "no key 'data.text'"
    (batch,) = corpus.batches()
    assert batch.frame.columns == ["id", "data.text", "text"], "gold, and the column that holds it, are not shown"
    write_labeled(corpus, tmp_path / "o.csv", LABELS)
    assert (tmp_path / "o.csv").read_text().splitlines()[0] == "id,data,label"


def test_a_column_of_that_very_name_comes_first(tmp_path):
    corpus = read_corpus(
        file(tmp_path, '{"data.text": "flat", "data": {"text": "deep"}}\n', "a.jsonl"), text="data.text"
    )
    assert corpus.texts() == ["flat"]


def test_a_field_that_no_row_has_is_no_column(tmp_path):
    with pytest.raises(CorpusError, match=r"no column 'data\.txt'"):
        read_corpus(file(tmp_path, '{"data": {"text": "a"}}\n', "a.jsonl"), text="data.txt")
    with pytest.raises(CorpusError, match=r"no column 'data\.text'"):
        read_corpus(file(tmp_path, "id,data\n1,a\n", "a.csv"), text="data.text")


def test_a_field_of_a_struct_is_a_column(tmp_path):
    frame = pl.DataFrame({"data": [{"text": "a", "label": "x"}, None, {"text": None, "label": "y"}]})
    frame.write_parquet(tmp_path / "a.parquet")
    for source in (frame, tmp_path / "a.parquet"):
        corpus = read_corpus(source, text="data.text")
        assert corpus.texts() == ["a", "", ""] and corpus.column("data.label") == ["x", None, "y"]
    new = pl.DataFrame({"label": ["p", "q", "r"]})
    write_labeled(corpus, tmp_path / "o.parquet", new)
    assert pl.read_parquet(tmp_path / "o.parquet").columns == ["data", "label"]


def test_a_column_of_lists_or_objects_is_no_text(tmp_path):
    objects = file(tmp_path, '{"text": {"k": 1, "body": "b"}}\n', "a.jsonl")
    with pytest.raises(CorpusError, match=r"holds objects, not text: name a field of it, such as text=.text\.body."):
        read_corpus(objects)
    assert read_corpus(objects, text="text.body").texts() == ["b"]
    with pytest.raises(CorpusError, match="holds lists, not text"):
        read_corpus(file(tmp_path, '[{"text": ["a"]}]'))
    with pytest.raises(CorpusError, match=r"holds Struct.*, not text: name a field of it, such as text=.text\.body."):
        read_corpus(pl.DataFrame({"text": [{"k": 1, "body": "b"}]}))
    with pytest.raises(CorpusError, match=r"holds List\(String\), not text"):
        read_corpus(pl.DataFrame({"text": [["a"]]}))


def test_a_row_with_a_list_where_others_have_text_is_a_reject(tmp_path):
    corpus = read_corpus(file(tmp_path, '{"text": "a"}\n{"text": ["b"]}\n{"text": {"c": 1}}\n', "a.jsonl"))
    assert corpus.texts() == ["a"]
    assert [reject.reason for reject in corpus.rejects] == [
        "'text' is a list, not text",
        "'text' is an object, not text",
    ]
