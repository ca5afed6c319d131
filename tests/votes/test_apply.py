import warnings
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pandas as pd
import polars as pl
import pytest

from weaklabel.corpus import Batch, read_corpus
from weaklabel.errors import CorpusError, LFError, VoteError, WeakLabelWarning
from weaklabel.lf.core import LabelingFunction, labeling_function
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.lf.patterns import keyword_lf, length_lf
from weaklabel.votes import apply_lfs

TEXTS = ["win a prize", "see you at noon", "", "WIN", "lunch?"]


@labeling_function()
def asks(x):
    return 0 if x.text.endswith("?") else -1


wins = keyword_lf("wins", 1, ["win"])


@dataclass
class BatchLF:
    """A labeling function that answers, or raises, for a whole batch."""

    name: str
    answer: object

    def vote(self, batch: Batch):
        return self.answer(batch)


@dataclass
class Expression:
    name: str
    columns: tuple[str, ...]
    expr: pl.Expr

    def vote(self, batch: Batch):
        raise AssertionError("expressions are evaluated all together")


def per_row(f):
    return LabelingFunction("per_row", lambda x: f(x.number))


def numbers(n):
    return pl.DataFrame({"text": [f"row {row}" for row in range(n)], "number": range(n)})


def apply_and_warn(lfs, corpus, **options):
    with pytest.warns(WeakLabelWarning, match="count as abstains") as caught:
        votes = apply_lfs(lfs, corpus, **options)
    assert caught.pop(WeakLabelWarning).filename == __file__
    return votes


@pytest.mark.parametrize(
    "corpus",
    [TEXTS, pd.DataFrame({"text": TEXTS}, index=[9, 7, 5, 3, 1]), pl.DataFrame({"text": TEXTS})],
    ids=["list", "pandas", "polars"],
)
@pytest.mark.parametrize("batch_size", [1, 2, 10_000])
def test_votes_are_in_row_and_lf_order(corpus, batch_size):
    votes = apply_lfs([asks, wins], corpus, batch_size=batch_size)
    assert votes.L.tolist() == [[-1, 1], [-1, -1], [-1, -1], [-1, 1], [0, -1]]
    assert votes.L.dtype == np.int8
    assert votes.L.flags.f_contiguous
    assert votes.lf_names == ("asks", "wins")
    assert (votes.n, votes.m, votes.cardinality) == (5, 2, 2)
    assert votes.labels is None
    assert not votes.problems
    assert votes.patterns() is votes.patterns()


def test_a_corpus_from_a_file(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_text("id,body\n007,win it\n008,NA\n", encoding="utf-8")
    votes = apply_lfs([asks, wins], read_corpus(path, text="body"), labels=("ham", "spam", "other"))
    assert votes.L.tolist() == [[-1, 1], [-1, -1]]
    assert votes.cardinality == 3


def test_the_collection_says_what_the_labels_are():
    votes = apply_lfs(LFCollection((asks, wins), ("ham", "spam", "other")), TEXTS)
    assert votes.labels == ("ham", "spam", "other")


def test_snorkels_own_labeling_functions():
    from snorkel.labeling import labeling_function as snorkel_lf

    @snorkel_lf()
    def has_win(x):
        return 1 if "win" in x.text else -1

    assert apply_lfs([has_win], TEXTS).L.ravel().tolist() == [1, -1, -1, -1, -1]


def test_a_corpus_without_rows():
    votes = apply_lfs([asks, wins], [])
    assert votes.L.shape == (0, 2)
    assert votes.patterns().n == 0


def test_constant_and_null_expressions():
    lfs = [
        Expression("always", (), pl.lit(1, dtype=pl.Int8)),
        Expression("never", (), pl.lit(None, dtype=pl.Int8)),
        Expression("even", ("number",), pl.when(pl.col("number") % 2 == 0).then(0)),
    ]
    assert apply_lfs(lfs[:1], numbers(3)).L.ravel().tolist() == [1, 1, 1]
    assert apply_lfs(lfs, numbers(3)).L.tolist() == [[1, -1, 0], [1, -1, -1], [1, -1, 0]]


def test_any_whole_number_is_a_vote():
    class Label(IntEnum):
        HAM = 0
        SPAM = 1

    answers = [Label.SPAM, np.int64(0), np.int8(-1), 1]
    assert apply_lfs([per_row(answers.__getitem__)], numbers(4)).L.ravel().tolist() == [1, 0, -1, 1]
    unsigned = BatchLF("unsigned", lambda batch: np.ones(len(batch), dtype=np.uint16))
    assert apply_lfs([unsigned], TEXTS).L.ravel().tolist() == [1] * 5


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (True, "vote True is of type bool; return a class number"),
        (np.True_, "return a class number"),
        (None, "vote None is of type NoneType; return -1 to abstain"),
        (1.0, "vote 1.0 is of type float; return a whole number"),
        ("spam", "vote 'spam' is of type str; return the number of the class"),
        (2, "vote 2 is outside -1..1"),
        (-2, "vote -2 is outside -1..1"),
        (10**30, "is outside -1..1"),
    ],
)
@pytest.mark.parametrize("batch_size", [1, 10])
def test_what_is_no_vote_is_an_abstain_and_a_problem(answer, message, batch_size):
    lf = per_row(lambda number: answer if number == 3 else 1)
    votes = apply_and_warn([asks, lf], numbers(5), labels=("ham", "spam"), batch_size=batch_size)
    assert votes.L[:, 1].tolist() == [1, 1, 1, -1, 1]
    (problem,) = votes.problems["per_row"].first
    assert problem.row == 3
    assert message in problem.message
    assert list(votes.problems) == ["per_row"]


