"""Arrays for scikit-learn and cleanlab: loaded without pickle, and used."""

import json

import numpy as np
import polars as pl
import pytest

from tests.export.rows import HARD, LABELS, corpus_of, frame_of, rows_of, write
from weaklabel.errors import ExportError, VoteError, WeakLabelWarning
from weaklabel.export import Selection, open_labeled_file
from weaklabel.export.arrays import CleanlabExporter, SklearnExporter


def load(folder, split="train"):
    """Load as the documentation shows."""
    texts = json.loads((folder / f"{split}.texts.json").read_text(encoding="utf-8"))
    with np.load(folder / f"{split}.npz", allow_pickle=False) as arrays:
        return texts, dict(arrays)


def test_scikit_learn_trains_on_the_arrays(tmp_path):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = [f"{word} {number}" for number in range(20) for word in ("prize", "lunch")]
    write(SklearnExporter(), corpus_of(texts, [1, 0] * 20), tmp_path / "out")
    X, arrays = load(tmp_path / "out")
    classes = json.loads((tmp_path / "out" / "classes.json").read_text())
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model.fit(X, arrays["y"], logisticregression__sample_weight=arrays["sample_weight"])
    assert [classes[number] for number in model.predict(["a prize", "my lunch"])] == ["spam", "ham"]


def test_arrays_by_split(tmp_path):
    splits = ["train", "test", "train", "train", "train", "test", "train", "train", "train"]
    corpus = corpus_of(HARD, splits=splits)
    assert write(SklearnExporter(), corpus, tmp_path / "out").rows == 6
    all_texts, preds, probs = rows_of(corpus)
    for split, rows in {"train": [1, 2, 4, 5], "test": [0, 3]}.items():
        texts, arrays = load(tmp_path / "out", split)
        assert texts == [all_texts[row] for row in rows]
        assert arrays["y"].tolist() == preds[rows].tolist()
        assert np.array_equal(arrays["probs"], probs[rows])
        assert np.array_equal(arrays["sample_weight"], probs[rows].max(axis=1))
    write(SklearnExporter(weight="none"), corpus, tmp_path / "plain")
    assert set(load(tmp_path / "plain")[1]["sample_weight"]) == {1.0}


def test_labels_without_probabilities(tmp_path):
    corpus = open_labeled_file({"text": ["a", "b"], "label": ["spam", "ham"]}, labels=LABELS)
    write(SklearnExporter(), corpus, tmp_path / "out")
    texts, arrays = load(tmp_path / "out")
    assert texts == ["a", "b"] and set(arrays) == {"y", "sample_weight"}
    assert arrays["y"].tolist() == [1, 0] and arrays["sample_weight"].tolist() == [1.0, 1.0]
    with pytest.raises(ExportError, match="no probability columns"):
        CleanlabExporter().check_corpus(corpus)


def cleanlab_corpus():
    human = [LABELS[row % 2] for row in range(39)] + [""]
    human[6] = "spam"  # wrong
    rows = frame_of([f"text {row}" for row in range(40)], [row % 2 for row in range(40)], human=human)
    votes = {"vote_a": rows["label"], "vote_b": [None, *rows["label"].to_list()[1:]]}
    return Selection().of(
        open_labeled_file(rows.with_columns(pl.Series(name, values) for name, values in votes.items()), labels=LABELS)
    )


def test_cleanlab_input(tmp_path):
    record = write(CleanlabExporter(given="human"), cleanlab_corpus(), tmp_path / "out")
    assert (record.rows, record.left_out) == (39, {"without a label in 'human'": 1})
    with np.load(tmp_path / "out" / "cleanlab.npz", allow_pickle=False) as arrays:
        labels, probs, votes = arrays["labels"], arrays["pred_probs"], arrays["labels_multiannotator"]
    assert labels.dtype == np.int64 and probs.shape == (39, 2) and np.allclose(probs.sum(axis=1), 1)
    assert np.flatnonzero(labels != probs.argmax(axis=1)).tolist() == [6]
    assert np.isnan(votes[0, 1]) and not np.isnan(votes[1:]).any()
    assert json.loads((tmp_path / "out" / "ids.json").read_text())[6] == "6"
    assert len(json.loads((tmp_path / "out" / "texts.json").read_text())) == 39


def test_cleanlab_finds_the_wrong_label(tmp_path):
    cleanlab = pytest.importorskip("cleanlab.filter")
    write(CleanlabExporter(given="human"), cleanlab_corpus(), tmp_path / "out")
    with np.load(tmp_path / "out" / "cleanlab.npz") as arrays:
        issues = cleanlab.find_label_issues(arrays["labels"], arrays["pred_probs"])
    assert np.flatnonzero(issues).tolist() == [6]


def test_cleanlab_is_warned_of_and_refused():
    with pytest.warns(WeakLabelWarning, match="always agree: name a column"):
        CleanlabExporter().check_corpus(cleanlab_corpus())
    with pytest.raises(ExportError, match=r"given: .* has no column 'humans'"):
        CleanlabExporter(given="humans").check_corpus(cleanlab_corpus())
    with pytest.raises(ExportError, match="'confidense' is none of confidence, none"):
        SklearnExporter(weight="confidense").check_corpus(cleanlab_corpus())


def test_a_given_label_that_is_no_class_is_refused(tmp_path):
    corpus = open_labeled_file(frame_of(["a", "b"], [0, 1], human=["ham", "eggs"]), labels=LABELS)
    with pytest.raises(VoteError, match="column 'human': row 1: unknown label 'eggs'"):
        write(CleanlabExporter(given="human"), corpus, tmp_path / "out")
