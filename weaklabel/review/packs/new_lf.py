"""Writing a new labeling function at the end of a pack, and how a pack calls its classes."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from weaklabel.lf.packs import normalised, python_name
from weaklabel.lf.patterns import PATTERN_MAKERS
from weaklabel.review.packs.lf_spec import LFSpec, option_defaults
from weaklabel.review.packs.literals import literal
from weaklabel.review.packs.source import PackSource


def new_pack(path: Path, labels: Sequence[str]) -> PackSource:
    """Return the source of a pack with classes and no labeling functions, with a constant for each class if it can be."""
    lines = ['"""Labeling functions written in the review."""', "", f"LABELS = [{', '.join(map(literal, labels))}]"]
    names = [_constant(name) for name in labels]
    if all(name.isidentifier() for name in names) and len(set(names)) == len(names):
        numbers = ", ".join(str(number) for number in range(len(names)))
        lines.append(f"{', '.join(names)} = {numbers}")
    return PackSource(path, ("\n".join(lines) + "\n").encode())


def with_new_lf(source: PackSource, spec: LFSpec, number: int, known: Mapping[str, int]) -> PackSource:
    """Return a pack's source with one more labeling function at its end, and its maker imported.

    Parameters
    ----------
    source
        The pack.
    spec
        The labeling function.
    number
        Class that it votes for.
    known
        Class that each labeling function of the pack votes for, by name.
    """
    maker = next((name for name, kind in source.makers.items() if kind == spec.kind), None)
    edits = []
    if maker is None:
        maker = PATTERN_MAKERS[spec.kind].__name__
        place = source.line_starts[_last_import(source)]
        edits.append((place, place, f"from weaklabel import {maker}\n"))
    head = f"{_variable(source, spec.name)} = {maker}("
    parts = [literal(spec.name), class_source(source, number, spec.label, known)]
    defaults = option_defaults(spec.kind)
    for name, value in spec.options.items():
        if name in ("keywords", "pattern"):
            parts.insert(2, literal(value, len(head + ", ".join(parts)) + 2))
        elif value != defaults[name]:
            parts.append(f"{name}={literal(value)}")
    end = "" if not source.text or source.text.endswith(("\n", "\r")) else "\n"
    edits.append((len(source.text), len(source.text), f"{end}\n{head}{', '.join(parts)})\n"))
    return source.edited(edits)


def class_source(source: PackSource, number: int, label: str, known: Mapping[str, int]) -> str:
    """Return how the pack writes a class: as another of its labeling functions does, by a constant, or its number."""
    for name, calls in source.calls.items():
        node = calls[0].arguments["label"]
        if known.get(name) == number and isinstance(node, ast.Name | ast.Attribute):
            return ast.unparse(node)
    constant = _constant(label)
    return constant if _constants(source.tree).get(constant) == number else str(number)


def _constants(tree: ast.Module) -> dict[str, int]:
    """Return the numbers that the module gives names to, as in ``HAM, SPAM = 0, 1``."""
    found: dict[str, int] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        names, values = (one.elts if isinstance(one, ast.Tuple) else [one] for one in (node.targets[0], node.value))
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, int):
                found[name.id] = value.value
    return found


def _constant(label: str) -> str:
    return normalised(re.sub(r"\W", "_", normalised(label)).upper())


def _last_import(source: PackSource) -> int:
    """Return the number of the line, from 0, behind the last import at the top of the module, or its docstring."""
    ends = [
        node.end_lineno or 0
        for place, node in enumerate(source.tree.body)
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (place == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return max(ends, default=0)


def _variable(source: PackSource, name: str) -> str:
    """Return a name for the labeling function that the module does not use yet."""
    taken = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    taken |= {getattr(node, "name", "") for node in source.tree.body}
    taken |= {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    taken |= {maker.__name__ for maker in PATTERN_MAKERS.values()}
    wanted = python_name(name)
    number = 1
    while (free := wanted if number == 1 else f"{wanted}_{number}") in taken:
        number += 1
    return free
