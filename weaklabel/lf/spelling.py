"""Spellings of a word that readers take for the same: apostrophes, hyphens, Unicode forms, spaces, Korean particles.

A word list says "don't" with a straight apostrophe while a phone types "don’t"; "é" is one character or two. Everything
that looks for words does it by this module, so that all of them find the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from itertools import groupby

from ahocorasick_rs import AhoCorasick
from polars import escape_regex

from weaklabel.units.words import UNSPACED

_ALIKE = ("'\u2019\u2018\u02bc\uff07`\u00b4", "-\u2010\u2011\uff0d", '"\u201c\u201d\u201e\uff02')
"""Groups of characters that stand for each other; the first of a group is its plain form."""

_PLAIN = {ord(other): group[0] for group in _ALIKE for other in group}
_CLASS = {group[0]: "[" + "".join(map(escape_regex, group)) + "]" for group in _ALIKE}

_UNSPACED = re.compile(UNSPACED)
_HANGUL_END = re.compile("[\uac00-\ud7a3\u1100-\u11ff]$")

_PARTICLES = [
    "이라고", "이라도", "이라는", "이라서", "이에요", "입니다", "이나마", "에서", "에게", "에는", "에도", "에만",
    "한테", "께서", "으로", "라고", "라도", "라는", "예요", "까지", "부터", "처럼", "보다", "마다",
    "조차", "마저", "밖에", "이나", "이랑", "이야", "이다", "하고", "은", "는", "이", "가",
    "을", "를", "의", "에", "도", "만", "로", "와", "과", "나", "랑", "야",
    "께",
]  # fmt: skip
"""Korean particles and forms of the copula, which are written onto the noun before them."""

_PARTICLE = "|".join(
    unicodedata.normalize(form, particle)
    for form in ("NFC", "NFD")
    for particle in sorted(_PARTICLES, key=len, reverse=True)
)
PARTICLES = f"(?:{_PARTICLE}){{0,2}}"
"""Regex of up to two particles, such as 에서는."""

_PARTICLES_ALONE = re.compile(PARTICLES)
_SPACES = re.compile(r"\s\s|[^\S ]")
_JOINERS = "\u200c\u200d"
# Symbols that Unicode calls alphabetic: letters in circles and squares.
_ALPHABETIC_SYMBOLS = re.compile("[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]")


def is_word_character(character: str) -> bool:
    r"""Return whether a character is one of ``\w`` to polars: a letter, mark, digit, connector or joiner.

    Examples
    --------
    >>> [is_word_character(each) for each in "a_9é\u0301 -²"]
    [True, True, True, True, True, False, False, False]
    """
    if character.isascii():
        return character.isalnum() or character == "_"
    category = unicodedata.category(character)
    return (
        category[0] in "LM"
        or category in ("Nd", "Nl", "Pc")
        or character in _JOINERS
        or _ALPHABETIC_SYMBOLS.match(character) is not None
    )


def is_unspaced(word: str) -> bool:
    """Return whether a word has a character of a script without spaces between words."""
    return not word.isascii() and _UNSPACED.search(word) is not None


def takes_particles(word: str) -> bool:
    """Return whether a word ends in Hangul, so that a particle may be written onto it."""
    return not word.isascii() and _HANGUL_END.search(word) is not None


def canonical(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), with plain apostrophes, hyphens and quotation marks.

    Examples
    --------
    >>> canonical("don\u2019t"), canonical("cafe\u0301") == "caf\u00e9"
    ("don't", True)
    """
    return unicodedata.normalize("NFC", text.translate(_PLAIN))


def keyword_pattern(keywords: Iterable[str], whole_word: bool | None) -> str:
    r"""Return the regex that matches any spelling of the keywords, the longest where several begin at the same place.

    Parameters
    ----------
    keywords
        Words or phrases; a space in one matches any run of white space.
    whole_word
        True: there is a word boundary ``\b`` at each edge that is a word character. False: anywhere. None: anywhere for
        keywords of a script without spaces, and as whole words otherwise, which may have Korean particles behind them.
    """
    words = sorted(keywords, key=lambda word: (-len(word), word))
    kinds = groupby(words, key=lambda word: _kind(word, whole_word))
    return "|".join(_group(kind, list(group)) for kind, group in kinds)


def _kind(word: str, whole_word: bool | None) -> str:
    if whole_word is not None:
        return "whole" if whole_word else "anywhere"
    if is_unspaced(word):
        return "anywhere"
    return "with particles" if takes_particles(word) else "whole"


