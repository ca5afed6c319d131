"""The verbs other than label: lfs, analyze, train, predict, score, run, demo."""

import csv
import json
import re
from hashlib import sha256

import pytest

from weaklabel.votes import load_votes


def test_every_verb_shows_examples_first(weaklabel):
    for verb in (
        "lfs",
        "label",
        "analyze",
        "train",
        "tune",
        "predict",
        "score",
        "run",
        "explain",
        "suggest",
        "review",
        "import",
        "bench",
        "demo",
    ):
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
    assert {"name": "short", "kind": "row", "label": None, "options": {}} in listing["lfs"]
    thanks = next(lf for lf in listing["lfs"] if lf["name"] == "thanks")
    assert thanks["label"] == "praise" and "love" in thanks["options"]["keywords"]


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


def test_analyze_reads_texts_for_a_label_model_that_needs_them(weaklabel, corpus, pack):
    done = weaklabel("analyze", corpus, "--lfs", pack, "--label-model", "text", "--json")
    assert done.code == 0, done.err
    assert all(0 < lf["Est. Acc."] <= 1 for lf in done.json["lfs"])


UNABLE = """
from weaklabel import labeling_function
LABELS = ("complaint", "praise")

@labeling_function()
def fails(x):
    raise ValueError("asked")
"""


@pytest.mark.parametrize("verb", ["label", "analyze"])
def test_an_option_that_the_label_model_has_not_is_refused_before_any_vote(weaklabel, corpus, tmp_path, verb):
    unable = tmp_path / "unable.py"
    unable.write_text(UNABLE)
    out = ("-o", tmp_path / "out.csv") if verb == "label" else ()
    options = ("--lfs", unable, "--error-budget", 0, *out)
    assert "asked" in weaklabel(verb, corpus, *options).err
    done = weaklabel(verb, corpus, *options, "--label-model", "hyper", "--class-balance", "majority")
    assert done.code == 1 and "the label model 'hyper' has no class_balance" in done.err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('name = "linear"\nepochs = 3', "the linear classifier has no epochs"),
        ('name = "bert"\npatience = 2', "patience needs validation rows"),
    ],
)
def test_a_project_with_a_wrong_classifier_is_refused_before_any_vote(
    weaklabel, corpus, pack, tmp_path, settings, message
):
    project = write_project(tmp_path, corpus, pack)
    project.write_text(project.read_text().replace('name = "linear"', settings))
    done = weaklabel("run", project)
    assert done.code == 1 and message in done.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("classifier", ["linear", "bert"])
def test_train_predict_score(weaklabel, corpus, pack, tmp_path, classifier):
    model, out = tmp_path / "model", tmp_path / "predicted.csv"
    options = ("--epochs", 1) if classifier == "bert" else ()
    done = weaklabel("train", corpus, "--lfs", pack, "-o", model, "--classifier", classifier, *options)
    assert done.code == 0, done.err
    assert weaklabel("predict", corpus, "--model", model, "-o", out).code == 0
    scored = weaklabel("score", out, "--gold", "truth", "--positive", "praise", "--json").json
    assert scored["n"] == 20 and scored["coverage"] == 1.0
    assert 0 <= scored["f1"] <= 1 and scored["log_loss"] > 0


def test_train_refuses_a_folder_with_other_files(weaklabel, corpus, pack):
    done = weaklabel("train", corpus, "--lfs", pack, "-o", corpus.parent, "--classifier", "linear")
    assert done.code == 1 and "something other than a classifier" in done.err


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


# Every row with a vote has gold here, so by the votes alone nothing is left to train on.
ONLY_GOLD = '[gold]\ncolumn = "truth"\n[label_model]\nname = "committee"\n'


def test_gold_in_the_corpus_is_held_out_of_training(weaklabel, corpus, pack, tmp_path):
    done = weaklabel("run", write_project(tmp_path, corpus, pack, ONLY_GOLD))
    assert done.code == 1 and "every row with a vote has gold" in done.err
    # By their texts, the rows without a vote have labels too: they alone are trained on.
    done = weaklabel("run", write_project(tmp_path, corpus, pack, '[gold]\ncolumn = "truth"\n'))
    assert done.code == 0, done.err
    with corpus.open(newline="") as handle:
        without_gold = {
            word for row in csv.DictReader(handle) if not row["truth"] for word in row["text"].lower().split()
        }
    learned = json.loads((tmp_path / "run" / "models" / "linear" / "vocabulary.json").read_text(encoding="utf-8"))
    assert {word for ngram in learned for word in ngram.split()} == without_gold


