"""Phrases found in a text by its characters, whatever a tokenizer makes of it."""

from __future__ import annotations

from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick

from weaklabel.lf.spelling import folded, stands_alone


class Phrases:
    r"""Finds any number of phrases in one pass, as whole words and in all their spellings; see `weaklabel.lf.spelling`.

    Parameters
    ----------
    phrases
        The phrases.
    ignore_case
        Match upper and lower case alike.

    Examples
    --------
    >>> Phrases(["don't stop"], ignore_case=True).places("We DON\u2019T\nSTOP here")
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
