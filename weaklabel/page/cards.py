"""Parts of a page that show rows of a corpus: cards with a text, its marks, and the votes on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from weaklabel.page.excerpt import Piece

TONES = 6
"""Colours of classes, which repeat after so many."""

_OPEN_VOTES = 8


@dataclass(frozen=True)
class VoteLine:
    """A vote: the class's name and number ("" and None where nobody votes), who voted, why, and what it adds, as text."""

    label: str
    number: int | None
    lf: str
    why: str
    weight: str = ""

    @property
    def tone(self) -> int:
        """Number of the class's colour, 0 for none."""
        return tone_of(self.number)


@dataclass(frozen=True)
class Passage:
    """A text in pieces, some of them marked; ``name`` says which column it is from, "" for the text itself."""

    pieces: Sequence[Piece]
    name: str = ""

    @property
    def toned(self) -> list[tuple[str, int]]:
        """Each piece with the number of its colour, 0 for none."""
        return [(piece.text, tone_of(piece.label)) for piece in self.pieces]


@dataclass(frozen=True)
class Card:
    """A row of the corpus: its name, what is to be said of it, its texts, and the votes on it."""

    title: str
    note: str
    passages: Sequence[Passage]
    votes: Sequence[VoteLine] = ()

    @property
    def shown(self) -> Sequence[VoteLine]:
        """Votes that are shown at once."""
        return self.votes[:_OPEN_VOTES]

    @property
    def folded(self) -> Sequence[VoteLine]:
        """Votes that are folded away."""
        return self.votes[_OPEN_VOTES:]


@dataclass(frozen=True)
class Cards:
    """Cards side by side, as many as the page is wide."""

    kind: ClassVar[str] = "cards"
    cards: Sequence[Card]


def tone_of(number: int | None) -> int:
    """Return the number, from 1, of a class's colour; 0 for no class."""
    return 0 if number is None else number % TONES + 1
