"""How much memory label models take: those with tables for each labeling function and class cannot have any size."""

from __future__ import annotations

from collections.abc import Iterator

from weaklabel.errors import LabelModelError
from weaklabel.labels import INT8_CLASSES

BUDGET = 1 << 30
"""Bytes that a label model may take where a committee chooses it; one that is asked for by name may take four times that.
The votes themselves do not count, nor up to 127 classes the probabilities of rows, which fit wherever votes do."""

_BY_NAME = 4 * BUDGET

NUMBER = 8
"""Bytes of a float64."""


def fits(needed: int) -> bool:
    """Say whether a label model that needs so many bytes may be taken without being asked for by name."""
    return needed <= BUDGET


def refuse_beyond(needed: int, model: str, m: int, k: int) -> None:
    """Refuse a label model, before it takes any memory, that needs too much.

    Parameters
    ----------
    needed
        Bytes.
    model
        Its name.
    m, k
        Labeling functions, and classes.

    Raises
    ------
    LabelModelError
        Says how much that is, and what to use.
    """
    if needed > _BY_NAME:
        raise LabelModelError(
            f"{model} would take {gib(needed)} for the tables of {m:,} labeling functions and {k:,} classes, more than "
            f"the {gib(_BY_NAME)} that it may take; use auto, WeightedMajorityVote or MajorityVote, which need none"
        )


def gib(n_bytes: int) -> str:
    """Write a number of bytes."""
    return f"{n_bytes / (1 << 30):,.1f} GiB"


def rows_at_once(k: int) -> int:
    """Return how many rows' probabilities are worked out together: all up to 127 classes, beyond that 256 MiB of them."""
    return 1 << 62 if k <= INT8_CLASSES else max(1, BUDGET // 4 // (NUMBER * k))


def in_blocks(n: int, k: int) -> Iterator[slice]:
    """Yield slices of ``n`` rows whose probabilities are worked out together; at least one, which may be empty."""
    at_once = rows_at_once(k)
    for start in range(0, max(n, 1), at_once):
        yield slice(start, min(n, start + at_once))


def numbers_of_rows(rows: int, k: int) -> int:
    """Return how many numbers the probabilities of rows are, as far as they count."""
    return rows * k if k > INT8_CLASSES else 0
