"""The votes of labeling functions on a corpus: L with its names, and the problems on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import ABSTAIN, VoteArray, check_L, check_label_names
from weaklabel.support.table import MAX_ROWS, html_table
from weaklabel.units import check_offsets, row_of_units
from weaklabel.votes.patterns import VotePatterns, vote_patterns


@dataclass(frozen=True)
class Problem:
    """A failed vote, which counts as an abstain.

    Attributes
    ----------
    row
        Row of the corpus, from 0.
    message
        The exception or the value, and what is wrong with it.
    """

    row: int
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}" if self.message else f"row {self.row}"


@dataclass(frozen=True)
class Note:
    """Rows on which votes carry the same note; see `weaklabel.lf.core.NotedVote`.

    Attributes
    ----------
    what
        What is noted, such as "answer off the list".
    count
        Number of rows, at least 1.
    first
        The first of them.
    is_final
        Whether the votes stay as they are; False where a row was not asked.
    """

    what: str
    count: int
    first: Problem
    is_final: bool = True

    def __str__(self) -> str:
        return f"{self.what} on {_rows(self.count)}, first {self.first}"


@dataclass(frozen=True)
class Problems:
    """The rows on which one labeling function failed, and those on which its votes carry notes.

    Attributes
    ----------
    count
        Rows on which it failed; 0 where there are notes alone.
    first
        The first few of them.
    notes
        Notes on votes, which are no failures, one for each kind, in alphabetical order.
    """

    count: int
    first: tuple[Problem, ...]
    notes: tuple[Note, ...] = ()

    def __str__(self) -> str:
        failed = [f"{_rows(self.count)} failed, first {self.first[0]}"] if self.count else []
        return "; ".join([*failed, *map(str, self.notes)])

    @property
    def is_final(self) -> bool:
        """Whether the votes may be kept: none failed, and each row was asked."""
        return not self.count and all(note.is_final for note in self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Make it from what `to_dict` returned."""
        notes = (Note(**{**note, "first": Problem(**note["first"])}) for note in fields["notes"])
        return cls(fields["count"], tuple(Problem(**problem) for problem in fields["first"]), tuple(notes))


def _rows(count: int) -> str:
    return f"{count} {'row' if count == 1 else 'rows'}"


@dataclass(frozen=True, eq=False)
class Votes:
    """The votes of labeling functions on every row of a corpus, or on every unit of its rows, such as the words of texts.

    Attributes
    ----------
    L
        Label matrix, stored by column; its rows are the corpus rows, or their units. Shape: [n, m]; values -1..k-1.
    lf_names
        Names of the labeling functions. Length: m.
    labels
        Class names, where they are known. Length: k.
    problems
        By name, those labeling functions that failed somewhere, or whose votes carry notes; a failure counts as an
        abstain on that row.
    counted
        What `patterns` is to return, where it is known already.
    offsets
        Where votes are on units: those of corpus row ``i`` are the rows ``offsets[i]`` to before ``offsets[i + 1]`` of L.
        None where each row of L is a row of the corpus. Shape: [n_rows + 1].
    """

    L: VoteArray
    lf_names: Sequence[str]
    labels: Sequence[str] | None = None
    problems: Mapping[str, Problems] = field(default_factory=dict)
    counted: VotePatterns | None = field(default=None, repr=False)
    offsets: NDArray[np.int64] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        labels = None if self.labels is None else check_label_names(self.labels, "votes")
        L = check_L(self.L, None if labels is None else len(labels))
        if L.shape[1] != len(self.lf_names):
            raise VoteError(f"L has {L.shape[1]} columns for {len(self.lf_names)} labeling functions")
        object.__setattr__(self, "L", np.asfortranarray(L))
        object.__setattr__(self, "lf_names", tuple(self.lf_names))
        object.__setattr__(self, "labels", labels)
        if self.offsets is not None:
            object.__setattr__(self, "offsets", check_offsets(self.offsets, len(L)))

    @property
    def n(self) -> int:
        """Rows of L: rows of the corpus, or their units."""
        return len(self.L)

    @property
    def n_rows(self) -> int:
        """Rows of the corpus."""
        return self.n if self.offsets is None else len(self.offsets) - 1

    @property
    def row_of(self) -> NDArray[np.int64]:
        """The corpus row of each row of L. Shape: [n]."""
        return np.arange(self.n) if self.offsets is None else row_of_units(self.offsets)

    def of_row(self, row: int) -> VoteArray:
        """Return the votes on one corpus row, or on its units. Shape: [units of the row, m]."""
        if not 0 <= row < self.n_rows:
            raise VoteError(f"row {row} does not exist: the votes are on {self.n_rows} rows, counted from 0")
        begin, end = (row, row + 1) if self.offsets is None else self.offsets[row : row + 2].tolist()
        return self.L[begin:end]

    @property
    def m(self) -> int:
        """Labeling functions."""
        return self.L.shape[1]

    @property
    def cardinality(self) -> int:
        """Number of classes: of ``labels``, or else what the votes show, and at least 2."""
        return len(self.labels) if self.labels is not None else max(2, int(self.L.max(initial=-1)) + 1)

    def _repr_html_(self) -> str:
        names = self.labels or [str(number) for number in range(self.cardinality)]
        counts = [
            np.bincount(column[column >= 0].astype(np.int64), minlength=len(names)) for column in self.L.T[:MAX_ROWS]
        ]
        rows = [
            (name, int(count.sum()), count.sum() / max(self.n, 1), *count.tolist())
            for name, count in zip(self.lf_names, counts, strict=False)
        ]
        covered = (self.L != ABSTAIN).any(axis=1).mean() if self.n and self.m else 0.0
        units = "rows" if self.offsets is None else f"units of {self.n_rows:,} rows"
        title = f"Votes of {self.m} labeling functions on {self.n:,} {units}; {covered:.1%} of these have a vote"
        columns = ["labeling function", "votes", "coverage", *(f"votes for {name}" for name in names)]
        return html_table(rows, columns, title=title, total=self.m, bars=["coverage"])

    def patterns(self) -> VotePatterns:
        """Return the unique rows of L with their counts; computed once."""
        return self._patterns

    @cached_property
    def _patterns(self) -> VotePatterns:
        patterns = vote_patterns(self.L) if self.counted is None else self.counted
        return patterns if self.offsets is None else replace(patterns, offsets=self.offsets)


GivenVotes: TypeAlias = ArrayLike | VotePatterns | Votes
"""A label matrix, its patterns, or votes with their names: wherever one is accepted, all are."""
