"""The votes of labeling functions that mark spans, stored as columns; words with no vote on them cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import check_label_names
from weaklabel.units import check_offsets
from weaklabel.units.spans import Numbers, Spans


@dataclass(frozen=True, eq=False)
class SpanVotes:
    """What labeling functions marked in texts: each vote is a span of words with a label.

    A labeling function that marks nothing at a place says nothing about it.

    Attributes
    ----------
    spans : tuple of Spans
        Of each labeling function what it marked, counted in words. Length: m.
    offsets : array
        The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    lf_names : tuple of str
        Names of the labeling functions. Length: m.
    labels : tuple of str
        Names of the labels. Length: k.

    Raises
    ------
    VoteError
        The parts do not fit together, or a span goes beyond the words of its row.
    """

    spans: tuple[Spans, ...]
    offsets: Numbers
    lf_names: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(
        cls, spans: Sequence[Spans], offsets: ArrayLike, lf_names: Sequence[str], labels: Sequence[str]
    ) -> SpanVotes:
        """Check and keep the votes; see the attributes.

        Examples
        --------
        >>> gazetteer, pattern = Spans.of_rows([[(0, 2, 0)]]), Spans.of_rows([[(0, 2, 0), (3, 4, 1)]])
        >>> votes = SpanVotes.of([gazetteer, pattern], [0, 5], ["gazetteer", "pattern"], ["PER", "LOC"])
        >>> spans, counts = votes.proposals()
        >>> spans.of_row(0), counts.tolist()
        ([(0, 2, 0), (3, 4, 1)], [2, 1])
        """
        names = check_label_names(labels, "votes")
        if len(spans) != len(lf_names):
            raise VoteError(f"there are spans of {len(spans)} labeling functions, but {len(lf_names)} names")
        places = np.asarray(offsets)
        checked = check_offsets(places, int(places[-1]) if places.size else 0)
        lengths = np.diff(checked)
        for lf, name in zip(spans, lf_names, strict=True):
            if lf.n_rows != len(lengths):
                raise VoteError(f"LF '{name}' marked {lf.n_rows} rows, but there are {len(lengths)}")
            if len(lf) and lf.label.max() >= len(names):
                raise VoteError(f"LF '{name}' gives label {lf.label.max()}, but there are {len(names)} labels")
            beyond = np.flatnonzero(lf.end > lengths[lf.row])
            if len(beyond):
                row, end = int(lf.row[beyond[0]]), int(lf.end[beyond[0]])
                raise VoteError(f"LF '{name}', row {row}: a span ends after word {end}, but the row has {lengths[row]}")
        return cls(tuple(spans), checked, tuple(lf_names), tuple(names))

    @property
    def m(self) -> int:
        """Number of labeling functions."""
        return len(self.spans)

    @property
    def n_rows(self) -> int:
        """Number of texts."""
        return len(self.offsets) - 1

    def only(self, lf_names: Sequence[str]) -> SpanVotes:
        """Return the votes of these labeling functions, in this order.

        Raises
        ------
        VoteError
            There is no labeling function of a name.
        """
        missing = [name for name in lf_names if name not in self.lf_names]
        if missing:
            raise VoteError(f"there is no LF '{missing[0]}'; there are {', '.join(self.lf_names)}")
        chosen = [self.lf_names.index(name) for name in lf_names]
        return SpanVotes(tuple(self.spans[lf] for lf in chosen), self.offsets, tuple(lf_names), self.labels)

    def proposals(self) -> tuple[Spans, Numbers]:
        """Return the different spans that were voted for, and how many labeling functions voted for each. Shape: [n]."""
        table = [np.stack([lf.row, lf.begin, lf.end, lf.label], axis=1) for lf in self.spans]
        rows = np.concatenate([np.empty((0, 4), np.int64), *table])
        different, counts = np.unique(rows, axis=0, return_counts=True)
        row, begin, end, label = (np.ascontiguousarray(column) for column in different.T)
        return Spans(row, begin, end, label, self.n_rows), counts

    def word_counts(self) -> NDArray[np.int16]:
        """Return how many labeling functions voted for each label of each word. Shape: [n_words, k]."""
        n, k = int(self.offsets[-1]), len(self.labels)
        counts = np.zeros((n, k), dtype=np.int16)
        for lf in self.spans:
            # Spans of one labeling function may overlap, and are one vote where they do.
            change = np.zeros((n + 1, k), dtype=np.int32)
            first = self.offsets[lf.row]
            np.add.at(change, (first + lf.begin, lf.label), 1)
            np.add.at(change, (first + lf.end, lf.label), -1)
            counts += np.cumsum(change[:-1], axis=0) > 0
        return counts
