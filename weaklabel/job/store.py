"""Votes and labels of a corpus on disk, part by part: the journal of an unfinished run, and the cache of later ones."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Reject
from weaklabel.corpus.parts import Part
from weaklabel.errors import VoteError
from weaklabel.job.folder import ONCE
from weaklabel.label_model.text.fast import NO_TEXTS, TextsRead
from weaklabel.labels import Labels, Probs, VoteArray
from weaklabel.support.cache import size_limit
from weaklabel.support.files import atomic_path
from weaklabel.support.hashing import sha256_of_text
from weaklabel.units.words import WORD
from weaklabel.votes import Problems, VotePatterns, vote_patterns
from weaklabel.votes.spans.table import SpanTable

PARTS = "votes-*.npz"
"""Names of the files of votes."""

MOST_LFS = 256
"""Most labeling functions whose votes the cache keeps for one corpus."""


class Table(Protocol):
    """The votes of labeling functions on consecutive rows: `VotePatterns` with rows, or `SpanTable`."""

    @property
    def n(self) -> int:
        """Rows."""
        ...

    def only(self, places: Sequence[int]) -> Self:
        """Return the votes of the labeling functions at these places, in this order."""
        ...

    def beside(self, other: Self) -> Self:
        """Return the votes of the labeling functions of both on the same rows."""
        ...


T = TypeVar("T", bound=Table)


@dataclass(frozen=True)
class TableForm(Generic[T]):
    """How tables of votes are kept in files.

    Attributes
    ----------
    name
        In the file; another version of the form has another name.
    to_arrays
        Gives what ``numpy.savez`` takes.
    from_arrays
        Makes the table again.
    """

    name: str
    to_arrays: Callable[[T], dict[str, Any]]
    from_arrays: Callable[[Mapping[str, NDArray[Any]]], T]


@dataclass(frozen=True)
class PartVotes(Generic[T]):
    """The votes on a part of a corpus.

    Attributes
    ----------
    part
        Which part.
    keys
        Fingerprints of the labeling functions. Length: m.
    table
        The votes: as patterns with the pattern of each row, or as spans. Shape: [n, m].
    problems
        Failures and notes, by key.
    rejects
        Records of the part that could not be read.
    asked
        By key of those labeling functions that were asked about some rows only: which. Shape of each: [n].
    """

    part: Part
    keys: tuple[str, ...]
    table: T
    problems: Mapping[str, Problems]
    rejects: Sequence[Reject]
    asked: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def final_keys(self) -> set[str]:
        """Keys of the labeling functions that need not vote again: none of their votes failed, no row was left out."""
        return {key for key in self.keys if key not in self.problems or self.problems[key].is_final}

    @property
    def complete_keys(self) -> set[str]:
        """Those of the `final_keys` whose labeling functions were asked about all rows."""
        return {key for key in self.final_keys if key not in self.asked or self.asked[key].all()}

    def of(self, keys: Sequence[str]) -> T:
        """Return the votes of the labeling functions ``keys``, in that order."""
        return self.table if tuple(keys) == self.keys else self.table.only([self.keys.index(key) for key in keys])

    def only(self, keys: Sequence[str]) -> PartVotes[T]:
        """Return the votes of the labeling functions ``keys`` alone, in that order."""
        problems = {key: self.problems[key] for key in keys if key in self.problems}
        asked = {key: self.asked[key] for key in keys if key in self.asked}
        return PartVotes(self.part, tuple(keys), self.of(keys), problems, self.rejects, asked)

    def votes_of(self: PartVotes[VotePatterns], key: str) -> VoteArray:
        """Return the vote of one labeling function on each row. Shape: [n]."""
        votes: VoteArray = self.table.patterns[:, self.keys.index(key)][self.table.rows()]
        return votes

    def differs(self, keys: Sequence[str], other: PartVotes[T] | None) -> bool:
        """Return whether ``other`` is anything but the votes of the labeling functions ``keys`` as they are here."""
        if other is None or other.part != self.part or other.keys != tuple(keys):
            return True
        return any(not np.array_equal(self.asked.get(key, _ALL), other.asked.get(key, _ALL)) for key in keys)

    def united(self, other: PartVotes[T] | None) -> PartVotes[T]:
        """Return these votes and those that only ``other`` has, of the same part, up to `MOST_LFS` labeling functions."""
        if other is None or other.part != self.part:
            return self
        more = [key for key in other.keys if key not in self.keys and not key.startswith(ONCE)]
        more = more[: max(0, MOST_LFS - len(self.keys))]
        problems = {**{key: other.problems[key] for key in more if key in other.problems}, **self.problems}
        asked = {**{key: other.asked[key] for key in more if key in other.asked}, **self.asked}
        table = self.table.beside(other.of(more)) if more else self.table
        return PartVotes(self.part, (*self.keys, *more), table, problems, self.rejects, asked)

    def widened(self, other: PartVotes[Any] | None) -> PartVotes[T]:
        """Return these votes, with those of the same labeling functions on rows about which only ``other`` asked them."""
        if other is None or other.part != self.part:
            return self
        votes: PartVotes[Any] = self  # only votes for classes are asked about some rows
        for key, asked in self.asked.items():
            if key in other.final_keys and (more := other.asked.get(key, np.ones_like(asked)) & ~asked).any():
                column = np.where(more, other.votes_of(key), votes.votes_of(key))
                votes = votes.replacing(key, column, asked | more, self.problems.get(key))
        return votes

    def replacing(
        self: PartVotes[VotePatterns],
        key: str,
        column: VoteArray,
        asked: NDArray[np.bool_],
        problems: Problems | None = None,
    ) -> PartVotes[VotePatterns]:
        """Return these votes with those of one labeling function, which was asked about some rows.

        Parameters
        ----------
        key
            Of the labeling function.
        column
            Its votes. Shape: [n].
        asked
            About which rows it was asked. Shape: [n].
        problems
            Its failures.
        """
        others = self.only([each for each in self.keys if each != key])
        failed = others.problems if problems is None else {**others.problems, key: problems}
        table = others.table.beside(vote_patterns(column[:, None]))
        votes = PartVotes(self.part, (*others.keys, key), table, failed, self.rejects, {**others.asked, key: asked})
        return votes.only(self.keys) if key in self.keys else votes


def _arrays_of_patterns(table: VotePatterns) -> dict[str, Any]:
    return {"inverse": _narrow(table.rows(), len(table)), **table.to_arrays()}


def _patterns_of_arrays(arrays: Mapping[str, NDArray[Any]]) -> VotePatterns:
    patterns = VotePatterns.from_arrays(arrays)
    return VotePatterns(patterns.patterns, patterns.counts, arrays["inverse"].astype(np.int64))


CLASS_TABLES: TableForm[VotePatterns] = TableForm("weaklabel part 2", _arrays_of_patterns, _patterns_of_arrays)
SPAN_TABLES: TableForm[SpanTable] = TableForm(
    # Spans count words: those of another definition of a word are not used.
    f"weaklabel part of spans 1, words {sha256_of_text(WORD)[:12]}",
    SpanTable.to_arrays,
    SpanTable.from_arrays,
)


class VoteStore(Generic[T]):
    """A folder with a file for each part of a corpus.

    Parameters
    ----------
    folder
        Where parts are written, and looked for first: the votes of the labeling functions asked for, and no others.
    corpus
        Identity of the corpus; parts of another one are not found.
    keys
        Fingerprints of the labeling functions asked for. Length: m.
    cache
        Where votes of earlier runs are kept, of any labeling functions; None if there is no cache.
    form
        How they are kept.
    """

    def __init__(self, folder: Path, corpus: str, keys: Sequence[str], cache: Path | None, form: TableForm[T]) -> None:
        self.folder = folder
        self.corpus = corpus
        self.keys: tuple[str, ...] = tuple(keys)
        self.cache = cache
        self.form = form

    def load(self, number: int) -> PartVotes[T] | None:
        """Return the votes on part ``number`` of all labeling functions that voted on it; None if none did."""
        folders = [folder for folder in (self.folder, self.cache) if folder]
        votes = [part for folder in folders if (part := self._read(folder / _name(number))) is not None]
        return votes[0].united(votes[1] if len(votes) > 1 else None) if votes else None

    def adopt(self, votes: PartVotes[T]) -> None:
        """Write votes of the cache into the folder, so that they stay when the cache is cleared."""
        if self.cache is not None:
            self.settle(votes)

    def settle(self, votes: PartVotes[T]) -> None:
        """Write votes into the folder, unless they are there."""
        own = [key for key in self.keys if key in votes.keys]
        if votes.differs(own, self._read(self.folder / _name(votes.part.number))):
            self.save(votes)

    def save(self, votes: PartVotes[T]) -> None:
        """Write the votes of the labeling functions asked for on a part into the folder, atomically."""
        self._write(self.folder, votes.only([key for key in self.keys if key in votes.keys]))

    def keep(self, n_parts: int) -> None:
        """Add the votes of the folder to the cache, if there is one.

        Raises
        ------
        OSError, WeakLabelError
            The cache cannot be written.
        """
        if self.cache is None:
            return
        keys = [key for key in self.keys if not key.startswith(ONCE)]
        self.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in range(n_parts):
            here, there = self._read(self.folder / _name(number)), self._read(self.cache / _name(number))
            assert here is not None
            if there is None or there.part != here.part or not all(_covers(there, here, key) for key in keys):
                self._write(self.cache, here.only(keys).widened(there).united(there))
        os.utime(self.cache)
        self._shrink()

    def _shrink(self) -> None:
        """Remove the votes on the least recently labeled corpora, until the cache has its size."""
        assert self.cache is not None
        others = (path for path in self.cache.parent.iterdir() if path != self.cache)
        corpora = sorted(others, key=lambda path: path.stat().st_mtime)
        sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in [*corpora, self.cache]}
        total = sum(sizes.values())
        for path in corpora:
            if total <= size_limit():
                break
            total -= sizes[path]
            shutil.rmtree(path, ignore_errors=True)

    def _write(self, folder: Path, votes: PartVotes[T]) -> None:
        header = {
            "format": self.form.name,
            "corpus": self.corpus,
            "part": votes.part.to_dict(),
            "keys": votes.keys,
            "problems": {key: problems.to_dict() for key, problems in votes.problems.items()},
            "rejects": [asdict(reject) for reject in votes.rejects],
            "asked": list(votes.asked),
        }
        arrays: dict[str, Any] = {
            "header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            **self.form.to_arrays(votes.table),
            **{f"asked-{place}": np.packbits(rows) for place, rows in enumerate(votes.asked.values())},
        }
        with atomic_path(folder / _name(votes.part.number)) as path, path.open("wb") as handle:
            np.savez(handle, **arrays)

    def discard(self) -> None:
        """Remove the votes of this run: some may be from before a change of the labeling functions, some from after it."""
        for path in self.folder.glob(PARTS):
            path.unlink(missing_ok=True)

    def _read(self, path: Path) -> PartVotes[T] | None:
        try:
            with np.load(path, allow_pickle=False) as archive:
                header = json.loads(archive["header"].tobytes())
                if (header["format"], header["corpus"]) != (self.form.name, self.corpus):
                    return None
                table = self.form.from_arrays(archive)
                asked = {
                    key: np.unpackbits(archive[f"asked-{place}"], count=table.n).astype(bool)
                    for place, key in enumerate(header["asked"])
                }
        except _UNREADABLE:
            return None
        return PartVotes(
            Part.from_dict(header["part"]),
            tuple(header["keys"]),
            table,
            {key: Problems.from_dict(saved) for key, saved in header["problems"].items()},
            [Reject(**reject) for reject in header["rejects"]],
            asked,
        )


@dataclass(frozen=True)
class PartLabels:
    """Labels of a part of a corpus, as the label model gave them.

    Attributes
    ----------
    preds
        Shape: [a]; -1 for no label.
    probs
        Shape: [a, k]; all NaN for a row without an answer.
    inverse
        Which of them each row has; None if there is one for each row, in order. Shape: [n].
    read
        How many of the texts were read, and how.
    """

    preds: Labels
    probs: Probs
    inverse: NDArray[np.int64] | None = None
    read: TextsRead = NO_TEXTS

    def of_rows(self) -> tuple[Labels, Probs]:
        """Return classes and probabilities of the rows. Shape: [n] and [n, k]."""
        return (
            (self.preds, self.probs) if self.inverse is None else (self.preds[self.inverse], self.probs[self.inverse])
        )

    def counts(self, k: int) -> NDArray[np.int64]:
        """Return how many rows each class has. Shape: [k]."""
        preds = self.preds if self.inverse is None else self.preds[self.inverse]
        return np.bincount(preds[preds >= 0], minlength=k)


class LabelStore:
    """A folder with the labels of each part of a corpus, where the label model reads texts and so labels rows one by one.

    Parameters
    ----------
    folder
        Where parts are written.
    tag
        Part of their names; see `weaklabel.job.work.LabelJob.begin_labels`.
    """

    def __init__(self, folder: Path, tag: str) -> None:
        self.folder = folder
        self.tag = tag

    def has(self, number: int) -> bool:
        """Return whether part ``number`` is labeled."""
        return self._path(number).exists()

    def save(self, number: int, labels: PartLabels) -> None:
        """Write the labels of a part, atomically."""
        with atomic_path(self._path(number)) as path, path.open("wb") as handle:
            np.savez(handle, preds=labels.preds, probs=labels.probs, read=[labels.read.fast, labels.read.embedded])

    def load(self, number: int) -> PartLabels | None:
        """Return the labels of part ``number``; None if there are none, or the file is damaged."""
        try:
            with np.load(self._path(number), allow_pickle=False) as archive:
                read = TextsRead(*map(int, archive["read"]))
                return PartLabels(archive["preds"], archive["probs"], read=read)
        except _UNREADABLE:
            return None

    def _path(self, number: int) -> Path:
        return self.folder / f"labels-{self.tag}-{number:06d}.npz"


_UNREADABLE = (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, BadZipFile, zlib.error, VoteError)
"""What a missing or damaged file may raise: it counts as missing, since it can be made again."""


_ALL = np.ones(0, bool)
"""In the place of the rows about which a labeling function was asked, where these are all."""


def _covers(there: PartVotes[T], here: PartVotes[T], key: str) -> bool:
    """Return whether votes that are kept have all of one labeling function that are here."""
    if key in there.complete_keys:
        return True
    return key in there.final_keys and key in here.asked and not (here.asked[key] & ~there.asked[key]).any()


def _name(number: int) -> str:
    return f"votes-{number:06d}.npz"


def _narrow(inverse: NDArray[np.int64], n_patterns: int) -> NDArray[Any]:
    return inverse.astype(np.min_scalar_type(max(0, n_patterns - 1)))
