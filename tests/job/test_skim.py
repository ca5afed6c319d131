"""Labeling in memory."""

import polars as pl
import pytest

from weaklabel import keyword_lf, read_corpus
from weaklabel.config import LabelModelSettings
from weaklabel.encoder import features
from weaklabel.job import LabelOptions, label_corpus
from weaklabel.lf.packs import LFCollection

LFS = (
    keyword_lf("praise", 1, ["great", "lovely"]),
    keyword_lf("thanks", 1, ["thanks"]),
    keyword_lf("blame", 0, ["broken", "late"]),
    keyword_lf("refund", 0, ["refund"]),
)
PACK = LFCollection(lfs=LFS, labels=("bad", "good"), specs=("here",), origins=("here",) * len(LFS), doc="")
WORDS = ["great thanks lovely garden picnic", "broken late refund parcel engine"]


@pytest.fixture
def few_are_enough(monkeypatch):
    monkeypatch.setattr(features, "MIN_TEXTS", 20)


def texts(repeats):
    return [f"{WORDS[row % 2]} number {row} " * repeats for row in range(24)]


@pytest.mark.parametrize(
    ("name", "repeats", "skim", "tokens"),
    [("auto", 40, True, 32), ("auto", 40, False, 128), ("auto", 2, True, 128), ("text", 40, True, 128)],
)
def test_only_long_texts_are_skimmed_and_only_where_that_is_asked_for(few_are_enough, name, repeats, skim, tokens):
    corpus = read_corpus(pl.DataFrame({"text": texts(repeats)}))
    options = LabelOptions(LabelModelSettings(name=name), read_texts=True, skim=skim, workers=0)
    labels = label_corpus(corpus, PACK, options)
    assert labels.model.max_length == tokens
    assert labels.preds.tolist() == [1, 0] * 12
