"""Frames and rows in memory: row labeling functions see what they see in Snorkel's appliers, and no column is in the way."""

import dataclasses
import datetime as dt
import json
from collections import namedtuple
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from snorkel.labeling import LFApplier, PandasLFApplier

from weaklabel import LabelingFunction, apply_lfs, keyword_lf, lookup_lf, read_corpus
from weaklabel.corpus import Row, write_labeled
from weaklabel.errors import CorpusError, LFError, VoteError

numbers = st.integers(-9, 9)
words = st.sampled_from(["a", "b", "prize"])
COLUMNS = {
    "object": (object, [words, numbers, st.floats(), st.none(), st.tuples(numbers, words), st.sets(numbers, max_size=2),
                        st.dictionaries(words, numbers, max_size=2), st.lists(words, max_size=2), st.complex_numbers(),
                        st.decimals(allow_nan=False), st.binary(max_size=2), st.dates(), st.booleans(),
                        st.just(np.nan), st.just(pd.NA), st.just(pd.NaT), st.just("\ud83d"), st.just(2**70)]),
    "float64": (float, [st.floats()]), "float32": (float, [st.floats(width=32)]), "int64": (int, [numbers]),
    "bool": (bool, [st.booleans()]), "complex128": (complex, [st.complex_numbers()]),
    "str": (object, [words, st.none()]), "string": (object, [words, st.none()]), "category": (object, [words, st.none()]),
    "Int64": (object, [numbers, st.none()]), "Float64": (object, [st.floats(-9, 9), st.none()]),
    "boolean": (object, [st.booleans(), st.none()]), "Sparse[float64]": (float, [st.floats()]),
    "datetime64[ns]": (object, [st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)), st.none()]),
    "datetime64[ns, Europe/Berlin]": (object, [st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2020, 1, 1)), st.none()]),
    "timedelta64[ns]": (object, [st.timedeltas(dt.timedelta(-99), dt.timedelta(99)), st.none()]),
    "period[M]": (object, [st.dates(dt.date(1990, 1, 1)).map(str), st.none()]),
    "int64[pyarrow]": (object, [numbers, st.none()]),
}  # fmt: skip


@st.composite
def frames(draw):
    n = draw(st.integers(0, 5))
    frame = pd.DataFrame({"text": pd.Series(["text"] * n, dtype="str")})
    for number, dtype in enumerate(draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=4))):
        _, values = COLUMNS[dtype]
        item = draw(st.sampled_from(values)) if dtype == "object" and draw(st.booleans()) else st.one_of(values)
        column = pd.Series(draw(st.lists(item, min_size=n, max_size=n)), dtype=object)
        if dtype == "datetime64[ns, Europe/Berlin]":
            column = pd.to_datetime(column, utc=True)
        elif dtype == "period[M]":
            column = pd.Series([pd.NaT if value is None else pd.Period(value, "M") for value in column], dtype=object)
        frame[f"c{number}"] = column.astype(dtype)
    frame["odd"] = [()] * n  # or pandas would give all values of a row one type
    return frame.set_index(pd.Index(range(7, 7 + n)))


def alike(ours, theirs):
    if isinstance(ours, (list, tuple)) and type(ours) is type(theirs):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    if isinstance(theirs, np.generic):
        theirs = theirs.item()
    return type(ours) is type(theirs) and (repr(ours) == repr(theirs))


def recorder(into, columns):
    def record(x):
        into.append({name: x[name] for name in columns})
        return -1

    return LabelingFunction("record", record)


@settings(max_examples=150, deadline=None)
@given(frames())
def test_rows_are_those_that_snorkel_shows(frame):
    ours, theirs = [], []
    apply_lfs([recorder(ours, frame.columns)], frame, batch_size=2)
    if len(frame):
        PandasLFApplier([recorder(theirs, frame.columns)]).apply(frame, progress_bar=False)
    assert len(ours) == len(theirs)
    for mine, snorkels in zip(ours, theirs, strict=True):
        for name in frame.columns:
            assert alike(mine[name], snorkels[name]), (frame.dtypes, name, mine[name], snorkels[name])


