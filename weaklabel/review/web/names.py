"""The name of who is reviewing: asked for once in each browser."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from flask import Blueprint, abort, g, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from weaklabel.review.web.asked import body, text_of
from weaklabel.review.web.desk import any_desk

MAX_NAME = 80


def add_name_pages(pages: Blueprint) -> None:
    """Let a blueprint have the page that asks for the name."""
    pages.add_url_rule("/name", "name", name)
    pages.add_url_rule("/name", "set_name", set_name, methods=["POST"])


def name() -> str:
    """Ask who is reviewing."""
    return render_template("name.html", go=request.args.get("go", ""), suggested=g.reviewer)


def set_name() -> AnyResponse:
    """Remember who is reviewing in this browser."""
    asked = body()
    given, go = text_of(asked, "name").strip(), text_of(asked, "go")
    if not given or len(given) > MAX_NAME:
        abort(400, f"a name has 1 to {MAX_NAME} characters")
    here = go.startswith("/") and not go.startswith(("//", "/\\"))
    return remember(jsonify(go=go if here else url_for("rows.index")), given)


def remember(answer: AnyResponse, name: str) -> AnyResponse:
    """Set the cookie that says who is reviewing."""
    cookie = any_desk().reviewer_cookie
    answer.set_cookie(cookie, quote(name), httponly=True, samesite="Strict", max_age=timedelta(days=365))
    return answer
