"""Units of texts: words with their places in the text, for votes on words instead of whole rows."""

from weaklabel.units.offsets import check_offsets, row_of_units
from weaklabel.units.words import Units, find_words

__all__ = ["Units", "check_offsets", "find_words", "row_of_units"]
