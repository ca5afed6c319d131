"""What adds up to a row's label, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from weaklabel.explain import RowExplanation
from weaklabel.review import Review


@dataclass(frozen=True)
class Bar:
    """What one thing adds to the log-odds, and why."""

    name: str
    reason: str
    log_odds: float


@dataclass(frozen=True)
class Why:
    """An explanation, or a sentence on why there is none."""

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
        return Why("There is no label to explain: nothing has voted.")
    if review.is_stale:
        return Why("Labeling functions have changed since the rows were labelled; relabel all rows first.")
    found = review.explain(row)
    if found is None or found.about is None or found.prior is None or found.log_odds is None:
        return Why("This row has no vote that the label model can use.")
    bars = [
        Bar("class balance", "how frequent the label is", found.prior),
        *(Bar(part.name, part.reason.text if part.reason else "", part.log_odds) for part in found.parts),
    ]
    return Why(about=found.about, bars=tuple(bars), together=found.log_odds, notes=tuple(_notes(found)))


def _notes(found: RowExplanation) -> list[str]:
    notes = [f"Without {' and '.join(flip.removed)}: {flip.label or 'no label'}." for flip in found.flips]
    if not found.exact:
        notes.append("With so many votes, what each adds is a mean over drawn orders.")
    return notes
