"""One row, as the page shows it, and why it has its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from weaklabel.corpus.batch import TEXT
from weaklabel.explain import RowExplanation
from weaklabel.review import Review, RowView
from weaklabel.review.web.desk import Desk
from weaklabel.review.web.texts import SHOWN, Segment, segments

SHOWN_PROBS = 8
"""Number of classes whose probabilities are always shown; the rest can be unfolded."""


@dataclass(frozen=True)
class Vote:
    """A vote, and why it was cast."""

    lf: str
    label: str
    reason: str


class Detail:
    """What the pane shows of a row.

    Parameters
    ----------
    desk
        What is reviewed.
    row
        Number of the row.
    reviewer
        The reviewer; decisions of others are shown only after their own, to avoid influence.
    """

    def __init__(self, desk: Desk[Review], row: int, reviewer: str) -> None:
        self._seen = seen = desk.review.row(row)
        self.row = row
        self.proposed: str | None = seen.label
        self.segments: list[Segment] = marked(seen, SHOWN)
        # sorted() is stable: classes of one probability stay in their own order.
        self._probs = sorted(seen.probabilities.items(), key=lambda item: -item[1])
        self.columns: list[tuple[str, str]] = [(name, cell_shown(value)) for name, value in seen.columns.items()]
        decision = seen.decisions.get(reviewer)
        self.mine: str | None = None if decision is None else decision.label
        self._others = [(name, made.label) for name, made in sorted(seen.decisions.items()) if name != reviewer]

    @property
    def probs(self) -> list[tuple[str, float]]:
        """The most probable classes, the most probable first."""
        return self._probs[:SHOWN_PROBS]

    @property
    def other_probs(self) -> list[tuple[str, float]]:
        """All other classes."""
        return self._probs[SHOWN_PROBS:]

    @property
    def decided(self) -> str:
        """The decision of this reviewer, compared with the proposed label; "" before it."""
        if self.mine is None:
            return ""
        if self.proposed is None:
            return f"you decided: {self.mine}"
        return (
            f"you accepted: {self.mine}"
            if self.mine == self.proposed
            else f"you corrected: {self.proposed} → {self.mine}"
        )

    @property
    def cut(self) -> str:
        """What of the text is not shown, in words; "" where all of it is."""
        length = len(self._seen.text)
        if length <= SHOWN:
            return ""
        below = sum(begin >= SHOWN for begin, _ in spans_of(self._seen))
        matches = f", {below} of the matches" if below else ""
        return f"{length - SHOWN:,} more characters{matches}"

    @property
    def votes(self) -> list[Vote]:
        """Of those labeling functions that vote on the row."""
        return [
            Vote(vote.lf, vote.label, vote.reason.text if vote.reason else "")
            for vote in self._seen.votes
            if vote.label is not None
        ]

    @property
    def abstaining(self) -> list[str]:
        """Names of the labeling functions that abstain."""
        return [vote.lf for vote in self._seen.votes if vote.label is None]

    @property
    def others(self) -> list[tuple[str, str | None]]:
        """What other reviewers decided, once this one has."""
        return self._others if self.mine is not None else []

    @property
    def others_wait(self) -> str:
        """Says that others have decided, without saying what."""
        return "" if self.mine is not None else others_words(len(self._others))


def spans_of(seen: RowView) -> list[tuple[int, int]]:
    """Return where in the text labeling functions found what they look for."""
    reasons = [vote.reason for vote in seen.votes if vote.reason and vote.label is not None]
    return [span for reason in reasons if reason.column == TEXT for span in reason.spans]


def marked(seen: RowView, shown: int | None) -> list[Segment]:
    """Return the text of a row with what labeling functions found in it marked, cut after ``shown`` characters."""
    return segments(seen.text, spans_of(seen), shown)


def others_words(n: int) -> str:
    """Say that other reviewers have decided a row, without saying what."""
    if not n:
        return ""
    who = "Another reviewer has" if n == 1 else f"{n} other reviewers have"
    return f"{who} decided this row; you see how once you have."


def cell_shown(value: Any) -> str:
    """Return the value of a column as it is shown: the beginning of a long one."""
    text = "" if value is None else str(value)
    return f"{text[:SHOWN]} …" if len(text) > SHOWN else text


@dataclass(frozen=True)
class Bar:
    """What one thing adds to the log-odds, and why."""

    name: str
    reason: str
    log_odds: float


@dataclass(frozen=True)
class Why:
    """An explanation, or a sentence why there is none."""

    message: str = ""
    about: str = ""
    bars: tuple[Bar, ...] = ()
    together: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def most(self) -> float:
        """The longest bar."""
        return max((abs(bar.log_odds) for bar in self.bars), default=0.0)


def explanation(review: Review, row: int) -> Why:
    """Explain the label of a row."""
    if review.model is None:
        return Why("There is no label to explain: no labeling function voted.")
    if review.is_stale:
        return Why("Labeling functions have changed since the rows were labeled: relabel all rows first.")
    explained = review.explain(row)
    if explained is None or explained.about is None or explained.prior is None or explained.log_odds is None:
        return Why("This row has no vote that the label model can use.")
    bars = [
        Bar("class balance", "how frequent the label is", explained.prior),
        *(Bar(part.name, part.reason.text if part.reason else "", part.log_odds) for part in explained.parts),
    ]
    return Why(about=explained.about, bars=tuple(bars), together=explained.log_odds, notes=tuple(_notes(explained)))


def _notes(explained: RowExplanation) -> list[str]:
    notes = [f"Without {' and '.join(flip.removed)}: {flip.label or 'no label'}." for flip in explained.flips]
    if not explained.exact:
        notes.append("With this many votes, each contribution is a mean over random orders.")
    return notes
