"""The dialect is found from the beginning of the file."""

from __future__ import annotations

import csv
import io

import pytest

from weaklabel.corpus import read_corpus
from weaklabel.errors import CorpusError


def _read(tmp_path, content: str, **options):
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8", newline="")
    return read_corpus(path, **options)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiter_and_line_end(tmp_path, delimiter, end):
    buffer = io.StringIO()
    rows = [["id", "text", "note"]]
    rows += [[str(i), f"well, here | there; {i}\tand\nso on", "a, b; c"] for i in range(30)]
    csv.writer(buffer, delimiter=delimiter, lineterminator=end).writerows(rows)
    corpus = _read(tmp_path, buffer.getvalue())
    assert corpus.dialect is not None
    assert (corpus.dialect.delimiter, corpus.dialect.quoting, corpus.dialect.line_end) == (delimiter, True, end)
    assert corpus.frame().rows() == [tuple(row) for row in rows[1:]]


def test_old_mac_line_ends(tmp_path):
    corpus = _read(tmp_path, 'id,text\r1,"a\nb"\r2,c\r')
    assert corpus.dialect is not None and corpus.dialect.line_end == "\r"
    assert corpus.texts() == ["a\nb", "c"]


@pytest.mark.parametrize(
    "texts",
    [
        ['"Never" is a long time', 'say "when"', "plain"],
        ['5" disk', '"unclosed', 'closed"', "plain"],
        ['"opens here', "is a row of its own", 'closes here"', "plain"],
    ],
)
def test_tab_separated_with_stray_quotes(tmp_path, texts):
    corpus = _read(tmp_path, "id\ttext\n" + "".join(f"{i}\t{text}\n" for i, text in enumerate(texts)))
    assert corpus.dialect is not None and not corpus.dialect.quoting
    assert corpus.texts() == texts
    assert not corpus.rejects


def test_a_few_broken_rows_do_not_make_a_quoted_file_unquoted(tmp_path):
    good = [f'"{i}","text number {i}"\n' for i in range(50)]
    corpus = _read(tmp_path, "id,text\n" + "".join(good) + '"50","bad"x\n')
    assert corpus.dialect is not None and corpus.dialect.quoting
    assert len(corpus) == 50 and [reject.line for reject in corpus.rejects] == [52]


def test_a_sample_that_ends_inside_a_quoted_record(tmp_path):
    content = "id,text\n" + "".join(f'{i},"one\ntwo, three"\n' for i in range(9_000))
    corpus = _read(tmp_path, content)
    assert corpus.dialect is not None and corpus.dialect.quoting and corpus.dialect.delimiter == ","
    assert len(corpus) == 9_000


def test_a_text_longer_than_the_sample(tmp_path):
    text = "a line, and so on\n" * 9_000
    assert _read(tmp_path, f'id,text\n1,"{text}"\n2,b\n').texts() == [text, "b"]


def test_a_stray_quote_that_is_never_closed(tmp_path):
    texts = ['"opens', *(f"plain {i}" for i in range(9_000))]
    corpus = _read(tmp_path, "id,text\n" + "".join(f"{i},{text}\n" for i, text in enumerate(texts)))
    assert corpus.texts() == texts and not corpus.rejects


def test_commas_in_unquoted_text_of_a_single_column(tmp_path):
    lines = ["well, yes", "no, no, no", "perhaps"]
    corpus = _read(tmp_path, "text\n" + "".join(line + "\n" for line in lines))
    assert corpus.texts() == lines


def test_decimal_commas_do_not_hide_the_semicolon(tmp_path):
    corpus = _read(tmp_path, "id;price,eur;text\n1;2,50;a\n2;3,75;b\n")
    assert corpus.columns == ("id", "price,eur", "text")


def test_what_is_given_is_taken(tmp_path):
    corpus = _read(tmp_path, 'text,b\n"x",y\n', delimiter=",", quoting=False)
    assert corpus.texts() == ['"x"']
    assert _read(tmp_path, "text^b\nx^y\n", delimiter="^").columns == ("text", "b")
    assert _read(tmp_path, "text\tb,c\nx\ty,z\n", delimiter="tab").columns == ("text", "b,c")


@pytest.mark.parametrize("wrong", ["", ",,", '"', "\n"])
def test_impossible_delimiter(tmp_path, wrong):
    with pytest.raises(CorpusError, match="delimiter must be one character"):
        _read(tmp_path, "text,b\nx,y\n", delimiter=wrong)


def test_a_tsv_is_split_at_tabs_even_where_commas_abound(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("text\na, b\nc, d\n", encoding="utf-8")
    assert read_corpus(path).texts() == ["a, b", "c, d"]
