"""Votes of labeling functions on one batch: asked, checked, and isolated, so that a bad row costs one vote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from reprlib import repr as shorten
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.errors import VoteError, WeakLabelError
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray, as_votes
from weaklabel.votes.matrix import Problem, Problems

FIRST = 5
"""Problems of a labeling function that are kept in words; the others are counted."""


@dataclass(frozen=True)
class LFVotes:
    """Votes of one labeling function on one batch, with what went wrong. Shape of ``votes``: [n]."""

    votes: VoteArray
    problems: Problems | None


def ask(name: str, vote: Callable[[Batch], Any], batch: Batch, top: int = MAX_CARDINALITY) -> LFVotes:
    """Ask for votes; where that raises, ask for each half, down to the single rows that are to blame.

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
        What the labeling function raises of this kind, which says what is wrong with itself and not with a row.
    VoteError
        It does not return a vote for each row.
    """
    try:
        votes = vote(batch)
    except WeakLabelError:
        raise  # it says what is wrong with the labeling function itself, not with a row
    except (Exception, SystemExit, pl.exceptions.PanicException) as error:
        if len(batch) == 1:
            return fault(batch.start, _of_error(error))
        middle = len(batch) // 2
        return join_votes([ask(name, vote, half, top) for half in (batch.part(0, middle), batch.part(middle, None))])
    return check_votes(name, votes, batch, top)


def fault(row: int, message: str) -> LFVotes:
    """Return what stands for the vote on a row that went wrong: an abstain, and a problem."""
    return LFVotes(np.full(1, ABSTAIN, np.int8), Problems(1, (Problem(row, message),)))


def join_votes(parts: Sequence[LFVotes]) -> LFVotes:
    """Join the votes of one labeling function on consecutive rows."""
    votes = [np.empty(0, np.int8), *(part.votes for part in parts)]
    return LFVotes(np.concatenate(votes), add_problems(part.problems for part in parts))


def add_problems(parts: Iterable[Problems | None]) -> Problems | None:
    """Add up the problems of consecutive rows; None where there were none."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    first = [problem for part in found for problem in part.first]
    return Problems(sum(part.count for part in found), tuple(first[:FIRST]))


def check_votes(name: str, votes: Any, batch: Batch, top: int = MAX_CARDINALITY) -> LFVotes:
    """Check votes and make them int8, or int16 for classes beyond 126; what is no vote is an abstain and a problem.

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
    count, first = 0, []
    for row, vote in enumerate(votes):
        if isinstance(vote, int | np.integer) and not isinstance(vote, bool) and ABSTAIN <= vote < top:
            checked[row] = vote
            continue
        count += 1
        if count <= FIRST:
            first.append(
                Problem(start + row, _of_error(vote) if isinstance(vote, BaseException) else _of_vote(vote, top))
            )
    return LFVotes(as_votes(checked), Problems(count, tuple(first)) if count else None)


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
