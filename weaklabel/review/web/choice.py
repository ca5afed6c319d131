"""Which rows an address asks for, and the address that asks for rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_args
from urllib.parse import urlencode

from weaklabel.errors import WeakLabelError
from weaklabel.review.filter import Filter, Order

NO_LABEL = "-1"
"""No class can be called so."""

DECIDED = {
    "": "any",
    "no": "not decided by me",
    "mine": "decided by me",
    "yes": "decided by anyone",
    "nobody": "decided by nobody",
    "differ": "decided differently",
}
SHOW = {"": "all", "conflict": "votes conflict", "uncovered": "no vote"}
ORDERS = {
    "row": "as in the corpus",
    "confidence": "least certain first",
    "conflict": "most conflicting first",
    "random": "at random",
}


@dataclass(frozen=True)
class Choice:
    """What the address of the rows page says; every field as its text, empty where it says nothing."""

    text: str = ""
    lf: str = ""
    vote: str = ""
    label: str = ""
    min_conf: str = ""
    max_conf: str = ""
    show: str = ""
    decided: str = ""
    by: str = ""
    cluster: str = ""
    sample: str = ""
    order: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> Choice:
        """Read an address; what it says beyond this is no condition."""
        return cls(**{field.name: args.get(field.name, "") for field in fields(cls)})

    def filter(self, reviewer: str) -> Filter:
        """Return the conditions, as seen by a reviewer.

        Raises
        ------
        WeakLabelError
            A number is none.
        """
        decided: dict[str, dict[str, Any]] = {
            "no": {"decided": False, "reviewer": reviewer},
            "mine": {"decided": True, "reviewer": reviewer},
            "yes": {"decided": True},
            "nobody": {"decided": False},
            "differ": {"disagreement": True},
        }
        who = decided.get(self.decided, {"decided": True, "reviewer": self.by} if self.by else {})
        return Filter(
            lf=self.lf or None,
            vote=self.vote or None,
            label="" if self.label == NO_LABEL else self.label or None,
            min_conf=_number(self.min_conf, float),
            max_conf=_number(self.max_conf, float),
            conflict=True if self.show == "conflict" else None,
            uncovered=True if self.show == "uncovered" else None,
            text=self.text or None,
            cluster=_number(self.cluster, int),
            sample=self.sample or None,
            **who,
        )

    @property
    def ordered(self) -> Order:
        """The order; that of the corpus where the address names none."""
        return self.order if self.order in get_args(Order) else "row"  # type: ignore[return-value]

    def query(self, **more: object) -> str:
        """Return the choice as the query of an address, with what else it is to say."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode({key: value for key, value in (own | more).items() if value not in ("", None)})

    def chips(self) -> list[tuple[str, Choice]]:
        """Return each condition in words, with the choice that lacks it."""
        words = {
            "text": f"text: {self.text}",
            "lf": f"voted by {self.lf}",
            "vote": f"a vote for {self.vote}",
            "label": "no label" if self.label == NO_LABEL else f"label {self.label}",
            "min_conf": f"confidence from {self.min_conf}",
            "max_conf": f"confidence to {self.max_conf}",
            "show": SHOW.get(self.show, ""),
            "decided": DECIDED.get(self.decided, ""),
            "by": f"decided by {self.by}",
            "cluster": f"group {self.cluster}",
            "sample": "spot check",
        }
        return [(what, replace(self, **{name: ""})) for name, what in words.items() if getattr(self, name)]


def _number(text: str, kind: type[Any]) -> Any:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise WeakLabelError(f"'{text}' in the address is not a number; mend it, or clear all filters") from None
