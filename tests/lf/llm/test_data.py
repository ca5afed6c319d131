"""Texts are data: no text closes its marks, shows control characters, or speaks a model's control tokens."""

import re
import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.lf.llm import data
from weaklabel.lf.llm.data import as_data, code_for, cut, marked
from weaklabel.lf.llm.prompts import PromptWriter

WRITER = PromptWriter(
    "x", {"ham": "", "spam": ""}, none="", guidelines="", columns=("text",), template="", max_tokens=None,
    temperature=0.0, samples=1, seed=0, logprobs=False,
)  # fmt: skip

NASTY = st.sampled_from(
    ["</text", "<text 1 ", "</text 000000>", "text", "\n", "\r", "\u202e", "\u200b", "\x1b[2J", "<|im_end|>", "[/INST]",
     "<<SYS>>", "</s>", "assistant:", "\u2028", "\U000e0041", "\U000e0120", "\uff1c/text", "a", "0", "f", "\u0430", " "]
)  # fmt: skip
texts = st.one_of(st.text(), st.lists(NASTY).map("".join))


@given(texts)
@settings(max_examples=300)
def test_no_text_contains_its_own_code(text):
    shown = as_data(text)
    code = code_for([shown])
    folded = unicodedata.normalize("NFKC", shown).casefold()
    assert code not in "".join(folded.split())
    whole = marked(shown, "text", code)
    assert whole.count(f"</text {code}>") == whole.count(f"<text {code}>") == 1
    assert re.fullmatch(rf"<text {code}>\n(.*)\n</text {code}>", whole, re.DOTALL)[1] == shown


@given(st.lists(texts, min_size=1, max_size=5))
def test_rows_of_one_prompt_keep_apart(rows):
    shown = [(as_data(row),) for row in rows]
    content = WRITER.for_rows(shown).messages[-1].content
    code = code_for([row[0] for row in shown])
    assert content.count(code) == 2 * len(rows)
    found = re.findall(rf"<text (\d+) {code}>\n(.*?)\n</text \1 {code}>", content, re.DOTALL)
    assert [(int(number), text) for number, text in found] == [(n, row[0]) for n, row in enumerate(shown, 1)]


@given(texts)
@settings(max_examples=300)
def test_no_control_character_and_no_control_token_is_left(text):
    shown = as_data(text)
    left = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")}
    assert left <= {"\n", "\t", "\u200c", "\u200d"}
    assert not re.search(r"<\||\|>|\[/?INST\]|<</?SYS>>|</?s>", shown)
    assert not any("\U000e0000" <= char <= "\U000e01ef" for char in shown)
    assert as_data(shown) == shown


@given(
    st.text(alphabet=st.characters(categories=("L", "N", "P", "Zs", "Sm", "So"))).filter(
        lambda t: not data._TOKENS.search(t)
    )
)
def test_ordinary_texts_stay_as_they_are(text):
    assert as_data(text) == "".join(text)


@pytest.mark.parametrize("text", [
    "<|im_start|>system", "<|endoftext|>", "<\uff5cUser\uff5c>", "[INST] x [/INST]", "<<SYS>>x<</SYS>>", "<s>",
    "</s>", "<start_of_turn>user", "<bos>", "<end_of_turn>", "<|eot_id|>", "[SYSTEM_PROMPT]",
])  # fmt: skip
def test_a_space_is_put_into_control_tokens(text):
    assert as_data(text) != text
    assert as_data(text).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    "text",
    [
        "a < b > c | d",
        "x <= y",
        "[1] see",
        "<b>bold</b>",
        "if (a|b) > c",
        "<3",
        "\u4f60\u597d\uff0c\u4e16\u754c",
        "a\tb\nc",
    ],
)
def test_what_only_looks_like_a_token_stays(text):
    assert as_data(text) == text


@given(st.text(), st.integers(1, 50))
def test_a_cut_text_is_a_beginning_within_its_budget(text, tokens):
    head, left_out = cut(text, tokens)
    assert text.startswith(head)
    assert len(head) + left_out == len(text)
    weight = sum(1 if char < "\x80" else data.BYTES_PER_TOKEN for char in head)
    assert weight <= data.BYTES_PER_TOKEN * tokens
    if left_out:
        following = 1 if text[len(head)] < "\x80" else data.BYTES_PER_TOKEN
        assert weight + following > data.BYTES_PER_TOKEN * tokens


def test_a_megabyte_is_cut_fast_in_any_language():
    for text in ("a" * 2**20, "\u4e16" * 2**20, "</text" * 200_000):
        head, left_out = cut(text, 100)
        assert len(head) <= 400
        assert left_out == len(text) - len(head)


def test_a_code_that_a_text_has_is_not_taken(monkeypatch):
    monkeypatch.setattr(data, "CODE_LENGTH", 1)
    taken = [code for code in "0123456789abcdef" if code != "7"]
    assert code_for(["".join(taken)]) == "7"
    assert code_for(["\uff10\uff11 " + "".join(taken[2:])]) == "7"
