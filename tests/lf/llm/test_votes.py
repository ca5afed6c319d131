"""Votes of labeling functions that ask a language model, by a real server."""

import pickle

import polars as pl
import pytest

from tests.lf.llm.conftest import LABELS, asked_texts
from weaklabel import apply_lfs, llm_lf, llm_lfs
from weaklabel.config import LLMSettings
from weaklabel.corpus.batch import Batch
from weaklabel.errors import BudgetError, LanguageModelError, LFError, WeakLabelWarning
from weaklabel.lf import LF, Place
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.packs import load_lfs
from weaklabel.lf.reasons import reason
from weaklabel.llm import Asking, asking_with

TEXTS = ["win a prize", "see you", "", "maybe", "see you"]


def batch_of(texts, start=0):
    return Batch(pl.DataFrame({"text": texts}), start=start)


def make(server, name="topic", **settings):
    return llm_lf(name, LABELS, endpoint=server.url, model="tiny", **settings)


def test_each_text_is_asked_about_once_and_blank_ones_are_not(server, current):
    lf = make(server)
    assert isinstance(lf, LF)
    assert lf.place is Place.IN_PROCESS
    assert lf.asks
    votes = lf.vote(batch_of(TEXTS))
    assert votes == [1, 0, -1, -1, 0]
    assert [note.what for note in votes[3].notes] == ["answer off the list"]
    assert server.bill.requests == 3
    assert lf.vote(batch_of(TEXTS)) == votes
    assert server.bill.requests == 3


def test_off_list_answers_are_counted_and_trip_no_error_budget(server, current):
    with pytest.warns(WeakLabelWarning, match=r"answer off the list on 1 row, first row 3: 'Well, it depends\.'"):
        votes = apply_lfs([make(server)], TEXTS, labels=("ham", "spam"), error_budget=0)
    assert votes.L[:, 0].tolist() == [1, 0, -1, -1, 0]
    assert votes.problems["topic"].count == 0


def test_a_prompt_that_the_server_refuses_costs_its_row_alone(server, current):
    server.poison = "prize"
    with pytest.warns(WeakLabelWarning, match="1 row failed, first row 0: NoAnswer: .*too long"):
        votes = apply_lfs([make(server)], ["win a prize", "see you"], error_budget=0.5)
    assert votes.L[:, 0].tolist() == [-1, 0]


def test_what_is_not_kept_is_said_to_be_not_asked(server, tmp_path):
    ledger = tmp_path / "replies.sqlite"
    with asking_with(Asking(ledger=ledger)):
        make(server).vote(batch_of(["see you"]))
    with asking_with(Asking(ledger=ledger, kept_only=True)):
        votes = make(server).vote(batch_of(["see you", "new"]))
        assert votes == [0, -1]
        assert not votes[1].notes[0].is_final
    assert server.bill.requests == 1


def test_a_cap_stops_the_run_and_the_next_one_goes_on(server, tmp_path):
    texts = [f"text {number}" for number in range(20)]
    for cap in (7, 14, 21):
        with asking_with(Asking(LLMSettings(max_requests=cap), ledger=tmp_path / "replies.sqlite", budget="job")):
            if cap < 20:
                with pytest.raises(BudgetError, match="max_requests"):
                    apply_lfs([make(server)], texts)
            else:
                assert apply_lfs([make(server)], texts).L[:, 0].tolist() == [0] * 20
    assert server.bill.requests == 20
    assert set(server.bill.by_body.values()) == {1}


def test_a_server_with_faults_loses_nothing(server, tmp_path):
    server.faults = {"429": 0.2, "500": 0.1, "cut": 0.1, "not-json": 0.1}
    texts = [f"{'prize' if number % 3 else 'hello'} {number}" for number in range(60)]
    with asking_with(Asking(LLMSettings(tries=20), ledger=tmp_path / "replies.sqlite")):
        votes = apply_lfs([make(server)], texts)
    assert votes.L[:, 0].tolist() == [int(number % 3 > 0) for number in range(60)]
    assert not votes.problems