def test_run_is_reproducible(weaklabel, corpus, pack, tmp_path):
    project = write_project(tmp_path, corpus, pack)
    for name in ("a", "b"):
        assert weaklabel("run", project, "-o", tmp_path / name).code == 0
    for file in ("labeled.csv", "lf_table.csv", "votes.npz", "label_model.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_run_mistakes(weaklabel, corpus, pack, tmp_path):
    project = write_project(tmp_path, corpus, pack)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    done = weaklabel("run", project, "-o", tmp_path / "other")
    assert done.code == 1 and "holds other files" in done.err
    done = weaklabel("run", write_project(tmp_path, corpus, pack, '[gold]\npositive = "x"\ncolumn = "truth"\n'))
    assert done.code == 1 and "unknown label 'x'" in done.err


def test_linear_refuses_what_only_bert_has(weaklabel, corpus, pack, tmp_path):
    done = weaklabel("train", corpus, "--lfs", pack, "-o", tmp_path / "m", "--classifier", "linear", "--epochs", 3)
    assert done.code == 1 and "the linear classifier has no epochs" in done.err


GOLD_READER = """
from weaklabel import ABSTAIN, labeling_function
LABELS = ("complaint", "praise")

@labeling_function()
def reads_gold(x):
    return LABELS.index(x.truth) if x.get("truth") else ABSTAIN
"""


@pytest.mark.parametrize("gold", ["", 'path = "messages.csv"\n'])
def test_no_labeling_function_sees_gold(weaklabel, corpus, pack, tmp_path, gold):
    peeks = tmp_path / "peeks.py"
    peeks.write_text(GOLD_READER)
    project = write_project(tmp_path, corpus, pack, f'[gold]\ncolumn = "truth"\n{gold}')
    project.write_text(project.read_text().replace(f'use = ["{pack}"]', f'use = ["{pack}", "{peeks}"]'))
    weaklabel("run", project)
    labeled = tmp_path / "run" / "votes.npz"
    votes = load_votes(labeled)
    assert not (votes.L[:, votes.lf_names.index("reads_gold")] >= 0).any()


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ('path = "nowhere.csv"', "gold.path"),
        ('column = "turth"', "no column 'turth' (did you mean 'truth'?)"),
        ('column = "truth"\nceiling = "messages.csv"', "gold.ceiling needs gold.path"),
    ],
)
def test_missing_gold_is_found_before_any_work(weaklabel, corpus, pack, tmp_path, gold, message):
    project = write_project(tmp_path, corpus, pack, f"[gold]\n{gold}\n")
    for arguments in ((), ("--dry-run",)):
        done = weaklabel("run", project, *arguments)
        assert done.code == 1 and message in done.err
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ('[label_model]\nname = "majority"\nlr = 0.1\n', "the label model 'majority' has no lr"),
        ('[classifier]\nname = "linear"\nepochs = 3\n', "the linear classifier has no epochs"),
    ],
)
def test_options_that_do_not_exist_are_found_before_any_work(weaklabel, corpus, pack, tmp_path, section, message):
    project = write_project(tmp_path, corpus, pack, "")
    project.write_text(re.sub(r"\[(classifier|label_model)\][^\[]*", "", project.read_text()) + section)
    for arguments in ((), ("--dry-run",)):
        done = weaklabel("run", project, *arguments)
        assert done.code == 1 and message in done.err
        assert not (tmp_path / "run").exists()


def test_the_lf_table_is_of_the_corpus_with_accuracy_from_gold(weaklabel, corpus, pack, tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("text,truth\nthanks a lot,praise\nthanks for nothing at all,complaint\n")
    weaklabel("run", write_project(tmp_path, corpus, pack, f'[gold]\npath = "{gold}"\ncolumn = "truth"\n'))
    with (tmp_path / "run" / "lf_table.csv").open(newline="") as handle:
        table = {row[""]: row for row in csv.DictReader(handle)}
    assert float(table["thanks"]["Coverage"]) == pytest.approx(10 / 24)
    assert (table["thanks"]["Correct"], table["thanks"]["Incorrect"]) == ("1", "1")


def test_scores_say_the_same_as_the_labeled_file(weaklabel, tmp_path):
    """A row on which votes tie has no label in the file and counts as an abstain in the scores."""
    pack = tmp_path / "ties.py"
    pack.write_text(
        "from weaklabel import keyword_lf\nLABELS = ('a', 'b')\nx = keyword_lf('x', 0, ['x'])\ny = keyword_lf('y', 1, ['y'])"
    )
    corpus, gold = tmp_path / "c.csv", tmp_path / "g.csv"
    corpus.write_text("text\nx one\ny two\nx y three\n")
    gold.write_text("text,truth\nx one,a\ny two,b\nx y three,a\nx y four,a\n")
    project = tmp_path / "project.toml"
    project.write_text(
        '[corpus]\npath = "c.csv"\n[lfs]\nuse = ["./ties.py"]\n[label_model]\nname = "majority"\n'
        '[classifier]\nname = "linear"\n[gold]\npath = "g.csv"\ncolumn = "truth"\n'
    )
    assert weaklabel("run", project).code == 0
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert scores["label_model"]["coverage"] == scores["majority_vote"]["coverage"] == 0.5
    assert scores["label_model"]["accuracy"] == 0.5


def test_score_takes_classes_from_the_columns_that_weaklabel_wrote(weaklabel, tmp_path):
    path = tmp_path / "scored.csv"
    path.write_text("p_hone,truth,label,confidence,p_ham,p_spam\n1,ham,ham,0.9,0.9,0.1\n2,spam,spam,0.8,0.2,0.8\n")
    assert weaklabel("score", path, "--gold", "truth", "--json").json["labels"] == ["ham", "spam"]
    path.write_text("truth,label,confidence,p_ham,p_spam\nham,ham,0.9,0.9,often\n")
    done = weaklabel("score", path, "--gold", "truth")
    assert done.code == 1 and "'p_spam', row 0: 'often'" in done.err
