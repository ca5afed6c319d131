"""JSON Lines files that are not what they should be."""

from __future__ import annotations

import pytest

from tests.faults.case import Case, check, params

TITLE = "JSON Lines"


def _jsonl(given, happens, content, **more):
    return Case(
        **{"given": given, "happens": happens, "content": content, "source": "in.jsonl", "out": "out.jsonl"} | more
    )


GOOD = b'{"text": "refund"}\n'

CASES = (
    _jsonl(
        "a broken line",
        "rejected",
        GOOD + b'{"text": "thanks"\n' + GOOD,
        rows=2,
        rejects=1,
        reason="^not JSON: .* at character 18$",
        keeps=(b'{"text": "refund", "label": "complaint"',),
    ),
    _jsonl(
        "a line that is not an object",
        "rejected",
        GOOD + b'["thanks"]\n3\n',
        rows=1,
        rejects=2,
        reason="not a JSON object",
    ),
    _jsonl("an object without the text", "rejected", GOOD + b'{"id": 1}\n', rows=1, rejects=1, reason="no key 'text'"),
    _jsonl(
        "no object with the text",
        "refused with the keys that there are",
        b'{"body": "refund"}\n',
        code=1,
        says="no column 'text'.*columns are body",
    ),
    _jsonl(
        "an object with a key twice",
        "rejected: one of the two values would be lost",
        GOOD + b'{"text": "a", "text": "b"}\n',
        rows=1,
        rejects=1,
        reason="duplicate key 'text'",
    ),
    _jsonl(
        "a text that is `null`, or no key but text in some lines",
        "an empty text; missing values stay missing",
        GOOD + b'{"text": null, "id": 1}\n',
        rows=2,
        keeps=(b'{"text": null, "id": 1, "label": null',),
    ),
    _jsonl(
        "integers of 400 digits, exact decimals, NaN",
        "kept as they are written",
        b'{"text": "refund", "a": ' + b"9" * 400 + b', "b": 1.10, "c": NaN}\n',
        rows=1,
        keeps=(b"9" * 400, b'"b": 1.10, "c": NaN, "label"'),
    ),
    _jsonl(
        "lists and objects as values",
        "kept as they are written",
        b'{"text": "refund", "tags": ["a",  {"b": 1}]}\n',
        rows=1,
        keeps=(b'"tags": ["a",  {"b": 1}], "label": "complaint"',),
    ),
    _jsonl(
        "a line nested 100,000 deep",
        "rejected",
        GOOD + b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        rows=1,
        rejects=1,
        reason="nested too deeply",
    ),
    _jsonl(
        "half of a surrogate pair (`\\ud800`)",
        "rejected: it is not a character",
        GOOD + b'{"text": "\\ud800"}\n',
        rows=1,
        rejects=1,
        reason="half of a surrogate pair",
    ),
    _jsonl(
        "one JSON array on one line, named `.jsonl`",
        "refused; the format is named",
        b'[{"text": "refund"}, {"text": "late"}]\n',
        code=1,
        says="is a JSON array, not one object a line: give --format json",
    ),
    _jsonl(
        "a JSON array over many lines, named `.jsonl`",
        "refused in the same way",
        b'[\n{"text": "refund"},\n{"text": "late"}\n]\n',
        code=1,
        says="give --format json",
    ),
    _jsonl(
        "the same, named `.json`",
        "read, and written as JSON lines",
        b'[\n{"text": "refund"},\n{"text": "late",\n "n": 1.50}\n]\n',
        source="in.json",
        rows=2,
        keeps=(b'{"text": "late", "n": 1.50, "label": "complaint"',),
    ),
    _jsonl(
        "the same, to `.json`",
        "written as an array",
        b'[\n{"text": "refund"},\n{"text": "late",\n "n": 1.50}\n]\n',
        source="in.json",
        out="out.json",
        rows=2,
        keeps=(b'[\n{"text": "refund"', b'},\n{"text": "late", "n": 1.50, "label": "complaint"', b"}\n]\n"),
    ),
    _jsonl(
        "a JSON array with elements that are not objects, or have a key twice",
        "they are rejected",
        b'[{"text": "refund"}, 7, {"text": "late", "text": "never"}]\n',
        source="in.json",
        rows=1,
        rejects=2,
        reason="not a JSON object",
    ),
    _jsonl(
        "a JSON array that is cut short",
        "refused",
        b'[{"text": "refund"},\n{"text": "la',
        source="in.json",
        code=1,
        says="line 2: not JSON: Unterminated string",
    ),
    _jsonl(
        "one JSON object with the list inside",
        "refused",
        b'{\n"data": [{"text": "refund"}]\n}\n',
        source="in.json",
        code=1,
        says="is one JSON object, not an array of them",
    ),
    _jsonl(
        "texts inside objects, with `--text data.text`",
        "read; a row without one is rejected",
        b'{"data": {"text": "refund"}}\n{"data": {}}\n',
        options=("--text", "data.text"),
        rows=1,
        rejects=1,
        reason=r"no key 'data\.text'",
    ),
    _jsonl(
        "texts that are lists or objects, all of them",
        "refused",
        b'{"text": ["refund"]}\n{"text": {"k": "late"}}\n',
        code=1,
        says="column 'text' holds lists, not text",
    ),
    _jsonl(
        "texts that are lists or objects, some of them",
        "these rows are rejected",
        GOOD + b'{"text": ["refund"]}\n{"text": {"k": "late"}}\n',
        rows=1,
        rejects=2,
        reason="'text' is a list, not text",
    ),
    _jsonl("no JSON at all", "refused", b"id,text\n1,refund\n", code=1, says="line 1: not JSON: .* at character 1"),
    _jsonl(
        "blank lines", "rejected, but for the last", GOOD + b"\n" + GOOD + b"\n", rows=2, rejects=1, reason="blank line"
    ),
    _jsonl("only blank lines", "refused", b"\n\n", code=1, says="no line is a JSON object; line 1: blank line"),
    _jsonl("CRLF line ends", "kept", b'{"text": "refund"}\r\n', rows=1, keeps=(b"}\r\n",)),
    _jsonl(
        "a key already called `label`",
        "refused: no key is overwritten",
        b'{"text": "late", "label": 1}\n',
        code=1,
        says="already has a column 'label'",
    ),
)


@pytest.mark.parametrize("case", params(CASES))
def test_jsonl(case, tmp_path, monkeypatch):
    check(case, tmp_path, monkeypatch)
