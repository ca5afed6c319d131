"""The ready packs: every labeling function fires on its own example, and together they get plain texts right."""

import ast
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from weaklabel.corpus.batch import Batch
from weaklabel.lf.core import LF
from weaklabel.lf.packs import LFCollection, load_lfs, ready_packs

PACKS = ("question", "sentiment", "sentiment_zh", "spam", "topic")
SPAN_PACKS = ("names", "names_zh")

# What those labeling functions vote on their example whose label is not an argument.
PYTHON_VOTES = {
    "question": {
        "definition": "description",
        "entity_noun": "entity",
        "human_noun": "human",
        "location_noun": "location",
        "number_noun": "number",
        "what_did": "entity",
        "like_examples": "number",
    },
    "sentiment": {"last_word": "positive"},
    "sentiment_zh": {"balance_of_words": "positive"},
    "spam": {"shouted_offer": "spam", "asks_a_friend": "ham", "personal_and_plain": "ham", "like_examples": "ham"},
    "topic": {"dense_tech": "tech", "like_examples": "sport"},
}

# Texts that no rule was written for, with what a reader would say.
PLAIN_TEXTS = [
    ("spam", "spam", "You have won a free holiday! Call 09011112222 now to claim your prize. 150p/min. T&Cs apply"),
    ("spam", "spam", "Latest tones and wallpapers for your Nokia, txt HITS to 85000. Reply STOP to unsubscribe"),
    ("spam", "spam", "Dear customer, we tried to contact you about your £750 voucher, ring 08701112222"),
    ("spam", "ham", "hey are u still at work? mum made dinner, come over later if you want x"),
    ("spam", "ham", "I was ill all weekend so I missed the party, did anybody ask where I was?"),
    ("sentiment", "positive", "A wonderful story, superbly acted, and the ending is moving. Highly recommended."),
    ("sentiment", "negative", "What a waste of time. The plot was stupid and the acting was terrible."),
    ("sentiment", "negative", "Not very funny, and far too long. I turned it off after an hour of boring nonsense."),
    ("sentiment_zh", "positive", "房间干净,前台热情,位置也方便,下次还会再来"),
    ("sentiment_zh", "positive", "味道不错,没有让我失望"),
    ("sentiment_zh", "negative", "房间不干净,服务态度很差"),
    ("sentiment_zh", "negative", "剧情拖沓,不好看,浪费时间"),
    ("topic", "business", "Shares fell after the retailer said quarterly profits had dropped by a third."),
    ("topic", "entertainment", "The singer won a Grammy for her debut album and will go on tour with her band."),
    ("topic", "politics", "The prime minister told MPs that voters would decide at the general election."),
    ("topic", "sport", "The striker scored two goals in the match as the side reached the World Cup semi-final."),
    ("topic", "tech", "Hackers attacked users of the web browser, and the software firm warned of a new virus."),
    ("question", "description", "Why does bread rise in the oven?"),
    ("question", "entity", "What kind of tree grows on this island?"),
    ("question", "human", "Which Swedish chemist left his fortune for prizes?"),
    ("question", "abbreviation", "What does the abbreviation RPM stand for?"),
    ("question", "location", "Which country has the longest coast?"),
    ("question", "number", "How many keys does a piano have?"),
]


@cache
def loaded(pack: str) -> LFCollection:
    return load_lfs(pack)


@cache
def namespace(pack: str) -> dict[str, Any]:
    return runpy.run_path(str(ready_packs()[pack]))


@cache
def claims(pack: str) -> dict[str, str]:
    """Return the label that each labeling function claims to vote for: name -> label name."""
    tree = ast.parse(ready_packs()[pack].read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) > 1]
    declared = {
        ast.literal_eval(call.args[0]): loaded(pack).labels[namespace(pack)[call.args[1].id]]
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id.endswith("_lf") and isinstance(call.args[1], ast.Name)
    }
    return declared | PYTHON_VOTES[pack]


def vote(lf: LF, *texts: str) -> list[int]:
    votes = list(lf.vote(Batch(pl.DataFrame({"text": texts}))))
    assert not [failed for failed in votes if isinstance(failed, Exception)]
    return [int(each) for each in votes]


