"""Collecting as a whole: what adds up, what is the same however it is done, and what is resumed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from distributed import LocalCluster
from hypothesis import given, strategies as st

from tests.collect.makers import PAGE, mbox, message, pdf, rejects_of, run, write
from weaklabel.collect import parts
from weaklabel.collect.collect import collect_corpus, collect_into, preview, settings_of
from weaklabel.collect.parts import rows_of
from weaklabel.collect.source import Document
from weaklabel.errors import ConfigError, CorpusError
from weaklabel.job import assembly
from weaklabel.job.cluster import DaskEngine
from weaklabel.job.engine import LocalEngine


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of many kinds, cut into several parts, seen from the folder above."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parts, "PART_ITEMS", 4)
    for number in range(9):
        write(Path(f"in/topic{number % 2}/{number}.txt"), f"Text number {number}. It has two sentences.")
    write(Path("in/bad.txt"), b"\xff\xfe\xfd")
    write(Path("in/mail.mbox"), mbox(message("one", "Hello. Bye."), message("two", "Again.")))
    write(Path("in/page.html"), PAGE)
    write(Path("in/table.csv"), "text,n\nRow one.,1\nRow two.,2\nbroken\n")
    write(Path("in/paper.pdf"), pdf("On page one.", "On page two. More."))
    for path in Path("in").rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return Path("in")


def test_all_that_goes_in_comes_out_or_is_rejected(folder):
    done, rows, rejects = run("in", Path("out.parquet"))
    assert (done.items, done.documents, done.rows, done.rejects) == (14, 15, 15, 2)
    assert done.kinds == {"text": 9, "mbox": 2, "table": 2, "html": 1, "pdf": 1}
    assert done.rejected == {"encoding": 1, "row": 1}
    assert len(rows) == done.documents and len(rejects) == done.rejects
    assert [row["meta_source"] for row in rows] == sorted(row["meta_source"] for row in rows)
    assert not Path("out.parquet.job").exists()
    assert done.to_dict()["documents_in"] == 17
    json.dumps(done.to_dict())


def test_the_bytes_are_the_same_for_any_number_of_workers(folder):
    collect_corpus("in", "one.parquet", unit="sentence")
    collect_corpus("in", "two.parquet", unit="sentence", engine=LocalEngine(2))
    assert Path("one.parquet").read_bytes() == Path("two.parquet").read_bytes()
    assert rejects_of(Path("one.parquet")) == rejects_of(Path("two.parquet"))


def test_the_bytes_are_the_same_on_dask(folder):
    collect_corpus("in", "local.parquet")
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        DaskEngine(cluster.scheduler_address) as engine,
    ):
        collect_corpus("in", "dask.parquet", engine=engine)
    assert Path("local.parquet").read_bytes() == Path("dask.parquet").read_bytes()


@pytest.mark.parametrize("out", ["out.csv", "out.jsonl", "out.json", "out.tsv.gz", "out.jsonl.zst"])
def test_every_format(folder, out):
    from weaklabel.corpus import read_corpus

    done = collect_corpus("in", out)
    corpus = read_corpus(out)
    assert len(corpus) == done.rows
    assert "meta_sha256" in corpus.columns


def test_a_passage_is_exactly_what_its_offsets_say(folder):
    _, documents, _ = run("in", Path("whole.parquet"))
    texts = {(row["meta_source"], row["meta_place"]): row["text"] for row in documents}
    _, rows, _ = run("in", Path("cut.parquet"), unit="sentence")
    assert len(rows) > len(documents)
    for row in rows:
        place = ", ".join(part for part in row["meta_place"].split(", ") if not part.startswith(("page", "characters")))
        assert texts[row["meta_source"], place][row["meta_start"] : row["meta_end"]] == row["text"]
        assert row["meta_place"].endswith(f"characters {row['meta_start']}-{row['meta_end']}")


@given(st.text(max_size=200), st.sampled_from(["document", "paragraph", "sentence"]) | st.integers(1, 50))
def test_rows_of_any_document(text, unit):
    for row in rows_of(Document(text, "a"), unit):
        if unit != "document":
            assert text[row["meta_start"] : row["meta_end"]] == row["text"]


def test_an_interrupted_collection_is_resumed(folder, monkeypatch):
    collect_corpus("in", "whole.parquet")
    read: list[str] = []
    after = 2

    def failing(source, item, folder):
        read.append(item.id)
        if len(read) > after * parts.PART_ITEMS:
            raise KeyboardInterrupt
        return original(source, item, folder)

    from weaklabel.collect.files import FileSource

    original = FileSource.read
    monkeypatch.setattr(FileSource, "read", failing)
    with pytest.raises(KeyboardInterrupt):
        collect_corpus("in", "out.parquet")
    assert Path("out.parquet.job").exists() and not Path("out.parquet").exists()
    read.clear()
    after = 100
    collect_corpus("in", "out.parquet")
    assert 0 < len(read) <= 14 - 2 * parts.PART_ITEMS + 1
    assert Path("out.parquet").read_bytes() == Path("whole.parquet").read_bytes()
    assert not Path("out.parquet.job").exists()


def test_names_of_files_are_no_patterns(folder):
    assert collect_corpus("in", "out[1]*.csv").rows > 0
    assert Path("out[1]*.csv").exists()


def test_a_file_that_changed_meanwhile_is_read_again(folder, monkeypatch):
    from weaklabel.collect.collect import Collection

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Collection, "write_output", lambda *_: 1 / 0)
        collect_corpus("in", "out.jsonl")
    write(folder / "topic0/0.txt", "Something else.")
    done = collect_corpus("in", "out.jsonl")
    assert "Something else." in Path("out.jsonl").read_text()
    assert done.documents == 15


SLOW = """
import sys, time
from weaklabel.collect import parts
from weaklabel.collect.files import FileSource
from weaklabel.collect.collect import collect_corpus
parts.PART_ITEMS = 4
original = FileSource.read
def slow(self, item, folder):
    if item.id.endswith(sys.argv[1]):
        print("waiting", flush=True)
        time.sleep(600)
    return original(self, item, folder)
