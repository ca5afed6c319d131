"""Spans that people marked in other tools, as imports have them: recognized, placed in the texts of rows, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from weaklabel.corpus import Reject, read_corpus
from weaklabel.corpus.row_ids import ROW_ID
from weaklabel.decisions.annotations import FORMS, TABLE
from weaklabel.decisions.span_annotations import read_span_annotations, span_form_of
from weaklabel.decisions.tools import Annotation, Columns, NamedSpan
from weaklabel.units import SPANS
from weaklabel.units.tokens import move_spans


class _Row(Protocol):
    row_id: str | None
    text: str | None


def holds_spans(path: Path, form: str | None = None, columns: Columns | None = None) -> bool:
    """Say whether people labeled spans in a file, rather than whole texts, by its form and its first answers."""
    if form not in (None, *FORMS):
        return True
    if path.is_dir():
        return True
    if not path.is_file():
        return False
    found = form or span_form_of(path)
    if found == TABLE:
        corpus = read_corpus(path, text=(), on_reject=lambda _: None)
        column = (columns or Columns()).question
        return corpus.has_column(SPANS) and not corpus.has_column("label") if column is None else column == SPANS
    if found not in FORMS:
        return True
    for item in read_span_annotations(path, found, columns):
        if isinstance(item, Reject):
            return False
        if isinstance(item, Annotation) and item.spans:
            return True
    return False


def in_words(spans: Sequence[NamedSpan]) -> str:
    """Return spans in words, by which answers are compared and told apart."""
    return ", ".join(f"{label} {begin}-{end}" for begin, end, label in spans) or "no span"


def _cell(span: NamedSpan, text: str | None) -> dict[str, Any]:
    begin, end, label = span
    return {"start": begin, "end": end, "label": label, "text": None if text is None else text[begin:end]}


def on_row(spans: Sequence[NamedSpan], text: str | None, row_text: str | None) -> tuple[NamedSpan, ...]:
    """Return spans in the text of a row, sorted, each once; ``text`` is the one that they were marked in.

    Raises
    ------
    ValueError
        A span is not in the text, or is white space that the row has otherwise.
    """
    placed: Sequence[NamedSpan] | None = spans
    if text is not None and row_text is not None:
        placed = move_spans(spans, text, row_text)
    assert placed is not None  # rows are found by their texts
    if row_text is not None and (beyond := [span for span in placed if span[1] > len(row_text)]):
        raise ValueError(
            f"the span {beyond[0][0]} to {beyond[0][1]} is not in the text of the row, which has {len(row_text)} characters"
        )
    return tuple(sorted(set(placed)))


def table_of_spans(
    answers: Sequence[tuple[_Row, tuple[NamedSpan, ...] | None, str, str]], names: tuple[str, str]
) -> pl.DataFrame:
    """Return rows with a column of spans.

    Parameters
    ----------
    answers
        Of each line its row, its spans (None where they are not known), and two texts.
    names
        Of the columns with these texts.
    """
    kind = pl.List(pl.Struct({"start": pl.Int64, "end": pl.Int64, "label": pl.String, "text": pl.String}))
    cells = [None if spans is None else [_cell(span, row.text) for span in spans] for row, spans, _, _ in answers]
    return pl.DataFrame(
        {
            ROW_ID: pl.Series([row.row_id for row, *_ in answers], dtype=pl.String),
            "text": pl.Series([row.text for row, *_ in answers], dtype=pl.String),
            SPANS: pl.Series(cells, dtype=kind),
            names[0]: pl.Series([first for _, _, first, _ in answers], dtype=pl.String),
            names[1]: pl.Series([second for *_, second in answers], dtype=pl.String),
        }
    )
