"""Input and state of the hyper label model's network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""A numpy array, or a tensor in training."""

Add: TypeAlias = Callable[[Array, Array, int], Array]
"""Adds up rows by group: values [cells, k], group [cells], number of groups -> [groups, k]."""

CHANNELS = 6
"""Numbers that a layer passes to the next for each vote, in addition to its evidence."""


@dataclass(frozen=True)
class Cells:
    """Votes of some patterns, one after another: all that a step needs of the rows.

    Attributes
    ----------
    counts
        Rows that show each pattern. Shape: [u].
    row, item
        Pattern, and kind of vote, of each vote. Shape: [cells].
    alone
        1 where the vote is its pattern's only one, else 0. Shape: [cells].
    """

    counts: Array
    row: Array
    item: Array
    alone: Array


@dataclass(frozen=True)
class VoteTable:
    """Votes as the network reads them; an item is a labeling function with a class that it votes for.

    Attributes
    ----------
    parts
        The votes, in parts that fit memory.
    lf
        Labeling function of each item. Shape: [d].
    own
        1 at the class of each item, else 0. Shape: [d, k].
    overlaps
        Rows that have both votes; 0 for two of one labeling function. Shape: [d, d].
    votes
        Rows that have each vote. Shape: [d].
    n, m
        Rows with votes, and labeling functions that vote.
    """

    parts: Iterable[Cells]
    lf: Array
    own: Array
    overlaps: Array
    votes: Array
    n: float
    m: int


@dataclass(frozen=True)
class State:
    """What a layer hands to the next.

    Attributes
    ----------
    evidence
        Log likelihood of each class given each vote. Shape: [d, k].
    abstain
        The same given that each labeling function abstains. Shape: [m, k].
    prior
        Log prior probabilities, up to a constant. Shape: [k].
    channels
        Other numbers that layers pass on for a vote and a class. Shape: [d, k, CHANNELS].
    """

    evidence: Array
    abstain: Array
    prior: Array
    channels: Array


@dataclass(frozen=True)
class Expected:
    """Rows by expected class.

    Attributes
    ----------
    by_class
        Shape: [k].
    by_vote
        Of the rows that have each vote. Shape: [d, k].
    by_others
        The same as the rows' other votes alone have it, of rows that have others. Shape: [d, k].
    doubt
        Sum of the entropies of the others' predictions. Shape: [d].
    """

    by_class: Array
    by_vote: Array
    by_others: Array
    doubt: Array
