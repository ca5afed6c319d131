"""One labeling function never changes what another sees, whatever it does to its row."""

import itertools

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from snorkel.labeling import LabelingFunction as SnorkelLF
from snorkel.preprocess import preprocessor as snorkel_preprocessor

from weaklabel import apply_lfs, preprocessor
from weaklabel.corpus.batch import Batch, Row
from weaklabel.errors import LFError
from weaklabel.lf.core import LabelingFunction
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.foreign import as_lf

FRAME = pl.DataFrame(
    {
        "text": ["WIN a Prize", "Lunch", "Prize"],
        "n": [1, 2, 3],
        "tags": [["a", "b"], [], ["c"]],
        "meta": [{"k": 1, "more": ["x"]}, {"k": 2, "more": []}, {"k": 3, "more": ["y"]}],
    }
)
SEEN = [repr(row) for row in Batch(FRAME).rows()]


def set_text(x):
    x.text = x.text.lower()
    return x


def set_item(x):
    x["n"] = -x["n"]
    return x


def delete(x):
    del x.text
    return x


def add(x):
    x.more = 1
    return x


def extend(x):
    x.tags.append("z")
    x.meta["more"].append("z")
    x.meta["k"] = 0
    return x


def fail(x):
    x.text = "half done"
    x.tags.clear()
    raise ValueError


@snorkel_preprocessor(memoize=True)
def memoized(x):
    x.text = x.text.lower()
    return x


CHANGES = (set_text, set_item, delete, add, extend, fail)


def look(name="look"):
    """Return a labeling function that votes 1 where it sees the row as it was read."""
    return LabelingFunction(name, lambda x: int(repr(x) in SEEN))


def changing(change):
    return [
        LabelingFunction("pre", lambda x: change(x) and 0, pre=[change]),
        LabelingFunction("body", lambda x: change(x) and 0),
        SnorkelLF("snorkel", lambda x: change(x) and 0),
        LabelingFunction("ours", lambda x: change(x) and 0, pre=[preprocessor(memoize=True)(change)]),
        LabelingFunction("theirs", lambda x: change(x) and 0, pre=[memoized]),
        LabelingFunction("theirs again", lambda x: change(x) and -1, pre=[memoized]),
    ]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.filterwarnings("ignore:failed votes")
def test_no_change_reaches_another_labeling_function(change):
    lfs = [look("first")]
    for number, lf in enumerate(changing(change)):
        lfs += [lf, look(str(number))]
    votes = apply_lfs(lfs, FRAME, labels=("a", "b"), error_budget=1)
    assert (votes.L[:, ::2] == 1).all()


@settings(max_examples=30, deadline=None)
@given(st.permutations([*itertools.product(range(len(CHANGES)), range(3)), *[None] * 3]))
@pytest.mark.filterwarnings("ignore:failed votes")
def test_votes_do_not_depend_on_the_order(order):
    made, lfs = {change: changing(CHANGES[change]) for change in range(len(CHANGES))}, []
    for number, which in enumerate(order):
        lf = look() if which is None else made[which[0]][which[1]]
        lfs.append(LabelingFunction(f"{'look' if which is None else which} {number}", lf))
    alone = {lf.name: apply_lfs([lf], FRAME, labels=("a", "b"), error_budget=1).L[:, 0].tolist() for lf in lfs}
    together = apply_lfs(lfs, FRAME, labels=("a", "b"), error_budget=1)
    assert {name: column.tolist() for name, column in zip(together.lf_names, together.L.T, strict=True)} == alone


def test_a_batch_hands_out_lists_that_may_be_changed():
    batch = Batch(FRAME)
    batch.texts.clear()
    batch.rows().clear()
    assert batch.texts == FRAME["text"].to_list()
    assert list(map(repr, batch.rows())) == SEEN


@pytest.mark.parametrize(
    "x",
    [
        Row(text="A", tags=["a"]),
        {"text": "A", "tags": ["a"]},
        pd.Series({"text": "A", "tags": ["a"]}),
    ],
)
def test_a_row_that_is_given_by_hand_stays_as_it_is(x):
    def change(x):
        x["text"] = x["text"].lower()
        x["tags"].append("b")
        return x

    for pre in (change, preprocessor()(change)):
        lf = LabelingFunction("lf", lambda x: int(x["text"] == "a" and len(x["tags"]) == 2), pre=[pre])
        assert lf(x) == 1
        assert (x["text"], x["tags"]) == ("A", ["a"])


def test_preprocessors_run_in_turn_and_share_what_they_memoized():
    calls = []

    @preprocessor(name="lowered", memoize=True)
    def lower(x):
        calls.append(x.text)
        x.low = x.text.lower()
        return x

    @preprocessor(pre=[lower])
    def count(x):
        x.n_words = len(x.low.split())
        return x

    lfs = [
        LabelingFunction(f"lf{n}", lambda x, n=n: int(x.n_words > n and x.low == x.text.lower()), pre=[count])
        for n in range(3)
    ]
    votes = apply_lfs(lfs, ["Win a Prize", "Lunch", "Lunch"])
    assert votes.L.tolist() == [[1, 1, 1], [1, 0, 0], [1, 0, 0]]
    assert calls == ["Win a Prize", "Lunch"]
    assert repr(lower) == "Preprocessor('lowered')"
    lower.reset_cache()
    apply_lfs(lfs[:1], ["Lunch"])
    assert calls == ["Win a Prize", "Lunch", "Lunch"]


def test_memoized_results_are_told_apart_by_type_and_value():
    @preprocessor(memoize=True)
    def show(x):
        x.shown = repr(x.value)
        return x

    values = [
        1,
        1.0,
        True,
        "1",
        b"1",
        None,
        0.0,
        -0.0,
        float("nan"),
        (1,),
        [1],
        {1},
        {"a": 1},
        {"a": 2},
        object(),
        [object()],
    ]
    for _ in range(2):
        for value in values:
            assert show(Row(value=value)).shown == repr(value)


def test_only_so_many_results_are_kept(monkeypatch):
    from weaklabel.lf import preprocess

    monkeypatch.setattr(preprocess, "MEMOIZED_ROWS", 3)
    calls = []
    count = preprocessor(memoize=True)(lambda x: calls.append(x.text) or x)
    for text in "abcdad":
        count(Row(text=text))
    assert calls == list("abcda")


def test_what_a_preprocessor_says_when_it_is_used_wrong():
    with pytest.raises(LFError, match="needs parentheses"):
        preprocessor(set_text)
    with pytest.raises(LFError, match=r"preprocessor 'nothing': .* returned None; it must return the row"):
        preprocessor(name="nothing")(lambda x: None)(Row(text="a"))


def test_a_preprocessor_is_part_of_the_identity_and_what_it_memoized_is_not():
    def key(code, memoize=True):
        namespace = {}
        exec(code, namespace)
        pre = preprocessor(memoize=memoize)(namespace["f"])
        return fingerprint(LabelingFunction("a", len, pre=[pre])), pre

    before, pre = key("def f(x): return x")
    assert before == key("def f(x): return x")[0]
    assert before != key("def f(x): return 1")[0] is not None
    lf = LabelingFunction("a", len, pre=[pre])
    pre(Row(text="a"))
    assert fingerprint(lf) == before

    theirs = SnorkelLF("a", f=lambda x: 1, pre=[memoized])
    memoized.reset_cache()
    before = fingerprint(as_lf(theirs))
    memoized(Row(text="seen"))
    assert fingerprint(as_lf(theirs)) == before is not None
