"""A project whose corpus comes from a database: its password is in nothing that a run writes."""

import sqlite3
from contextlib import closing

import polars as pl
import pytest

from tests.collect.database.postgres import PASSWORD
from tests.project.conftest import BAD, GOOD, Place
from weaklabel.config import read_project
from weaklabel.errors import CorpusError
from weaklabel.project.run import preparation_of, run_project

TEXTS = [f"{text} {number}" for number in range(5) for text in GOOD + BAD]


@pytest.fixture
def project(tmp_path):
    """A project that collects by a query; the source is to be put in."""
    place = Place(tmp_path)
    settings = '[collect]\nsources = ["SOURCE"]\nquery = "select * from messages"\nkey = "id"\n'
    place.edit("project.toml", '[corpus]\npath = "messages.csv"\n', settings)
    return place


def run(place):
    return run_project(read_project(place.project), file=place.project)


def test_no_file_of_a_run_holds_the_password(project, server):
    rows = ", ".join(f"({number}, '{text}')" for number, text in enumerate(TEXTS))
    server.execute("CREATE TABLE messages (id integer PRIMARY KEY, text text)", f"INSERT INTO messages VALUES {rows}")
    project.edit("project.toml", "SOURCE", server.url)
    run(project)
    assert pl.read_parquet(project.out / "corpus" / "collect.parquet")["text"].to_list() == TEXTS
    files = [path for path in project.out.rglob("*") if path.is_file()]
    assert len(files) > 10 and not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    assert [path for path in files if b"tester:***@" in path.read_bytes()]
    project.edit("project.toml", "from messages", "from nowhere")
    with pytest.raises(CorpusError, match='relation "nowhere" does not exist') as caught:
        run(project)
    assert PASSWORD not in str(caught.value)
    assert not [path for path in project.out.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_a_path_counts_from_the_folder_of_the_project(project):
    with closing(sqlite3.connect(project.folder / "shop.db")) as database, database:
        database.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT)")
        database.executemany("INSERT INTO messages (text) VALUES (?)", [(text,) for text in TEXTS])
    project.edit("project.toml", "SOURCE", "sqlite:///shop.db")
    run(project)
    assert pl.read_parquet(project.out / "corpus" / "collect.parquet").height == len(TEXTS)
    with closing(sqlite3.connect(project.folder / "shop.db")) as database, database:
        database.execute("INSERT INTO messages (text) VALUES ('great, thanks again')")
    collecting, *_ = preparation_of(read_project(project.project), None)[0].plan
    assert (collecting.name, collecting.state) == ("collect", "stale")
    assert collecting.why == (f"sqlite:///{project.folder}/shop.db changed",)
    for spec in ("urls:list.txt", "sqlite+pysqlite:///a/../b.db", "postgresql://h/d", "https://example.org/"):
        project.project.write_text(project.project.read_text().replace("sqlite:///shop.db", spec))
        (source,) = read_project(project.project).collect.sources
        folder = str(project.folder)
        assert source == spec.replace("urls:", f"urls:{folder}/").replace("///a/../b.db", f"///{folder}/b.db")
        project.project.write_text(project.project.read_text().replace(spec, "sqlite:///shop.db"))
