"""Lines that are not rows: Excel's sep=, lines before the header, comments; and other quote characters."""

import csv
import io
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus import open as opening, read_corpus
from weaklabel.corpus.writing import reading_back, write_labeled
from weaklabel.errors import CorpusError


def read(tmp_path, text, name="a.csv", **options):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_corpus(path, **options)


@pytest.mark.parametrize("first", ["sep=;\r\n", "SEP=;\n", '"sep=;"\n'])
def test_the_first_line_of_excel_names_the_delimiter_and_stays_in_the_output(tmp_path, first):
    corpus = read(tmp_path, first + "id;text\r\n1;a, prize\r\n2;lunch\r\n")
    assert corpus.columns == ("id", "text") and corpus.texts() == ["a, prize", "lunch"]
    write_labeled(corpus, tmp_path / "o.csv", pl.DataFrame({"label": ["x", "y"]}))
    assert (tmp_path / "o.csv").read_bytes().startswith(first.encode() + b"id;text;label\r\n1;a, prize;x\r\n")
    write_labeled(corpus, tmp_path / "o.tsv", pl.DataFrame({"label": ["x", "y"]}))
    assert (tmp_path / "o.tsv").read_text().startswith("id\ttext\tlabel\n")


def test_a_delimiter_that_is_given_outweighs_that_line(tmp_path):
    assert read(tmp_path, "sep=;\nid,text\n1,a;b\n", delimiter=",").texts() == ["a;b"]


def test_a_mark_stands_before_the_line_of_excel(tmp_path):
    corpus = read(tmp_path, b"\xef\xbb\xbf" + b"sep=,\nid,text\n1,a\n")
    write_labeled(corpus, tmp_path / "o.csv", pl.DataFrame({"label": ["x"]}))
    assert (tmp_path / "o.csv").read_bytes() == b"\xef\xbb\xbfsep=,\nid,text,label\n1,a,x\n"


def test_lines_before_the_header_are_skipped_and_not_written(tmp_path):
    corpus = read(tmp_path, 'Export "of\n\nid;text\n1;prize\n2;lunch\n3\n', skip_rows=2)
    assert corpus.texts() == ["prize", "lunch"] and corpus.rejects[0].line == 6
    write_labeled(corpus, tmp_path / "o.csv", pl.DataFrame({"label": ["x", "y"]}))
    assert (tmp_path / "o.csv").read_text() == "id;text;label\n1;prize;x\n2;lunch;y\n"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Export of 2026-01-06\nid;text\n1;prize\n2;lunch\n", "begin on line 2: give skip_rows=1"),
        ("Report;;\nMonth;May;\nid;who;text\n1;a;prize\n2;b;lunch\n", "begin on line 3: give skip_rows=2"),
        ("# made by x\n# on Monday\nid,text\n1,prize\n", 'give comment="#"'),
    ],
)
def test_where_the_table_seems_to_begin_is_said(tmp_path, text, hint):
    with pytest.raises(CorpusError, match=hint):
        read(tmp_path, text)


def test_more_lines_to_skip_than_there_are(tmp_path):
    with pytest.raises(CorpusError, match="nothing is left after the first 9 lines"):
        read(tmp_path, "id,text\n1,a\n", skip_rows=9)


def test_comments_are_lines_where_a_record_could_begin(tmp_path):
    text = '# by "x\nid,text\n1,"a\n# not a comment\nb"\n#2,c\n3,d # e\n'
    corpus = read(tmp_path, text, comment="#")
    assert corpus.texts() == ["a\n# not a comment\nb", "d # e"] and not corpus.rejects
    write_labeled(corpus, tmp_path / "o.csv", pl.DataFrame({"label": ["x", "y"]}))
    assert (tmp_path / "o.csv").read_text() == 'id,text,label\n1,"a\n# not a comment\nb",x\n3,d # e,y\n'


def test_another_quote_character(tmp_path):
    corpus = read(tmp_path, "id,text\n1,'a, \"b\"'\n2,'it''s'\n", quote_char="'")
    assert corpus.texts() == ['a, "b"', "it's"]
    write_labeled(corpus, tmp_path / "o.csv", pl.DataFrame({"label": ["x,y", "z"]}))
    assert (tmp_path / "o.csv").read_text() == "id,text,label\n1,'a, \"b\"','x,y'\n2,'it''s',z\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"skip_rows": -1}, "skip_rows must be 0 or more"),
        ({"quote_char": "''"}, "one character"),
        ({"quote_char": "'", "quoting": False}, "makes no sense without quoting"),
        ({"comment": ""}, "such as # or //"),
        ({"delimiter": "'", "quote_char": "'"}, "cannot be both"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, options, message):
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, "id,text\n1,a\n", **options)


def test_it_is_for_delimited_files_only(tmp_path):
    with pytest.raises(CorpusError, match="skip_rows cannot be given for a jsonl corpus"):
        read(tmp_path, '{"text": "a"}\n', name="a.jsonl", skip_rows=1)


