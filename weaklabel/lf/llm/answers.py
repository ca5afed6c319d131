"""Answers of language models, read strictly: a label exactly as it is, or nothing."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

OFF_LIST = -2
"""Stands for an answer that is none of the labels."""

_FENCE = re.compile(r"\A```[a-z]*\n(.*)\n?```\Z", re.DOTALL)
_AROUND = "\"'`*_.,;:!()[]{}<>\u201c\u201d\u2018\u2019\u00ab\u00bb\u300c\u300d\u3002\uff0c\uff01 \t\n"
"""Quotes and punctuation that may surround an answer."""


def folded(text: str) -> str:
    """Return what spellings of the same label have in common: no case, no outer or double spaces, Unicode forms."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class AnswerReader:
    """Reads labels in answers.

    A label is read where the answer is that label and nothing else, whatever its case, and with quotes or punctuation
    around it. A label that is the beginning of another one, or a sentence that mentions a label, is never taken for it.

    Parameters
    ----------
    numbers
        What each answer stands for: a class number, or -1 to abstain.

    Examples
    --------
    >>> reader = AnswerReader({"ham": 0, "hamster": 1, "none of these": -1})
    >>> [reader.number(text) for text in ("Ham", ' "hamster". ', "**None of these**", "not ham", "hams", "")]
    [0, 1, -1, -2, -2, -2]
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._exact = {folded(text): number for text, number in numbers.items()}
        bare = Counter(_bare(text) for text in numbers)
        self._bare = {_bare(text): number for text, number in numbers.items() if _bare(text) and bare[_bare(text)] == 1}

    def number(self, text: str) -> int:
        """Return the class number of an answer, -1 where it abstains, `OFF_LIST` for anything else."""
        text = _unwrapped(text)
        exact = self._exact.get(folded(text))
        return self._bare.get(_bare(text), OFF_LIST) if exact is None else exact

    def rows(self, text: str, n: int) -> list[str | None]:
        """Return the labels in an answer about several rows, by their numbers.

        Parameters
        ----------
        text
            JSON: a list of objects with ``row`` and ``label``, or an object with that list.
        n
            Number of rows, counted from 1.

        Returns
        -------
        list of str or None
            None for a row that is not answered, or answered twice. All are None where the answer is no such JSON or has a
            number that no row has: then no other number can be trusted, either. Length: n.

        Examples
        --------
        >>> reader = AnswerReader({"ham": 0, "spam": 1})
        >>> reader.rows('[{"row": 2, "label": "ham"}, {"row": 1, "label": "spam"}]', 3)
        ['spam', 'ham', None]
        >>> reader.rows('[{"row": 0, "label": "ham"}, {"row": 1, "label": "spam"}]', 2)
        [None, None]
        """
        labels: dict[int, list[str]] = {}
        for entry in _entries(text):
            row, label = (entry.get("row"), entry.get("label")) if isinstance(entry, dict) else (None, None)
            if isinstance(row, str) and row.isascii() and row.isdigit():
                row = int(row)
            if not isinstance(row, int) or isinstance(row, bool) or not 1 <= row <= n or not isinstance(label, str):
                return [None] * n
            labels.setdefault(row, []).append(label)
        answered = (labels.get(number, []) for number in range(1, n + 1))
        return [given[0] if len(given) == 1 else None for given in answered]


def _bare(text: str) -> str:
    return folded(text).strip(_AROUND)


def _unwrapped(text: str) -> str:
    """Return the answer in a code fence, or in JSON that holds nothing but one text."""
    text = text.strip()
    fence = _FENCE.match(text)
    text = fence[1].strip() if fence else text
    value = _parsed(text)
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    return value if isinstance(value, str) else text


def _entries(text: str) -> Sequence[Any]:
    """Return the list in an answer about several rows; a list without a usable entry where there is none."""
    fence = _FENCE.match(text.strip())
    value = _parsed(fence[1] if fence else text)
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return value if isinstance(value, list) else [None]


def _parsed(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; one with the same key twice says nothing."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is there twice")
    return value


def answers_schema(labels: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema of an answer about several rows."""
    entry = {
        "type": "object",
        "properties": {"row": {"type": "integer"}, "label": {"type": "string", "enum": list(labels)}},
        "required": ["row", "label"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"answers": {"type": "array", "items": entry}},
        "required": ["answers"],
        "additionalProperties": False,
    }
