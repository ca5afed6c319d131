"""Prediction in parts: the same rows as at once, resumed, and never mixed with another model's."""

import json
from itertools import chain

import numpy as np
import pytest

from weaklabel import LinearClassifier, read_corpus
from weaklabel.classifier import load_classifier
from weaklabel.corpus import write_labeled
from weaklabel.errors import CorpusError
from weaklabel.job import predict_file
from weaklabel.job.engine import LocalEngine
from weaklabel.job.output import label_columns


class Stops(Exception):
    pass


class StoppingEngine(LocalEngine):
    def write(self, job, parts=None):
        for number, part in enumerate(super().write(job, parts)):
            if number == 4:
                raise Stops
            yield part


@pytest.fixture
def classifier(messages):
    texts = read_corpus(messages, quoting=True).texts()
    return LinearClassifier(labels=("ham", "spam")).fit(texts, [row % 2 for row in range(len(texts))])


def predict(messages, classifier, out, **more):
    return predict_file(read_corpus(messages, quoting=True), classifier, str(out), **{"model_id": "1", **more})


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl.gz"])
def test_the_same_rows_as_predicting_at_once(messages, classifier, tmp_path, name):
    done = predict(messages, classifier, tmp_path / name)
    corpus = read_corpus(messages, quoting=True)
    probs = classifier.predict_proba(corpus.texts())
    preds = probs.argmax(axis=1)
    write_labeled(corpus, tmp_path / f"once-{name}", label_columns(preds, probs, classifier.labels_), size=10**6)
    if not name.endswith("parquet"):  # row groups differ there
        assert (tmp_path / name).read_bytes() == (tmp_path / f"once-{name}").read_bytes()
    assert done.rows == 300 and done.rejects == 3
    assert list(done.labels.values()) == np.bincount(preds, minlength=2).tolist()
    assert len(done.rejects_file.read_text().splitlines()) == 3


def test_it_goes_on_but_not_with_another_model(messages, classifier, tmp_path):
    whole = tmp_path / "whole.csv"
    predict(messages, classifier, whole)
    for model_id, reused in (("1", True), ("2", False)):
        out = tmp_path / f"{model_id}.csv"
        with pytest.raises(Stops):
            predict(messages, classifier, out, engine=StoppingEngine())
        written = []

        class Watching(LocalEngine):
            def write(self, job, parts=None):
                real = job.write
                job.write = lambda rows: written.append(rows.part.number) or real(rows)  # noqa: B023
                return super().write(job, parts)

        done = predict(messages, classifier, out, engine=Watching(), model_id=model_id)
        assert (0 not in written) == reused
        assert done.rows == 300 and done.rejects == 3
        assert out.read_bytes() == whole.read_bytes()


def test_rejects_survive_an_interruption(messages, classifier, tmp_path):
    with pytest.raises(Stops):
        predict(messages, classifier, tmp_path / "out.csv", engine=StoppingEngine())
    done = predict(messages, classifier, tmp_path / "out.csv")
    lines = [json.loads(line)["line"] for line in done.rejects_file.read_text().splitlines()]
    predict(messages, classifier, tmp_path / "whole.csv")
    whole = (tmp_path / "whole.csv.rejects.jsonl").read_text().splitlines()
    assert lines == [json.loads(line)["line"] for line in whole]


def test_entities_are_marked_part_by_part(tmp_path):
    names = [f"cat{number}" for number in range(100)]
    rows = [f"the {name} saw a dog,{name},dog" for name in names]
    path = tmp_path / "relations.csv"
    path.write_text("\n".join(["text,e1,e2", *rows]) + "\n", encoding="utf-8")
    corpus = read_corpus(path, entities=("e1", "e2"))
    texts = corpus.model_texts()
    fitted = LinearClassifier().fit(texts, [row % 2 for row in range(100)])
    fitted.save(tmp_path / "model", entities=corpus.entities)
    read = []

    class Reader(LinearClassifier):
        def predict_proba(self, texts):
            read.append(list(texts))
            return fitted.predict_proba(texts)

    reader = Reader()
    reader.labels_, reader.entities_ = fitted.labels_, load_classifier(tmp_path / "model").entities_
    predict_file(read_corpus(path), reader, str(tmp_path / "out.csv"), model_id="1")
    assert len(read) > 2 and list(chain(*read)) == texts

    path.write_text(path.read_text().replace("cat77,dog", "cat77,fox"), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"relations\.csv, row 77 \(rows count from 0\), column 'e2': 'fox'"):
        predict_file(read_corpus(path), reader, str(tmp_path / "out.csv"), model_id="1")
