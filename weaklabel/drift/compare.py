"""What has changed between two corpora: texts, votes, labels and confidence, with a bound on false alarms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.drift.texts import TextShift, compare_texts
from weaklabel.errors import VoteError
from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.support.table import table
from weaklabel.votes import Votes

What: TypeAlias = Literal[
    "texts", "rows with a vote", "rows with conflict", "confidence", "label", "coverage", "conflict", "errors"
]
BREAKING = ("coverage", "conflict", "errors")
"""Changes of a labeling function by which it is called broken: no votes any more, more conflicts, more errors."""


@dataclass(frozen=True)
class Change:
    """One figure of two corpora, and whether it has changed.

    Attributes
    ----------
    what
        What is compared. "texts": 0.5, and how well a classifier tells the corpora apart (see `TextShift.auc`). "confidence":
        means over rows with a label. All others are shares: of rows; of labels ("label"); and of the rows on which a labeling
        function votes ("conflict").
    of
        Name of the labeling function or class; None for the corpus.
    old, new
        The figures; None where there is no row to take them of.
    p
        Probability of so large a difference, or a larger one, where nothing has changed.
    adjusted_p
        The same, corrected for the number of comparisons (Holm); a change is told where it is at most alpha.
    has_changed
        Whether it is.
    """

    what: What
    of: str | None
    old: float | None
    new: float | None
    p: float
    adjusted_p: float = 1.0
    has_changed: bool = False

    @property
    def name(self) -> str:
        """What has changed, in words."""
        return self.what if self.of is None else f"{self.what} of {self.of}"


@dataclass(frozen=True)
class Drift:
    """The comparison of two corpora.

    Attributes
    ----------
    n_old, n_new
        Rows.
    alpha
        Bound on the probability that anything is told to have changed where nothing has.
    changes
        All comparisons; those of the corpus first.
    texts
        The comparison of texts.
    broken
        Labeling functions that fail more often than before, contradict others more often, or do not vote any more; with why.
    """

    n_old: int
    n_new: int
    alpha: float
    changes: tuple[Change, ...]
    texts: TextShift
    broken: dict[str, str]

    @property
    def found(self) -> bool:
        """Whether anything has changed."""
        return any(change.has_changed for change in self.changes)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"drift": self.found, **asdict(self)}

    def to_text(self) -> str:
        """Return what has changed as a table, the most certain change first."""
        changed = sorted(
            (change for change in self.changes if change.has_changed), key=lambda change: change.adjusted_p
        )
        head = (
            f"{self.n_old:,} old and {self.n_new:,} new rows, {len(self.changes)} comparisons: "
            f"{len(changed) or 'nothing'} {'have' if len(changed) > 1 else 'has'} changed "
            f"(probability of a false alarm at most {self.alpha:g})"
        )
        if not changed:
            return head
        rows = [(change.name, change.old, change.new, f"{change.adjusted_p:.2g}") for change in changed]
        parts = [head, "", table(rows, ["changed", "old", "new", "adjusted p"])]
        if self.changes[0].has_changed:
            parts += ["", f"more in new texts: {', '.join(self.texts.more)}", f"less: {', '.join(self.texts.less)}"]
        if self.broken:
            parts += ["", *(f"labeling function '{name}': {why}" for name, why in self.broken.items())]
        return "\n".join(parts)


def find_drift(
    old: Votes,
    new: Votes,
    texts: tuple[Sequence[str], Sequence[str]],
    probs: tuple[Probs, Probs],
    *,
    alpha: float = 0.05,
    seed: int = 0,
) -> Drift:
    """Compare two corpora on which the same labeling functions voted.

    Shares are compared by Fisher's exact test, confidences by that of Mann and Whitney, and texts by a classifier (see
    `compare_texts`). All p-values together are corrected by Holm's method: if nothing has changed, and rows are drawn
    independently, the probability that anything at all is told to have changed is at most ``alpha``.

    Parameters
    ----------
    old, new
        Votes of the same labeling functions in the same order, with the names of the classes.
    texts
        Of both corpora. Lengths: those of the votes.
    probs
        Of both corpora, by a label model that was fitted on both together: one that was fitted on the old corpus alone could
        be surer of it for that reason. Shape of each: [n, k]; NaN where there is no label.
    alpha
        Bound on the probability of a false alarm, above 0 and below 1.
    seed
        Of the comparison of texts.

    Raises
    ------
    VoteError
        The labeling functions or classes differ, lengths do not fit, or ``alpha`` is out of range.
    """
    if list(old.lf_names) != list(new.lf_names) or old.labels is None or old.labels != new.labels:
        raise VoteError("votes to compare must be of the same labeling functions and classes; apply one pack to both")
    for votes, own_texts, own_probs in zip((old, new), texts, probs, strict=True):
        if len(own_texts) != votes.n or own_probs.shape != (votes.n, len(old.labels)):
            raise VoteError(
                f"{votes.n} rows of votes with {len(own_texts)} texts and probabilities of shape {own_probs.shape}"
            )
    if not 0 < alpha < 1:
        raise VoteError(f"alpha must be above 0 and below 1, not {alpha}")
    shift = compare_texts(*texts, seed=seed)
    changes = [
        Change("texts", None, 0.5, shift.auc, shift.p),
        *_of_corpus(old, new),
        *_of_labels(probs, old.labels),
        *_of_lfs(old, new),
    ]
    corrected = holm([change.p for change in changes])
    told = tuple(
        replace(change, adjusted_p=p, has_changed=p <= alpha) for change, p in zip(changes, corrected, strict=True)
    )
    return Drift(old.n, new.n, alpha, told, shift, _broken(told))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number.

    The method of Holm ("A Simple Sequentially Rejective Multiple Test Procedure", 1979): the probability that any of the
    corrected values of true hypotheses is at most alpha, is at most alpha.

    Examples
    --------
    >>> holm([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.04]
    """
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=float)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(p) for p in corrected]


