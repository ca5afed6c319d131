"""Candidates for labeling functions that mark spans: strings and patterns that the label model marks and nothing votes for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import visible
from weaklabel.lf.spans.core import SpanLF
from weaklabel.lf.spans.gazetteer import gazetteer_lf
from weaklabel.lf.spans.regexes import regex_spans_lf
from weaklabel.suggest.code import name_lf, pack_additions
from weaklabel.support.progress import stage
from weaklabel.support.table import html_table, table
from weaklabel.units import Spans, Units, in_code_points

if TYPE_CHECKING:
    from weaklabel.votes.spans import SpanVotes

MAX_TEXTS = 20_000
"""Texts of a large corpus in which candidates are looked for."""

_LEAST_PLACES = 2
"""Places at which the label model marks a string, for it to be considered."""

_LEAST_STRINGS = 3
"""Different strings of which a word must be the edge, for it to be considered."""

_LEAST_AGREEMENT = 0.5
_PRIOR = 1.0
"""Places at which a candidate is taken to be wrong, besides those that were seen."""

_WORD = r"\p{Lu}[\p{L}\p{M}'’-]*"
_HEADS = ["LF", "kind", "label", "marks", "places", "new", "agreement", "gold precision"]


@dataclass(frozen=True)
class SpanCandidate:
    """A labeling function that might be worth having.

    Attributes
    ----------
    name
        A Python name that no labeling function has yet.
    label
        Name of the label that it gives.
    kind
        "gazetteer" or "regex".
    patterns
        The entries, or one regex.
    places
        Spans that it marks in the texts that were looked at.
    new
        How many of these no labeling function votes for.
    agreement
        Share of its spans that the label model gives, too, 0..1.
    gold_precision, gold_places
        Share of its spans in texts with gold that are right, and how many they are; None and 0 without any.
    code
        The labeling function in Python.
    """

    name: str
    label: str
    kind: str
    patterns: tuple[str, ...]
    places: int
    new: int
    agreement: float
    gold_precision: float | None
    gold_places: int
    code: str


@dataclass(frozen=True)
class SpanSuggestions:
    """Candidates for labeling functions that mark spans, the most useful ones first.

    Attributes
    ----------
    lfs
        The candidates.
    texts
        Texts in which they were looked for.
    of_texts
        Texts of the corpus.
    """

    lfs: tuple[SpanCandidate, ...]
    texts: int
    of_texts: int

    def code(self) -> str:
        """Return the candidates as lines of Python, with what is known of each; "" if there are none."""
        return pack_additions([(each.code, _comment(each)) for each in self.lfs])

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        return {"lfs": [asdict(each) for each in self.lfs], "texts": self.texts, "of_texts": self.of_texts}

    def to_text(self) -> str:
        """Return it as a table."""
        looked = f"{self.texts:,} texts" + (f" of {self.of_texts:,}" if self.texts < self.of_texts else "")
        if not self.lfs:
            return (
                f"no candidate in {looked}: the label model marks nothing that labeling functions do not; one that reads "
                "texts (--label-model auto) may"
            )
        return f"candidates from {looked}; check each before you keep it\n\n{table(self._rows(), _HEADS)}"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return html_table(self._rows(), _HEADS, title=f"Candidates from {self.texts:,} texts", bars=["agreement"])

    def _rows(self) -> list[list[Any]]:
        return [
            [
                each.name,
                each.kind,
                each.label,
                visible(_shown(each)),
                each.places,
                each.new,
                each.agreement,
                each.gold_precision,
            ]
            for each in self.lfs
        ]


def _figures(candidate: SpanCandidate) -> tuple[Any, ...]:
    return candidate.places, candidate.new, candidate.agreement, candidate.gold_precision


def _shown(candidate: SpanCandidate) -> str:
    first, rest = candidate.patterns[:4], len(candidate.patterns) - 4
    return ", ".join(first) + (f" and {rest} more" if rest > 0 else "")


def _comment(candidate: SpanCandidate) -> str:
    gold = ""
    if candidate.gold_precision is not None:
        gold = f", {candidate.gold_precision:.0%} of {candidate.gold_places} right by gold"
    return f"{candidate.places} places, {candidate.new} of them new, {candidate.agreement:.0%} as the label model{gold}"


def suggest_spans(
    texts: Sequence[str],
    words: Units,
    votes: SpanVotes,
    predicted: Spans,
    *,
    n: int = 10,
    gold: Spans | None = None,
    has_gold: NDArray[np.bool_] | None = None,
    of_texts: int | None = None,
) -> SpanSuggestions:
    """Find strings and patterns that the label model marks, and that labeling functions do not vote for.

    Strings become entries of one gazetteer a label; capitalized names that share their last or first word, such as "Ltd",
    become a regex. Each is tried on all texts: what counts is at how many new places it marks what the label model marks, less
    where it does not.

    Parameters
    ----------
    texts
        Length: n_rows.
    words
        Their words.
    votes
        What labeling functions mark in them.
    predicted
        What the label model gives, in words; one that reads texts marks places without votes, too.
    n
        Most strings and patterns.
    gold
        Gold spans, in code points, of the texts where ``has_gold`` is True; they are shown, and choose nothing.
    has_gold
        Shape: [n_rows]; all if not given.
    of_texts
        Texts of the corpus that these are a sample of.
    """
    corpus = _Texts(texts, words, votes, predicted)
    with stage("trying strings and patterns"):
        pool = [*corpus.judged_strings(), *map(corpus.judged_regex, corpus.regexes())]
    useful = sorted(
        (each for each in pool if each.is_useful), key=lambda each: (-each.worth, each.label, each.pattern)
    )[:n]
    taken = list(votes.lf_names)
    chosen = []
    for label, kind, patterns in _grouped(useful):
        name = name_lf(votes.labels[label], ["gazetteer"] if kind == "gazetteer" else [_edge_of(patterns[0])], taken)
        taken.append(name)
        chosen.append(_candidate(name, label, kind, patterns, corpus, gold, has_gold))
    return SpanSuggestions(tuple(chosen), len(texts), len(texts) if of_texts is None else of_texts)


@dataclass(frozen=True)
class _Judged:
    label: int
    kind: str
    pattern: str
    places: int
    new: int
    agreed: int

    @property
    def is_useful(self) -> bool:
        return self.new > 0 and self.agreed / max(self.places, 1) >= _LEAST_AGREEMENT

    @property
    def worth(self) -> float:
        return self.new * self.agreed / (self.places + _PRIOR)


class _Texts:
    """Texts with what labeling functions and the label model mark in them."""

    def __init__(self, texts: Sequence[str], words: Units, votes: SpanVotes, predicted: Spans) -> None:
        self.texts, self.words, self.labels = texts, words, votes.labels
        self.batch = Batch(pl.DataFrame({TEXT: list(texts)}, schema={TEXT: pl.String}), (TEXT,))
        self.predicted = in_code_points(predicted, words)
        voted = [in_code_points(spans, words) for spans in votes.spans]
        self.voted = {key[:3] for spans in voted for key in _keys(spans)}
        self.marked = set(_keys(self.predicted))

    def judged_strings(self) -> Iterator[_Judged]:
        """Try the strings that are marked more than once, all of a label at once."""
        strings = Counter(zip(self.predicted.label.tolist(), self._names(self.predicted), strict=True))
        frequent: defaultdict[int, list[str]] = defaultdict(list)
        for (label, name), count in sorted(strings.items()):
            if count >= _LEAST_PLACES and any(character.isalnum() for character in name):
                frequent[label].append(name)
        for label, names in frequent.items():
            spans = self.marks(label, "gazetteer", names, overlaps=True)
            counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
            for key, name in zip(_keys(spans), self._names(spans), strict=True):
                of_name = counts[name]
                of_name[0] += 1
                of_name[1] += key[:3] not in self.voted
                of_name[2] += key in self.marked
            yield from (_Judged(label, "gazetteer", name, *counts[name]) for name in names if name in counts)

    def regexes(self) -> Iterator[tuple[int, str]]:
        """Give a regex for each word that is the edge of several capitalized names of a label."""
        edges: defaultdict[tuple[int, str, bool], set[str]] = defaultdict(set)
        for name, label in zip(self._names(self.predicted), self.predicted.label.tolist(), strict=True):
            parts = name.split(" ")
            if len(parts) > 1 and all(part[:1].isupper() for part in parts):
                edges[label, parts[-1], True].add(name)
                edges[label, parts[0], False].add(name)
        for (label, word, is_last), names in sorted(edges.items()):
            if len(names) >= _LEAST_STRINGS:
                fixed = re.escape(word)
                yield label, rf"\b(?:{_WORD} ){{1,3}}{fixed}\b" if is_last else rf"\b{fixed}(?: {_WORD}){{1,3}}\b"

    def judged_regex(self, candidate: tuple[int, str]) -> _Judged:
        """Try a regex on all texts."""
        label, pattern = candidate
        return _Judged(label, "regex", pattern, *self.counts(self.marks(label, "regex", [pattern])))

    def _names(self, spans: Spans) -> list[str]:
        """Return the text of each span, with single spaces between its words."""
        return [" ".join(string.split()) for string in spans.texts(self.texts)]

    def marks(self, label: int, kind: str, patterns: Sequence[str], *, overlaps: bool = False) -> Spans:
        """Return what a labeling function with these patterns marks, in code points."""
        lf: SpanLF = (
            gazetteer_lf("candidate", label, list(patterns), overlaps=overlaps)
            if kind == "gazetteer"
            else regex_spans_lf("candidate", label, list(patterns))
        )
        marked: Any = lf.bind(self.labels).vote(self.batch)
        return marked if isinstance(marked, Spans) else Spans.of_rows(marked)

    def counts(self, spans: Spans) -> tuple[int, int, int]:
        """Return how many spans there are, how many nothing votes for, and how many the label model gives, too."""
        keys = list(_keys(spans))
        return len(keys), sum(key[:3] not in self.voted for key in keys), sum(key in self.marked for key in keys)


def _keys(spans: Spans) -> Iterator[tuple[int, int, int, int]]:
    return zip(spans.row.tolist(), spans.begin.tolist(), spans.end.tolist(), spans.label.tolist(), strict=True)


def _grouped(useful: Sequence[_Judged]) -> Iterator[tuple[int, str, list[str]]]:
    """Put the strings of a label together; each regex stands alone."""
    strings: defaultdict[int, list[str]] = defaultdict(list)
    for each in useful:
        if each.kind == "gazetteer":
            strings[each.label].append(each.pattern)
    for label, entries in strings.items():
        yield label, "gazetteer", entries
    yield from ((each.label, each.kind, [each.pattern]) for each in useful if each.kind == "regex")


def _edge_of(regex: str) -> str:
    """Return the word that a regex is about, for its name."""
    plain = regex.replace(_WORD, "").replace("\\b", "")
    return re.sub(r"[^\w]+", " ", re.sub(r"\(.*?\)\{1,3\}", " ", plain)).strip() or "pattern"


def _candidate(
    name: str,
    label: int,
    kind: str,
    patterns: Sequence[str],
    corpus: _Texts,
    gold: Spans | None,
    has_gold: NDArray[np.bool_] | None,
) -> SpanCandidate:
    spans = corpus.marks(label, kind, patterns)
    places, new, agreed = corpus.counts(spans)
    right = judged = 0
    if gold is not None:
        true = set(_keys(gold))
        known = [key for key in _keys(spans) if has_gold is None or has_gold[key[0]]]
        judged, right = len(known), sum(key in true for key in known)
    maker = "gazetteer_lf" if kind == "gazetteer" else "regex_spans_lf"
    given = repr(list(patterns)) if kind == "gazetteer" else repr(patterns[0])
    code = f"{name} = {maker}({name!r}, {corpus.labels[label]!r}, {given})"
    return SpanCandidate(
        name, corpus.labels[label], kind, tuple(patterns), places, new, agreed / max(places, 1),
        right / judged if judged else None, judged, code,
    )  # fmt: skip
