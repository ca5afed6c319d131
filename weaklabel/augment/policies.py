"""Policies: which transformation functions make new rows of a row, and in which order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from weaklabel.augment.core import Rng, global_generators, seed_globally
from weaklabel.errors import AugmentError, nearest

RANDOM, EACH, ALL = "random", "each", "all"
POLICIES = (RANDOM, EACH, ALL)
"""``random``: transformation functions drawn at random; ``each``: every one by itself; ``all``: all, one after the other."""


class Policy(ABC):
    """Which transformation functions are applied to a row."""

    @abstractmethod
    def sequences(self, rng: Rng) -> list[list[int]]:
        """Return the places of the transformation functions that make each new row of one row."""


@dataclass(frozen=True)
class OwnPolicy(Policy):
    """One of the policies by name.

    Parameters
    ----------
    name
        One of `POLICIES`.
    n
        Number of transformation functions.
    length
        Transformation functions that make a new row, with ``random``.
    per_row
        New rows of a row, with ``random`` and ``all``.
    """

    name: str
    n: int
    length: int = 1
    per_row: int = 1

    def sequences(self, rng: Rng) -> list[list[int]]:
        """See `Policy.sequences`."""
        if self.name == EACH:
            return [[place] for place in range(self.n)]
        if self.name == ALL:
            return [list(range(self.n))] * self.per_row
        # Drawn without putting back: the same one twice hardly changes more.
        length = min(self.length, self.n)
        return [rng.choice(self.n, size=length, replace=False).tolist() for _ in range(self.per_row)]


@dataclass(frozen=True)
class SnorkelPolicy(Policy):
    """A policy of ``snorkel.augmentation``, or any object with its ``generate_for_example``.

    It draws from NumPy's global generator, which is seeded for each row and left as it was.
    """

    policy: Any
    n: int

    def sequences(self, rng: Rng) -> list[list[int]]:
        """See `Policy.sequences`; an empty sequence, which keeps the row itself, is left out: all rows are kept."""
        with global_generators():
            seed_globally(int(rng.integers(2**32)))
            sequences = [[int(place) for place in each] for each in self.policy.generate_for_example()]
        wrong = next((place for each in sequences for place in each if not 0 <= place < self.n), None)
        if wrong is not None:
            raise AugmentError(
                f"the policy {type(self.policy).__name__} names transformation function number {wrong}, but there are "
                f"{self.n}, from 0: make it with their number"
            )
        return [each for each in sequences if each]


def policy_of(policy: Any, n: int, length: int = 1, per_row: int = 1) -> Policy:
    """Return a policy: one of `POLICIES`, or an object of Snorkel's.

    Raises
    ------
    AugmentError
        It is none, or a number is out of range.
    """
    for name, number in (("length", length), ("per_row", per_row)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise AugmentError(f"{name} must be a whole number from 1, not {number!r}")
    if isinstance(policy, Policy):
        return policy
    if isinstance(policy, str):
        if policy not in POLICIES:
            raise AugmentError(
                f"no policy is called '{policy}'{nearest(policy, POLICIES)}; policies are {', '.join(POLICIES)}"
            )
        return OwnPolicy(policy, n, length, per_row)
    if callable(getattr(policy, "generate_for_example", None)):
        return SnorkelPolicy(policy, n)
    raise AugmentError(f"{policy!r} is no policy: give {', '.join(POLICIES)}, or one of snorkel.augmentation")
