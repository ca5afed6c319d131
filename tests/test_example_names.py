"""The example for names: its gold is where it says, and its labeling functions mark it."""

from pathlib import Path

import polars as pl
import pytest

from weaklabel import apply_lfs, load_lfs
from weaklabel.label_model.sequence import SpanVote
from weaklabel.scoring import score_spans
from weaklabel.units import on_words, read_spans

FOLDER = Path(__file__).parents[1] / "examples" / "names"


@pytest.fixture(scope="module")
def news():
    return pl.read_csv(FOLDER / "news.csv", infer_schema=False)


def test_the_sentences_are_different_and_their_gold_is_in_them(news):
    assert news["text"].n_unique() == news["id"].n_unique() == 400
    gold = read_spans(news["spans"], news["text"], ["PER", "ORG", "LOC"])
    assert gold.is_known.sum() == 120 and len(gold.spans) == 270
    assert set(gold.spans.label.tolist()) == {0, 1, 2}


def test_the_labeling_functions_mark_most_of_the_gold(news):
    lfs = load_lfs(str(FOLDER / "names.py"))
    assert len(lfs) == 8 and lfs.labels == ("PER", "ORG", "LOC")
    checked = news.filter(pl.col("spans").is_not_null() & (pl.col("spans") != ""))
    texts = checked["text"].to_list()
    votes = apply_lfs(lfs, texts)
    gold, is_cut = on_words(read_spans(checked["spans"], texts, lfs.labels).spans, votes.words)
    assert not is_cut.any()
    for spans, name in zip(votes.spans, votes.lf_names, strict=True):
        assert score_spans(gold, spans, lfs.labels).precision > 0.5, name
    predicted = SpanVote().predict(votes)
    assert 0.7 < score_spans(gold, getattr(predicted, "spans", predicted), lfs.labels).f1 < 0.95
