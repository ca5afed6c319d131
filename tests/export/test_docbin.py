"""spaCy reads the documents, and trains a text classifier on them."""

import functools

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from spacy.tokens import DocBin
from spacy.training import Corpus, Example

from tests.export.rows import HARD, TEXTS, corpus_of, rows_of, write
from weaklabel.errors import ExportError, WeakLabelError
from weaklabel.export.docbin import DocBinExporter


@functools.cache
def vocab():
    return spacy.blank("en").vocab


def docs_of(path):
    return list(DocBin(store_user_data=True).from_disk(path).get_docs(vocab()))


def test_texts_probabilities_and_ids(tmp_path):
    splits = ["train", "test", "train", "train", "train", "test", "train", "train", "train"]
    corpus = corpus_of(HARD, splits=splits)
    assert write(DocBinExporter(), corpus, tmp_path / "out").rows == 6
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["test-00000-of-00001.spacy", "train-00000-of-00001.spacy"]
    docs = sorted(
        (doc for file in files for doc in docs_of(tmp_path / "out" / file)), key=lambda doc: doc.user_data["id"]
    )
    texts, preds, probs = rows_of(corpus)
    assert [doc.text for doc in docs] == texts
    assert [[doc.cats["ham"], doc.cats["spam"]] for doc in docs] == np.eye(2)[preds].tolist()
    assert np.allclose([doc.user_data["probs"] for doc in docs], probs)
    assert [doc.user_data["id"] for doc in docs] == ["1", "2", "4", "5", "7", "8"]


def test_soft_categories(tmp_path):
    write(DocBinExporter(soft=True), corpus_of(["a", "b"], [0, 1]), tmp_path / "out")
    docs = docs_of(tmp_path / "out" / "train-00000-of-00001.spacy")
    assert [doc.cats for doc in docs] == [{"ham": 0.6, "spam": 0.4}, {"ham": 0.37, "spam": 0.63}]


@settings(max_examples=5)
@given(texts=TEXTS.map(lambda texts: [*texts, *HARD]))
def test_every_text_comes_back(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("docbin")
    write(DocBinExporter(), corpus_of(texts, [1] * len(texts)), folder / "out")
    assert [doc.text for doc in docs_of(folder / "out" / "train-00000-of-00001.spacy")] == texts


def test_spacy_trains_on_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("weaklabel.export.shards.BLOCK_ROWS", 8)
    texts = [f"{word} {number}" for number in range(16) for word in ("prize", "lunch")]
    corpus = corpus_of(texts, [number % 2 for number in (1, 0) * 16])
    write(DocBinExporter(max_mb=0.00001), corpus, tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 4
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    examples = list(Corpus(tmp_path / "out")(nlp))
    assert all(isinstance(example, Example) for example in examples) and len(examples) == 32
    nlp.initialize(lambda: examples)
    for _ in range(20):
        nlp.update(examples)
    assert nlp("a prize").cats["spam"] > 0.6
    assert nlp("at lunch").cats["ham"] > 0.6


def test_refused():
    with pytest.raises(ExportError, match="spaCy has no language 'xx-yy'"):
        DocBinExporter(language="xx-yy").check_corpus(corpus_of(["a"], [0]))
    with pytest.raises(WeakLabelError, match=r"tokenizer of the language 'ja' is missing|pip install"):
        DocBinExporter(language="ja").check_corpus(corpus_of(["a"], [0]))
