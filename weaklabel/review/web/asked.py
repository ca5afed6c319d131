"""What a script of our pages asks for, as JSON; anybody may send anything, so it is looked at before use."""

from __future__ import annotations

from typing import Any

from flask import abort, request

MOST_DIGITS = 15


def body() -> dict[str, Any]:
    """Return the JSON object that was sent; anything else is a wrong request."""
    try:
        asked = request.get_json(silent=True)
    except RecursionError:
        abort(400, "the request is nested too deeply")
    if not isinstance(asked, dict):
        abort(400, "the request must be a JSON object")
    return asked


def text_of(asked: dict[str, Any], name: str) -> str:
    """Return a text of the request, "" where it is missing."""
    value = asked.get(name) or ""
    if not isinstance(value, str):
        abort(400, f"'{name}' must be a text")
    return value.encode("utf-8", "replace").decode()  # half of a surrogate pair can be in JSON, and in no file


def whole_number(text: str) -> int | None:
    """Return the whole number that a text is, None where it is none, or larger than any count here."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def flag_of(asked: dict[str, Any], name: str) -> bool:
    """Return a truth value of the request, false where it is missing."""
    return asked.get(name) is True
