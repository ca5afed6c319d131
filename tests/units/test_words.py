import polars as pl
import pytest
from hypothesis import given, strategies as st

from weaklabel.errors import VoteError
from weaklabel.units import check_offsets, find_words, spell_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't go!", ["Don't", "go", "!"]),
        ("it\u2019s 'quoted'", ["it", "\u2019s", "'", "quoted", "'"]),
        ("Ada's O'Brien's 's so 'so 1's", ["Ada", "'s", "O'Brien", "'s", "'s", "so", "'", "so", "1", "'s"]),
        ("l'est don't rock'n'roll jeunes'S", ["l'est", "don't", "rock'n'roll", "jeunes", "'S"]),
        ("1,000.5 at 10:30, or 3.", ["1,000.5", "at", "10:30", ",", "or", "3", "."]),
        ("state-of-the-art", ["state", "-", "of", "-", "the", "-", "art"]),
        ("\u6771\u4eac\u306b2\u5ea6", ["\u6771", "\u4eac", "\u306b", "2", "\u5ea6"]),
        ("\u0e14\u0e35 ok", ["\u0e14\u0e35", "ok"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", ["\u0939\u093f\u0928\u094d\u0926\u0940"]),
        ("cafe\u0301 \u00e9t\u00e9", ["cafe\u0301", "\u00e9t\u00e9"]),
        ("\ud55c\uad6d\uc5b4\ub97c", ["\ud55c\uad6d\uc5b4\ub97c"]),
        (
            "hi \U0001f469\u200d\U0001f4bb\U0001f44d\U0001f3fd!",
            ["hi", "\U0001f469\u200d\U0001f4bb", "\U0001f44d\U0001f3fd", "!"],
        ),
        ("a\u00a0b\n\nc\t", ["a", "b", "c"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words(text, words):
    assert find_words([text]).texts([text]) == words


LETTERS = "ab1.,:' \n\t-!\u00e9\u0301\u2019\u6771\u0e14\u0e35\ud55c\U0001f44d\U0001f3fd\u200d\u00a0\u2028"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=12)


@given(st.lists(TEXTS | st.text(max_size=8), max_size=6))
def test_every_character_but_white_space_is_in_one_word(texts):
    words = find_words(texts)
    assert words.n_rows == len(texts) and words.offsets[-1] == len(words)
    for row, text in enumerate(texts):
        places = words.of_row(row)
        covered = [place for begin, end in places for place in range(begin, end)]
        assert covered == sorted(set(covered)) and all(begin < end for begin, end in places)
        left = "".join(letter for place, letter in enumerate(text) if place not in set(covered))
        assert not pl.Series([left]).str.contains(r"\S")[0]
        assert find_words([text]).of_row(0) == places  # whatever stands in the other rows
    assert words.row_of.tolist() == [row for row in range(len(texts)) for _ in words.of_row(row)]


def test_missing_texts_have_no_words():
    words = find_words(pl.Series(["a b", None, "c"]))
    assert words.offsets.tolist() == [0, 2, 2, 3]
    assert find_words([]).offsets.tolist() == [0]


@pytest.mark.parametrize("offsets", [[1, 3], [0, 2], [0, 2, 1, 3], [], [[0, 3]], [0.0, 3.0], ["0", "3"]])
def test_what_are_no_offsets(offsets):
    with pytest.raises(VoteError, match="offsets must be"):
        check_offsets(offsets, 3)


@given(st.lists(TEXTS | st.text(max_size=8) | st.none(), max_size=6))
def test_words_are_spelled_as_they_stand(texts):
    words = spell_words(pl.Series(texts, dtype=pl.String))
    spelled = words.vocabulary.gather(words.codes).to_list()
    assert spelled == words.units.texts([text or "" for text in texts])
    assert len(words.vocabulary) == words.vocabulary.n_unique()
