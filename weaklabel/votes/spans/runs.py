"""Runs: the stretches of voted words that a corpus consists of, each different one once, with its count.

A word on which nobody votes says nothing about its neighbors, so that a text falls apart into runs of voted words. Few of
them differ, and their counts add up over parts of a corpus and over machines, as those of vote patterns do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import VoteError
from weaklabel.lf.spans.forest import Inner
from weaklabel.units.spans import Numbers

Tags = NDArray[np.int16]
"""What labeling functions say of words. 0: nothing; 1 + 2 * label: the first word of a span; 2 + 2 * label: a later word of
it; -1: no entity. Shape: [words, m]."""

NEGATIVE_TAG = -1


@dataclass(frozen=True, eq=False)
class Runs:
    """The different runs of voted words of a corpus, with counts, sorted by length and tags.

    Attributes
    ----------
    offsets : array
        The words of run ``r`` are ``offsets[r]`` to before ``offsets[r + 1]``. Shape: [u + 1].
    tags : array
        What each labeling function says of each word; see `Tags`. Shape: [n_run_words, m].
    counts : array
        How often each run occurs, at least once. Shape: [u].
    lf_names : tuple of str
        Names of the labeling functions. Length: m.
    labels : tuple of str
        Names of the labels that spans may end up with. Length: k.
    inner : tuple
        The inner labels of a hierarchy: name, and the numbers of its leaves; label ``k + i`` is ``inner[i]``.
    complete : tuple of bool
        Which labeling functions mark all that they know, so that their silence may count. Length: m.
    n_words, n_rows : int
        All words of the corpus, voted on or not, and its texts.
    run, first : array or None
        Where the runs occur, in order: which run, and its first word among all words of the votes. None where that is not
        kept, as in a table merged of parts. Shape: [o].
    """

    offsets: Numbers
    tags: Tags
    counts: Numbers
    lf_names: tuple[str, ...]
    labels: tuple[str, ...]
    inner: Inner = ()
    complete: tuple[bool, ...] = ()
    n_words: int = 0
    n_rows: int = 0
    run: Numbers | None = field(default=None, repr=False)
    first: Numbers | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.complete:
            object.__setattr__(self, "complete", (False,) * len(self.lf_names))

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def m(self) -> int:
        """Number of labeling functions."""
        return len(self.lf_names)

    @property
    def lengths(self) -> Numbers:
        """Words of each run. Shape: [u]."""
        return np.diff(self.offsets)

    @property
    def n_voted_words(self) -> int:
        """Words of the corpus with a vote."""
        return int(self.lengths @ self.counts)

    def of_run(self, run: int) -> Tags:
        """Return the tags of the words of a run. Shape: [words of the run, m]."""
        return self.tags[self.offsets[run] : self.offsets[run + 1]]

    def without_places(self) -> Runs:
        """Return them without where they occur, as for the sum over a corpus."""
        return replace(self, run=None, first=None)

    def only(self, lf_names: Sequence[str]) -> Runs:
        """Return the runs of these labeling functions alone, in this order, without their places.

        A run falls apart where only others voted.

        Raises
        ------
        VoteError
            There is no labeling function of a name.
        """
        missing = [name for name in lf_names if name not in self.lf_names]
        if missing:
            raise VoteError(f"there is no LF '{missing[0]}'; there are {', '.join(self.lf_names)}")
        chosen = [self.lf_names.index(name) for name in lf_names]
        tags = np.ascontiguousarray(self.tags[:, chosen])
        has_vote: NDArray[np.bool_] = np.asarray((tags > 0).any(axis=1))
        starts_run = np.zeros(len(tags) + 1, dtype=bool)
        starts_run[self.offsets] = True
        run_of = np.repeat(np.arange(len(self)), self.lengths)
        first, last = _stretches(has_vote, starts_run)
        complete = tuple(self.complete[place] for place in chosen)
        names = tuple(lf_names)
        cut = replace(self.without_places(), tags=tags, lf_names=names, complete=complete)
        return _counted(cut, _take(tags, first, last), last - first, self.counts[run_of[first]])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return tags and counts as arrays for ``numpy.savez``; names and labels are the owner's to keep."""
        return {
            "run_lengths": self.lengths,
            "run_tags": self.tags,
            "run_counts": self.counts,
            "run_size": np.array([self.n_words, self.n_rows], dtype=np.int64),
        }

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        lf_names: Sequence[str],
        labels: Sequence[str],
        inner: Inner = (),
        complete: Sequence[bool] = (),
    ) -> Runs:
        """Make what `to_arrays` was given.

        Raises
        ------
        VoteError
            The arrays are not from there, or of other labeling functions.
        """
        try:
            lengths, tags, counts = (arrays[f"run_{name}"] for name in ("lengths", "tags", "counts"))
            n_words, n_rows = arrays["run_size"].tolist()
        except (KeyError, ValueError) as error:
            raise VoteError(f"these arrays are not runs: {error!r}") from error
        if len(lengths) != len(counts) or tags.shape != (int(lengths.sum()), len(lf_names)):
            raise VoteError(f"tags of shape {tags.shape} are not those of {len(counts)} runs of {len(lf_names)} LFs")
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return cls(
            offsets,
            tags.astype(np.int16, copy=False),
            counts.astype(np.int64, copy=False),
            tuple(lf_names),
            tuple(labels),
            inner,
            tuple(complete),
            n_words,
            n_rows,
        )


