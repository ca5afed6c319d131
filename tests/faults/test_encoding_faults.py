"""Bytes that are not the text they should be."""

from __future__ import annotations

import codecs

import pytest

from tests.faults.case import Case, check, params

TITLE = "Encodings"

PLAIN = "id,text\n1,grüß dich, refund\n".replace("dich, ", "dich ")

CASES = (
    Case(
        given="bytes that are not UTF-8",
        happens="refused with the place of the first such byte; nothing is replaced",
        content=PLAIN.encode("latin-1"),
        code=1,
        says=r"in\.csv: byte 12 is not utf-8 .*--encoding latin-1",
    ),
    Case(
        given="the same, with `--encoding latin-1`",
        happens="read, and written in the same encoding",
        content=PLAIN.encode("latin-1"),
        options=("--encoding", "latin-1"),
        rows=1,
        keeps=(b"1,gr\xfc\xdf dich refund,complaint",),
    ),
    Case(
        given="UTF-8 cut within its last character",
        happens="refused with the place",
        content="id,text\n1,thanks ü".encode()[:-1],
        code=1,
        says="byte 17 is not utf-8",
    ),
    Case(
        given="UTF-8 with a byte order mark",
        happens="the mark is no part of the first name, and is kept",
        content=codecs.BOM_UTF8 + b"text\nlove it\n",
        rows=1,
        keeps=(codecs.BOM_UTF8 + b"text,label",),
    ),
    Case(
        given="UTF-16 with a byte order mark",
        happens="read, and written as UTF-16",
        content=codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"),
        rows=1,
        keeps=(codecs.BOM_UTF16_LE, "refund,complaint".encode("utf-16-le")),
    ),
    Case(
        given="UTF-16 without a byte order mark",
        happens="refused: read as UTF-8 it would be letters with NUL bytes between them",
        content="id,text\n1,refund\n2,thanks\n".encode("utf-16-le"),
        code=1,
        says=r"--encoding utf-16-le",
    ),
    Case(
        given="the same, big-endian",
        happens="refused likewise",
        content="id,text\n1,refund\n2,thanks\n".encode("utf-16-be"),
        code=1,
        says=r"--encoding utf-16-be",
    ),
    Case(
        given="an unknown `--encoding`",
        happens="wrong usage",
        content=PLAIN.encode(),
        options=("--encoding", "utf-9"),
        code=2,
        says="'utf-9' is no encoding",
    ),
    Case(
        given="NUL bytes within texts",
        happens="characters like any other",
        content=b"id,text\n1,a \x00 refund\n2,\x00\n",
        rows=2,
        keeps=(b"1,a \x00 refund,complaint", b"2,\x00,,"),
    ),
    Case(
        given="emoji, right-to-left and combining characters, in names too",
        happens="kept as they are, not normalised",
        content="id,text,🙂\n1,שלום thanks \u202etxet,e\u0301\n2,👩\u200d👧 refund,\ufeff\n".encode(),
        rows=2,
        keeps=(
            "id,text,🙂,label".encode(),
            "שלום thanks \u202etxet,e\u0301,praise".encode(),
            "refund,\ufeff,".encode(),
        ),
    ),
    Case(
        given="an empty file",
        happens="refused",
        content=b"",
        code=1,
        says=r"in\.csv is empty",
    ),
    Case(
        given="only a byte order mark",
        happens="refused",
        content=codecs.BOM_UTF8,
        code=1,
        says=r"in\.csv is empty",
    ),
)


@pytest.mark.parametrize("case", params(CASES))
def test_encoding(case, tmp_path, monkeypatch):
    check(case, tmp_path, monkeypatch)
