"""Rows that are taken back: those of a file of rejects, which are not dropped again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from weaklabel.errors import CorpusError

Place: TypeAlias = tuple[str, str]
"""Source of a row, and its place there."""


@dataclass(frozen=True)
class RowsToKeep:
    """Rows that are not dropped.

    A row is known by source and place. Where several rows that would be dropped have the same, the number of the row in
    the corpus decides, too.

    Attributes
    ----------
    rows
        By source and place, the numbers that rejects of an earlier call give, from 1.
    exact
        Places of which only the rows with these numbers are kept.
    """

    rows: Mapping[Place, frozenset[int]] = field(default_factory=dict)
    exact: frozenset[Place] = frozenset()

    def __contains__(self, row: tuple[str, str, int]) -> bool:
        """Return whether a row with this source, place and number is kept."""
        *place, number = row
        key = (place[0], place[1])
        return key in self.rows and (key not in self.exact or number in self.rows[key])

    def __len__(self) -> int:
        """Return how many rows are asked for."""
        return sum(map(self._asked, self.rows))

    def _asked(self, place: Place) -> int:
        return max(1, len(self.rows[place]))

    def made_exact(self, taken: Iterable[tuple[str, str, int]]) -> RowsToKeep:
        """Return what keeps no more rows than are asked for.

        Parameters
        ----------
        taken
            Source, place and number of all rows that are kept now.

        Raises
        ------
        CorpusError
            More rows have a source and place than are asked for, and none of them has the number that is asked for.
        """
        numbers: dict[Place, set[int]] = {}
        for source, place, number in taken:
            numbers.setdefault((source, place), set()).add(number)
        exact = {key for key, rows in numbers.items() if len(rows) > self._asked(key)}
        for source, place in sorted(exact):
            if not numbers[source, place] & self.rows[source, place]:
                raise CorpusError(
                    f"a row to keep cannot be told from others: {len(numbers[source, place]):,} rows that are dropped are "
                    f"from {source}{', ' if place else ''}{place}, and the corpus is not the one that the line is about; "
                    "take the line from the rejects of this corpus"
                )
        return RowsToKeep(self.rows, self.exact | exact)


def rows_to_keep(files: Sequence[str | os.PathLike[str]]) -> RowsToKeep:
    """Read the rows in files of rejects.

    Raises
    ------
    CorpusError
        A file is missing, or a line of it is not a reject.
    """
    rows: dict[Place, set[int]] = {}
    for file in files:
        try:
            lines = Path(file).read_text(encoding="utf-8").split("\n")  # other line breaks may stand in a record
        except OSError as error:
            raise CorpusError(f"cannot read the rows to keep from {file}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise CorpusError(
                f"{file} is not UTF-8, so it is not a file of rejects: name one that an earlier call wrote"
            ) from None
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                reject = json.loads(line)
                numbers = rows.setdefault((str(reject["source"]), str(reject["place"])), set())
                if reject.get("row") is not None:
                    numbers.add(int(reject["row"]))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise CorpusError(
                    f"{file}, line {number}: not a line of a file of rejects: copy whole lines from one"
                ) from None
    return RowsToKeep({place: frozenset(numbers) for place, numbers in rows.items()})