@settings(max_examples=50, deadline=None)
@given(frames())
def test_rows_cross_to_workers_as_they_are_or_are_refused(frame):
    from weaklabel.votes.workers.protocol import pack_batch, unpack_batch

    for batch in read_corpus(frame).batches(2):
        header, body = pack_batch(batch)
        there = unpack_batch(json.loads(json.dumps(header)), bytes(body))
        for mine, its in zip(batch.rows(), there.rows(), strict=True):
            assert list(mine) == list(its) or all(map(alike, mine, its))
            assert list(mine.keys()) == list(its.keys())


def test_what_cannot_cross_to_workers_is_refused_where_it_is_read(tmp_path):
    from weaklabel import load_lfs

    pack = tmp_path / "pack.py"
    pack.write_text(
        "from weaklabel import labeling_function\nLABELS = ('no', 'yes')\n"
        "@labeling_function()\ndef pair(x):\n    return 1 if x.pair == (1, 2) and x.number != x.number else 0\n"
        "@labeling_function()\ndef odd(x):\n    return 1 if x.odd else 0\n"
    )
    lfs = load_lfs(str(pack))
    frame = pd.DataFrame(
        {"text": ["a", "b"], "pair": [(1, 2), (1, 2)], "number": [None, 1.0], "odd": [SimpleNamespace()] * 2}
    )
    assert apply_lfs(list(lfs)[:1], frame).L.ravel().tolist() == [1, 0]
    with pytest.raises(CorpusError, match=r"column 'odd' holds a types\.SimpleNamespace.*workers=0"):
        apply_lfs(lfs, frame, workers=1)
    pack.write_text(pack.read_text().replace("x.odd", "x.text"))
    assert apply_lfs(load_lfs(str(pack)), frame, workers=1).L[:, 0].tolist() == [1, 0]


def test_a_column_that_nobody_reads_is_not_in_the_way_and_one_that_is_read_is_named():
    mixed = pd.DataFrame({"text": ["a", "b"], "zip": ["01234", 5678]})
    assert apply_lfs([keyword_lf("a", 1, ["a"])], mixed).L.ravel().tolist() == [1, -1]
    with pytest.raises(LFError, match="LF 'zip' reads column 'zip', which mixes types: str in row 0, int in row 1"):
        apply_lfs([lookup_lf("zip", "zip", {"5678": 1})], mixed)
    with pytest.raises(CorpusError, match="column 'zip' mixes types"):
        read_corpus(mixed, text="zip")
    with pytest.raises(CorpusError, match=r"column 'text' has a lone surrogate .* in row 1"):
        read_corpus(["fine", "half \ud83d"])


def test_odd_columns_are_written_as_json_has_them_or_named(tmp_path):
    frame = pd.DataFrame({"text": ["a", "b"], "zip": ["01234", 5678], "meta": [{"a": 1}, {"b": (2, None)}]})
    write_labeled(read_corpus(frame), tmp_path / "out.jsonl", pl.DataFrame({"label": [1, 0]}))
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        {"text": "a", "zip": "01234", "meta": {"a": 1}, "label": 1},
        {"text": "b", "zip": 5678, "meta": {"b": [2, None]}, "label": 0},
    ]
    write_labeled(read_corpus(frame[["text", "zip"]]), tmp_path / "out.csv", pl.DataFrame({"label": [1, 0]}))
    assert (tmp_path / "out.csv").read_text() == "text,zip,label\na,01234,1\nb,5678,0\n"
    with pytest.raises(CorpusError, match="column 'zip' mixes types"):
        write_labeled(read_corpus(frame), tmp_path / "out.parquet", pl.DataFrame({"label": [1, 0]}))
    frame["bag"] = [{1}, {2}]
    with pytest.raises(CorpusError, match=r"column 'bag' holds \{1\}, which cannot be written"):
        write_labeled(read_corpus(frame), tmp_path / "out.jsonl", pl.DataFrame({"label": [1, 0]}))