@pytest.mark.parametrize(("wrong", "message"), [
    ({"labels": ("ham", "HAM")}, "differ in nothing"),
    ({"labels": ("ham", "none of these")}, "differ in nothing"),
    ({"labels": ("ham", "spam"), "threshold": 2}, "threshold must be a probability"),
    ({"labels": ("ham", "spam"), "threshold": 0.5, "rows_per_prompt": 4}, "has no probabilities"),
    ({"labels": ("ham", "spam"), "rows_per_prompt": 0}, "rows_per_prompt must be a whole number from 1 to 64"),
    ({"labels": ("ham", "spam"), "samples": 3, "temperature": 0}, "all the same"),
    ({"labels": {"ham": 1, "spam": 2}}, "description of 'ham' must be a text"),
    ({"labels": ("ham", "spam"), "columns": "text"}, "columns must be a list"),
    ({"labels": ("ham", "spam"), "columns": ["a", "a"]}, "named twice"),
    ({"labels": ("ham", "spam"), "endpoint": "nowhere"}, "LF 'topic'"),
    ({"labels": ("ham", "spam"), "endpoint": None, "key": "KEY"}, "give endpoint="),
    ({"labels": ("ham", "spam"), "model": ""}, "name of a language model"),
    ({"labels": ("ham", "spam"), "where": "everywhere"}, "everywhere"),
    ({"labels": ("ham", "spam"), "examples": [("x", "spma")]}, "did you mean 'spam'"),
    ({"labels": ("ham", "spam"), "examples": ["x"]}, "must be a pair"),
    ({"labels": ("ham", "spam"), "examples": {"x": "ham"}}, "must be a list of"),
    ({"labels": ("ham", "spam"), "guidelines": None}, "guidelines must be a text"),
    ({"labels": ("ham", "spam"), "seed": 0.5}, "seed must be a whole number"),
    ({"labels": ("ham", "spam"), "temperature": "hot"}, "temperature must be a number"),
    ({"labels": ("ham", "spam"), "examples": [("x", None)], "abstain": False}, "no answer that abstains"),
    ({"labels": ("ham", "spam"), "examples": "similar"}, "give examples_from"),
    ({"labels": ("ham", "spam"), "examples_from": "gold.csv"}, "is for examples='similar'"),
    ({"labels": ("ham", "spam"), "calibration": "/nowhere.json"}, "cannot read the calibration"),
])  # fmt: skip
def test_wrong_settings_are_refused_when_the_pack_loads(wrong, message):
    settings = {"endpoint": "http://localhost:1", "model": "tiny", **wrong}
    with pytest.raises(LFError, match=message):
        llm_lf("topic", **settings)


