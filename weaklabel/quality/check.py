"""Whether labels are precise enough, from rows that people have checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ConfigError
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.quality.betting import log_capital_below, lower_bound, upper_bound
from weaklabel.quality.design import CheckDesign, best_stake, make_design

Floats = NDArray[np.float64]
Verdict: TypeAlias = Literal["pass", "fail", "open"]

_REPLICATES = 1000
"""Bootstrap replicates for the intervals of recall and F1."""

_MOST = 1_000_000
"""Most draws that are planned ahead."""


@dataclass(frozen=True)
class Bounds:
    """An estimate, 0 to 1, and what it lies between; None where no checked row tells."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ClassQuality:
    """Precision, recall and F1 of one class, and how many checked rows have it as their label."""

    precision: Bounds
    recall: Bounds
    f1: Bounds
    n_checked: int


@dataclass(frozen=True, eq=False)
class QualityCheck:
    """What checked rows say of all labels.

    Attributes
    ----------
    verdict
        "pass": the precision is at least ``min_precision``; "fail": it is below; both with ``confidence``. "open": more rows
        have to be checked.
    precision
        Share of labels that are right, with a lower and an upper bound, each of which holds with ``confidence`` however often
        one looks.
    min_precision, confidence
        What was asked for.
    n_rows, n_labeled
        Rows, and rows with a label that may be checked.
    n_checked, n_draws
        Rows that count as checked, and draws of them; a row may be drawn more than once.
    n_out_of_order
        Decided rows that do not count, since a row that was drawn before is not decided yet.
    n_left_out
        Rows with a label that are not checked, since the labels were fitted with decisions on them; ``n_labeled`` is without
        these.
    more
        About how many rows more have to be checked to pass; None where that is not to be expected.
    per_class
        By class name; recall is of the rows with a label. Intervals of recall and F1 are approximate ones for a fixed number of
        rows (bootstrap).
    next_rows
        Rows to check next, in order; each only once.
    """

    verdict: Verdict
    precision: Bounds
    min_precision: float
    confidence: float
    n_rows: int
    n_labeled: int
    n_checked: int
    n_draws: int
    n_out_of_order: int
    n_left_out: int
    more: int | None
    per_class: dict[str, ClassQuality]
    next_rows: NDArray[np.int64]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, without the rows to check next."""
        values = asdict(self)
        del values["next_rows"]
        return values

    def __str__(self) -> str:
        wanted = f"{self.min_precision:.1%} with {self.confidence:.0%} confidence"
        verdicts = {
            "pass": f"pass: the precision of the labels is at least {wanted}",
            "fail": f"fail: the precision of the labels is below {wanted}",
            "open": f"open: too few rows are checked to know whether the precision of the labels is at least {wanted}",
        }
        lines = [
            verdicts[self.verdict],
            f"checked {self.n_checked:,} of {self.n_labeled:,} rows with a label ({self.n_rows:,} rows in all)",
        ]
        if self.verdict == "open":
            lines.append(
                f"about {self.more:,} more rows have to be checked, if confidences are about right"
                if self.more is not None
                else "these labels are not expected to pass: improve them first"
            )
        if self.n_out_of_order:
            lines.append(
                f"{self.n_out_of_order:,} decided rows do not count: they were not drawn, or a row that was drawn before them "
                "is not decided"
            )
        if self.n_checked:
            width = max(len("precision"), *map(len, self.per_class))
            lines += ["", f"{'':{width}}  {'precision':<20}  {'recall':<20}  F1"]
            lines.append(f"{'all':{width}}  {_shown(self.precision)}")
            for name, of_class in self.per_class.items():
                cells = [_shown(each) for each in (of_class.precision, of_class.recall, of_class.f1)]
                lines.append(f"{name:{width}}  {cells[0]:<20}  {cells[1]:<20}  {cells[2]}".rstrip())
        return "\n".join(lines)


def _shown(bounds: Bounds) -> str:
    return "-" if bounds.value is None else f"{bounds.value:.3f} ({bounds.low:.3f} to {bounds.high:.3f})"


def check_labels(
    preds: Labels,
    gold: Labels,
    labels: Sequence[str],
    confidence_of_rows: Floats | None = None,
    *,
    min_precision: float = 0.9,
    confidence: float = 0.95,
    seed: int = 0,
    n_next: int = 50,
    left_out: NDArray[np.bool_] | None = None,
) -> QualityCheck:
    """Find out whether labels are precise enough.

    Rows are drawn at random in an order that only the labels, their confidences and the seed decide. Decided rows count up to
    the first drawn row that is not decided: rows that somebody picked say nothing about the others. One may look after every
    decision, and stop as soon as the verdict is known.

    Parameters
    ----------
    preds, gold
        Labels, and what people decided; -1 for none. Shape: [n].
    labels
        Class names. Length: k.
    confidence_of_rows
        Probability of each row's label; all rows are drawn alike if it is not given. Shape: [n].
    min_precision
        Above 0, below 1.
    confidence
        Of the verdict, from .5, below 1.
    seed
        Of the draws, from 0.
    n_next
        How many rows to list in `QualityCheck.next_rows`.
    left_out
        Rows that are not drawn, since the labels were fitted on decisions about them. Shape: [n].

    Raises
    ------
    ConfigError
        A setting is out of range, or no row has a label.

    Examples
    --------
    >>> import numpy as np
    >>> preds = np.zeros(1000, dtype=np.int64)
    >>> check = check_labels(preds, np.full(1000, -1), ["ham", "spam"], np.full(1000, 0.98), min_precision=0.9)
    >>> check.verdict, check.more
    ('open', 72)
    """
    if not (0 < min_precision < 1 and 0.5 <= confidence < 1 and seed >= 0):
        raise ConfigError(
            f"min_precision must be above 0 and below 1, confidence from .5 and below 1, and the seed 0 or more; they are "
            f"{min_precision!r}, {confidence!r} and {seed!r}"
        )
    labeled = preds != ABSTAIN
    rows = np.flatnonzero(labeled if left_out is None else labeled & ~left_out)
    n_left_out = int(labeled.sum()) - len(rows)
    if n_left_out and not len(rows):
        raise ConfigError(
            f"the labels were fitted with decisions on all {n_left_out:,} rows with a label, so that none can check them: "
            "leave some decisions out when you label"
        )
    if not len(rows):
        raise ConfigError(f"none of {len(preds):,} rows has a label to check: label them first")
    sure = np.full(len(preds), np.nan) if confidence_of_rows is None else confidence_of_rows
    design = make_design(rows, sure[rows], 1 - min_precision, seed)
    decided = gold[rows] != ABSTAIN
    if decided.all():
        return replace(_census(preds, gold, labels, rows, min_precision, confidence), n_left_out=n_left_out)
    draws = _checked_draws(design, decided)
    wrong = preds[rows] != gold[rows]
    x = design.weights[draws] * wrong[draws]
    largest, alpha = float(design.weights.max()), 1 - confidence
    error = Bounds(float(x.mean()) if len(x) else None, *_between(x, largest, alpha, design.stake))
    low, high = 1 - float(error.high or 0), 1 - float(error.low or 0)
    verdict: Verdict = "pass" if low >= min_precision else "fail" if high < min_precision else "open"
    checked = np.unique(draws)
    return QualityCheck(
        verdict=verdict,
        precision=Bounds(None if error.value is None else float(np.clip(1 - error.value, 0, 1)), low, high),
        min_precision=min_precision,
        confidence=confidence,
        n_rows=len(preds),
        n_labeled=len(rows),
        n_checked=len(checked),
        n_draws=len(draws),
        n_out_of_order=int(decided.sum()) - len(checked),
        n_left_out=n_left_out,
        more=_more(design, decided, x, sure[rows], len(draws), 1 - min_precision, alpha) if verdict == "open" else None,
        per_class=_of_classes(design, draws, preds[rows], gold[rows], labels, alpha),
        next_rows=rows[_next_places(design, decided, n_next)],
    )


def _between(x: Floats, largest: float, alpha: float, stake: float) -> tuple[float, float]:
    """Return the bounds of a mean that is a share, each with probability 1 - ``alpha``."""
    return (lower_bound(x, largest, alpha, stake), upper_bound(x, largest, alpha, stake)) if len(x) else (0.0, 1.0)


def _checked_draws(design: CheckDesign, decided: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the draws up to the first that is not decided."""
    draws = []
    for place in design.draws():
        if not decided[place]:
            break
        draws.append(place)
    return np.array(draws, dtype=np.int64)


