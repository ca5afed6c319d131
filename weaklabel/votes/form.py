"""What a vote is: the number of a class, or the spans that a labeling function marks in a row.

`VoteForm` is all that applying labeling functions needs to know of it; batches, guarded processes, budgets and resuming are
the same for both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.batch import Batch
from weaklabel.votes.matrix import Note, Problems

FIRST = 5
"""Problems of a labeling function whose messages are kept; the others are counted."""


@dataclass(frozen=True)
class LFVotes:
    """Votes of one labeling function on one batch, with its problems and notes.

    Attributes
    ----------
    votes
        A vote for each row, in one of the forms; their number is its length.
    problems
        None if there are none.
    """

    votes: Any
    problems: Problems | None


class VoteForm(ABC):
    """What a vote is, and how votes on consecutive rows are checked, joined and sent to another process."""

    @abstractmethod
    def check(self, name: str, votes: Any, batch: Batch) -> LFVotes:
        """Check what labeling function ``name`` returned for a batch; what is no vote is an abstain and a problem.

        Raises
        ------
        VoteError
            There is not a vote for each row.
        """

    @abstractmethod
    def silent(self, n: int) -> Any:
        """Return abstains on ``n`` rows."""

    @abstractmethod
    def joined(self, parts: Sequence[Any]) -> Any:
        """Join the votes on consecutive rows; of no parts, votes on no rows."""

    @abstractmethod
    def pack(self, votes: Any) -> tuple[dict[str, Any], bytes]:
        """Return the fields of a message and its bytes."""

    @abstractmethod
    def unpack(self, header: Mapping[str, Any], body: bytes) -> Any:
        """Return what `pack` packed."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""


def add_problems(parts: Iterable[Problems | None]) -> Problems | None:
    """Add up the problems of consecutive rows; None if there were none."""
    given = [part for part in parts if part is not None]
    if not given:
        return None
    first = [problem for part in given for problem in part.first]
    notes = dict[tuple[str, bool], Note]()
    for note in (note for part in given for note in part.notes):
        key = note.what, note.is_final
        notes[key] = replace(notes[key], count=notes[key].count + note.count) if key in notes else note
    return Problems(sum(part.count for part in given), tuple(first[:FIRST]), tuple(notes[key] for key in sorted(notes)))


def numbered(problems: Problems, rows: NDArray[np.int64]) -> Problems:
    """Return problems on some rows of a corpus, which were numbered from 0, with the numbers that these rows have in it."""
    first = tuple(replace(problem, row=int(rows[problem.row])) for problem in problems.first)
    notes = (replace(note, first=replace(note.first, row=int(rows[note.first.row]))) for note in problems.notes)
    return Problems(problems.count, first, tuple(notes))


def error_message(error: BaseException) -> str:
    """Return the first line of what an exception says, with its class."""
    return f"{type(error).__name__}: {error}".strip().partition("\n")[0][:200]
