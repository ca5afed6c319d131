"""A problem with 150 classes, from corpus to classifier."""

import csv

import pytest

K, N = 150, 300
PACK = f"""
from weaklabel import ABSTAIN, column_votes, labeling_function, lookup_lf

LABELS = tuple(f"intent {{number:03}}" for number in range({K}))
crowd = column_votes("crowd", LABELS)
hint = lookup_lf("hint", "hint", {{f"h{{number}}": number for number in range({K})}})

@labeling_function()
def topic(x):
    return int(x.text.split("topic")[1].split()[0]) if "topic" in x.text else ABSTAIN
"""


@pytest.fixture
def many(tmp_path):
    """A corpus, its pack, and the true classes."""
    (tmp_path / "pack.py").write_text(PACK)
    truth = [f"intent {row % K:03}" for row in range(N)]
    with (tmp_path / "corpus.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "crowd", "hint", "truth"])
        for row, name in enumerate(truth):
            text = f"please help with topic{row % K} again" if row % 5 else f"please help with thing{row % K}"
            writer.writerow([text, name if row % 3 else "", f"h{row % K}" if row % 2 else "", name])
    return tmp_path / "corpus.csv", tmp_path / "pack.py", truth


def test_from_corpus_to_classifier(weaklabel, many, tmp_path):
    corpus, pack, truth = many
    use = ("--lfs", pack, "--label-model", "weighted")
    done = weaklabel("label", corpus, *use, "--votes", "-o", tmp_path / "labeled.csv", "--json")
    assert done.code == 0, done.err
    with (tmp_path / "labeled.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["label"] in ("", name) for row, name in zip(rows, truth, strict=True))
    assert rows[149]["vote_topic"] == rows[149]["label"] == "intent 149"
    assert float(rows[149]["p_intent 149"]) == float(rows[149]["confidence"]) > 0.5

    done = weaklabel("train", corpus, *use, "--classifier", "linear", "-o", tmp_path / "model")
    assert done.code == 0, done.err
    done = weaklabel("predict", corpus, "--model", tmp_path / "model", "-o", tmp_path / "predicted.csv")
    assert done.code == 0, done.err
    done = weaklabel("score", tmp_path / "predicted.csv", "--gold", "truth", "--json")
    assert done.json["accuracy"] > 0.9

    done = weaklabel("analyze", corpus, *use, "--gold", "truth", "--json")
    assert done.code == 0, done.err
    assert [line["Emp. Acc."] for line in done.json["lfs"]] == [1.0, 1.0, 1.0]


def test_of_many_classes_the_most_frequent_are_said(weaklabel, many, tmp_path):
    corpus, pack, _ = many
    done = weaklabel("label", corpus, "--lfs", pack, "--label-model", "weighted", "-o", tmp_path / "labeled.csv")
    assert done.code == 0, done.err
    (output,) = [line for line in done.out.splitlines() if line.startswith("labels: ")]
    assert "2 intent 001" in output and output.count("intent") == 12
    assert " of 138 other classes, " in output and output.endswith("without a label")
