"""How long fitting and predicting take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Clock:
    """Wall time of fitting and predicting, in seconds."""

    fit: float = 0.0
    predict: float = 0.0

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Time what is fitted."""
        start = time.perf_counter()
        yield
        self.fit += time.perf_counter() - start

    @contextmanager
    def predicting(self) -> Iterator[None]:
        """Time what is predicted."""
        start = time.perf_counter()
        yield
        self.predict += time.perf_counter() - start
