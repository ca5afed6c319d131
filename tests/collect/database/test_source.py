"""Rows of a query as documents: the copy that all workers read, and how it is resumed."""

import json
import pickle
import sqlite3
from contextlib import closing

import pytest

from tests.collect.database.postgres import PASSWORD
from weaklabel.collect.collect import collect_corpus
from weaklabel.collect.database import source as module
from weaklabel.collect.opening import open_source
from weaklabel.collect.source import Document, Rejected
from weaklabel.config import CollectSettings
from weaklabel.errors import ConfigError, CorpusError, WeakLabelError


def opened(url, **settings):
    return open_source(url, CollectSettings(sources=[url], **settings))


def read(source, folder):
    """Copy the rows, and return the documents and rejects, as read by another process."""
    source.prepare(folder)
    source = pickle.loads(pickle.dumps(source))
    return [each for item in source.items(folder) for each in source.read(item, folder)]


@pytest.fixture
def shop(tmp_path):
    """The URL of a SQLite file with messages, all of which are odd in some way."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, subject TEXT, body TEXT, price)")
        rows = [
            (1, "a", "hello", 1),
            (2, None, "price in words", "ten"),
            (3, "c", None, 2.5),
            (4, "d", b"\xff\xfe", None),
            (5, "e", b"bytes that are text", None),
            (6, "f", "", True),
            (7, "g", "great number", 2**62),
            (8, "h", "a blob", b"\x00\xff"),
        ]
        database.executemany("INSERT INTO mail VALUES (?, ?, ?, ?)", rows)
        database.execute("INSERT INTO mail VALUES (9, 'i', CAST(x'ff41' AS TEXT), 0)")
    return f"sqlite:///{tmp_path}/shop.db"


def test_rows_become_documents(shop, tmp_path):
    result = read(opened(shop, query="select * from mail", text="body"), tmp_path / "job")
    name = shop
    texts = {each.place: each.text for each in result if isinstance(each, Document)}
    assert texts == {"row 1": "hello", "row 2": "price in words", "row 5": "bytes that are text", "row 6": "",
                     "row 7": "great number", "row 8": "a blob"}  # fmt: skip
    rejects = {each.place: (each.source, each.rule, each.reason) for each in result if isinstance(each, Rejected)}
    not_utf_8 = (name, "encoding", "body is not UTF-8: convert it in the query, or leave the row out")
    assert rejects == {"row 3": (name, "empty", "body is NULL"), "row 4": not_utf_8, "row 9": not_utf_8}
    assert [each.place for each in result] == [f"row {number}" for number in range(1, 10)]
    assert result[0].source == name and result[0].steps == () and len(result[0].sha256) == 64
    # Values of several types are text, and a column has one type in all rows.
    assert [each.columns for each in result if isinstance(each, Document)] == [
        {"id": 1, "subject": "a", "price": "1"}, {"id": 2, "subject": None, "price": "ten"},
        {"id": 5, "subject": "e", "price": None}, {"id": 6, "subject": "f", "price": "1"},
        {"id": 7, "subject": "g", "price": str(2**62)}, {"id": 8, "subject": "h", "price": "00ff"},
    ]  # fmt: skip


def test_text_columns_are_joined_and_the_key_is_the_place(shop, tmp_path):
    query = "select * from mail where id < 4"
    result = read(opened(shop, query=query, text=["subject", "body"], key="id"), tmp_path / "job")
    assert (result[0].place, result[0].text) == ("id 1", "a\nhello")
    assert [each.place for each in result] == ["id 1", "id 2", "id 3"]


@pytest.mark.parametrize("key", [None, "id"])
def test_pieces_make_no_difference(shop, tmp_path, monkeypatch, key):
    settings = {"query": "select * from mail", "text": "body", "key": key}
    whole = read(opened(shop, **settings), tmp_path / "whole")
    monkeypatch.setattr(module, "PIECE_ROWS", 2)
    source = opened(shop, **settings)
    assert read(source, tmp_path / "pieces") == whole
    assert len(list(source.items(tmp_path / "pieces"))) == 5
    monkeypatch.setattr(module, "PIECE_BYTES", 1)
    assert read(opened(shop, **settings), tmp_path / "bytes") == whole


def break_off(source, folder, monkeypatch, rows):
    """Copy until the database has given so many rows, and is gone."""
    real = type(source._query).rows

    def some(query, after=None, until=None):
        for number, row in enumerate(real(query, after, until)):
            if number == rows:
                raise CorpusError("reading broke off")
            yield row

    with monkeypatch.context() as patch:
        patch.setattr(type(source._query), "rows", some)
        with pytest.raises(CorpusError, match="broke off"):
            source.prepare(folder)


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 8])
def test_with_a_key_a_copy_goes_on_where_it_broke_off(shop, tmp_path, monkeypatch, rows):
    monkeypatch.setattr(module, "PIECE_ROWS", 2)
    settings = {"query": "select * from mail", "text": "body", "key": "id"}
    whole = read(opened(shop, **settings), tmp_path / "whole")
    source = opened(shop, **settings)
    break_off(source, tmp_path / "job", monkeypatch, rows)
    asked = []
    real = type(source._query).rows
    monkeypatch.setattr(
        type(source._query),
        "rows",
        lambda query, after=None, until=None: asked.append(after) or real(query, after, until),
    )
    assert read(source, tmp_path / "job") == whole
    assert asked == [rows // 2 * 2 or None]
    assert read(source, tmp_path / "job") == whole and len(asked) == 1  # it is whole, and the database not asked again
    names = [path.name for path in sorted((tmp_path / "whole").iterdir())]
    assert [path.name for path in sorted((tmp_path / "job").iterdir())] == names
    assert all((tmp_path / "job" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in names)


def test_without_a_key_it_begins_anew(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PIECE_ROWS", 2)
    source = opened(shop, query="select * from mail", text="body")
    break_off(source, tmp_path / "job", monkeypatch, 5)
    with closing(sqlite3.connect(shop.removeprefix("sqlite:///"))) as database, database:
        database.execute("DELETE FROM mail WHERE id > 2")
    result = read(source, tmp_path / "job")
    assert [each.place for each in result] == ["row 1", "row 2"]


def test_a_damaged_piece_is_copied_again(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PIECE_ROWS", 2)
    source = opened(shop, query="select * from mail", text="body", key="id")
    whole = read(source, tmp_path / "job")
    piece = tmp_path / "job" / "00000001.jsonl"
    piece.write_bytes(piece.read_bytes()[:-1])
    with pytest.raises(CorpusError, match=r"the copy of sqlite:///.*shop.db in .* is damaged"):
        read(source, tmp_path / "job")
    (tmp_path / "job" / "done.json").unlink()
    assert read(source, tmp_path / "job") == whole


def test_databases_of_installed_packages_are_known(shop, tmp_path):
    from sqlalchemy.dialects import registry

    with pytest.raises(CorpusError, match="'shopdb://' is not a kind of source"):
        opened(shop.replace("sqlite:", "shopdb:"), query="select 1")
    registry.register("shopdb", "sqlalchemy.dialects.sqlite.pysqlite", "dialect")
    try:
        source = opened(shop.replace("sqlite:", "shopdb:"), query="select * from mail where id < 3", text="body")
        assert [each.text for each in read(source, tmp_path / "job")] == ["hello", "price in words"]
    finally:
        registry.deregister("shopdb")


def test_a_database_without_a_query(shop):
    with pytest.raises(CorpusError, match=r"shop.db is a database: say by a query which rows to read"):
        opened(shop)


@pytest.mark.parametrize(("text", "column"), [("bodi", "bodi"), (["body", "title"], "title")])
def test_a_text_column_that_is_missing(shop, tmp_path, text, column):
    with pytest.raises(CorpusError, match=f"the query has no column '{column}'.*id, subject, body, price is the text"):
        read(opened(shop, query="select * from mail", text=text), tmp_path / "job")


def test_an_empty_result(shop, tmp_path):
    assert read(opened(shop, query="select * from mail where id > 99", text="body"), tmp_path / "job") == []


def test_postgresql_types(server, tmp_path):
    query = (
        "SELECT i AS id, 'text ' || i AS text, i / 4.0 AS share, i::float8 AS rate, i > 1 AS late, "
        "'2024-05-01'::date + i AS day, '{\"a\": 1}'::jsonb AS data, ARRAY[i, 2] AS list, '\\x00ff'::bytea AS raw, "
        "NULL AS nothing FROM generate_series(1, 2) i"
    )
    result = read(opened(server.url, query=query, key="id"), tmp_path / "job")
    assert (
        result[1].text == "text 2"
        and result[1].place == "id 2"
        and result[1].source.startswith("postgresql://tester:***@")
    )
    assert result[1].columns == {
        "id": 2, "share": "0.50000000000000000000", "rate": 2.0, "late": True, "day": "2024-05-03", "data": '{"a": 1}',
        "list": "[2, 2]", "raw": "00ff", "nothing": None,
    }  # fmt: skip


def test_rows_that_were_collected_before_keep_their_provenance(shop, tmp_path):
    query = (
        "select 'x' as text, 'a.txt' as meta_source, 'page 2' as meta_place, 'abc' as meta_sha256, "
        "'2024-01-01T00:00:00Z' as meta_time, 'clean' as meta_steps"
    )
    (document,) = read(opened(shop, query=query), tmp_path / "job")
    assert (document.source, document.place, document.steps) == ("a.txt", "page 2", ("clean",))


def test_the_password_is_in_no_file_of_the_job(server, tmp_path):
    source = opened(server.url, query="select 'x' as text, 1 as id", key="id")
    result = read(source, tmp_path / "job")
    shown = [repr(source), source.name, json.dumps(source.settings()), repr(result)]
    shown += [path.read_text() for path in (tmp_path / "job").iterdir()]
    assert len(shown) > 5 and not [text for text in shown if PASSWORD in text]


def test_settings_that_are_written_down_hold_no_password():
    url = f"postgresql://ann:{PASSWORD}@db/shop"
    settings = CollectSettings(sources=[url, "mail/"], query="select 1", key="id")
    assert settings.model_dump(mode="json")["sources"] == ["postgresql://ann:***@db/shop", "mail/"]
    assert PASSWORD not in settings.model_dump_json() and settings.model_dump()["sources"][0] == url
    with pytest.raises(ConfigError, match="sources") as caught:
        CollectSettings.checked(sources=url)
    assert PASSWORD not in str(caught.value)


def test_the_file_of_a_database_is_an_input(shop, tmp_path):
    assert list(opened(shop, query="select 1").files()) == [tmp_path / "shop.db"]
    (tmp_path / "out.csv").hardlink_to(tmp_path / "shop.db")
    with pytest.raises(WeakLabelError, match=r"out\.csv is the source sqlite:///.*shop\.db"):
        collect_corpus(shop, tmp_path / "out.csv", query="select * from mail", text="body")
