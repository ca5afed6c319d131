"""Transformation functions in Python and Snorkel's, loaded and applied, with their faults contained."""

import random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from snorkel.augmentation import (
    ApplyAllPolicy,
    ApplyEachPolicy,
    ApplyOnePolicy,
    MeanFieldPolicy,
    PandasTFApplier,
    RandomPolicy,
    transformation_function as snorkel_transformation_function,
)
from snorkel.map import LambdaMapper

from weaklabel.augment import FunctionTF, TFApplier, augment_corpus, load_tfs, transformation_function
from weaklabel.augment.core import as_tf
from weaklabel.augment.policies import policy_of
from weaklabel.errors import AugmentError, LFError, WeakLabelWarning

FRAME = pd.DataFrame(
    {
        "text": ["a free prize", "see you soon", "thanks, a prize", "nothing"],
        "label": ["spam", "ham", "ham", "ham"],
        "n": [1, 2, 3, 4],
    }
)


@snorkel_transformation_function()
def award(x):
    if "prize" not in x.text:
        return None
    x.text = x.text.replace("prize", "award")
    return x


def louder(x):
    x.text = x.text.upper()
    return x


@snorkel_transformation_function(name="shuffled")
def shuffled(x):
    words = x.text.split()
    np.random.shuffle(words)
    x.text = " ".join(words)
    return x


POLICIES = {
    "one": lambda n: ApplyOnePolicy(keep_original=False),
    "each": lambda n: ApplyEachPolicy(n, keep_original=True),
    "all": lambda n: ApplyAllPolicy(n, n_per_original=2, keep_original=True),
    "random": lambda n: RandomPolicy(n, sequence_length=2, n_per_original=3, keep_original=True),
    "mean-field": lambda n: MeanFieldPolicy(n, sequence_length=2, p=[0.7, 0.3], keep_original=False),
}


def new_texts(frame, tfs, policy, **how):
    with pytest.warns(WeakLabelWarning) if how.pop("warns", False) else _nothing():
        done = augment_corpus(frame, tfs=tfs, policy=policy, all_train=True, **how).frame
    return done.filter(done["augmented_by"].is_not_null())


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


@pytest.mark.parametrize("name", POLICIES)
def test_snorkels_policies_and_functions_give_what_its_applier_gives(name):
    tfs = [award, LambdaMapper("louder", louder)]
    policy = POLICIES[name](len(tfs))
    plans, theirs = [], []
    with TFApplier(load_tfs(tfs), policy_of(policy, 2), ["text"], seed=4) as applier:
        plans = applier.sequences([(text,) for text in FRAME.text])
    for row, plan in enumerate(plans):
        # Their applier draws from one stream for all rows; here each row has its own: the same draws are replayed.
        replayed = SimpleNamespace(generate_for_example=lambda plan=plan: [[], *plan])
        applied = PandasTFApplier(tfs, replayed).apply(FRAME.iloc[[row]], progress_bar=False)
        theirs += [(row + 1, text) for text in applied.text]
    ours = new_texts(FRAME, tfs, policy, seed=4)
    existing = {*FRAME.text}
    expected = [pair for at, pair in enumerate(theirs) if pair[1] not in existing | {text for _, text in theirs[:at]}]
    assert list(zip(ours["augmented_from"], ours["text"], strict=True)) == expected
    assert ours["n"].to_list() == [row for row, _ in expected]


@pytest.mark.parametrize("name", ["random", "mean-field"])
def test_snorkels_random_policies_draw_from_the_seed_of_a_row(name):
    policy = POLICIES[name](2)
    with TFApplier(load_tfs([award, LambdaMapper("louder", louder)]), policy_of(policy, 2), ["text"]) as applier:
        texts = [(f"text {number}",) for number in range(50)]
        plans = applier.sequences(texts)
        assert plans == applier.sequences(texts) and plans[10:] == applier.sequences(texts[10:])
        assert len({str(plan) for plan in plans}) > 3


