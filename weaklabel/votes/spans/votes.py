"""The votes of labeling functions that mark spans, stored as columns; words with no vote on them cost nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import NOT_ENTITY, check_label_names
from weaklabel.lf.spans.forest import Inner
from weaklabel.support.table import html_table
from weaklabel.units import Units, check_offsets
from weaklabel.units.spans import Numbers, Spans
from weaklabel.votes.matrix import Problems
from weaklabel.votes.spans.runs import NEGATIVE_TAG, Runs, Tags, runs_of_tags
from weaklabel.votes.spans.snapping import LFSpans, SpanCounts, no_spans, without_overlaps
from weaklabel.votes.spans.table import SpanTable


@dataclass(frozen=True, eq=False)
class SpanVotes:
    """What labeling functions marked in texts: each vote is a span of words with a label.

    A labeling function that marks nothing at a place says nothing about it.

    Attributes
    ----------
    spans : tuple of Spans
        Of each labeling function what it marked, counted in words; no two spans of one overlap. Length: m.
    offsets : array
        The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    lf_names : tuple of str
        Names of the labeling functions. Length: m.
    labels : tuple of str
        Names of the labels. Length: k.
    inner : tuple
        The inner labels of a hierarchy: name and the numbers of its leaves. Label ``k + i`` of a span is ``inner[i]``, and
        says that the span has one of these leaves.
    negatives : tuple of Spans
        Of each labeling function where it says that there is no entity; their label is 0. Length: m.
    complete : tuple of bool
        Which labeling functions mark all that they know, so that their silence may count. Length: m.
    counts : tuple of SpanCounts
        Of each labeling function, what was changed of what it marked. Length: m.
    problems : mapping
        By name, the labeling functions that failed on some rows; these count as rows without spans of theirs.
    words : Units or None
        Where the words are in the texts, in code points.
    texts : sequence of str or None
        The texts.

    Raises
    ------
    VoteError
        The parts do not fit together, or a span goes beyond the words of its row.
    """

    spans: tuple[Spans, ...]
    offsets: Numbers
    lf_names: tuple[str, ...]
    labels: tuple[str, ...]
    inner: Inner = ()
    negatives: tuple[Spans, ...] = ()
    complete: tuple[bool, ...] = ()
    counts: tuple[SpanCounts, ...] = field(default=(), repr=False)
    problems: Mapping[str, Problems] = field(default_factory=dict, repr=False)
    words: Units | None = field(default=None, repr=False)
    texts: Sequence[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        nowhere = no_spans(self.n_rows)
        for name, default in (("negatives", nowhere), ("complete", False), ("counts", SpanCounts())):
            if not getattr(self, name):
                object.__setattr__(self, name, (default,) * self.m)

    @classmethod
    def of(
        cls,
        spans: Sequence[Spans],
        offsets: ArrayLike,
        lf_names: Sequence[str],
        labels: Sequence[str],
        *,
        inner: Inner = (),
        negatives: Sequence[Spans] | None = None,
        complete: Sequence[bool] | None = None,
        words: Units | None = None,
        texts: Sequence[str] | None = None,
    ) -> SpanVotes:
        """Check and keep the votes; see the attributes.

        Where spans of one labeling function overlap, the longest stays, then the earlier, then that with the lower label.

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
        for what, given in (("negatives", negatives), ("complete", complete)):
            if given is not None and len(given) != len(lf_names):
                raise VoteError(
                    f"{what} has a length of {len(given)}, but there are {len(lf_names)} labeling functions"
                )
        places = np.asarray(offsets)
        checked = check_offsets(places, int(places[-1]) if places.size else 0)
        lengths = np.diff(checked)
        for lf, name in zip((*spans, *(negatives or ())), (*lf_names, *lf_names), strict=False):
            if lf.n_rows != len(lengths):
                raise VoteError(f"LF '{name}' marked {lf.n_rows} rows, but there are {len(lengths)}")
            if len(lf) and lf.label.max() >= len(names) + len(inner):
                raise VoteError(
                    f"LF '{name}' gives label {lf.label.max()}, but there are {len(names) + len(inner)} labels"
                )
            beyond = np.flatnonzero(lf.end > lengths[lf.row])
            if len(beyond):
                row, end = int(lf.row[beyond[0]]), int(lf.end[beyond[0]])
                raise VoteError(f"LF '{name}', row {row}: a span ends after word {end}, but the row has {lengths[row]}")
        nowhere = no_spans(len(lengths))
        columns = [
            _flat(of_lf, nowhere if negatives is None else negatives[number], checked)
            for number, of_lf in enumerate(spans)
        ]
        return cls.of_table(
            SpanTable(checked, tuple(columns)),
            lf_names,
            names,
            inner=inner,
            complete=complete,
            words=words,
            texts=texts,
        )

    @classmethod
    def of_table(
        cls,
        table: SpanTable,
        lf_names: Sequence[str],
        labels: Sequence[str],
        *,
        inner: Inner = (),
        complete: Sequence[bool] | None = None,
        problems: Mapping[str, Problems] | None = None,
        words: Units | None = None,
        texts: Sequence[str] | None = None,
    ) -> SpanVotes:
        """Give the columns of a table their names."""
        return cls(
            tuple(column.spans for column in table.columns),
            table.offsets,
            tuple(lf_names),
            tuple(labels),
            inner,
            tuple(column.negatives for column in table.columns),
            tuple(complete or ()),
            tuple(column.counts for column in table.columns),
            problems or {},
            words,
            texts,
        )

    @property
    def table(self) -> SpanTable:
        """The votes without names."""
        columns = map(LFSpans, self.spans, self.negatives, self.counts)
        return SpanTable(self.offsets, tuple(columns))

    @property
    def m(self) -> int:
        """Number of labeling functions."""
        return len(self.spans)

    @property
    def n_rows(self) -> int:
        """Number of texts."""
        return len(self.offsets) - 1

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Names of all labels that a vote may have, by their numbers: the leaves, then the inner ones."""
        return (*self.labels, *(name for name, _ in self.inner))

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
        table, names = self.table.only(chosen), tuple(lf_names)
        return SpanVotes.of_table(
            table,
            names,
            self.labels,
            inner=self.inner,
            complete=[self.complete[lf] for lf in chosen],
            problems={name: self.problems[name] for name in names if name in self.problems},
            words=self.words,
            texts=self.texts,
        )

    def proposals(self) -> tuple[Spans, Numbers]:
        """Return the different spans that were voted for, and how many labeling functions voted for each. Shape: [n]."""
        table = [np.stack([lf.row, lf.begin, lf.end, lf.label], axis=1) for lf in self.spans]
        rows = np.concatenate([np.empty((0, 4), np.int64), *table])
        rows = rows[np.lexsort(rows.T[::-1])]
        is_new = np.append(True, (rows[1:] != rows[:-1]).any(axis=1)) if len(rows) else np.empty(0, bool)
        starts = np.flatnonzero(is_new)
        row, begin, end, label = (np.ascontiguousarray(column) for column in rows[starts].T)
        return Spans(row, begin, end, label, self.n_rows), np.diff(starts, append=len(rows))

    def word_counts(self) -> NDArray[np.int16]:
        """Return how many labeling functions voted for each label of each word. Shape: [n_words, k].

        A vote for an inner label of a hierarchy counts for each of its leaves.
        """
        n, k = int(self.offsets[-1]), len(self.labels)
        counts = np.zeros((n, k), dtype=np.int16)
        leaves = [(label,) for label in range(k)] + [leaf_numbers for _, leaf_numbers in self.inner]
        for lf in self.spans:
            place, label, _ = _words_of(lf, self.offsets)
            for number in np.unique(label).tolist():
                for leaf in leaves[number]:
                    counts[place[label == number], leaf] += 1
        return counts

    def runs(self) -> Runs:
        """Return the different runs of voted words with their counts, and where they occur."""
        voted = np.zeros(int(self.offsets[-1]), dtype=bool)
        of_lfs = [_words_of(lf, self.offsets) for lf in self.spans]
        for place, _, _ in of_lfs:
            voted[place] = True
        places = np.flatnonzero(voted)
        number = np.cumsum(voted, dtype=np.int64) - 1
        tags: Tags = np.zeros((len(places), self.m), dtype=np.int16)
        for lf, (place, label, is_first) in enumerate(of_lfs):
            tags[number[place], lf] = 2 + 2 * label - is_first
        for lf, negatives in enumerate(self.negatives):
            place = _words_of(negatives, self.offsets)[0]
            tags[number[place[voted[place]]], lf] = NEGATIVE_TAG
        starts_row = np.zeros(len(voted) + 1, dtype=bool)
        starts_row[self.offsets[:-1]] = True
        none = np.empty(0, np.int64)
        like = Runs(none, tags, none, self.lf_names, self.labels, self.inner, self.complete, len(voted), self.n_rows)
        return runs_of_tags(tags, places, starts_row[places], like)

    def _repr_html_(self) -> str:
        n_words = max(1, int(self.offsets[-1]))
        rows = [
            (name, len(spans), int((spans.end - spans.begin).sum()) / n_words, len(negatives))
            for name, spans, negatives in zip(self.lf_names, self.spans, self.negatives, strict=True)
        ]
        title = (
            f"Spans that {self.m} labeling functions mark in {self.n_rows:,} texts of {int(self.offsets[-1]):,} words"
        )
        columns = ["labeling function", "spans", "share of words", "not an entity"]
        return html_table(rows, columns, title=title, total=self.m, bars=["share of words"])


def _words_of(spans: Spans, offsets: Numbers) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Return the words that spans cover: place among all words, label of the span, whether it is its first word."""
    lengths = spans.end - spans.begin
    first = offsets[spans.row] + spans.begin
    shift = np.cumsum(lengths) - lengths
    place = np.repeat(first - shift, lengths) + np.arange(int(lengths.sum()))
    is_first = np.zeros(len(place), dtype=bool)
    is_first[shift] = True
    return place, np.repeat(spans.label, lengths), is_first


def _flat(spans: Spans, negatives: Spans, offsets: Numbers) -> LFSpans:
    """Return the votes of one labeling function without overlaps."""
    tables = [
        np.stack([offsets[each.row] + each.begin, offsets[each.row] + each.end, label], axis=1)
        for each, label in ((spans, spans.label), (negatives, np.full(len(negatives), NOT_ENTITY, np.int64)))
    ]
    table, n_overlapped = without_overlaps(np.concatenate(tables))
    begin, end, label = table.T
    row = np.searchsorted(offsets, begin, side="right") - 1
    counts = SpanCounts(overlapped=n_overlapped)
    return LFSpans.of_columns(row, begin - offsets[row], end - offsets[row], label, len(offsets) - 1, counts)