def _next_places(design: CheckDesign, decided: NDArray[np.bool_], n: int) -> list[int]:
    """Return the undecided places that are drawn next, each once."""
    places: dict[int, None] = {}
    wanted = min(n, int((~decided).sum()))
    for place in islice(design.draws(), _MOST):
        if len(places) == wanted:
            break
        if not decided[place]:
            places[place] = None
    return list(places)


def _more(
    design: CheckDesign,
    decided: NDArray[np.bool_],
    x: Floats,
    sure: Floats,
    n_draws: int,
    max_error: float,
    alpha: float,
) -> int | None:
    """Estimate how many rows have to be checked still, from confidences that are scaled to the errors seen so far."""
    errors = 1 - np.where(np.isfinite(sure), sure, np.nanmean(sure) if np.isfinite(sure).any() else 1 - max_error / 2)
    expected = errors.mean()
    seen = (x.sum() + expected) / (len(x) + 1)
    scaled = np.clip(errors * (seen / max(expected, 1e-12)), 0, 1)
    _, growth = best_stake(design.odds, scaled, max_error)
    if growth <= 0:
        return None
    # Half of the capital is on the best stake.
    capital = log_capital_below(x, max_error, float(design.weights.max()), design.stake) if len(x) else 0.0
    start = np.log(2) if not len(x) else 0.0
    needed = max(1.0, np.ceil((start - np.log(alpha) - capital) / growth))
    if needed > _MOST:
        return None
    new = {place for place in islice(design.draws(), n_draws, n_draws + int(needed)) if not decided[place]}
    return max(1, len(new))


