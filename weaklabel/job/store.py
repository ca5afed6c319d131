"""The votes of a corpus on disk, part by part: the journal of a run under way, and the cache of later ones."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Reject
from weaklabel.corpus.parts import Part
from weaklabel.job.identity import ONCE
from weaklabel.support.files import atomic_path
from weaklabel.votes import Problem, Problems, VotePatterns, vote_patterns

FORMAT = "weaklabel part 1"

MOST_LFS = 256
"""Labeling functions up to which votes that are not asked for now are kept for another time."""


@dataclass(frozen=True)
class PartVotes:
    """The votes on a part of a corpus.

    Attributes
    ----------
    part
        Which part.
    keys
        Fingerprints of the labeling functions. Length: m.
    table
        The votes as patterns, with the pattern of each row. Shape: [n, m].
    problems
        What went wrong, by key.
    rejects
        Records of the part that could not be read.
    """

    part: Part
    keys: tuple[str, ...]
    table: VotePatterns
    problems: Mapping[str, Problems]
    rejects: Sequence[Reject]

    def of(self, keys: Sequence[str]) -> VotePatterns:
        """Return the votes of the labeling functions ``keys``, in that order, as patterns."""
        if tuple(keys) == self.keys:
            return self.table
        # Patterns that differ in other labeling functions only become one.
        chosen = vote_patterns(self.table.patterns[:, [self.keys.index(key) for key in keys]])
        inverse = chosen.rows()[self.table.rows()]
        return VotePatterns(chosen.patterns, np.bincount(inverse, minlength=len(chosen)), inverse)

    def united(self, other: PartVotes | None) -> PartVotes:
        """Return these votes and what ``other`` knows besides of the same part, the newest first, as far as it goes."""
        if other is None or other.part != self.part:
            return self
        more = [key for key in other.keys if key not in self.keys and not key.startswith(ONCE)]
        more = more[: max(0, MOST_LFS - len(self.keys))]
        problems = {**{key: other.problems[key] for key in more if key in other.problems}, **self.problems}
        table = _side_by_side(self.table, other.of(more)) if more else self.table
        return PartVotes(self.part, (*self.keys, *more), table, problems, self.rejects)


class VoteStore:
    """A folder with a file for each part of a corpus.

    Parameters
    ----------
    folder
        Where parts are written, and looked for first.
    earlier
        Where parts of earlier runs may be found; only read.
    corpus
        Identity of the corpus; parts of another one are not found.
    """

    def __init__(self, folder: Path, corpus: str, earlier: Path | None = None) -> None:
        self.folder = folder
        self.corpus = corpus
        self.earlier = earlier

    def load(self, number: int) -> PartVotes | None:
        """Return what is known of part ``number``: the votes of any labeling functions, or None."""
        found = [self._read(folder / _name(number)) for folder in (self.folder, self.earlier) if folder]
        known = [votes for votes in found if votes is not None]
        return known[0].united(known[1] if len(known) > 1 else None) if known else None

    def adopt(self, number: int) -> None:
        """Take a part that only an earlier run left into this folder, so that nobody removes it meanwhile."""
        here = self.folder / _name(number)
        if self.earlier is not None and not here.exists():
            with atomic_path(here) as path:
                shutil.copyfile(self.earlier / _name(number), path)

    def save(self, votes: PartVotes) -> None:
        """Write the votes on a part, atomically."""
        header = {
            "format": FORMAT,
            "corpus": self.corpus,
            "part": votes.part.to_dict(),
            "keys": votes.keys,
            "problems": {key: asdict(found) for key, found in votes.problems.items()},
            "rejects": [asdict(reject) for reject in votes.rejects],
        }
        arrays: dict[str, Any] = {
            "header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            "inverse": _narrow(votes.table.rows(), len(votes.table)),
            **votes.table.to_arrays(),
        }
        with atomic_path(self.folder / _name(votes.part.number)) as path, path.open("wb") as handle:
            np.savez(handle, **arrays)

    def discard(self) -> None:
        """Remove the votes of the run under way: they may be a mix of what was before a change and behind it."""
        for path in self.folder.glob("votes-*.npz"):
            path.unlink(missing_ok=True)

    def _read(self, path: Path) -> PartVotes | None:
        try:
            with np.load(path, allow_pickle=False) as archive:
                header = json.loads(archive["header"].tobytes())
                if (header["format"], header["corpus"]) != (FORMAT, self.corpus):
                    return None
                found = VotePatterns.from_arrays(archive)
                table = VotePatterns(found.patterns, found.counts, archive["inverse"].astype(np.int64))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, BadZipFile, zlib.error):
            return None  # damaged: as good as not there, since it can be made again
        return PartVotes(
            Part.from_dict(header["part"]),
            tuple(header["keys"]),
            table,
            {key: _problems(found) for key, found in header["problems"].items()},
            [Reject(**reject) for reject in header["rejects"]],
        )


def _name(number: int) -> str:
    return f"votes-{number:06d}.npz"


def _side_by_side(left: VotePatterns, right: VotePatterns) -> VotePatterns:
    """Return the patterns of the same rows with the labeling functions of both."""
    pairs, inverse = np.unique(left.rows() * len(right) + right.rows(), return_inverse=True)
    of_left, of_right = np.divmod(pairs, max(1, len(right)))
    patterns = np.concatenate([left.patterns[of_left], right.patterns[of_right]], axis=1)
    return VotePatterns(np.asfortranarray(patterns), np.bincount(inverse, minlength=len(pairs)), inverse)


def _narrow(inverse: NDArray[np.int64], n_patterns: int) -> NDArray[Any]:
    return inverse.astype(np.min_scalar_type(max(0, n_patterns - 1)))


def _problems(found: dict[str, Any]) -> Problems:
    return Problems(found["count"], tuple(Problem(**problem) for problem in found["first"]))
