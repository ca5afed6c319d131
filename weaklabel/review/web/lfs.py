"""The labeling functions: what each does, and an editor with a live preview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from weaklabel.review import EditableLF
from weaklabel.review.web.asked import body, text_of
from weaklabel.review.web.deciding import share_words
from weaklabel.review.web.desk import the_desk
from weaklabel.review.web.lf_form import blank_form, form_of, spec_of
from weaklabel.review.web.lf_preview import PreviewPage
from weaklabel.votes import LFAnalysis

pages = Blueprint("lfs", __name__, url_prefix="/lfs")

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
    found = desk.review.editor.get(request.args.get("name", ""))
    where = _where(found)
    if found.spec is None:
        return _editor(found.name, found.name, where=where, locked=found.why)
    return _editor(found.name, found.name, where=where, form=form_of(found.spec, desk.labels))


@pages.post("/preview")
def preview() -> str:
    """Vote with a labeling function as it is written, and say what that changes."""
    desk, asked = the_desk(), body()
    # It can be looked at before it has a name.
    spec = spec_of(asked | {"name": text_of(asked, "name").strip() or "unnamed"})
    found = desk.review.editor.preview(spec, text_of(asked, "saved_name") or None)
    return render_template("preview.html", view=PreviewPage(desk, spec, found))


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
        words += f" For later runs, write {done.advice} under [lfs] of the project file."
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
