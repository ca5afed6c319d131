"""CSV and TSV: values as they stand, bad records by line number, nothing lost."""

from __future__ import annotations

import csv

import pytest

import weaklabel.corpus.records as records
from weaklabel.corpus import Reject, read_corpus
from weaklabel.errors import CorpusError

SIZES = [1, 2, 3, 10_000]


def _write(tmp_path, content: str | bytes, name: str = "a.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _parts(corpus, size=10_000):
    rows = [row for batch in corpus.batches(size) for row in batch.source.rows()]
    return rows, [(reject.line, reject.reason, reject.raw) for reject in corpus.rejects]


@pytest.mark.parametrize("size", SIZES)
def test_the_hard_file(tmp_path, size):
    path = _write(
        tmp_path,
        "\ufeffid,text,mood\r\n"
        '007,"two\r\nlines, and a ""quote""",😀\r\n'
        "NA,NA,👩‍👩‍👧\r\n"
        "3,one,too,many\r\n"
        ' 4 , spaced ,""\r\n',
    )
    corpus = read_corpus(path)
    rows, rejects = _parts(corpus, size)
    assert corpus.columns == ("id", "text", "mood")
    assert rows == [
        ("007", 'two\r\nlines, and a "quote"', "😀"),
        ("NA", "NA", "👩‍👩‍👧"),
        (" 4 ", " spaced ", ""),
    ]
    assert rejects == [(5, "4 fields, header has 3", "3,one,too,many")]


@pytest.mark.parametrize("value", ["NA", "null", "None", "nan", "007", "1e5", "TRUE", "", " ", "\0", "-", "2020-01-01"])
def test_values_are_never_interpreted(tmp_path, value):
    path = _write(tmp_path, f"text,b\n{value},x\n")
    assert read_corpus(path).frame().rows() == [(value, "x")]


@pytest.mark.parametrize("size", SIZES)
def test_one_bad_quote_does_not_swallow_the_file(tmp_path, size):
    path = _write(
        tmp_path,
        'id,text\n1,"a, b"\n2,"bad"x\n3,"fine, too"\n4,"never closed\n5,e\n6,"two\nlines, still"\n7,g\n',
    )
    rows, rejects = _parts(read_corpus(path, quoting=True), size)
    assert rows == [("1", "a, b"), ("3", "fine, too"), ("5", "e"), ("6", "two\nlines, still"), ("7", "g")]
    assert [reject[:2] for reject in rejects] == [
        (3, "garbage after a closing quote"),
        (5, "garbage after a closing quote"),
    ]


def test_unterminated_quote_at_the_end(tmp_path):
    path = _write(tmp_path, 'id,text\n1,"a, b"\n2,"open\n3,c\n4,"d"\n')
    rows, rejects = _parts(read_corpus(path, quoting=True))
    assert rows[0] == ("1", "a, b") and ("3", "c") in rows
    assert (3, "garbage after a closing quote", '2,"open') in rejects
    path = _write(tmp_path, 'id,text\n1,"a, b"\n2,"open\n3,c\n')
    rows, rejects = _parts(read_corpus(path, quoting=True))
    assert rows == [("1", "a, b"), ("3", "c")]
    assert rejects == [(3, "unterminated quote", '2,"open')]


def test_every_line_opens_a_record_that_runs_to_the_end(tmp_path):
    # Read naively, this takes time by the square of the lines: a minute for these.
    lines = 30_000
    path = _write(tmp_path, "id,text\n" + 'foo","bar\n' * lines + "1,ok\n")
    corpus = read_corpus(path, delimiter=",", quoting=True)
    assert corpus.texts() == ["ok"]
    assert [reject.line for reject in corpus.rejects] == list(range(2, lines + 2))


def test_a_record_over_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RECORD_LIMIT", 3 << 20)
    filler = "y" * 999 + "\n"
    path = _write(tmp_path, 'id,text\n1,"a, b"\n2,"' + filler * 4_000 + '"\n3,c\n')
    rows, rejects = _parts(read_corpus(path, quoting=True))
    assert rows[0] == ("1", "a, b") and rows[-1] == ("3", "c")
    assert rejects[0] == (3, "record over 128 MiB", '2,"' + filler[:-1])
    assert len(rejects) + len(rows) == 4_003


def test_a_long_field_below_the_limit_and_the_global_limit_after_it(tmp_path):
    before = csv.field_size_limit()
    text = "two\nlines, and so on, " * 400_000
    path = _write(tmp_path, f'id,text\n1,"{text}"\n2,b\n')
    assert read_corpus(path).texts() == [text, "b"]
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines(tmp_path, end):
    path = _write(tmp_path, end.join(["id,text", "1,a", "", "2,b", "", ""]))
    rows, rejects = _parts(read_corpus(path))
    assert rows == [("1", "a"), ("2", "b")]
    assert rejects == [(3, "blank line", "")]


def test_blank_lines_of_a_single_column_are_rows(tmp_path):
    path = _write(tmp_path, "text\na\n\nb\n")
    assert read_corpus(path).texts() == ["a", "", "b"]


def test_last_line_without_end(tmp_path):
    assert read_corpus(_write(tmp_path, "id,text\n1,a\n2,b")).texts() == ["a", "b"]


def test_one_field_too_few(tmp_path):
    rows, rejects = _parts(read_corpus(_write(tmp_path, "id,text,c\n1\n1,2,3\n1,2,3\n1,2,3\n")))
    assert len(rows) == 3 and rejects == [(2, "1 field, header has 3", "1")]


def test_a_ragged_record_of_several_lines_is_one_reject(tmp_path):
    path = _write(tmp_path, 'id,text\n1,"a, b"\n2,"x\ny",z\n3,"c, d"\n')
    rows, rejects = _parts(read_corpus(path))
    assert rows == [("1", "a, b"), ("3", "c, d")]
    assert rejects == [(3, "3 fields, header has 2", '2,"x\ny",z')]


def test_bare_carriage_return(tmp_path):
    assert read_corpus(_write(tmp_path, "id\ttext\n1\ta\rb\n", "a.tsv"), quoting=False).texts() == ["a\rb"]
    rows, rejects = _parts(read_corpus(_write(tmp_path, 'id,text\n1,a\rb\n2,"c\rd"\n'), quoting=True))
    assert rows == [("2", "c\rd")]
    assert rejects == [(2, "carriage return in an unquoted field", "1,a\rb")]


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c", "\x1c", "\x85"])
def test_only_line_ends_end_lines(tmp_path, separator):
    assert read_corpus(_write(tmp_path, f"id,text\n1,a{separator}b\n")).texts() == [f"a{separator}b"]


def test_without_header(tmp_path):
    path = _write(tmp_path, "ham\tsee you\nspam\tWIN\n")
    corpus = read_corpus(path, header=False, columns=("label", "text"))
    assert corpus.frame().rows() == [("ham", "see you"), ("spam", "WIN")]
    assert read_corpus(path, header=False, text="column_2").texts() == ["see you", "WIN"]
    with pytest.raises(CorpusError, match="3 columns are named, but the first record has 2"):
        read_corpus(path, header=False, columns=("a", "b", "text"))
    with pytest.raises(CorpusError, match="only where the file has no header"):
        read_corpus(path, columns=("label", "text"))


def test_header_only(tmp_path):
    corpus = read_corpus(_write(tmp_path, "id,text\n"))
    assert (len(corpus), corpus.texts(), list(corpus.batches()), corpus.frame().columns) == (0, [], [], ["id", "text"])


def test_header_over_several_lines_counts_them(tmp_path):
    corpus = read_corpus(_write(tmp_path, '"a\nb",text\n1,x\n1,2,3\n2,y\n3,z\n'))
    assert corpus.columns == ("a\nb", "text") and corpus.texts() == ["x", "y", "z"]
    assert corpus.rejects == [Reject(4, "3 fields, header has 2", "1,2,3")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,a,b,a,b\n1,2,3,4,5\n", r"column 'a', 'b' appears more than once"),
        (",text,\n0,x,y\n", r"column 1, 3 has no name"),
        ("\nid,text\n1,a\n", r"line 1: blank line, where the column names should be"),
        ("\n", r"line 1: blank line"),
        ("id,texts,who\n1,a,b\n", r"no column 'text' \(did you mean 'texts'\?\); columns are id, texts, who"),
    ],
)
def test_unusable_header(tmp_path, content, message):
    with pytest.raises(CorpusError, match=message):
        read_corpus(_write(tmp_path, content))


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 9])
def test_limit_counts_good_rows_and_stops_there(tmp_path, limit):
    path = _write(tmp_path, "id,text\nx\n1,a\ny\n2,b\nz\n3,c\nw\n")
    corpus = read_corpus(path, limit=limit)
    rows, rejects = _parts(corpus)
    assert [row[0] for row in rows] == ["1", "2", "3"][:limit]
    assert [reject[2] for reject in rejects] == (["x", "y", "z", "w"] if limit > 3 else ["x", "y", "z"][:limit])
    assert len(corpus) == min(limit, 3)


def test_blocks_cut_anywhere_change_nothing(tmp_path, monkeypatch):
    content = "id,text\r\n" + "".join(f'{i},"line\r\nand, ""more"" {i}"\r\nbad{i}\r\n\r\n' for i in range(40)) + "\r\n"
    path = _write(tmp_path, content)
    expected = _parts(read_corpus(path))
    assert len(expected[0]) == 40
    for chunk in (1, 2, 3, 7, 64, 1000):
        corpus = read_corpus(path)
        monkeypatch.setattr("weaklabel.corpus.open.CHUNK", chunk)
        assert _parts(corpus) == expected
        monkeypatch.undo()
