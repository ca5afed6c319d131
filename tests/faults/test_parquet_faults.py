"""Parquet files that are not what they should be."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.case import Case, check, params

TITLE = "Parquet"


def _parquet(given, happens, columns, out="out.parquet", **more):
    def make(folder):
        pq.write_table(columns() if callable(columns) else pa.table(columns), folder / "in.parquet")

    return Case(given=given, happens=happens, content=make, source="in.parquet", out=out, **more)


TEXT = pa.array(["refund", "thanks"])
TIMES = pa.array([datetime(2024, 2, 29, 12, tzinfo=ZoneInfo("UTC"))] * 2, pa.timestamp("ns", "Europe/Berlin"))


def _twice():
    return pa.Table.from_arrays([TEXT, TEXT], names=["text", "text"])


def _half(folder):
    pq.write_table(pa.table({"text": TEXT}), folder / "in.parquet")
    whole = (folder / "in.parquet").read_bytes()
    (folder / "in.parquet").write_bytes(whole[: len(whole) // 2])


def _damaged(folder):
    pq.write_table(pa.table({"text": pa.array(["refund"] * 5000)}), folder / "in.parquet", compression="snappy")
    data = bytearray((folder / "in.parquet").read_bytes())
    data[4:40] = bytes(36)
    (folder / "in.parquet").write_bytes(data)


def _broken(given, content, says):
    return Case(given, "refused", content, source="in.parquet", out="out.parquet", code=1, says=says)


CASES = (
    _broken("no Parquet file", b"id,text\n1,refund\n", "not a readable Parquet file"),
    _broken("an empty file", b"", "not a readable Parquet file"),
    _broken("the first half of a file", _half, "not a readable Parquet file"),
    _broken("a damaged page", _damaged, "not a readable Parquet file"),
    _parquet("a column name twice", "refused", _twice, code=1, says="appears more than once"),
    _parquet("a text column of lists", "refused", {"text": pa.array([["a"]])}, code=1, says="not text: join"),
    _parquet(
        "structs, with `--text text.a`",
        "the field is the text",
        {"text": pa.array([{"a": "refund"}, {"a": None}, None])},
        options=("--text", "text.a"),
        rows=3,
        out="out.parquet",
    ),
    _parquet(
        "a text column of structs",
        "refused; a field is named",
        {"text": pa.array([{"a": 1}])},
        code=1,
        says=r"--text text\.a",
    ),
    _parquet("missing texts", "empty texts, without a label", {"text": pa.array(["refund", None])}, rows=2),
    _parquet("a text column that is all missing, of type null", "the same", {"text": pa.nulls(2)}, rows=2),
    _parquet("a text column of numbers", "read as they are printed", {"text": pa.array([1, 2])}, rows=2),
    _parquet("a text column of categories", "read as text", {"text": TEXT.dictionary_encode()}, rows=2),
    _parquet("no row", "a file without rows", {"text": pa.array([], pa.string())}, rows=0),
    _parquet("time stamps with a zone", "kept as they are", {"text": TEXT, "at": TIMES}, rows=2),
    _parquet(
        "the same, to CSV",
        "in ISO form",
        {"text": TEXT, "at": TIMES},
        out="out.csv",
        rows=2,
        keeps=(b",2024-02-29 13:00:00",),
    ),
    _parquet("a column of bytes", "kept as it is", {"text": TEXT, "b": pa.array([b"\xff", None])}, rows=2),
    _parquet(
        "the same, to CSV",
        "refused: bytes are not text",
        {"text": TEXT, "b": pa.array([b"\xff", None])},
        out="out.csv",
        code=1,
        says="column 'b' holds Binary, which is not text: write Parquet",
        resumes=True,
    ),
    _parquet(
        "nested columns, to CSV",
        "as JSON",
        {"text": TEXT, "b": pa.array([[1, 2], None])},
        out="out.csv",
        rows=2,
        keeps=(b'"[1, 2]",complaint', b"thanks,,praise"),
    ),
    _parquet(
        "an infinite number, to JSONL",
        "refused: JSON has none",
        {"text": TEXT, "b": pa.array([float("inf"), 1])},
        out="out.jsonl",
        code=1,
        says="an infinite number",
        resumes=True,
    ),
    _parquet(
        "a column already called `label`",
        "refused",
        {"text": TEXT, "label": TEXT},
        code=1,
        says="already has a column 'label'",
    ),
)


@pytest.mark.parametrize("case", params(CASES))
def test_parquet(case, tmp_path, monkeypatch):
    check(case, tmp_path, monkeypatch)


def test_time_stamps_keep_instant_unit_and_zone(tmp_path, monkeypatch):
    case = next(case for case in CASES if case.given == "time stamps with a zone")
    check(case, tmp_path, monkeypatch)
    before, after = (pl.read_parquet(tmp_path / name)["at"] for name in (case.source, case.out))
    assert after.dtype == before.dtype == pl.Datetime("ns", "Europe/Berlin")
    assert after.to_list() == before.to_list()
