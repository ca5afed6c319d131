"""What comes of reserving a request: it may be sent, must wait, or is in a batch file."""

from __future__ import annotations

from dataclasses import dataclass

from weaklabel.llm.prompt import Usage


@dataclass(frozen=True)
class Reserved:
    """A request that may be sent.

    Parameters
    ----------
    number
        Of the request, in the ledger.
    usage
        What is reserved for it.
    generation
        How many replies to it have come that cannot be used.
    """

    number: int
    usage: Usage
    generation: int


@dataclass(frozen=True)
class Later:
    """The request must wait.

    Parameters
    ----------
    seconds
        How long, at least.
    for_all
        Whether all others must wait as well: a limit per minute is reached, or a cap may be.
    """

    seconds: float
    for_all: bool = False


class InBatch:
    """The request is in a batch file that was written."""


@dataclass(frozen=True)
class Seen:
    """What was seen in a reply, for the counts."""

    off_list: int = 0
    cut: int = 0
    failed: int = 0
