"""Units of texts: words and spans with their places in the text, for votes on these instead of whole rows."""

from weaklabel.units.offsets import check_offsets, row_of_units
from weaklabel.units.spans import Spans, in_code_points, on_words, spans_of_tags, tag_names
from weaklabel.units.words import Units, find_words

__all__ = [
    "Spans",
    "Units",
    "check_offsets",
    "find_words",
    "in_code_points",
    "on_words",
    "row_of_units",
    "spans_of_tags",
    "tag_names",
]
