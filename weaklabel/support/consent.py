"""Whether what runs now may ask services that cost money, unless it says more itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_refusals = 0


@contextmanager
def nothing_asked() -> Iterator[None]:
    """Let no thread of this process ask: what was answered before is all that there is."""
    global _refusals
    with _lock:
        _refusals += 1
    try:
        yield
    finally:
        with _lock:
            _refusals -= 1


def may_ask() -> bool:
    """Say whether services may be asked.

    Examples
    --------
    >>> with nothing_asked():
    ...     may_ask()
    False
    """
    return not _refusals
