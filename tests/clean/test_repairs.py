"""Repairs: what each changes, and what none of them may change."""

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.clean import RULES, active_rules
from weaklabel.clean.repairs import mojibake
from weaklabel.clean.transform import repair

REPAIRS = [name for name, rule in RULES.items() if rule.kind == "repair" and rule.repair is not None]
LIGHT = active_rules("light")


def repaired(text, **rules):
    """Return a text after the named repairs; names are written with _ for -."""
    active = active_rules(
        "light", dict.fromkeys(LIGHT, "off") | {name.replace("_", "-"): rules[name] for name in rules}
    )
    return repair(pl.Series([text]), active)[0][0]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("<p>Fish &amp; chips</p>", "\nFish & chips\n"),
        ("a<br/>b<BR >c", "a\nb\nc"),
        ('see <a href="http://example.org/?a>b">this</a>', "see this"),
        ("<script>var a = '<p>';</script>seen<style>p {}</style>", "seen"),
        ("<!-- hidden\nlines -->seen<!DOCTYPE html>", "seen"),
        ("a &lt; b &#38; &#x263A; &eacute;&hellip;", "a < b & ☺ é…"),
        ("twice &amp;amp; thrice &amp;amp;amp;", "twice & thrice &"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("&unknown; stays, &#99999999; too", "&unknown; stays, &#99999999; too"),
    ],
)
def test_html_goes(text, after):
    assert repaired(text, html=True) == after


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "I <3 you, <ann@example.org>",
        "?a=1&copy=2&lt=3",
        "List<String> names; vector<int> v",
        "AT&T; R&D",
        "x<y && y>z",
    ],
)
def test_what_only_looks_like_html_stays(text):
    assert repaired(text, html=True) == text


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("schÃ¶n", "schön"),
        ("itâ€™s", "it’s"),
        ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "привет"),
        ("â€œä½\xa0å¥½ä¸–ç•Œâ€\x9d", "“你好世界”"),
        ("ï»¿begin", "\ufeffbegin"),
        ("“quotes” ﬁne Ｗide", "“quotes” ﬁne Ｗide"),
    ],
)
def test_mojibake_is_undone_and_nothing_else(text, after):
    assert repaired(text, mojibake=True) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a\x00b\x07c\x7f\x9b", "abc"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07end", "red end"),
        ("tab\tline\nreturn\r\x85\u2028", "tab\tline\nreturn\r\x85\u2028"),
        ("no\ufffe\ufdd0character\U0010ffff", "nocharacter"),
    ],
)
def test_control_characters_go(text, after):
    assert repaired(text, control_characters=True) == after


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("zero\u200bwidth\u200d \u200cletters\ufeff", "zerowidth letters"),
        ("soft\u00adhyphen", "softhyphen"),
        ("left\u202eright\u2066x\u2069\u200f", "leftrightx"),
        ("hidden\U000e0041\U000e0042 tags", "hidden tags"),
        ("a\ufe0fb\U000e0101c", "abc"),
        ("\u200d\u200d👩\u200d\u200d👩", "👩\u200d👩"),
        ("👩\u200d", "👩"),
    ],
)
def test_invisible_characters_go(text, after):
    assert repaired(text, invisible_characters=True) == after


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧 ❤\ufe0f\u200d🔥 👍🏽 1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم خانه\u200cها",
        "क\u094d\u200dष র\u200d\u09cdয ക\u0d4d\u200d",
        "ភាសា\u200bខ្មែរ ภาษา\u200bไทย",
        "葛\U000e0100城市",
        "한국어 ᄀ\u1160ᆨ",
    ],
)
def test_what_scripts_and_emoji_need_stays(text):
    assert repaired(text, invisible_characters=True) == text