def runs_of_tags(tags: Tags, places: Numbers, is_first: NDArray[np.bool_], like: Runs) -> Runs:
    """Return the different runs of voted words, with their places.

    Parameters
    ----------
    tags
        Of the voted words. Shape: [n_voted, m].
    places
        Which of all words these are, in order. Shape: [n_voted].
    is_first
        Whether each of them is the first word of its row. Shape: [n_voted].
    like
        Names, labels and sizes of the result.
    """
    starts = is_first | (np.diff(places, prepend=-2) > 1)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(places))[: len(first)]
    ones = np.ones(len(first), dtype=np.int64)
    counted = _counted(like, tags, last - first, ones)
    return replace(counted, first=places[first])


def merge_runs(tables: Sequence[Runs]) -> Runs:
    """Add up the runs of parts of a corpus. The order of the parts makes no difference.

    Raises
    ------
    VoteError
        There are none, or they are of different labeling functions or labels.
    """
    if not tables:
        raise VoteError("there are no runs to merge; give at least one table")
    first = tables[0]
    for table in tables[1:]:
        if (table.lf_names, table.labels, table.inner) != (first.lf_names, first.labels, first.inner):
            raise VoteError("runs of different labeling functions or labels cannot be merged")
    lengths = np.concatenate([table.lengths for table in tables])
    merged = _counted(
        first.without_places(),
        np.concatenate([table.tags for table in tables]),
        lengths,
        np.concatenate([table.counts for table in tables]),
    )
    sizes = [sum(table.n_words for table in tables), sum(table.n_rows for table in tables)]
    return replace(merged, run=None, n_words=sizes[0], n_rows=sizes[1])


def _counted(like: Runs, tags: Tags, lengths: Numbers, counts: Numbers) -> Runs:
    """Count runs that lie one behind the other in ``tags``; ``run`` says which of the results each is."""
    keys = np.ascontiguousarray((tags + np.int16(1)).astype(">u2"))  # bytes in the order of the numbers
    ends = np.cumsum(lengths)
    starts = ends - lengths
    run = np.empty(len(lengths), dtype=np.int64)
    chosen, totals, n_before = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for length in np.unique(lengths).tolist():
        of_length = np.flatnonzero(lengths == length)
        words = keys[starts[of_length][:, None] + np.arange(length)]
        row = words.reshape(len(of_length), -1).view(np.dtype((np.void, 2 * length * keys.shape[1]))).ravel()
        _, example, inverse = np.unique(row, return_index=True, return_inverse=True)
        run[of_length] = n_before + inverse
        total = np.zeros(len(example), dtype=np.int64)
        np.add.at(total, inverse, counts[of_length])
        chosen.append(of_length[example])
        totals.append(total)
        n_before += len(example)
    places = np.concatenate(chosen)
    offsets = np.concatenate([[0], np.cumsum(lengths[places])])
    return replace(
        like,
        offsets=offsets,
        tags=_take(tags, starts[places], ends[places]),
        counts=np.concatenate(totals),
        run=run,
        first=None,
    )


def _take(tags: Tags, first: Numbers, last: Numbers) -> Tags:
    """Return the words of some stretches, one behind the other."""
    lengths = last - first
    shift = np.cumsum(lengths) - lengths
    return tags[np.repeat(first - shift, lengths) + np.arange(int(lengths.sum()))]


def _stretches(voted: NDArray[np.bool_], starts: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Return begin and end of the stretches of voted words, which a start of a run ends, too."""
    before = np.append(False, voted[:-1])
    first = np.flatnonzero(voted & (~before | starts[:-1]))
    after = np.append(voted[1:], False)
    last = np.flatnonzero(voted & (~after | starts[1:])) + 1
    return first, last