@pytest.mark.parametrize("dtype", [bool, float, object])
def test_arrays_of_other_types_hold_no_votes(dtype):
    lf = BatchLF("array", lambda batch: np.full(len(batch), 1 if dtype is not object else "x", dtype=dtype))
    votes = apply_and_warn([lf], TEXTS, error_budget=1)
    assert (votes.L == -1).all()
    assert votes.problems["array"].count == 5


def test_an_expression_of_another_type_is_a_problem_where_it_is_not_null():
    lf = Expression("flag", ("text",), pl.when(pl.col("text") == "WIN").then(pl.lit(True)))
    votes = apply_and_warn([lf, wins], TEXTS)
    assert (votes.L[:, 0] == -1).all()
    assert votes.problems["flag"].count == 1
    assert votes.problems["flag"].first[0].row == 3


def raises_on(rows):
    def answer(batch):
        if rows & set(batch.frame["number"].to_list()):
            raise ValueError("no such thing\nsecond line")
        return [1] * len(batch)

    return BatchLF("fragile", answer)


@pytest.mark.parametrize("batch_size", [1, 7, 10_000])
def test_one_bad_row_costs_one_vote(batch_size):
    bad = {3, 11, 12}
    row_lf = per_row(lambda number: 1 // (number not in bad))
    cast = Expression("cast", ("vote",), pl.col("vote").cast(pl.Int8))
    corpus = numbers(20).with_columns(vote=pl.Series("x" if row in bad else "1" for row in range(20)))
    votes = apply_and_warn([raises_on(bad), row_lf, cast, wins], corpus, batch_size=batch_size)
    expected = [-1 if row in bad else 1 for row in range(20)]
    assert votes.L.T.tolist() == [expected, expected, expected, [-1] * 20]
    for name in ("fragile", "per_row", "cast"):
        assert [problem.row for problem in votes.problems[name].first] == [3, 11, 12]
    assert str(votes.problems["fragile"]) == "3 rows failed, first row 3: ValueError: no such thing"
    assert votes.problems["per_row"].first[0].message.startswith("ZeroDivisionError: ")


@pytest.mark.parametrize("batch_size", [13, 10_000])
def test_the_error_budget(batch_size):
    def of(n_bad):
        return per_row(lambda number: None if number < n_bad else 0)

    corpus = numbers(3_000)
    assert apply_and_warn([of(150)], corpus, batch_size=batch_size).problems["per_row"].count == 150
    with pytest.raises(VoteError, match=r"LF 'per_row': 151 rows failed, first row 0: .*allows 150 of 3000"):
        apply_lfs([of(151)], corpus, batch_size=batch_size)
    with pytest.raises(VoteError, match="error_budget=0 allows none"):
        apply_lfs([asks, of(1)], corpus, batch_size=batch_size, error_budget=0)
    small = numbers(110)
    assert apply_and_warn([of(55)], small, batch_size=batch_size).problems["per_row"].count == 55
    with pytest.raises(VoteError, match="LF 'per_row' failed on 56 of 110 rows, first row 0: vote None"):
        apply_lfs([of(56)], small, batch_size=batch_size)
    with pytest.raises(
        VoteError, match=r"LF 'per_row' failed on all 110 rows, first row 0: .*; fix it or leave it out"
    ):
        apply_lfs([of(110)], small, batch_size=batch_size)
    some = numbers(1_000)
    assert apply_and_warn([of(100)], some, batch_size=batch_size).problems["per_row"].count == 100
    with pytest.raises(VoteError, match="101 rows failed"):
        apply_lfs([of(101)], some, batch_size=batch_size)
    with pytest.raises(VoteError, match=r"error_budget=0.05 allows 5 of 110"):
        apply_lfs([of(6)], small, batch_size=batch_size, error_budget=0.05)


def test_no_warning_without_problems():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        apply_lfs([asks, wins], TEXTS, error_budget=0)


@pytest.mark.parametrize("answer", [[1, 1], np.ones((5, 1), dtype=int), None, 1])
def test_a_vote_for_each_row_is_needed(answer):
    with pytest.raises(VoteError, match="LF 'batch' returned"):
        apply_lfs([BatchLF("batch", lambda batch: answer)], TEXTS)


def test_what_is_wrong_with_the_labeling_function_itself_is_no_problem_of_a_row():
    def answer(batch):
        raise LFError("the model is missing")

    with pytest.raises(LFError, match="the model is missing"):
        apply_lfs([BatchLF("batch", answer)], TEXTS)


def test_an_interrupt_passes_through():
    def answer(batch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_lfs([BatchLF("batch", answer)], TEXTS)


def test_columns_are_checked_before_the_run():
    def answer(batch):
        raise AssertionError("the run has begun")

    lf = length_lf("long", 1, min=3, column="txet")
    with pytest.raises(LFError, match=r"LF 'long' reads column 'txet'.*did you mean 'text'"):
        apply_lfs([BatchLF("batch", answer), lf], TEXTS)


@pytest.mark.parametrize(
    ("lfs", "message"),
    [
        ([], "no labeling functions"),
        ("spam", "packs are loaded by load_lfs"),
        (asks, "must be a list"),
        ([asks, lambda x: 1], r"lfs\[1\] is <function"),
        ([asks, keyword_lf("asks", 1, ["why"])], "2 labeling functions are called 'asks'"),
    ],
)
def test_wrong_labeling_functions_are_refused(lfs, message):
    with pytest.raises(LFError, match=message):
        apply_lfs(lfs, TEXTS)


def test_wrong_arguments_are_refused():
    with pytest.raises(CorpusError, match="row 1 of the list"):
        apply_lfs([asks], ["a", None])
    with pytest.raises(VoteError, match="error_budget"):
        apply_lfs([asks], TEXTS, error_budget=5)
    with pytest.raises(VoteError, match="workers"):
        apply_lfs([asks], TEXTS, workers=-1)


PACK = """
import os
from weaklabel.lf.core import labeling_function
from weaklabel.lf.patterns import keyword_lf

LABELS = ("even", "odd")
nine = keyword_lf("nine", 1, ["9"], whole_word=False)

@labeling_function()
def parity(x):
    if x.number == 17:
        raise ValueError("seventeen")
    return x.number % 2

@labeling_function()
def in_another_process(x):
    return int(os.environ.get("WEAKLABEL_TEST_PROCESS") != str(os.getpid()))
"""


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "parity_pack.py"
    path.write_text(PACK, encoding="utf-8")
    return path


def test_workers_give_the_same_votes(pack, monkeypatch):
    import os

    monkeypatch.setenv("WEAKLABEL_TEST_PROCESS", str(os.getpid()))
    corpus, lfs = numbers(25_000), load_lfs(pack)
    alone = apply_and_warn(lfs, corpus)
    together = apply_and_warn(lfs, corpus, workers=2, batch_size=3_000)
    given = [together.lf_names.index(name) for name in ("nine", "parity")]
    assert (together.L[:, given] == alone.L[:, given]).all()
    assert together.problems == alone.problems
    elsewhere = together.lf_names.index("in_another_process")
    assert (together.L[:, elsewhere] == 1).all()
    assert (alone.L[:, elsewhere] == 0).all()


def test_workers_need_packs():
    with pytest.raises(LFError, match="workers need labeling functions from a pack, and LF 'asks' comes from none"):
        apply_lfs([asks, wins], TEXTS, workers=2)
    assert apply_lfs([wins], TEXTS, workers=2).n == 5


def test_a_labeling_function_that_fails_everywhere_does_not_cost_the_whole_pass():
    calls = []

    def fails(number):
        calls.append(number)
        raise ValueError("no")

    with pytest.raises(VoteError, match="all of the first 10000 rows failed"):
        apply_lfs([per_row(fails)], numbers(50_000), batch_size=10_000)
    assert len(calls) == 10_000
