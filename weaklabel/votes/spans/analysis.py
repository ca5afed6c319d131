"""Statistics of labeling functions that mark spans: coverage, overlaps, precision and recall, and what they mark most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import VoteError
from weaklabel.support.table import html_table, table
from weaklabel.units import Units, in_code_points
from weaklabel.units.spans import Numbers, Spans, overlap_blocks, overlap_pairs
from weaklabel.votes.analysis import Floats, plain_value, ratio
from weaklabel.votes.spans.votes import SpanVotes

RELATIONS = ("exact", "exact, other label", "partial", "partial, other label")
"""How a span lies to one of another labeling function that it overlaps: same or other places, with a label that fits or not."""

OUTCOMES = ("right", "type", "boundary", "type and boundary", "spurious")
"""What a span is by gold: right; at the places of a gold span with another label; over a gold span of its label at other
places; over one of another label at other places; over none."""

CHANGES = ("snapped", "overlapped", "blank")
"""What is changed of spans: those that cut a word take all of it; those that overlap a longer one of their labeling function,
and those of white space alone, are left out."""

SHOWN_STRINGS = 10
"""Most frequent strings of a labeling function that are shown."""


@dataclass(frozen=True, eq=False)
class SpanLFAnalysis:
    """Statistics of labeling functions that mark spans; made by `analyze_spans`, and added up over parts of a corpus with +.

    Attributes
    ----------
    lf_names
        Names of the labeling functions. Length: m.
    labels, inner
        Names of the labels; and of those above them in a hierarchy the names, and the numbers of the labels that each
        includes. The latter are numbered after the former; all together are l.
    n_rows, n_words
        Texts and words.
    rows_covered, words_covered, words_overlapped, words_conflicted
        Texts and words with a vote, words with votes of several labeling functions, and words with labels that exclude each
        other.
    label_spans : array
        Spans of each labeling function by label. Shape: [m, l].
    rows, words : array
        Texts and words on which each labeling function votes. Shape: [m].
    relations : array
        Spans of each labeling function that overlap one of another labeling function, in the order of `RELATIONS`; a span
        counts once in each. Shape: [m, 4].
    alone : array
        Spans that overlap none of another labeling function. Shape: [m].
    conflicts : array
        Spans that overlap one of another labeling function whose label excludes theirs. Shape: [m].
    pairs : array
        Pairs of overlapping spans of two labeling functions, in the order of `RELATIONS`. Shape: [m, m, 4].
    negatives : array
        Spans of which each labeling function says that they are no entity. Shape: [m].
    outcomes : array or None
        Spans by gold, in the order of `OUTCOMES`; in texts with gold only. Shape: [m, 5].
    gold_spans, gold_found : array or None
        Gold spans by label, and those that each labeling function marks exactly, with their label or one that includes it.
        Shape: [l], [m, l].
    strings : tuple of Counter or None
        How often each labeling function marks each string with each label: by (string, label number), white space as one
        blank. None where texts were not given. Length: m.
    changes : array
        What was changed of the spans of each labeling function, in the order of `CHANGES`. Shape: [m, 3].
    failures : mapping
        On how many rows labeling functions failed, by name.
    """

    lf_names: tuple[str, ...]
    labels: tuple[str, ...]
    inner: tuple[tuple[str, tuple[int, ...]], ...]
    n_rows: int
    n_words: int
    rows_covered: int
    words_covered: int
    words_overlapped: int
    words_conflicted: int
    label_spans: Numbers
    rows: Numbers
    words: Numbers
    relations: Numbers
    alone: Numbers
    conflicts: Numbers
    pairs: Numbers
    negatives: Numbers
    outcomes: Numbers | None
    gold_spans: Numbers | None
    gold_found: Numbers | None
    strings: tuple[Counter[tuple[str, int]], ...] | None
    changes: Numbers
    failures: Mapping[str, int]

    @property
    def m(self) -> int:
        """Number of labeling functions."""
        return len(self.lf_names)

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Names of all labels that votes may have. Length: l."""
        return (*self.labels, *(name for name, _ in self.inner))

    @property
    def spans(self) -> Numbers:
        """Spans of each labeling function. Shape: [m]."""
        return self.label_spans.sum(axis=1)

    @property
    def conflict_share(self) -> float:
        """Share of the words with a vote whose labels exclude each other; NaN where no word has a vote."""
        return self.words_conflicted / self.words_covered if self.words_covered else np.nan

    def precision(self) -> Floats | None:
        """Return the share of each labeling function's spans that are right, NaN where it has none; None without gold."""
        if self.outcomes is None:
            return None
        return ratio(self.outcomes[:, 0], self.outcomes.sum(axis=1), np.nan)

    def recall(self) -> Floats | None:
        """Return the share of gold spans that each labeling function marks, of the labels that it gives; None without gold.

        NaN where gold has no span of these labels. Shape: [m].
        """
        if self.gold_spans is None or self.gold_found is None:
            return None
        gives, leaves = self.gold_found > 0, leaves_of(self.labels, self.inner)
        for place in range(self.m):
            for label in np.flatnonzero(self.label_spans[place]):
                gives[place, list(leaves[label])] = True
        return ratio((self.gold_found * gives).sum(axis=1), gives @ self.gold_spans, np.nan)

    def most_frequent(self, lf: str, n: int = SHOWN_STRINGS) -> list[tuple[str, str, int]]:
        """Return the strings that a labeling function marks most often: string, label, and how often.

        Raises
        ------
        VoteError
            There is no such labeling function, or texts were not given.
        """
        if lf not in self.lf_names:
            raise VoteError(f"there is no LF '{lf}'; there are {', '.join(self.lf_names)}")
        if self.strings is None:
            raise VoteError("strings were not counted: give analyze_spans the texts")
        counts = self.strings[self.lf_names.index(lf)]
        first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n]
        return [(string, self.all_labels[label], count) for (string, label), count in first]

    def __add__(self, other: SpanLFAnalysis) -> SpanLFAnalysis:
        """Return the analysis of the texts of both."""
        if (self.lf_names, self.labels, self.inner) != (other.lf_names, other.labels, other.inner):
            raise VoteError("analyses of different labeling functions or labels cannot be added up")
        for name in ("outcomes", "strings"):
            if (getattr(self, name) is None) != (getattr(other, name) is None):
                raise VoteError("only one of two analyses has gold, or texts; give them to both")
        sums: dict[str, Any] = {
            name: getattr(self, name) + getattr(other, name)
            for name in (*_COUNTS, *_GOLD_COUNTS)
            if getattr(self, name) is not None
        }
        if self.strings is not None and other.strings is not None:
            sums["strings"] = tuple(mine + theirs for mine, theirs in zip(self.strings, other.strings, strict=True))
        return replace(self, **sums, failures=dict(Counter(self.failures) + Counter(other.failures)))

    def records(self) -> list[dict[str, Any]]:
        """Return the figures of each labeling function; None where there is none."""
        columns = self._columns()
        rows = zip(*columns.values(), strict=True)
        return [dict(zip(columns, (plain_value(value) for value in row), strict=True)) for row in rows]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has: the corpus, and a dict for each labeling function."""
        lfs = self.records()
        for place, (record, name) in enumerate(zip(lfs, self.lf_names, strict=True)):
            record["labels"] = _by_name(self.all_labels, self.label_spans[place])
            if self.outcomes is not None:
                record["outcomes"] = _by_name(OUTCOMES, self.outcomes[place], zeros=True)
            if self.strings is not None:
                record["strings"] = [
                    {"string": string, "label": label, "count": count}
                    for string, label, count in self.most_frequent(name)
                ]
            record["others"] = {
                other: _by_name(RELATIONS, counts)
                for other, counts in zip(self.lf_names, self.pairs[place], strict=True)
                if counts.any()
            }
            record["failed_rows"] = self.failures.get(name, 0)
            record["changes"] = _by_name(CHANGES, self.changes[place], zeros=True)
        return {
            "rows": self.n_rows,
            "words": self.n_words,
            "rows_covered": self.rows_covered,
            "words_covered": self.words_covered,
            "words_overlapped": self.words_overlapped,
            "words_conflicted": self.words_conflicted,
            "conflict_share": plain_value(self.conflict_share),
            "gold_spans": None if self.gold_spans is None else _by_name(self.labels, self.gold_spans),
            "lfs": lfs,
        }

    @property
    def title(self) -> str:
        """The whole corpus in a line."""
        rows = _share(self.rows_covered, self.n_rows)
        parts = [f"{self.n_rows:,} texts, {self.n_words:,} words: {rows} of the texts have a span"]
        if self.words_covered:
            parts.append(
                f"{_share(self.words_covered, self.n_words)} of the words are in one; of these, "
                f"{_share(self.words_overlapped, self.words_covered)} are in spans of several labeling functions, and "
                f"{_share(self.words_conflicted, self.words_covered)} have labels that exclude each other"
            )
        if self.gold_spans is not None:
            parts.append(f"{int(self.gold_spans.sum()):,} gold spans")
        return "; ".join(parts)

    def shown(self) -> tuple[list[str], list[list[Any]]]:
        """Return `records` as a table: names of columns, and rows."""
        columns = list(self._columns())
        return columns, [[record[name] for name in columns] for record in self.records()]

    def to_text(self, strings: bool = True) -> str:
        """Return it as tables; "-" where there is no figure."""
        columns, rows = self.shown()
        parts = [self.title, table(rows, columns)]
        if strings and self.strings is not None:
            parts.append(table(self._string_rows(), ["LF", "most frequent strings"]))
        return "\n\n".join(parts)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        columns, rows = self.shown()
        page = html_table(rows, columns, title=self.title, bars=["Texts", "Words", "Precision", "Recall"])
        if self.strings is not None:
            page += html_table(self._string_rows(), ["LF", "most frequent strings"])
        return page

    def _string_rows(self) -> Iterator[tuple[str, str]]:
        for name in self.lf_names:
            strings = self.most_frequent(name)
            yield name, ", ".join(f"{string} ({count:,})" for string, _, count in strings)

    def _columns(self) -> dict[str, Any]:
        spans = self.spans
        columns: dict[str, Any] = {
            "LF": list(self.lf_names),
            "Labels": [", ".join(_by_name(self.all_labels, counts)) or None for counts in self.label_spans],
            "Spans": spans,
            "Texts": ratio(self.rows, np.full(self.m, self.n_rows), np.nan),
            "Words": ratio(self.words, np.full(self.m, self.n_words), np.nan),
            "Exact": self.relations[:, 0],
            "Partial": self.relations[:, 2],
            "Other label": self.conflicts,
            "Alone": self.alone,
        }
        optional = {
            "No entity": self.negatives,
            **dict(zip(("Snapped", "Overlapped", "Blank"), self.changes.T, strict=True)),
        }
        optional["Failed"] = np.array([self.failures.get(name, 0) for name in self.lf_names])
        columns |= {name: counts for name, counts in optional.items() if counts.any()}
        if self.outcomes is not None:
            columns |= {"Right": self.outcomes[:, 0], "Precision": self.precision(), "Recall": self.recall()}
        return columns


_COUNTS = (
    "n_rows", "n_words", "rows_covered", "words_covered", "words_overlapped", "words_conflicted", "label_spans", "rows",
    "words", "relations", "alone", "conflicts", "pairs", "negatives", "changes",
)  # fmt: skip
_GOLD_COUNTS = ("outcomes", "gold_spans", "gold_found")


def leaves_of(labels: Sequence[str], inner: Sequence[tuple[str, tuple[int, ...]]]) -> list[tuple[int, ...]]:
    """Return of each label, those above others last, the numbers of the labels that it includes. Length: l."""
    return [*((number,) for number in range(len(labels))), *(leaves for _, leaves in inner)]


def _includes(labels: Sequence[str], inner: Sequence[tuple[str, tuple[int, ...]]]) -> NDArray[np.bool_]:
    """Return which labels each label includes. Shape: [l, k]."""
    leaves = leaves_of(labels, inner)
    table = np.zeros((len(leaves), len(labels)), dtype=bool)
    for number, included in enumerate(leaves):
        table[number, list(included)] = True
    return table


def analyze_spans(
    votes: SpanVotes,
    gold: Spans | None = None,
    *,
    has_gold: NDArray[np.bool_] | None = None,
    texts: Sequence[str] | None = None,
    words: Units | None = None,
) -> SpanLFAnalysis:
    """Count what labeling functions mark.

    Parameters
    ----------
    votes
        What they marked. Length: n.
    gold
        Gold spans of the same texts, in words.
    has_gold
        The texts whose gold is known; by default all. Shape: [n].
    texts
        The texts, for the most frequent strings; by default those of the votes, if these have any. Length: n.
    words
        Where the words are in the texts; by default those of the votes.

    Raises
    ------
    VoteError
        ``gold``, ``has_gold``, ``texts`` or ``words`` are of other texts.

    Examples
    --------
    >>> names, places = Spans.of_rows([[(0, 2, 0), (3, 4, 0)], []]), Spans.of_rows([[(3, 4, 1)], []])
    >>> votes = SpanVotes.of([names, places], [0, 5, 8], ["names", "places"], ["PER", "LOC"])
    >>> analysis = analyze_spans(votes, gold=Spans.of_rows([[(0, 2, 0), (3, 4, 1)], [(0, 1, 1)]]))
    >>> analysis.precision(), analysis.recall(), analysis.conflicts
    (array([0.5, 1. ]), array([1. , 0.5]), array([1, 1]))
    """
    texts, words = votes.texts if texts is None else texts, votes.words if words is None else words
    _check_sizes(votes, gold, has_gold, texts, words)
    inner = votes.inner
    includes = _includes(votes.labels, inner)
    compatible = (includes.astype(np.int64) @ includes.T) > 0
    spans, lf = _all_spans(votes)
    m, n_labels = votes.m, len(includes)
    cells = lf * n_labels + spans.label
    outcomes, gold_spans, gold_found = None, None, None
    if gold is not None:
        of_known = np.ones(votes.n_rows, dtype=bool) if has_gold is None else np.asarray(has_gold, dtype=bool)
        known = gold.take(of_known[gold.row])
        outcomes, gold_found = _judge(spans, lf, m, known, of_known, includes)
        gold_spans = np.bincount(known.label, minlength=len(votes.labels))
    relations, conflicts, alone, pairs = _relations(spans, lf, m, compatible)
    return SpanLFAnalysis(
        lf_names=votes.lf_names,
        labels=votes.labels,
        inner=inner,
        n_rows=votes.n_rows,
        n_words=int(votes.offsets[-1]),
        rows_covered=len(np.unique(spans.row)),
        **_word_counts(spans, lf, m, votes.offsets, compatible),
        label_spans=np.bincount(cells, minlength=m * n_labels).reshape(m, n_labels),
        rows=np.array([len(np.unique(each.row)) for each in votes.spans], dtype=np.int64),
        relations=relations,
        alone=alone,
        conflicts=conflicts,
        pairs=pairs,
        negatives=np.array([len(each) for each in votes.negatives], dtype=np.int64),
        outcomes=outcomes,
        gold_spans=gold_spans,
        gold_found=gold_found,
        strings=None if texts is None or words is None else tuple(_strings(each, texts, words) for each in votes.spans),
        changes=np.array([[getattr(each, name) for name in CHANGES] for each in votes.counts]).reshape(m, len(CHANGES)),
        failures={name: each.count for name, each in votes.problems.items() if each.count},
    )


def _check_sizes(
    votes: SpanVotes,
    gold: Spans | None,
    has_gold: NDArray[np.bool_] | None,
    texts: Sequence[str] | None,
    words: Units | None,
) -> None:
    sizes = {
        "gold": None if gold is None else gold.n_rows,
        "has_gold": None if has_gold is None else len(has_gold),
        "texts": None if texts is None else len(texts),
        "words": None if words is None else words.n_rows,
    }
    for name, size in sizes.items():
        if size is not None and size != votes.n_rows:
            raise VoteError(
                f"{name} of {size} texts, but there are votes on {votes.n_rows}; give those of the same texts"
            )
    if words is not None and not np.array_equal(words.offsets, votes.offsets):
        raise VoteError("words are others than those of the votes; give those that the votes count")
    if gold is not None and len(gold) and gold.label.max() >= len(votes.labels):
        raise VoteError(f"gold has label {gold.label.max()}, but there are {len(votes.labels)} labels")


def _all_spans(votes: SpanVotes) -> tuple[Spans, Numbers]:
    """Return the spans of all labeling functions, sorted, and whose each is. Shape: [n]."""
    columns = [
        np.concatenate([np.empty(0, np.int64), *(getattr(each, name) for each in votes.spans)])
        for name in ("row", "begin", "end", "label")
    ]
    lf = np.repeat(np.arange(votes.m), [len(each) for each in votes.spans])
    order = np.lexsort((lf, *columns[::-1]))
    row, begin, end, label = (column[order] for column in columns)
    return Spans(row, begin, end, label, votes.n_rows), lf[order]


def _word_counts(spans: Spans, lf: Numbers, m: int, offsets: Numbers, compatible: NDArray[np.bool_]) -> dict[str, Any]:
    """Count the words with votes: of each labeling function, with several of them, and with labels that exclude each other."""
    lengths = spans.end - spans.begin
    first = offsets[spans.row] + spans.begin
    word = np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
    of_lf = np.unique(word * m + np.repeat(lf, lengths)) if len(word) else word
    covered, n_lfs = np.unique(of_lf // max(m, 1), return_counts=True)
    n_labels = len(compatible)
    of_label = np.unique(word * n_labels + np.repeat(spans.label, lengths))
    place, n_of_word = np.unique(of_label // n_labels, return_counts=True)
    several = np.isin(of_label // n_labels, place[n_of_word > 1])
    has_label = np.zeros((int((n_of_word > 1).sum()), n_labels), dtype=bool)
    has_label[np.searchsorted(place[n_of_word > 1], of_label[several] // n_labels), of_label[several] % n_labels] = True
    excluded = (has_label.astype(np.int64) @ ~compatible) * has_label
    return {
        "words": np.bincount(of_lf % max(m, 1), minlength=m),
        "words_covered": len(covered),
        "words_overlapped": int((n_lfs > 1).sum()),
        "words_conflicted": int((excluded > 0).any(axis=1).sum()),
    }


def _relations(
    spans: Spans, lf: Numbers, m: int, compatible: NDArray[np.bool_]
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return relations [m, 4], conflicts [m], spans alone [m] and pairs [m, m, 4]."""
    has = np.zeros((len(spans), len(RELATIONS)), dtype=bool)
    pairs = np.zeros(m * m * len(RELATIONS), dtype=np.int64)
    for left, right in overlap_blocks(spans, spans):
        others = lf[left] != lf[right]
        left, right = left[others], right[others]
        exact = (spans.begin[left] == spans.begin[right]) & (spans.end[left] == spans.end[right])
        relation = 2 * ~exact + ~compatible[spans.label[left], spans.label[right]]
        has[left, relation] = True
        pairs += np.bincount((lf[left] * m + lf[right]) * len(RELATIONS) + relation, minlength=len(pairs))
    relations = np.zeros((m, len(RELATIONS)), dtype=np.int64)
    np.add.at(relations, lf, has)
    conflicts = np.bincount(lf, weights=has[:, 1] | has[:, 3], minlength=m).astype(np.int64)
    alone = np.bincount(lf, weights=~has.any(axis=1), minlength=m).astype(np.int64)
    return relations, conflicts, alone, pairs.reshape(m, m, len(RELATIONS))


