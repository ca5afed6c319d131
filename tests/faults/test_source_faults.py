"""Archives, folders, pipes and other things that are no plain file of rows."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from tests.faults.case import Case, check, params
from weaklabel.corpus import open as opening

TITLE = "Archives, folders, pipes"

ROWS = b"id,text\n" + b"".join(b"%d,refund no %d\n" % (n, n * n) for n in range(500))
BOMB = 3 << 29


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _damaged(data: bytes) -> bytes:
    return data[:200] + bytes(50) + data[250:]


def _bomb(opened):
    def make(folder):
        line = (b"0," + b"late " * (1 << 10) + b"\n") * (1 << 8)
        with opened(folder) as archive:
            archive.write(b"id,text\n")
            for _ in range(BOMB // len(line)):
                archive.write(line)

    return make


def _gz(folder):
    return gzip.open(folder / "in.csv.gz", "wb", compresslevel=9)


def _zst(folder):
    return zstandard.open(folder / "in.csv.zst", "wb")


def _folder(*more):
    def make(folder: Path) -> None:
        texts = folder / "in"
        (texts / "sub").mkdir(parents=True)
        (texts / "a.txt").write_text("refund")
        (texts / "sub" / "b.TXT").write_text("thanks\n")
        (texts / "notes.md").write_text("no text file")
        for add in more:
            add(texts)

    return make


def _in_folder(given, happens, *more, **rest):
    return Case(given, happens, _folder(*more), source="in", **rest)


def _unreadable(texts):
    # Permissions do not bind an administrator; this file is one that nobody can read from its start.
    (texts / "c.txt").symlink_to("/proc/self/mem")


def _archive(given, content, says, source="in.csv.gz"):
    return Case(given, "refused", content, source=source, code=1, says=says)


TRUNCATED = "the archive is corrupt or truncated"

CASES = (
    Case("a gzip file without the ending .gz", "unpacked", gzip.compress(ROWS), rows=500),
    _archive("a truncated gzip file", _cut(gzip.compress(ROWS)), TRUNCATED),
    _archive("a truncated zstd file", _cut(zstandard.compress(ROWS)), TRUNCATED, "in.csv.zst"),
    _archive("a damaged gzip file", _damaged(gzip.compress(ROWS)), TRUNCATED),
    _archive("a plain file called .gz", ROWS, TRUNCATED),
    _archive("an empty file called .gz", b"", "is empty"),
    Case(
        "a gzip bomb (1.5 GiB of rows)",
        f"refused once it has unpacked to more than {opening.MAX_UNPACKED >> 30} GiB and {opening.MAX_RATIO:,} times "
        "its size",
        _bomb(_gz),
        source="in.csv.gz",
        code=1,
        says="unpack to more than .* which looks like a bomb: unpack it yourself",
        resumes=True,
        long=True,
    ),
    Case(
        "a zstd bomb (1.5 GiB of rows)",
        "refused in the same way",
        _bomb(_zst),
        source="in.csv.zst",
        code=1,
        says="unpack to more than .* which looks like a bomb: unpack it yourself",
        resumes=True,
        long=True,
    ),
    Case("a file that is not there", "refused", lambda folder: None, code=1, says=r"in\.csv does not exist"),
    Case(
        "an ending that names no format",
        "refused",
        b"text\nrefund\n",
        source="in.dat",
        code=1,
        says=r"cannot detect the format of in\.dat from its name: give --format",
    ),
    Case(
        "the same, with `--format csv`", "read", b"text\nlate\n", source="in.dat", options=("--format", "csv"), rows=1
    ),
    Case(
        "a FIFO, `/dev/stdin` of a pipe, or `<(command)`",
        "refused, since a corpus is read more than once",
        lambda folder: os.mkfifo(folder / "in.csv"),
        code=1,
        says=r"in\.csv is a pipe, .*give it as standard input, -",
    ),
    Case(
        "`/dev/null`",
        "refused",
        lambda folder: (folder / "in.csv").symlink_to("/dev/null"),
        code=1,
        says=r"in\.csv is .*no regular file",
    ),
    Case(
        "a symbolic link that leads to itself",
        "refused",
        lambda folder: (folder / "in.csv").symlink_to("in.csv"),
        code=1,
        says=r"in\.csv",
    ),
    _in_folder("a folder of .txt files", "a row for each, also below and in capitals; other files are ignored", rows=2),
    _in_folder(
        "a folder without a .txt file",
        "refused",
        lambda texts: [path.unlink() for path in (texts / "a.txt", texts / "sub" / "b.TXT")],
        code=1,
        says="the folder holds no .txt file",
    ),
    _in_folder("a file in it that cannot be read", "refused, and the file named", _unreadable, code=1, says=r"c\.txt"),
    _in_folder(
        "a file in it that is not UTF-8",
        "the other files are read, it is rejected by name",
        lambda texts: (texts / "c.txt").write_bytes(b"caf\xe9"),
        rows=2,
        rejects=1,
        reason=r"in/c\.txt: byte 3 is not utf-8 .*café.*--encoding cp1252",
    ),
    _in_folder(
        "a link in it that leads nowhere, or a FIFO",
        "refused, and the file named",
        lambda texts: (texts / "c.txt").symlink_to("nowhere"),
        code=1,
        says=r"in/c\.txt",
    ),
    _in_folder(
        "a link in it to a folder, such as to itself",
        "not followed, with a warning",
        lambda texts: (texts / "loop").symlink_to(".."),
        rows=2,
        says="in/loop is a link to a folder and is not followed",
    ),
    _in_folder("an empty file in it", "an empty text", lambda texts: (texts / "c.txt").touch(), rows=3),
)


@pytest.mark.parametrize("case", params(CASES))
def test_source(case, tmp_path, monkeypatch):
    check(case, tmp_path, monkeypatch)


@pytest.mark.parametrize("case", [case for case in CASES if "bomb" in case.given], ids=["gzip", "zstd"])
def test_bombs_at_a_small_scale(case, tmp_path, monkeypatch):
    monkeypatch.setitem(_bomb.__globals__, "BOMB", 16 << 20)
    monkeypatch.setattr(opening, "MAX_UNPACKED", 4 << 20)
    monkeypatch.setattr(opening, "MAX_RATIO", 10)
    check(replace(case, resumes=False), tmp_path, monkeypatch)
