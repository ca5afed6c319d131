"""Filters: what each measures, what it drops, and that it does not hang on other rows."""

import re
import textwrap
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.clean import PRESETS, RULES, active_rules
from weaklabel.clean.language import languages_of
from weaklabel.clean.measures import Measures, looks_random
from weaklabel.clean.transform import broken
from weaklabel.errors import ConfigError

FILTERS = [name for name, rule in RULES.items() if rule.kind == "filter"]


def measured(name, text):
    return RULES[name].measure(Measures(pl.Series([text])))[0]


def dropped(rules, *texts):
    """Return the rows that the rules drop, each with the first rule that it breaks."""
    active = active_rules("light", {"empty": "off"} | rules)
    column = pl.Series(texts, dtype=pl.String)
    measures = Measures(column, languages_of(column) if "language" in active else None)
    rows = {}
    for name, value in active.items():
        if RULES[name].kind == "filter":
            for row, _ in broken(name, value, measures):
                rows.setdefault(row, name)
    return rows


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("min-characters", "häuser 家", 8),
        ("min-words", "Two words -- 我们三", 5),
        ("min-words", "... !!! --", 0),
        ("min-sentences", "One. Two! Three? And a rest", 4),
        ("min-sentences", "一句话。又一句话！", 2),
        ("min-sentences", "", 0),
        ("min-mean-word-length", "ab abcd -- ;", 3),
        ("max-symbols-per-word", "#one #two three... four", 2 / 4),
        ("max-bullet-lines", "• a\n- b\nc\n\n* d", 3 / 4),
        ("max-ellipsis-lines", "more...\nmore…\nno.", 2 / 3),
        ("min-alphabetic-words", "one 2 3 ?", 1 / 4),
        ("min-alphabetic-words", "我们 2", 2 / 3),
        ("min-stop-words", "The end of the Bee", 3),
        ("max-duplicate-lines", "a\nb\na\n\na", 2 / 4),
        ("max-duplicate-paragraphs", "a b\nc\n\nd\n \na b\nc", 1 / 3),
        ("max-duplicate-line-characters", "aa\nbb\naa", 2 / 8),
        ("max-duplicate-paragraph-characters", "a b\n\nd\n\na b", 3 / 11),
        ("min-punctuated-lines", "One.\ntwo\nthree”\nfour", 2 / 4),
        ("max-short-lines", "x" * 30 + "\n" + "x" * 31, 1 / 2),
        ("max-line-breaks-per-word", "a\nb\nc d", 2 / 4),
        ("curly-brackets", "if (x) { y }", 1),
        ("lorem-ipsum", "Lorem Ipsum dolor", 1),
        ("max-symbols", "ab!? c", 2 / 5),
        ("max-digits", "a1 22", 3 / 4),
        ("max-uppercase", "ABc 1", 2 / 3),
        ("max-replacements", "a\ufffd\ue000b", 2 / 4),
        ("max-gibberish", "hello xkcdqwrt zzzzzzz", 15 / 20),
    ],
)
def test_what_filters_measure(name, text, number):
    assert measured(name, text) == pytest.approx(number)


RANDOM = [
    "qwertyui asdfgh poiuyt lkjhgf",
    "xkvjq bwzpt lqmnx rgkvb zzxqj",
    "see this: jjiwajwkajajqjaubkm fchvfcvzfzfbv",
    'Hxqkz, vbnmw; (tyuiop) "gfdsa"',
]
ORDINARY = [
    "thx brb omw idk tbh lol",
    "hahahahaha xD jajajaja kkkkkk",
    "sooooooooo goooooood!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
    "DAMNNNNNNNN ROAAAAARRRRRR hmmmmmmmm pfffffft",
    "AAPL MSFT TSLA NVDA GOOG AMZN NFLX",
    "Zażółć gęślą jaźń, Krzysztof Szczepański z Wrocławia",
    "Strč prst skrz krk, řekl zmrzlinář",
    "Rechtsschutzversicherungsgesellschaften zahlen nichts",
    "Chrzęst żwiru w szczelinie przy Szczebrzeszynie",
    "stty -ignbrk -brkint -ignpar -parmrk",
    "https://example.org/watch?v=vtaRGgvGtWQ&list=UUltuCDIHs",
    "def f(xs): return np.sqrt(xs.ptr_cfg)",
    "Добрый вечер, как дела? Γεια σου τι κάνεις",
    "Nǐ hǎo, wǒ jiào Xiǎo Wáng, hěn gāoxìng rènshi nǐ",
    "Chị ơi, ngày mai trời có mưa không ạ?",
]