FileSource.read = slow
collect_corpus("in", "out.parquet")
"""


def test_a_killed_collection_is_resumed(folder):
    collect_corpus("in", "whole.parquet")
    for last, n_done in (("topic0/2.txt", 1), ("topic1/5.txt", 3)):
        process = subprocess.Popen([sys.executable, "-c", SLOW, last], stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert not Path("out.parquet").exists()
        assert len(list(Path("out.parquet.job").glob("out-*.json"))) == n_done
    collect_corpus("in", "out.parquet")
    assert Path("out.parquet").read_bytes() == Path("whole.parquet").read_bytes()
    assert not Path("out.parquet.job").exists()


def test_large_parts_are_written_in_pieces(folder, monkeypatch):
    collect_corpus("in", "whole.parquet")
    monkeypatch.setattr(parts, "PIECE_ROWS", 1)
    collect_corpus("in", "pieces.parquet")
    assert Path("whole.parquet").read_bytes() == Path("pieces.parquet").read_bytes()
    monkeypatch.setattr(assembly, "MERGED_ROWS", 2)
    collect_corpus("in", "small.parquet")
    assert pl.read_parquet("small.parquet").equals(pl.read_parquet("whole.parquet"))


def test_a_step_of_a_run(folder, tmp_path):
    (tmp_path / "work").mkdir()
    settings = settings_of("in", {"unit": "paragraph"})
    done = collect_into(settings, tmp_path / "corpus.parquet", tmp_path / "rejects.jsonl", tmp_path / "work")
    assert len(pl.read_parquet(tmp_path / "corpus.parquet")) == done.rows
    assert len((tmp_path / "rejects.jsonl").read_text().splitlines()) == done.rejects


def test_what_would_be_read(folder):
    write(folder / "z.zip", b"PK\x05\x06" + bytes(18))
    (folder / "link").symlink_to("/etc/hostname")
    seen = preview(settings_of(["in", "in/bad.txt"], {}))
    assert seen.items == {"text": 10, "mbox": 1, "html": 1, "pdf": 1, "table": 1, "archive": 1}
    assert (seen.rejected, seen.repeated) == ({"link": 1}, 1)
    assert seen.sizes["table"] == (folder / "table.csv").stat().st_size


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"unit": "page"}, "unit"),
        ({"unit": 0}, "unit"),
        ({"units": "sentence"}, r"unknown key 'units' \(did you mean 'unit'\?\)"),
        ({"html_text": "some"}, "html_text"),
    ],
)
def test_wrong_settings(folder, keys, words):
    with pytest.raises(ConfigError, match=words):
        collect_corpus("in", "out.csv", **keys)


def test_unknown_encodings_and_formats(folder):
    with pytest.raises(CorpusError, match="unknown encoding 'klingon'"):
        collect_corpus("in", "out.csv", encoding="klingon")
    with pytest.raises(CorpusError, match="cannot detect the format"):
        collect_corpus("in", "out.xyz")
