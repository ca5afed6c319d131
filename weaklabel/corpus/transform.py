"""Transforms: steps that change rows of a corpus, add columns to them, or drop some, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

SOURCE, PLACE, SHA256, TIME, STEPS = "meta_source", "meta_place", "meta_sha256", "meta_time", "meta_steps"
"""Columns with the provenance of a row: its source, its place there, the hash of its document, its time, what changed it."""

PROVENANCE: dict[str, pl.DataType] = {name: pl.String() for name in (SOURCE, PLACE, SHA256, TIME, STEPS)}
"""Types of the columns with the provenance of a row."""


@dataclass(frozen=True)
class Drop:
    """A row that a transform leaves out.

    Attributes
    ----------
    row
        Position in the frame, from 0.
    rule
        Name of the rule that it breaks, by which drops are counted.
    reason
        Why, in words.
    """

    row: int
    rule: str
    reason: str


@dataclass(frozen=True)
class Transformed:
    """Rows after a transform.

    Attributes
    ----------
    frame
        All rows of the input, in order, with changed and new columns; those that are dropped, too.
    drops
        The rows to leave out, each at most once.
    changed
        By rule: which rows it changed. Shape of each: [n].
    counts
        Other things that were counted, such as items by type; added up over parts.
    added
        New rows, with the columns of ``frame``; each is written behind its source.
    added_to
        Position of the source of each new row, in ascending order. Shape: [added].
    refused, refused_rows
        New rows that are not added, for the file of rejects: the position of the source and the reason of each, and the rows.
    """

    frame: pl.DataFrame
    drops: Sequence[Drop] = ()
    changed: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    added: pl.DataFrame | None = None
    added_to: Sequence[int] = ()
    refused: Sequence[Drop] = ()
    refused_rows: pl.DataFrame | None = None


class Transform:
    """Base class of transforms: small objects that can be pickled, since other processes may apply them.

    Parts of a corpus can be transformed in any order and by any process. A transform that must look at all rows before it
    changes any has `surveys` set: then `survey` looks at each part, and `decide` at what was written about them.

    Attributes
    ----------
    name
        Name of the step, as in the columns and files that it writes.
    surveys
        Whether `survey` and `decide` are called before `apply`.
    masks
        Whether a row must not be shown as it was before: rejects and examples then show it as `apply` changed it.
    text
        Columns that hold the text.
    """

    name: ClassVar[str]
    surveys: ClassVar[bool] = False
    masks: ClassVar[bool] = False
    text: tuple[str, ...]

    def settings(self) -> dict[str, Any]:
        """Return all that decides the result, as JSON has it."""
        raise NotImplementedError

    def new_columns(self, schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
        """Return the columns that `apply` adds to rows of this schema, with their types."""
        return {}

    def inputs(self) -> dict[str, list[str]]:
        """Return the files that it reads besides the corpus, by what they are; no output may be one of them."""
        return {}

    def outputs(self) -> list[str]:
        """Return the files that it writes besides the rows and the rejects."""
        return []

    def survey(self, frame: pl.DataFrame, first_row: int, folder: Path) -> None:
        """Write what `decide` needs of a part into a folder of its own.

        Parameters
        ----------
        frame
            The rows of the part.
        first_row
            Number of its first row in the corpus, from 0.
        folder
            An empty folder.
        """
        raise NotImplementedError

    def decide(self, folders: Sequence[Path], read: Callable[[int], pl.DataFrame], folder: Path) -> dict[str, Any]:
        """Write what `apply` needs, from what `survey` wrote about all parts.

        Parameters
        ----------
        folders
            Folders of the parts, in order.
        read
            Reads the rows of a part again, by its number.
        folder
            An empty folder to write into.

        Returns
        -------
        dict
            A summary for the user, as JSON has it.
        """
        raise NotImplementedError

    def apply(self, frame: pl.DataFrame, first_row: int, folder: Path | None) -> Transformed:
        """Transform the rows of a part.

        Parameters
        ----------
        frame, first_row
            As for `survey`.
        folder
            What `decide` wrote; None if the transform does not survey.
        """
        raise NotImplementedError

    def mask(self, text: str) -> str:
        """Return text that stands outside of rows, such as a record that could not be read, as it may be shown."""
        return text