def _share(what: What, of: str | None, hits: tuple[int, int], rows: tuple[int, int]) -> Change:
    """Compare two shares by Fisher's exact test."""
    from scipy.stats import fisher_exact

    p = float(fisher_exact([hits, (rows[0] - hits[0], rows[1] - hits[1])])[1])
    old, new = (hit / n if n else None for hit, n in zip(hits, rows, strict=True))
    return Change(what, of, old, new, p)


def _conflicts(L: NDArray[Any]) -> NDArray[np.bool_]:
    """Return on which rows votes differ. Shape: [n, m] -> [n]."""
    lowest = np.where(L == ABSTAIN, np.iinfo(L.dtype).max, L).min(axis=1, initial=np.iinfo(L.dtype).max)
    return L.max(axis=1, initial=ABSTAIN) > lowest


def _of_corpus(old: Votes, new: Votes) -> Iterator[Change]:
    rows = (old.n, new.n)
    covered = tuple(int((votes.L != ABSTAIN).any(axis=1).sum()) for votes in (old, new))
    conflicting = tuple(int(_conflicts(votes.L).sum()) for votes in (old, new))
    yield _share("rows with a vote", None, (covered[0], covered[1]), rows)
    yield _share("rows with conflict", None, (conflicting[0], conflicting[1]), rows)


def _of_labels(probs: tuple[Probs, Probs], labels: Sequence[str]) -> Iterator[Change]:
    from scipy.stats import mannwhitneyu

    labeled = [each[~np.isnan(each).any(axis=1)] for each in probs]
    confidences = [each.max(axis=1) for each in labeled]
    old, new = (float(each.mean()) if len(each) else None for each in confidences)
    # Rounded, since sums of the same votes may differ in their last bits.
    ranked = [each.round(9) for each in confidences]
    p = float(mannwhitneyu(*ranked).pvalue) if all(map(len, ranked)) else 1.0
    yield Change("confidence", None, old, new, p if p == p else 1.0)
    preds: list[Labels] = [each.argmax(axis=1) for each in labeled]
    for number, label in enumerate(labels):
        hits = [int((each == number).sum()) for each in preds]
        yield _share("label", label, (hits[0], hits[1]), (len(preds[0]), len(preds[1])))


def _of_lfs(old: Votes, new: Votes) -> Iterator[Change]:
    conflicts = [_conflicts(votes.L) for votes in (old, new)]
    rows = (old.n, new.n)
    for column, name in enumerate(old.lf_names):
        votes = [each.L[:, column] != ABSTAIN for each in (old, new)]
        given = (int(votes[0].sum()), int(votes[1].sum()))
        errors = [each.problems[name].count if name in each.problems else 0 for each in (old, new)]
        contradicted = [int((voting & differ).sum()) for voting, differ in zip(votes, conflicts, strict=True)]
        # What happens in neither corpus is no comparison: it would only take strength from the others.
        if any(given):
            yield _share("coverage", name, given, rows)
            yield _share("conflict", name, (contradicted[0], contradicted[1]), given)
        if any(errors):
            yield _share("errors", name, (errors[0], errors[1]), rows)


def _broken(changes: Sequence[Change]) -> dict[str, str]:
    """Return, by labeling function, why it is called broken."""
    why: dict[str, list[str]] = {}
    for change in changes:
        if change.of is None or not change.has_changed or change.what not in BREAKING:
            continue
        old, new = change.old or 0.0, change.new or 0.0
        if change.what == "coverage" and new == 0:
            why.setdefault(change.of, []).append(f"does not vote any more (before: {old:.1%} of rows)")
        elif change.what == "conflict" and new > old:
            why.setdefault(change.of, []).append(f"contradicts others on {new:.1%} of its votes (before: {old:.1%})")
        elif change.what == "errors" and new > old:
            why.setdefault(change.of, []).append(f"fails on {new:.1%} of rows (before: {old:.1%})")
    return {name: "; ".join(reasons) for name, reasons in why.items()}
