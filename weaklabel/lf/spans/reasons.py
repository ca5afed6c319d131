"""Why a labeling function marked a span: one line for people, and the places in the text."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import LF, Reason
from weaklabel.lf.reasons import docstring_line, first_line, quoted
from weaklabel.lf.spans.answers import Span
from weaklabel.lf.spans.core import SpanLF
from weaklabel.units import Spans


def span_reason(lf: LF, batch: Batch, row: int, span: Span) -> Reason:
    """Say why a labeling function marked a span.

    Whatever the labeling function does, this never raises; if there is no reason, it says so.

    Parameters
    ----------
    lf
        The labeling function.
    batch
        Rows, with the columns that the labeling function reads, and the spans of those that it reads.
    row
        Place of the row in the batch, from 0.
    span
        Begin and end in code points of the text, and the number of the label. It may be wider than what was marked, as a
        span is that cut a word.

    Examples
    --------
    >>> import re, polars as pl
    >>> from weaklabel.lf.spans.function import span_lf
    >>> lf = span_lf("title", 0)(lambda text: re.finditer(r"Dr [A-Z]+", text))
    >>> span_reason(lf.bind(["PER"]), Batch(pl.DataFrame({"text": ["Ask Dr NO"]})), 0, (4, 9, 0))
    Reason(text="marks 'Dr NO' as PER", column='text', spans=((4, 9),))
    """
    try:
        alone = batch.once(("alone", row), lambda: batch.part(row, row + 1))
        text = alone.texts[0]
        begin, end, label = span
        why = lf.reason_of_span(alone, span) if isinstance(lf, SpanLF) else None
        if why is None:
            name = (
                "no entity" if label == NOT_ENTITY else lf.label_names[label] if label < len(lf.label_names) else label
            )
            line = docstring_line(lf)
            why = Reason(f"marks {quoted(text[begin:end])} as {name}{': ' * bool(line)}{line}")
        if why.column is None:
            why = replace(why, column=TEXT, spans=((begin, end),))
        if isinstance(lf, SpanLF) and lf.surveys and not alone.survey:
            return why  # without the counts of the corpus it cannot be asked again
        marked = lf.vote(alone)
        spans = marked.of_row(0) if isinstance(marked, Spans) else marked[0]
        if isinstance(spans, BaseException):
            raise spans
        if any(each[2] == label and each[0] < end and begin < each[1] for each in spans):
            return why
        # The span may be older than a change of the labeling function, or of the text.
        return replace(why, text=f"marks other spans now: {why.text}")
    except (Exception, pl.exceptions.PanicException) as error:
        return Reason(f"a {lf.kind} labeling function without a reason: {first_line(f'{error}')}")
