"""The verbs other than label: lfs, analyze, train, predict, score, run, demo."""

import csv
import json
from hashlib import sha256

import pytest


def test_every_verb_shows_examples_first(weaklabel):
    for verb in ("lfs", "label", "analyze", "train", "predict", "score", "run", "demo"):
        done = weaklabel(verb, "--help")
        assert done.code == 0
        assert 0 < done.out.index("Examples:") < done.out.index("Options")


def test_version(weaklabel):
    assert weaklabel("--version").out.startswith("weaklabel 0.")


def test_lfs_lists_packs_and_breakage(weaklabel, pack, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_that_name")
    done = weaklabel("lfs", pack, broken)
    assert done.code == 1
    assert "thanks" in done.out and "keyword" in done.out and "BROKEN" in done.out
    listing = weaklabel("lfs", pack, "--json").json["packs"][0]
    assert listing["labels"] == ["complaint", "praise"]
    assert {"name": "short", "kind": "row"} in listing["lfs"]


def test_lfs_without_specs_lists_the_ready_packs(weaklabel):
    done = weaklabel("lfs")
    assert done.code == 0
    for name in ("spam", "sentiment", "topic", "question", "sentiment_zh"):
        assert f"{name}  (" in done.out


def test_lfs_new_writes_a_pack_that_works(weaklabel, tmp_path, corpus):
    assert weaklabel("lfs", "--new", tmp_path / "new.py").code == 0
    assert weaklabel("label", corpus, "--lfs", tmp_path / "new.py", "-o", tmp_path / "out.csv").code == 0
    assert weaklabel("lfs", "--new", tmp_path / "new.py").code == 1


def test_analyze(weaklabel, corpus, pack):
    result = weaklabel("analyze", corpus, "--lfs", pack, "--gold", "truth", "--json").json
    assert result["rows"] == 24
    by_name = {lf["LF"]: lf for lf in result["lfs"]}
    assert by_name["thanks"]["Emp. Acc."] == 1.0
    text = weaklabel("analyze", corpus, "--lfs", pack).out
    assert "Coverage" in text and "Est. Acc." in text and "Emp. Acc." not in text
    assert weaklabel("analyze", corpus, "--lfs", pack, "--gold", "id").code == 1


@pytest.mark.parametrize("classifier", ["linear", "bert"])
def test_train_predict_score(weaklabel, corpus, pack, tmp_path, classifier):
    model, out = tmp_path / "model", tmp_path / "predicted.csv"
    done = weaklabel("train", corpus, "--lfs", pack, "-o", model, "--classifier", classifier, "--epochs", 1)
    assert done.code == 0, done.err
    assert weaklabel("predict", corpus, "--model", model, "-o", out).code == 0
    scored = weaklabel("score", out, "--gold", "truth", "--positive", "praise", "--json").json
    assert scored["n"] == 20 and scored["coverage"] == 1.0
    assert 0 <= scored["f1"] <= 1 and scored["log_loss"] > 0


def test_train_refuses_a_folder_with_other_files(weaklabel, corpus, pack):
    done = weaklabel("train", corpus, "--lfs", pack, "-o", corpus.parent, "--classifier", "linear")
    assert done.code == 1 and "holds other files" in done.err


def test_score_by_hand(weaklabel, tmp_path):
    path = tmp_path / "scored.csv"
    path.write_text("label,truth\nspam,spam\nham,spam\n,spam\nham,ham\nspam,\n")
    scored = weaklabel("score", path, "--gold", "truth", "--positive", "spam", "--json").json
    # Four rows have gold; of three spam rows one is found, one is called ham, one has no prediction.
    assert (scored["n"], scored["coverage"], scored["accuracy"]) == (4, 0.75, 0.5)
    assert (scored["precision"], scored["recall"], scored["f1"]) == (1.0, pytest.approx(1 / 3), 0.5)
    dropped = weaklabel("score", path, "--gold", "truth", "--positive", "spam", "--abstain", "drop", "--json").json
    assert dropped["recall"] == 0.5
    assert weaklabel("score", path, "--gold", "nothing").code == 1
    assert weaklabel("score", path, "--gold", "truth", "--labels", "a,b").code == 1


def write_project(folder, corpus, pack, extra=""):
    path = folder / "project.toml"
    path.write_text(
        f'title = "Test"\nout = "run"\n[corpus]\npath = "{corpus}"\n[lfs]\nuse = ["{pack}"]\n'
        f'[classifier]\nname = "linear"\n{extra}'
    )
    return path


def test_run_writes_everything(weaklabel, corpus, pack, tmp_path):
    gold = tmp_path / "gold.csv"
    with corpus.open(newline="") as source, gold.open("w", newline="") as target:
        rows = [row for row in csv.DictReader(source) if row["truth"]]
        writer = csv.DictWriter(target, ["text", "truth"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    project = write_project(tmp_path, corpus, pack, f'[gold]\npath = "{gold}"\ncolumn = "truth"\npositive = "praise"\n')
    done = weaklabel("run", project)
    assert done.code == 0, done.err
    folder = tmp_path / "run"
    scores = json.loads((folder / "scores.json").read_text())
    assert {"majority_vote", "label_model", "linear", "majority_class"} <= set(scores)
    for stage in scores.values():
        assert {"precision", "recall", "f1", "accuracy", "coverage", "n", "intervals"} <= set(stage)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["rows"] == 24
    assert manifest["inputs"]["corpus"]["sha256"] == sha256(corpus.read_bytes()).hexdigest()
    assert manifest["inputs"]["gold"]["sha256"] == sha256(gold.read_bytes()).hexdigest()
    assert manifest["settings"]["seed"] == 0 and manifest["versions"]["snorkel"]
    for name in manifest["files"]:
        assert (folder / name).exists(), name
    assert "Test" in (folder / "report.md").read_text()


def test_gold_in_the_corpus_is_held_out_of_training(weaklabel, corpus, pack, tmp_path):
    project = write_project(tmp_path, corpus, pack, '[gold]\ncolumn = "truth"\n')
    done = weaklabel("run", project)
    # Every row with a vote has gold here, so nothing is left to train on: that is said, not worked around.
    assert done.code == 1 and "gold" in done.err


def test_run_is_reproducible(weaklabel, corpus, pack, tmp_path):
    project = write_project(tmp_path, corpus, pack)
    for name in ("a", "b"):
        assert weaklabel("run", project, "-o", tmp_path / name).code == 0
    for file in ("labelled.csv", "lf_table.csv", "votes.npz", "label_model.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_run_mistakes(weaklabel, corpus, pack, tmp_path):
    project = write_project(tmp_path, corpus, pack)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    done = weaklabel("run", project, "-o", tmp_path / "other")
    assert done.code == 1 and "holds other files" in done.err
    done = weaklabel("run", write_project(tmp_path, corpus, pack, '[gold]\npositive = "x"\ncolumn = "truth"\n'))
    assert done.code == 1 and "unknown label 'x'" in done.err
