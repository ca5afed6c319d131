"""Reading a query of SQLite and of a real PostgreSQL: streamed, read-only, resumed by key, without a word of the password."""

import os
import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings, strategies as st

from tests.collect.database.postgres import PASSWORD, free_port
from weaklabel.collect.database.query import DatabaseQuery, key_from_json, key_to_json, shown_url
from weaklabel.errors import CorpusError, MissingPackageError


@pytest.fixture
def shop(tmp_path):
    """The URL of a SQLite file with 1,000 messages."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, body TEXT, price)")
        rows = [(3 * i, f"message {i}", i / 2) for i in range(1000)]
        database.executemany("INSERT INTO mail VALUES (?, ?, ?)", rows)
    return f"sqlite:///{tmp_path}/shop.db"


@pytest.fixture(scope="module")
def mail(server):
    """A PostgreSQL with 1,000 messages in a table."""
    server.execute(
        "CREATE TABLE mail (id integer PRIMARY KEY, body text, price numeric)",
        "INSERT INTO mail SELECT 3 * i, 'message ' || i, i / 2.0 FROM generate_series(0, 999) i",
    )
    return server


def error_of(url, query, key=None):
    with pytest.raises((CorpusError, MissingPackageError)) as caught:
        list(DatabaseQuery(url, query, key).rows())
    return str(caught.value)


def ids(rows):
    return [row.values["id"] for row in rows]


def check_reading(url):
    """What holds for every database."""
    rows = list(DatabaseQuery(url, "SELECT id, body FROM mail ORDER BY id DESC;").rows())
    assert ids(rows) == list(range(2997, -1, -3))
    assert (rows[0].number, rows[0].key, rows[0].values["body"]) == (1, None, "message 999")
    query = DatabaseQuery(url, "SELECT * FROM mail ORDER BY body -- a comment", key="id")
    assert ids(query.rows()) == [row.key for row in query.rows()] == list(range(0, 3000, 3))
    assert ids(query.rows(after=2990)) == [2991, 2994, 2997]
    assert ids(query.rows(after=2, until=9)) == [3, 6, 9]
    assert query.columns() == ["id", "body", "price"]
    query.check_boundary(6)
    with pytest.raises(CorpusError, match="the database finds 0 rows"):
        query.check_boundary(7)


def test_sqlite(shop):
    check_reading(shop)


def test_postgresql(mail):
    check_reading(mail.url)
    check_reading(mail.url.replace("postgresql:", "postgres:"))


@pytest.mark.parametrize("key", [None, "id"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_colons_and_percent_signs_are_not_parameters(kind, key, request, shop):
    url = shop if kind == "sqlite" else request.getfixturevalue("mail").url
    query = "SELECT id, '12:30 :name 5% %s %(x)s' AS odd FROM mail WHERE body LIKE '% 99'"
    assert [row.values for row in DatabaseQuery(url, query, key).rows()] == [
        {"id": 297, "odd": "12:30 :name 5% %s %(x)s"}
    ]


def test_casts_of_postgresql_work_with_a_key(mail):
    query = "SELECT id, price::text AS price, body::varchar(3) AS cut FROM mail WHERE id = 3"
    assert next(DatabaseQuery(mail.url, query, "id").rows()).values["cut"] == "mes"


def test_more_than_memory_holds_is_streamed(mail):
    # 90 GiB in all: an answer that is fetched whole would not come.
    query = "SELECT i AS id, repeat('x', 900000) AS body FROM generate_series(1, 100000) i"
    rows = DatabaseQuery(mail.url, query).rows()
    assert [len(next(rows).values["body"]) for _ in range(3)] == [900_000] * 3
    rows.close()


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM mail", "DROP TABLE mail", "UPDATE mail SET body = ''", "WITH d AS (DELETE FROM mail RETURNING id) SELECT 1",
     "SELECT 1; DROP TABLE mail", "CREATE TABLE other (id integer)"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_written(kind, statement, request, shop):
    url = shop if kind == "sqlite" else request.getfixturevalue("mail").url
    assert "the database refuses the query" in error_of(url, statement)
    assert len(list(DatabaseQuery(url, "SELECT * FROM mail WHERE body <> ''").rows())) == 1000


def test_a_function_that_writes_is_refused(mail):
    mail.execute("CREATE SEQUENCE IF NOT EXISTS numbers")
    assert "read-only transaction" in error_of(mail.url, "SELECT nextval('numbers')")


def test_a_missing_file_is_not_made(tmp_path):
    assert "none.db does not exist" in error_of(f"sqlite:///{tmp_path}/none.db", "SELECT 1")
    assert not list(tmp_path.iterdir())


def test_what_is_no_database(tmp_path):
    (tmp_path / "notes.db").write_text("these are notes, and not a database of any kind\n" * 100)
    assert "file is not a database" in error_of(f"sqlite:///{tmp_path}/notes.db", "SELECT 1 FROM mail")


@pytest.mark.parametrize(
    ("query", "key", "message"),
    [
        ("SELECT body FROM letters", None, "no such table: letters"),
        ("SELECT id AS a, id AS a FROM mail", None, "two columns with the name 'a'"),
        ("SELECT id, body FROM mail", "idd", r"no column 'idd' (did you mean 'id'?); the key must be one of id, body"),
        ("SELECT price AS id FROM mail UNION ALL SELECT 0.0", "id", "the value '0.0' more than once"),
        ("SELECT NULL AS id UNION ALL SELECT 1", "id", "the key 'id' is NULL in some rows"),
        ("SELECT x'00' AS id", "id", "holds values of type bytes"),
        ("PRAGMA query_only = ON", None, "the query returns no rows"),
        (" \n", None, "the query is empty"),
    ],
)
def test_wrong_queries(shop, query, key, message):
    text = error_of(shop, query, key)
    assert message in text and "\n" not in text


def test_a_missing_key_is_found_wherever_reading_begins(mail):
    query = DatabaseQuery(mail.url, "SELECT nullif(id, 2997) AS id FROM mail", "id")
    with pytest.raises(CorpusError, match="NULL in some rows"):
        list(query.rows(after=2990))


def test_keys_that_only_the_database_finds_equal(shop, tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("CREATE TABLE people (name TEXT COLLATE NOCASE)")
        database.executemany("INSERT INTO people VALUES (?)", [("ann",), ("Ann",), ("bob",)])
    query = DatabaseQuery(shop, "SELECT name FROM people", "name")
    query.check_boundary("bob")
    with pytest.raises(CorpusError, match="finds 2 rows"):
        query.check_boundary("ann")


def test_text_that_is_not_utf_8_costs_one_row(shop, tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database, database:
        database.execute("INSERT INTO mail VALUES (5000, CAST(x'ff41' AS TEXT), NULL)")
    rows = list(DatabaseQuery(shop, "SELECT * FROM mail WHERE id > 2990", "id").rows())
    assert [row.values["body"] for row in rows] == ["message 997", "message 998", "message 999", b"\xffA"]


def test_a_database_that_breaks_off(shop, tmp_path):
    path = tmp_path / "shop.db"
    rows = DatabaseQuery(shop, "SELECT * FROM mail", "id").rows()
    next(rows)
    with path.open("r+b") as handle:
        handle.seek(4096)
        handle.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(CorpusError, match=r"reading broke off after [\d,]+ rows, the last with id = '\d+' \("):
        list(rows)


def test_a_connection_that_is_cut(mail):
    query = DatabaseQuery(mail.url, "SELECT * FROM mail", "id")
    rows = query.rows()
    seen = [next(rows).key for _ in range(400)]
    mail.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '' AND pid <> pg_backend_pid()"
    )
    with pytest.raises(CorpusError) as caught:
        for row in rows:
            seen.append(row.key)
    assert f"broke off after {len(seen)} rows, the last with id = '{seen[-1]}' (terminating connection" in str(
        caught.value
    )
    assert len(seen) < 1000
    assert seen + [row.key for row in query.rows(after=seen[-1])] == list(range(0, 3000, 3))


def test_a_server_that_crashes(mail):
    rows = DatabaseQuery(mail.url, "SELECT * FROM mail").rows()
    next(rows)
    mail.stop()
    with pytest.raises(CorpusError, match=r"broke off after [\d,]+ rows \(.*closed the connection.*with --key COLUMN"):
        list(rows)
    message = error_of(mail.url, "SELECT 1")
    mail.start()
    assert message.startswith(f"cannot connect to postgresql://tester:***@127.0.0.1:{mail.port}/postgres (")
    assert "Connection refused" in message


def test_no_message_shows_the_password(mail, monkeypatch):
    query = DatabaseQuery(mail.url, "SELECT 1 AS a")
    urls = {
        mail.url.replace("tester", "eve"): "password authentication failed",
        mail.url.replace(str(mail.port), str(free_port())): "Connection refused",
        f"odbc+{mail.url}": "no installed package knows",
        mail.url.replace("postgresql", "mysql+pymysql"): "pip install 'pymysql'",
        mail.url.replace("//", "/", 1): "cannot be read",
        mail.url.replace("tester:", "tester:p@"): "an @ in the password is written as %40",
    }
    shown = [query.name, repr(query), error_of(mail.url, f"SELECT '{PASSWORD}' + 'a'::date")]
    for url, message in urls.items():
        shown.append(error_of(url, "SELECT 1"))
        assert message in shown[-1]
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    by_variable = DatabaseQuery(mail.url.replace(PASSWORD, "${SHOP_PASSWORD}"), "SELECT 1 AS a")
    assert [row.values for row in by_variable.rows()] == [{"a": 1}]
    shown += [by_variable.name, error_of(by_variable.url, f'SELECT "{PASSWORD}"')]
    assert not [text for text in shown if PASSWORD in text]


def test_the_password_may_stand_in_the_environment_only(mail, monkeypatch):
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    url = mail.url.replace(PASSWORD, "${SHOP_PASSWORD}")
    assert "the environment variable SHOP_PASSWORD, which is to hold the password, is not set" in error_of(
        url, "SELECT 1"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ("postgresql://ann:x%40y@h/d", "postgresql://ann:***@h/d"),
        ("postgresql://ann:x/y?z#w@h/d", "postgresql://ann:***@h/d"),
        ("postgresql://ann:@h/d", "postgresql://ann:***@h/d"),
        ("postgres://h/d?user=ann&password=x", "postgres://h/d?user=ann&password=***"),
        (
            "mssql+pyodbc://h/d?driver=ODBC&PWD=x&access_token=y",
            "mssql+pyodbc://h/d?driver=ODBC&PWD=***&access_token=***",
        ),
    ],
)
def test_shown_urls(url, shown):
    assert shown_url(url) == shown


@settings(max_examples=50)
@given(
    st.integers()
    | st.text()
    | st.floats(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.uuids()
)
def test_keys_as_json(key):
    again = key_from_json(key_to_json(key))
    assert again == key and type(again) is type(key)


def test_keys_of_every_kind_resume(mail):
    for expression, kind in [("i", int), ("i::text", str), ("i / 8.0", Decimal), ("i::float8", float),
                             ("date '2024-01-01' + i", date), ("timestamptz '2024-01-01' + i * interval '1 s'", datetime),
                             ("md5(i::text)::uuid", UUID)]:  # fmt: skip
        query = DatabaseQuery(mail.url, f"SELECT {expression} AS k FROM generate_series(1, 9) i", "k")
        keys = [row.key for row in query.rows()]
        again = key_from_json(key_to_json(keys[4]))
        assert isinstance(again, kind)
        assert [row.key for row in query.rows(after=again)] == keys[5:]
