"""Weak spans as tools in which people label texts take them: Label Studio, Argilla."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from weaklabel.export.spans import MarkedSpan
from weaklabel.units import SPANS

LABELS = "label"
"""Name of what people are asked in Label Studio, as for labels of whole texts."""


def label_studio_regions(text: str, spans: Sequence[MarkedSpan]) -> list[dict[str, Any]]:
    """Return spans as regions of a prediction; places are code points, as in Label Studio since 1.4."""
    return [
        {
            "id": f"weak{number}",
            "from_name": LABELS,
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": span.begin,
                "end": span.end,
                "text": text[span.begin : span.end],
                "labels": [span.label],
            },
            **({} if span.prob is None else {"score": span.prob}),
        }
        for number, span in enumerate(spans)
    ]


def span_config(labels: Sequence[str], colors: Sequence[str]) -> str:
    """Return the labeling configuration of Label Studio: a text, and labels of its spans."""
    choices = "\n".join(
        f"    <Label value={quoteattr(name)} background={quoteattr(color)}/>"
        for name, color in zip(labels, colors, strict=True)
    )
    return (
        "<View>\n"
        '  <Header value="Weak labels are shown as predictions: confirm or correct them."/>\n'
        f'  <Labels name="{LABELS}" toName="text">\n{choices}\n  </Labels>\n'
        '  <Text name="text" value="$text" granularity="symbol"/>\n'
        "</View>\n"
    )


def argilla_suggestion(spans: Sequence[MarkedSpan]) -> dict[str, Any]:
    """Return spans as the value and the scores of a suggestion."""
    scores = [span.prob for span in spans]
    return {
        "value": [{"start": span.begin, "end": span.end, "label": span.label} for span in spans],
        "score": scores if scores and None not in scores else None,
    }


def argilla_question(labels: Sequence[str]) -> dict[str, Any]:
    """Return the question of an Argilla data set on the spans of its text."""
    return {
        "name": SPANS,
        "title": "Spans",
        "description": None,
        "required": False,  # a text may have no span
        "type": "span",
        "settings": {
            "type": "span",
            "field": "text",
            "options": [{"value": name, "text": name, "description": None} for name in labels],
            "allow_overlapping": True,
            "visible_options": None,
        },
    }