def _group(kind: str, words: list[str]) -> str:
    if kind == "anywhere":
        return "|".join(form for word in words for form in _forms(word))
    if kind == "whole":
        return "|".join(_bounded(form, word) for word in words for form in _forms(word))
    before = "|".join(r"\b" * is_word_character(word[0]) + form for word in words for form in _forms(word))
    return rf"(?:{before}){PARTICLES}\b"


def _bounded(form: str, word: str) -> str:
    return r"\b" * is_word_character(word[0]) + form + r"\b" * is_word_character(word[-1])


def _forms(word: str) -> list[str]:
    """Return the regexes of a word as it is given, composed and decomposed."""
    spelled = [word] if word.isascii() else [word, *(unicodedata.normalize(form, word) for form in ("NFC", "NFD"))]
    return [_form(each) for each in dict.fromkeys(spelled)]


def _form(word: str) -> str:
    parts = re.split(r"(\s+)", word)
    return "".join(r"\s+" if number % 2 else _letters(part) for number, part in enumerate(parts))


def _letters(part: str) -> str:
    return "".join(_CLASS.get(_PLAIN.get(ord(letter), ""), "") or escape_regex(letter) for letter in part)


def entry_of(text: str, entries: Container[str]) -> str | None:
    """Return the entry that a canonical string found in a text is, if need be without its Korean particles."""
    if text in entries:
        return text
    if takes_particles(text):
        for end in range(len(text) - 1, 0, -1):
            if text[:end] in entries and _PARTICLES_ALONE.fullmatch(text, end):
                return text[:end]
    return None


def folded(text: str, ignore_case: bool) -> tuple[str, list[int] | range]:
    """Return a text as `canonical` spells it, runs of white space as one space, and where each character comes from.

    Parameters
    ----------
    text
        Any text.
    ignore_case
        Whether to put it into lower case as well.

    Returns
    -------
    tuple
        The folded text, and for each of its characters the position in ``text`` of the first character that it came from.
    """
    simple = _spell(text, ignore_case)
    if len(simple) == len(text) and not _SPACES.search(simple) and unicodedata.is_normalized("NFC", text):
        return simple, range(len(text))
    letters, places = list[str](), list[int]()
    for begin, cluster in _clusters(text):
        for letter in _spell(cluster, ignore_case):
            if letter.isspace():
                if letters and letters[-1] == " ":
                    continue
                letter = " "
            letters.append(letter)
            places.append(begin)
    return "".join(letters), places


def _spell(text: str, ignore_case: bool) -> str:
    spelled = canonical(text)
    return spelled.lower() if ignore_case else spelled


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Yield each character with the marks, or Hangul vowels and finals, that may be composed with it."""
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not (unicodedata.combining(text[place]) or "\u1160" <= text[place] <= "\u11ff"):
            yield begin, text[begin:place]
            begin = place


def stands_alone(text: str, begin: int, end: int) -> bool:
    """Return whether a word found in a folded text is a whole word there, as `keyword_pattern` has it by default."""
    word = text[begin:end]
    if is_unspaced(word):
        return True
    if begin and is_word_character(word[0]) and is_word_character(text[begin - 1]):
        return False
    if end == len(text) or not is_word_character(word[-1]) or not is_word_character(text[end]):
        return True
    rest = next((place for place in range(end, len(text)) if not is_word_character(text[place])), len(text))
    return takes_particles(word) and _PARTICLES_ALONE.fullmatch(text, end, rest) is not None


class PhraseFinder:
    r"""Finds any number of phrases in one pass, as whole words and in all their spellings; see `weaklabel.lf.spelling`.

    Parameters
    ----------
    phrases
        The phrases.
    ignore_case
        Match upper and lower case alike.

    Examples
    --------
    >>> PhraseFinder(["don't stop"], ignore_case=True).places("We DON\u2019T\nSTOP here")
    [(3, 13)]
    """

    def __init__(self, phrases: Iterable[str], ignore_case: bool) -> None:
        self.ignore_case = ignore_case
        self._automaton = AhoCorasick(sorted({folded(phrase.strip(), ignore_case)[0] for phrase in phrases}))

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return begin and end of each phrase in a text, in code points; they may overlap."""
        plain, origins = folded(text, self.ignore_case)
        return [
            (origins[begin], origins[end] if end < len(origins) else len(text))
            for _, begin, end in self._automaton.find_matches_as_indexes(plain, overlapping=True)
            if stands_alone(plain, begin, end)
        ]
