"""What a fitted label model is checked for: unanimous votes that it contradicts, and classes without votes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.expectation import vote_shares
from weaklabel.labels import INT8_CLASSES, Probs, VoteArray
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns, take_rows
from weaklabel.votes.tally import blocks, span_of_votes

Bools = NDArray[np.bool_]

MAX_CONTRADICTED = 0.25
"""Share of the rows with unanimous votes that a label model may contradict without a warning."""

_MIN_ROWS = 10
"""Rows with unanimous votes for a class from which on most of them being contradicted is no accident."""

_MAX_PATTERNS = 20_000
"""Vote patterns that are looked at, those of the most rows first."""


def voted_classes(votes: VotePatterns, cardinality: int) -> Bools:
    """Say which classes any labeling function votes for. Shape: [k]."""
    missing = list(range(cardinality))
    for _, block in blocks(votes.patterns):
        if cardinality > INT8_CLASSES:
            seen = set(np.unique(block).tolist())
            missing = [label for label in missing if label not in seen]
        else:
            missing = [label for label in missing if not np.equal(block, label).any()]
        if not missing:
            break
    voted = np.ones(cardinality, dtype=np.bool_)
    voted[missing] = False
    return voted


def without_unvoted(probs: Probs, rows: VoteArray, unvoted: Iterable[int]) -> Probs:
    """Remove classes without votes at the fit from all rows, except those that have a vote for them now.

    Parameters
    ----------
    probs
        Changed in place. Shape: [n, k].
    rows
        Votes. Shape: [n, m].
    unvoted
        Numbers of these classes.

    Returns
    -------
    Probs
        Shape: [n, k]; rows sum to 1 again, or are NaN as before.
    """
    for label in unvoted:
        probs[~np.equal(rows, label).any(axis=1), label] = 0
    left = probs.sum(axis=1)
    # Nothing is left where all probability was on these classes: then each vote counts alike.
    nothing = left <= 0
    probs[nothing], left[nothing] = vote_shares(rows[nothing], probs.shape[1]), 1
    probs /= left[:, None]
    return probs


def warn_of_unvoted(voted: Bools, given_all_the_same: bool) -> None:
    """Warn of classes without votes.

    Parameters
    ----------
    voted
        Which classes have votes. Shape: [k].
    given_all_the_same
        Whether the model may give them to rows, as Snorkel's does.
    """
    missing = np.flatnonzero(~voted)
    if not len(missing) or not voted.any():
        return
    some = ", ".join(str(label) for label in missing[:5]) + (", ..." if len(missing) > 5 else "")
    single = len(missing) == 1
    classes, it = (f"class {some}", "it") if single else (f"{len(missing)} of {len(voted)} classes ({some})", "them")
    then = (
        f"but the label model may give {it} to rows, as Snorkel's does; do not rely on such labels"
        if given_all_the_same
        else f"so the label model gives {it} to no row"
    )
    warn(f"no labeling function votes for {classes}, {then}; write labeling functions for {it}, or leave {it} out")


def warn_of_contradictions(
    votes: VotePatterns, answer: Callable[[VoteArray], Probs], cardinality: int, advice: str
) -> None:
    """Warn where a label model contradicts many of the rows on which two votes or more all agree.

    Parameters
    ----------
    votes
        Votes that it was fitted on.
    answer
        Its probabilities of vote patterns.
    cardinality
        Number of classes.
    advice
        The warning's last part: what to do.
    """
    agreed, contradicted, all_patterns = contradictions(votes, answer, cardinality)
    of_class = (agreed >= _MIN_ROWS) & (contradicted > agreed / 2)
    rows, of_rows = int(contradicted.sum()), int(agreed.sum())
    if not (rows > MAX_CONTRADICTED * of_rows or of_class.any()):
        return
    part = "" if all_patterns else f" that were looked at, those of the {_MAX_PATTERNS} most frequent vote patterns"
    classes = np.flatnonzero(of_class)
    which = ""
    if 0 < len(classes) < (agreed > 0).sum():
        some = ", ".join(
            f"{contradicted[label]} of {agreed[label]} with votes for class {label}" for label in classes[:3]
        )
        which = f" ({some}{', ...' if len(classes) > 3 else ''})"
    warn(
        f"the label model contradicts {rows} of the {of_rows} rows ({rows / of_rows:.0%}) on which all votes agree (two or "
        f"more){part}{which}; {advice}"
    )


def contradictions(
    all_votes: VotePatterns, answer: Callable[[VoteArray], Probs], cardinality: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], bool]:
    """Count, by the class that they agree on, rows with two votes or more that all agree, and those contradicted.

    Returns
    -------
    agreed, contradicted
        Shape: [k] each.
    all_patterns
        Whether all vote patterns were looked at; if not, those of the most rows were.
    """
    twice, lowest, highest = span_of_votes(all_votes.patterns)
    unanimous = np.flatnonzero(twice & (lowest == highest))
    all_patterns = len(unanimous) <= _MAX_PATTERNS
    if not all_patterns:
        unanimous = unanimous[np.argsort(-all_votes.counts[unanimous], kind="stable")[:_MAX_PATTERNS]]
    weights, votes = all_votes.counts[unanimous], highest[unanimous].astype(np.intp)
    if not len(unanimous):
        return np.zeros(cardinality, np.int64), np.zeros(cardinality, np.int64), True
    probs = answer(take_rows(all_votes.patterns, unanimous))
    defined = ~np.isnan(probs).any(axis=1)
    predicted = np.where(defined, np.nan_to_num(probs).argmax(axis=1), votes)
    # A tie contradicts no vote.
    against = predicted != votes
    against &= np.nan_to_num(probs)[np.arange(len(votes)), votes] < np.nan_to_num(probs).max(axis=1) - 1e-9
    agreed = np.bincount(votes, weights, minlength=cardinality).astype(np.int64)
    return agreed, np.bincount(votes, weights * against, minlength=cardinality).astype(np.int64), all_patterns
