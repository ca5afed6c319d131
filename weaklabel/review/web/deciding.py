"""Summaries of decisions: progress, spot checks, and the decision that an undo withdraws."""

from __future__ import annotations

from dataclasses import dataclass

from weaklabel.decisions import Decision, latest_of
from weaklabel.review import PrecisionEstimate, Review, Share, SpanReview
from weaklabel.review.web.desk import Desk

KINDS = {"random": "random rows", "stratified": "stratified rows", "uncertain": "least certain rows"}


@dataclass(frozen=True)
class SpotCheckProgress:
    """How far a spot check has come, in words."""

    kind: str
    decided: int
    size: int
    words: str


def tally_of(desk: Desk[Review], sample: str) -> SpotCheckProgress:
    """Return how far a spot check has come."""
    estimate = desk.review.precision(sample)
    return SpotCheckProgress(KINDS[estimate.kind], estimate.n_decided, estimate.n_rows, precision_words(estimate))


def precision_words(estimate: PrecisionEstimate) -> str:
    """Return the estimate of a spot check in words.

    Examples
    --------
    >>> precision_words(PrecisionEstimate("random-9-0", "random", 0.9, 0.6, 0.98, 10, 9, 50, {}, True))
    '90.0% of labels are correct (95% interval 60.0% to 98.0%)'
    """
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "no estimate yet"
    whose = "labels" if estimate.is_estimate else "the least certain labels"
    return f"{estimate.value:.1%} of {whose} are correct (95% interval {estimate.low:.1%} to {estimate.high:.1%})"


def share_words(share: Share) -> str:
    """Return a share with its counts and interval.

    Examples
    --------
    >>> share_words(Share(0.9, 0.596, 0.982, 9, 10)), share_words(Share(None, None, None, 0, 0))
    ('90.0% (60 to 98%), 9 of 10', '–')
    """
    if share.value is None or share.low is None or share.high is None:
        return "–"
    return f"{share.value:.1%} ({100 * share.low:.0f} to {100 * share.high:.0f}%), {share.hits} of {share.n}"


def progress_words(review: Review | SpanReview, reviewer: str) -> str:
    """Say how many rows are decided, and by whom."""
    done = review.progress()
    others = sum(n for name, n in done.items() if name != reviewer)
    mine = f"you decided {done.get(reviewer, 0):,}"
    return f"{mine}, others {others:,}" if others else mine


def my_labels(review: Review, reviewer: str, rows: list[int]) -> dict[int, str]:
    """Return the labels that a reviewer gave those of the rows that they decided."""
    latest = review.log.latest()
    labels = {}
    for row in rows:
        decision = latest.get((review.hashes[row], reviewer))
        if decision is not None and decision.label is not None:
            labels[row] = decision.label
    return labels


def last_decision(review: Review | SpanReview, reviewer: str) -> int | None:
    """Return the row of a reviewer's last decision that is not withdrawn."""
    made = [decision for decision in review.log.decisions() if decision.reviewer == reviewer]
    standing = latest_of(made)
    for decision in reversed(made):
        if review.ledger.stands(decision) and standing[decision.text_sha256, reviewer] is decision:
            row = _row_of(review, decision)
            if row is not None:
                return row
    return None


def _row_of(review: Review | SpanReview, decision: Decision) -> int | None:
    """Return the row that a decision is on, None where the corpus lacks it; it may have moved since."""
    rows = review.rows_with(decision.text_sha256).tolist()
    return decision.row if decision.row in rows else next(iter(rows), None)
