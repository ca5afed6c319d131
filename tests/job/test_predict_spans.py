"""A tagger predicts a corpus of any size in parts, as a classifier does."""

import json

import pytest

from tests.job.test_predict import StoppingEngine, Stops
from weaklabel import read_corpus
from weaklabel.classifier import MajorityClassifier
from weaklabel.cli import main
from weaklabel.errors import ClassifierError, CorpusError
from weaklabel.job import predict_file
from weaklabel.job.predict import load_trained
from weaklabel.tagger import LinearTagger, Tagger
from weaklabel.units import read_spans

TRAINED = [
    "Ada Lovelace \U0001f469\u200d\U0001f680 left.",
    "Alan Turing left.",
    "the cat left.",
    "Grace Hopper wrote it.",
] * 4
MARKED = [[(0, 12, "PER")], [(0, 11, "PER")], [], [(0, 12, "PER")]] * 4


@pytest.fixture(scope="module")
def tagger():
    return LinearTagger().fit(TRAINED, MARKED)


@pytest.fixture
def names(tmp_path):
    """A corpus with names, line ends, tabs, marks, Chinese; a row cannot be read."""
    texts = [
        "Emmy Noether left.",
        "e\u0301 \u6771\u4eac Kurt Godel\r\n\tleft",
        "the dog left.",
        '"Alan" Turing, \U0001f600 he left',
    ] * 150
    path = tmp_path / "names.csv"
    lines = ["id,text"] + [f'{row},"{text.replace(chr(34), chr(34) * 2)}"' for row, text in enumerate(texts)]
    path.write_text("\n".join([*lines[:40], "broken,row,here", *lines[40:]]) + "\n", encoding="utf-8", newline="")
    return path, texts


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
def test_every_format_holds_the_tagger_s_spans(names, tagger, tmp_path, name):
    path, texts = names
    done = predict_file(read_corpus(path), tagger, str(tmp_path / name), model_id="1")
    assert (done.rows, done.rejects) == (600, 1)
    again = read_corpus(tmp_path / name)
    assert again.texts() == texts
    rows = read_spans(again.values("spans"), texts, ["PER"])
    expected = tagger.predict(texts)
    assert [rows.spans.of_row(row) for row in range(600)] == [expected.of_row(row) for row in range(600)]
    assert done.labels == {"PER": len(expected)}
    assert ((rows.probs > 0) & (rows.probs <= 1)).all()


def test_a_stopped_prediction_goes_on_with_the_same_bytes(names, tagger, tmp_path):
    path, _ = names
    predict_file(read_corpus(path), tagger, str(tmp_path / "whole.csv"), model_id="1")
    with pytest.raises(Stops):
        predict_file(read_corpus(path), tagger, str(tmp_path / "out.csv"), model_id="1", engine=StoppingEngine())
    predict_file(read_corpus(path), tagger, str(tmp_path / "out.csv"), model_id="1")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_the_command(names, tagger, tmp_path, capsys):
    path, texts = names
    tagger.save(tmp_path / "model")
    assert isinstance(load_trained(tmp_path / "model"), Tagger)
    out = tmp_path / "out.jsonl"
    options = ["--model", str(tmp_path / "model"), "-o", str(out), "--json", "--prefix", "my_"]
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(path), *options])
    assert ended.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows_out"], said["rejects"]) == (600, 1)
    first = json.loads(out.read_text(encoding="utf-8").splitlines()[0])
    assert first["my_spans"][0]["text"] == "Emmy Noether" == texts[0][:12]
    assert said["labels"] == {"PER": sum(len(json.loads(line)["my_spans"]) for line in out.read_text().splitlines())}


def test_what_makes_no_sense_is_refused(names, tagger, tmp_path):
    path, _ = names
    predict_file(read_corpus(path), tagger, str(tmp_path / "once.csv"), model_id="1")
    with pytest.raises(CorpusError, match="already has a column 'spans'"):
        predict_file(read_corpus(tmp_path / "once.csv"), tagger, str(tmp_path / "twice.csv"), model_id="1")
    with pytest.raises(ClassifierError, match="a linear tagger, which has no ONNX export"):
        tagger.save(tmp_path / "model")
        load_trained(tmp_path / "model", "onnx")
    MajorityClassifier().fit(["a", "b"], [0, 1]).save(tmp_path / "texts")
    assert not isinstance(load_trained(tmp_path / "texts"), Tagger)
