"""Labeled corpora of a few rows, and texts that are hard to hand over."""

import numpy as np
import polars as pl
from hypothesis import strategies as st

from weaklabel.export import open_labeled_file
from weaklabel.export.selection import Selection

LABELS = ("ham", "spam")
HARD = ["see you 😀", 'WIN\r\na "prize"', "=1+2", "مرحبا بك", "x,y;z\ttab", "", " \u00a0 end ", "\u2028line", "'"]

# What CSV, JSON and XML can hold; a zero byte is refused where people label.
TEXTS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40), min_size=1, max_size=8, unique=True
)


def frame_of(texts, preds=None, splits=None, **columns):
    """Return a file's rows as weaklabel label writes them; by default every third row has no label."""
    n = len(texts)
    preds = [row % 3 - 1 for row in range(n)] if preds is None else preds
    sure = [0.6 + 0.03 * (row % 10) for row in range(n)]
    new = {
        "label": [None if pred < 0 else LABELS[pred] for pred in preds],
        "confidence": [None if pred < 0 else round(p, 6) for pred, p in zip(preds, sure, strict=True)],
    }
    for number, name in enumerate(LABELS):
        new[f"p_{name}"] = [
            None if pred < 0 else round(p if pred == number else 1 - p, 6) for pred, p in zip(preds, sure, strict=True)
        ]
    split = {} if splits is None else {"split": splits}
    types = {"label": pl.String, "confidence": pl.Float64, "p_ham": pl.Float64, "p_spam": pl.Float64}
    return pl.DataFrame({"text": texts, **columns, **split, **new}, schema_overrides=types)


def corpus_of(texts, preds=None, splits=None, *, whole=False, **columns):
    """Return a labeled corpus; without its rows that have no label, unless it is to be whole."""
    corpus = open_labeled_file(frame_of(texts, preds, splits, **columns), labels=LABELS)
    return corpus if whole else Selection().of(corpus)


def write(exporter, corpus, target):
    """Check and write, as the framework does; return the record."""
    if exporter.writes_folder:
        target.mkdir()
    exporter.check_corpus(corpus)
    return exporter.write(corpus, target)


def rows_of(corpus):
    """Return texts, classes and probabilities of all rows."""
    parts = list(corpus.parts())
    return (
        [text for part in parts for text in part.texts],
        np.concatenate([part.preds for part in parts]),
        np.concatenate([part.probs for part in parts]),
    )
