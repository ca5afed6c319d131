"""Files, folders and patterns: what is read, in which order, and what is refused by which rule."""

import hashlib
import os
import socket

import pytest

from tests.collect.makers import PAGE, mbox, message, rules, run, write
from weaklabel.collect.collect import collect_corpus
from weaklabel.errors import CorpusError, WeakLabelError


def test_a_folder_gives_one_row_a_file_with_folder_and_provenance(tmp_path):
    write(tmp_path / "in/tech/2.txt", "About chips.\n")
    write(tmp_path / "in/sport/1.md", "# A match\n\nIt was won.")
    os.utime(tmp_path / "in/tech/2.txt", (1_700_000_000, 1_700_000_000))
    done, rows, _ = run(tmp_path / "in", tmp_path / "out.parquet")
    assert [(row["folder"], row["file"], row["text"]) for row in rows] == [
        ("sport", "sport/1.md", "# A match\n\nIt was won."),
        ("tech", "tech/2.txt", "About chips.\n"),
    ]
    assert rows[1] | {"meta_source": ""} == {
        "text": "About chips.\n",
        "folder": "tech",
        "file": "tech/2.txt",
        "meta_source": "",
        "meta_place": "",
        "meta_sha256": hashlib.sha256(b"About chips.\n").hexdigest(),
        "meta_time": "2023-11-14T22:13:20Z",
        "meta_steps": "",
    }
    assert rows[1]["meta_source"] == f"{tmp_path}/in/tech/2.txt"
    assert (done.documents, done.rows, done.rejects, done.rejects_file) == (2, 2, 0, None)


def test_the_hash_is_that_of_the_file(tmp_path):
    data = "\ufeffwith a mark\r\n".encode()
    write(tmp_path / "a.txt", data)
    _, rows, _ = run(tmp_path / "a.txt", tmp_path / "out.parquet")
    assert (rows[0]["text"], rows[0]["meta_sha256"]) == ("with a mark\r\n", hashlib.sha256(data).hexdigest())


def test_every_file_is_a_row_or_a_reject(tmp_path):
    folder = tmp_path / "in"
    write(folder / "good.txt", "fine")
    write(folder / "latin.txt", "Schöne Grüße aus Köln, später mehr".encode("latin-1"))
    write(folder / "empty.txt", "")
    write(folder / "blank.md", " \n\t\n")
    write(folder / "picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 4)
    write(folder / "zeros.txt", b"text\0with\0zeros" * 3)
    write(folder / "sheet.txt", b"%PDF-1.7 not a text")
    write(folder / ".hidden", "not read")
    write(folder / ".git/config", "not read")
    write(folder / "secret.txt", "not allowed").chmod(0)
    os.mkfifo(folder / "pipe.txt")
    (folder / "out").symlink_to("/etc/hostname")
    (folder / "nowhere").symlink_to("gone")
    (folder / "self").symlink_to("self")
    (folder / "again.txt").symlink_to("good.txt")
    write(folder / "sub/x.txt", "deep")
    (folder / "sub/up").symlink_to("..")
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.path.relpath(folder / "socket"))
    done, rows, rejects = run(str(folder), tmp_path / "out.parquet")
    server.close()
    given = {name.removeprefix(f"{folder}/"): rule for name, rule in rules(rejects).items()}
    expected = {
        "latin.txt": "encoding", "empty.txt": "empty", "blank.md": "empty", "picture.png": "binary", "zeros.txt": "binary",
        "sheet.txt": "binary", ".hidden": "hidden", ".git": "hidden", "pipe.txt": "unreadable", "out": "link",
        "nowhere": "link", "self": "link", "socket": "unreadable",
    }  # fmt: skip
    texts = {"fine", "deep"}
    if os.geteuid() == 0:
        texts.add("not allowed")  # the superuser may read everything
    else:
        expected["secret.txt"] = "unreadable"
    assert given == expected
    assert {row["text"] for row in rows} == texts
    assert done.documents + done.rejects == len(texts) + len(expected)
    (reject,) = (reject for reject in rejects if reject["source"].endswith("latin.txt"))
    assert 'encoding="cp1252"' in reject["reason"]


