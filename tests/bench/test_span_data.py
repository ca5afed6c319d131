"""Sets with spans, in WRENCH's format for sequences."""

import json

import pytest

from weaklabel.bench.span_data import read_span_set
from weaklabel.errors import CorpusError


def example(tokens, label, weak_labels):
    return {"data": {"tokens": tokens, "text": " ".join(tokens)}, "label": label, "weak_labels": weak_labels}


@pytest.fixture
def folder(tmp_path):
    meta = {"entity_types": ["PER", "LOC"], "lf": ["list", "pattern"], "lf_rec": ["pattern"]}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    rows = {
        "0": example(["Ana", "Sol", "née", "👍"], ["B-PER", "I-PER", "O", "O"], [[1, 0], [2, 0], [0, 0], [0, 3]]),
        "1": example(["Rome"], ["B-LOC"], [["O", "I-LOC"]]),
        "2": example([], [], []),
    }
    for split in ("train", "test"):
        (tmp_path / f"{split}.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return tmp_path


def test_a_set_is_read(folder):
    data = read_span_set(folder)
    assert data.labels == ("PER", "LOC") and data.recommended == ("pattern",) and data.valid is None
    assert (
        data.train.gold is None and data.test.gold.of_row(0) == [(0, 2, 0)] and data.test.gold.of_row(1) == [(0, 1, 1)]
    )
    assert [lf.of_row(0) for lf in data.test.votes.spans] == [[(0, 2, 0)], [(3, 4, 1)]]
    assert data.test.votes.spans[1].of_row(1) == [(0, 1, 1)]  # I- without B- opens a span
    assert data.test.words.texts(data.test.texts) == ["Ana", "Sol", "née", "👍", "Rome"]
    assert data.test.votes.n_rows == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows["0"]["label"].pop(), "example '0': 4 words, 3 gold tags"),
        (lambda rows: rows["1"].pop("data"), "example '1': 'data' is missing or unknown"),
        (lambda rows: rows["1"].update(label=["B-ORG"]), "example '1': 'B-ORG' is missing or unknown"),
        (lambda rows: rows["1"].update(weak_labels=[[0, 9]]), "a vote is 9"),
        (lambda rows: rows["1"].update(weak_labels=[[0]]), "votes must be tags of 2 labeling functions"),
    ],
)
def test_broken_sets_are_refused_with_the_place(folder, change, message):
    rows = json.loads((folder / "test.json").read_text())
    change(rows)
    (folder / "test.json").write_text(json.dumps(rows))
    with pytest.raises(CorpusError, match=message) as refused:
        read_span_set(folder)
    assert "test.json" in str(refused.value)


def test_missing_files_are_named(folder):
    (folder / "test.json").unlink()
    with pytest.raises(CorpusError, match=r"cannot read .*test\.json"):
        read_span_set(folder)
    (folder / "meta.json").write_text("{}")
    with pytest.raises(CorpusError, match="'entity_types' and 'lf'"):
        read_span_set(folder)
