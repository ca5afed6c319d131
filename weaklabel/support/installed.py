"""What is installed of the packages that weaklabel needs, and whether it can be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING, Any

from weaklabel.errors import require, visible
from weaklabel.support import child
from weaklabel.support.progress import stage
from weaklabel.support.threads import cores

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DEV = ("dev", "docs")
"""Extras for developing weaklabel itself."""

PROBE_SECONDS = 120.0
"""After which an import counts as hanging."""


@dataclass(frozen=True)
class Package:
    """A package that weaklabel needs.

    Attributes
    ----------
    name
        As pip knows it.
    wanted
        Which versions do, such as ``>=2.0``; empty: any.
    version
        The installed one; None if it is not installed.
    fits
        Whether the installed version is one of the wanted.
    """

    name: str
    wanted: str
    version: str | None
    fits: bool


def required_packages() -> dict[str, tuple[Package, ...]]:
    """Return the packages of each extra of weaklabel; those that are always needed under the empty name."""
    parse = require("packaging.requirements", "packaging", "reading what weaklabel needs").Requirement
    by_extra: dict[str, dict[str, Package]] = {"": {}}
    for line in requires("weaklabel") or ():
        requirement = parse(line)
        for extra in _extras(requirement):
            by_extra.setdefault(extra, {})[requirement.name] = _installed(requirement)
    return {extra: tuple(packages.values()) for extra, packages in by_extra.items() if extra not in DEV}


def _extras(requirement: Requirement) -> list[str]:
    """Return the extras that a requirement belongs to, "" if it always holds on this machine; none if never."""
    marker = requirement.marker
    if marker is None or marker.evaluate({"extra": ""}):
        return [""]
    # What stands in quotes beside "extra" in a marker that setuptools writes.
    named = [part.split('"')[1] for part in str(marker).split("extra == ")[1:]]
    return [extra for extra in named if marker.evaluate({"extra": extra})]


def _installed(requirement: Requirement) -> Package:
    try:
        there = version(requirement.name)
    except PackageNotFoundError:
        return Package(requirement.name, str(requirement.specifier), None, False)
    fits = requirement.specifier.contains(there, prereleases=True)
    return Package(requirement.name, str(requirement.specifier), there, fits)


@dataclass(frozen=True)
class Probe:
    """What a process of its own found out.

    Attributes
    ----------
    facts
        What its code has put into ``facts``; empty after an error.
    error
        One line; None if all went well.
    """

    facts: dict[str, Any]
    error: str | None


def probe_all(codes: Sequence[tuple[str, str]], seconds: float = PROBE_SECONDS) -> dict[str, Probe]:
    """Run pieces of Python code, each in a process of its own: a broken package may crash or hang on import.

    Parameters
    ----------
    codes
        Name and code of each; the code fills the dictionary ``facts`` with values that JSON has.
    seconds
        How long each may take.
    """
    with (
        stage("checking", len(codes), "packages") as progress,
        ThreadPoolExecutor(cores()) as pool,
    ):
        probes: dict[str, Probe] = {}
        for (name, _), probe in zip(codes, pool.map(lambda each: _probe(each[1], seconds), codes), strict=True):
            probes[name] = probe
            progress.note = name
            progress.advance()
        return probes


def _probe(code: str, seconds: float) -> Probe:
    whole = (
        f"import json, sys, warnings\nsys.path[:] = {sys.path!r}\nwarnings.simplefilter('ignore')\nfacts = {{}}\n"
        f"{code}\nprint('\\n' + json.dumps(facts))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", whole],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TRANSFORMERS_VERBOSITY": "error"},
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.end(process)
        return Probe({}, f"it takes more than {seconds:g} seconds")
    except BaseException:
        child.end(process)
        raise
    if process.returncode < 0:
        return Probe({}, f"it {child.killed(-process.returncode)}")
    if process.returncode:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        return Probe({}, visible(lines[-1]) if lines else f"it ends with code {process.returncode}")
    return Probe(json.loads(out.decode("utf-8").strip().splitlines()[-1]), None)
