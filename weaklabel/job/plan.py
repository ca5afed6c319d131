"""The plan of a run: the state of each step, and in words why a step that was done is to be done again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from weaklabel.job.folder import ONCE
from weaklabel.job.journal import Basis
from weaklabel.support.table import table

ABSENT = "(default)"
"""What messages call a setting that is not given."""

MOST_REASONS = 3
"""Of a kind, that are spelled out."""

State: TypeAlias = Literal["done", "stale", "to do"]


@dataclass(frozen=True)
class PlannedStep:
    """What a run would do with a step.

    Attributes
    ----------
    name
        Of the step.
    state
        "done"; "stale", which was done with another identity or whose outputs are damaged; or "to do".
    why
        Reasons for doing it, none of which ends in a full stop.
    size
        Bytes of its outputs; None if there are none.
    seconds
        How long it took when it was done last; None where it never was.
    where
        Folder that holds its outputs; None where it is not done.
    causes
        The steps that make it stale: itself, if it has its own reasons.
    """

    name: str
    state: State
    why: tuple[str, ...] = ()
    size: int | None = None
    seconds: float | None = None
    where: Path | None = None
    causes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what users see, as JSON has it."""
        return {
            "name": self.name,
            "state": self.state,
            "why": list(self.why),
            "size": self.size,
            "seconds": self.seconds,
        }


def differences(before: Basis, now: Basis) -> Iterator[str]:
    """Give what differs between two bases of a step, besides the steps before it."""
    old, new = before.get("settings", {}), now["settings"]
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            yield f"{name} {_value(old, name)} -> {_value(new, name)}"
    yield from _changes("", before.get("files", {}), now["files"])
    yield from _lf_changes(dict(before.get("lfs", [])), dict(now["lfs"]))
    rooms = [name for name in {**before.get("code", {}), **now["code"]} if _differ(before, now, "code", name)]
    if rooms:
        yield f"code of weaklabel changed ({_few(rooms)})"
    old, new = before.get("packages", {}), now["packages"]
    packages = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if packages:
        changes = [f"{name} {old.get(name, 'none')} -> {new.get(name, 'none')}" for name in packages]
        yield f"{_plural('package', packages)} {_few(changes)}"


def _differ(before: Basis, now: Basis, kind: str, name: str) -> bool:
    return bool(before.get(kind, {}).get(name) != now[kind].get(name))


def _value(settings: Mapping[str, Any], name: str) -> str:
    return json.dumps(settings[name], ensure_ascii=False) if name in settings else ABSENT


def _lf_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    once = [name for name, key in new.items() if key.startswith(ONCE)]
    if once:
        yield (
            f"{_plural('labeling function', once)} {_few(once)} cannot be compared with what "
            f"{'it was' if len(once) == 1 else 'they were'}"
        )
    compared = ({name: key for name, key in keys.items() if name not in once} for keys in (old, new))
    yield from _changes("labeling function", *compared)
    if list(old) != list(new) and set(old) == set(new):
        yield "the labeling functions are in another order"


def _changes(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Give which items are new, changed or gone."""
    groups = {
        "changed": [name for name, key in new.items() if name in old and old[name] != key],
        "new": [name for name in new if name not in old],
        "gone": [name for name in old if name not in new],
    }
    for what, names in groups.items():
        if names:
            verb = "" if what == "changed" else "is " if len(names) == 1 else "are "
            yield f"{_plural(kind, names)} {_few(names)} {verb}{what}".strip()


def _plural(noun: str, names: Sequence[str]) -> str:
    return f"{noun}s" if noun and len(names) > 1 else noun


def _few(names: Sequence[str]) -> str:
    rest = len(names) - MOST_REASONS
    return ", ".join(names[:MOST_REASONS]) + (f" and {rest} more" if rest > 0 else "")


def plan_table(plan: Sequence[PlannedStep]) -> str:
    """Return a plan as a table for a terminal."""
    rows = [
        [
            step.name,
            step.state,
            "" if step.size is None else _in_bytes(step.size),
            "" if step.seconds is None else f"{step.seconds:.1f} s",
            "; ".join(step.why),
        ]
        for step in plan
    ]
    return table(rows, ["step", "state", "size", "took", "why"])


def _in_bytes(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
