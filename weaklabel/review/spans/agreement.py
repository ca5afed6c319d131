"""How far reviewers agree on spans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from weaklabel.decisions import Decision


@dataclass(frozen=True)
class PairF1:
    """Two reviewers: F1 of the spans of one against those of the other (None without spans), and texts of both."""

    first: str
    second: str
    f1: float | None
    n: int
    same: int


@dataclass(frozen=True)
class SpanAgreement:
    """How far reviewers agree on spans.

    Attributes
    ----------
    f1
        Over all pairs of reviewers, of exact spans; None where no text has two decisions, or these have no spans.
    n
        Texts with at least two decisions.
    same
        Of those, texts on which all decisions are the same.
    pairs
        Every two reviewers with a text that both decided.

    Notes
    -----
    Kappa needs the number of places where nobody marks anything, which is not defined for spans; it approaches F1 as that
    number grows (Hripcsak and Rothschild 2005, "Agreement, the F-measure, and reliability in information retrieval").
    """

    f1: float | None
    n: int
    same: int
    pairs: tuple[PairF1, ...]


def span_agreement(latest: Mapping[tuple[str, str], Decision]) -> SpanAgreement:
    """Compare the decisions of reviewers on the same texts.

    Parameters
    ----------
    latest
        The last decision of each reviewer on each text, without adjudications: (text_sha256, reviewer) -> decision.

    Examples
    --------
    >>> made = [Decision(0, "hash", None, name, "", spans=spans) for name, spans in
    ...         (("ann", ((0, 3, "PER"), (5, 8, "LOC"))), ("bob", ((0, 3, "PER"),)))]
    >>> result = span_agreement({(each.text_sha256, each.reviewer): each for each in made})
    >>> round(result.f1, 3), result.n, result.same
    (0.667, 1, 0)
    """
    of_text: defaultdict[str, dict[str, frozenset[tuple[int, int, str]]]] = defaultdict(dict)
    for (key, reviewer), decision in latest.items():
        of_text[key][reviewer] = frozenset(decision.spans or ())
    several = [said for said in of_text.values() if len(said) > 1]
    names = sorted({name for said in several for name in said})
    pairs = []
    right = total = 0
    for first, second in combinations(names, 2):
        both = [(said[first], said[second]) for said in several if first in said and second in said]
        if not both:
            continue
        shared, all_spans = sum(len(a & b) for a, b in both), sum(len(a) + len(b) for a, b in both)
        right, total = right + shared, total + all_spans
        f1 = 2 * shared / all_spans if all_spans else None
        pairs.append(PairF1(first, second, f1, len(both), sum(a == b for a, b in both)))
    same = sum(len(set(said.values())) == 1 for said in several)
    return SpanAgreement(2 * right / total if total else None, len(several), same, tuple(pairs))
