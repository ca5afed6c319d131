"""Why a row has its label: parts that add up, with every label model."""

import json
import warnings
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError, VoteError
from weaklabel.explain import Flip, explain_row
from weaklabel.explain.answers import CLIP
from weaklabel.explain.baseline import baseline
from weaklabel.label_model import (
    LABEL_MODELS,
    AutoLabelModel,
    BaseLabelModel,
    CommitteeLabelModel,
    DawidSkene,
    LabelModel,
    MajorityVote,
    TextLabelModel,
)
from weaklabel.lf.core import Reason

M = 6
NAMES = [f"lf{number}" for number in range(M)]
L, Y = draw_votes(400, M, 3)
TEXTUAL = ("text", "auto")
WORDS = ("sun", "rain", "snow")
TEXTS = [f"{WORDS[y]} number {row}" for row, y in enumerate(Y)]
ROWS = st.lists(st.integers(-1, 2), min_size=M, max_size=M).map(lambda votes: np.array(votes, dtype=np.int8))


@cache
def fitted(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LABEL_MODELS[name](3)
        return model.fit(L, TEXTS if name in TEXTUAL else None)


TWO_L = draw_votes(400, M, 2)[0]
TWO = {DawidSkene: DawidSkene().fit(TWO_L), LabelModel: LabelModel().fit(TWO_L)}


@pytest.fixture(scope="module", params=sorted(LABEL_MODELS))
def model(request):
    return fitted(request.param)


def check_sums(explanation, model, votes, text):
    probs = model.predict_proba(votes[None], texts=None if text is None else [text])[0]
    if np.isnan(probs).any():
        assert explanation.about is explanation.label is explanation.log_odds is None and not explanation.parts
        return
    about = int(explanation.about)
    # One text and many are multiplied in another order.
    assert explanation.probability == pytest.approx(probs[about], rel=1e-12)
    expected = np.log(max(probs[about], CLIP)) - np.log(max(probs.sum() - probs[about], CLIP))
    assert explanation.log_odds == pytest.approx(expected, abs=1e-6)
    assert explanation.prior + sum(part.log_odds for part in explanation.parts) == pytest.approx(
        explanation.log_odds, abs=1e-9
    )
    assert {part.name for part in explanation.parts if part.kind == "vote"} == {
        name for name, vote in zip(NAMES, votes, strict=True) if vote >= 0
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_parts_add_up_to_the_log_odds(model, votes):
    text = "sun and rain" if isinstance(model, TextLabelModel | AutoLabelModel) else None
    explanation = explain_row(model, votes, text, NAMES, "012")
    check_sums(explanation, model, votes, text)
    label = model.predict(votes[None], texts=None if text is None else [text])[0]
    assert explanation.label == (str(label) if label >= 0 else None)
    json.dumps(explanation.to_dict(), allow_nan=False)
    assert explanation.to_text()


@settings(max_examples=15, deadline=None)
@given(ROWS)
def test_a_text_model_without_the_text(votes):
    model = fitted("text")
    check_sums(explain_row(model, votes, None, NAMES, "012"), model, votes, None)


def test_the_text_is_a_part_and_votes_tell_the_same_with_it():
    model, votes = fitted("text"), np.array([1, -1, -1, 1, -1, -1])
    explanation = explain_row(model, votes, "sun sun", NAMES, "012")
    assert [part.kind for part in explanation.parts].count("text") == 1
    nobody = explain_row(model, np.full(M, -1), "sun sun", NAMES, "012")
    assert [part.kind for part in nobody.parts] == ["text"]
    assert nobody.label == "0"
    share = baseline(model).balance[0]
    assert nobody.prior == pytest.approx(np.log(share / (1 - share)))


@pytest.mark.parametrize("cls", [DawidSkene, LabelModel])
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-1, 1), min_size=M, max_size=M).map(np.array))
def test_where_evidence_adds_up_parts_are_its_weights(cls, votes):
    model = TWO[cls]
    explanation = explain_row(model, votes, None, NAMES, ["ham", "spam"])
    if explanation.about is None:
        return
    y = ["ham", "spam"].index(explanation.about)
    weights = model.evidence_ if cls is DawidSkene else np.log(np.insert(model.mu_.reshape(M, 2, 2), 0, 1, axis=1))
    for part in explanation.parts:
        own = weights[NAMES.index(part.name), ["ham", "spam"].index(part.vote) + 1]
        assert part.log_odds == pytest.approx(own[y] - own[1 - y])
    balance = model.class_balance_ if cls is DawidSkene else model.p_
    assert explanation.prior == pytest.approx(np.log(balance[y] / balance[1 - y]))


def test_abstains_that_are_evidence_are_a_part_of_their_own():
    model = DawidSkene(abstain_weight=1.0, prior_share=0.0).fit(TWO_L)
    votes = np.array([1, -1, 1, -1, -1, -1])
    explanation = explain_row(model, votes, None, NAMES, ["ham", "spam"])
    y = ["ham", "spam"].index(explanation.about)
    tells = model.evidence_[:, :, y] - model.evidence_[:, :, 1 - y]
    abstains = next(part for part in explanation.parts if part.kind == "abstain")
    assert explanation.parts[0] is abstains
    assert abstains.log_odds == pytest.approx(tells[:, 0].sum())
    assert explanation.prior == pytest.approx(np.log(model.class_balance_[y] / model.class_balance_[1 - y]))
    shares = {part.name: part.log_odds for part in explanation.parts}
    assert shares["lf0"] == pytest.approx(tells[0, 2] - tells[0, 0])  # in the place of its own abstain


