"""CSV and TSV files that are not what they should be."""

from __future__ import annotations

import pytest

from tests.faults.case import Case, check, params
from weaklabel.corpus import open as opening

TITLE = "CSV and TSV"

MANY = 10_000
LONG = 100_000_000


def _with_field(fill: str):
    def make(folder):
        with (folder / "in.csv").open("w", encoding="utf-8") as handle:
            handle.write(f'id,text\n1,refund\n2,"{fill * (LONG // len(fill))}"\n3,thanks\n')

    return make


def _one_line(folder):
    with (folder / "in.csv").open("w", encoding="utf-8") as handle:
        handle.write("text\n" + "late " * (LONG // 5))


def _endless(folder):
    with (folder / "in.csv").open("w", encoding="utf-8") as handle:
        handle.write("text\n")
        for _ in range(opening.MAX_LINE // opening.CHUNK + 1):
            handle.write("late" * (opening.CHUNK // 4))


CASES = (
    Case(
        given="a first line `sep=;`, as Excel writes it",
        happens="names the delimiter, is not taken for the header, and is kept in the output",
        content=b"sep=;\r\nid;text\r\n1;a refund, now\r\n2;thanks\r\n",
        rows=2,
        keeps=(b"sep=;\r\nid;text;label;", b"1;a refund, now;complaint"),
    ),
    Case(
        given="a line before the header",
        happens="refused; the message says where the table seems to begin",
        content=b"Export of 2026-01-06\nid;text\n1;refund\n2;thanks\n",
        code=1,
        says=r"no column 'text'.*begin on line 2: give --skip-rows 1",
    ),
    Case(
        given="the same, with `--skip-rows 1`",
        happens="left out of the output, with a warning",
        content=b"Export of 2026-01-06\nid;text\n1;refund\n2;thanks\n",
        options=("--skip-rows", "1"),
        rows=2,
        keeps=(b"id;text;label;",),
        says="not written: the 1 line before the table",
    ),
    Case(
        given="`# comment` lines before the header",
        happens="refused; the message names the option",
        content=b"# made by x\nid,text\n1,refund\n",
        code=1,
        says="--comment '#'",
    ),
    Case(
        given="the same, between rows, and in a quoted text too, with `--comment '#'`",
        happens="comments are left out, lines of the text are not",
        content=b'# made by x\nid,text\n1,"refund\n# now"\n# the end\n2,thanks\n',
        options=("--comment", "#"),
        rows=2,
        keeps=(b'1,"refund\n# now",complaint', b"2,thanks,praise"),
        says=r"not written: comment lines \(#",
    ),
    Case(
        given='fields in single quotes, with `--quote-char "\'"`',
        happens="read, and new fields are quoted the same way",
        content=b"id,text\n1,'refund, it''s \"late\"'\n",
        options=("--quote-char", "'"),
        rows=1,
        keeps=(b"1,'refund, it''s \"late\"',complaint",),
    ),
    Case(
        given="more lines to skip than the file has",
        happens="refused",
        content=b"id,text\n1,refund\n",
        options=("--skip-rows", "7"),
        code=1,
        says="nothing is left after the first 7 lines",
    ),
    Case(
        given="a quote character of two characters",
        happens="wrong usage",
        content=b"id,text\n1,refund\n",
        options=("--quote-char", "''"),
        code=2,
        says="one character",
    ),
    Case(
        given="one column, with a comma in a text, to CSV",
        happens="written with commas, since the name says so",
        content=b"text\nrefund\nlate, and never\n",
        rows=2,
        keeps=(b"text,label,", b'"late, and never",complaint'),
    ),
    Case(
        given="one column, with a comma in a text, to TSV",
        happens="written with tabs",
        content=b"text\nrefund\nlate, and never\n",
        out="out.tsv",
        rows=2,
        keeps=(b"text\tlabel\t", b"late, and never\tcomplaint"),
    ),
    Case(
        given="a quote that is never closed, in the first row",
        happens="that line is rejected, the others are rows",
        content=b'id,text\n1,"refund\n2,"thanks"\n3,"love it"\n',
        rows=2,
        rejects=1,
        reason="unterminated quote|garbage",
        options=("--quoting",),
        keeps=(b'2,"thanks",praise', b'3,"love it",praise'),
    ),
    Case(
        given="the same in the middle",
        happens="the same",
        content=b'id,text\n1,"refund"\n2,"thanks\n3,"love it"\n',
        rows=2,
        rejects=1,
        options=("--quoting",),
        reason="unterminated quote|garbage",
        keeps=(b'1,"refund",complaint', b'3,"love it",praise'),
    ),
    Case(
        given="the same in the last row",
        happens="the same",
        content=b'id,text\n1,"refund"\n2,"thanks"\n3,"love it\n',
        rows=2,
        rejects=1,
        reason="unterminated quote",
        options=("--quoting",),
        keeps=(b'1,"refund",complaint', b'2,"thanks",praise'),
    ),
    Case(
        given="quotes that do not pair up, and no `--quoting`",
        happens="read as plain characters, with a warning",
        content=b'id,text\n1,"refund\n2,thanks\n',
        rows=2,
        says="warning: .*quotes do not pair up",
        keeps=(b'1,"refund,complaint',),
    ),
    Case(
        given="rows with too few and too many fields",
        happens="rejected",
        content=b"id,text,who\n1,refund,a\n2,thanks\n3,late,b,c\n4,love,d\n",
        rows=2,
        rejects=2,
        reason="^2 fields, header has 3$",
        keeps=(b"1,refund,a,complaint", b"4,love,d,praise"),
    ),
    Case(
        given="blank lines between rows",
        happens="rejected; blank lines at the end are nothing",
        content=b"id,text\n1,refund\n\n\n2,thanks\n\n",
        rows=2,
        rejects=2,
        reason="^blank line$",
    ),
    Case(
        given="a blank first line",
        happens="refused",
        content=b"\nid,text\n1,refund\n",
        code=1,
        says="line 1: blank line, where the column names should be",
    ),
    Case(
        given="LF and CRLF mixed",
        happens="each record keeps its own line end",
        content=b"id,text\r\n1,refund\n2,thanks\r\n",
        rows=2,
        keeps=(b"p_praise\r\n", b"1,refund,complaint", b"\r\n"),
    ),
    Case(
        given="lone CR as line end",
        happens="read, and written so",
        content=b"id,text\r1,refund\r2,thanks\r",
        rows=2,
        keeps=(b"p_praise\r1,refund,complaint",),
    ),
    Case(
        given="a lone CR within a line that ends in LF",
        happens="rejected where it is outside quotes",
        content=b'id,text\n1,refund\rnow\n2,"thanks\ra lot"\n',
        rows=1,
        rejects=1,
        options=("--quoting",),
        reason="carriage return in an unquoted field",
        keeps=(b'2,"thanks\ra lot",praise',),
    ),
    Case(
        given="a header and nothing else",
        happens="a header and nothing else",
        content=b"id,text\n",
        rows=0,
        keeps=(b"id,text,label,confidence,p_complaint,p_praise\n",),
    ),
    Case(
        given="a column name twice",
        happens="refused",
        content=b"text,text\nrefund,x\n",
        code=1,
        says="column 'text' appears more than once in the header",
    ),
    Case(
        given="a column without a name",
        happens="refused",
        content=b",text\n0,refund\n",
        code=1,
        says="column 1 has no name in the header",
    ),
    Case(
        given="no header",
        happens="refused, since no column is called `text`",
        content=b"1,refund\n2,thanks\n",
        code=1,
        says=r"no column 'text'.*columns are 1, refund",
    ),
    Case(
        given="no header, with `--columns id,text`",
        happens="read, and written without header",
        content=b"1,refund\n2,thanks\n",
        options=("--columns", "id,text"),
        rows=2,
        keeps=(b"1,refund,complaint",),
    ),
    Case(
        given="a misspelt text column",
        happens="refused with the nearest name",
        content=b"id,texts\n1,refund\n",
        code=1,
        says="no column 'text' .did you mean 'texts'",
    ),
    Case(
        given="a column already called `label`",
        happens="refused: no column is overwritten",
        content=b"label,text\nx,refund\n",
        code=1,
        says="already has a column 'label': give the new columns a prefix",
    ),
    Case(
        given="the same, with `--prefix weak_`",
        happens="both are in the output",
        content=b"label,text\nx,refund\n",
        options=("--prefix", "weak_"),
        rows=1,
        keeps=(b"label,text,weak_label", b"x,refund,complaint"),
    ),
    Case(
        given="the same id in two rows",
        happens="two rows: no column is taken for a key",
        content=b"id,text\n7,refund\n7,refund\n007,thanks\n",
        rows=3,
        keeps=(b"\n007,thanks,praise",),
    ),
    Case(
        given="cells like formulas (`=cmd`, `+1`, `-1`, `@x`)",
        happens="kept byte for byte, not escaped: a spreadsheet may run them",
        content=b"id,text\n=cmd|' /C calc'!A0,+1 refund\n-1,@x\n",
        rows=2,
        keeps=(b"\n=cmd|' /C calc'!A0,+1 refund,complaint", b"\n-1,@x,"),
    ),
    Case(
        given="texts like `NA`, `null`, `1e5`",
        happens="texts",
        content=b"id,text\nNA,null\n1e5,None\n",
        rows=2,
        keeps=(b"\nNA,null,", b"\n1e5,None,"),
    ),
    Case(
        given=f"{MANY:,} columns",
        happens="read and written",
        content=",".join(["text", *(f"c{n}" for n in range(1, MANY))]).encode()
        + b"\nrefund"
        + b"," * (MANY - 1)
        + b"\n",
        rows=1,
        keeps=(b"refund,,", b",complaint,"),
    ),
    Case(
        given="a quoted text of 100 MB",
        happens="read and written",
        content=_with_field("late \n"),
        rows=3,
        long=True,
    ),
    Case(
        given="a line of 100 MB without an end",
        happens="read and written",
        content=_one_line,
        rows=1,
        long=True,
    ),
    Case(
        given=f"a line of more than {opening.MAX_LINE:,} characters",
        happens="refused",
        content=_endless,
        code=1,
        says=r"in\.csv: a line has more than [\d,]+ characters, which is not a line of a corpus",
        long=True,
    ),
)


@pytest.mark.parametrize("case", params(CASES))
def test_delimited(case, tmp_path, monkeypatch):
    check(case, tmp_path, monkeypatch)


def test_an_endless_line_at_a_small_scale(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MAX_LINE", 3 * opening.CHUNK)
    check(next(case for case in CASES if case.content is _endless), tmp_path, monkeypatch)
