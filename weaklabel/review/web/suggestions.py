"""The suggestions, each of which opens in the editor with one click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, url_for

from weaklabel.review import Review
from weaklabel.review.web.desk import Desk, the_desk
from weaklabel.review.web.texts import snippet
from weaklabel.suggest import CandidateLF, Suggestions

pages: Blueprint = Blueprint("suggestions", __name__, url_prefix="/suggestions")

MOST_PHRASES = 6
JOB = "suggestions"


@dataclass(frozen=True)
class CandidateView:
    """A labeling function that could be added, and the address of the editor filled in with it."""

    patterns: str
    label: str
    precision: str
    on_gold: str
    coverage: str
    new: str
    address: str


@dataclass(frozen=True)
class ClusterView:
    """A cluster of similar rows without votes."""

    phrases: str
    guess: str
    size: int
    address: str


@pages.get("/")
def index() -> str:
    """Show the last suggestions."""
    desk = the_desk()
    last = desk.review.last_suggestions
    return render_template(
        "suggestions.html",
        ready=desk.has_labels,
        suggestions=last,
        job=desk.jobs.get(JOB),
        lfs=[_candidate(desk, lf) for lf in last.lfs] if last else [],
        groups=_groups(desk, last) if last else [],
        rows=[(row, snippet(desk.review.texts[row])) for row in last.rows] if last else [],
    )


@pages.post("/look")
def look() -> Response:
    """Start to look for suggestions in the current votes and labels."""
    desk = the_desk()
    desk.jobs.start(JOB, desk.review.suggestions)
    return jsonify(job=url_for("jobs.one", name=JOB))


def _candidate(desk: Desk[Review], lf: CandidateLF) -> CandidateView:
    content: dict[str, Any] = (
        {"keywords": "\n".join(lf.patterns)} if lf.kind == "keyword" else {"pattern": lf.patterns[0]}
    )
    label = desk.labels[lf.label]
    return CandidateView(
        patterns=", ".join(lf.patterns),
        label=label,
        precision=f"{lf.precision:.0%}",
        on_gold="" if lf.gold_precision is None else f"{lf.gold_precision:.0%} of {lf.gold_votes}",
        coverage=f"{lf.coverage:.1%}",
        new=f"{lf.new_votes:,}",
        address=url_for("lfs.new", kind=lf.kind, name=lf.name, label=label, **content),
    )


def _groups(desk: Desk[Review], suggestions: Suggestions) -> list[ClusterView]:
    return [
        ClusterView(
            ", ".join(cluster.phrases[:MOST_PHRASES]) or "(nothing in common)",
            "" if cluster.label is None else f"{cluster.share:.0%} {desk.labels[cluster.label]}?",
            len(cluster.rows),
            url_for("rows.index", cluster=number),
        )
        for number, cluster in enumerate(suggestions.clusters)
    ]
