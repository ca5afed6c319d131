"""What votes cannot tell a label model, of which users are warned although the labels are valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.checks import MIN_ROWS
from weaklabel.label_model.evidence import count_by_class
from weaklabel.label_model.gold import GoldVotes
from weaklabel.labels import VoteArray
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns, take_rows
from weaklabel.votes.tally import tally_votes

MAX_TIED = 0.2
"""Share of the rows with votes that may be ties without a warning."""

_MAX_PATTERNS, _MAX_COUNTS = 20_000, 1 << 21
"""Vote patterns that are looked at, evenly spaced among all, and numbers of their votes by class."""

_AS_OFTEN = 0.7
"""From which share on others vote "as often" on the rows of a labeling function as on the rest. On sets of many kinds it is
above .74 for those that are mostly wrong, and mostly below .6 for others."""

_SHOWN = 3
"""Classes, or labeling functions, that a warning lists."""

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


def warn_of_dominant_lfs(votes: VotePatterns, cardinality: int, gold: GoldVotes | None = None) -> None:
    """Warn of labeling functions that vote on most rows and that the votes of others contradict; see `dominant_lfs`.

    Parameters
    ----------
    votes
        Votes of all rows.
    cardinality
        Number of classes.
    gold
        Rows with gold; a labeling function that votes on several of them is checked there.
    """
    suspects = dominant_lfs(votes, cardinality)
    if gold is not None:
        suspects = [suspect for suspect in suspects if (gold.L[:, suspect.lf] >= 0).sum() < MIN_ROWS]
    if not suspects:
        return
    some = "; ".join(suspect.described() for suspect in suspects[:_SHOWN]) + ("; ..." if len(suspects) > _SHOWN else "")
    warn(
        f"other votes speak against {len(suspects)} labeling function{'' if len(suspects) == 1 else 's'} with votes on most "
        f"rows: {some}; look at rows with these votes and correct the labeling function, or decide 20 to 100 rows by hand "
        "and fit with these decisions"
    )


@dataclass(frozen=True)
class DominantLF:
    """A labeling function that votes on most of the rows with votes, and what others say of its votes.

    Attributes
    ----------
    lf
        Its number.
    share
        Share of the rows with votes on which it votes.
    agreed
        Share of its votes that most of the others agree with, where they vote, too; None where no other votes for its
        class.
    elsewhere
        How often others vote on its rows, as a share of how often they do on the rest; None where others vote for its class.
    """

    lf: int
    share: float
    agreed: float | None
    elsewhere: float | None

    def described(self) -> str:
        """Return its name, and why it is one, in words."""
        why = (
            f"others agree with {self.agreed:.0%} of its votes"
            if self.agreed is not None
            else f"no other votes for its class, and they vote on its rows {self.elsewhere:.0%} as often as on the rest"
        )
        return f"{lf_name(self.lf)} (on {self.share:.0%} of the rows with votes; {why})"


def dominant_lfs(votes: VotePatterns, cardinality: int) -> list[DominantLF]:
    """Find labeling functions that vote on most of the rows with votes and are probably wrong on most of these.

    Where others vote for its class, most votes of such a labeling function are contradicted by the majority of these. Where
    none does, others say something of its rows all the same: if it marked a class of its own, their votes there would be
    errors, and rarer than elsewhere.

    Parameters
    ----------
    votes
        Votes of all rows.
    cardinality
        Number of classes.

    Returns
    -------
    list of DominantLF
        Those with the most votes first.
    """
    patterns, counts, n_votes = _counted(votes, cardinality)
    rows_of_lf = counts @ (patterns >= 0)
    n_covered = counts[n_votes.any(axis=1)].sum()
    votes_for = tally_votes(votes.patterns, classes=cardinality).seen[:, :cardinality]
    n_voters = votes_for.sum(axis=0)
    frequent = np.flatnonzero(rows_of_lf > n_covered / 2)
    suspects = []
    for lf in frequent[np.argsort(-rows_of_lf[frequent], kind="stable")].tolist():
        votes_of_lf = patterns[:, lf]
        voted = votes_of_lf >= 0
        classes = np.where(voted, votes_of_lf, 0).astype(np.intp)
        of_others = n_votes.copy()
        of_others[voted, classes[voted]] -= 1
        most = of_others.max(axis=1)
        others = most > 0
        share = float(rows_of_lf[lf] / n_covered)
        checked = voted & others & (n_voters[classes] > 1)
        n_checked = int(counts[checked].sum())
        if n_voters[classes[voted]].max() > 1:
            wins = of_others[np.arange(len(classes)), classes] == most
            agreed = counts @ (checked * wins / np.maximum(1, (of_others == most[:, None]).sum(axis=1)))
            # Two standard errors below one half.
            if n_checked >= MIN_ROWS and agreed / n_checked + np.sqrt(1 / n_checked) < 0.5:
                suspects.append(DominantLF(lf, share, float(agreed / n_checked), None))
            continue
        there, rest = counts[voted & others].sum(), counts[~voted & others].sum()
        n_rest = counts.sum() - rows_of_lf[lf]
        elsewhere = (there / rows_of_lf[lf]) / max(rest / max(1, n_rest), 1e-9)
        if there >= MIN_ROWS and rest >= MIN_ROWS and elsewhere > _AS_OFTEN:
            suspects.append(DominantLF(lf, share, None, float(elsewhere)))
    return suspects


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
    _, counts, n_votes = _counted(votes, cardinality)
    most = n_votes.max(axis=1, keepdims=True)
    covered = most[:, 0] > 0
    tied = covered & ((n_votes == most).sum(axis=1) > 1)
    return float(counts[tied].sum() / max(1, counts[covered].sum()))


def _counted(votes: VotePatterns, cardinality: int) -> tuple[VoteArray, NDArray[np.int64], NDArray[np.float64]]:
    """Return vote patterns, evenly spaced where they are many, their counts, and their votes by class.

    Shape: [u, m], [u], [u, k].
    """
    most = max(1, min(_MAX_PATTERNS, _MAX_COUNTS // cardinality))
    rows = np.arange(0, len(votes), -(-len(votes) // most) or 1)
    patterns = take_rows(votes.patterns, rows)
    return patterns, votes.counts[rows], count_by_class(patterns, cardinality)
