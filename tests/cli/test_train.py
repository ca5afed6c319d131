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


@pytest.fixture
def unable(tmp_path):
    """A pack whose first vote goes wrong: with an error budget of 0, nothing comes after it."""
    path = tmp_path / "unable.py"
    path.write_text(
        'from weaklabel import labeling_function\nLABELS = ("complaint", "praise")\n'
        "@labeling_function()\ndef fails(x):\n    raise ValueError('asked')\n"
    )
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
        (("--lr", "1e-4,2e-4"), "several learning rates needs validation rows"),
        (("--metric", "accuracy"), "the metric 'accuracy' needs validation rows"),
        (("--log", "tensorboard"), "give a run_folder"),
        (("--classifier", "linear", "--run-folder", "log"), "leave --run-folder out"),
        (("--classifier", "linear", "--pretrain-epochs", 1), "the linear classifier has no pretrain_epochs"),
        (("--classifier", "linear", "--validation", "gold.csv"), "leave --validation out"),
        (("--label-model", "hyper", "--class-balance", "majority"), "the label model 'hyper' has no class_balance"),
    ],
)
def test_mistakes_are_told_before_any_vote(weaklabel, corpus, unable, tmp_path, options, message):
    done = weaklabel("train", corpus, "--lfs", unable, "--error-budget", 0, "-o", tmp_path / "model", *options)
    assert done.code == 1 and message in done.err


def test_f1_of_three_classes_is_refused_before_any_vote(weaklabel, corpus, unable, gold, tmp_path):
    unable.write_text(unable.read_text().replace('"praise")', '"praise", "question")'))
    options = ("--error-budget", 0, "--validation", gold, "--gold", "truth", "--metric", "f1")
    done = weaklabel("train", corpus, "--lfs", unable, "-o", tmp_path / "model", *options)
    assert done.code == 1 and "use 'macro_f1'" in done.err


@pytest.mark.parametrize("classifier", ["linear", "bert"])
def test_the_result_as_json(weaklabel, corpus, pack, tmp_path, classifier):
    options = ("--classifier", classifier, "--label-model", "majority", "--json")
    options += ("--epochs", 1, "--lr", "2e-4") if classifier == "bert" else ()
    done = weaklabel("train", corpus, "--lfs", pack, "-o", tmp_path / "model", *options)
    assert done.code == 0, done.err
    chosen = {"lr": 2e-4, "best_epoch": 1} if classifier == "bert" else {}
    assert done.json == chosen | {
        "rows": 24,
        "rejects": 0,
        "covered": 20,
        "training_rows": 24,
        "trainable_rows": 24,
        "decided": None,
        "label_model": "majority",
        "classifier": classifier,
        "model": str(tmp_path / "model"),
    }


def test_a_large_corpus_is_trained_on_by_a_sample(weaklabel, corpus, pack, tmp_path):
    options = ("--classifier", "linear", "--label-model", "majority", "--max-rows", 12)
    done = weaklabel("train", corpus, "--lfs", pack, "-o", tmp_path / "model", *options)
    assert done.code == 0, done.err
    assert "trained on 12 of 20 rows, a sample (--max-rows)" in done.out
    card = json.loads((tmp_path / "model" / "weaklabel.json").read_text(encoding="utf-8"))
    assert "trained on 12 of 20 rows, picked by a hash of row number and seed (max_rows)" in card["provenance"]
    again = weaklabel("train", corpus, "--lfs", pack, "-o", tmp_path / "again", *options)
    assert again.code == 0
    weights = [(tmp_path / name / "weights.npz").read_bytes() for name in ("model", "again")]
    assert weights[0] == weights[1]


def test_the_result_says_how_the_label_model_chose(weaklabel, corpus, pack, tmp_path):
    options = ("-o", tmp_path / "model", "--classifier", "linear", "--label-model", "committee", "--json")
    done = weaklabel("train", corpus, "--lfs", pack, *options)
    saved = weaklabel(
        "label", corpus, "--lfs", pack, "-o", tmp_path / "out.csv", "--label-model", "committee", "--json"
    )
    assert done.json["label_model"] == saved.json["label_model"]


@pytest.mark.parametrize("verb", ["train", "run"])
def test_nothing_is_trained_where_nobody_votes(weaklabel, corpus, tmp_path, verb):
    never = tmp_path / "never.py"
    never.write_text("from weaklabel import keyword_lf\nLABELS = ('a', 'b')\nk = keyword_lf('k', 1, ['zzz'])\n")
    project = tmp_path / "p.toml"
    project.write_text(
        f'[corpus]\npath = "{corpus.name}"\n[lfs]\nuse = ["./never.py"]\n[classifier]\nname = "linear"\n',
        encoding="utf-8",
    )
    rest = (corpus, "--lfs", never, "--classifier", "linear", "-o", tmp_path / "m") if verb == "train" else (project,)
    done = weaklabel(verb, *rest)
    assert done.code == 1 and "no labeling function votes on any row, so there is nothing to train on" in done.err
    assert not (tmp_path / "m").exists() and not (tmp_path / "run").exists()


def test_a_file_is_no_model_folder(weaklabel, corpus, pack, tmp_path):
    done = weaklabel("predict", corpus, "--model", pack, "-o", tmp_path / "o.csv")
    assert done.code == 1 and "no classifier in" in done.err
