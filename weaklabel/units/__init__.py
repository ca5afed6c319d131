"""Units of texts: words and spans with their places in the text, for votes on these instead of whole rows."""

from weaklabel.units.offsets import check_offsets, row_of_units
from weaklabel.units.span_column import SPANS, SpanRows, overlapping, read_spans, spans_as_objects, spans_column
from weaklabel.units.spans import Spans, in_code_points, on_words, overlap_pairs, spans_of_tags, tag_names
from weaklabel.units.tags import read_tags
from weaklabel.units.words import SpelledWords, Units, find_words, spell_words

__all__ = [
    "SPANS",
    "SpanRows",
    "Spans",
    "SpelledWords",
    "Units",
    "check_offsets",
    "find_words",
    "in_code_points",
    "on_words",
    "overlap_pairs",
    "overlapping",
    "read_spans",
    "read_tags",
    "row_of_units",
    "spans_as_objects",
    "spans_column",
    "spans_of_tags",
    "spell_words",
    "tag_names",
]
