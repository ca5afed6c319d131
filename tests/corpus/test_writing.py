"""Writing: the input is copied byte for byte, and no file is left half written."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import math
import sys
from datetime import date

import polars as pl
import pytest
import zstandard

from weaklabel.corpus import Batch, Written, read_corpus, write_labeled
from weaklabel.errors import CorpusError, WeakLabelError

HARD = '\ufeff"id",text,mood\r\n"007","two\r\nlines, and a ""quote""",😀\r\nNA,NA,\n3,one,too,many\r\n"",last,"👩‍👩‍👧"'


def _new(batch: Batch) -> pl.DataFrame:
    labels = ["spam, sure" if "two" in text else None for text in batch.texts]
    return pl.DataFrame(
        {"label": labels, "p": [0.5 if label else math.nan for label in labels]},
        schema={"label": pl.String, "p": pl.Float64},
    )


def _file(tmp_path, content: str | bytes, name: str = "in.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_hard_file_byte_for_byte(tmp_path, size):
    corpus = read_corpus(_file(tmp_path, HARD))
    done = write_labeled(corpus, tmp_path / "out.csv", _new, size=size)
    assert done == Written(str(tmp_path / "out.csv"), rows=3, rejects=1, columns=("label", "p"))
    assert (tmp_path / "out.csv").read_bytes().decode() == (
        '\ufeff"id",text,mood,label,p\r\n'
        '"007","two\r\nlines, and a ""quote""",😀,"spam, sure",0.5\r\n'
        "NA,NA,,,\n"
        '"",last,"👩‍👩‍👧",,'
    )
    assert [reject.line for reject in corpus.rejects] == [5]


@pytest.mark.parametrize(("bom", "codec"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "latin-1")])
def test_encoding_is_kept(tmp_path, bom, codec):
    path = _file(tmp_path, bom + "text;b\r\nÄ;1\r\n".encode(codec))
    corpus = read_corpus(path, encoding="latin-1" if codec == "latin-1" else None)
    write_labeled(corpus, tmp_path / "out.csv", pl.DataFrame({"y": ["ö"]}))
    assert (tmp_path / "out.csv").read_bytes() == bom + "text;b;y\r\nÄ;1;ö\r\n".encode(codec)


def test_a_label_that_the_encoding_lacks(tmp_path):
    corpus = read_corpus(_file(tmp_path, "text,b\n\xc4,1\n".encode("latin-1")), encoding="latin-1")
    with pytest.raises(CorpusError, match="'好' cannot be written in iso8859-1"):
        write_labeled(corpus, tmp_path / "out.csv", pl.DataFrame({"y": ["好"]}))
    assert not (tmp_path / "out.csv").exists()


def test_no_header_in_no_header_out(tmp_path):
    corpus = read_corpus(_file(tmp_path, "ham\tsee you\nspam\tWIN\n", "in.tsv"), header=False, columns=["y", "text"])
    new = pl.DataFrame({"weak": [1, None]})
    write_labeled(corpus, tmp_path / "out.tsv", new)
    assert (tmp_path / "out.tsv").read_text() == "ham\tsee you\t1\nspam\tWIN\t\n"
    write_labeled(corpus, tmp_path / "out.csv", new)
    assert (tmp_path / "out.csv").read_text() == "ham,see you,1\nspam,WIN,\n"
    write_labeled(corpus, tmp_path / "out.jsonl", new)
    assert json.loads((tmp_path / "out.jsonl").read_text().split("\n")[0]) == {"y": "ham", "text": "see you", "weak": 1}


def test_a_file_without_quoting_takes_no_value_that_needs_it(tmp_path):
    corpus = read_corpus(_file(tmp_path, 'id\ttext\n1\t"x\n', "in.tsv"), quoting=False)
    write_labeled(corpus, tmp_path / "out.tsv", pl.DataFrame({"y": ['"a']}))
    assert (tmp_path / "out.tsv").read_text() == 'id\ttext\ty\n1\t"x\t"a\n'
    with pytest.raises(CorpusError, match="the input has no quoting"):
        write_labeled(corpus, tmp_path / "out.tsv", pl.DataFrame({"y": ["a\tb"]}))


@pytest.mark.parametrize("content", ["text\na\n\nb", "text\r\na, b\r\n\r\nc\r\n"])
def test_single_column(tmp_path, content):
    corpus = read_corpus(_file(tmp_path, content))
    texts = corpus.texts()
    write_labeled(corpus, tmp_path / "out.csv", lambda batch: pl.DataFrame({"y": ["v"] * len(batch)}))
    again = read_corpus(tmp_path / "out.csv")
    assert again.frame().rows() == [(text, "v") for text in texts]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_json_lines_byte_for_byte(tmp_path, end):
    corpus = read_corpus(
        _file(tmp_path, '\ufeff{"text":"a}", "n": 1.50}\t\r\n{ "text" : "two", "o":{"k":[]}}' + end, "in.jsonl")
    )
    write_labeled(corpus, tmp_path / "out.jsonl", _new)
    assert (tmp_path / "out.jsonl").read_bytes().decode() == (
        '\ufeff{"text":"a}", "n": 1.50, "label": null, "p": null}\t\r\n'
        '{ "text" : "two", "o":{"k":[]}, "label": "spam, sure", "p": 0.5}' + end
    )


