"""From log-probabilities of tokens to probabilities of choices."""

import json
import math

import pytest
from hypothesis import given, strategies as st

from weaklabel.llm.logprobs import choice_probs


def told(*steps):
    """Return logprobs as a server tells them: at each step the token, and all tokens with their probabilities."""
    rows = []
    for token, probs in steps:
        entry = [{"token": text, "logprob": math.log(p), "bytes": list(text.encode())} for text, p in probs.items()]
        rows.append({**next(each for each in entry if each["token"] == token), "top_logprobs": entry})
    return {"content": rows}


def test_one_token_a_choice():
    probs = choice_probs(("spam", "ham"), "spam", told(("spam", {"spam": 0.6, "ham": 0.2, "Well": 0.2})))
    assert probs == pytest.approx({"spam": 0.75, "ham": 0.25})


def test_letter_case_and_blanks_make_no_difference():
    probs = choice_probs(
        ("spam", "ham"), " Spam", told((" Spam", {" Spam": 0.4, "spam": 0.2, "ham": 0.3, " HAM": 0.1}))
    )
    assert probs == pytest.approx({"spam": 0.6, "ham": 0.4})


def test_choices_that_begin_alike_are_told_apart_by_later_tokens():
    steps = [("not", {"not": 0.5, "spam": 0.5}), (" spam", {" spam": 0.75, " sure": 0.25})]
    probs = choice_probs(("not spam", "not sure", "spam"), "not spam", told(*steps))
    assert probs == pytest.approx({"not spam": 0.375, "not sure": 0.125, "spam": 0.5})


def test_what_is_not_told_apart_is_divided():
    steps = [("spam", {"spam": 0.5, "not": 0.5})]
    probs = choice_probs(("not spam", "not sure", "spam"), "spam", told(*steps))
    assert probs == pytest.approx({"not spam": 0.25, "not sure": 0.25, "spam": 0.5})


def test_in_json_only_the_answer_counts():
    steps = [
        ('{"', {'{"': 0.7, "{": 0.3}),
        ('answer":"', {'answer":"': 1.0}),
        ("ham", {"ham": 0.8, "sp": 0.2}),
        ('"}', {'"}': 1.0}),
    ]
    probs = choice_probs(("spam", "ham"), '{"answer":"ham"}', told(*steps))
    assert probs == pytest.approx({"spam": 0.2, "ham": 0.8})


def test_a_token_may_lie_across_the_beginning_and_the_end():
    steps = [('{"answer', {'{"answer': 1.0}), ('": "h', {'": "h': 0.9, '": "s': 0.1}), ('am"}', {'am"}': 1.0})]
    probs = choice_probs(("spam", "ham"), '{"answer": "ham"}', told(*steps))
    assert probs == pytest.approx({"spam": 0.1, "ham": 0.9})


def test_a_choice_that_begins_another():
    steps = [("spam", {"spam": 0.9, "ham": 0.1}), ("-like", {"-like": 0.3, "": 0.7})]
    probs = choice_probs(("spam", "spam-like", "ham"), "spam-like", told(*steps))
    assert probs["spam-like"] == pytest.approx(0.27 / 0.37)
    ended = choice_probs(("spam", "spam-like", "ham"), "spam", told(("spam", {"spam": 0.9, "ham": 0.1})))
    assert ended == pytest.approx({"spam": 0.9, "spam-like": 0.0, "ham": 0.1})


def test_signs_in_several_tokens():
    first, second = "垃圾".encode()[:2], "垃圾".encode()[2:]
    rows = [
        {"token": "\\xe5\\x9e", "logprob": math.log(0.9), "bytes": list(first),
         "top_logprobs": [{"token": "?", "logprob": math.log(0.9), "bytes": list(first)},
                          {"token": "正", "logprob": math.log(0.1), "bytes": list("正".encode())}]},
        {"token": "?", "logprob": 0.0, "bytes": list(second), "top_logprobs": []},
    ]  # fmt: skip
    assert choice_probs(("垃圾", "正常"), "垃圾", {"content": rows}) == pytest.approx({"垃圾": 0.9, "正常": 0.1})


def test_nothing_is_told_where_the_choices_are_unlikely():
    assert choice_probs(("spam", "ham"), "Well", told(("Well", {"Well": 0.9999, "spam": 0.0001}))) is None
    assert choice_probs(("spam", "ham"), '{"label": 3}', told(('{"', {'{"': 1.0}))) is None


@pytest.mark.parametrize(
    "logprobs",
    [None, [], {}, {"content": None}, {"content": [None]}, {"content": [{"token": "spam"}]},
     {"content": [{"token": "spam", "logprob": float("nan")}]}, {"content": [{"token": 3, "logprob": 0}]}],
)  # fmt: skip
def test_what_cannot_be_read_tells_nothing(logprobs):
    assert choice_probs(("spam", "ham"), "spam", logprobs) is None


texts = st.text(st.sampled_from('abé "\\垃'), min_size=1, max_size=4).filter(lambda text: text == text.strip() != "")


@given(st.lists(texts, min_size=2, max_size=4, unique_by=str.lower), st.data(), st.booleans())
def test_a_model_of_single_signs_is_read_exactly(choices, data, is_json):
    """Where each token is a sign, the alternatives of one step tell all: probabilities along the answer are exact."""
    weights = [data.draw(st.integers(1, 9)) for _ in choices]
    share = {choice: weight / sum(weights) for choice, weight in zip(choices, weights, strict=True)}
    answer = data.draw(st.sampled_from(choices))
    end = '"}' if is_json else "\n"
    whole = {c: (json.dumps({"answer": c}, ensure_ascii=False)[:-2] if is_json else c) + end for c in choices}
    steps, prefix = [], ""
    while prefix != whole[answer]:
        left = {c: share[c] for c in choices if whole[c].startswith(prefix)}
        total, following = sum(left.values()), {}
        for c, p in left.items():
            sign = whole[c][len(prefix) : len(prefix) + 1]
            following[sign] = following.get(sign, 0.0) + p / total
        sign = whole[answer][len(prefix)]
        steps.append((sign, following))
        prefix += sign
    probs = choice_probs(choices, whole[answer].rstrip("\n"), told(*steps))
    assert sum(probs.values()) == pytest.approx(1.0)
    assert probs[answer] == pytest.approx(share[answer])
