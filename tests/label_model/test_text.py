"""Votes and texts together: rows without votes get labels, and wrong votes are outvoted by what texts say."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.errors import LabelModelError, WeakLabelWarning
from weaklabel.label_model import AutoLabelModel, CommitteeLabelModel, TextLabelModel, load_label_model
from weaklabel.label_model.text.discriminant import CrossFitted, normalised, stratified_folds, temperature
from weaklabel.label_model.text.training_lfs import gain

FOOD = ["soup", "bread", "cheese", "noodles", "salad", "pancakes", "rice", "stew"]
SPORT = ["football", "tennis", "swimming", "rowing", "hockey", "boxing", "cycling", "running"]
SAID = ["we had {} at noon", "my aunt likes {} a lot", "nobody wants {} today", "{} again, how nice", "more {} please",
        "they talked about {} for an hour", "is there any {} on sunday", "{} is what she dreams of"]  # fmt: skip


@pytest.fixture(scope="module")
def corpus():
    """Texts about food (0) or sport (1); labeling functions that see a third of them, and are right in 85%."""
    rng = np.random.default_rng(0)
    texts, Y = [], []
    for label, words in enumerate((FOOD, SPORT)):
        for word in words:
            texts += [form.format(word) for form in SAID]
            Y += [label] * len(SAID)
    order = rng.permutation(len(texts))
    texts, Y = [texts[row] for row in order], np.array(Y)[order]
    right = rng.random((len(Y), 4)) < 0.85
    L = np.where(rng.random((len(Y), 4)) < 0.12, np.where(right, Y[:, None], 1 - Y[:, None]), -1).astype(np.int8)
    return texts, L, Y


def test_rows_without_votes_are_labeled_by_their_texts(corpus):
    texts, L, Y = corpus
    silent = (L < 0).all(axis=1)
    assert 0.4 < silent.mean() < 0.8
    model = TextLabelModel(2).fit(L, texts)
    preds, probs = model.predict(L, return_probs=True, texts=texts)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert (preds == Y)[silent].mean() > 0.85
    assert (preds == Y).mean() > 0.85
    assert (CommitteeLabelModel(2).fit(L).predict(L) == Y).mean() < 0.6
    assert model.text_gain_ > 0.1


def test_no_class_is_impossible_and_older_files_answer_as_before(corpus, tmp_path):
    texts, L, _ = corpus
    model = TextLabelModel(2).fit(L, texts)
    probs = model.predict_proba(L, texts)
    assert probs.min() >= 0.01
    model.save(tmp_path / "model.json")
    saved = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    del saved["state"]["confidence"]
    by_doubt = {}
    for doubt in (0.0, 0.02):
        (tmp_path / "older.json").write_text(
            json.dumps(saved | {"state": saved["state"] | {"doubt": doubt}}), encoding="utf-8"
        )
        by_doubt[doubt] = load_label_model(tmp_path / "older.json").predict_proba(L, texts)
    np.testing.assert_allclose(by_doubt[0.02], 0.98 * by_doubt[0.0] + 0.01)
    assert (by_doubt[0.0].argmax(axis=1) == probs.argmax(axis=1)).all()
    assert by_doubt[0.0].max() > probs.max()


def test_texts_that_say_nothing_are_not_used(corpus):
    texts, _, Y = corpus
    told = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        others = [texts[row] for row in rng.permutation(len(texts))]
        right = rng.random((len(Y), 4)) < 0.85
        L = np.where(rng.random((len(Y), 4)) < 0.5, np.where(right, Y[:, None], 1 - Y[:, None]), -1).astype(np.int8)
        told.append("texts do not predict the labels" in AutoLabelModel(2).fit(L, others).describe())
        assert "votes and texts" in AutoLabelModel(2).fit(L, texts).describe()
    assert sum(told) >= 5  # by chance, texts may seem to say something


def test_a_wrong_vote_is_outvoted(corpus):
    texts, L, _ = corpus
    model = TextLabelModel(2).fit(L, texts)
    wrong = np.array([[-1, 1, -1, -1]], dtype=np.int8)
    about_food = ["bread, how nice"]
    unvoted, voted = (model.predict_proba(L, about_food)[0, 0] for L in (np.full_like(wrong, -1), wrong))
    assert unvoted > voted > model.predict_proba(wrong)[0, 0]
    assert unvoted > 0.6


def test_rounds_stop_when_the_gain_falls_unless_the_ratio_is_0(corpus, monkeypatch):
    texts, _, Y = corpus
    judge, rounds = CrossFitted.judge, []
    L = np.tile(Y[:, None], 3)

    def noted(self, labels):
        rounds.append(labels)
        return judge(self, labels) if len(rounds) == 1 else np.zeros_like(labels)  # later texts tell nothing

    monkeypatch.setattr(CrossFitted, "judge", noted)
    monkeypatch.setattr(
        "weaklabel.label_model.text.model.choose_training_lfs", lambda model, L, k: np.ones(L.shape[1], dtype=bool)
    )
    monkeypatch.setattr("weaklabel.label_model.text.confidence.PAIRS", 0)
    for min_gain_ratio, expected in ((0.9, 2), (0.0, 5)):
        rounds.clear()
        TextLabelModel(2, n_rounds=5, min_gain_ratio=min_gain_ratio).fit(L, texts)
        assert len(rounds) == expected + 1  # the last labels are judged once more


def test_without_texts_votes_decide(corpus):
    texts, L, _ = corpus
    model = TextLabelModel(2).fit(L, texts)
    np.testing.assert_array_equal(model.predict_proba(L), CommitteeLabelModel(2).fit(L).predict_proba(L))


def test_a_row_does_not_depend_on_its_company(corpus):
    texts, L, _ = corpus
    model = TextLabelModel(2).fit(L, texts)
    order = np.random.default_rng(1).permutation(len(L))
    permuted = TextLabelModel(2).fit(L[order], [texts[row] for row in order])
    expected = model.predict_proba(L, texts)
    np.testing.assert_allclose(permuted.predict_proba(L, texts), expected, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(L[7:8], texts[7:8]), expected[7:8], atol=1e-12)


def test_a_saved_model_gives_the_same_answers(corpus, tmp_path):
    texts, L, _ = corpus
    for model in (TextLabelModel(2, n_rounds=2), AutoLabelModel(2)):
        model.fit(L, texts).save(tmp_path)
        json.loads((tmp_path / "label_model.json").read_text())
        back = load_label_model(tmp_path)
        np.testing.assert_array_equal(back.predict_proba(L, texts), model.predict_proba(L, texts))
        assert back.describe() == model.describe()


def test_auto_uses_texts_that_predict_labels(corpus):
    texts, L, _ = corpus
    assert "texts" in AutoLabelModel(2).fit(L, texts).describe()
    same = ["nothing to see here"] * len(L)
    blind = AutoLabelModel(2).fit(L, same)
    assert blind.describe().endswith("texts do not predict the labels")
    np.testing.assert_array_equal(blind.predict_proba(L, same), CommitteeLabelModel(2).fit(L).predict_proba(L))


def test_wrong_use_is_an_error(corpus):
    texts, L, _ = corpus
    with pytest.raises(LabelModelError, match="needs texts"):
        TextLabelModel(2).fit(L)
    with pytest.raises(LabelModelError, match=f"1 texts were given for {len(L)} rows"):
        TextLabelModel(2).fit(L, texts[:1])
    with pytest.raises(LabelModelError, match="vote_weight"):
        TextLabelModel(2, vote_weight=2).fit(L, texts)
    with pytest.raises(LabelModelError, match="min_gain_ratio"):
        TextLabelModel(2, min_gain_ratio=-1).fit(L, texts)
    with pytest.raises(LabelModelError, match="none of"):
        TextLabelModel(2).fit(np.full_like(L, -1), texts)


def test_every_row_is_judged_by_other_folds():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(400, 5)), rng.integers(0, 2, 400)
    X[:, 0] += 3 * Y
    folds = rng.integers(0, 4, 400)
    model = CrossFitted(X, folds, 4).use(np.ones(400, dtype=bool))
    labels = np.eye(2)[Y]
    judged = model.judge(labels)
    assert (judged.argmax(axis=1) == Y).mean() > 0.9
    poisoned = labels.copy()
    poisoned[folds == 2] = 1 - poisoned[folds == 2]  # what a fold is told makes no difference to how it is judged
    np.testing.assert_allclose(model.judge(poisoned)[folds == 2], judged[folds == 2])
    assert np.abs(model.judge(poisoned)[folds == 1] - judged[folds == 1]).max() > 0.1


def test_temperature_mends_overconfidence():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.95, 5000)
    labels = np.eye(2)[(rng.random(5000) < p).astype(int)]
    honest = np.log(np.stack([1 - p, p], axis=1))
    assert temperature(honest, labels) == pytest.approx(1, abs=0.2)
    assert temperature(normalised(4 * honest), labels) == pytest.approx(0.25, abs=0.06)


def test_a_class_without_votes_is_never_the_answer(corpus):
    texts, L, _ = corpus
    probs = TextLabelModel(4).fit(L, texts).predict_proba(np.full((2, 4), -1), ["", "zzz 0 )("])
    np.testing.assert_allclose(probs[:, 2:], 0.125)
    assert (probs.argmax(axis=1) < 2).all()


def test_rare_votes_are_not_lost_in_a_sample():
    texts = [f"{'soup' if row % 2 else 'football'} number {row}" for row in range(3000)]
    L = np.full((3000, 4), -1, dtype=np.int8)
    for lf, rows in enumerate(([4, 5, 8, 9, 400, 401], [4, 5, 10, 11], [5, 7, 400, 402], [2000, 2001])):
        L[rows, lf] = [row % 2 for row in rows]
    model = AutoLabelModel(2).fit(L, texts)
    small = TextLabelModel(2, max_rows=40).fit(L, texts)
    for fitted in (model, small):
        assert not np.isnan(fitted.lf_accuracies_).any()
        assert fitted.predict(L[[4, 5, 2000]]).tolist() == [0, 1, 0]


def test_texts_that_are_none_are_named(corpus):
    texts, L, _ = corpus
    with pytest.raises(LabelModelError, match="text of row 3 is None"):
        TextLabelModel(2).fit(L, [*texts[:3], None, *texts[4:]])
    with pytest.raises(LabelModelError, match="one string"):
        TextLabelModel(2).fit(L, "text")


@pytest.mark.parametrize("kind", [TextLabelModel, AutoLabelModel])
def test_gold_and_texts_are_distinguished(corpus, kind):
    texts, L, Y = corpus
    model = kind(2).fit(L, Y, texts=texts)
    assert model.predict(L, texts=texts).min() >= 0
    with pytest.raises(LabelModelError, match="texts must be strings, not numbers"):
        kind(2).fit(L, texts=Y)
    with pytest.raises(LabelModelError, match="text of row 0 is None, not a string"):
        kind(2).fit(L, [None, *texts[1:]])


@given(st.integers(0, 1000), st.integers(2, 5))
def test_folds_share_out_each_class_and_do_not_depend_on_the_order_of_rows(seed, k):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 60, 150)
    labels = np.eye(k)[(hashes * 7 + seed) % k]
    labels[hashes % 9 == 0] = 1 / k  # no votes
    folds = stratified_folds(labels, hashes, 4)
    order = rng.permutation(150)
    np.testing.assert_array_equal(stratified_folds(labels[order], hashes[order], 4), folds[order])
    for value in np.unique(hashes):
        assert len(set(folds[hashes == value])) == 1
    for label in range(k):
        rows = (labels.argmax(axis=1) == label) & (labels.max(axis=1) == 1)
        texts = len(set(hashes[rows]))
        assert len(set(folds[rows])) == min(4, texts)


def test_a_class_whose_rows_lie_in_one_fold_gets_a_probability():
    rng = np.random.default_rng(0)
    Y = np.r_[np.zeros(60, int), np.ones(60, int), 2, 2]
    X = rng.normal(size=(122, 4)) + 3 * np.eye(3, 4)[Y]
    labels = np.eye(4)[Y]  # nobody is of the last class
    folds = np.r_[np.arange(120) % 4, 1, 1]
    judged = CrossFitted(X, folds, 4).judge(labels)
    np.testing.assert_allclose(np.exp(judged).sum(axis=1), 1)
    assert judged[:, 2].min() > -100
    np.testing.assert_allclose(np.exp(judged[folds == 1, 2]), 1 / 92, rtol=0.2)
    assert np.exp(judged[:, 3]).max() == 0
    assert gain(normalised(judged * temperature(judged, labels)), labels) > 0.3


def test_a_rare_class_does_not_hide_what_texts_predict(corpus):
    texts, L, _ = corpus
    rare = L.copy()
    rare[np.flatnonzero((L < 0).all(axis=1))[:1], 0] = 2
    model = AutoLabelModel(3).fit(rare, texts)
    assert isinstance(model.chosen_, TextLabelModel)
    assert model.chosen_.text_gain_ > 0.1


def test_the_temperature_may_be_very_low():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.95, 5000)
    labels = np.eye(2)[(rng.random(5000) < p).astype(int)]
    honest = np.log(np.stack([1 - p, p], axis=1))
    assert temperature(normalised(50 * honest), labels) == pytest.approx(1 / 50, rel=0.15)
    assert temperature(normalised(honest / 5), labels) == pytest.approx(5, rel=0.15)


@pytest.mark.parametrize("kind", [TextLabelModel, AutoLabelModel])
def test_the_class_balance_is_that_of_all_rows(corpus, kind):
    texts, L, Y = corpus
    rows = np.flatnonzero((Y == 0) | (np.arange(len(Y)) % 4 == 0))  # few of class 1
    texts, L, Y = [texts[row] for row in rows], L[rows], Y[rows]
    share = float((Y == 1).mean())
    result = []
    for balance in (None, [1 - share, share], [0.4, 0.6]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if balance is None else "error", WeakLabelWarning)
            model = kind(2, class_balance=balance).fit(L, texts)
        result.append(model.predict_proba(L, texts)[:, 1].mean())
    assert abs(result[1] - share) < 0.05 and result[0] + 0.1 < result[2] < 0.61
    np.testing.assert_array_equal(
        kind(2).fit(L, Y, texts=texts).predict_proba(L, texts),
        kind(2, class_balance=[1 - share, share]).fit(L, texts).predict_proba(L, texts),
    )
    with pytest.raises(LabelModelError, match="class_balance has 3 shares for 2 classes"):
        kind(2, class_balance=[0.2, 0.3, 0.5]).fit(L, texts)


def test_few_rows_with_votes_are_warned_of(corpus):
    texts, L, _ = corpus
    with pytest.warns(WeakLabelWarning, match=r"only 39% of the rows have votes.*give them as class_balance"):
        TextLabelModel(2).fit(L, texts)
    many = L.copy()
    many[:, 0] = np.where(L[:, 0] < 0, np.arange(len(L)) % 2, L[:, 0])
    with warnings.catch_warnings():
        warnings.simplefilter("error", WeakLabelWarning)
        TextLabelModel(2).fit(many, texts)