def test_json_lines_to_csv(tmp_path):
    corpus = read_corpus(
        _file(tmp_path, '{"text":"a,\\n\\"b\\"\\r", "n": null}\n{"text":"","o":{"k": 1.0}}\n', "in.jsonl")
    )
    write_labeled(corpus, tmp_path / "out.csv", pl.DataFrame({"y": [True, None]}))
    again = read_corpus(tmp_path / "out.csv")
    assert again.columns == ("text", "n", "o", "y")
    assert again.frame().rows() == [('a,\n"b"\r', "", "", "true"), ("", "", '{"k":1.0}', "")]


NATIVE = pl.DataFrame(
    {
        "text": ["a", None],
        "n": [1, None],
        "p": [1e-9, math.nan],
        "ok": [True, None],
        "day": [date(2024, 1, 2), None],
        "tags": [["x", "é"], None],
        "s": [{"k": 1}, {"k": None}],
        "c": pl.Series(["u", None], dtype=pl.Categorical),
    }
)


def test_native_types_to_csv_and_jsonl(tmp_path):
    corpus = read_corpus(NATIVE)
    new = pl.DataFrame({"y": ["ham", None]})
    write_labeled(corpus, tmp_path / "out.tsv", new)
    assert read_corpus(tmp_path / "out.tsv").frame().rows() == [
        ("a", "1", "1e-9", "true", "2024-01-02", '["x", "é"]', '{"k": 1}', "u", "ham"),
        ("", "", "", "", "", "", '{"k": null}', "", ""),
    ]
    write_labeled(corpus, tmp_path / "out.jsonl", new)
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert list(first.values()) == ["a", 1, 1e-9, True, "2024-01-02", ["x", "é"], {"k": 1}, "u", "ham"]
    assert list(second.values()) == [None] * 6 + [{"k": None}] + [None] * 2


@pytest.mark.parametrize("size", [1, 10])
def test_parquet_keeps_types(tmp_path, size):
    new = pl.DataFrame({"y": ["ham", None], "q": [0.25, math.nan]})
    write_labeled(read_corpus(NATIVE), tmp_path / "out.parquet", new, size=size)
    again = pl.read_parquet(tmp_path / "out.parquet")
    assert again.columns == NATIVE.columns + new.columns
    assert again.drop("c").equals(pl.concat([NATIVE, new], how="horizontal").drop("c"), null_equal=True)
    assert again["c"].cast(pl.String).to_list() == ["u", None]


def test_csv_to_parquet_and_back(tmp_path):
    corpus = read_corpus(_file(tmp_path, HARD))
    write_labeled(corpus, tmp_path / "out.parquet", _new)
    again = read_corpus(tmp_path / "out.parquet")
    assert again.frame().select(corpus.columns).equals(corpus.frame())


@pytest.mark.parametrize(
    ("value", "out"), [(math.inf, "o.jsonl"), ([math.nan], "o.jsonl"), (b"\xff", "o.csv"), ([b"x"], "o.csv")]
)
def test_values_that_a_format_cannot_carry(tmp_path, value, out):
    corpus = read_corpus(pl.DataFrame({"text": ["a"], "v": [value]}))
    with pytest.raises(CorpusError, match=r"column 'v' holds .*write Parquet"):
        write_labeled(corpus, tmp_path / out, pl.DataFrame({"y": [1]}))


@pytest.mark.parametrize(
    ("suffix", "unpack"),
    [(".gz", gzip.decompress), (".zst", lambda data: zstandard.ZstdDecompressor().stream_reader(data).read())],
)
def test_packed_output(tmp_path, suffix, unpack):
    corpus = read_corpus(_file(tmp_path, "id,text\n1,a\n"))
    new = pl.DataFrame({"y": ["v"]})
    out = tmp_path / f"out.csv{suffix}"
    write_labeled(corpus, out, new)
    first = out.read_bytes()
    assert unpack(first) == b"id,text,y\n1,a,v\n"
    write_labeled(corpus, out, new)
    assert out.read_bytes() == first
    assert read_corpus(out).texts() == ["a"]