def test_normal_forms():
    assert repaired("e\u0301 ﬁ Å", normal_form="on") == "é ﬁ Å"
    assert repaired("e\u0301 ﬁ Ｗ", normal_form="NFKC") == "é fi W"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("  a \t b\u00a0c\u3000d ", "a b c d"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("a\n\n \n\n\nb", "a\n\nb"),
        ("\n\ta\x1fb\n", "a b"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_white_space(text, after):
    assert repaired(text, white_space=True) == after


@pytest.mark.parametrize(
    ("rule", "text", "after"),
    [
        ("line-end", "A line.\nno end\nAsked?\nwait...\n“Said so.”\n结束了。", "A line.\nAsked?\n“Said so.”\n结束了。"),
        (
            "line-min-words",
            "one two three four five\nfour words are few\n我们都很好",
            "one two three four five\n我们都很好",
        ),
        ("line-max-word", "fine\n" + "x" * 1001, "fine"),
        ("line-javascript", "Please enable Javascript.\nHello", "Hello"),
        ("line-policies", "Read our Privacy Policy here\nHello", "Hello"),
        ("citations", "So[1] it is[citation needed] [edit]", "So it is "),
    ],
)
def test_lines_as_of_c4(rule, text, after):
    assert repaired(text, **{rule: "on"}) == after


def test_missing_texts_stay_missing():
    assert repair(pl.Series([None, "a\x00"], dtype=pl.String), LIGHT)[0].to_list() == [None, "a"]


NASTY = st.sampled_from(
    [
        "&amp;",
        "&lt;b&gt;",
        "<b>",
        "<br>",
        "Ã©",
        "â€™",
        "\x1b[0m",
        "\u200b",
        "\u200d",
        "\ufe0f",
        "👩",
        "🏴",
        "\U000e0067",
    ]
    + ["e\u0301", "\u0627", "\u064b", "क", "\r\n", "\n", "  ", "\u3000", "\ufeff", "\u202e", "&#39;", "...", ".", "[1]"]
    + ["\U000e007f", "word ", "Å"]
)
HOSTILE = st.lists(NASTY | st.text(st.characters(codec="utf-8"), max_size=3), max_size=12).map("".join)
MANY = st.lists(HOSTILE, min_size=10, max_size=30).map(lambda texts: pl.Series(texts, dtype=pl.String))


@pytest.mark.parametrize("name", REPAIRS)
@given(MANY)
@settings(max_examples=6, deadline=None)
def test_a_repair_is_idempotent(name, texts):
    alone = active_rules("light", dict.fromkeys(LIGHT, "off") | {name: "on"})
    once = repair(texts, alone)[0]
    assert repair(once, alone)[0].to_list() == once.to_list()


@given(MANY)
@settings(max_examples=30, deadline=None)
def test_all_repairs_together_are_idempotent(texts):
    once = repair(texts, LIGHT)[0]
    again, changed = repair(once, LIGHT)
    assert again.to_list() == once.to_list()
    assert not any(rows.any() for rows in changed.values())


ASCII_WORDS = st.from_regex(r"[A-Za-z0-9,;:!?'()/$%+=*_.-]+", fullmatch=True)
CHINESE_WORDS = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1)
OTHER_WORDS = st.sampled_from(
    [
        "Straße",
        "naïve",
        "Œuvre",
        "привет",
        "здесь",
        "ありがとう",
        "안녕하세요",
        "مرحبا",
        "שלום",
        "नमस्ते",
        "สวัสดี",
        "，",
        "。",
        "《",
    ]
)


@given(st.lists(st.lists(ASCII_WORDS | CHINESE_WORDS | OTHER_WORDS, min_size=1).map(" ".join), min_size=10))
@settings(max_examples=12, deadline=None)
def test_clean_text_is_not_touched(texts):
    after, changed = repair(pl.Series(texts), LIGHT)
    assert after.to_list() == texts
    assert not any(rows.any() for rows in changed.values())


@given(st.lists(HOSTILE, max_size=6))
@settings(max_examples=20, deadline=None)
def test_a_text_is_repaired_the_same_alone_and_among_others(texts):
    together = repair(pl.Series(texts, dtype=pl.String), LIGHT)[0].to_list()
    assert together == [repair(pl.Series([text]), LIGHT)[0][0] for text in texts]


WRONGLY_DECODED = st.text(st.sampled_from("aé’“”—中文Ж🙂ü\xa0 ")).map(
    lambda text: text.encode().decode("cp1252", "replace")
)


@given(st.lists(WRONGLY_DECODED | HOSTILE, min_size=10, max_size=30))
@settings(max_examples=20, deadline=None)
def test_mojibake_is_undone_as_ftfy_does_on_every_text(texts):
    import ftfy

    off = dict.fromkeys(
        ("unescape_html", "remove_terminal_escapes", "fix_latin_ligatures", "fix_character_width"), False
    )
    off |= dict.fromkeys(("uncurl_quotes", "fix_line_breaks", "fix_surrogates", "remove_control_chars"), False)
    config = ftfy.TextFixerConfig(**off, normalization=None)
    after = mojibake(pl.Series(texts, dtype=pl.String)).to_list()
    assert after == [ftfy.fix_text(text, config) for text in texts]


def test_a_megabyte_in_one_line_is_repaired():
    text = "<b>Ã©\u200b\x00 &amp;</b>" * 50_000
    assert repair(pl.Series([text]), LIGHT)[0][0] == ("é &" * 50_000)


def test_escapes_nested_deeper_than_repairs_repeat_end():
    text = "&" * 1 + "amp;" * 10_000 + "lt;"
    assert repair(pl.Series([text]), LIGHT)[0][0] == "<"