def test_global_generators_give_the_same_and_are_left_as_they_were():
    text = "one two three four five six seven"
    np.random.seed(7)
    random.seed(7)
    before = np.random.random(), random.random()
    np.random.seed(7)
    random.seed(7)
    first = new_texts({"text": [text], "label": ["ham"]}, [shuffled], ApplyOnePolicy())["text"].to_list()
    assert (np.random.random(), random.random()) == before
    second = new_texts({"text": ["another row", text], "label": ["ham", "ham"]}, [shuffled], ApplyOnePolicy())
    assert first[0] != text and first[0] in second["text"].to_list()


def test_own_functions_return_a_row_a_text_or_nothing():
    @transformation_function(resources={"ending": "!"})
    def exclaim(x, ending):
        return x.text + ending

    @transformation_function(name="shifted")
    def f(x, rng):
        x.text = " ".join(np.roll(x.text.split(), int(rng.integers(1, 3))))
        return x

    @transformation_function()
    def never(x):
        return None

    frame = new_texts(FRAME[:1], [exclaim, f, never], "each", seed=2)
    assert frame["augmented_by"].to_list() == ["exclaim", "shifted"]
    assert frame["text"].to_list()[0] == "a free prize!"
    assert frame["text"].to_list()[1] in ("prize a free", "free prize a")


def test_text_columns_with_other_names():
    @transformation_function()
    def of_body(x):
        x.body = x.body + "!"
        return x

    @transformation_function()
    def of_text(x):
        return x.text + "?"

    rows = {"body": ["hello"], "label": ["ham"]}
    done = augment_corpus(rows, text="body", tfs=[of_body, of_text], policy="each", all_train=True)
    assert done.frame["body"].to_list() == ["hello", "hello!", "hello?"]
    two = {"title": ["t"], "body": ["hello"], "label": ["ham"]}
    with pytest.raises(AugmentError, match=r"'of_text' failed on its only row.*return the row with these changed"):
        augment_corpus(two, text=["title", "body"], tfs=[of_text], all_train=True)
    done = augment_corpus(two, text=["title", "body"], tfs=[of_body], all_train=True)
    assert done.frame["body"].to_list() == ["hello", "hello!"] and done.frame["title"].to_list() == ["t", "t"]


def test_a_chain_names_what_applied():
    done = new_texts(FRAME, [award, LambdaMapper("louder", louder)], "all")
    assert dict(zip(done["augmented_from"], done["augmented_by"], strict=True)) == {
        1: "award > louder",
        2: "louder",
        3: "award > louder",
        4: "louder",
    }
    assert done["text"][0] == "A FREE AWARD"


FAULTY = """
import os, time
from weaklabel import transformation_function
from weaklabel.augment.words import Case

@transformation_function()
def ends(x):
    if "dies" in x.text:
        os._exit(3)
    if "hangs" in x.text:
        time.sleep(60)
    if "fails" in x.text:
        raise ValueError("no such word")
    return x.text + "!"

case = Case()
"""

OF_SNORKEL = """
from snorkel.augmentation import ApplyEachPolicy, transformation_function
from snorkel.labeling import labeling_function
from snorkel.preprocess import preprocessor

LABELS = ("ham", "spam")

@preprocessor()
def not_one(x):
    return x

@labeling_function(pre=[not_one])
def lf(x):
    return 0

@transformation_function()
def theirs(x):
    x.text = x.text + "?"
    return x

POLICY = ApplyEachPolicy(1)
"""


