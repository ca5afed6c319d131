import csv
import json

import pytest


@pytest.fixture
def gold(corpus, tmp_path):
    """The rows of the corpus that have gold."""
    path = tmp_path / "gold.csv"
    with corpus.open(newline="") as source, path.open("w", newline="") as target:
        rows = [row for row in csv.DictReader(source) if row["truth"]]
        writer = csv.DictWriter(target, ["text", "truth"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_learning_rate_is_chosen_on_gold(weaklabel, corpus, pack, gold, tmp_path):
    options = ("--validation", gold, "--gold", "truth", "--metric", "f1", "--lr", "1e-6,3e-4", "--epochs", 1)
    options += ("--run-folder", tmp_path / "log", "--log", "tensorboard", "--json")
    done = weaklabel("train", corpus, "--lfs", pack, "-o", tmp_path / "model", *options)
    assert done.code == 0, done.err
    training = json.loads((tmp_path / "model" / "weaklabel.json").read_text(encoding="utf-8"))["state"]["training"]
    assert [tried["lr"] for tried in training["grid"]] == [1e-6, 3e-4]
    assert done.json["lr"] == training["lr"] and done.json["best_epoch"] == training["best_epoch"]
    assert training["metric"] == "f1" and "validation_f1" in training["history"][0]
    assert (tmp_path / "log" / "lr-0.0003" / "training.jsonl").is_file()
    assert list((tmp_path / "log" / "lr-0.0003" / "tensorboard").iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lr", "1e-4;2e-4"), "--lr must be numbers between 0 and 1"),
        (("--lr", "1e-4,"), "--lr must be numbers between 0 and 1"),
        (("--lr", "1e-4,2e-4"), "several learning rates needs something to validate on"),
        (("--metric", "accuracy"), "the metric 'accuracy' needs something to validate on"),
        (("--log", "tensorboard"), "give a run_folder"),
        (("--classifier", "linear", "--run-folder", "log"), "leave --run-folder out"),
        (("--classifier", "linear", "--pretrain-epochs", 1), "the linear classifier has no pretrain_epochs"),
    ],
)
def test_mistakes(weaklabel, corpus, pack, tmp_path, options, message):
    done = weaklabel("train", corpus, "--lfs", pack, "-o", tmp_path / "model", *options)
    assert done.code == 1 and message in done.err