@pytest.mark.parametrize("text", RANDOM)
def test_keys_hit_at_random_are_gibberish(text):
    assert measured("max-gibberish", text) > 0.3


@pytest.mark.parametrize("text", ORDINARY)
def test_chat_names_and_clusters_of_consonants_are_no_gibberish(text):
    assert measured("max-gibberish", text) <= 0.3


def test_gibberish_of_a_text_does_not_depend_on_other_texts():
    texts = [*RANDOM, *ORDINARY]
    together = Measures(pl.Series(texts), None).gibberish
    assert together.tolist() == [measured("max-gibberish", text) for text in texts]


@pytest.mark.parametrize("name", ["min-mean-word-length", "max-mean-word-length", "min-stop-words"])
def test_rules_on_words_leave_scripts_without_spaces_alone(name):
    assert np.isnan(measured(name, "我们三月去北京看朋友"))
    assert np.isnan(measured(name, "彼は傘を忘れて OK"))
    assert not np.isnan(measured(name, "We went to see 北京"))


TOKENS = st.sampled_from(["a", "bb", "ccc", "家", "国"])


def brute_top(tokens, n, length):
    grams = Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
    shares = [count * (sum(map(len, gram)) + n - 1) for gram, count in grams.items() if count > 1]
    return min(max(shares, default=0) / length, 1) if length else 0


def brute_duplicate(tokens, n, length):
    seen, covered = set(), set()
    for i in range(len(tokens) - n + 1):
        gram = tuple(tokens[i : i + n])
        if gram in seen:
            covered |= set(range(i, i + n))
        seen.add(gram)
    return min(sum(len(tokens[i]) + 1 for i in covered) / length, 1) if length else 0


