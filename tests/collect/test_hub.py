"""Data sets of Hugging Face, from folders: splits, names of classes, and what cannot be loaded."""

from pathlib import Path

import pytest

from tests.collect.makers import run
from weaklabel.collect.collect import collect_corpus
from weaklabel.errors import CorpusError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def saved(tmp_path, monkeypatch):
    import datasets

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["ham", "spam"]),
            "n": datasets.Value("int64"),
        }
    )
    train = datasets.Dataset.from_dict({"text": ["see you", "win"], "label": [0, 1], "n": [1, 2]}, features=features)
    test = datasets.Dataset.from_dict({"text": ["hello"], "label": [-1], "n": [3]}, features=features)
    datasets.DatasetDict({"train": train, "test": test}).save_to_disk("both")
    train.save_to_disk("one")
    return train


@pytest.mark.parametrize("spec", ["both", "hf:both"])
def test_a_saved_data_set(saved, spec):
    done, rows, _ = run(spec, Path("out.parquet"))
    assert [(row["text"], row["label"], row["n"], row["split"]) for row in rows] == [
        ("see you", "ham", 1, "train"),
        ("win", "spam", 2, "train"),
        ("hello", None, 3, "test"),
    ]
    assert [(row["meta_source"], row["meta_place"]) for row in rows] == [
        ("both/train", "row 1"),
        ("both/train", "row 2"),
        ("both/test", "row 1"),
    ]
    assert (done.documents, done.kinds) == (3, {"row": 3})


def test_a_data_set_without_splits(saved):
    _, rows, _ = run("one", Path("out.parquet"))
    assert [(row["text"], row["label"]) for row in rows] == [("see you", "ham"), ("win", "spam")]
    assert "split" not in rows[0]


def test_a_folder_of_data_files(saved):
    Path("files").mkdir()
    saved.to_json("files/train.jsonl")
    _, rows, _ = run("hf:files", Path("out.parquet"))
    assert [(row["text"], row["split"]) for row in rows] == [("see you", "train"), ("win", "train")]


def test_a_data_set_that_changed_is_loaded_again(saved, monkeypatch):
    from weaklabel.collect.collect import Collection

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Collection, "write_output", lambda *_: 1 / 0)
        collect_corpus("one", "out.jsonl")
    saved.select([1]).save_to_disk("one")
    assert collect_corpus("one", "out.jsonl").rows == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [("hf:", "names no data set"), ("hf:no/such-data-set-here", "cannot load the data set hf:no/such-data-set-here")],
)
def test_what_cannot_be_loaded(saved, monkeypatch, spec, words):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(CorpusError, match=words):
        collect_corpus(spec, "out.csv")


def test_a_data_set_without_the_text_column(saved):
    with pytest.raises(CorpusError, match="one: no column 'body'"):
        collect_corpus("one", "out.csv", text="body")
