"""Transformation functions of words and letters: spelling noise, case, words left out and swapped.

They work on words as `weaklabel.units.find_words` finds them, in any script, and on letters with their marks: emoji, composed
characters and syllables are never cut, and nothing is inserted that changes the direction of a text.
"""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from weaklabel.augment.core import Rng, TextTransformation
from weaklabel.corpus.batch import Batch
from weaklabel.errors import AugmentError
from weaklabel.lf.spelling import is_unspaced
from weaklabel.units import find_words
from weaklabel.votes.texts import NewText

Places = Sequence[tuple[int, int]]
"""Begin and end of each word of a text."""

_ROWS_OF_KEYS = (
    ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю"),
)
"""Rows of keys of keyboards, each row half a key to the right of the one above."""


class WordTransformation(TextTransformation):
    """A transformation function of the words of a text."""

    @abstractmethod
    def change_words(self, text: str, words: Places, rng: Rng) -> str | None:
        """Return another text, or None where it does not apply."""

    def change(self, text: str, rng: Rng) -> str | None:
        """See `TextTransformation.change`."""
        return self.change_words(text, find_words([text]).of_row(0), rng)

    def transform(self, batch: Batch, columns: Sequence[str], seeds: Sequence[int]) -> list[NewText | Exception]:
        """See `TransformationFunction.transform`; the words of all rows are found at once."""
        texts = [batch.frame[column].cast(str).fill_null("").to_list() for column in columns]
        words = [find_words(of_column) for of_column in texts]
        results: list[NewText | Exception] = []
        for row, seed in enumerate(seeds):
            rng = np.random.default_rng(seed)
            old = tuple(of_column[row] for of_column in texts)
            changed = [self.change_words(text, units.of_row(row), rng) for text, units in zip(old, words, strict=True)]
            new = tuple(text if each is None else each for each, text in zip(changed, old, strict=True))
            results.append(None if new == old else new)
        return results


class Typos(WordTransformation):
    """Spelling noise: letters that are swapped with the next one, doubled, left out, or replaced by a neighbor on the keyboard.

    In scripts without spaces between words, two neighboring characters are swapped. Digits stay.

    Parameters
    ----------
    share
        Share of the words that get an error, 0 to 1; one at least.

    Examples
    --------
    >>> import numpy as np
    >>> Typos().change("congratulations, you are a winner", np.random.default_rng(0))
    'congratulations, you are a winer'
    """

    name = "typos"

    def __init__(self, share: float = 0.1) -> None:
        self.share: float = check_share("typos", share)

    def change_words(self, text: str, words: Places, rng: Rng) -> str | None:
        """See `WordTransformation`."""
        errors: dict[tuple[int, int], str] = {}
        able = [place for place in _joined_unspaced(text, words) if _has_letters(text[place[0] : place[1]])]
        for number in some_of(len(able), self.share, rng):
            begin, end = able[number]
            errors[able[number]] = _misspelled(text[begin:end], rng)
        return replaced(text, errors)


class Case(TextTransformation):
    """Another case: all letters small, all capital, or each word with a capital.

    Examples
    --------
    >>> import numpy as np
    >>> Case().change("Free entry!", np.random.default_rng(0))
    'Free Entry!'
    >>> Case().change("免费", np.random.default_rng(0)) is None
    True
    """

    name = "case"

    def change(self, text: str, rng: Rng) -> str | None:
        """See `TextTransformation`."""
        forms: list[Callable[[str], str]] = [str.lower, str.upper, str.title]
        others = [new for form in forms if (new := form(text)) != text]
        return others[int(rng.integers(len(others)))] if others else None


class DropWords(WordTransformation):
    """Leaves words out; of a text of one word, nothing.

    Parameters
    ----------
    share
        Share of the words that are left out, above 0 and below 1; one at least.

    Examples
    --------
    >>> import numpy as np
    >>> DropWords().change("claim your prize now", np.random.default_rng(1))
    'claim prize now'

    References
    ----------
    Random deletion of Wei and Zou, "EDA: easy data augmentation techniques for boosting performance on text
    classification tasks", EMNLP 2019; so is the swap of words.
    """

    name = "drop-words"

    def __init__(self, share: float = 0.1) -> None:
        self.share: float = check_share("drop-words", share)

    def change_words(self, text: str, words: Places, rng: Rng) -> str | None:
        """See `WordTransformation`."""
        able = [place for place in words if _has_letters(text[place[0] : place[1]])]
        if len(able) < 2:
            return None
        dropped = [able[number] for number in some_of(len(able), self.share, rng)[: len(able) - 1]]
        kept, at = list[str](), 0
        for begin, end in sorted(dropped):
            kept.append(text[at:begin])
            # Of the spaces on both sides, one stays.
            at = end + 1 if (begin == 0 or text[begin - 1].isspace()) and text[end : end + 1].isspace() else end
        return "".join([*kept, text[at:]]).rstrip() if dropped else None


