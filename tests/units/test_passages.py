"""Passages: exact places, nothing but white space between them, and the sentences that a reader would see."""

import time

import pytest
from hypothesis import given, strategies as st

from weaklabel.errors import CorpusError
from weaklabel.units.passages import find_passages

TEXTS = st.text(
    st.sampled_from("ab .!?。！\n\r\t\f\u2029\u00a0\u0301\u200d😀👍🏽漢 Dr.\"'”)") | st.characters(), max_size=80
)
UNITS = st.sampled_from(["paragraph", "sentence"]) | st.integers(1, 30)


@given(TEXTS, UNITS)
def test_all_but_white_space_is_in_exactly_one_passage(text, unit):
    passages = find_passages(text, unit)
    place = 0
    for begin, end in passages:
        assert place <= begin < end <= len(text)
        assert not text[place:begin].strip()
        assert text[begin:end] == text[begin:end].strip()
        place = end
    assert not text[place:].strip()
    if isinstance(unit, int):
        assert all(end - begin <= unit for begin, end in passages)


@given(TEXTS)
def test_a_document_is_all_of_the_text(text):
    assert find_passages(text, "document") == [(0, len(text))]


def split(text, unit):
    return [text[begin:end] for begin, end in find_passages(text, unit)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It cost 3.50 dollars. Too much!", ["It cost 3.50 dollars.", "Too much!"]),
        ("Mr. J. Smith met Dr. Wu. They talked.", ["Mr. J. Smith met Dr. Wu.", "They talked."]),
        ("See e.g. Table 3. It is new.", ["See e.g. Table 3.", "It is new."]),
        ("He works for Acme Inc. She does not.", ["He works for Acme Inc.", "She does not."]),
        ("It was 5 p.m. when we left.", ["It was 5 p.m. when we left."]),
        ('"Stop!" he said. "Why?" "Because."', ['"Stop!" he said.', '"Why?"', '"Because."']),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("Read example.com/a.html now. Then go.", ["Read example.com/a.html now.", "Then go."]),
        ("So did I. Then we left.", ["So did I.", "Then we left."]),
        ("你好。今天天气很好！他说：“走吧。”我们走了", ["你好。", "今天天气很好！", "他说：“走吧。”", "我们走了"]),
        ("真的?当然!好", ["真的?", "当然!", "好"]),
        ("A heading\n\nA sentence on\ntwo lines. And more", ["A heading", "A sentence on\ntwo lines.", "And more"]),
        ("Das ist z.B. Wasser. Es ist nass.", ["Das ist z.B. Wasser.", "Es ist nass."]),
        ("¿Qué? ¡Nada! Bueno.", ["¿Qué?", "¡Nada!", "Bueno."]),
    ],
)
def test_sentences(text, sentences):
    assert split(text, "sentence") == sentences


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", "\n \t\n", "\r\r", "\n\n\n\n", "\u2029", "\f", "\n\u00a0\n"])
def test_blank_lines_separate_paragraphs(gap):
    assert split(f"one\nline{gap}two", "paragraph") == ["one\nline", "two"]


def test_windows_end_with_a_paragraph_a_sentence_or_a_word():
    assert split("aaaa bbbb\n\ncc dd", 13) == ["aaaa bbbb", "cc dd"]
    assert split("One two. Three four five", 14) == ["One two.", "Three four", "five"]
    assert split("one two three", 9) == ["one two", "three"]
    assert split("abcdefghij", 4) == ["abcd", "efgh", "ij"]


def test_a_window_does_not_part_a_letter_from_its_accent():
    assert split("abce\u0301de", 4) == ["abc", "e\u0301de"]
    assert split("ab👍🏽cd", 3) == ["ab", "👍🏽c", "d"]
    assert split("e" + "\u0301" * 5, 2) == ["e\u0301", "\u0301\u0301", "\u0301\u0301"]


def test_a_window_needs_a_size():
    with pytest.raises(CorpusError, match="0 characters is too short"):
        find_passages("text", 0)


@pytest.mark.parametrize("piece", [".", "!", " ", "\n", "\n ", "\f", "。", '"', '."', "e\u0301", "a. "])
@pytest.mark.parametrize("unit", ["paragraph", "sentence", 300])
def test_work_grows_with_the_length_of_a_text(piece, unit):
    text = piece * (300_000 // len(piece))
    began = time.process_time()
    find_passages(text, unit)
    assert time.process_time() - began < 5  # it takes well below a second, and hours where work grows with the square
