"""Gold as people write it: the same rules for every verb that takes it."""

import json

import pytest

HEAD = "text,label,truth\n"


def write(folder, truths, preds=("spam", "ham", "spam")):
    path = folder / "scored.csv"
    path.write_text(
        HEAD + "".join(f"t{n},{pred},{truth}\n" for n, (pred, truth) in enumerate(zip(preds, truths, strict=True)))
    )
    return path


def test_no_shared_class_is_an_error_that_names_both_sets(weaklabel, tmp_path):
    done = weaklabel("score", write(tmp_path, ["1", "0", "1"]), "--gold", "truth")
    assert done.code == 1 and "predictions are 'ham', 'spam', gold is '0', '1'" in done.err
    assert not done.out


@pytest.mark.parametrize(
    ("truths", "warned"),
    [
        (["spam ", "ham", "Spam"], "'spam ' as class 'spam' (1), 'Spam' as class 'spam' (1)"),
        (['"[""spam""]"', "ham", "['spam']"], None),
    ],
)
def test_spellings_of_a_class_score_alike(weaklabel, tmp_path, truths, warned):
    done = weaklabel("score", write(tmp_path, truths), "--gold", "truth", "--json")
    assert done.code == 0 and json.loads(done.out)["f1"] == 1
    assert (warned in done.err) if warned else "warning" not in done.err


def test_minus_one_is_no_gold(weaklabel, tmp_path):
    path = write(tmp_path, ["spam", "-1", ""])
    results = [
        json.loads(weaklabel("score", path, "--gold", "truth", "--json", *more).out)
        for more in ((), ("--labels", "ham,spam"))
    ]
    assert [(result["n"], result["unlabeled"]) for result in results] == [(1, 2), (1, 2)]


def test_several_labels_in_a_cell_are_refused(weaklabel, tmp_path):
    done = weaklabel("score", write(tmp_path, ['"[""spam"", ""ham""]"', "ham", ""]), "--gold", "truth")
    assert done.code == 1 and "row 0" in done.err and "2 labels; give one label a row" in done.err


PACK = """
from weaklabel import keyword_lf
LABELS = ("ham", "spam")
lfs = [keyword_lf("prize", 1, ["prize"]), keyword_lf("lunch", 0, ["lunch"])]
"""


@pytest.mark.parametrize("verb", ["analyze", "suggest"])
def test_verbs_with_a_pack_match_gold_alike(weaklabel, tmp_path, verb):
    (tmp_path / "pack.py").write_text(PACK)
    corpus = tmp_path / "in.csv"
    lines = ["win a prize,Spam", "lunch at noon,ham", "a prize for you,1", "lunch again,-1"] * 3
    corpus.write_text("text,truth\n" + "\n".join(lines) + "\n")
    done = weaklabel(verb, corpus, "--lfs", tmp_path / "pack.py", "--gold", "truth", "--json")
    assert done.code == 0, done.err
    assert "column 'truth': 6 labels" in done.err
    assert "'Spam' as class 'spam' (3)" in done.err and "'1' as class number 1, 'spam' (3)" in done.err
    corpus.write_text("text,truth\nwin a prize,yes\nlunch at noon,no\n")
    done = weaklabel(verb, corpus, "--lfs", tmp_path / "pack.py", "--gold", "truth")
    assert done.code == 1 and "it has 'no', 'yes', the classes are 'ham', 'spam'" in done.err
