"""Cleaning: repairs of texts, filters of rows, and columns with the words of a text."""

from weaklabel.clean.corpus import clean_corpus, cleaner
from weaklabel.clean.language import languages_of
from weaklabel.clean.rules import PRESETS, RULES, Rule, active_rules
from weaklabel.clean.transform import Clean

__all__ = ["PRESETS", "RULES", "Clean", "Rule", "active_rules", "clean_corpus", "cleaner", "languages_of"]
