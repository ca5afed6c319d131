"""What is checked about a label model: its input, the memory that it needs, and what it was fitted to.

The input is votes in any form, texts, and gold labels of a development set. Label models with tables for each labeling
function and class cannot have any size. A fitted one is checked for unanimous votes that it contradicts, and for classes
without votes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.evidence import vote_shares
from weaklabel.labels import ABSTAIN, INT8_CLASSES, MAX_CARDINALITY, Labels, Probs, VoteArray, check_L
from weaklabel.support.warn import warn
from weaklabel.votes.matrix import GivenVotes, Votes
from weaklabel.votes.patterns import VotePatterns, take_rows
from weaklabel.votes.tally import blocks, span_of_votes


def checked_votes(L: GivenVotes, cardinality: int) -> VoteArray | VotePatterns:
    """Return votes as an array or as patterns, whose every vote is one of ``cardinality`` classes.

    Raises
    ------
    VoteError
        L is not a label matrix, or has a vote outside the classes.
    LabelModelError
        The cardinality is out of range.
    """
    if not isinstance(cardinality, int | np.integer) or not 1 <= cardinality <= MAX_CARDINALITY:
        raise LabelModelError(f"cardinality must be 1 to {MAX_CARDINALITY}, not {cardinality!r}")
    votes = L.patterns() if isinstance(L, Votes) else L
    if isinstance(votes, VotePatterns):
        check_L(votes.patterns, cardinality)
        return votes
    return check_L(votes, cardinality)


def texts_and_gold(
    second: ArrayLike | Sequence[str] | None, texts: Sequence[str] | None
) -> tuple[Sequence[str] | None, ArrayLike | None]:
    """Tell texts and gold labels apart in the second argument of ``fit``, which takes both, as Snorkel and scikit-learn do.

    Parameters
    ----------
    second
        Gold labels (Snorkel's ``Y_dev``, scikit-learn's ``y``), or texts.
    texts
        Texts that were given by name.

    Returns
    -------
    texts
        None if there are none.
    gold
        None if there is none; not checked.

    Raises
    ------
    LabelModelError
        Texts were given twice, or ``texts`` holds numbers.
    """
    if texts is not None and _holds_numbers(texts):
        raise LabelModelError("texts must be strings, not numbers; give gold labels as Y_dev")
    if second is None:
        return texts, None
    if _holds_numbers(second):
        return texts, second
    if texts is not None:
        raise LabelModelError("texts were given twice, as the second argument and by name; give gold labels as Y_dev")
    return second, None  # type: ignore[return-value]  # what is not a string in it, `as_texts` refuses


def refuse_numbers(texts: Sequence[str] | None) -> None:
    """Refuse numbers in the place of texts, also where the model does not use texts.

    Raises
    ------
    LabelModelError
        There are numbers.
    """
    if texts is not None and _holds_numbers(texts):
        raise LabelModelError("texts must be strings, not numbers; predictions take no gold labels")


def _holds_numbers(values: Any) -> bool:
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if kind is not None and kind != "O":
        return bool(kind in "biuf")
    if not isinstance(values, Sized) or not len(values):
        return False
    return isinstance(next(iter(values)), int | float | np.number | np.bool_)  # type: ignore[call-overload]


def voting_lfs(votes: VotePatterns) -> NDArray[np.bool_]:
    """Return which labeling functions vote on any row, and warn of those that do not. Shape: [m]."""
    voting = votes.patterns.max(axis=0, initial=ABSTAIN) >= 0
    if not voting.any():
        nothing = f"no labeling function votes on any of the {votes.n} rows, so no row gets a label"
        warn(nothing)
    elif not voting.all():
        unused = f"{(~voting).sum()} of {votes.m} labeling functions never vote and are left out of the label model"
        warn(unused)
    return voting


def dev_class_balance(Y_dev: Labels, cardinality: int) -> NDArray[np.float64]:
    """Return the shares of the classes in gold labels of a development set, as Snorkel takes them.

    Where gold lacks a class, which Snorkel refuses, one row is added to each class, and a `WeakLabelWarning` says so.

    Parameters
    ----------
    Y_dev
        Shape: [n]; rows with -1 are left out.
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [k]; above 0, sums to 1.

    Raises
    ------
    LabelModelError
        There is no gold label.
    """
    rows = np.bincount(Y_dev[Y_dev != ABSTAIN], minlength=cardinality)
    if not rows.any():
        raise LabelModelError(f"none of the {len(Y_dev)} labels in Y_dev is gold; leave it out, or give class_balance")
    missing = np.flatnonzero(rows == 0)
    if len(missing):
        classes = ", ".join(str(number) for number in missing[:5]) + (", ..." if len(missing) > 5 else "")
        warn(f"Y_dev has no row of class {classes}; one row is added to each class, so that none has probability 0")
        rows += 1
    return np.asarray(rows / rows.sum())


BUDGET = 1 << 30
"""Bytes that a label model may take where a committee chooses it; one that is asked for by name may take four times that.
The votes themselves do not count, nor up to 127 classes the probabilities of rows, which fit wherever votes do."""

_BY_NAME = 4 * BUDGET

NUMBER = 8
"""Bytes of a float64."""


def fits(needed: int) -> bool:
    """Say whether a label model that needs so many bytes may be taken without being asked for by name."""
    return needed <= BUDGET


def refuse_beyond(needed: int, model: str, m: int, k: int) -> None:
    """Refuse a label model, before it takes any memory, that needs too much.

    Parameters
    ----------
    needed
        Bytes.
    model
        Its name.
    m, k
        Labeling functions, and classes.

    Raises
    ------
    LabelModelError
        Says how much that is, and what to use.
    """
    if needed > _BY_NAME:
        raise LabelModelError(
            f"{model} would take {gib(needed)} for the tables of {m:,} labeling functions and {k:,} classes, more than "
            f"the {gib(_BY_NAME)} that it may take; use auto, WeightedMajorityVote or MajorityVote, which need none"
        )


def gib(n_bytes: int) -> str:
    """Write a number of bytes."""
    return f"{n_bytes / (1 << 30):,.1f} GiB"


def rows_at_once(k: int) -> int:
    """Return how many rows' probabilities are worked out together: all up to 127 classes, beyond that 256 MiB of them."""
    return 1 << 62 if k <= INT8_CLASSES else max(1, BUDGET // 4 // (NUMBER * k))


def in_blocks(n: int, k: int) -> Iterator[slice]:
    """Yield slices of ``n`` rows whose probabilities are worked out together; at least one, which may be empty."""
    at_once = rows_at_once(k)
    for start in range(0, max(n, 1), at_once):
        yield slice(start, min(n, start + at_once))


def numbers_of_rows(rows: int, k: int) -> int:
    """Return how many numbers the probabilities of rows are, as far as they count."""
    return rows * k if k > INT8_CLASSES else 0


Bools = NDArray[np.bool_]

MAX_CONTRADICTED = 0.25
"""Share of the rows with unanimous votes that a label model may contradict without a warning."""

MIN_ROWS = 10
"""Rows from which on what most of them show is no accident."""

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


def warn_of_unvoted(voted: Bools, given_all_the_same: bool, name: Callable[[int], str] = str) -> None:
    """Warn of classes without votes.

    Parameters
    ----------
    voted
        Which classes have votes. Shape: [k].
    given_all_the_same
        Whether the model may give them to rows, as Snorkel's does.
    name
        Returns the name of a class.
    """
    missing = np.flatnonzero(~voted)
    if not len(missing) or not voted.any():
        return
    some = ", ".join(name(label) for label in missing[:5].tolist()) + (", ..." if len(missing) > 5 else "")
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
    of_class = (agreed >= MIN_ROWS) & (contradicted > agreed / 2)
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
