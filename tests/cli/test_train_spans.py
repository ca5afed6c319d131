"""Training a tagger from the command line, on the spans of a pack."""

import json

import pytest

from weaklabel.cli import main
from weaklabel.tagger import load_tagger
from weaklabel.units import find_words

PACK = """
from weaklabel import span_lf

TASK = "spans"
LABELS = ["PER", "LOC"]
PEOPLE = ("Ada Lovelace", "Alan Turing", "Grace Hopper")


@span_lf()
def people(text):
    for name in PEOPLE:
        if name in text:
            yield text.index(name), text.index(name) + len(name), "PER"


@span_lf()
def places(text):
    for name in ("London", "Paris", "Oslo"):
        if name in text:
            yield text.index(name), text.index(name) + len(name), "LOC"
"""

NAMES = ["Ada Lovelace", "Alan Turing", "Grace Hopper"]


@pytest.fixture
def place(tmp_path):
    texts = [f"{name} moved to {city} ." for name in NAMES for city in ("London", "Paris", "Oslo")] * 4
    texts += ["nobody moved .", "the letter was long ."] * 4
    (tmp_path / "news.csv").write_text("\n".join(["text", *texts]) + "\n", encoding="utf-8")
    (tmp_path / "names.py").write_text(PACK, encoding="utf-8")
    return tmp_path


def run(place, *arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def train(place, *more):
    start = ("train", place / "news.csv", "--lfs", place / "names.py", "--label-model", "span-vote", "--text", "text")
    return run(place, *start, "-o", place / "model", "--classifier", "linear", "--json", *more)


def test_a_tagger_is_trained_and_predicts(place, capsys):
    assert train(place) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["task"], said["classifier"], said["training_rows"], said["covered"]) == ("spans", "linear", 44, 36)
    text = "soon Grace Hopper moved to Paris ."
    assert load_tagger(place / "model").predict([text]).texts([text]) == ["Grace Hopper", "Paris"]
    manifest = json.loads((place / "model" / "weaklabel.json").read_text())
    assert "2 labeling functions" in manifest["provenance"]
    assert "span-vote" in manifest["provenance"]
    (place / "new.csv").write_text(f"text\n{text}\n", encoding="utf-8")
    assert run(place, "predict", place / "new.csv", "--model", place / "model", "-o", place / "out.csv") == 0
    assert '""label"":""PER""' in (place / "out.csv").read_text().replace(": ", ":")


def test_decided_spans_replace_those_of_the_label_model(place, capsys):
    # People said that a city is no place.
    rows = [
        {"text": f"{name} moved to Oslo .", "spans": [{"start": 0, "end": len(name), "label": "PER"}]} for name in NAMES
    ]
    gold = place / "gold.jsonl"
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert train(place, "--decisions", gold) == 0
    assert json.loads(capsys.readouterr().out)["decided"] == 12
    text = "Alan Turing moved to Oslo ."
    probs = load_tagger(place / "model").predict_proba([text])
    oslo = find_words([text]).texts([text]).index("Oslo")
    assert probs[oslo, 2] < 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--onnx",), "a linear tagger has no ONNX export"),
        (("--run-folder", "runs"), "the linear tagger writes neither a log nor checkpoints"),
        (("--validation", "gold.csv"), "the linear tagger does not use validation rows"),
        (("--epochs", "2"), "epochs"),
        (("--gold", "mine"), "--gold names a column of classes"),
    ],
)
def test_options_that_make_no_sense_are_refused(place, options, message, capsys):
    assert train(place, *options) == 1
    assert message in capsys.readouterr().err
    assert not (place / "model").exists()


def test_a_dry_run_writes_nothing(place, capsys):
    assert train(place, "--dry-run") == 0
    assert not (place / "model").exists()
