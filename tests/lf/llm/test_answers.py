"""Answers are read strictly: exactly a label, or nothing."""

import json

import pytest
from hypothesis import given, strategies as st

from weaklabel.lf.llm.answers import OFF_LIST, AnswerReader, folded
from weaklabel.lf.llm.prompts import one_line

NAMES = [
    "ham",
    "hamster",
    "C++",
    "C",
    "none",
    'he said "yes"',
    "two words",
    "\u5783\u573e\u4fe1\u606f",
    "Stra\u00dfe",
    "a.b",
]
READER = AnswerReader({name: number for number, name in enumerate(NAMES)})


@pytest.mark.parametrize(("text", "name"), [
    ("ham", "ham"), (" HAM\n", "ham"), ('"ham"', "ham"), ("**ham**", "ham"), ("ham.", "ham"), ("`hamster`", "hamster"),
    ("C++", "C++"), ("c", "C"), ("(C)", "C"), ('He said "yes"', 'he said "yes"'), ("he said yes", None),
    ("two  words", "two words"), ("two-words", None), ("STRASSE", "Stra\u00dfe"),
    ("\u5783\u573e\u4fe1\u606f\u3002", "\u5783\u573e\u4fe1\u606f"),
    ('{"label": "ham"}', "ham"), ('{"answer":"two words"}', "two words"),
    ('["ham"]', "ham"), ("```json\n{\"label\": \"ham\"}\n```", "ham"),
    ("```\nham\n```", "ham"), ("\uff48\uff41\uff4d", "ham"),
    ("ham or hamster", None), ("not ham", None), ("hams", None), ("ha", None), ("", None), ("...", None),
    ("The label is ham", None),
    ('{"label": "ham", "other": "hamster"}', None),
    ('{"label": "ham", "label": "hamster"}', None), ('{"label": 1}', None),
    ("[" * 100_000, None), ("ham\nham", None), ("ham hamster", None),
])  # fmt: skip
def test_answers(text, name):
    assert READER.number(text) == (OFF_LIST if name is None else NAMES.index(name))


labels = st.lists(
    st.text(min_size=1, max_size=12).map(one_line).filter(str.strip), min_size=2, max_size=6, unique_by=folded
)


@given(labels, st.data())
def test_every_label_is_read_as_itself_in_any_case_and_quotes(names, data):
    reader = AnswerReader({name: number for number, name in enumerate(names)})
    number = data.draw(st.integers(0, len(names) - 1))
    assert reader.number(names[number]) == number
    assert reader.number(f"  {names[number]} \n") == number
    assert reader.number(json.dumps({"label": names[number]})) == number


@given(labels, st.text())
def test_whatever_is_read_is_a_label_without_case_quotes_and_punctuation(names, text):
    number = AnswerReader({name: place for place, name in enumerate(names)}).number(text)
    assert number == OFF_LIST or 0 <= number < len(names)


@given(labels, st.text(alphabet="abcXYZ\u4e16", min_size=1))
def test_a_label_with_more_words_is_off_the_list(names, more):
    reader = AnswerReader({name: place for place, name in enumerate(names)})
    assert reader.number(f"{names[0]} x{more}") == OFF_LIST


ROWS = [
    ('{"answers": [{"row": 1, "label": "a"}, {"row": 2, "label": "b"}]}', ["a", "b"]),
    ('[{"row": 2, "label": "b"}, {"row": 1, "label": "a"}]', ["a", "b"]),
    ('[{"row": "1", "label": "a"}, {"row": 2, "label": "b"}]', ["a", "b"]),
    ('```json\n[{"row": 1, "label": "a"}]\n```', ["a", None]),
    ('[{"row": 1, "label": "a"}, {"row": 1, "label": "a"}, {"row": 2, "label": "b"}]', [None, "b"]),
    ('[{"row": 0, "label": "a"}, {"row": 1, "label": "b"}]', [None, None]),
    ('[{"row": 1, "label": "a"}, {"row": 2, "label": "b"}, {"row": 3, "label": "c"}]', [None, None]),
    ('[{"row": 1, "label": "a"}, {"row": 2, "label": 3}]', [None, None]),
    ('[{"row": true, "label": "a"}, {"row": 2, "label": "b"}]', [None, None]),
    ('[{"row": 1.0, "label": "a"}, {"row": 2, "label": "b"}]', [None, None]),
    ('["a", "b"]', [None, None]), ("a, b", [None, None]), ("", [None, None]), ("[]", [None, None]),
    ('{"answers": [{"row": 1, "label": "a"}', [None, None]), ('{"answers": {"1": "a"}}', [None, None]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rows"), ROWS)
def test_answers_about_several_rows(text, rows):
    assert READER.rows(text, 2) == rows


@given(st.permutations(range(1, 7)), st.sets(st.integers(1, 6)))
def test_rows_are_found_by_number_in_any_order(order, missing):
    entries = [{"row": row, "label": f"label {row}"} for row in order if row not in missing]
    read = READER.rows(json.dumps({"answers": entries}), 6)
    assert read == [None if row in missing else f"label {row}" for row in range(1, 7)]


@given(st.text())
def test_no_answer_about_rows_breaks_the_reader(text):
    assert len(READER.rows(text, 3)) == 3