def test_the_hash_of_a_frame_knows_what_stands_beside_it():
    def digest(values):
        return read_corpus(pd.DataFrame({"text": ["a"], "x": pd.Series([values], dtype=object)})).sha256()

    assert digest({1, 2}) == digest({2, 1}) != digest({1, 3})
    assert digest((1, 2)) != digest([1, 2]) != digest(None) != digest(np.nan)
    odd = read_corpus(pd.DataFrame({"text": ["a"], "x": [SimpleNamespace()]}))
    assert odd.sha256() == odd.sha256() != read_corpus(odd.source.frame).sha256()


def test_names_of_columns():
    assert read_corpus(pd.DataFrame([["a", 1]]), text=0).texts() == ["a"]
    levels = pd.DataFrame([["a", 1]], columns=pd.MultiIndex.from_tuples([("text", ""), ("meta", "n")]))
    [row] = next(read_corpus(levels).batches()).rows()
    assert row[("meta", "n")] == row["meta.n"] == 1
    with pytest.raises(CorpusError, match="more than one column is called 'text'"):
        read_corpus(pd.DataFrame([["a", "b"]], columns=["text", "text"]))


def test_a_change_to_the_frame_afterwards_changes_nothing():
    frame = pd.DataFrame({"text": ["a"], "x": [(1, 2)]})
    corpus = read_corpus(frame)
    frame.loc[0, "x"] = None
    assert next(corpus.batches()).rows()[0].x == (1, 2)


@dataclasses.dataclass(slots=True)
class Point:
    num: int
    text: str

    @property
    def double(self):
        return 2 * self.num


Pair = namedtuple("Pair", "num text")
ROWS = [(1, "one prize"), (100, "two")]
big = LabelingFunction("big", lambda x: 1 if x.num > 42 else 0)
big_by_key = LabelingFunction("big", lambda x: 1 if x["num"] > 42 else 0)
prize = keyword_lf("prize", 1, ["prize"])


@pytest.mark.parametrize(
    ("rows", "lf"),
    [
        ([SimpleNamespace(num=n, text=t) for n, t in ROWS], big),
        ([Point(n, t) for n, t in ROWS], LabelingFunction("big", lambda x: 1 if x.double > 84 else 0)),
        ([Pair(n, t) for n, t in ROWS], big),
        ([{"num": n, "text": t} for n, t in ROWS], big_by_key),
        ([pd.Series({"num": n, "text": t}) for n, t in ROWS], big),
    ],
)
def test_objects_get_the_votes_of_snorkels_applier(rows, lf):
    theirs = LFApplier([lf, prize]).apply(rows, progress_bar=False)
    assert theirs.tolist() == [[0, 1], [1, -1]]
    assert apply_lfs([lf, prize], rows).L.tolist() == theirs.tolist()
    assert apply_lfs([lf, prize], (row for row in rows)).L.tolist() == theirs.tolist()
    assert apply_lfs([lf, prize], np.array([*rows, None], dtype=object)[:-1]).L.tolist() == theirs.tolist()


def test_a_matrix_of_numbers_has_rows_too():
    tenth = LabelingFunction("tenth", lambda x: 1 if x[0] > 42 else 0)
    rows = np.array([[10], [100]])
    assert (
        apply_lfs([tenth], rows).L.tolist() == LFApplier([tenth]).apply(rows, progress_bar=False).tolist() == [[0], [1]]
    )


class DataSet:
    """What a data set of the package ``datasets`` is asked for."""

    features = ("num", "text")

    def __len__(self):
        return len(ROWS)

    def with_format(self, form):
        assert form == "arrow"
        return self

    def __getitem__(self, rows):
        assert rows == slice(None)
        return pa.table({"num": [n for n, _ in ROWS], "text": [t for _, t in ROWS]})


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(ROWS, columns=["num", "text"]),
        pl.DataFrame(ROWS, schema=["num", "text"], orient="row"),
        pl.DataFrame(ROWS, schema=["num", "text"], orient="row").lazy(),
        pa.table({"num": [n for n, _ in ROWS], "text": [t for _, t in ROWS]}),
        pa.RecordBatch.from_pydict({"num": [n for n, _ in ROWS], "text": [t for _, t in ROWS]}),
        {"num": np.array([n for n, _ in ROWS]), "text": tuple(t for _, t in ROWS)},
    ],
)
def test_tables(table):
    assert apply_lfs([big, prize], table).L.tolist() == [[0, 1], [1, -1]]


