"""Candidates as Python: names, additions to a pack, and whole packs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.modules import normalised, python_name
from weaklabel.registries import TEXTS
from weaklabel.support.files import check_file_path, write_text

_LONGEST = 40

IMPORTED = ("keyword_lf", "regex_lf")
"""What candidates are made with, and none may be called."""


def name_lf(label: str, phrases: Sequence[str], taken: Iterable[str]) -> str:
    """Make a Python name of a class and phrases that is none of ``taken``.

    Examples
    --------
    >>> name_lf("spam", ["free entry", "prize"], taken=["spam_free_entry"])
    'spam_free_entry_2'
    """
    words = "_".join(_words(phrases[0])) or "number"
    name = python_name("_".join([*_words(label), words])[:_LONGEST])
    used = set(map(normalised, taken))
    return next(
        candidate
        for candidate in (name, *(f"{name}_{number}" for number in range(2, len(used) + 3)))
        if candidate not in used
    )


def pack_additions(lfs: Sequence[tuple[str, str]]) -> str:
    """Return lines of Python with a comment over each, to be pasted into a pack; empty if there are none."""
    if not lfs:
        return ""
    makers = sorted({line.partition(" = ")[2].partition("(")[0] for line, _ in lfs})
    lines = [f"from weaklabel import {', '.join(makers)}", ""]
    for line, comment in lfs:
        lines += [f"# {comment}", line]
    return "\n".join(lines) + "\n"


def write_pack(
    path: Path, additions: str, labels: Sequence[str], doc: str, *, replace: bool = False, task: str = TEXTS
) -> None:
    """Write candidates as a separate pack, to be used together with the one they were found for.

    Parameters
    ----------
    path
        Ends in ``.py``.
    additions
        What `pack_additions` gives; not empty.
    labels
        Class names.
    doc
        One line for the docstring.
    replace
        Replace a file that is there.
    task
        What the pack labels: "texts" or "spans".

    Raises
    ------
    LFError
        The name does not end in ``.py``, its folder does not exist, the file is there already, or there is nothing to write.
    WeakLabelError
        The file cannot be written.
    """
    check_pack_path(path, replace=replace)
    if not additions:
        raise LFError(f"no candidate to write to {path}; give more rows, or labeling functions that vote")
    imports, _, rest = additions.partition("\n\n")
    shown = doc.replace("\\", "/").replace('"', "'")
    of_task = "" if task == TEXTS else f'TASK = "{task}"\n'
    write_text(path, f'"""{shown}"""\n\n{imports}\n\n{of_task}LABELS = {tuple(labels)!r}\n\n{rest}')


def check_pack_path(path: Path, *, replace: bool) -> None:
    """Find out before any work whether a pack can be written there; if not, an `LFError`."""
    if path.suffix != ".py":
        raise LFError(f"a pack is a Python file: {path} must end in .py")
    try:
        check_file_path(path)
    except WeakLabelError as error:
        raise LFError(str(error)) from None
    if path.exists() and not replace:
        raise LFError(f"{path} exists already; choose another name, or --force to replace it")


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", normalised(text).lower())
