"""Labeling functions that mark what a regex matches; Rust regexes, run by polars on whole columns.

They differ from Python's `re` in what `weaklabel.lf.patterns` says, and take time linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from re import _parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias
from warnings import catch_warnings, simplefilter

import numpy as np
import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import Place, Reason, check_columns, column_text
from weaklabel.lf.reasons import cell_text, quoted
from weaklabel.lf.regexes import FILTERS, check_pattern, flagged, relaxed
from weaklabel.lf.spans.answers import Span
from weaklabel.lf.spans.core import Label, SpanLF
from weaklabel.lf.spans.function import SPAN_GROUP
from weaklabel.lf.spans.trie import Numbers
from weaklabel.units import Spans

Patterns: TypeAlias = str | Sequence[str]
"""One regex, or several."""

_BEFORE, _AFTER = "before_span__", "after_span__"
_FLAGS = re.compile(r"\(\?[a-zA-Z]+(?:-[a-zA-Z]+)?\)")
_GROUP = re.compile(rf"\(\?P?<{SPAN_GROUP}>")


class RegexSpansLF(SpanLF):
    """A labeling function that marks what regexes match; see `regex_spans_lf`.

    Attributes
    ----------
    patterns : tuple of (int, str)
        Of each regex the place of its label among ``labels``, and the regex with its flags.
    """

    kind = "regex spans"
    place = Place.IN_PROCESS

    def __init__(
        self, name: str, labels: Sequence[Label], patterns: Sequence[tuple[int, str]], ignore_case: bool, negative: bool
    ) -> None:
        super().__init__(name, labels, negative=negative)
        for _, pattern in patterns:
            _check(name, pattern, ignore_case)
        self.patterns: tuple[tuple[int, str], ...] = tuple(
            (place, flagged(pattern, ignore_case)) for place, pattern in patterns
        )

    def vote(self, batch: Batch) -> Spans:  # type: ignore[override]  # as SpanLF
        """Mark the matches in every row of ``batch``; see `SpanLF.vote`."""
        check_columns(self.name, self.columns, batch)
        texts = batch.frame.select(column_text(TEXT)).to_series()
        numbers = (NOT_ENTITY,) if self.negative else self.numbers
        columns = []
        for place, pattern in self.patterns:
            row, begin, end = places_of(texts, pattern)
            columns.append(np.stack([row, begin, end, np.full(len(row), numbers[place])], axis=1))
        table = np.concatenate(columns)
        if len(self.patterns) > 1:
            table = np.unique(table, axis=0)
        row, begin, end, label = (np.ascontiguousarray(column) for column in table.T)
        return Spans(row, begin, end, label, len(batch))

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [pl.__version__, super().identity()]

    def reason_of_span(self, row: Batch, span: Span) -> Reason | None:
        """See `SpanLF.reason_of_span`."""
        begin, end, _ = span
        text = cell_text(row, TEXT)
        for _, pattern in self.patterns:
            _, begins, ends = places_of(pl.Series([text]), pattern)
            if (begin, end) in zip(begins.tolist(), ends.tolist(), strict=True):
                return Reason(f"{quoted(text[begin:end])} matches {_short(pattern)}", TEXT, ((begin, end),))
        return None

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        patterns = [pattern for _, pattern in self.patterns]
        return {"pattern": patterns[0]} if len(patterns) == 1 else {"patterns": patterns}

    def __repr__(self) -> str:
        return f"regex_spans_lf({self.name!r})"


def regex_spans_lf(
    name: str,
    label: Label | Mapping[Any, Patterns] | None = None,
    pattern: Patterns | None = None,
    *,
    ignore_case: bool = False,
    negative: bool = False,
) -> RegexSpansLF:
    r"""Mark what a regex matches: the group ``span``, or the whole match where there is no such group.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        The label of all matches, by name or number; or a mapping from each label to its regex or regexes.
    pattern
        Rust regex (https://docs.rs/regex), or several; much like Python's, see `weaklabel.lf.patterns`. What is around the
        group ``(?P<span>...)`` must be there, too, but is not marked. The group must not be part of alternatives or of
        another group; give several regexes instead. Matches of one regex do not overlap; those of several may, and then the
        longest counts as a vote.
    ignore_case
        Match upper and lower case alike.
    negative
        Whether matches are no entities, instead of having a label.

    Raises
    ------
    LFError
        The regex is empty, invalid, can match nothing, or has lookaround, backreferences or its group at a wrong place; a
        wrong name or label.

    Examples
    --------
    >>> lf = regex_spans_lf("titles", 0, r"\b(?:Dr|Ms|Mr)\.? (?P<span>[A-Z]\w+)")
    >>> lf("Ask Dr. Noether or Ms Curie")
    [(8, 15, 0), (22, 27, 0)]
    """
    if isinstance(label, Mapping):
        if pattern is not None or negative:
            raise LFError(f"LF '{name}': a mapping from labels has the regexes; leave pattern and negative out")
        labels: tuple[Label, ...] = tuple(label)
        by_label: list[Patterns | None] = list(label.values())
    else:
        if (label is None) != negative:
            raise LFError(f"LF '{name}': give a label, by name or number, or negative=True, for what is no entity")
        labels, by_label = () if label is None else (label,), [pattern]
    return RegexSpansLF(name, labels, _listed(name, by_label), ignore_case, negative)


def _listed(name: str, by_label: Sequence[Patterns | None]) -> list[tuple[int, str]]:
    """Return the regexes with the place of their label."""
    patterns: list[tuple[int, str]] = []
    for place, some in enumerate(by_label):
        several = [some] if isinstance(some, str) else some
        if not isinstance(several, list | tuple) or not several:
            raise LFError(f"LF '{name}': give a regex such as r'\\d+ euros', or a list of regexes, not {some!r}")
        patterns += [(place, each) for each in several]
    if not patterns:
        raise LFError(f"LF '{name}': the mapping from labels is empty; give at least one label and its regex")
    return patterns


def _check(name: str, pattern: str, ignore_case: bool) -> None:
    """Refuse, as an `LFError`, a regex that marks nothing or is invalid."""
    whole = check_pattern(name, pattern, ignore_case)
    try:
        captured = _capturing(pattern)
    except ValueError as error:
        raise LFError(f"LF '{name}': the regex {_short(pattern)} {error}") from None
    if captured != pattern:
        check_pattern(name, captured, ignore_case)
    if _can_be_empty(whole):
        raise LFError(
            f"LF '{name}': the regex {_short(pattern)} can match nothing at all, which is no span; let it match at least one "
            "character, such as with + instead of *"
        )


def _can_be_empty(pattern: str) -> bool:
    try:
        with FILTERS, catch_warnings():
            simplefilter("error")
            shortest: int = _parser.parse(pattern).getwidth()[0]
    except (re.error, Warning, OverflowError, RecursionError):  # only Rust reads it
        return bool(pl.Series([""]).str.contains(pattern)[0])
    return shortest == 0


def _short(pattern: str) -> str:
    return repr(pattern) if len(pattern) <= 100 else f"{pattern[:100]!r}..."


def places_of(texts: pl.Series, pattern: str) -> tuple[Numbers, Numbers, Numbers]:
    r"""Return row, begin and end of what a regex marks in texts, in code points, sorted.

    Examples
    --------
    >>> row, begin, end = places_of(pl.Series(["é 12 a 3", None, "4"]), r"\d+")
    >>> row.tolist(), begin.tolist(), end.tolist()
    ([0, 0, 2], [2, 7, 0], [4, 8, 1])
    """
    loose = relaxed(pattern)
    may_match = texts.str.contains(pattern if loose is None else loose).fill_null(False)
    rows = np.flatnonzero(may_match.to_numpy())
    if not len(rows):
        return tuple(np.empty(0, dtype=np.int64) for _ in range(3))  # type: ignore[return-value]
    # polars returns what matches, but not where; so each part of a match is put between characters that no text has.
    some = texts.gather(rows)
    mark = next(
        letter for letter in map(chr, range(0xE000, 0xF8FF)) if not some.str.contains(letter, literal=True).any()
    )
    capturing = _capturing(pattern)
    has_group = capturing != pattern
    parts = [f"${{{_BEFORE}}}", f"${{{SPAN_GROUP}}}", f"${{{_AFTER}}}"] if has_group else ["${0}"]
    # "(?:)" changes no regex, and keeps polars from taking one without special characters, and "$0" with it, as it is.
    pieces_of_row = some.str.replace_all(f"(?:){capturing}", mark + mark.join(parts) + mark).str.split(mark)
    counts = pieces_of_row.list.len().to_numpy().astype(np.int64)
    lengths = pieces_of_row.explode().str.len_chars().to_numpy().astype(np.int64)
    first = np.cumsum(counts) - counts
    within_row = np.arange(len(lengths)) - np.repeat(first, counts)
    ends = np.cumsum(lengths)
    ends -= np.repeat((ends - lengths)[first], counts)
    # Between two pieces that do not match are those of a match: one, or three of which the second is the span.
    is_span = (within_row % (len(parts) + 1) == (2 if has_group else 1)) & (lengths > 0)
    return np.repeat(rows, counts)[is_span], (ends - lengths)[is_span], ends[is_span]


def _capturing(pattern: str) -> str:
    r"""Return a regex whose groups make up the whole match if it has a group ``span``, and else the regex itself.

    Raises
    ------
    ValueError
        The group is at a place where that is not possible; the message goes on after "the regex".

    Examples
    --------
    >>> _capturing(r"(?i)Dr (?P<span>\w+)!")
    '(?i)(?P<before_span__>Dr )(?P<span>\\w+)(?P<after_span__>!)'
    """
    head = _FLAGS.match(pattern)
    start = head.end() if head else 0
    at, depth, in_class = start, 0, 0
    begin = end = None
    has_choice = False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            at += 2
            continue
        if in_class:
            in_class += (letter == "[") - (letter == "]")
        elif letter == "[":
            in_class = 1
            at += pattern.startswith("[^", at)
            at += pattern.startswith("]", at + 1)  # the first one is a character of the class
        elif letter == "(":
            if _GROUP.match(pattern, at):
                if depth:
                    raise ValueError(f"has its group '{SPAN_GROUP}' inside of another group; put it outside of it")
                begin = at
            elif depth == 0 and _FLAGS.match(pattern, at):
                has_choice = True
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0 and begin is not None and end is None:
                end = at + 1
        elif letter == "|" and depth == 0:
            has_choice = True
        at += 1
    if begin is None or end is None:
        return pattern
    if has_choice:
        raise ValueError(
            f"has alternatives or flags beside its group '{SPAN_GROUP}'; put them into a group (?:...|...), or give several "
            "regexes"
        )
    if pattern[end : end + 1] in ("*", "+", "?", "{") and end < len(pattern):
        raise ValueError(f"repeats its group '{SPAN_GROUP}'; put the repetition into the group")
    before, after = pattern[start:begin], pattern[end:]
    return f"{pattern[:start]}(?P<{_BEFORE}>{before}){pattern[begin:end]}(?P<{_AFTER}>{after})"
