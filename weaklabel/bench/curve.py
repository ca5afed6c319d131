"""Where a classifier with clean labels alone overtakes the same one with weak labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weaklabel.bench.cells import Clean
from weaklabel.bench.summary import Summary


@dataclass(frozen=True)
class Crossing:
    """From how many clean labels on a classifier does as well on these alone as on weak labels.

    Attributes
    ----------
    set, label_model, classifier
        Whose curve it is.
    above
        The largest number of clean labels a class that was tried and stays below; None where none does.
    at
        The smallest from which on none stays below ("all": with all train gold); None where there is none.
    """

    set: str
    label_model: str
    classifier: str
    above: Clean | None
    at: Clean | None

    def __str__(self) -> str:
        """Say it in a sentence.

        Examples
        --------
        >>> print(Crossing("youtube", "snorkel", "bert", 10, 50))
        youtube: clean labels alone overtake snorkel + bert between 10 and 50 a class
        """
        who = f"{self.set}: clean labels alone"
        weak = f"{self.label_model} + {self.classifier}"
        if self.at is None:
            return f"{who} do not reach {weak}, not with {_amount(self.above)}"
        if self.above is None:
            return f"{who} do as well as {weak} with {_amount(self.at)} already"
        if self.at == "all":
            return f"{who} overtake {weak} beyond {_amount(self.above)}, with all of them at the latest"
        return f"{who} overtake {weak} between {self.above} and {self.at} a class"


def crossings(summaries: Sequence[Summary]) -> list[Crossing]:
    """Find, for each weak line of a clean-labels curve, where clean labels alone reach it."""
    curve = [one for one in summaries if one.track == "clean_labels" and one.mean is not None]
    found = []
    for weak in (one for one in curve if one.start == "weak"):
        clean = [
            one for one in curve if (one.set, one.classifier, one.start) == (weak.set, weak.classifier, "clean")
            and one.label_model is None
        ]  # fmt: skip
        if clean:
            points = sorted(((one.clean_per_class, one.mean) for one in clean), key=lambda point: _size(point[0]))
            found.append(_crossing(weak, points))
    return found


def _crossing(weak: Summary, points: Iterable[tuple[Clean | None, float | None]]) -> Crossing:
    above: Clean | None = None
    at: Clean | None = None
    for amount, mean in points:
        if mean is not None and weak.mean is not None and mean < weak.mean:
            above, at = amount, None
        elif at is None:
            at = amount
    return Crossing(weak.set, str(weak.label_model), str(weak.classifier), above, at)


def _size(amount: Clean | None) -> float:
    return float("inf") if amount == "all" or amount is None else float(amount)


def _amount(amount: Clean | None) -> str:
    return "all train gold" if amount == "all" else f"{amount} a class"