def test_encoding_can_be_given(tmp_path):
    write(tmp_path / "in/a.txt", "Grüße".encode("latin-1"))
    write(tmp_path / "in/b.txt", b"\xff\xfe" + "Grüße".encode("utf-16-le"))
    _, rows, _ = run(tmp_path / "in", tmp_path / "out.parquet", encoding="latin-1")
    assert [row["text"] for row in rows] == ["Grüße", "Grüße"]


def test_files_that_are_given_twice_are_read_once(tmp_path):
    file = write(tmp_path / "in/a.txt", "one")
    write(tmp_path / "in/b.txt", "two")
    (tmp_path / "link.txt").symlink_to("in/a.txt")
    sources = [tmp_path / "in", file, f"{tmp_path}/in/*.txt", tmp_path / "link.txt"]
    done, rows, _ = run(sources, tmp_path / "out.parquet")
    assert [row["text"] for row in rows] == ["one", "two"]
    assert (done.items, done.repeated) == (2, 4)


def test_patterns(tmp_path):
    write(tmp_path / "a/x.txt", "1")
    write(tmp_path / "a/b/y.txt", "2")
    write(tmp_path / "a/b/z.md", "3")
    (tmp_path / "a/out.txt").symlink_to("/etc/hostname")
    (tmp_path / "a/b/loop").symlink_to("..")
    _, rows, rejects = run(f"{tmp_path}/a/**/*.txt", tmp_path / "out.parquet")
    assert [(row["file"], row["folder"]) for row in rows] == [("b/y.txt", "b"), ("x.txt", "")]
    assert [reject["rule"] for reject in rejects] == ["link"]


def test_an_unknown_scheme_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"'s3://' is not a kind of source; known are files.*hf:.*sqlite:.*https:"):
        collect_corpus("s3://bucket/x", tmp_path / "out.csv")


@pytest.mark.parametrize(("spec", "words"), [("gone.txt", "does not exist"), ("*.gone", "matches no file")])
def test_a_source_must_exist(tmp_path, spec, words):
    with pytest.raises(CorpusError, match=words):
        collect_corpus(f"{tmp_path}/{spec}", tmp_path / "out.csv")


def test_a_corpus_without_rows_is_not_written(tmp_path):
    write(tmp_path / "in/a.txt", "")
    write(tmp_path / "in/b.txt", b"\xff\xfe\xfd")
    with pytest.raises(CorpusError, match=r"no document in .* could be read; the first: .*a\.txt: no text in it"):
        collect_corpus(tmp_path / "in", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    (tmp_path / "none").mkdir()
    with pytest.raises(CorpusError, match="no document in"):
        collect_corpus(tmp_path / "none", tmp_path / "out.csv")


def test_the_output_must_not_be_an_input(tmp_path):
    write(tmp_path / "in/a.csv", "text\nx\n")
    for out in (tmp_path / "in/a.csv", tmp_path / "in"):
        with pytest.raises(WeakLabelError):
            collect_corpus(tmp_path / "in", out)


def test_files_without_a_telling_name_are_read_by_their_content(tmp_path):
    write(tmp_path / "in/README", "Just words.")
    write(tmp_path / "in/51120", message("chips", "They are fast."))
    write(tmp_path / "in/inbox", mbox(message("one", "first"), message("two", "second")))
    write(tmp_path / "in/page", PAGE)
    write(tmp_path / "in/notes.weird", "Subject matters: some")
    done, rows, _ = run(tmp_path / "in", tmp_path / "out.parquet")
    assert done.kinds == {"mbox": 2, "text": 2, "email": 1, "html": 1}
    assert [row["subject"] for row in rows if row["subject"]] == ["chips", "one", "two"]


def test_names_that_are_not_unicode_are_shown_with_escapes(tmp_path):
    write(tmp_path / "in" / os.fsdecode(b"caf\xe9.txt"), "coffee")
    _, rows, _ = run(tmp_path / "in", tmp_path / "out.parquet")
    assert rows[0]["file"] == "caf\\xe9.txt"