def _of_classes(
    design: CheckDesign, draws: NDArray[np.int64], preds: Labels, gold: Labels, labels: Sequence[str], alpha: float
) -> dict[str, ClassQuality]:
    weights = design.weights
    resampled = np.random.default_rng(0).multinomial(
        len(draws), np.full(max(1, len(draws)), 1 / max(1, len(draws))), size=_REPLICATES
    )
    qualities = {}
    for number, name in enumerate(labels):
        own = preds == number
        mine = draws[own[draws]]
        if len(mine):
            # Within a class, draws are independent, with odds that add up to 1 there.
            scale = design.odds[own].sum() / own.mean()
            x = weights[mine] * scale * (gold[mine] != number)
            low, high = _between(x, float(weights[own].max()) * scale, alpha, design.stake)
            precision = Bounds(float(np.clip(1 - x.mean(), 0, 1)), 1 - high, 1 - low)
        else:
            precision = Bounds(None, None, None)
        hits = weights[draws] * ((preds[draws] == number) & (gold[draws] == number))
        of_class = weights[draws] * (gold[draws] == number)
        share = np.full(len(draws), own.mean())
        recall = _ratio(hits, of_class, resampled)
        f1 = _ratio(2 * hits, of_class + share, resampled)
        qualities[name] = ClassQuality(precision, recall, f1, len(np.unique(mine)))
    return qualities


def _ratio(above: Floats, below: Floats, resampled: NDArray[np.int64]) -> Bounds:
    """Return the ratio of two sums with its 95% bootstrap interval."""
    if not below.sum() > 0:
        return Bounds(None, None, None)
    sums = resampled @ below
    ratios = (resampled @ above)[sums > 0] / sums[sums > 0]
    low, high = np.quantile(ratios, [0.025, 0.975])
    value = above.sum() / below.sum()
    return Bounds(*(float(np.clip(number, 0, 1)) for number in (value, low, high)))


def _census(
    preds: Labels, gold: Labels, labels: Sequence[str], rows: NDArray[np.int64], min_precision: float, confidence: float
) -> QualityCheck:
    """Return the exact shares, where every row with a label is decided."""
    Y, P = gold[rows], preds[rows]

    def exact(hits: NDArray[np.bool_], n: float) -> Bounds:
        value = float(hits.sum()) / n if n else None
        return Bounds(value, value, value)

    classes = {}
    for number, name in enumerate(labels):
        is_given, is_true = np.equal(P, number), np.equal(Y, number)
        hits, given, true = is_given & is_true, int(is_given.sum()), int(is_true.sum())
        classes[name] = ClassQuality(exact(hits, given), exact(hits, true), exact(hits, (given + true) / 2), given)
    whole = exact(np.equal(P, Y), len(rows))
    return QualityCheck(
        verdict="pass" if (whole.value or 0) >= min_precision else "fail",
        precision=whole,
        min_precision=min_precision,
        confidence=confidence,
        n_rows=len(preds),
        n_labeled=len(rows),
        n_checked=len(rows),
        n_draws=len(rows),
        n_out_of_order=0,
        n_left_out=0,
        more=None,
        per_class=classes,
        next_rows=np.zeros(0, dtype=np.int64),
    )
