"""JSON Lines: strings, numbers as written, columns over the whole file, bad lines by number."""

from __future__ import annotations

import json

import pytest

from weaklabel import apply_lfs, load_lfs
from weaklabel.corpus import read_corpus
from weaklabel.errors import CorpusError


def _read(tmp_path, *lines: str, end: str = "\n", **options):
    path = tmp_path / "a.jsonl"
    path.write_text(end.join(lines) + end, encoding="utf-8", newline="")
    return read_corpus(path, **options)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"NA"', "NA"),
        ('""', ""),
        ("007.50".lstrip("0"), "7.50"),
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("1E400", "1E400"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("9" * 5000, "9" * 5000),
        ("true", "true"),
        ("false", "false"),
        ("null", None),
        ("NaN", "NaN"),
        ('{"b": [1.0, "x", null, true], "a": "é"}', '{"b":[1.0,"x",null,true],"a":"é"}'),
        ('"\\ud83d\\ude00 \\u0000"', "😀 \0"),
    ],
)
def test_values(tmp_path, written, read):
    assert _read(tmp_path, f'{{"text": "t", "v": {written}}}').column("v") == [read]


def test_columns_are_the_union_in_first_seen_order(tmp_path):
    corpus = _read(tmp_path, '{"b": 1, "text": "x"}', '{"text": "y", "a": 2}', end="\r\n")
    assert corpus.columns == ("b", "text", "a")
    assert corpus.frame().rows() == [("1", "x", None), (None, "y", "2")]


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_bad_lines_are_rejected_by_number(tmp_path, size):
    corpus = _read(
        tmp_path,
        '{"text": "a"}',
        '{"text": "b"',
        "[1]",
        '{"text": "c", "text": "d"}',
        '{"other": 1}',
        "",
        '{"text": "\\ud800"}',
        '{"text": null}',
        "[" * 100_000,
        "",
    )
    assert [text for batch in corpus.batches(size) for text in batch.texts] == ["a", ""]
    assert corpus.column("text") == ["a", None]
    assert [(reject.line, reject.reason) for reject in corpus.rejects] == [
        (2, "not JSON: Expecting ',' delimiter at character 13"),
        (3, "not a JSON object"),
        (4, "duplicate key 'text'"),
        (5, "no key 'text'"),
        (6, "blank line"),
        (7, "half of a surrogate pair, which is not a character"),
        (9, "nested too deeply"),
    ]
    assert corpus.rejects[3].raw == '{"other": 1}'


def test_a_row_needs_one_of_several_text_columns(tmp_path):
    corpus = _read(tmp_path, '{"title": "a"}', '{"body": "b"}', '{"x": "c"}', text=("title", "body"))
    assert corpus.texts() == ["a\n", "\nb"]
    assert [reject.line for reject in corpus.rejects] == [3]


def test_missing_text_column_lists_what_there_is(tmp_path):
    with pytest.raises(CorpusError, match=r"no column 'text' \(did you mean 'txt'\?\); columns are id, txt"):
        _read(tmp_path, '{"id": 1, "txt": "a"}')


def test_limit_reads_no_further(tmp_path):
    corpus = _read(tmp_path, '{"id": 1}', '{"text": "a"}', '{"text": "b", "late": 1}', '{"text": "c", "x": 1}', limit=2)
    assert corpus.columns == ("id", "text", "late")
    assert corpus.texts() == ["a", "b"] and [reject.line for reject in corpus.rejects] == [1]


def test_blocks_cut_anywhere_change_nothing(tmp_path, monkeypatch):
    corpus = _read(tmp_path, '{"text": "a"}', "", "bad", "", '{"text": "é"}', "", "")
    expected = (corpus.texts(), corpus.rejects)
    assert len(expected[1]) == 4
    for chunk in (1, 2, 5):
        monkeypatch.setattr("weaklabel.corpus.open.CHUNK", chunk)
        assert (corpus.texts(), corpus.rejects) == expected


RECORDS = [
    {"text": "a", "vip": True, "n": 1, "price": 0.5, "tags": ["x"], "data": {"lang": "en"}, "digits": "1", "mixed": 1},
    {"text": "b", "vip": False, "n": 0, "price": 2, "tags": [], "data": {"lang": "zh"}, "digits": "0", "mixed": "1"},
]  # fmt: skip


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("name", ["c.jsonl", "c.json"])
def test_row_functions_see_the_values_that_json_has(tmp_path, name, workers):
    lines = [json.dumps(record) for record in RECORDS]
    path = tmp_path / name
    path.write_text("[" + ",\n".join(lines) + "]" if name == "c.json" else "\n".join(lines), encoding="utf-8")
    pack = tmp_path / "pack.py"
    pack.write_text(
        "from weaklabel import keyword_lf, labeling_function\nLABELS = ('no', 'yes')\n"
        + "".join(
            f"@labeling_function()\ndef f{number}(x):\n    return int({test})\n"
            for number, test in enumerate(
                ["x.vip", "x.n == 1", "x.price < 1", "'x' in x.tags", "x.data['lang'] == 'en'", "x.digits == '1'",
                 "x.mixed == 1"]
            )
        )
        + "n = keyword_lf('n', 1, ['1'], column='n')\n",
        encoding="utf-8",
    )  # fmt: skip
    votes = apply_lfs(load_lfs(pack), read_corpus(path), workers=workers)
    assert not votes.problems
    assert votes.L.tolist() == [[1] * 8, [0] * 7 + [-1]]
    # Columns, and with them outputs, stay as they are written.
    assert read_corpus(path).column("vip") == ["true", "false"]


def test_a_number_of_more_digits_than_python_takes_stays_text(tmp_path):
    (tmp_path / "c.jsonl").write_text('{"text": "a", "n": ' + "7" * 5000 + "}")
    (batch,) = read_corpus(tmp_path / "c.jsonl").batches()
    assert batch.rows()[0].n == "7" * 5000