def test_standard_output(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer))
    corpus = read_corpus(_file(tmp_path, '{"text":"a"}\n', "in.jsonl"))
    write_labeled(corpus, "-", pl.DataFrame({"y": [1]}))
    write_labeled(corpus, "-", pl.DataFrame({"y": [1]}), format="csv")
    write_labeled(read_corpus(pl.DataFrame({"text": ["b"]})), "-", pl.DataFrame({"y": [2]}))
    assert buffer.getvalue() == b'{"text":"a", "y": 1}\ntext,y\na,1\ntext,y\nb,2\n'


@pytest.mark.parametrize("out", ["out.csv", "out.jsonl", "out.parquet"])
def test_no_rows(tmp_path, out):
    corpus = read_corpus(_file(tmp_path, "id,text\n"))
    done = write_labeled(corpus, tmp_path / out, _new)
    assert (done.rows, done.columns) == (0, ("label", "p"))
    if out == "out.csv":
        assert (tmp_path / out).read_text() == "id,text,label,p\n"
    if out == "out.parquet":
        assert read_corpus(tmp_path / out).columns == ("id", "text", "label", "p")


@pytest.mark.parametrize("out", ["out.csv", "out.tsv", "out.jsonl", "out.parquet"])
def test_no_new_columns(tmp_path, out):
    content = 'id,text\n1,"a"\n2,b'
    corpus = read_corpus(_file(tmp_path, content))
    write_labeled(corpus, tmp_path / out, lambda batch: pl.DataFrame())
    assert read_corpus(tmp_path / out).frame().equals(corpus.frame())
    if out == "out.csv":
        assert (tmp_path / out).read_text() == content


def _frames(*heights: int) -> list[pl.DataFrame]:
    return [pl.DataFrame({"y": ["v"] * height}) for height in heights]


def test_new_columns_in_every_form(tmp_path):
    corpus = read_corpus(_file(tmp_path, "text,b\n" + "x,y\n" * 5))
    outputs = []
    for extra in (lambda batch: _frames(len(batch))[0], _frames(2, 2, 1), iter(_frames(2, 2, 1)), _frames(5)[0]):
        write_labeled(corpus, tmp_path / "out.csv", extra, size=2)
        outputs.append((tmp_path / "out.csv").read_text())
    assert outputs == ["text,b,y\n" + "x,y,v\n" * 5] * 4


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (_frames(2, 2), "new columns end before row 4"),
        (_frames(2, 2, 2), "2 rows of new columns for 1 rows from row 4 on"),
        (_frames(2, 2, 1, 1), "more rows of new columns than the 5 rows"),
        (_frames(4)[0], "0 rows of new columns for 1 rows"),
        (_frames(6)[0], "more rows of new columns than the 5 rows"),
        ([*_frames(2, 2), pl.DataFrame({"z": ["v"]})], "the new columns change"),
        ([*_frames(2, 2), pl.DataFrame({"y": [1]})], "the new columns change"),
    ],
)
def test_new_columns_that_do_not_fit(tmp_path, extra, message):
    corpus = read_corpus(_file(tmp_path, "text,b\n" + "x,y\n" * 5))
    out = _file(tmp_path, "as it was", "out.csv")
    with pytest.raises(CorpusError, match=message):
        write_labeled(corpus, out, extra, size=2)
    assert out.read_text() == "as it was" and len(list(tmp_path.iterdir())) == 2


def test_a_name_that_is_taken(tmp_path):
    corpus = read_corpus(_file(tmp_path, "text,label\nx,y\n"))
    with pytest.raises(CorpusError, match=r"already has a column 'label': .*prefix=.weak_."):
        write_labeled(corpus, tmp_path / "out.csv", pl.DataFrame({"label": ["v"], "p": [1]}))


def test_places_that_cannot_be_written(tmp_path):
    path = _file(tmp_path, "text,b\nx,y\n")
    corpus = read_corpus(path)
    new = pl.DataFrame({"y": [1]})
    with pytest.raises(CorpusError, match="is the corpus itself"):
        write_labeled(corpus, path, new)
    with pytest.raises(CorpusError, match="cannot detect the format"):
        write_labeled(corpus, tmp_path / "out.xml", new)
    with pytest.raises(CorpusError, match="not packed once more"):
        write_labeled(corpus, tmp_path / "out.parquet.gz", new)
    with pytest.raises(WeakLabelError, match="cannot write"):
        write_labeled(corpus, tmp_path / "none" / "out.csv", new)


def test_a_failing_function_leaves_nothing(tmp_path):
    corpus = read_corpus(_file(tmp_path, "text,b\n" + "x,y\n" * 5))

    def fail(batch: Batch) -> pl.DataFrame:
        return pl.DataFrame({"y": [1 // (2 - batch.start)] * len(batch)})

    for out in ("out.csv", "out.csv.gz", "out.parquet"):
        with pytest.raises(ZeroDivisionError):
            write_labeled(corpus, tmp_path / out, fail, size=2)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
