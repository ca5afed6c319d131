"""Python literals as a person would write them."""

from __future__ import annotations

from typing import Any

WIDTH = 120


def literal(value: Any, column: int = 0, indent: str = "") -> str:
    r"""Return a text, number, bool, None, or list of these as Python source.

    Parameters
    ----------
    value
        What to write.
    column
        Where on its line it will begin; a list that would not end within `WIDTH` is written over several lines.
    indent
        White space that its line begins with.

    Examples
    --------
    >>> print(literal(["free", 'say "yes"']))
    ["free", "say \"yes\""]
    >>> print(literal(r"\bwin\b"))
    r"\bwin\b"
    """
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, list | tuple):
        return repr(value)
    items = [literal(item) for item in value]
    line = f"[{', '.join(items)}]"
    if column + len(line) < WIDTH:  # a comma or a parenthesis follows
        return line
    lines = [indent + "   "]
    for item in items:
        if len(lines[-1]) + len(item) + 2 > WIDTH and lines[-1].strip():
            lines.append(indent + "   ")
        lines[-1] += f" {item},"
    return "\n".join(["[", *lines, indent + "]"])


def _text(text: str) -> str:
    is_plain = text.isprintable() and '"' not in text and not text.endswith("\\")
    if "\\" in text and is_plain:
        return f'r"{text}"'
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    # What cannot be seen, such as a mark that turns the direction of writing, must not hide in a source file.
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