@pytest.mark.parametrize(
    ("name", "out", "first"),
    [
        ("a.csv", "o.csv", 'text,label\na,x\n"b, c",y\n'),
        ("a.csv", "o.tsv", "text\tlabel\na\tx\nb, c\ty\n"),
        ("a.tsv", "o.csv", 'text,label\na,x\n"b, c",y\n'),
        ("a.tsv", "o.tsv", "text\tlabel\na\tx\nb, c\ty\n"),
    ],
)
def test_one_column_is_written_as_the_extension_says(tmp_path, name, out, first):
    corpus = read(tmp_path, "text\na\nb, c\n", name=name)
    write_labeled(corpus, tmp_path / out, pl.DataFrame({"label": ["x", "y"]}))
    assert (tmp_path / out).read_text() == first


def test_one_column_keeps_a_delimiter_that_was_given(tmp_path):
    corpus = read(tmp_path, "text\na\nb, c\n", delimiter=";")
    write_labeled(corpus, tmp_path / "o.csv", pl.DataFrame({"label": ["x", "y"]}))
    assert (tmp_path / "o.csv").read_text() == "text;label\na;x\nb, c;y\n"


fields = st.text(alphabet="ab#'\", ;\n\r€", max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(fields, fields), max_size=12),
    preamble=st.lists(st.text(alphabet="ab#'\",;", max_size=5), max_size=3),
    quote=st.sampled_from("\"'"),
    end=st.sampled_from(["\n", "\r\n"]),
    comments=st.sets(st.integers(0, 12)),
    broken=st.sets(st.integers(0, 12), max_size=2),
    chunk=st.sampled_from([16, 64, 1 << 20]),
)
def test_rows_in_are_rows_out_and_rejects_in_parts_too(
    tmp_path_factory, rows, preamble, quote, end, comments, broken, chunk
):
    folder = tmp_path_factory.mktemp("corpus")
    rows = [(f"r{number}", *row) for number, row in enumerate(rows)]
    lines = [*preamble, "id,a,text"]
    expected = []
    for number, row in enumerate(rows):
        if number in comments:
            lines.append(f"# {quote} comment, {number}")
        if number in broken:
            lines.append(f"x{number},too few")
        out = io.StringIO()
        csv.writer(out, quotechar=quote, quoting=csv.QUOTE_ALL, lineterminator="").writerow(row)
        lines.append(out.getvalue())
        expected.append(row)
    path = folder / "a.csv"
    path.write_bytes("".join(line + end for line in lines).encode())
    before, opening.CHUNK = opening.CHUNK, chunk
    try:
        corpus = read_corpus(path, skip_rows=len(preamble), quote_char=quote, comment="#", delimiter=",", text="text")
        assert corpus.frame().rows() == expected
        n_broken = sum(number in broken for number in range(len(rows)))
        assert [reject.reason for reject in corpus.rejects] == ["2 fields, header has 3"] * n_broken
        parts = list(corpus.parts(rows=2))
        assert [row for part in parts for row in part.batch.source.rows()] == expected
        assert [reject for part in parts for reject in part.rejects] == corpus.rejects
        for part in parts:
            assert corpus.read_part(part.part).batch.source.rows() == part.batch.source.rows()
            assert list(corpus.read_records(part.part).batch.raw or ()) == list(part.batch.raw or ())
        for first, second in pairwise(parts):
            assert next(corpus.parts(first.part, rows=2)).part == second.part
        new = pl.DataFrame({"label": [str(number) for number in range(len(rows))]})
        write_labeled(corpus, folder / "o.csv", new, size=3)
        again = read_corpus(folder / "o.csv", quote_char=quote, delimiter=",", text="text")
        assert again.frame().rows() == [(*row, str(number)) for number, row in enumerate(expected)]
    finally:
        opening.CHUNK = before


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("id;text\n1;a, b\n2;c\n", {}),
        ("id,text\n1,'a, b'\n2,c\n", {"quote_char": "'"}),
        ("id,text\n1,grüße €\n2,c\n", {"encoding": "cp1252"}),
        ("id,text\n1,grüße €\n2,c\n", {"encoding": "utf-16"}),
        ("export\nsep\nid\ttext\n1\ta, b\n2\tc\n", {"skip_rows": 2}),
        ("1|a\n2|c\n", {"header": False, "columns": ["id", "text"]}),
        ('text\na, b\n"c"\n', {}),
    ],
)
def test_what_was_written_is_read_back_whatever_the_input_was_like(tmp_path, text, options):
    corpus = read(tmp_path, text.encode(options.get("encoding", "utf-8")), **options)
    new = pl.DataFrame({"label": ["x", "y,z"]})
    write_labeled(corpus, tmp_path / "o.csv", new)
    again = read_corpus(tmp_path / "o.csv", **reading_back(corpus, "csv", new.columns))
    assert again.texts() == corpus.texts() and again.column("label") == ["x", "y,z"]
