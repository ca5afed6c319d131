"""Labeling functions: what one is, the factories of the built-in kinds, and packs, the files that hold them."""

from weaklabel.lf.core import LF, LabelingFunction, Place, Reason, labeling_function
from weaklabel.lf.external import column_votes, votes_from_csv
from weaklabel.lf.lexicon import lexicon_lf
from weaklabel.lf.llm.calibration import Calibration
from weaklabel.lf.llm.make import calibrate_lf, llm_lf, llm_lfs
from weaklabel.lf.models import prototype_lf, sklearn_lf, transformers_lf, zero_shot_lf
from weaklabel.lf.nlp import entity_lf, matcher_lf, phrase_lf, spacy_lf
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.lf.patterns import count_lf, keyword_lf, length_lf, lookup_lf, regex_lf
from weaklabel.lf.preprocess import preprocessor
from weaklabel.lf.spans.columns import column_spans, spans_from_jsonl
from weaklabel.lf.spans.consistent import consistent_lf
from weaklabel.lf.spans.core import SpanLF
from weaklabel.lf.spans.derived import edit_spans_lf, negative_lf
from weaklabel.lf.spans.function import span_lf
from weaklabel.lf.spans.gazetteer import gazetteer_lf
from weaklabel.lf.spans.nlp import matcher_spans_lf, ner_lf
from weaklabel.lf.spans.regexes import regex_spans_lf
from weaklabel.lf.spans.transformers import transformers_ner_lf
from weaklabel.lf.wordlists import sentiment_lf, stem_lf, vader_lexicon

__all__ = [
    "LF",
    "Calibration",
    "LFCollection",
    "LabelingFunction",
    "Place",
    "Reason",
    "SpanLF",
    "calibrate_lf",
    "column_spans",
    "column_votes",
    "consistent_lf",
    "count_lf",
    "edit_spans_lf",
    "entity_lf",
    "gazetteer_lf",
    "keyword_lf",
    "labeling_function",
    "length_lf",
    "lexicon_lf",
    "llm_lf",
    "llm_lfs",
    "load_lfs",
    "lookup_lf",
    "matcher_lf",
    "matcher_spans_lf",
    "negative_lf",
    "ner_lf",
    "phrase_lf",
    "preprocessor",
    "prototype_lf",
    "regex_lf",
    "regex_spans_lf",
    "sentiment_lf",
    "sklearn_lf",
    "spacy_lf",
    "span_lf",
    "spans_from_jsonl",
    "stem_lf",
    "transformers_lf",
    "transformers_ner_lf",
    "vader_lexicon",
    "votes_from_csv",
    "zero_shot_lf",
]