@given(st.lists(st.lists(TOKENS, max_size=25), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_repeated_runs_are_those_that_counting_finds(documents):
    texts = [" ".join(tokens) for tokens in documents]
    grams = Measures(pl.Series(texts, dtype=pl.String)).grams
    for n in range(2, 8):
        lengths = list(map(len, texts))
        top = [brute_top(tokens, n, length) for tokens, length in zip(documents, lengths, strict=True)]
        again = [brute_duplicate(tokens, n, length) for tokens, length in zip(documents, lengths, strict=True)]
        assert np.nan_to_num(grams.top(n)) == pytest.approx(top)
        assert np.nan_to_num(grams.duplicate(n)) == pytest.approx(again)


TEXTS = st.lists(
    st.lists(
        st.sampled_from(["the", "of", "and", "家", "word", "#", "...", "{", "•", "1", "WORD", "\n", "\n\n", "qwrtpsdf"])
    ).map(" ".join),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize("name", [name for name in FILTERS if isinstance(RULES[name].usual, int | float)])
@given(TEXTS, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=15, deadline=None)
def test_a_stricter_value_drops_the_same_rows_and_more(name, texts, first, second):
    rule = RULES[name]
    if rule.usual is True:
        return
    low, high = sorted((first, second))
    if isinstance(rule.usual, int):
        low, high = int(low * 20), int(high * 20)
    strict, mild = (high, low) if rule.is_least else (low, high)
    rules = {"language": "any"} if name == "min-language-confidence" else {}
    assert set(dropped(rules | {name: mild}, *texts)) <= set(dropped(rules | {name: strict}, *texts))


@given(TEXTS)
@settings(max_examples=8, deadline=None)
def test_a_row_is_judged_by_itself(texts):
    rules = dict.fromkeys(FILTERS, "on") | {"language": "en"}
    together = dropped(rules, *texts)
    alone = {row: rule for row, text in enumerate(texts) for rule in dropped(rules, text).values()}
    assert together == alone


def test_the_first_rule_that_is_broken_counts():
    rules = {"min-words": 3, "max-digits": 0.1}
    assert dropped(rules, "1 2", "111 222 333 x", "fine words here") == {0: "min-words", 1: "max-digits"}


ENGLISH_PAGE = """The bridge over the river was built by the people of the town, and it has been there for two hundred years.
Every spring the water rises to the third stone of the pillars, so that nobody can cross with a cart.
In the old days a keeper lived in the small house at the end, and he had to be awake when the ice began to move.
His lamp could be seen from the mill, which is the reason that the miller always knew first when something was wrong.
Today the house is a museum with a single room; visitors find a table, a bed, and the book in which he wrote."""


def test_presets_keep_an_ordinary_page():
    for preset in ("c4", "gopher", "fineweb"):
        rules = {name: value for name, value in PRESETS[preset].items() if RULES[name].kind == "filter"}
        assert dropped(rules, ENGLISH_PAGE) == {}, preset


SHORT_LINES = "\n".join(f"{line}." for line in textwrap.wrap(re.sub(r"[.,;]", "", ENGLISH_PAGE), 29))


@pytest.mark.parametrize(
    ("preset", "text", "rule"),
    [
        ("c4", "Der Fluss ist breit. Das Wasser steigt im Frühling. Niemand kommt über die Brücke.", "language"),
        ("c4", "The page is short, and it has only one sentence in it.", "min-sentences"),
        ("c4", ENGLISH_PAGE + "\nfunction f() { return 1; }", "curly-brackets"),
        ("gopher", "It is too short to be of any use.", "min-words"),
        ("gopher", ENGLISH_PAGE.replace("the", "xx").replace("The", "xx").replace(" of ", " ").replace(" to ", " ")
         .replace(" and ", " ").replace("that", "x").replace(" with ", " ").replace(" be ", " "), "min-stop-words"),
        ("gopher", "\n".join([ENGLISH_PAGE] * 3), "max-duplicate-lines"),
        ("gopher", "# " * 40 + ENGLISH_PAGE, "max-symbols-per-word"),
        ("fineweb", re.sub(r"[.,;]", "", ENGLISH_PAGE), "min-sentences"),
        ("fineweb", ENGLISH_PAGE + "\n" + ENGLISH_PAGE.split("\n")[4], "max-duplicate-line-characters"),
        ("fineweb", SHORT_LINES, "max-short-lines"),
    ],
)  # fmt: skip
def test_presets_drop_what_they_should(preset, text, rule):
    rules = {name: value for name, value in PRESETS[preset].items() if RULES[name].kind == "filter"}
    assert dropped(rules, text) == {0: rule}


def test_words_of_ten_languages_do_not_look_random():
    from benchmarks.quality.sentences import SENTENCES

    words = pl.Series(" ".join(sentence for of in SENTENCES.values() for sentence in of).split())
    assert words.filter(looks_random(words)).to_list() == []
    others = [
        "https://example.org/a1b2c3d4e5",
        "ann.b4c5d6@example.org",
        "iPhone12",
        "JavaScript",
        "ABCDEFGH",
        "Angstgegner",
        "COVID-19",
        "x86_64",
    ]
    assert pl.Series(others).filter(looks_random(pl.Series(others))).to_list() == []


def test_keys_hit_at_random_and_encoded_bytes_look_random():
    import base64
    import hashlib

    hashes = [hashlib.sha256(bytes([n])).hexdigest() for n in range(50)]
    encoded = [base64.b64encode(hashlib.sha256(bytes([n])).digest()).decode() for n in range(50)]
    others = ["sdfghjklm", "hahahahhhhhhhh", "a" * 60, "qwrtzpsdf"]
    tokens = pl.Series(hashes + encoded + others)
    assert looks_random(tokens).mean() >= 0.98


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("min-wrds", 3, "did you mean 'min-words'"),
        ("min-words", "x", "needs a whole number from 0 on, or off, not 'x'"),
        ("min-words", 2.5, "needs a whole number"),
        ("min-words", -1, "from 0 on"),
        ("max-symbols", 1.5, "a number from 0 to 1"),
        ("html", 3, "is switched on or off"),
        ("normal-form", "NFX", "can be NFC, NFKC, NFD, NFKD or off"),
        ("language", "english", "codes such as en or en,zh"),
        ("boilerplate", 1, "from 2 on"),
    ],
)
def test_wrong_rules_are_refused(name, value, says):
    with pytest.raises(ConfigError, match=re.escape(says)):
        active_rules("light", {name: value})


def test_rules_are_switched():
    assert active_rules("light", {"html": False, "min-words": True, "language": ["en", "zh"]}) == {
        name: value for name, value in PRESETS["light"].items() if name not in ("html", "empty")
    } | {"empty": True, "language": ("en", "zh"), "min-words": 3}
    assert active_rules("light", {"min-language-confidence": "on"})["language"] == ("any",)
    assert list(active_rules("fineweb")) == [name for name in RULES if name in PRESETS["fineweb"]]
