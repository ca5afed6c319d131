"""Votes that are texts: what a transformation function makes of each row, for guarded processes and budgets as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from reprlib import repr as shorten
from typing import Any, TypeAlias

from weaklabel.corpus.batch import Batch
from weaklabel.errors import VoteError
from weaklabel.votes.form import FIRST, LFVotes, VoteForm, error_message
from weaklabel.votes.matrix import Problem, Problems

NewText: TypeAlias = tuple[str, ...] | None
"""The new texts of a row, one a text column; None where a transformation function does not apply to it."""


class TextForm(VoteForm):
    """Votes that are new texts of a row, or None.

    Parameters
    ----------
    n_columns
        Text columns of a row.
    """

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns

    def check(self, name: str, votes: Any, batch: Batch) -> LFVotes:
        """See `VoteForm`."""
        if not isinstance(votes, list) or len(votes) != len(batch):
            raise VoteError(f"LF '{name}' returned {shorten(votes)} for a batch; it must return a result for each row")
        texts, messages = [None] * len(votes), dict[int, str]()
        for row, vote in enumerate(votes):
            if vote is None:
                continue
            if isinstance(vote, tuple) and len(vote) == self.n_columns and set(map(type, vote)) <= {str}:
                texts[row] = vote  # type: ignore[call-overload]
            elif isinstance(vote, BaseException):
                messages[row] = error_message(vote)
            else:
                messages[row] = f"{shorten(vote)} is no text; return the row, its new text, or None to leave it out"
        first = tuple(Problem(batch.start + row, messages[row]) for row in sorted(messages)[:FIRST])
        return LFVotes(texts, Problems(len(messages), first) if messages else None)

    def silent(self, n: int) -> list[NewText]:
        """See `VoteForm`."""
        return [None] * n

    def joined(self, parts: Sequence[list[NewText]]) -> list[NewText]:
        """See `VoteForm`."""
        return list(chain.from_iterable(parts))

    def pack(self, votes: list[NewText]) -> tuple[dict[str, Any], bytes]:
        """See `VoteForm`."""
        # ASCII, so that half of a surrogate pair, which no encoding takes, arrives as it is.
        return {}, json.dumps(votes).encode("ascii")

    def unpack(self, header: Mapping[str, Any], body: bytes) -> list[NewText]:
        """See `VoteForm`."""
        return [None if texts is None else tuple(texts) for texts in json.loads(body)]

    def to_dict(self) -> dict[str, Any]:
        """See `VoteForm`."""
        return {"n_columns": self.n_columns}
