"""Votes of labeling functions on one batch: called, checked and isolated, so that a bad row costs one vote.

Anything that is not a vote counts as an abstain and as a problem; `ErrorBudget` says how many problems are too many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from reprlib import repr as shorten
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.errors import VoteError, WeakLabelError
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray, as_votes
from weaklabel.lf.core import LF, NotedVote
from weaklabel.votes.form import FIRST, LFVotes, VoteForm, add_problems, error_message
from weaklabel.votes.matrix import Note, Problem, Problems


class ClassForm(VoteForm):
    """Votes that are class numbers, one a row, as an array of int8, or int16 for classes beyond 126. Shape: [n].

    Parameters
    ----------
    top
        Number of classes; a vote must be below it.
    """

    def __init__(self, top: int = MAX_CARDINALITY) -> None:
        self.top = top

    def check(self, name: str, votes: Any, batch: Batch) -> LFVotes:
        """See `VoteForm`."""
        return check_votes(name, votes, batch, self.top)

    def silent(self, n: int) -> VoteArray:
        """See `VoteForm`."""
        return np.full(n, ABSTAIN, np.int8)

    def joined(self, parts: Sequence[VoteArray]) -> VoteArray:
        """See `VoteForm`."""
        return np.concatenate([np.empty(0, np.int8), *parts])

    def pack(self, votes: VoteArray) -> tuple[dict[str, Any], bytes]:
        """See `VoteForm`."""
        return {"dtype": votes.dtype.str}, votes.tobytes()

    def unpack(self, header: Mapping[str, Any], body: bytes) -> VoteArray:
        """See `VoteForm`."""
        votes: VoteArray = np.frombuffer(body, dtype=header["dtype"])
        return votes

    def to_dict(self) -> dict[str, Any]:
        """See `VoteForm`."""
        return {"top": self.top}


CLASSES = ClassForm()
"""Class numbers, where their number is not known."""


def ask(name: str, vote: Callable[[Batch], Any], batch: Batch, form: VoteForm = CLASSES) -> LFVotes:
    """Ask for votes; where that raises, ask for each half, down to the single rows that are the cause.

    Parameters
    ----------
    name
        Name of the labeling function, for messages.
    vote
        Takes the batch, or a part of it, and returns a vote for each row.
    batch
        The rows.
    form
        What a vote is.

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
            return fault(batch.start, error_message(error), form)
        middle = len(batch) // 2
        halves = batch.part(0, middle), batch.part(middle, None)
        return join_votes([ask(name, vote, half, form) for half in halves], form)
    return form.check(name, votes, batch)


def ask_together(
    lfs: Sequence[LF],
    evaluate: Callable[[Sequence[LF], Batch], list[Any]],
    batch: Batch,
    form: VoteForm = CLASSES,
) -> list[LFVotes]:
    """Ask for the votes of several labeling functions at once; where that raises, ask each on its own.

    Parameters
    ----------
    lfs, evaluate
        Labeling functions, and what votes for all of them; see `LF.evaluator`.
    batch, form
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
        return [ask(lf.name, lf.vote, batch, form) for lf in lfs]
    return [form.check(lf.name, each, batch) for lf, each in zip(lfs, votes, strict=True)]


def fault(row: int, message: str, form: VoteForm = CLASSES) -> LFVotes:
    """Return an abstain and a problem, in the place of the vote on a row that failed."""
    return LFVotes(form.silent(1), Problems(1, (Problem(row, message),)))


def join_votes(parts: Sequence[LFVotes], form: VoteForm = CLASSES) -> LFVotes:
    """Join the votes of one labeling function on consecutive rows."""
    return LFVotes(form.joined([part.votes for part in parts]), add_problems(part.problems for part in parts))


def check_votes(name: str, votes: Any, batch: Batch, top: int = MAX_CARDINALITY) -> LFVotes:
    """Check votes and make them int8, or int16 for classes beyond 126; anything else is an abstain and a problem.

    Parameters
    ----------
    name, batch
        As of `ask`.
    top
        Number of classes; a vote must be below it.
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
                Problem(start + row, error_message(vote) if isinstance(vote, BaseException) else _of_vote(vote, top))
            )
    failed = Problems(count, tuple(first)) if count else None
    return LFVotes(as_votes(checked), add_problems([failed, *notes]))


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
        self.share: float = DEFAULT_SHARE if share is None else share
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
