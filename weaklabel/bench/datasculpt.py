"""Labeling functions that a language model wrote, as DataSculpt publishes them: ``output/SET/MODEL.txt``.

A line is ``KEYWORD->CLASS`` or ``PATTERN->CLASS``, with the number of the class. A keyword is one word or several, stemmed,
which vote where they follow each other among the stemmed words of a text; a pattern is a regular expression, in which
``{{A}}`` and ``{{B}}`` stand for the two entities of a relation. Source: Guan, Chen and Koudas, Can Large Language Models
Design Accurate Label Functions?, 2023. As there, NLTK splits and stems words, and words with other characters than letters
and digits are left out; sentences end where white space follows a full stop, for which DataSculpt has a trained model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from weaklabel.errors import CorpusError, require
from weaklabel.labels import ABSTAIN
from weaklabel.support.encodings import NotUtf8, utf8

ENTITIES = ("{{A}}", "{{B}}")
"""What stands for the two entities in a pattern."""

_LINE = re.compile(r"(.+)->\s*(\d+)\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def find_datasculpt(folder: Path, name: str) -> list[Path]:
    """Return the files of labeling functions for a set in DataSculpt's folder ``output``."""
    return sorted((folder / name).glob("*.txt")) if (folder / name).is_dir() else []


def read_datasculpt(path: Path, k: int) -> Callable[[Any], list[int]]:
    """Return what gives the votes of all labeling functions of a file from a row's data.

    Raises
    ------
    CorpusError
        The file cannot be read, or a line is no labeling function; says which line.
    MissingPackageError
        There are keywords, and the package that stems words is missing.
    """
    try:
        lines = utf8(path.read_bytes(), str(path)).splitlines()
    except NotUtf8 as error:
        raise CorpusError(str(error)) from None
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror or error}") from None
    lfs = [_lf(line, f"{path}, line {number}", k) for number, line in enumerate(lines, 1) if line.strip()]
    if not lfs:
        raise CorpusError(f"{path} has no labeling function; write lines such as subscribe->1")
    if any(entity in said for said, _ in lfs for entity in ENTITIES):
        for number, (pattern, _) in enumerate(lfs, 1):
            _check_pattern(pattern, f"{path}, labeling function {number}")
        return lambda data: [_pattern_vote(pattern, label, data) for pattern, label in lfs]
    keywords = [(tuple(keyword.split()), label) for keyword, label in lfs]
    longest = max(len(words) for words, _ in keywords)

    def votes(data: Any) -> list[int]:
        words = stemmed_words(_text(data))
        runs = {tuple(words[i : i + n]) for n in range(1, longest + 1) for i in range(len(words) - n + 1)}
        return [label if keyword in runs else ABSTAIN for keyword, label in keywords]

    return votes


def _lf(line: str, where: str, k: int) -> tuple[str, int]:
    match = _LINE.fullmatch(line.strip())
    if match is None or not match[1].strip() or int(match[2]) >= k:
        raise CorpusError(
            f"{where}: {line.strip()!r} is no labeling function; write KEYWORD->CLASS, the class a number from 0 to {k - 1}"
        )
    return match[1].strip(), int(match[2])


def _check_pattern(pattern: str, where: str) -> None:
    try:
        re.compile(_with_entities(pattern, ("a", "b")))
    except re.error as error:
        raise CorpusError(f"{where}: {pattern!r} is no regular expression: {error}") from None


def _with_entities(pattern: str, entities: Sequence[str]) -> str:
    for placeholder, entity in zip(ENTITIES, entities, strict=True):
        pattern = pattern.replace(placeholder, re.escape(entity))
    return pattern


def _pattern_vote(pattern: str, label: int, data: Any) -> int:
    entities = [data.get(name) if isinstance(data, dict) else None for name in ("entity1", "entity2")]
    names = [entity for entity in entities if isinstance(entity, str)]
    if len(names) < 2:
        return ABSTAIN
    return label if re.search(_with_entities(pattern, names), _text(data), re.IGNORECASE) else ABSTAIN


def _text(data: Any) -> str:
    text = data.get("text", "") if isinstance(data, dict) else ""
    return text if isinstance(text, str) else ""


def stemmed_words(text: str) -> list[str]:
    """Return the stems of the words of a text that are letters and digits alone, in order.

    Examples
    --------
    >>> stemmed_words("Please subscribe, it's happy birthday!")
    ['pleas', 'subscrib', 'it', 'happi', 'birthday']
    """
    tokens, stem = _nltk()
    words = (word for sentence in _SENTENCE_END.split(text.lower().replace("\ufeff", "")) for word in tokens(sentence))
    return [stem(word) for word in words if re.fullmatch(r"\w+", word)]


@cache
def _nltk() -> tuple[Callable[[str], list[str]], Callable[[str], str]]:
    """Return what splits a sentence into words, and what stems a word; neither needs NLTK's data."""
    why = "keywords of DataSculpt"
    words = require("nltk.tokenize.destructive", "weaklabel[raw]", why).NLTKWordTokenizer()
    return words.tokenize, cache(require("nltk.stem.porter", "weaklabel[raw]", why).PorterStemmer().stem)
