"""Versions of weaklabel and other packages, recorded with runs and classifiers."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

import weaklabel

SHOWN = ("numpy", "pandas", "polars", "scikit-learn", "snorkel", "spacy", "torch", "transformers")
"""Packages whose versions a report shows."""


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of weaklabel, of Python, and of those of ``packages`` that are installed."""
    installed = {"weaklabel": weaklabel.__version__, "python": platform.python_version()}
    for package in packages:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed
