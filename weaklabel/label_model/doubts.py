"""What votes cannot tell a label model, of which users are warned although the labels are valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from weaklabel.label_model.evidence import count_by_class
from weaklabel.label_model.gold import GoldVotes
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns, take_rows
from weaklabel.votes.tally import tally_votes

MAX_TIED = 0.2
"""Share of the rows with votes that may be ties without a warning."""

_MAX_COUNTS = 1 << 21
"""Numbers of votes, by vote pattern and class, that are looked at for ties; the patterns are evenly spaced among all."""

_SHOWN = 3
"""Classes that a warning lists."""

_NAMES: ContextVar[tuple[Sequence[str], Sequence[str]] | None] = ContextVar("names", default=None)


@contextmanager
def naming(lf_names: Sequence[str], labels: Sequence[str]) -> Iterator[None]:
    """Let warnings about a label model name labeling functions and classes, which it knows by number only.

    Parameters
    ----------
    lf_names, labels
        Names of the columns of L, and of the classes. Length: m, k.
    """
    before = _NAMES.set((lf_names, labels))
    try:
        yield
    finally:
        _NAMES.reset(before)


def lf_name(lf: int) -> str:
    """Return how a warning names a labeling function."""
    names = _NAMES.get()
    return str(lf) if names is None or lf >= len(names[0]) else f"'{names[0][lf]}'"


def class_name(label: int) -> str:
    """Return how a warning names a class."""
    names = _NAMES.get()
    return str(label) if names is None or label >= len(names[1]) else f"'{names[1][label]}'"


def warn_of_lone_lfs(votes: VotePatterns, cardinality: int, gold: GoldVotes | None = None) -> None:
    """Warn of classes that a single labeling function votes for: no vote confirms it, so its accuracy is a guess.

    Parameters
    ----------
    votes
        Votes of all rows.
    cardinality
        Number of classes.
    gold
        Rows with gold; a labeling function that votes for the class on one of them is checked there.
    """
    votes_for = tally_votes(votes.patterns, classes=cardinality).seen[:, :cardinality]
    lone = votes_for.sum(axis=0) == 1
    lfs = votes_for.argmax(axis=0)
    if gold is not None:
        lone &= ~np.array([np.equal(gold.L[:, lf], label).any() for label, lf in enumerate(lfs.tolist())])
    classes = np.flatnonzero(lone).tolist()
    if not classes or cardinality == 1:
        return
    advice = "write a second labeling function for it, or decide 20 to 100 rows by hand and fit with these decisions"
    if len(classes) == 1:
        label = classes[0]
        warn(
            f"only labeling function {lf_name(int(lfs[label]))} votes for class {class_name(label)}, so votes cannot tell "
            f"how often it is right; {advice}"
        )
        return
    some = ", ".join(f"class {class_name(label)}: {lf_name(int(lfs[label]))}" for label in classes[:_SHOWN])
    warn(
        f"for {len(classes)} of {cardinality} classes only one labeling function votes ({some}"
        f"{', ...' if len(classes) > _SHOWN else ''}), so votes cannot tell how often it is right; {advice}"
    )


def warn_of_ties(votes: VotePatterns, cardinality: int) -> None:
    """Warn where on many rows the classes with the most votes tie, which nothing but votes then decides.

    Parameters
    ----------
    votes
        Votes of all rows.
    cardinality
        Number of classes.
    """
    share = tied_share(votes, cardinality)
    if share > MAX_TIED:
        warn(
            f"on {share:.0%} of the rows with votes, two classes or more have equally many, so votes hardly tell which is "
            "right; let a label model read the texts (auto or text), or write more labeling functions"
        )


def tied_share(votes: VotePatterns, cardinality: int) -> float:
    """Return the share of the rows with votes on which classes tie for the most; 0 if no row has any."""
    rows = np.arange(0, len(votes), -(-len(votes) * cardinality // _MAX_COUNTS) or 1)
    n_votes, counts = count_by_class(take_rows(votes.patterns, rows), cardinality), votes.counts[rows]
    most = n_votes.max(axis=1, keepdims=True)
    covered = most[:, 0] > 0
    tied = covered & ((n_votes == most).sum(axis=1) > 1)
    return float(counts[tied].sum() / max(1, counts[covered].sum()))
