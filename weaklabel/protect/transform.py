"""Protecting a corpus: personal data in its columns is flagged, masked, replaced, or a reason to drop the row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from weaklabel.corpus.transform import SHA256, STEPS, TIME, Drop, Transform, Transformed
from weaklabel.errors import ConfigError, nearest
from weaklabel.protect.findings import Finding
from weaklabel.protect.protector import Protector
from weaklabel.support.hashing import sha256_of_text

COUNTS, SPANS = "personal_counts", "personal_spans"
"""Columns that are added where finds are flagged: how many there are by type, and where they are."""

_SPAN = pl.Struct({"column": pl.String(), "start": pl.Int64(), "end": pl.Int64(), "type": pl.String()})

_SHORT = 80
"""Characters of a value that its column's name is a word beside."""

LONG, LONGEST = 10**5, 10**24
"""Numbers from the one to below the other are looked at."""

_ESCAPE = re.compile(r"\\u00([2-7][0-9a-fA-F])")


@dataclass(frozen=True)
class Protect(Transform):
    """Flags, hides or drops personal data; made by `protect_corpus`.

    Parameters
    ----------
    text
        Columns that hold the text, whose hash is taken anew.
    protector
        What is found, and what is done about it.
    """

    name: ClassVar[str] = "protect"
    masks: ClassVar[bool] = True
    text: tuple[str, ...]
    protector: Protector = field(default_factory=Protector)

    def settings(self) -> dict[str, Any]:
        """See `Transform.settings`."""
        return self.protector.identity()

    def inputs(self) -> dict[str, list[str]]:
        """See `Transform.inputs`."""
        file = self.protector.settings.key_file
        return {} if file is None else {"the key file": [str(file)]}

    def new_columns(self, schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
        """See `Transform.new_columns`; a column of the settings that is not there is a `ConfigError`."""
        self._check(schema)
        return self._added if self._flagged else {}

    @property
    def _added(self) -> dict[str, pl.DataType]:
        return {COUNTS: pl.Struct(dict.fromkeys(self._flagged, pl.Int64())), SPANS: pl.List(_SPAN)}

    @property
    def _flagged(self) -> list[str]:
        return [kind for kind in self.protector.types if self.protector.action(kind) == "flag"]

    def _check(self, schema: Mapping[str, pl.DataType]) -> None:
        settings = self.protector.settings
        for key, names in (("columns", settings.columns or ()), ("skip", settings.skip)):
            for name in names:
                if name not in schema:
                    raise ConfigError(
                        f"[protect] {key}: there is no column '{name}'{nearest(name, schema)}; the columns are "
                        f"{', '.join(schema)}"
                    )
        for name in settings.columns or ():
            if not _is_read(schema[name]):
                raise ConfigError(
                    f"[protect] columns: '{name}' holds {schema[name]}, neither text nor numbers; make it text first"
                )
        for name in self._columns(schema):
            if schema[name] == pl.Enum:
                raise ConfigError(
                    f"[protect] '{name}' is an Enum, which takes no new texts: make it text first, or leave it out (skip)"
                )

    def _columns(self, schema: Mapping[str, pl.DataType]) -> list[str]:
        """Return the columns that are read; rows of an earlier step, which are masked to be shown, may lack some."""
        settings = self.protector.settings
        left_out = {*settings.skip, SHA256, TIME, STEPS, COUNTS, SPANS}
        named = schema if settings.columns is None else settings.columns
        return [name for name in named if name in schema and name not in left_out and _is_read(schema[name])]

    def apply(self, frame: pl.DataFrame, first_row: int, folder: Path | None) -> Transformed:
        """See `Transform.apply`."""
        schema = dict(frame.schema)
        height = frame.height
        by_row: list[Counter[str]] = [Counter() for _ in range(height)]
        spans: list[list[dict[str, Any]]] = [[] for _ in range(height)]
        columns = []
        for name in self._columns(schema):
            if schema[name].is_numeric() and not _has_long_numbers(frame[name]):
                continue
            values = frame[name].to_list()
            label = "" if name in self.text else label_of(name)
            texts = list(dict.fromkeys(text for value in values for text in _texts(value, label)))
            findings = {text: each for text, each in zip(texts, self._find_all(texts), strict=True) if each}
            if not findings:
                continue
            hidden = {text: self.protector.hidden(text[1], each) for text, each in findings.items()}
            for row, value in enumerate(values):
                for text in _texts(value, label):
                    by_row[row].update(each.type for each in findings.get(text, ()))
                    if text in findings:
                        spans[row] += self._spans(name, findings[text])
            columns.append(pl.Series(name, [_replaced(value, label, hidden) for value in values], dtype=schema[name]))
        protected = frame.with_columns(columns)
        if SHA256 in frame.columns:
            protected = protected.with_columns(self._hashes(protected))
        if self._flagged:
            counts = [{kind: of_row[kind] for kind in self._flagged} for of_row in by_row]
            added = [
                pl.Series(name, rows, dtype=self._added[name]) for name, rows in ((COUNTS, counts), (SPANS, spans))
            ]
            protected = protected.with_columns(added)
        return Transformed(protected, list(self._drops(by_row)), self._changed(by_row), self._totals(by_row))

    def _find_all(self, texts: Sequence[tuple[str, str]]) -> Iterator[list[Finding]]:
        """Yield what is found in each text; the label of a short one, such as "phone", says what bare digits are."""
        labels = [f"{label}: " if label and len(text) <= _SHORT else "" for label, text in texts]
        every = self.protector.find_all([label + text for label, (_, text) in zip(labels, texts, strict=True)])
        for label, findings in zip(labels, every, strict=True):
            shift = len(label)
            yield [
                replace(each, start=max(0, each.start - shift), end=each.end - shift)
                for each in findings
                if each.end > shift
            ]

    def _spans(self, column: str, findings: list[Finding]) -> Iterator[dict[str, Any]]:
        """Yield where the finds that are flagged are, in the text as it is written."""
        shift = 0
        for each in findings:
            if self.protector.action(each.type) == "flag":
                yield {"column": column, "start": each.start + shift, "end": each.end + shift, "type": each.type}
            else:
                shift += len(self.protector.instead_of(each)) - (each.end - each.start)

    def _hashes(self, frame: pl.DataFrame) -> pl.Series:
        """Return the hash of each text as it is now: with that of the text as it was, its values could be guessed."""
        columns = [frame[name].cast(pl.String).to_list() for name in self.text if name in frame.columns]
        if not columns:
            return pl.Series(SHA256, [None] * frame.height, dtype=pl.String)
        joined = ("\n".join(text or "" for text in texts) for texts in zip(*columns, strict=True))
        return pl.Series(SHA256, [sha256_of_text(text) for text in joined], dtype=pl.String)

    def _drops(self, by_row: list[Counter[str]]) -> Iterator[Drop]:
        for row, counts in enumerate(by_row):
            kinds = [kind for kind in self.protector.types if counts[kind] and self.protector.action(kind) == "drop"]
            if kinds:
                yield Drop(row, kinds[0], f"it holds {', '.join(f'{kind} ({counts[kind]})' for kind in kinds)}")

    def _changed(self, by_row: list[Counter[str]]) -> dict[str, np.ndarray[Any, np.dtype[np.bool_]]]:
        hiding = [kind for kind in self.protector.types if self.protector.action(kind) in ("mask", "pseudonym")]
        return {
            kind: rows
            for kind in hiding
            if (rows := np.fromiter((counts[kind] > 0 for counts in by_row), np.bool_, len(by_row))).any()
        }

    def _totals(self, by_row: list[Counter[str]]) -> dict[str, int]:
        total: Counter[str] = Counter()
        for counts in by_row:
            total.update(counts)
        return {kind: total[kind] for kind in self.protector.types if total[kind]}

    def mask(self, text: str) -> str:
        """See `Transform.mask`; letters that JSON has as escapes are read, too."""
        plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        return self.protector.protect_text(plain)


def _is_read(dtype: pl.DataType) -> bool:
    """Return whether a column of this type may hold what is looked for: text, numbers, or either in lists and objects."""
    if isinstance(dtype, (pl.List, pl.Array)):
        return _is_read(dtype.inner)  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return any(_is_read(each.dtype) for each in dtype.fields)  # type: ignore[arg-type]
    return dtype.is_numeric() or isinstance(dtype, (pl.String, pl.Categorical, pl.Enum, pl.Object))


def _has_long_numbers(numbers: pl.Series) -> bool:
    """Return whether any number has as many digits as what is found has at least."""
    column = pl.col(numbers.name)
    return bool(numbers.to_frame().select(((column >= LONG) | (column <= -LONG)).any()).item())


def _digits_of(value: Any) -> str | None:
    """Return a whole number that is long enough to be looked at as text; a table may hold it as a floating-point number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    is_looked_at = LONG <= abs(float(value)) < LONGEST and value == int(value)  # of NaN, the first is false
    return str(int(value)) if is_looked_at else None


def label_of(name: str) -> str:
    """Return the name of a column or field as words, since it says what is in it; nothing for "text", which does not.

    Examples
    --------
    >>> label_of("user.mobilePhone_2"), label_of("text")
    ('user mobile Phone', '')
    """
    words = re.sub(r"[\W\d_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).strip()
    return "" if words.lower() == "text" else words


def _texts(value: Any, label: str) -> Iterator[tuple[str, str]]:
    """Yield the texts in a value of any structure, long numbers among them, each behind its label."""
    if isinstance(value, str):
        yield label, value
    elif (digits := _digits_of(value)) is not None:
        yield label, digits
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _texts(each, label_of(name))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each, label)


def _replaced(value: Any, label: str, hidden: Mapping[tuple[str, str], str]) -> Any:
    """Return a value with other texts in the same structure; a number in which something is hidden becomes none."""
    if isinstance(value, str):
        return hidden.get((label, value), value)
    if (digits := _digits_of(value)) is not None:
        return value if hidden.get((label, digits), digits) == digits else None
    if isinstance(value, Mapping):
        return {name: _replaced(each, label_of(name), hidden) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(each, label, hidden) for each in value]
    return value
