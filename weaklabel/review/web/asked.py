"""Reading and checking the JSON that the scripts of our pages send."""

from __future__ import annotations

from typing import Any

from flask import abort, request

MOST_DIGITS = 15


def body() -> dict[str, Any]:
    """Return the JSON object that was sent; anything else is refused."""
    try:
        asked = request.get_json(silent=True)
    except RecursionError:
        abort(400, "the request is nested too deeply")
    if not isinstance(asked, dict):
        abort(400, "the request must be a JSON object")
    return asked


def text_of(asked: dict[str, Any], name: str) -> str:
    """Return a string of the request, "" if it is missing."""
    value = asked.get(name) or ""
    if not isinstance(value, str):
        abort(400, f"'{name}' must be a text")
    return value.encode("utf-8", "replace").decode()  # half of a surrogate pair can be in JSON, and in no file


def whole_number(text: str) -> int | None:
    """Return a string as an integer; None if it is not one, or larger than any count here."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def flag_of(asked: dict[str, Any], name: str) -> bool:
    """Return a boolean of the request, false if it is missing."""
    return asked.get(name) is True
