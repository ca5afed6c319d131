"""What a script of our pages asks for, as JSON; anybody may send anything, so it is looked at before use."""

from __future__ import annotations

from typing import Any

from flask import abort, request


def body() -> dict[str, Any]:
    """Return the JSON object that was sent; anything else is a wrong request."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        abort(400, "the request must be a JSON object")
    return asked


def text_of(asked: dict[str, Any], name: str) -> str:
    """Return a text of the request, "" where it is missing."""
    value = asked.get(name) or ""
    if not isinstance(value, str):
        abort(400, f"'{name}' must be a text")
    return value


def flag_of(asked: dict[str, Any], name: str) -> bool:
    """Return a truth value of the request, false where it is missing."""
    return asked.get(name) is True