def test_a_data_set_of_datasets():
    assert apply_lfs([big, prize], DataSet()).L.tolist() == [[0, 1], [1, -1]]


@pytest.mark.parametrize(
    "texts", [["prize", "two"], ("prize", "two"), iter(["prize", "two"]), np.array(["prize", "two"]),
              pd.Series(["prize", "two"], name="body"), pl.Series(["prize", "two"]), {"prize": 1, "two": 2}.keys()]
)  # fmt: skip
def test_texts(texts):
    assert apply_lfs([prize], texts).L.ravel().tolist() == [1, -1]


def test_no_text_is_needed_where_none_is_read():
    frame = pd.DataFrame({"num": [10, 100]})
    assert apply_lfs([big], frame).L.ravel().tolist() == [0, 1]
    with pytest.raises(LFError, match="LF 'prize' reads column 'text', which the corpus lacks; its columns are num"):
        apply_lfs([big, prize], frame)
    with pytest.raises(VoteError, match="the row has no column 'text'"):
        apply_lfs([LabelingFunction("text", lambda x: len(x.text))], frame, error_budget=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a", None], "row 1 of the list of texts is None"),
        ([{"a": 1}, "a"], "row 0 of the list of texts is"),
        ({"text": "a"}, "put one row in a list"),
        ({"text": ["a"], "num": [1, 2]}, "as many values each, not 'text' 1, 'num' 2"),
        (3, "not int"),
    ],
)
def test_what_is_no_corpus(given, message):
    with pytest.raises(CorpusError, match=message):
        apply_lfs([prize], given)


def test_hidden_columns_are_hidden_on_objects_too():
    for rows in ([{"text": "a", "gold": 1}], [SimpleNamespace(text="a", gold=1)]):
        [row] = next(read_corpus(rows, hide=["gold"]).batches()).rows()
        assert list(row.keys()) == ["text"]


def test_the_text_has_its_name_on_rows_made_of_other_columns():
    for rows in ([{"body": "a"}], [SimpleNamespace(body="a")]):
        corpus = read_corpus(rows, text="body")
        batch = next(corpus.batches())
        assert (batch.rows()[0].text, batch.part(0, 1).rows()[0].text, batch.rows()[0].body) == ("a", "a", "a")


def test_a_row_has_what_a_series_has():
    x = Row(text="hello", number=1.5)
    assert (list(x.keys()), list(x.values()), list(x.items())) == (
        ["text", "number"], ["hello", 1.5], [("text", "hello"), ("number", 1.5)]
    )  # fmt: skip
    assert dict(x) == x.to_dict() == x._asdict() == {"text": "hello", "number": 1.5}
    assert list(x) == list(pd.Series(x.to_dict(), dtype=object)) and len(x) == 2 and "text" in x and "x" not in x
    assert (x.get("x"), x.get("x", 3), x["text"]) == (None, 3, "hello") and "hello" in repr(x)
    assert Row(items=3, values=4).items == 3  # a column hides a method


def test_values_of_several_kinds_come_back_from_json():
    from weaklabel.corpus.python_values import decode, encode

    for value in (
        pd.Timestamp("2020-01-01 01:02:03.123456789"), pd.Timestamp("2020", tz="Europe/Berlin"), pd.Timedelta(1),
        pd.Interval(1, 2, "left"), np.datetime64("2020"), np.float32(1.5), dt.time(1, 2), Decimal("1.50"), frozenset("ab"),
    ):  # fmt: skip
        back = decode(json.loads(json.dumps(encode(value))))
        assert type(back) is type(value) and back == value
