"""The section of a report on what to do next: candidates for labeling functions, groups of rows left out, weak ones."""

from __future__ import annotations

from typing import Any

from weaklabel.page.page import Code, Fold, Group, Part, Section, Table, Text
from weaklabel.report.insight import Insight
from weaklabel.suggest import CandidateLF, Suggestions

_PHRASES = 8
_CLUSTERS = 10
_PROBLEMS = 10


def suggestions(insight: Insight) -> Section | None:
    """Show what would improve the labeling functions; None where there is nothing to say."""
    found = insight.suggestions
    if found is None:
        return None
    groups = [*_candidates(found), *_clusters(found), *_problems(found)]
    return Section("Suggestions", [*map(Text, found.read()), *groups]) if groups else None


def _candidates(found: Suggestions) -> list[Part]:
    if not found.lfs:
        return []
    gold = any(lf.gold_precision is not None for lf in found.lfs)
    columns = ["looks for", "label", "precision", *(["on gold", "gold rows"] if gold else []), "rows", "new rows"]
    table = Table(columns, [_candidate(lf, found.labels, gold) for lf in found.lfs])
    words = (
        "Phrases that speak for a class where votes are missing; the precision is estimated. New rows have no vote yet."
    )
    if gold:
        words += " Gold counts in the ranking: scores on these gold rows will flatter what is taken over from here."
    code = Fold("The same as Python, to be pasted into a pack", [Code(found.code())])
    return [Group("New labeling functions", [Text(words), table, code])]


def _candidate(lf: CandidateLF, labels: tuple[str, ...], gold: bool) -> list[Any]:
    judged = [lf.gold_precision, lf.gold_votes] if gold else []
    return [" | ".join(lf.patterns), labels[lf.label], lf.precision, *judged, lf.votes, lf.new_votes]


def _clusters(found: Suggestions) -> list[Part]:
    rows = [
        [
            len(cluster.rows),
            ", ".join(cluster.phrases[:_PHRASES]),
            None if cluster.label is None else f"{found.labels[cluster.label]} ({cluster.share:.0%})",
            ", ".join(map(str, cluster.rows[:3])),
        ]
        for cluster in found.clusters[:_CLUSTERS]
    ]
    table = Table(["rows", "what they have in common", "label model's guess", "such as rows"], rows)
    return [Group("Rows without votes, by what they say", [table])] if rows else []


def _problems(found: Suggestions) -> list[Part]:
    # The sentence names the labeling function: a column for that would leave no room on a narrow screen.
    rows = [[problem.kind, problem.text] for problem in found.weak_lfs]
    shown, rest = Table(["what", "why"], rows[:_PROBLEMS]), Table(["what", "why"], rows[_PROBLEMS:])
    more = [Fold(f"{len(rest.rows)} more", [rest])] if rest.rows else []
    return [Group("Labeling functions to look at", [shown, *more])] if rows else []
