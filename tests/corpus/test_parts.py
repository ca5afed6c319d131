"""Parts add up to the corpus, are the same in every pass, and can be read alone, in any order."""

import codecs
import gzip
import random

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus import open as opening, parts as in_parts, read_corpus

HOSTILE = 'id,text\r\n1,plain\r\n2,"two\nlines, ""quoted"""\r\n3,too,many\r\n\r\n4,größe 🙂\r\n5,last'


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Chunks of a few bytes, so that small files have many parts."""
    monkeypatch.setattr(opening, "CHUNK", 64)
    monkeypatch.setattr(in_parts, "PART_ROWS", 3)


def whole(corpus):
    frame = corpus.frame()
    return frame.to_dicts(), list(corpus.rejects)


def check(corpus):
    rows, rejects = whole(corpus)
    raws = [raw for batch in corpus.batches() for raw in batch.raw or ()]
    result = list(corpus.parts())
    assert [row for part in result for row in part.batch.source.to_dicts()] == rows
    assert [raw for part in result for raw in part.batch.raw or ()] == raws
    assert [reject for part in result for reject in part.rejects] == rejects
    assert [part.part.number for part in result] == list(range(len(result)))
    for item in random.Random(0).sample(result, len(result)):
        again = corpus.read_part(in_parts.Part.from_dict(item.part.to_dict()))
        assert again.batch.source.equals(item.batch.source)
        assert (again.batch.raw, again.batch.start, again.rejects) == (
            item.batch.raw,
            item.part.first_row,
            item.rejects,
        )
    for item in result[:5]:
        later = [part.part for part in corpus.parts(after=item.part)]
        assert later == [part.part for part in result[item.part.number + 1 :]]
    return result


def lines(n, end="\n"):
    rows = [f'{row},"text {row}{end}goes on"' if row % 7 == 3 else f"{row},text number {row}" for row in range(n)]
    rows[n // 2] = "a,b,c,d"
    return "id,text" + end + end.join(rows) + end


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "gbk"])
def test_csv(tmp_path, end, codec):
    path = tmp_path / "a.csv"
    path.write_bytes(lines(60, end).encode(codec))
    assert len(check(read_corpus(path, encoding=codec, quoting=True))) > 5


def test_hostile_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(codecs.BOM_UTF8 + HOSTILE.encode())
    check(read_corpus(path))


def test_packed(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(lines(60).encode()))
    check(read_corpus(path, quoting=True))


def test_an_encoding_with_shifts_is_one_part(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text\nこんにちは\nabc\nさようなら\n".encode("iso2022_jp"))
    assert len(check(read_corpus(path, encoding="iso2022_jp"))) == 1


def test_jsonl_with_broken_and_blank_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [f'{{"text": "größe {row}"}}' for row in range(40)]
    rows[5] = ""
    rows[6] = ""
    rows[20] = "{broken"
    path.write_text("\n".join(rows) + "\n\n")
    assert len(check(read_corpus(path))) > 5


@pytest.mark.parametrize("groups", [4, 100])
def test_parquet(tmp_path, groups):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [f"text {row}" for row in range(37)]}).write_parquet(path, row_group_size=groups)
    check(read_corpus(path))


def test_folder(tmp_path):
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text("some words " * number)
    check(read_corpus(tmp_path))


def test_frame():
    check(read_corpus(pl.DataFrame({"text": ["a", "b"]})))


def test_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text\n")
    assert [part.part.n_rows for part in check(read_corpus(path))] == [0]


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 17, 1000])
def test_limit(tmp_path, limit):
    path = tmp_path / "a.csv"
    path.write_text(lines(40))
    check(read_corpus(path, limit=limit, quoting=True))


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet='a,"\n\r é🙂', max_size=300), quoting=st.booleans())
def test_any_text(tmp_path_factory, text, quoting):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(("x,text\n1,2\n" + text).encode())
    check(read_corpus(path, delimiter=",", quoting=quoting))
