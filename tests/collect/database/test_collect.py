"""``collect`` of a database: killed, cut off, with any number of workers; and without a word of the password."""

import json
import re
from pathlib import Path

import pytest

from tests.collect.database.postgres import PASSWORD
from tests.collect.killed import kill_when, run
from weaklabel.collect.collect import collect_corpus
from weaklabel.errors import CorpusError
from weaklabel.job.engine import LocalEngine

N = 18_000
# The server ends the connection in the middle of the answer as long as there is a row in that table.
QUERY = (
    "SELECT id, body, 'x' AS kind FROM letters WHERE "
    "CASE WHEN id > 12000 AND EXISTS (SELECT FROM trouble) THEN pg_terminate_backend(pg_backend_pid()) ELSE true END"
)
SETTINGS = {"query": QUERY, "text": "body", "key": "id"}


@pytest.fixture(scope="module")
def letters(server):
    server.execute(
        "CREATE TABLE letters (id integer PRIMARY KEY, body text)",
        "CREATE TABLE trouble ()",
        f"INSERT INTO letters SELECT i, 'letter ' || i || repeat(' and so on', 20) FROM generate_series(1, {N}) i",
        "UPDATE letters SET body = NULL WHERE id = 7",
    )
    return server


def written(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "out.jsonl").read_bytes(), (folder / "out.jsonl.rejects.jsonl").read_bytes()


def with_password(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if PASSWORD.encode() in path.read_bytes()]


@pytest.fixture(scope="module")
def whole(letters, tmp_path_factory):
    """What a run writes that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    collect_corpus(letters.url, folder / "out.jsonl", **SETTINGS)
    assert not with_password(folder)
    return written(folder)


def test_rows_and_rejects_add_up(whole):
    rows, rejects = ([json.loads(line) for line in data.splitlines()] for data in whole)
    assert (
        len(rows) == N - 1 and rows[0]["text"].startswith("letter 1 and so on") and rows[-1]["meta_place"] == f"id {N}"
    )
    assert rows[0]["meta_source"].startswith("postgresql://tester:***@") and rows[0]["id"] == 1
    assert [(each["rule"], each["place"]) for each in rejects] == [("empty", "id 7")]


def test_killed_and_given_again(letters, whole, tmp_path):
    asked = [
        "collect",
        letters.url,
        "--query",
        QUERY,
        "--text",
        "body",
        "--key",
        "id",
        "-o",
        "out.jsonl",
        "--workers",
        "1",
    ]
    job = tmp_path / "out.jsonl.job"
    kill_when((job / "source-0" / "00000001.json").exists, *asked, folder=tmp_path)
    assert not (job / "source-0" / "done.json").exists() and not with_password(job)
    done = run(*asked, "--json", folder=tmp_path)
    assert written(tmp_path) == whole and not job.exists()
    assert json.loads(done.stdout)["rows"] == N - 1 and PASSWORD not in done.stdout + done.stderr


def test_a_database_that_goes_away(letters, whole, tmp_path):
    letters.execute("INSERT INTO trouble DEFAULT VALUES")
    try:
        with pytest.raises(CorpusError) as caught:
            collect_corpus(letters.url, tmp_path / "out.jsonl", **SETTINGS)
    finally:
        letters.execute("DELETE FROM trouble")
    assert re.search(
        r"broke off after 11,\d+ rows, the last with id = '11\d+' \(terminating connection", str(caught.value)
    )
    assert PASSWORD not in str(caught.value) and not with_password(tmp_path)
    first = tmp_path / "out.jsonl.job" / "source-0" / "00000000.jsonl"
    assert first.exists()
    first.write_bytes(first.read_bytes().replace(b"letter 1 ", b"letter A "))  # shows that it is not copied again
    collect_corpus(letters.url, tmp_path / "out.jsonl", engine=LocalEngine(2), **SETTINGS)
    assert written(tmp_path) == (whole[0].replace(b"letter 1 ", b"letter A ").replace(*sums(whole[0])), whole[1])


def sums(rows: bytes) -> tuple[bytes, bytes]:
    """Return the hash of the first row, and what it is after the change."""
    from weaklabel.support.hashing import sha256_of_text

    text = json.loads(rows.splitlines()[0])["text"]
    return tuple(sha256_of_text(each).encode() for each in (text, text.replace("letter 1 ", "letter A ")))