def test_a_file_runs_in_guarded_processes_and_loses_only_its_own_rows(tmp_path):
    (tmp_path / "tfs.py").write_text(FAULTY, encoding="utf-8")
    loaded = load_tfs([str(tmp_path / "tfs.py")])
    assert loaded.names == ["ends", "case"] and loaded.policy is None
    texts = ["first", "dies here", "hangs here", "fails here", "last"] + [f"row {n}" for n in range(8)]
    rows = {"text": texts, "label": ["ham"] * len(texts)}
    with pytest.warns(WeakLabelWarning, match="'ends': 3 rows failed, first row 1"):
        done = augment_corpus(rows, tfs=loaded, policy="each", all_train=True, time_limit=0.1)
    new = done.frame.filter(done.frame["augmented_by"] == "ends")
    assert new["text"].to_list() == ["first!", "last!"] + [f"row {n}!" for n in range(8)]
    assert (done.frame["augmented_by"] == "case").sum() == len(texts)


def test_a_file_of_snorkel_runs_unchanged_with_its_policy(tmp_path):
    (tmp_path / "tfs.py").write_text(OF_SNORKEL, encoding="utf-8")
    loaded = load_tfs([str(tmp_path / "tfs.py")])
    assert loaded.names == ["theirs"] and loaded.policy.n == 1  # what a labeling function prepares rows by is none
    done = augment_corpus({"text": ["a", "b"], "label": ["ham"] * 2}, tfs=loaded, all_train=True)
    assert done.frame["text"].to_list() == ["a", "a?", "b", "b?"]


def test_one_that_fails_on_most_rows_is_refused():
    @transformation_function()
    def broken(x):
        return x.nothing

    with pytest.raises(
        AugmentError, match=r"^transformation function 'broken' failed on all 4 rows.*no column 'nothing'"
    ):
        augment_corpus(FRAME, tfs=[broken], all_train=True)

    @transformation_function()
    def number(x):
        return 5

    with pytest.raises(AugmentError, match=r"transformation function 'number'.*return the row, its new text, or None"):
        augment_corpus(FRAME, tfs=[number], all_train=True)


def test_what_is_no_transformation_function(tmp_path, monkeypatch):
    assert as_tf(len) is None and as_tf(FunctionTF) is None
    with pytest.raises(AugmentError, match="is no transformation function"):
        load_tfs([len])
    with pytest.raises(AugmentError, match=r"no transformation function is called 'typo' .did you mean 'typos'"):
        load_tfs(["typo"])
    with pytest.raises(AugmentError, match="two transformation functions are called 'typos'"):
        load_tfs(["typos", "typos"])
    with pytest.raises(AugmentError, match="has no parameter 'shares'"):
        load_tfs(["typos"], {"typos": {"shares": 1}})
    with pytest.raises(AugmentError, match="parameters for 'case', which is no transformation function in use"):
        load_tfs(["typos"], {"case": {}})
    with pytest.raises(AugmentError, match="needs parentheses"):
        transformation_function(lambda x: x)
    with pytest.raises(AugmentError, match="no transformation functions were named"):
        load_tfs([])
    with pytest.raises(LFError, match=r"file .*none.py does not exist"):
        load_tfs([str(tmp_path / "none.py")])
    (tmp_path / "empty.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(AugmentError, match="has no transformation functions"):
        load_tfs([str(tmp_path / "empty.py")])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AugmentError, match=r"give its path, ./empty.py"):
        load_tfs(["empty"])


def test_policies_that_do_not_fit():
    with pytest.raises(AugmentError, match="number 1, but there are 1, from 0"):
        augment_corpus(FRAME, tfs=["typos"], policy=ApplyAllPolicy(3), all_train=True)
    with pytest.raises(AugmentError, match=r"no policy is called 'rand' .did you mean 'random'"):
        augment_corpus(FRAME, tfs=["typos"], policy="rand", all_train=True)
    with pytest.raises(AugmentError, match="is no policy"):
        augment_corpus(FRAME, tfs=["typos"], policy=3, all_train=True)
    with pytest.raises(AugmentError, match="per_row must be a whole number from 1"):
        augment_corpus(FRAME, tfs=["typos"], per_row=0, all_train=True)
