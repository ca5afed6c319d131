"""How much memory label models take: those with tables for each labeling function and class cannot have any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from weaklabel.errors import LabelModelError
from weaklabel.labels import INT8_CLASSES

BUDGET = 1 << 30
"""Bytes that a label model may take where a committee chooses it; one that is asked for by name may take four times that.
The votes themselves do not count, nor up to 127 classes the probabilities of rows, which fit wherever votes do."""

_BY_NAME = 4 * BUDGET

_NUMBER = 8
"""Bytes of a float64."""

_SAMPLE = 200_000
"""Rows that `StructuredLabelModel` looks at, at most."""

_FORMULAS: dict[str, Callable[[int, int, int], int]] = {
    # Of rows with different votes u, labeling functions m and classes k, in float64. Each two votes of m*k have a place in
    # a matrix of how often they meet; evidence of a vote has one for each class; a row has one for each class.
    "SnorkelLabelModel": lambda u, m, k: 2 * (m * k) ** 2 + 6 * m * k * k,
    "StructuredLabelModel": lambda u, m, k: (m * k) ** 2 + 32 * m * k * k + 8 * _wide(min(u, _SAMPLE), k),
    "DawidSkene": lambda u, m, k: 6 * m * k * k + 4 * _wide(min(u, rows_at_once(k)), k),
    "TripletLabelModel": lambda u, m, k: 3 * m * k * k + _wide(u, k),
    "HyperLabelModel": lambda u, m, k: (m * k) ** 2 + m * k * k,
    "TextLabelModel": lambda u, m, k: 6 * m * k * k,
}


def bytes_needed(model: str, u: int, m: int, k: int) -> int:
    """Return about how much memory a label model takes to be fitted, by its class name; 0 where it has no large tables.

    Parameters
    ----------
    model
        Class name.
    u, m, k
        Vote patterns, labeling functions, and classes.
    """
    formula = _FORMULAS.get(model)
    return 0 if formula is None else _NUMBER * formula(u, m, k)


def fits(model: str, u: int, m: int, k: int) -> bool:
    """Say whether a committee can afford the label model."""
    return bytes_needed(model, u, m, k) <= BUDGET


def check_memory(model: str, u: int, m: int, k: int) -> None:
    """Refuse a label model, before it takes any, that needs too much memory.

    Raises
    ------
    LabelModelError
        Says how much that is, and what to use.
    """
    refuse_beyond(bytes_needed(model, u, m, k), model, m, k)


def refuse_beyond(needed: int, model: str, m: int, k: int) -> None:
    """Do so where it is known how many bytes are needed."""
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
    return 1 << 62 if k <= INT8_CLASSES else max(1, BUDGET // 4 // (_NUMBER * k))


def in_blocks(n: int, k: int) -> Iterator[slice]:
    """Yield slices of ``n`` rows whose probabilities are worked out together; at least one, which may be empty."""
    at_once = rows_at_once(k)
    for start in range(0, max(n, 1), at_once):
        yield slice(start, min(n, start + at_once))


def _wide(rows: int, k: int) -> int:
    """Probabilities of rows, as far as they count."""
    return rows * k if k > INT8_CLASSES else 0
