"""The labeling functions: what each does, and an editor with a live preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from flask import Blueprint, Response, jsonify, render_template, request, url_for

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.lf.core import Reason
from weaklabel.lf.patterns import PATTERN_MAKERS
from weaklabel.lf.reasons import reason
from weaklabel.review import EditableLF, LFPreview, LFSpec, LFStats, Review
from weaklabel.review.packs.lf_spec import option_defaults
from weaklabel.review.web.asked import body, flag_of, text_of, whole_number
from weaklabel.review.web.deciding import share_words
from weaklabel.review.web.desk import Desk, the_desk
from weaklabel.review.web.texts import Segment, around
from weaklabel.support.warn import kept_warnings
from weaklabel.votes import LFAnalysis

NUMBERS = ("min", "max", "min_count")
MOST = 10**9
"""Larger than any count of words, and small enough for every integer type."""

LONGEST_PATTERN = 10_000
"""Maximum length in characters. A regular expression with thousands of alternatives takes seconds to compile."""

WHOLE_WORD = {"": None, "yes": True, "no": False}
"""Values of `keyword_lf`'s whole_word; "" decides by the script of each keyword."""


def blank_form(labels: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a new labeling function."""
    return {
        "kind": "keyword",
        "name": "",
        "label": labels[0],
        "keywords": "",
        "pattern": "",
        "column": "",
        "min": "",
        "max": "",
        "min_count": "1",
        "unit": "words",
        "whole_word": "",
        "ignore_case": True,
    }


def form_of(spec: LFSpec, labels: Sequence[str]) -> dict[str, Any]:
    """Return the fields that show a labeling function."""
    options = {name: value for name, value in spec.options.items() if value is not None}
    fields = {name: str(value) if name in NUMBERS else value for name, value in options.items()}
    if "whole_word" in fields:
        fields["whole_word"] = "yes" if fields["whole_word"] else "no"
    if "keywords" in fields:
        fields["keywords"] = "\n".join(fields["keywords"])
    return blank_form(labels) | fields | {"kind": spec.kind, "name": spec.name, "label": spec.label}


def spec_of(asked: Mapping[str, Any]) -> LFSpec:
    """Return the labeling function that a form describes.

    Raises
    ------
    LFError
        A field holds something else than it should.
    """
    asked = dict(asked)
    kind, name = text_of(asked, "kind"), text_of(asked, "name").strip()
    if kind not in PATTERN_MAKERS:
        raise LFError(f"LF '{name}': kind must be one of {', '.join(PATTERN_MAKERS)}, not '{kind}'")
    options: dict[str, Any] = {}
    for option in option_defaults(kind):
        if option == "keywords":
            lines = text_of(asked, "keywords").splitlines()
            options["keywords"] = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        elif option == "whole_word":
            choice = text_of(asked, option)
            if choice not in WHOLE_WORD:
                raise LFError(f"LF '{name}': whole_word must be one of 'yes', 'no' or '', not '{choice}'")
            options[option] = WHOLE_WORD[choice]
        elif option == "ignore_case":
            options[option] = flag_of(asked, option)
        elif option in NUMBERS:
            options |= _number(name, option, text_of(asked, option).strip())
        elif text_of(asked, option):
            options[option] = text_of(asked, option)
    if len(options.get("pattern", "")) > LONGEST_PATTERN:
        raise LFError(
            f"LF '{name}': the pattern has {len(options['pattern']):,} characters, and {LONGEST_PATTERN:,} at most can be "
            "edited here; use keywords, or write it in the pack file"
        )
    return LFSpec(kind, name, text_of(asked, "label"), options)


def _number(name: str, option: str, text: str) -> dict[str, int]:
    if not text:
        return {}
    number = whole_number(text)
    if number is None or number > MOST:
        shown = text if len(text) <= 20 else f"{text[:20]}..."
        raise LFError(f"LF '{name}': {option} must be a whole number up to {MOST:,}, not '{shown}'")
    return {option: number}


@dataclass(frozen=True)
class PreviewRow:
    """A row on which the vote changes, with what it found there marked."""

    row: int
    segments: list[Segment]
    label: str | None


@dataclass(frozen=True)
class VoteChange:
    """Rows on which the vote changes in one way."""

    title: str
    count: int
    rows: list[PreviewRow]
    none: str


class PreviewPage:
    """What the preview shows.

    Parameters
    ----------
    desk
        What is reviewed.
    spec
        The labeling function as written.
    preview
        What it would do.
    """

    def __init__(self, desk: Desk[Review], spec: LFSpec, preview: LFPreview) -> None:
        self._desk = desk
        with kept_warnings():  # the preview has them
            self._lf = spec.make(desk.labels)
        self.notes: tuple[str, ...] = preview.notes
        self.has_saved: bool = preview.before is not None
        before = [""] * 4 if preview.before is None else _figures(preview.before)
        words = ("Coverage", "Overlaps with others", "Conflicts with others", "Precision on decisions")
        self.figures = list(zip(words, before, _figures(preview.stats), strict=True))
        self.changes: list[VoteChange] = [
            self._change(
                "Rows it gains" if self.has_saved else "Rows it votes on", preview.n_gained, preview.gained, True
            ),
        ]
        if self.has_saved:
            self.changes.append(self._change("Rows it loses", preview.n_lost, preview.lost, False))
        if preview.n_changed:
            title = "Rows on which its vote changes"
            self.changes.append(self._change(title, preview.n_changed, preview.changed, True))

    def _change(self, title: str, count: int, rows: tuple[int, ...], votes: bool) -> VoteChange:
        return VoteChange(title, count, [self._example(row, votes) for row in rows], "None.")

    def _example(self, row: int, votes: bool) -> PreviewRow:
        review = self._desk.review
        text = review.texts[row]
        spans = self._why(text).spans if votes and self._lf.reads_only_text else ()
        label = self._desk.name(int(review.preds[row])) if self._desk.has_labels else None
        return PreviewRow(row, around(text, spans), label)

    def _why(self, text: str) -> Reason:
        return reason(self._lf, Batch(pl.DataFrame({TEXT: [text]})), 0, self._lf.label or 0)


def _figures(stats: LFStats) -> list[str]:
    """Coverage, overlaps and conflicts as shares of all rows, with their counts, and precision."""
    counts = (stats.votes, stats.overlaps, stats.conflicts)
    shares = [f"{count / stats.n_rows:.2%} ({count:,})" if stats.n_rows else "–" for count in counts]
    return [*shares, share_words(stats.precision)]


pages: Blueprint = Blueprint("lfs", __name__, url_prefix="/lfs")

JOB = "relabel"
KINDS = (
    ("keyword", "Keywords"),
    ("regex", "Pattern"),
    ("count", "Pattern, so many times"),
    ("length", "Length"),
)


@pages.get("/")
def index() -> str:
    """Show all labeling functions."""
    desk, review = the_desk(), the_desk().review
    lines = [(line, share_words(line.precision)) for line in review.lf_table()]
    analysis = LFAnalysis(review.votes) if lines else None
    return render_template(
        "lfs.html",
        lines=lines,
        stale=review.is_stale,
        job=desk.jobs.get(JOB),
        advice=review.editor.advice,
        covered=analysis.label_coverage() if analysis else 0.0,
        conflicting=analysis.label_conflict() if analysis else 0.0,
        decided=int((review.gold() >= 0).sum()),
    )


@pages.get("/new")
def new() -> str:
    """Show the editor of a new labeling function; the address may fill it in."""
    blank = blank_form(the_desk().labels)
    form = blank | {name: request.args[name] for name in blank if name in request.args}
    return _editor("New labeling function", "", form=form)


@pages.get("/edit")
def edit() -> str:
    """Show the editor of a labeling function."""
    desk = the_desk()
    editable = desk.review.editor.get(request.args.get("name", ""))
    where = _where(editable)
    if editable.spec is None:
        return _editor(editable.name, editable.name, where=where, locked=editable.why)
    return _editor(editable.name, editable.name, where=where, form=form_of(editable.spec, desk.labels))


@pages.post("/preview")
def preview() -> str:
    """Vote with a labeling function as it is written, and say what that changes."""
    desk, asked = the_desk(), body()
    # It can be looked at before it has a name.
    spec = spec_of(asked | {"name": text_of(asked, "name").strip() or "unnamed"})
    outcome = desk.review.editor.preview(spec, text_of(asked, "saved_name") or None)
    return render_template("preview.html", view=PreviewPage(desk, spec, outcome))


@pages.post("/save")
def save() -> Response:
    """Write a labeling function to its file."""
    asked = body()
    replaces = text_of(asked, "saved_name") or None
    spec = spec_of(asked)
    editor = the_desk().review.editor
    done = editor.save(spec, replaces)
    words = f"Saved in {done.file}."
    if done.advice:
        words += f" To use it in later runs, write {done.advice} under [lfs] of the project file."
    if replaces is None:
        return jsonify(words=words, go=url_for("lfs.edit", name=spec.name, saved=words))
    return jsonify(words=words, where=_where(editor.get(spec.name)))


@pages.post("/relabel")
def relabel() -> Response:
    """Begin to fit the label model on the votes as they are now."""
    desk = the_desk()
    desk.jobs.start(JOB, desk.review.relabel)
    return jsonify(job=url_for("jobs.one", name=JOB))


def _where(lf: EditableLF) -> str:
    line = f", line {lf.line}" if lf.line else ""
    return f"{lf.file}{line}" if lf.file else ""


def _editor(title: str, saved_name: str, *, form: Any = None, where: str = "", locked: str = "") -> str:
    return render_template(
        "editor.html",
        title=title,
        saved_name=saved_name,
        where=where,
        locked=locked,
        form=form,
        kinds=KINDS,
        saved=request.args.get("saved", ""),
    )
