"""The labeling functions that mark spans: what each does, and an editor of gazetteers and regexes with a live preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from flask import Blueprint, Response, current_app, jsonify, render_template, request, url_for

from weaklabel.errors import LFError
from weaklabel.lf.spans.trie import Case
from weaklabel.review import EditableLF, LFSpec, SpanReview
from weaklabel.review.spans.editor import SpanChange, SpanEditor, SpanPreview
from weaklabel.review.web.asked import body, flag_of, text_of, whole_number
from weaklabel.review.web.deciding import share_words
from weaklabel.review.web.desk import the_span_desk
from weaklabel.review.web.lfs import LONGEST_PATTERN
from weaklabel.review.web.texts import Segment, around
from weaklabel.scoring.intervals import share

pages: Blueprint = Blueprint("lfs", __name__, url_prefix="/lfs")

JOB = "relabel"
CASES = (
    ("exact", "upper and lower case differ"),
    ("ignore", "ignore case"),
    ("fold", "ignore case, accents and full width"),
)
assert {case for case, _ in CASES} == set(get_args(Case))


@dataclass(frozen=True)
class SpanLFLine:
    """Statistics of one labeling function: spans, texts with one, and its precision on completed texts."""

    name: str
    kind: str
    labels: list[str]
    spans: int
    rows: int
    precision: str
    editable: bool


@dataclass(frozen=True)
class ChangeView:
    """A span that an edit brings or takes, in its text."""

    row: int
    segments: list[Segment]
    label: str


@pages.get("/")
def index() -> str:
    """Show all labeling functions."""
    desk = the_span_desk()
    lines = lf_lines(desk.review, _editor().lfs())
    return render_template("spans/lfs.html", lines=lines, stale=desk.review.is_stale, job=desk.jobs.get(JOB))


def lf_lines(review: SpanReview, editable: Sequence[EditableLF]) -> list[SpanLFLine]:
    """Return a line for each labeling function."""
    if review.lfs is None:
        return []
    gold, judged = review.gold().keys(), review.has_gold()
    lines = []
    for lf, spans, edit in zip(review.lfs, review.snapshot.voted, editable, strict=True):
        of_judged = spans.take(judged[spans.row])
        right = int(np.isin(of_judged.keys(), gold).sum())
        labels = [review.all_labels[number] for number in np.unique(spans.label).tolist()]
        n_rows = len(np.unique(spans.row))
        words = share_words(share(right, len(of_judged)))
        lines.append(SpanLFLine(lf.name, lf.kind, labels, len(spans), n_rows, words, edit.editable))
    return lines


@pages.get("/edit")
def edit() -> str:
    """Show the editor of a labeling function, or why it cannot be edited."""
    lf = _editor().get(request.args.get("name", ""))
    where = f"{lf.file}{f', line {lf.line}' if lf.line else ''}" if lf.file else ""
    spec = _editor().spec(lf.name)
    form = None if spec is None else _form_of(spec)
    return render_template(
        "spans/editor.html", lf=lf, where=where, form=form, cases=CASES, labels=the_span_desk().review.all_labels
    )


@pages.post("/preview")
def preview() -> str:
    """Mark spans with a labeling function as it is written, and say what that changes."""
    review = the_span_desk().review
    outcome = _editor().preview(_spec_of(body()))
    return render_template(
        "spans/preview.html",
        preview=outcome,
        figures=_figures(outcome),
        groups=[
            ("Spans it gains", outcome.n_gained, _changes(review, outcome.gained)),
            ("Spans it loses", outcome.n_lost, _changes(review, outcome.lost)),
        ],
        all_rows=outcome.n_rows == len(review),
    )


@pages.post("/save")
def save() -> Response:
    """Write a labeling function to its file."""
    spec = _spec_of(body())
    done = _editor().save(spec)
    line = _editor().get(spec.name).line
    return jsonify(words=f"Saved in {done.file}.", where=f"{done.file}, line {line}")


@pages.post("/relabel")
def relabel() -> Response:
    """Begin to fit the label model on the votes as they are now."""
    desk = the_span_desk()
    desk.jobs.start(JOB, desk.review.relabel)
    return jsonify(job=url_for("jobs.one", name=JOB))


def _editor() -> SpanEditor:
    editor: Any = current_app.extensions["span_editor"]
    assert isinstance(editor, SpanEditor)
    return editor


def _form_of(spec: LFSpec) -> dict[str, Any]:
    """Return the fields that show a labeling function."""
    fields = {name: value for name, value in spec.options.items() if value is not None}
    if "entries" in fields:
        fields["entries"] = "\n".join(fields["entries"])
    fields["several"] = isinstance(fields.get("pattern"), list)
    if fields["several"]:
        fields["pattern"] = "\n".join(fields["pattern"])
    return fields | {"kind": spec.kind, "name": spec.name, "label": spec.label}


def _spec_of(asked: Mapping[str, Any]) -> LFSpec:
    """Return the labeling function that a form describes; what the form does not show stays as it is.

    Raises
    ------
    LFError
        A field holds something else than it should.
    """
    asked = dict(asked)
    name = text_of(asked, "name").strip()
    old = _editor().spec(name)
    if old is None:
        raise LFError(f"LF '{name}' cannot be edited here")
    options = dict(old.options)
    if old.kind == "gazetteer":
        lines = text_of(asked, "entries").splitlines()
        options["entries"] = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        options["case"] = text_of(asked, "case")
        options["overlaps"] = flag_of(asked, "overlaps")
        length = whole_number(text_of(asked, "min_length").strip() or "1")
        if length is None:
            raise LFError(f"LF '{name}': the least number of characters must be a whole number")
        options["min_length"] = length
    else:
        pattern = text_of(asked, "pattern")
        is_list = isinstance(old.options["pattern"], list)
        options["pattern"] = [line for line in pattern.splitlines() if line.strip()] if is_list else pattern
        options["ignore_case"] = flag_of(asked, "ignore_case")
        if len(pattern) > LONGEST_PATTERN:
            raise LFError(
                f"LF '{name}': the pattern has {len(pattern):,} characters, and {LONGEST_PATTERN:,} at most can "
                "be edited here; write it in the pack file"
            )
    return LFSpec(old.kind, name, text_of(asked, "label"), options)


def _figures(preview: SpanPreview) -> list[tuple[str, str, str]]:
    return [
        ("Spans", f"{preview.n_before:,}", f"{preview.n_spans:,}"),
        (
            "Precision on completed texts",
            share_words(preview.precision_before),
            share_words(preview.precision),
        ),
    ]


def _changes(review: SpanReview, changes: Sequence[SpanChange]) -> list[ChangeView]:
    return [
        ChangeView(change.row, around(review.texts[change.row], [(change.begin, change.end)]), change.label)
        for change in changes
    ]
