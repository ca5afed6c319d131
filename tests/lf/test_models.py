"""Labeling functions that ask a model: their votes, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, strategies as st

from tests.tiny_bert import WORDS, save_classifier, save_encoder
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf import models
from weaklabel.lf.core import LF
from weaklabel.lf.models import decide, sklearn_lf, transformers_lf, zero_shot_lf

TEXTS = [" ".join(WORDS[start : start + size]) for start in range(10) for size in (1, 2, 4, 7)] + ["", "  ", "free"]
NLI = ["contradiction", "neutral", "Entailment"]
HYPOTHESES = {0: "this is ham", 1: "this is spam", 2: "this is love"}


def batch(texts: list[str], **columns: list[Any]) -> Batch:
    return Batch(pl.DataFrame({"text": texts, **columns}))


@pytest.fixture(scope="module")
def mood(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("mood") / "model", ["bad", "so-so", "good"])


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("nli") / "model", NLI, seed=3)


@pytest.fixture(scope="module")
def bayes() -> Any:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    texts = ["free prize", "win cash now", "urgent prize call", "meet me later", "at home tonight", "love you soon"]
    return make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, ["spam"] * 3 + ["ham"] * 3)


@pytest.fixture(params=["sklearn", "transformers", "zero-shot"])
def make(request: pytest.FixtureRequest, bayes: Any, mood: Path, nli: Path) -> Callable[..., LF]:
    """Make an LF of each kind whose classes are called as ``names`` says."""

    def make_lf(names: dict[int, int] | None = None, **options: Any) -> LF:
        call = names or {0: 0, 1: 1, 2: 2}
        if request.param == "sklearn":
            return sklearn_lf("lf", bayes, votes={"ham": call[0], "spam": call[1]}, **options)
        if request.param == "transformers":
            return transformers_lf("lf", mood, {"bad": call[0], "so-so": call[1], "good": call[2]}, **options)
        return zero_shot_lf("lf", nli, {call[number]: text for number, text in HYPOTHESES.items()}, **options)

    return make_lf


def test_every_kind_is_an_lf_that_votes_for_several_classes(make: Callable[..., LF]) -> None:
    lf = make()
    votes = np.asarray(lf.vote(batch(TEXTS)))
    assert isinstance(lf, LF)
    assert votes.dtype == np.int8
    assert votes.shape == (len(TEXTS),)
    assert len(set(votes.tolist()) - {-1}) >= 2


@pytest.mark.parametrize("size", [1, 3, 10])
def test_votes_do_not_depend_on_the_batch_size(make: Callable[..., LF], size: int) -> None:
    lf = make(threshold=0.7)
    parts = [lf.vote(batch(TEXTS[begin : begin + size])) for begin in range(0, len(TEXTS), size)]
    np.testing.assert_array_equal(np.concatenate(parts), lf.vote(batch(TEXTS)))


def test_permuting_rows_permutes_votes(make: Callable[..., LF]) -> None:
    lf = make(threshold=0.7)
    order = np.random.default_rng(1).permutation(len(TEXTS))
    votes = np.asarray(lf.vote(batch(TEXTS)))
    np.testing.assert_array_equal(lf.vote(batch([TEXTS[row] for row in order])), votes[order])


def test_a_higher_threshold_only_silences(make: Callable[..., LF]) -> None:
    votes = [np.asarray(make(threshold=threshold).vote(batch(TEXTS))) for threshold in (0, 0.5, 0.9, 1)]
    for lower, higher in pairwise(votes):
        assert ((higher == lower) | (higher == -1)).all()
    assert (votes[0] >= 0).sum() > (votes[2] >= 0).sum()


def test_renaming_classes_renames_votes(make: Callable[..., LF]) -> None:
    votes = np.asarray(make().vote(batch(TEXTS)))
    renamed = np.asarray(make({0: 2, 1: 0, 2: 1}).vote(batch(TEXTS)))
    np.testing.assert_array_equal(renamed, np.array([2, 0, 1, -1])[votes])


def test_blank_and_missing_texts_get_no_vote(make: Callable[..., LF]) -> None:
    rows = Batch(pl.DataFrame({"text": ["x", "y", "z"], "title": ["", None, " \n"]}))
    np.testing.assert_array_equal(make(threshold=0, column="title").vote(rows), [-1, -1, -1])


def test_another_column_is_read(make: Callable[..., LF]) -> None:
    expected = make().vote(batch(TEXTS))
    np.testing.assert_array_equal(make(column="title").vote(batch(["x"] * len(TEXTS), title=TEXTS)), expected)


def test_an_unknown_column_is_named(make: Callable[..., LF]) -> None:
    with pytest.raises(
        LFError, match=r"LF 'lf' reads column 'titel', which the corpus lacks \(did you mean 'title'\?\)"
    ):
        make(column="titel").vote(batch(["x"], title=["y"]))


def test_no_rows_no_votes(make: Callable[..., LF]) -> None:
    assert np.asarray(make().vote(Batch(pl.DataFrame({"text": []}, schema={"text": pl.String})))).shape == (0,)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_is_a_probability(make: Callable[..., LF], threshold: float) -> None:
    with pytest.raises(LFError, match="LF 'lf': threshold must be a probability from 0 to 1"):
        make(threshold=threshold)


@pytest.mark.parametrize("number", [-2, 32_767, 1.0, True, "1", None])
def test_a_class_number_is_checked(make: Callable[..., LF], number: Any) -> None:
    with pytest.raises(LFError, match=r"LF 'lf': .* is neither a class number from 0 to 32766"):
        make({0: 0, 1: number, 2: 2})


# scikit-learn


def test_sklearn_votes_are_the_model_s_own(bayes: Any) -> None:
    lf = sklearn_lf("bayes", bayes, votes={"spam": 1, "ham": 0}, threshold=0.8)
    probs = bayes.predict_proba(TEXTS)
    expected = [
        int(bayes.classes_[row.argmax()] == "spam") if text.strip() and row.max() >= 0.8 else -1
        for text, row in zip(TEXTS, probs, strict=True)
    ]
    assert np.asarray(lf.vote(batch(TEXTS))).tolist() == expected
    assert lf.kind == "sklearn"


def test_sklearn_classes_can_be_the_class_numbers(bayes: Any) -> None:
    from sklearn.base import clone

    model = clone(bayes).fit(["free prize", "meet me", "cash now"], [4, 0, 4])
    assert np.asarray(sklearn_lf("bayes", model).vote(batch(["prize", "meet"]))).tolist() == [4, 0]


def test_sklearn_classes_by_name_need_votes(bayes: Any) -> None:
    with pytest.raises(LFError, match=r"LF 'bayes': the model's classes are .*; say with votes="):
        sklearn_lf("bayes", bayes)


def test_a_class_without_a_vote_abstains_where_it_wins(bayes: Any) -> None:
    votes = np.asarray(sklearn_lf("bayes", bayes, votes={"spam": 1}, threshold=0).vote(batch(["prize", "home"])))
    assert votes.tolist() == [1, -1]


def test_an_unknown_sklearn_class_is_named_beside_the_known(bayes: Any) -> None:
    with pytest.raises(LFError, match=r"no label 'spm' \(did you mean 'spam'\?\); its labels are ham, spam"):
        sklearn_lf("bayes", bayes, votes={"spm": 1})


def test_models_that_cannot_give_probabilities_are_refused() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    with pytest.raises(LFError, match="LinearSVC has no predict_proba"):
        sklearn_lf("svm", LinearSVC())
    with pytest.raises(LFError, match="LogisticRegression is not fitted"):
        sklearn_lf("lr", LogisticRegression())


def test_sklearn_sees_a_repeated_text_once(bayes: Any) -> None:
    seen: list[str] = []

    class Counting:
        classes_ = bayes.classes_

        def predict_proba(self, texts: list[str]) -> Any:
            seen.extend(texts)
            return bayes.predict_proba(texts)

    lf = sklearn_lf("bayes", Counting(), votes={"spam": 1, "ham": 0})
    assert np.asarray(lf.vote(batch(["prize", "home", "prize"]))).tolist() == [1, 0, 1]
    assert sorted(seen) == ["home", "prize"]


def test_probabilities_that_are_no_numbers_are_an_error_of_their_rows(bayes: Any) -> None:
    from weaklabel.votes.apply import apply_lfs

    class Broken:
        classes_ = np.array([0, 1])

        def predict_proba(self, texts: list[str]) -> Any:
            return np.array([[np.nan, np.nan] if text == "bad" else [0.1, 0.9] for text in texts])

    with pytest.warns(UserWarning, match=r"LF 'broken': .*not finite"):
        votes = apply_lfs([sklearn_lf("broken", Broken())], ["good", "bad", "good"])
    assert votes.L[:, 0].tolist() == [1, -1, 1]


# transformers


def test_transformers_votes_are_the_model_s_own(mood: Path) -> None:
    from transformers import pipeline

    judge = pipeline("text-classification", model=str(mood), device="cpu", top_k=None)
    numbers = {"bad": 0, "so-so": 1, "good": 2}
    texts = [text for text in TEXTS if text.strip()]
    votes = np.asarray(transformers_lf("mood", mood, numbers).vote(batch(texts)))
    compared = 0
    for vote, (first, second, *_) in zip(votes, judge(texts), strict=True):
        if first["score"] - second["score"] > 0.2:  # far enough from a tie for 16 bits to agree with 32
            assert vote == numbers[first["label"]]
            compared += 1
    assert compared > len(texts) / 2


def test_a_label_without_a_vote_abstains_where_it_wins(mood: Path) -> None:
    full = np.asarray(transformers_lf("mood", mood, {"bad": 0, "so-so": 1, "good": 2}).vote(batch(TEXTS)))
    for dropped, label in enumerate(["bad", "so-so", "good"]):
        kept = {name: number for number, name in enumerate(["bad", "so-so", "good"]) if name != label}
        votes = np.asarray(transformers_lf("mood", mood, kept).vote(batch(TEXTS)))
        np.testing.assert_array_equal(votes, np.where(full == dropped, -1, full))


def test_an_unknown_label_is_named_beside_the_known(mood: Path) -> None:
    lf = transformers_lf("mood", mood, {"god": 1})
    with pytest.raises(
        LFError, match=r"LF 'mood': .* 'god' \(did you mean 'good'\?\); its labels are bad, so-so, good"
    ):
        lf.vote(batch(["free"]))


@pytest.mark.parametrize("factory", [transformers_lf, zero_shot_lf])
def test_a_model_that_cannot_be_loaded_is_named(factory: Callable[..., LF], tmp_path: Path) -> None:
    lf = factory("lost", tmp_path / "nowhere", {0: "no", 1: "yes"} if factory is zero_shot_lf else {"yes": 1})
    with pytest.raises(LFError, match=r"LF 'lost': model '.*nowhere' cannot be loaded .* give a local folder"):
        lf.vote(batch(["free"]))


def test_a_model_without_a_trained_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LFError, match=r"LF 'bare': model .* has no trained weights for classifier"):
        transformers_lf("bare", save_encoder(tmp_path / "bare"), {"LABEL_1": 1}).vote(batch(["free"]))


@pytest.mark.parametrize(
    ("labels", "config"), [(["score"], {}), (["toxic", "rude"], {"problem_type": "multi_label_classification"})]
)
def test_a_model_that_does_not_choose_is_refused(tmp_path: Path, labels: list[str], config: dict[str, Any]) -> None:
    folder = save_classifier(tmp_path / "model", labels, **config)
    with pytest.raises(LFError, match="does not choose one label of several"):
        transformers_lf("odd", folder, {labels[0]: 1}).vote(batch(["free"]))


def test_a_model_is_loaded_once_and_its_answers_are_shared(mood: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"loads": 0, "texts": 0}
    load, run = models.load_pretrained, models.run_texts

    def counting_load(*args: Any) -> Any:
        counts["loads"] += 1
        return load(*args)

    def counting_run(loaded: Any, texts: list[str], **options: Any) -> Any:
        counts["texts"] += len(texts)
        return run(loaded, texts, **options)

    monkeypatch.setattr(models, "load_pretrained", counting_load)
    monkeypatch.setattr(models, "run_texts", counting_run)
    models._classifier.cache_clear()
    lfs = [transformers_lf(label, mood, {label: 1}, threshold=0.6) for label in ("bad", "good")]
    assert counts["loads"] == 0
    for rows in (batch(["one", "two", "one"]), batch(["three"]), batch(["two", "three"])):
        for lf in lfs:
            lf.vote(rows)
    assert counts == {"loads": 1, "texts": 3}


@pytest.mark.parametrize("kind", ["transformers", "zero-shot"])
def test_answers_are_kept_on_disk_and_give_the_same_votes(
    kind: str, mood: Path, nli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"{text} {kind}" for text in TEXTS]

    def vote(hypotheses: dict[int, str]) -> list[int]:
        models._known.cache_clear()
        if kind == "transformers":
            lf: LF = transformers_lf("lf", mood, {"bad": 0, "so-so": 1, "good": 2}, threshold=0.6)
        else:
            lf = zero_shot_lf("lf", nli, hypotheses, threshold=0.4)
        return list(lf.vote(batch(texts)))

    with monkeypatch.context() as patch:
        patch.setenv("WEAKLABEL_CACHE", "off")
        expected = vote(HYPOTHESES)
    assert vote(HYPOTHESES) == expected
    ran: list[str] = []
    run = models.run_texts
    monkeypatch.setattr(
        models,
        "run_texts",
        lambda loaded, texts, *args, **options: ran.extend(texts) or run(loaded, texts, *args, **options),
    )
    assert vote(HYPOTHESES) == expected
    assert ran == []
    vote({**HYPOTHESES, 2: "this is home"})
    assert len(ran) == (len(set(texts)) if kind == "zero-shot" else 0)


# zero-shot


def test_zero_shot_votes_for_the_hypothesis_that_is_entailed_most(nli: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model, tokenizer = (kind.from_pretrained(nli) for kind in (AutoModelForSequenceClassification, AutoTokenizer))
    votes = np.asarray(zero_shot_lf("nli", nli, HYPOTHESES, threshold=0).vote(batch(TEXTS)))
    compared = 0
    for text, vote in zip(TEXTS, votes, strict=True):
        with torch.inference_mode():
            pairs = [tokenizer(text, hypothesis, return_tensors="pt") for hypothesis in HYPOTHESES.values()]
            probs = torch.softmax(torch.stack([model(**pair).logits[0, 2] for pair in pairs]), dim=0)
        lead = torch.topk(probs, 2).values
        if text.strip() and lead[0] - lead[1] > 0.5:
            assert vote == int(probs.argmax())
            compared += 1
    assert compared > len(TEXTS) / 4


def test_a_hypothesis_under_abstain_takes_texts_away(nli: Path) -> None:
    full = np.asarray(zero_shot_lf("nli", nli, HYPOTHESES).vote(batch(TEXTS)))
    without = {-1 if number == 2 else number: text for number, text in HYPOTHESES.items()}
    np.testing.assert_array_equal(zero_shot_lf("nli", nli, without).vote(batch(TEXTS)), np.where(full == 2, -1, full))


def test_a_model_that_knows_no_entailment_is_refused(mood: Path) -> None:
    with pytest.raises(LFError, match=r"LF 'nli': .* has no label 'entailment', its labels are bad, so-so, good"):
        zero_shot_lf("nli", mood, HYPOTHESES).vote(batch(["free"]))


@pytest.mark.parametrize("hypotheses", [{}, {1: "this is spam"}])
def test_one_hypothesis_is_no_choice(nli: Path, hypotheses: dict[int, str]) -> None:
    with pytest.raises(LFError, match="LF 'nli': it needs 2 or more answers"):
        zero_shot_lf("nli", nli, hypotheses)


# The rule from probabilities to votes


@given(
    st.lists(st.tuples(*[st.integers(0, 8)] * 4).filter(any), min_size=1, max_size=8),
    st.lists(st.integers(-3, 3), min_size=4, max_size=4),
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
)
def test_decide_adds_up_and_abstains_below_the_threshold_and_on_ties(
    counts: list[tuple[int, ...]], answers: list[int], threshold: float
) -> None:
    votes = decide(np.array([np.array(row) / sum(row) for row in counts]), np.array(answers), threshold)
    for row, vote in zip(counts, votes, strict=True):
        mass = {answer: sum(c for c, a in zip(row, answers, strict=True) if a == answer) for answer in set(answers)}
        top = max(mass.values())
        best = [answer for answer, count in mass.items() if count == top]
        if vote >= 0:
            assert best == [vote]
            assert top / sum(row) >= threshold - 1e-9
        else:
            assert len(best) > 1 or best[0] < 0 or top / sum(row) < threshold - 1e-9