def test_the_identity_has_all_that_is_asked_and_never_the_key(server, current, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret-value")
    plain = make(server)
    assert fingerprint(plain) == fingerprint(make(server, name="other"))
    changes = [
        {"guidelines": "Be strict."}, {"examples": [("hi", "ham")]}, {"threshold": 0.5}, {"samples": 3},
        {"template": "{{ text }}"}, {"abstain": False}, {"rows_per_prompt": 2}, {"text_tokens": 9}, {"seed": 1},
        {"parameters": {"top_p": 0.5}}, {"max_tokens": 99},
    ]  # fmt: skip
    prints = [fingerprint(make(server, **change)) for change in changes]
    prints += [fingerprint(llm_lf("topic", {**LABELS, "ham": "x"}, endpoint=server.url, model="tiny"))]
    assert None not in prints
    assert len({fingerprint(plain), *prints}) == len(changes) + 2
    with_key = make(server, key="MY_KEY")
    assert "secret-value" not in repr(with_key.identity()) + repr(with_key.options()) + repr(vars(with_key))
    assert fingerprint(with_key) == fingerprint(plain)


def test_where_is_on_the_labeling_function_and_not_in_its_identity(server, current):
    lf = make(server, where="uncertain", below=0.8, max_rows=5)
    assert (lf.where, lf.below, lf.max_rows) == ("uncertain", 0.8, 5)
    assert fingerprint(lf) == fingerprint(make(server))


def test_it_is_copied_by_pickle(server, current):
    lf = make(server, template="{{ text }}?", examples=[("hi", "ham")])
    lf.vote(batch_of(["see you"]))
    copy = pickle.loads(pickle.dumps(lf))
    assert copy.vote(batch_of(["see you"])) == [0]
    assert copy.identity() == lf.identity()
    assert server.bill.requests == 1


def test_it_votes_on_single_rows_as_snorkels_appliers_ask(server, current):
    lf = make(server)
    assert lf({"text": "win a prize"}) == 1
    assert lf("maybe") == -1


def test_a_reason_shows_model_answer_and_confidence_and_asks_nothing(server, current):
    lf = make(server, samples=2, threshold=0.5)
    batch = batch_of(["win a prize"])
    assert reason(lf, batch, 0, 1).text == "tiny said so, but its answer is no longer kept"
    assert server.requests == 0
    lf.vote(batch)
    assert reason(lf, batch, 0, 1).text == "tiny answers 'spam': probability 1.00 (at least 0.5)"
    assert reason(lf, batch, 0, 0).text.startswith("votes differently now: tiny answers 'spam'")


def test_a_threshold_needs_probabilities(server, current):
    with pytest.raises(LFError, match="does not tell probabilities"):
        make(server, threshold=0.6).vote(batch_of(["see you"]))


def test_shares_of_samples_are_confidence(server, current):
    answers = iter(["spam", "spam", "ham", "chatter"] * 5)
    server.answer = lambda body: next(answers)
    assert make(server, samples=4, threshold=0.5).vote(batch_of(["a"])) == [1]
    assert make(server, samples=4, threshold=0.6).vote(batch_of(["a"])) == [-1]


def test_an_estimate_counts_prompts_and_sends_nothing(server, current):
    estimate = make(server).estimate(batch_of(TEXTS))
    assert (estimate.requests, estimate.kept, server.requests) == (3, 0, 0)
    make(server).vote(batch_of(TEXTS[:1]))
    estimate = make(server).estimate(batch_of(TEXTS))
    assert (estimate.requests, estimate.kept) == (2, 1)


def test_personal_data_is_protected_before_it_is_sent(server, tmp_path):
    hide = lambda text: text.replace("555-1234", "[phone]")  # noqa: E731
    with asking_with(Asking(ledger=tmp_path / "replies.sqlite", protect=hide)):
        make(server).vote(batch_of(["call 555-1234"]))
    assert asked_texts(server.bodies[0]) == ["call [phone]"]
    assert reason(make(server), batch_of(["call 555-1234"]), 0, 0).text == "tiny answers 'ham'"
    assert server.requests == 1


def test_long_texts_are_cut_and_counted(server, current):
    vote = make(server, text_tokens=10).vote(batch_of(["prize " * 200_000]))[0]
    assert vote == 1
    assert [(note.what, note.detail) for note in vote.notes] == [("text cut", "1,199,960 characters left out")]
    assert asked_texts(server.bodies[0]) == [("prize " * 200)[:40]]


def test_several_columns_and_a_template(server, current):
    frame = Batch(pl.DataFrame({"text": ["x"], "title": ["win a prize"], "year": [1999]}))
    lf = make(server, columns=["title", "year"], abstain=False)
    server.answer = lambda body: "spam"
    assert lf.vote(frame) == [1]
    assert asked_texts(server.bodies[-1]) == ["win a prize", "1999"]
    lf = make(
        server, columns=["title"], template="{{ title }}\nIs it {{ labels|join(' or ') }}? {{ descriptions.spam }}"
    )
    lf.vote(frame)
    assert server.bodies[-1]["messages"][-1]["content"].endswith("\nIs it ham or spam or none of these? advertising")


@pytest.mark.parametrize(("template", "message"), [
    ("{{ txet }}", "uses 'txet' \\(did you mean 'text'\\?\\)"),
    ("no column", "uses no column"),
    ("{{ text ", "the template, line 1"),
    ("", "must be a text"),
])  # fmt: skip
def test_a_wrong_template_is_refused(server, template, message):
    with pytest.raises(LFError, match=message):
        make(server, template=template)


@pytest.mark.parametrize("template", [
    "{{ text.__class__.__mro__ }}", "{{ ''.__class__ }}{{ text }}", "{% for x in range(10000000) %}{{ text }}{% endfor %}",
    "{{ labels.append('x') }}{{ text }}",
])  # fmt: skip
def test_a_template_runs_in_a_sandbox(server, current, template):
    with pytest.raises(LFError, match="LF 'topic': the template: "):
        make(server, template=template).vote(batch_of(["a"]))


def test_examples_come_before_the_row(server, current):
    make(server, examples=[("buy now", "spam"), ("?", None)]).vote(batch_of(["hi"]))
    messages = server.bodies[0]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert [message["content"] for message in messages if message["role"] == "assistant"] == ["spam", "none of these"]


def test_variants_in_one_line(server, current):
    lfs = llm_lfs("v", LABELS, endpoint=server.url, model="tiny", vary={"guidelines": {"a": "", "b": "Strict."}})
    assert [lf.name for lf in lfs] == ["v_a", "v_b"]
    assert apply_lfs(lfs, ["a prize"]).L.tolist() == [[1, 1]]
    assert server.bill.requests == 2
    for vary, message in ({"nonsense": [1]}, "no setting"), ({"samples": []}, "different values"):
        with pytest.raises(LFError, match=message):
            llm_lfs("v", LABELS, endpoint=server.url, model="tiny", vary=vary)


def test_a_missing_column_and_a_missing_key_are_said(server, current, monkeypatch):
    with pytest.raises(LFError, match="reads column 'title'"):
        make(server, columns=["title"]).vote(batch_of(["a"]))
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(LanguageModelError, match="NO_SUCH_KEY"):
        make(server, key="NO_SUCH_KEY").vote(batch_of(["a"]))


def test_labels_in_another_order_than_those_of_the_pack_are_refused(server, current, tmp_path):
    path = tmp_path / "pack.py"
    path.write_text(
        "from weaklabel import llm_lf\nLABELS = ('spam', 'ham')\n"
        f"topic = llm_lf('topic', ('ham', 'spam'), endpoint={server.url!r}, model='tiny')\n",
        encoding="utf-8",
    )
    with pytest.raises(LFError, match=r"LF 'topic' was made for the labels ham, spam, but LABELS of .* has spam, ham"):
        load_lfs(str(path))
    with pytest.raises(LFError, match="made for the labels"):
        apply_lfs([make(server)], ["a"], labels=("spam", "ham"))