def _judge(
    spans: Spans, lf: Numbers, m: int, gold: Spans, has_gold: NDArray[np.bool_], includes: NDArray[np.bool_]
) -> tuple[Numbers, Numbers]:
    """Return the outcomes [m, 5] of the spans in texts with gold, and the gold spans that are found [m, k]."""
    judged = has_gold[spans.row]
    spans, lf = spans.take(judged), lf[judged]
    left, right = overlap_pairs(spans, gold)
    same_places = (spans.begin[left] == gold.begin[right]) & (spans.end[left] == gold.end[right])
    same_label = includes[spans.label[left], gold.label[right]]
    outcome = np.full(len(spans), len(OUTCOMES) - 1)
    # From the furthest to the closest, so that the closest remains.
    for number, pairs in (
        (3, left),
        (2, left[same_label]),
        (1, left[same_places]),
        (0, left[same_places & same_label]),
    ):
        outcome[pairs] = number
    outcomes = np.bincount(lf * len(OUTCOMES) + outcome, minlength=m * len(OUTCOMES)).reshape(m, len(OUTCOMES))
    hits = np.unique(lf[left[same_places & same_label]] * max(len(gold), 1) + right[same_places & same_label])
    finders, found = np.divmod(hits, max(len(gold), 1))
    k = includes.shape[1]
    return outcomes, np.bincount(finders * k + gold.label[found], minlength=m * k).reshape(m, k)


def _strings(spans: Spans, texts: Sequence[str], words: Units) -> Counter[tuple[str, int]]:
    marked = in_code_points(spans, words).texts(texts)
    return Counter(zip((" ".join(string.split()) for string in marked), spans.label.tolist(), strict=True))


def _by_name(names: Sequence[str], counts: Numbers, zeros: bool = False) -> dict[str, int]:
    return {name: int(count) for name, count in zip(names, counts, strict=True) if count or zeros}


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