class SwapWords(WordTransformation):
    """Swaps neighboring words; in scripts without spaces, neighboring characters.

    Parameters
    ----------
    share
        Swaps, as a share of the words; one at least.

    Examples
    --------
    >>> import numpy as np
    >>> SwapWords().change("claim your prize now", np.random.default_rng(0))
    'claim your now prize'
    """

    name = "swap-words"

    def __init__(self, share: float = 0.1) -> None:
        self.share: float = check_share("swap-words", share)

    def change_words(self, text: str, words: Places, rng: Rng) -> str | None:
        """See `WordTransformation`."""
        able = [place for place in words if _has_letters(text[place[0] : place[1]])]
        if len(able) < 2:
            return None
        order = list(range(len(able)))
        for number in some_of(len(able) - 1, self.share, rng):
            order[number], order[number + 1] = order[number + 1], order[number]
        return replaced(
            text,
            {
                place: text[slice(*able[other])]
                for place, other in zip(able, order, strict=True)
                if place != able[other]
            },
        )


def check_share(name: str, share: float) -> float:
    """Refuse a share of words that is none."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise AugmentError(f"transformation function '{name}': share must be above 0 and at most 1, not {share!r}")
    return float(share)


def some_of(n: int, share: float, rng: Rng) -> list[int]:
    """Draw a share of ``n`` places, one at least if there are any; in order."""
    if not n:
        return []
    return sorted(rng.choice(n, size=max(1, round(n * share)), replace=False).tolist())


def replaced(text: str, new: dict[tuple[int, int], str]) -> str | None:
    """Return a text with some of its places replaced; None where nothing is."""
    parts, at = list[str](), 0
    for (begin, end), word in sorted(new.items()):
        parts += [text[at:begin], word]
        at = end
    return "".join([*parts, text[at:]]) if new else None


def clusters(text: str) -> list[str]:
    r"""Return the letters of a text, each with the marks that belong to it.

    Examples
    --------
    >>> [len(letter) for letter in clusters("cafe\u0301")]
    [1, 1, 1, 2]
    """
    parts: list[str] = []
    for character in text:
        belongs = (
            unicodedata.category(character)[0] == "M"
            or character in "\u200c\u200d"
            or "\u1160" <= character <= "\u11ff"
        )
        if parts and (belongs or parts[-1].endswith("\u200d")):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _has_letters(word: str) -> bool:
    return any(character.isalpha() for character in word)


def _joined_unspaced(text: str, words: Places) -> Iterator[tuple[int, int]]:
    """Yield the words; of scripts without spaces, whose words are single characters here, pairs of neighbors as one."""
    at = 0
    while at < len(words):
        begin, end = words[at]
        is_pair = at + 1 < len(words) and words[at + 1][0] == end
        if is_pair and is_unspaced(text[begin:end]) and is_unspaced(text[end : words[at + 1][1]]):
            yield begin, words[at + 1][1]
            at += 2
        else:
            yield begin, end
            at += 1


def _misspelled(word: str, rng: Rng) -> str:
    letters = clusters(word)
    able = [place for place, letter in enumerate(letters) if letter[0].isalpha()]
    place = able[int(rng.integers(len(able)))]
    letter = letters[place]
    swaps = place + 1 < len(letters) and letters[place + 1] != letter and letters[place + 1][0].isalpha()
    if is_unspaced(word):
        if len(letters) == 2:
            letters.reverse()
        return "".join(letters)
    kinds = (
        ["swap"] * swaps + ["double"] + ["leave out"] * (len(able) > 1) + ["neighbor"] * (letter.lower() in NEIGHBORS)
    )
    kind = kinds[int(rng.integers(len(kinds)))]
    if kind == "swap":
        letters[place : place + 2] = [letters[place + 1], letter]
    elif kind == "double":
        letters.insert(place, letter)
    elif kind == "leave out":
        del letters[place]
    else:
        near = NEIGHBORS[letter.lower()]
        new = near[int(rng.integers(len(near)))]
        letters[place] = new.upper() if letter.isupper() else new
    return "".join(letters)


def _neighbors() -> dict[str, str]:
    near: dict[str, str] = {}
    for rows in _ROWS_OF_KEYS:
        place = {key: (row, at + row / 2) for row, keys in enumerate(rows) for at, key in enumerate(keys)}
        for key, (row, at) in place.items():
            near[key] = "".join(
                other for other, (r, a) in place.items() if other != key and abs(r - row) <= 1 and abs(a - at) <= 1
            )
    return near


NEIGHBORS = _neighbors()
"""By letter, those next to it on its keyboard."""
