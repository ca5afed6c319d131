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
        says=r"in\.csv: byte 12 is not utf-8 .*grüß dich refund.*--encoding cp1252",
    ),
    Case(
        given="Windows quotes, dashes and euro signs (cp1252)",
        happens="refused, and cp1252 named, not latin-1, with the text as it would then read",
        content="id,text\n1,refund of €5 – it’s late\n".encode("cp1252"),
        code=1,
        says=r"cp1252 \(.*refund of €5 – it’s.*\): give --encoding cp1252",
    ),
    Case(
        given="the same, with `--encoding latin-1`, which turns them into control characters",
        happens="read as asked, with a warning that cp1252 is probably meant",
        content="id,text\n1,refund of €5 – it’s late\n".encode("cp1252"),
        options=("--encoding", "latin-1"),
        rows=1,
        says="C1 control characters .*--encoding cp1252",
    ),
    *(
        Case(
            given=f"{language} ({codec})",
            happens=f"refused, and {codec} named",
            content=f"id,text\n1,{text}\n".encode(codec),
            code=1,
            says=rf"most likely it is {codec} \(.*{text[:4]}.*\)",
        )
        for language, codec, text in (
            ("Chinese", "gb18030", "恭喜获得奖品，谢谢您"),
            ("Chinese", "big5", "恭喜獲得獎品，謝謝您"),
            ("Japanese", "shift_jis", "おめでとうございます、賞品が当たりました"),
            ("Japanese", "euc_jp", "おめでとうございます、賞品が当たりました"),
            ("Korean", "euc_kr", "축하합니다 상품에 당첨되었습니다"),
            ("Russian", "cp1251", "Поздравляем, вы выиграли приз"),
            ("Russian", "koi8-r", "Поздравляем, вы выиграли приз"),
            ("Polish", "cp1250", "Dziękuję, zażółć gęślą jaźń"),
            ("Greek", "cp1253", "Συγχαρητήρια κερδίσατε δώρο"),
        )
    ),
    Case(
        given="UTF-8 with a few bytes that are not",
        happens="refused as a damaged file: no other encoding fits it",
        content=("id,text\n1,größer schöner ä ö ü\n2,".encode() + b"caf\xe9\n"),
        code=1,
        says=r"the rest is UTF-8 \(1 wrong byte",
    ),
    *(
        Case(
            given=f"{what} named `.csv`",
            happens="recognised by its first bytes, and refused with what to do",
            content=head + bytes(range(256)) * 4,
            code=1,
            says=rf"in\.csv is {what}.*, not text: {then}",
        )
        for what, head, then in (
            ("an Excel workbook", b"PK\x03\x04\x14\0\x06\0[Content_Types].xml xl/workbook.xml", "save it as CSV"),
            (
                "an OpenDocument spreadsheet",
                b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "save",
            ),
            ("an old Excel or Office file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as CSV"),
            ("a ZIP archive", b"PK\x03\x04\x14\0", "unpack it"),
            ("a PDF document", b"%PDF-1.7\n", "extract its text"),
            ("an RTF document", b"{\\rtf1\\ansi", "save it as plain text"),
            ("a Python pickle", b"\x80\x04\x95", "write its rows as CSV or Parquet"),
            ("a Parquet file", b"PAR1", "name it .parquet"),
        )
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
        says="byte 17 is not utf-8 .*cut short",
    ),
    Case(
        given="UTF-8 with a byte order mark",
        happens="the mark is not part of the first column name, and is kept",
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
        happens="refused in the same way",
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
        says="'utf-9' is not an encoding",
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
