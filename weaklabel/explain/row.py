"""Why a row has its label: what each vote, and the text, add to the log-odds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from itertools import combinations
from typing import Any, Literal

import numpy as np

from weaklabel.errors import VoteError, visible
from weaklabel.explain.answers import Answers, all_but, log_odds
from weaklabel.explain.shapley import MOST_EXACT
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import VoteArray, check_L
from weaklabel.lf.core import Reason
from weaklabel.support.table import html_table, table

NEGLIGIBLE = 0.005
"""Log-odds that a table would round away: the abstains get a part of their own only where they contribute more."""

NO_LABEL = "no label"

_BAR_WIDTH = 12
"""Characters of the longest bar in a table."""


@dataclass(frozen=True)
class Contribution:
    """What a vote, the text, or the abstains contribute to the log-odds of the explained class.

    Attributes
    ----------
    kind : str
        "vote"; "text"; or "abstain": the evidence in abstains, for a label model to which they are evidence.
    name : str
        Name of the labeling function, "text", or "abstains".
    vote : str or None
        The class that the labeling function votes for.
    log_odds : float
        What it contributes, in nats; below 0 where it is evidence against the class.
    reason : Reason or None
        Why the labeling function voted, where that was given.
    """

    kind: Literal["vote", "text", "abstain"]
    name: str
    vote: str | None
    log_odds: float
    reason: Reason | None = None


@dataclass(frozen=True)
class Flip:
    """Labeling functions without whose votes the row would have another label; None where it would have none."""

    removed: tuple[str, ...]
    label: str | None


@dataclass(frozen=True)
class RowExplanation:
    """Why a row has its label.

    Attributes
    ----------
    label : str or None
        The label that the label model gives; None where it gives none.
    about : str or None
        The class whose log-odds are explained: the label or, where classes tie, the first of the most probable. None
        if there is no evidence for any class.
    probability : float or None
        Of ``about``.
    log_odds : float or None
        Of ``about`` against all other classes together: ``prior`` and all parts add up to it.
    prior : float or None
        Log-odds by the label model's class balance.
    parts : tuple of Contribution
        The abstains, where they are evidence to the label model; then the text and the votes, the strongest first.
    flips : tuple of Flip
        The smallest sets of one or two votes without which the label would be another.
    exact : bool
        Whether the shares are exact Shapley values, or the mean of drawn orders.
    """

    label: str | None
    about: str | None
    probability: float | None
    log_odds: float | None
    prior: float | None
    parts: tuple[Contribution, ...] = ()
    flips: tuple[Flip, ...] = ()
    exact: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    def to_text(self) -> str:
        """Return a table for terminals: what each part adds, as a number and as a bar, and why."""
        if self.about is None:
            return f"{NO_LABEL}: this row has no vote that the label model can use"
        weights = [self.prior or 0.0, *(part.log_odds for part in self.parts)]
        names = ["class balance", *(part.name if part.kind == "vote" else f"({part.name})" for part in self.parts)]
        votes = ["", *(part.vote or "" for part in self.parts)]
        why = ["", *(part.reason.text if part.reason else "" for part in self.parts)]
        shown = [f"{weight:+7.2f}" for weight in [*weights, self.log_odds]]
        rows = zip([*names, "together"], [*votes, ""], shown, [*signed_bars(weights), ""], [*why, ""], strict=True)
        head = ["", "votes for", "log-odds", f"against | for {self.about}", "because"]
        return "\n".join([self._head(), "", table(rows, head), *self._foot()])

    def _repr_html_(self) -> str:
        if self.about is None:
            return html_table([], ["part"], title=self.to_text())
        rows = [
            ("class balance", None, self.prior or 0.0, None),
            *((part.name, part.vote, part.log_odds, part.reason and part.reason.text) for part in self.parts),
        ]
        columns = ["", "votes for", f"log-odds for {self.about}", "because"]
        foot = "".join(f"<div>{escape(line)}</div>" for line in self._foot())
        return html_table(rows, columns, title=self._head(), bars=columns[2:3]) + foot

    def _head(self) -> str:
        share = f"probability {self.probability:.3f}, log-odds {self.log_odds:+.2f}"
        if self.label is None:
            return visible(f"{NO_LABEL}: the most probable classes tie; of {self.about}: {share}")
        return visible(f"{self.label}: {share}")

    def _foot(self) -> list[str]:
        lines = [f"Without {' and '.join(flip.removed)}: {flip.label or NO_LABEL}" for flip in self.flips]
        if not self.exact:
            lines.append("With so many votes, what each adds is a mean over drawn orders.")
        return ["", *map(visible, lines)] if lines else []


def explain_row(
    model: BaseLabelModel,
    votes_of_row: VoteArray,
    text: str | None,
    lf_names: Sequence[str],
    labels: Sequence[str],
    reasons: Sequence[Reason | None] = (),
) -> RowExplanation:
    r"""Explain the label of a row by what each vote, and the text, add to its log-odds.

    What is explained are the log-odds :math:`\log P(y) - \log P(\text{not } y)` of the label y, less the log-odds before
    any vote, which are those of the class balance. Each vote gets its Shapley value: what it adds when it replaces an
    abstain, after the votes before it, on average over all orders of the votes (see `weaklabel.explain.shapley`). So the
    parts add up to the log-odds for every label model; for one that adds up evidence itself, as `DawidSkene` and
    `LabelModel` do with two classes, they are its own weights.

    For a label model to which an abstain is evidence, the probabilities of a row on which all abstain are not the class
    balance; the difference is the part "abstain". For one that reads the text, the evidence in it is the part "text".

    Parameters
    ----------
    model
        A fitted label model.
    votes_of_row
        Values -1..k-1. Shape: [m].
    text
        The row's text, where the label model read it for the label; None where it did not.
    lf_names
        Names of the labeling functions. Length: m.
    labels
        Class names. Length: k.
    reasons
        Why each labeling function voted, see `weaklabel.lf.reasons.reason`. Length: m or 0.

    Returns
    -------
    RowExplanation

    Raises
    ------
    VoteError
        The votes are invalid, or not as many as the names.
    LabelModelError
        The label model is not fitted, or was fitted on other labeling functions.

    Notes
    -----
    A class, or all others, of a probability below 1e-12 count as having that: log-odds end at 27.6, where majority vote
    is at once.

    Examples
    --------
    >>> from weaklabel.label_model import DawidSkene
    >>> L = [[0, 0, -1], [1, 1, 1], [0, -1, 0], [1, 1, -1], [0, 0, 1]]
    >>> model = DawidSkene().fit(L)
    >>> found = explain_row(model, [0, -1, 1], None, ["a", "b", "c"], ["ham", "spam"])
    >>> found.label, [(part.name, part.vote, round(part.log_odds, 2)) for part in found.parts]
    ('ham', [('a', 'ham', 1.64), ('c', 'spam', -1.04)])
    """
    (votes,) = check_L(np.asarray(votes_of_row)[None], len(labels))
    if len(votes) != len(lf_names) or len(reasons) not in (0, len(votes)):
        raise VoteError(f"{len(votes)} votes and {len(reasons)} reasons for {len(lf_names)} labeling functions")
    answers = Answers(model, votes, text)
    if np.isnan(answers.probs).any():
        return RowExplanation(None, None, None, None, None)
    about = int(answers.probs.argmax() if answers.label < 0 else answers.label)
    shares = answers.shares(about)
    prior, from_abstains = answers.before_votes(about)
    of_voters = zip(answers.voters.tolist(), shares, strict=False)  # the last share may be the text's
    parts = [
        Contribution("vote", lf_names[lf], labels[votes[lf]], float(share), reasons[lf] if reasons else None)
        for lf, share in of_voters
    ]
    if answers.reads_text:
        parts.append(Contribution("text", "text", None, float(shares[-1])))
    parts.sort(key=lambda part: -abs(part.log_odds))
    if abs(from_abstains) >= NEGLIGIBLE:
        parts.insert(0, Contribution("abstain", "abstains", None, from_abstains))
    else:
        prior += from_abstains
    return RowExplanation(
        label=labels[answers.label] if answers.label >= 0 else None,
        about=labels[about],
        probability=float(answers.probs[about]),
        log_odds=float(log_odds(answers.probs[None], about)[0]),
        prior=prior,
        parts=tuple(parts),
        flips=_flips(answers, lf_names, labels),
        exact=len(shares) <= MOST_EXACT,
    )


def _flips(answers: Answers, lf_names: Sequence[str], labels: Sequence[str]) -> tuple[Flip, ...]:
    """Return the single votes without which the label is another or, if there are none, the pairs."""
    voters = [lf_names[lf] for lf in answers.voters.tolist()]
    for size in (1, 2):
        flipped = answers.labels(all_but(len(voters), size)).tolist()
        flips = [
            Flip(removed, labels[label] if label >= 0 else None)
            for removed, label in zip(combinations(voters, size), flipped, strict=True)
            if label != answers.label
        ]
        if flips:
            return tuple(flips)
    return ()


def signed_bars(numbers: Sequence[float]) -> list[str]:
    """Draw each number as a bar: to the right of a line where it is above 0, to the left where it is below.

    Examples
    --------
    >>> signed_bars([3.0, -1.5])
    ['            |████████████', '      ██████|            ']
    """
    longest = max(map(abs, numbers), default=0) or 1
    lengths = [round(_BAR_WIDTH * abs(number) / longest) for number in numbers]
    return [
        f"{'█' * length:>{_BAR_WIDTH}}|{'':{_BAR_WIDTH}}"
        if number < 0
        else f"{'':{_BAR_WIDTH}}|{'█' * length:{_BAR_WIDTH}}"
        for number, length in zip(numbers, lengths, strict=True)
    ]
