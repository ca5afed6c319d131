from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from tests.units.texts import marked_texts
from weaklabel.corpus import read_corpus, write_labeled
from weaklabel.errors import CorpusError
from weaklabel.units import SPANS, Spans, overlapping, read_spans, spans_column

LABELS = ("PER", "LOC", 'é 中,"')


@given(marked=marked_texts(len(LABELS), overlaps=True), data=st.data())
@settings(max_examples=40, deadline=None)
def test_every_format_gives_back_what_was_written(marked, data, tmp_path_factory):
    texts, spans = marked
    probs = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 0.25, 1.0, np.nan]), min_size=len(spans), max_size=len(spans)))
    )
    is_known = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))), dtype=bool)
    is_known[spans.row] = True
    column = spans_column(spans, texts, LABELS, probs, is_known)
    folder: Path = tmp_path_factory.mktemp("spans")
    for suffix in ("csv", "tsv", "jsonl", "json", "parquet"):
        out = folder / f"rows.{suffix}"
        write_labeled(read_corpus(pl.DataFrame({"text": texts})), str(out), pl.DataFrame({SPANS: column}))
        back = read_corpus(str(out), quoting=True if suffix == "tsv" else None)
        rows = read_spans(back.values(SPANS), texts, LABELS)
        assert (rows.spans.keys() == spans.keys()).all() and len(rows.spans) == len(spans)
        assert np.array_equal(rows.probs, probs, equal_nan=True)
        assert rows.is_known.tolist() == is_known.tolist()


def test_labels_that_are_not_given_are_those_that_occur():
    rows = read_spans([[[0, 1, "b"]], None, "[]", float("nan"), ""], ["x", "", "", "", ""])
    assert rows.labels == ("b",)
    assert rows.is_known.tolist() == [True, False, True, False, False]
    assert read_spans([], []).labels == ()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("Ada", r"row 8: Ada is no JSON list of spans; write \[\]"),
        ("{}", "is no list of spans"),
        ([{"start": 0, "end": 3}], "is no span; write"),
        ([[0, 3]], "is no span; write"),
        ([[0, 3.5, "PER"]], "places are whole numbers"),
        ([[False, 3, "PER"]], "places are whole numbers"),
        ([[3, 3, "PER"]], "a span is from 3 to 3, but the text has 10 characters"),
        ([[-1, 3, "PER"]], "a span is from -1 to 3"),
        ([[8, 11, "PER"]], "a span is from 8 to 11"),
        ([[0, 3, "PERS"]], "span 0 to 3: unknown label 'PERS' .did you mean 'PER'"),
        ([[0, 3, " "]], "for its label"),
        ([[0, 3, 1]], "for its label"),
        ([{"start": 0, "end": 3, "label": "PER", "prob": 1.5}], "has 1.5 for its probability"),
        ([{"start": 0, "end": 3, "label": "PER", "prob": "much"}], "for its probability"),
        ([{"start": 1, "end": 4, "label": "PER", "text": "Ada"}], "is 'da ' in the text, but 'Ada' in the column"),
        ([[0, 3, "PER"], [0, 3, "PER"]], "is there twice"),
        ([[0, 3, "PER"], [2, 5, "LOC"]], "the spans 0 to 3 and 2 to 5 overlap"),
    ],
)
def test_an_error_has_the_row(cell, message):
    with pytest.raises(CorpusError, match=message) as error:
        read_spans(["[]", cell], ["", "Ada wrote."], LABELS, where="gold.csv", first_row=7, overlaps=False)
    assert "gold.csv, row 8" in str(error.value)


def test_a_span_overlaps_those_before_it_in_its_row_alone():
    spans = Spans.of_rows([[(0, 9, 0), (1, 2, 0), (3, 4, 1), (9, 10, 0)], [(0, 1, 0), (0, 1, 1)]])
    assert overlapping(spans).tolist() == [False, True, True, False, False, True]
