"""What HTML pages are made of, and the page itself: one file, offline, escaped, for light, dark, phone and print."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from weaklabel.errors import visible
from weaklabel.page.excerpt import Piece
from weaklabel.page.marks import MarkedPart, tone_of
from weaklabel.support.table import cell_text

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
class MarkedPassage:
    """A text with marks of spans, which may be nested; ``name`` says what marks it, "" where there is one text only."""

    parts: Sequence[MarkedPart]
    name: str = ""


@dataclass(frozen=True)
class Card:
    """A row of the corpus: its name, notes, its texts, and the votes on it."""

    title: str
    note: str
    passages: Sequence[Passage | MarkedPassage]
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


_NUMBER = re.compile(r"[+\-]?[\d.,]+%?|-")
_SHORT = 32

WIDE = 4
"""Columns from which on, exclusive, a table takes the width of a page."""


@dataclass(frozen=True)
class DataTable:
    """A table with a caption.

    Attributes
    ----------
    columns, rows
        Headings, and cells of any kind: floats are rounded to three decimals, None and NaN show as "-".
    caption
        A sentence, shown above the table.
    """

    kind: ClassVar[str] = "table"
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""

    @property
    def texts(self) -> list[list[str]]:
        """The cells as text. Shape: [rows, columns]."""
        return [[cell_text(cell) for cell in row] for row in self.rows]

    @property
    def styles(self) -> list[str]:
        """How each column is set: "right" for numbers, "short" for what never wraps, "long" for the rest."""
        return [_style(cells) for cells in zip(*self.texts, strict=True)]

    @property
    def is_wide(self) -> bool:
        """Whether it takes the width of a page: many columns, or long texts."""
        return len(self.columns) > WIDE or "long" in self.styles


@dataclass(frozen=True)
class Chart:
    """A chart of `weaklabel.page.charts` with the words below it."""

    svg: str
    caption: str = ""


@dataclass(frozen=True)
class Charts:
    """Charts side by side, as many as the page is wide."""

    kind: ClassVar[str] = "charts"
    charts: Sequence[Chart]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class CodeBlock:
    """Lines of a program, to be copied."""

    kind: ClassVar[str] = "code"
    text: str

    @property
    def shown(self) -> str:
        """The lines, each without invisible characters."""
        return "\n".join(map(visible, self.text.split("\n")))


@dataclass(frozen=True)
class Facts:
    """Figures to see first, each with a word or two on what it is."""

    kind: ClassVar[str] = "facts"
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Group:
    """A smaller heading with its content."""

    kind: ClassVar[str] = "group"
    title: str
    parts: Sequence[Block]


@dataclass(frozen=True)
class Fold:
    """Parts that are folded away under a line until they are asked for; in print they are open."""

    kind: ClassVar[str] = "fold"
    title: str
    parts: Sequence[Block]


@dataclass(frozen=True)
class Section:
    """A heading with its content."""

    title: str
    parts: Sequence[Block]


Block: TypeAlias = DataTable | Charts | Cards | CodeBlock | Facts | Text | Group | Fold


def page(title: str, sections: Sequence[Section], *, lead: str = "") -> str:
    """Render a page as HTML: a title, a line under it, links to the sections, the sections.

    The page loads nothing and runs nothing, and says so to the browser. Whatever is a string is escaped, and shows
    invisible characters as escapes; the one thing that goes in as it is, is the SVG of a `Chart`.

    Examples
    --------
    >>> html = page("<b>", [Section("Scores", [DataTable(["LF", "votes"], [["check_out", 7]])])])
    >>> "<b>" in html, "&lt;b&gt;" in html, '<td class=right data-column="votes">7</td>' in html
    (False, True, True)
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = FileSystemLoader(Path(__file__).parent)
    options = {"autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(loader=templates, **options)  # type: ignore[arg-type]
    environment.filters["visible"] = visible
    return environment.get_template("page.html").render(title=title, lead=lead, sections=sections)


def _style(cells: Sequence[str]) -> str:
    if all(map(_NUMBER.fullmatch, cells)):
        return "right"
    return "short" if max(map(len, cells)) <= _SHORT else "long"
