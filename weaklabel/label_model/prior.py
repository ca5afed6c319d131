"""What a label model assumes of labeling functions beforehand."""

from __future__ import annotations

from weaklabel.errors import LabelModelError


def check_prior(accuracy: float, votes: float, share: float, cardinality: int) -> None:
    """Refuse an accuracy that is not above chance, or a smoothing that is none.

    Raises
    ------
    LabelModelError
        ``prior_accuracy`` is not above 1/k and below 1, ``prior_votes`` not above 0, or ``prior_share`` not from 0 to
        below 1.
    """
    chance = max(2, cardinality)
    if not 1 / chance < accuracy < 1:
        raise LabelModelError(
            f"prior_accuracy must be above 1/{chance}, which is chance, and below 1, not {accuracy!r}"
        )
    if not (votes > 0 and 0 <= share < 1):
        raise LabelModelError(
            f"prior_votes must be above 0 and prior_share from 0 to below 1, not {votes!r} and {share!r}"
        )
