"""Several rows in a prompt: nothing is shifted silently, and votes do not depend on how the corpus is cut."""

import json

import pytest

from tests.lf.llm.conftest import LABELS, asked_texts
from tests.lf.llm.test_votes import batch_of, make
from weaklabel import apply_lfs, keyword_lf
from weaklabel.errors import WeakLabelWarning
from weaklabel.lf.reasons import reason
from weaklabel.llm import Asking, asking_with


def labels_of(body):
    return ["spam" if "prize" in text else "ham" for text in asked_texts(body)]


def in_json(entries):
    return json.dumps({"answers": [{"row": row, "label": label} for row, label in entries]})


def right(body):
    labels = labels_of(body)
    return in_json(enumerate(labels, 1)) if "text 1" in body["messages"][-1]["content"] else labels[0]


def all_but(change):
    """Answer about several rows with a change, and about one row right."""
    return lambda body: change(labels_of(body)) if len(asked_texts(body)) > 1 else right(body)


TEXTS = [f"{'a prize' if number in (1, 4, 5) else 'hello'} {number}" for number in range(7)]
VOTES = [0, 1, 0, 0, 1, 1, 0]


def test_rows_are_asked_about_together(server, current):
    server.answer = right
    assert make(server, rows_per_prompt=3).vote(batch_of(TEXTS)) == VOTES
    assert sorted(len(asked_texts(body)) for body in server.bodies) == [1, 3, 3]
    schema = server.bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["answers"]["items"]["properties"]["label"]["enum"] == [*LABELS, "none of these"]


@pytest.mark.parametrize(("change", "again"), [
    (lambda labels: in_json(list(enumerate(labels, 1))[:-1]), 1),  # one is missing
    (lambda labels: in_json([*enumerate(labels, 1), (2, labels[1])]), 1),  # one is there twice
    (lambda labels: in_json(enumerate(labels, 0)), 3),  # counted from 0
    (lambda labels: in_json([*enumerate(labels, 1), (len(labels) + 1, "ham")]), 3),  # one too many
    (lambda labels: json.dumps(labels), 3),  # without numbers
    (lambda labels: in_json(enumerate(labels, 1))[:-3], 3),  # cut off
    (lambda labels: "I cannot say.", 3),
])  # fmt: skip
def test_rows_without_an_answer_are_asked_about_alone(server, current, change, again):
    server.answer = all_but(change)
    votes = make(server, rows_per_prompt=3).vote(batch_of(TEXTS[:3]))
    assert votes == VOTES[:3]
    assert sum("asked again alone" in str(vote.notes) for vote in votes if type(vote) is not int) == again
    assert server.bill.requests == 1 + again


def test_an_off_list_label_of_one_row_is_that_rows_own(server, current):
    server.answer = all_but(lambda labels: in_json(enumerate(["perhaps", *labels[1:]], 1)))
    with pytest.warns(WeakLabelWarning, match="answer off the list on 1 row, first row 0: 'perhaps'"):
        votes = apply_lfs([make(server, rows_per_prompt=3)], TEXTS[:3])
    assert votes.L[:, 0].tolist() == [-1, 1, 0]


def position_matters(body):
    """Answer by the place in the prompt, as a bad model does."""
    texts = asked_texts(body)
    if len(texts) == 1 and "text 1" not in body["messages"][-1]["content"]:
        return "ham"
    return in_json((row, "spam" if row % 2 else "ham") for row in range(1, len(texts) + 1))


@pytest.mark.parametrize("batch_size", [1, 5, 7, 12, 1000])
def test_votes_do_not_depend_on_the_batches(server, tmp_path, batch_size):
    server.answer = position_matters
    texts = [f"text {number}" for number in range(30)]
    texts[3] = " "
    with asking_with(Asking(ledger=tmp_path / "replies.sqlite")):
        votes = apply_lfs([make(server, rows_per_prompt=4)], texts, batch_size=batch_size)
    expected = ([1, 0, 1, 0] * 8)[:30]
    expected[3] = -1
    assert votes.L[:, 0].tolist() == expected


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_votes_on_chosen_rows_do_not_depend_on_the_batches(server, tmp_path, batch_size):
    server.answer = position_matters
    texts = [f"{'known' if number % 3 == 0 else 'text'} {number}" for number in range(30)]
    rule = keyword_lf("rule", 0, ["known"])
    with asking_with(Asking(ledger=tmp_path / "replies.sqlite")):
        lf = make(server, rows_per_prompt=4, where="uncovered")
        votes = apply_lfs([rule, lf], texts, labels=("ham", "spam"), batch_size=batch_size)
    assert votes.L[votes.L[:, 0] < 0, 1].tolist() == [1, 0] * 10
    assert server.bill.requests == 5


def test_equal_rows_of_a_prompt_are_asked_about_once(server, current):
    server.answer = right
    assert make(server, rows_per_prompt=4).vote(batch_of(["a", "a prize", "a", "", "a"])) == [0, 1, 0, -1, 0]
    assert sorted(len(asked_texts(body)) for body in server.bodies) == [1, 2]


def test_appended_rows_ask_only_about_themselves(server, current):
    server.answer = right
    lf = make(server, rows_per_prompt=3)
    lf.vote(batch_of(TEXTS[:6]))
    lf.vote(batch_of(TEXTS))
    assert server.bill.requests == 3


def test_a_reason_knows_the_answer_within_the_prompt_and_asks_nothing(server, current):
    server.answer = right
    lf = make(server, rows_per_prompt=3)
    batch = batch_of(TEXTS)
    lf.vote(batch)
    requests = server.requests
    assert reason(lf, batch, 1, 1).text == "tiny answers 'spam'"
    assert reason(lf, batch_of(["never asked"]), 0, 1).text == "tiny said so, but its answer is no longer kept"
    assert server.requests == requests


def test_kept_replies_alone_ask_about_nothing_again(server, tmp_path):
    server.answer = all_but(lambda labels: "")
    with asking_with(Asking(ledger=tmp_path / "replies.sqlite", kept_only=True)):
        votes = make(server, rows_per_prompt=3).vote(batch_of(TEXTS))
    assert [vote.notes[0].what for vote in votes] == ["not asked"] * 7
    assert server.requests == 0


def test_samples_give_confidence_about_several_rows(server, current):
    answers = iter(
        [in_json([(1, "spam"), (2, "ham")]), in_json([(1, "spam"), (2, "spam")]), in_json([(1, "spam"), (2, "ham")])]
    )
    server.answer = lambda body: next(answers)
    assert make(server, rows_per_prompt=2, samples=3, threshold=0.9).vote(batch_of(["a", "b"])) == [1, -1]
