"""Warnings of what is made and loaded more than once: kept, rather than told each time."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from weaklabel.errors import WeakLabelWarning
from weaklabel.lf.patterns import PatternLF
from weaklabel.review.lf_spec import LFSpec

# Python's warning filters belong to all threads: two that change them at once would leave them changed for good.
_TURN = threading.RLock()


@contextmanager
def quietly() -> Iterator[list[str]]:
    """Keep the warnings of a user's interest in a list, which is full once the block is left; other threads wait."""
    kept: list[str] = []
    with _TURN:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", WeakLabelWarning)
            yield kept
        kept += [str(one.message) for one in caught if issubclass(one.category, WeakLabelWarning)]


def make_quietly(spec: LFSpec, labels: Sequence[str]) -> tuple[PatternLF, list[str]]:
    """Make a labeling function; return it, and what to know about it."""
    with quietly() as notes:
        made = spec.make(labels)
    return made, notes
