"""Votes of labeling functions on one batch: called, checked and isolated, so that a bad row costs one vote.

Anything that is not a vote counts as an abstain and as a problem; `ErrorBudget` says how many problems are too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from reprlib import repr as shorten
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import Batch
from weaklabel.errors import VoteError, WeakLabelError
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray, as_votes
from weaklabel.lf.core import LF, NotedVote
from weaklabel.votes.matrix import Note, Problem, Problems

FIRST = 5
"""Problems of a labeling function whose messages are kept; the others are counted."""


@dataclass(frozen=True)
class LFVotes:
    """Votes of one labeling function on one batch, with its problems and notes. Shape of ``votes``: [n]."""

    votes: VoteArray
    problems: Problems | None


def ask(name: str, vote: Callable[[Batch], Any], batch: Batch, top: int = MAX_CARDINALITY) -> LFVotes:
    """Ask for votes; where that raises, ask for each half, down to the single rows that are the cause.

    Parameters
    ----------
    name
        Name of the labeling function, for messages.
    vote
        Takes the batch, or a part of it, and returns a vote for each row.
    batch
        The rows.
    top
        Number of classes; a vote must be below it.

    Raises
    ------
    WeakLabelError
        The labeling function raised one, which is about itself and not about a row.
    VoteError
        It does not return a vote for each row.
    """
    try:
        votes = vote(batch)
    except WeakLabelError:
        raise  # about the labeling function itself, not about a row
    except (Exception, SystemExit, pl.exceptions.PanicException) as error:
        if len(batch) == 1:
            return fault(batch.start, _of_error(error))
        middle = len(batch) // 2
        return join_votes([ask(name, vote, half, top) for half in (batch.part(0, middle), batch.part(middle, None))])
    return check_votes(name, votes, batch, top)


def ask_together(
    lfs: Sequence[LF],
    evaluate: Callable[[Sequence[LF], Batch], list[Any]],
    batch: Batch,
    top: int = MAX_CARDINALITY,
) -> list[LFVotes]:
    """Ask for the votes of several labeling functions at once; where that raises, ask each on its own.

    Parameters
    ----------
    lfs, evaluate
        Labeling functions, and what votes for all of them; see `LF.evaluator`.
    batch, top
        As of `ask`.

    Returns
    -------
    list of LFVotes
        In the order of ``lfs``.
    """
    try:
        votes = evaluate(lfs, batch)
    except WeakLabelError:
        raise
    except (Exception, pl.exceptions.PanicException):
        return [ask(lf.name, lf.vote, batch, top) for lf in lfs]
    return [check_votes(lf.name, each, batch, top) for lf, each in zip(lfs, votes, strict=True)]


def fault(row: int, message: str) -> LFVotes:
    """Return an abstain and a problem, in the place of the vote on a row that failed."""
    return LFVotes(np.full(1, ABSTAIN, np.int8), Problems(1, (Problem(row, message),)))


def join_votes(parts: Sequence[LFVotes]) -> LFVotes:
    """Join the votes of one labeling function on consecutive rows."""
    votes = [np.empty(0, np.int8), *(part.votes for part in parts)]
    return LFVotes(np.concatenate(votes), add_problems(part.problems for part in parts))


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


def check_votes(name: str, votes: Any, batch: Batch, top: int = MAX_CARDINALITY) -> LFVotes:
    """Check votes and make them int8, or int16 for classes beyond 126; anything else is an abstain and a problem.

    Parameters
    ----------
    name, batch, top
        As of `ask`.
    votes
        What a labeling function returned for the batch.

    Raises
    ------
    VoteError
        There is not a vote for each row.
    """
    if not isinstance(votes, np.ndarray):
        try:
            votes = list(votes)
        except TypeError:
            raise VoteError(
                f"LF '{name}' returned {shorten(votes)} for a batch; it must return a vote for each row"
            ) from None
    shape = votes.shape if isinstance(votes, np.ndarray) else (len(votes),)
    if shape != (len(batch),):
        raise VoteError(
            f"LF '{name}' returned votes of shape {shape} for a batch of {len(batch)} rows; "
            "it must return a vote for each row"
        )
    if _are_votes(votes, top):
        return LFVotes(as_votes(np.asarray(votes)), None)
    return _check_each(votes, batch.start, top)


def _are_votes(votes: Any, top: int) -> bool:
    if isinstance(votes, np.ndarray):
        return votes.dtype.kind in "iu" and bool(((votes >= ABSTAIN) & (votes < top)).all())
    return set(map(type, votes)) <= {int} and (not votes or (min(votes) >= ABSTAIN and max(votes) < top))


def _check_each(votes: Sequence[Any], start: int, top: int) -> LFVotes:
    checked = np.full(len(votes), ABSTAIN, dtype=np.int16)
    count, first, notes = 0, list[Problem](), list[Problems]()
    for row, vote in enumerate(votes):
        if isinstance(vote, NotedVote):
            of_vote = (Note(note.what, 1, Problem(start + row, note.detail), note.is_final) for note in vote.notes)
            notes.append(Problems(0, (), tuple(of_vote)))
        if isinstance(vote, int | np.integer) and not isinstance(vote, bool) and ABSTAIN <= vote < top:
            checked[row] = vote
            continue
        count += 1
        if count <= FIRST:
            first.append(
                Problem(start + row, _of_error(vote) if isinstance(vote, BaseException) else _of_vote(vote, top))
            )
    failed = Problems(count, tuple(first)) if count else None
    return LFVotes(as_votes(checked), add_problems([failed, *notes]))


def _of_error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip().partition("\n")[0][:200]


def _of_vote(vote: Any, top: int) -> str:
    if isinstance(vote, int | np.integer) and not isinstance(vote, bool):
        return f"vote {vote} is outside -1..{top - 1}"
    hints = {
        bool: "return a class number, or -1 to abstain",
        np.bool: "return a class number, or -1 to abstain",
        type(None): "return -1 to abstain",
        str: "return the number of the class, not its name",
    }
    hint = hints.get(type(vote), "return a whole number")
    return f"vote {shorten(vote)} is of type {type(vote).__name__}; {hint}"


DEFAULT_SHARE = 0.05
"""Share of the rows on which a labeling function may fail, unless the caller sets it."""

MIN_TOLERATED_FAILURES = 100
"""Rows on which a labeling function may fail by default, whatever share of a small corpus that is, up to half of it."""

MIN_ROWS_TO_GIVE_UP = 10_000
"""Rows at the beginning, all of which failed, after which a labeling function is given up."""


class ErrorBudget:
    """The problems of labeling functions, added up and compared with what is allowed.

    Parameters
    ----------
    share
        Share of the rows, 0 to 1, on which one labeling function may fail; None is 5%, or 100 rows where that is more,
        but at most half of the rows.
    n_rows
        Rows that there are in all, where that is known: a labeling function beyond the budget is then refused at once,
        and not only at the end.

    Attributes
    ----------
    problems : dict
        By name, those labeling functions that failed somewhere, or whose votes carry notes; notes are not counted.

    Raises
    ------
    VoteError
        The share is not between 0 and 1.

    Examples
    --------
    >>> from weaklabel.votes.matrix import Problem
    >>> budget = ErrorBudget(0.5)
    >>> budget.note({"late": Problems(2, (Problem(0, "ValueError: no date"),))}, 3)
    >>> budget.check()
    Traceback (most recent call last):
        ...
    weaklabel.errors.VoteError: LF 'late': 2 rows failed, first row 0: ValueError: no date; error_budget=0.5 \
allows 1 of 3; fix it, leave it out, or raise error_budget
    """

    def __init__(self, share: float | None = None, n_rows: int | None = None) -> None:
        if share is not None and not 0 <= share <= 1:
            raise VoteError(f"error_budget must be 0 to 1, not {share}")
        self.share = DEFAULT_SHARE if share is None else share
        self.problems: dict[str, Problems] = {}
        self._is_default = share is None
        self._n_rows = n_rows
        self._seen = 0

    def note(self, problems: Mapping[str, Problems], rows: int) -> None:
        """Add the problems on the next ``rows`` rows.

        Raises
        ------
        VoteError
            A labeling function can no longer stay within the budget: it failed on more rows than are allowed, where that
            is known; or, where it is not, on every one of the first 10,000 rows or more.
        """
        self._seen += rows
        for name, new in problems.items():
            total = add_problems([self.problems.get(name), new])
            assert total is not None
            self.problems[name] = total
        if self._n_rows is not None or self.share == 0:
            self.check(self._n_rows)
        elif self._seen >= MIN_ROWS_TO_GIVE_UP and self.share < 1:
            self._refuse_total_failures()

    def check(self, n_rows: int | None = None) -> None:
        """Refuse a labeling function that failed on more rows than are allowed of all that there are.

        Parameters
        ----------
        n_rows
            Rows in all; by default those that were noted.

        Raises
        ------
        VoteError
            Names the labeling function, its first problem, and the budget.
        """
        n_rows = self._seen if n_rows is None else n_rows
        allowed = self._allowed(n_rows)
        for name, problems in self.problems.items():
            if problems.count <= allowed:
                continue
            if self._is_default and problems.count > n_rows // 2:
                share = f"all {n_rows}" if problems.count == n_rows else f"{problems.count} of {n_rows}"
                rows = "its only row" if n_rows == 1 else f"{share} rows"
                raise VoteError(f"LF '{name}' failed on {rows}, first {problems.first[0]}; fix it or leave it out")
            allows = f"allows {allowed} of {n_rows}" if self.share else "allows none"
            raise VoteError(
                f"LF '{name}': {problems}; error_budget={self.share:g} {allows}; "
                "fix it, leave it out, or raise error_budget"
            )

    def _allowed(self, n_rows: int) -> int:
        share = int(self.share * n_rows)
        return max(share, min(MIN_TOLERATED_FAILURES, n_rows // 2)) if self._is_default else share

    def _refuse_total_failures(self) -> None:
        for name, problems in self.problems.items():
            if problems.count == self._seen:
                raise VoteError(
                    f"LF '{name}': all of the first {problems}; fix it, leave it out, or set error_budget=1 to continue"
                )