def test_a_model_of_equal_votes_shares_equally():
    explanation = explain_row(MajorityVote(), [0, 0, 1, -1], None, "abcd", ["ham", "spam"])
    shares = {part.name: part.log_odds for part in explanation.parts}
    assert shares["a"] == pytest.approx(shares["b"])
    assert shares["c"] < 0 < shares["a"]
    assert explanation.prior == 0
    assert explanation.log_odds == pytest.approx(-np.log(CLIP))


def test_ties_and_rows_without_votes_have_no_label():
    tied = explain_row(MajorityVote(), [0, 1], None, "ab", ["ham", "spam"])
    assert (tied.label, tied.about, tied.log_odds) == (None, "ham", 0)
    assert "tie" in tied.to_text()
    assert explain_row(MajorityVote(), [-1, -1], None, "ab", ["ham", "spam"]).to_text().startswith("no label")


def test_flips_are_the_smallest_sets():
    first = explain_row(MajorityVote(), [0, 0, 1], None, "abc", ["ham", "spam"])
    assert first.flips == (Flip(("a",), None), Flip(("b",), None))
    second = explain_row(MajorityVote(), [0, 0, 0, 1], None, "abcd", ["ham", "spam"])
    assert second.flips == (Flip(("a", "b"), None), Flip(("a", "c"), None), Flip(("b", "c"), None))
    assert not explain_row(MajorityVote(), [0] * 5, None, "abcde", ["ham", "spam"]).flips
    alone = explain_row(MajorityVote(), [-1, 1], None, "ab", ["ham", "spam"])
    assert alone.flips == (Flip(("b",), None),)


def test_flips_are_true_of_the_model():
    model = fitted("committee")
    votes = np.array([0, 1, 1, 0, -1, 2], dtype=np.int8)
    explanation = explain_row(model, votes, None, NAMES, "012")
    for flip in explanation.flips:
        remaining = np.where(np.isin(NAMES, flip.removed), -1, votes)
        label = model.predict(remaining[None])[0]
        assert flip.label == (str(label) if label >= 0 else None) != explanation.label


def test_many_votes_are_explained_by_drawn_orders_the_same_each_time():
    many = draw_votes(300, 25, 2)[0]
    many[0] = np.where(many[0] < 0, 0, many[0])
    model = CommitteeLabelModel(2).fit(many)
    names = [f"lf{number}" for number in range(25)]
    explanation = explain_row(model, many[0], None, names, ["ham", "spam"])
    assert not explanation.exact and "drawn orders" in explanation.to_text()
    assert explanation.prior + sum(part.log_odds for part in explanation.parts) == pytest.approx(
        explanation.log_odds, abs=1e-9
    )
    assert explanation == explain_row(model, many[0], None, names, ["ham", "spam"])


def test_votes_that_the_model_cannot_use_add_nothing():
    silent = np.insert(TWO_L, 2, -1, axis=1)
    with pytest.warns(UserWarning, match="never"):
        model = DawidSkene().fit(silent)
    votes = np.array([1, -1, 0, 1, -1, -1, -1])
    explanation = explain_row(model, votes, None, "abcdefg", ["ham", "spam"])
    assert next(part.log_odds for part in explanation.parts if part.name == "c") == pytest.approx(0)
    only = np.array([-1, -1, 0, -1, -1, -1, -1])
    assert explain_row(model, only, None, "abcdefg", ["ham", "spam"]).about is None


def test_one_class_and_own_label_models():
    class Stubborn(BaseLabelModel):
        """Says the second class of whatever has a vote."""

        def _fit(self, votes):
            self.lf_accuracies_ = np.ones(votes.m)

        def _predict_patterns(self, patterns):
            answer = np.full((len(patterns), 2), np.nan)
            answer[(patterns >= 0).any(axis=1)] = [0.1, 0.9]
            return answer

    explanation = explain_row(Stubborn().fit(TWO_L), [0, 1, -1, -1, -1, -1], None, NAMES, ["ham", "spam"])
    assert (explanation.label, explanation.prior) == ("spam", 0)
    assert [part.log_odds for part in explanation.parts] == pytest.approx([np.log(9) / 2] * 2)
    explanation = explain_row(MajorityVote(1), [0, -1], None, "ab", ["ham"])
    assert explanation.label == "ham" and explanation.prior + explanation.parts[0].log_odds == pytest.approx(
        explanation.log_odds
    )


def test_the_table_shows_bars_reasons_and_no_control_characters():
    reasons = [Reason("matches '\x1b[31m'"), None, None]
    text = explain_row(MajorityVote(), [0, 0, 1], None, ["a\nb", "b", "c"], ["ham", "spam"], reasons).to_text()
    assert "\x1b" not in text and "a\\nb" in text and "matches" in text
    assert text.splitlines()[0] == "ham: probability 1.000, log-odds +27.63"
    assert "Without b: no label" in text


@pytest.mark.parametrize(
    ("votes", "names", "error"), [([0], "ab", VoteError), ([0, 5], "ab", VoteError), ([0, 1], "ab", LabelModelError)]
)
def test_refused(votes, names, error):
    with pytest.raises(error):
        explain_row(DawidSkene(), votes, None, names, ["ham", "spam"])
