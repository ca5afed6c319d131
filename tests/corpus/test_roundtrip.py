"""Any table that Python's csv module writes is read back exactly, and written again byte for byte."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings, strategies as st

from weaklabel.corpus import Corpus, read_corpus, write_labeled

# The characters that matter most, and any other but halves of surrogate pairs.
CHARACTERS = st.one_of(
    st.sampled_from(list("\",;\t|\n\r '\0aé好👋\ufeff\u2028")), st.characters(exclude_categories=["Cs"])
)
VALUES = st.text(CHARACTERS, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    names = ["text", *(f"c{i}" for i in range(1, width))]
    rows = draw(st.lists(st.lists(VALUES, min_size=width, max_size=width), max_size=8))
    return [names, *rows]


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, object]:
    end = draw(st.sampled_from(["\n", "\r\n"]))
    # With "\n" for line end, Python 3.11 writes a bare carriage return without quotes, and then refuses to read it.
    quotings = [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC] + ([csv.QUOTE_MINIMAL] if end == "\r\n" else [])
    return {
        "delimiter": draw(st.sampled_from([",", "\t", ";", "|", "^", "é"])),
        "lineterminator": end,
        "quoting": draw(st.sampled_from(quotings)),
    }


def _lines(table: list[list[str]], dialect: dict[str, object]) -> list[str]:
    lines = []
    for row in table:
        buffer = io.StringIO()
        csv.writer(buffer, **dialect).writerow(row)
        lines.append(buffer.getvalue())
    return lines


def _labels(corpus: Corpus, out: Path, size: int) -> None:
    def number(batch):
        return pl.DataFrame({"new": [str(batch.start + i) for i in range(len(batch))]}, schema={"new": pl.String})

    write_labeled(corpus, out, number, size=size)


@settings(deadline=None, max_examples=200)
@given(tables(), dialects(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.integers(1, 9))
def test_delimited(table, dialect, encoding, size):
    lines = _lines(table, dialect)
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "in.csv", Path(folder) / "out.csv"
        path.write_bytes("".join(lines).encode(encoding))
        corpus = read_corpus(path, delimiter=str(dialect["delimiter"]), quoting=True)
        rows = [row for batch in corpus.batches(size) for row in batch.source.rows()]
        assert rows == [tuple(row) for row in table[1:]]
        assert not corpus.rejects
        _labels(corpus, out, size)
        end = str(dialect["lineterminator"])
        expected = [
            line.removesuffix(end) + str(dialect["delimiter"]) + new + end
            for line, new in zip(lines, ["new", *map(str, range(len(rows)))], strict=True)
        ]
        assert out.read_bytes() == "".join(expected).encode(encoding)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(
                st.text(CHARACTERS, max_size=6).map(lambda text: text.translate(dict.fromkeys(map(ord, "\t\r\n")))),
                min_size=width,
                max_size=width,
            ),
            min_size=1,
            max_size=8,
        )
    ),
    st.integers(1, 9),
)
def test_tab_separated_without_quoting(rows, size):
    lines = ["\t".join(row) + "\n" for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "in.tsv", Path(folder) / "out.tsv"
        path.write_text("".join(lines), encoding="utf-8", newline="")
        # A leading U+FEFF would be the byte order mark of the file, and is not part of the first value.
        rows[0][0] = rows[0][0].removeprefix("\ufeff")
        corpus = read_corpus(path, quoting=False, header=False, text="column_1")
        assert corpus.frame().rows() == [tuple(row) for row in rows]
        _labels(corpus, out, size)
        expected = "".join(f"{line[:-1]}\t{i}\n" for i, line in enumerate(lines))
        assert out.read_bytes().decode() == expected


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(CHARACTERS, min_size=1, max_size=300), min_size=1, max_size=30), st.integers(1, 40))
def test_every_line_is_a_row_or_a_reject(lines, size):
    """Whatever the lines hold, each physical line is in exactly one row or reject, and batches change nothing."""
    content = "id,text\n" + "".join(line.replace("\n", "") + "\n" for line in lines) + "end,of file\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        path.write_text(content, encoding="utf-8", newline="")
        corpus = read_corpus(path, delimiter=",", quoting=True)
        raws = [raw for batch in corpus.batches(size) for raw in batch.raw or ()]
        texts, rejects = corpus.texts(), corpus.rejects
        assert [text for batch in corpus.batches(size) for text in batch.texts] == texts
        result = sorted([*(raw.rstrip("\r\n") for raw in raws), *(reject.raw.rstrip("\r\n") for reject in rejects)])
        assert sum(len(piece) for piece in result) <= len(content)
        assert sum(raw.count("\n") for raw in raws) + sum(reject.raw.count("\n") + 1 for reject in rejects) == (
            content.count("\n") - 1
        )


@settings(deadline=None, max_examples=100)
@given(st.lists(st.dictionaries(VALUES, VALUES | st.integers() | st.none(), max_size=3), max_size=8), st.integers(1, 9))
def test_json_lines(objects, size):
    objects = [{**item, "text": "t"} for item in [{}, *objects]]
    lines = [json.dumps(item, ensure_ascii=False) for item in objects]
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="")
        corpus = read_corpus(path)
        for name in corpus.columns:
            values = [item.get(name) for item in objects]
            assert corpus.column(name) == [None if value is None else str(value) for value in values]
        if "new" not in corpus.columns:
            _labels(corpus, out, size)
            expected = "".join(f'{line[:-1]}, "new": "{i}"}}\n' for i, line in enumerate(lines))
            assert out.read_bytes().decode() == expected
