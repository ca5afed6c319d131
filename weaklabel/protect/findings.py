"""What is found in a text: spans with a type, and which of those that overlap count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Finding:
    """Something personal in a text.

    Attributes
    ----------
    start, end : int
        Its place: ``text[start:end]``.
    type : str
        What it is, such as "email".
    value : str
        The value in one spelling, for pseudonyms; never shown.
    is_named : bool
        Whether a word beside it says what it is.
    """

    start: int
    end: int
    type: str
    value: str = field(repr=False)
    is_named: bool = False


def resolved(findings: Iterable[Finding], rank: dict[str, int]) -> list[Finding]:
    """Return findings, sorted, of which none overlap: the longest counts; of equally long ones, first what a word names.

    One that overlaps in part with one that counts is added to its span, so that nothing of it stays.

    Parameters
    ----------
    findings
        In any order.
    rank
        How specific each type is: the lowest number counts.

    Examples
    --------
    >>> found = [Finding(0, 9, "phone", ""), Finding(0, 9, "us_ssn", ""), Finding(7, 12, "ip", ""), Finding(20, 22, "ip", "")]
    >>> [(each.start, each.end, each.type) for each in resolved(found, {"us_ssn": 0, "ip": 1, "phone": 2})]
    [(0, 12, 'us_ssn'), (20, 22, 'ip')]
    """
    clusters: list[list[Finding]] = []
    end = -1
    for finding in sorted(findings, key=lambda each: (each.start, each.end)):
        if finding.start >= end:
            clusters.append([])
        clusters[-1].append(finding)
        end = max(end, finding.end)
    chosen = []
    for cluster in clusters:
        best = min(cluster, key=lambda each: (each.start - each.end, not each.is_named, rank[each.type], each.start))
        chosen.append(replace(best, start=cluster[0].start, end=max(each.end for each in cluster)))
    return chosen
