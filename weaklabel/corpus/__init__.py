"""Corpora: rows in and out, in batches, with nothing lost."""

from weaklabel.corpus.batch import TEXT, Batch, Row
from weaklabel.corpus.cleaning import drop_duplicates, normalise
from weaklabel.corpus.corpus import THE_CORPUS, Corpus
from weaklabel.corpus.entities import mark_entities
from weaklabel.corpus.open import Encoding
from weaklabel.corpus.reading import read_corpus
from weaklabel.corpus.records import Dialect, Reject
from weaklabel.corpus.writing import (
    Written,
    check_new_columns,
    check_target,
    label_outputs,
    rejects_of,
    rejects_path,
    write_labeled,
    write_rejects,
)

__all__ = [
    "TEXT",
    "THE_CORPUS",
    "Batch",
    "Corpus",
    "Dialect",
    "Encoding",
    "Reject",
    "Row",
    "Written",
    "check_new_columns",
    "check_target",
    "drop_duplicates",
    "label_outputs",
    "mark_entities",
    "normalise",
    "read_corpus",
    "rejects_of",
    "rejects_path",
    "write_labeled",
    "write_rejects",
]