def majority(pack: str, text: str) -> str:
    votes = [cast for lf in loaded(pack) for cast in vote(lf, text) if cast >= 0]
    counts = np.bincount(votes, minlength=len(loaded(pack).labels))
    assert (counts == counts.max()).sum() == 1, f"tie: {counts.tolist()}"
    return loaded(pack).labels[int(counts.argmax())]


def test_the_packs_are_these():
    assert set(ready_packs()) == {*PACKS, *SPAN_PACKS}
    assert {pack for pack in ready_packs() if loaded(pack).task == "spans"} == set(SPAN_PACKS)


@pytest.mark.parametrize("pack", [*PACKS, *SPAN_PACKS])
def test_every_labeling_function_has_an_example_and_every_example_one(pack):
    assert sorted(namespace(pack)["EXAMPLES"]) == sorted(loaded(pack).names)


@pytest.mark.parametrize("pack", [*PACKS, *SPAN_PACKS])
def test_a_pack_says_what_it_is_for(pack):
    doc = namespace(pack)["__doc__"]
    classes = "Labels:" if pack in SPAN_PACKS else "Classes"
    assert all(word in doc for word in ("Task:", "Language:", "Column:", classes))
    assert loaded(pack).labels == namespace(pack)["LABELS"]


@pytest.mark.parametrize(("pack", "name"), [(pack, name) for pack in PACKS for name in namespace(pack)["EXAMPLES"]])
def test_a_labeling_function_fires_on_its_example_with_the_label_it_claims(pack, name):
    lfs = loaded(pack)
    (cast,) = vote(lfs.lfs[lfs.names.index(name)], namespace(pack)["EXAMPLES"][name])
    assert cast >= 0, "it abstains"
    assert lfs.labels[cast] == claims(pack)[name]


@pytest.mark.parametrize("pack", PACKS)
def test_no_labeling_function_but_a_length_or_a_count_votes_on_an_empty_text(pack):
    voting = {lf.name for lf in loaded(pack) if vote(lf, "") != [-1]}
    assert voting <= {"very_short", "few_digits"}


@pytest.mark.parametrize("pack", PACKS)
def test_every_class_has_labeling_functions(pack):
    assert set(claims(pack).values()) == set(loaded(pack).labels)


@pytest.mark.parametrize(("pack", "label", "text"), PLAIN_TEXTS)
def test_the_majority_gets_a_plain_text_right(pack, label, text):
    assert majority(pack, text) == label


@pytest.mark.parametrize("pack", [*PACKS, *SPAN_PACKS])
def test_a_pack_imports_nothing_by_a_relative_path(pack):
    tree = ast.parse(ready_packs()[pack].read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


@pytest.mark.parametrize("text", ["不好吃", "不太好吃", "不是很满意", "没有新鲜的", "并不觉得精彩", "不值得"])
def test_negated_praise_is_no_praise_in_chinese(text):
    assert namespace("sentiment_zh")["balance"](text) < 0


@pytest.mark.parametrize("text", ["不错", "没有失望", "不会后悔", "无可挑剔", "特别喜欢", "非常好吃"])
def test_what_only_looks_negated_is_praise_in_chinese(text):
    assert namespace("sentiment_zh")["balance"](text) > 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What is the name of the tallest tree in Kent?", ["tallest", "tree"]),
        ("What's the capital of Peru?", ["capital"]),
        ("What is Ann 's favourite colour ?", ["favourite", "colour"]),
        ("Which country did they cross?", ["country"]),
        ("What kinds of berries are red?", ["berry"]),
        ("How are you?", []),
    ],
)
def test_the_words_that_a_question_asks_for(text, words):
    assert namespace("question")["asked_words"](text) == words


def lexicon_entries(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#"), "the first line says what the list is"
    return [line.split("\t")[0] for line in lines[1:]]


LEXICONS = sorted((ready_packs()["spam"].parent / "lexicons").glob("*.txt"))


@pytest.mark.parametrize("path", LEXICONS, ids=lambda path: path.stem)
def test_a_lexicon_has_no_word_twice_and_no_loose_space(path):
    entries = lexicon_entries(path)
    assert len(entries) == len(set(entries))
    assert all(entry and entry == entry.strip() for entry in entries)


def test_no_noun_is_in_two_lists_of_the_question_pack():
    nouns = [noun for path in LEXICONS if path.stem.startswith("question_") for noun in lexicon_entries(path)]
    assert len(nouns) == len(set(nouns))
