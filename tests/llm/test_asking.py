"""Asking a real local server, with every fault: nothing is lost, nothing is paid twice, all is counted."""

import io
import json
import os
import sqlite3
import threading
import time

import pytest

from tests.llm.server import FAULTS, REFUSALS, LLMServer
from weaklabel.config import LLMSettings
from weaklabel.errors import BudgetError, LanguageModelError, WeakLabelWarning
from weaklabel.llm import NOT_ASKED, Asking, Endpoint, Message, Prompt, asking, asking_with, sending
from weaklabel.support import cache, progress
from weaklabel.support.naming import settings_named

CHOICES = ("spam", "ham")


def prompts(n, begin=0, **options):
    return [
        Prompt((Message("user", f"Is this spam? Text number {i}"),), CHOICES, **options)
        for i in range(begin, begin + n)
    ]


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "llm-replies.sqlite"


def ask(server, ledger, asked, **settings):
    mine = Asking(LLMSettings(**settings), ledger=ledger)
    try:
        return mine.ask(Endpoint(server.url, "tiny"), asked), mine.spent()
    finally:
        mine.close()


def test_replies_come_in_order_and_are_kept(server, ledger):
    replies, spent = ask(server, ledger, prompts(20))
    assert [reply.answers[0].text in CHOICES for reply in replies] == [True] * 20
    assert not any(reply.kept for reply in replies)
    assert (spent.requests, spent.tokens) == (20, server.bill.tokens)
    again, spent = ask(server, ledger, prompts(20))
    assert [reply.answers for reply in again] == [reply.answers for reply in replies]
    assert all(reply.kept for reply in again)
    assert [reply.usage for reply in again] == [reply.usage for reply in replies]
    assert (server.requests, spent.tokens, spent.models["tiny"].kept) == (20, server.bill.tokens, 20)


def test_only_a_changed_prompt_is_asked_again(server, ledger):
    ask(server, ledger, prompts(10))
    _, spent = ask(server, ledger, prompts(10, begin=2))
    assert (server.requests, spent.models["tiny"].kept) == (12, 8)


def test_equal_prompts_are_sent_once(server, ledger):
    replies, _ = ask(server, ledger, prompts(3) * 4)
    assert server.requests == 3
    assert replies[:3] == replies[3:6]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_overcome_and_counted(server, ledger, fault):
    server.script = [fault]
    server.slow = 1.0
    replies, spent = ask(server, ledger, prompts(4), timeout=0.4 if fault == "slow" else 10, at_once=1)
    of_model = spent.models["tiny"]
    assert all(len(reply.answers) == 1 for reply in replies)
    assert max(server.bill.by_body.values()) == (2 if fault == "empty" else 1)
    assert of_model.refused == (fault in REFUSALS or fault == "error-in-200")
    assert of_model.off_list == (fault == "off-list")
    assert of_model.retries == of_model.requests - 4
    assert bool(of_model.retries) == (fault not in ("off-list", "no-usage"))
    assert of_model.unknown == 0, "the server says that it replays, so nothing is counted twice"
    if fault != "no-usage":  # then the bound is counted
        assert spent.tokens == server.bill.tokens
    else:
        assert spent.tokens > server.bill.tokens


def test_what_may_have_been_billed_counts_where_the_server_knows_no_keys(ledger):
    with LLMServer(bills_twice=True) as server:
        server.script = ["cut", "hang-up"]
        _, spent = ask(server, ledger, prompts(4), at_once=1)
        assert spent.models["tiny"].unknown == 2
        assert spent.tokens >= server.bill.tokens
        assert spent.tokens - spent.models["tiny"].unknown_tokens < server.bill.tokens


def test_a_server_that_dies_ends_the_run_and_the_next_goes_on(server, ledger):
    mine = Asking(LLMSettings(at_once=2, tries=2), ledger=ledger)
    server.answer = lambda body: (
        (threading.Thread(target=server.die).start() if server.requests == 10 else None) or "ham"
    )
    with pytest.raises(LanguageModelError, match="what was answered is kept"):
        mine.ask(Endpoint(server.url, "tiny"), prompts(30))
    mine.close()
    server.answer = None
    server.revive()
    replies, spent = ask(server, ledger, prompts(30))
    assert all(reply.answers for reply in replies)
    assert server.bill.requests == 30
    assert max(server.bill.by_body.values()) == 1
    assert spent.tokens == server.bill.tokens


def test_a_server_that_comes_back_in_time_costs_only_tries(server, ledger):
    def answer(body):
        if server.requests == 5:
            threading.Thread(target=lambda: (server.die(), server.revive())).start()
        return "ham"

    server.answer = answer
    replies, spent = ask(server, ledger, prompts(20), tries=20)
    assert all(reply.answers for reply in replies)
    assert spent.tokens == server.bill.tokens
    assert max(server.bill.by_body.values()) == 1


@pytest.mark.parametrize(
    ("settings", "cap"), [({"max_requests": 7}, "max_requests"), ({"max_tokens": 3000}, "max_tokens")]
)
def test_a_cap_stops_and_is_never_exceeded(server, ledger, settings, cap):
    with pytest.raises(BudgetError, match=f"{cap} .*are spent.*are left"):
        ask(server, ledger, prompts(400), **settings)
    with pytest.raises(BudgetError):
        ask(server, ledger, prompts(400), **settings)
    assert server.requests <= settings.get("max_requests", 1000)
    assert server.bill.tokens <= settings.get("max_tokens", 10**6)
    replies, _ = ask(server, ledger, prompts(400))
    assert all(reply.answers for reply in replies)
    assert server.bill.requests == 400


def test_money_is_capped_exactly(server, ledger):
    prices = {"tiny": [1.5, 6.0]}
    with pytest.raises(BudgetError, match=r"max_money of 0\.01 USD"):
        ask(server, ledger, prompts(2000), max_money=0.01, prices=prices)
    mine = Asking(LLMSettings(prices=prices), ledger=ledger)
    billed = server.bill.prompt_tokens * 1.5e-6 + server.bill.completion_tokens * 6e-6
    assert float(mine.spent().money) == pytest.approx(billed, rel=1e-12)
    assert 0.008 < billed <= 0.01
    with pytest.raises(LanguageModelError, match="prices does not have the model 'tiny'"):
        ask(server, ledger, prompts(1), max_money=0.01)


def test_a_cap_is_named_as_the_user_gives_it(server, ledger):
    for naming, name, price in (
        ("option", "--max-requests", "--price 'tiny="),
        ("key", "llm.max_requests", "prices = "),
    ):
        with settings_named(naming):
            mine = Asking(LLMSettings(max_requests=0), ledger=ledger)
            unpriced = Asking(LLMSettings(max_money=1), ledger=ledger)
        with pytest.raises(BudgetError, match=f"the cap {name} of 0 requests is reached"):
            mine.ask(Endpoint(server.url, "tiny"), prompts(1))
        with pytest.raises(LanguageModelError, match=price):
            unpriced.ask(Endpoint(server.url, "tiny"), prompts(1))


def test_minutes_are_capped(ledger):
    with LLMServer(wait=0.1) as server:
        with pytest.raises(BudgetError, match="max_minutes"):
            ask(server, ledger, prompts(200), max_minutes=0.5 / 60, at_once=2)
        assert server.requests <= 14
        with pytest.raises(BudgetError, match="max_minutes"):
            ask(server, ledger, prompts(200), max_minutes=0.5 / 60)


def test_at_once_holds_over_threads(ledger):
    with LLMServer(wait=0.1) as server:
        mine = Asking(LLMSettings(at_once=3), ledger=ledger)
        endpoint = Endpoint(server.url, "tiny")
        threads = [threading.Thread(target=mine.ask, args=(endpoint, prompts(10, begin=5 * i))) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 2 <= server.most_at_once <= 3
        assert server.requests == 25, "what two threads ask is sent once"
        assert mine.spent().tokens == server.bill.tokens


def test_neither_key_nor_prompt_is_in_the_ledger(ledger, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    with LLMServer(key="sk-very-secret") as server:
        mine = Asking(ledger=ledger)
        mine.ask(Endpoint(server.url, "tiny", key_variable="MY_KEY"), prompts(3))
        monkeypatch.setenv("MY_KEY", "sk-very-wrong")
        with pytest.raises(LanguageModelError, match="MY_KEY") as caught:
            mine.ask(Endpoint(server.url, "tiny", key_variable="MY_KEY"), prompts(4))
        assert "sk-very" not in str(caught.value)
        mine.close()
    content = b"".join(path.read_bytes() for path in ledger.parent.glob("llm-replies*") if path.is_file())
    assert b"sk-very" not in content
    assert b"Text number" not in content
    with sqlite3.connect(ledger) as database:
        dump = json.dumps(
            [
                str(row)
                for table in ("calls", "replies", "notes", "totals")
                for row in database.execute(f"SELECT * FROM {table}")
            ]
        )
    assert "Text number" not in dump
    assert oct(ledger.stat().st_mode)[-3:] == "600"


def test_retry_after_holds_for_all_requests_to_a_server(ledger):
    for fault in ("429", "429-date"):
        with LLMServer(retry_after=2.0 if fault == "429-date" else 0.6) as server:
            server.script = ["", fault]
            ask(server, ledger.with_name(f"{fault}.sqlite"), prompts(4), at_once=1)
            # A date has whole seconds.
            assert server.times[2] - server.times[1] >= (0.9 if fault == "429-date" else 0.6)


def test_a_server_that_asks_to_wait_too_long_ends_the_run(ledger):
    with LLMServer(retry_after=90_000) as server:
        server.script = ["429"]
        with pytest.raises(LanguageModelError, match=r"asks to wait 1500 minutes; what was answered is kept"):
            ask(server, ledger, prompts(4), at_once=1)


def test_limits_per_minute_hold_in_every_minute(server, ledger, monkeypatch):
    monkeypatch.setattr(sending, "LONGEST_POLL", 0.01)
    speed, began = 200.0, time.monotonic()  # a minute takes 0.3 seconds

    def clock():
        return 1e9 + (time.monotonic() - began) * speed

    mine = Asking(LLMSettings(requests_per_minute=10, at_once=4), ledger=ledger, clock=clock)
    mine.ask(Endpoint(server.url, "tiny"), prompts(35))
    with sqlite3.connect(ledger) as database:
        times = [at for (at,) in database.execute("SELECT at FROM calls ORDER BY at")]
    assert len(times) == 35
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[10:], strict=False))
    mine = Asking(LLMSettings(tokens_per_minute=3000, at_once=4), ledger=ledger, clock=clock)
    mine.ask(Endpoint(server.url, "tiny"), prompts(20, begin=100))
    with sqlite3.connect(ledger) as database:
        rows = database.execute(
            "SELECT at, prompt_tokens + completion_tokens FROM calls WHERE id > 35 ORDER BY at"
        ).fetchall()
    for at, _ in rows:
        assert sum(tokens for other, tokens in rows if at <= other < at + 60) <= 3000


def test_permanent_errors_end_the_run_at_once(server, ledger):
    for fault, sentence in (("403", "does not let us in"), ("402", "be paid first"), ("301", "redirects")):
        server.script = [fault] * 10
        with pytest.raises(LanguageModelError, match=sentence):
            ask(server, ledger, prompts(50), at_once=1)
        assert len(server.script) == 9
        server.script = []
    with pytest.raises(LanguageModelError, match=r"has no model 'other'.*it has tiny"):
        Asking(ledger=ledger).ask(Endpoint(server.url, "other"), prompts(3))
    assert server.bill.requests == 0


def test_a_prompt_that_is_refused_loses_only_its_row(server, ledger):
    server.answer = None
    server.poison = "number 3"
    replies, spent = ask(server, ledger, prompts(10))
    assert [bool(reply.failure) for reply in replies] == [i == 3 for i in range(10)]
    assert "too long" in replies[3].failure
    assert replies[3].answers == ()
    assert spent.tokens == server.bill.tokens
    server.poison = "number"
    replies, _ = ask(server, ledger, prompts(3, begin=100))
    assert all(reply.failure for reply in replies)
    with pytest.raises(LanguageModelError, match="so it was with the first 20 prompts"):
        ask(server, ledger, prompts(50, begin=100))


def test_only_kept_replies_are_taken_where_nothing_is_to_be_sent(server, ledger):
    ask(server, ledger, prompts(5))
    mine = Asking(ledger=ledger, kept_only=True)
    told = []
    mine.on_reply = told.append
    replies = mine.ask(Endpoint(server.url, "tiny"), prompts(8))
    assert [reply.failure for reply in replies] == [""] * 5 + [NOT_ASKED] * 3
    assert sum(told) == 8
    assert server.requests == 5


def test_every_done_prompt_is_told(server, ledger):
    ask(server, ledger, prompts(5))
    mine = Asking(ledger=ledger)
    told = []
    mine.on_reply = told.append
    mine.ask(Endpoint(server.url, "tiny"), prompts(8))
    assert sum(told) == 8


def test_a_damaged_ledger_is_an_error_before_anything_is_sent(server, ledger):
    ask(server, ledger, prompts(50))
    data = bytearray(ledger.read_bytes())
    data[4096:20480] = b"\x55" * (20480 - 4096)
    ledger.write_bytes(data)
    with pytest.raises(LanguageModelError, match=r"llm-replies\.sqlite cannot be used"):
        ask(server, ledger, prompts(50))
    ledger.write_bytes(b"not a database" * 1000)
    with pytest.raises(LanguageModelError, match=r"llm-replies\.sqlite cannot be used"):
        ask(server, ledger, prompts(50))
    assert server.requests == 50


def test_a_damaged_reply_is_an_error(server, ledger):
    ask(server, ledger, prompts(2))
    with sqlite3.connect(ledger) as database:
        database.execute("UPDATE replies SET text = zeroblob(length(text)) WHERE key = (SELECT min(key) FROM replies)")
    with pytest.raises(LanguageModelError, match=r"a reply in .* is damaged"):
        ask(server, ledger, prompts(2))


def test_a_ledger_that_cannot_be_written_is_an_error_before_anything_is_sent(server, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(LanguageModelError, match="cannot be used"):
        ask(server, file / "llm-replies.sqlite", prompts(1))
    if os.geteuid() != 0:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
        with pytest.raises(LanguageModelError, match="cannot be used"):
            ask(server, folder / "llm-replies.sqlite", prompts(1))
    assert server.requests == 0


def test_without_caches_it_is_said_that_replies_are_not_kept(server):
    cache.use(None)
    with pytest.warns(WeakLabelWarning, match="replies of language models are not kept"):
        mine = Asking(LLMSettings(max_requests=3))
    with pytest.raises(BudgetError):
        mine.ask(Endpoint(server.url, "tiny"), prompts(5))
    assert server.requests == 3
    mine.close()


def test_a_server_that_bills_more_than_the_bound_is_told_and_reserved_for(ledger):
    with LLMServer(overhead=2000) as server:
        mine = Asking(LLMSettings(max_tokens=20_000, at_once=1), ledger=ledger)
        stream = io.StringIO()
        with progress.showing(stream=stream), pytest.raises(BudgetError):
            mine.ask(Endpoint(server.url, "tiny"), prompts(50))
        assert "billed" in stream.getvalue()
        assert "times as much is reserved" in stream.getvalue()
        assert 15_000 < server.bill.tokens <= 20_000
        assert mine.spent().tokens == server.bill.tokens


def test_what_a_new_model_bills_is_seen_before_more_is_reserved(ledger):
    with LLMServer(overhead=2000, wait=0.05) as server:
        mine = Asking(LLMSettings(max_tokens=5000, at_once=8), ledger=ledger)
        with pytest.raises(BudgetError):
            mine.ask(Endpoint(server.url, "tiny"), prompts(50))
        assert 2000 < server.bill.tokens <= 5000
        assert mine.spent().tokens == server.bill.tokens


def test_several_samples_come_together_or_one_by_one(ledger):
    for ignores in ((), ("n",)):
        with LLMServer(ignores=ignores) as server:
            own = ledger.with_name(f"{len(ignores)}.sqlite")
            replies, spent = ask(server, own, prompts(3, samples=4, temperature=1.0))
            assert [len(reply.answers) for reply in replies] == [4] * 3
            assert server.requests == (12 if ignores else 3)
            assert spent.tokens == server.bill.tokens
            again, _ = ask(server, own, prompts(3, samples=4, temperature=1.0))
            assert [reply.answers for reply in again] == [reply.answers for reply in replies]
            assert all(reply.kept for reply in again)
            assert len({body["seed"] for body in server.bodies}) == (4 if ignores else 1)


def test_an_estimate_is_within_a_tenth_once_the_model_has_replied(server, ledger):
    texts = ["word " * (i * 7 % 60) + f"number {i}" for i in range(300)]
    asked = [Prompt((Message("system", "Is it spam? " * 30), Message("user", text)), CHOICES) for text in texts]
    mine = Asking(LLMSettings(prices={"tiny": [1.0, 2.0]}), ledger=ledger)
    endpoint = Endpoint(server.url, "tiny")
    assert mine.estimate(endpoint, asked).basis == "length"
    mine.ask(endpoint, asked[:40])
    before = server.bill.tokens
    estimate = mine.estimate(endpoint, asked)
    assert (estimate.basis, estimate.requests, estimate.kept) == ("replies", 260, 40)
    mine.ask(endpoint, asked)
    used = server.bill.tokens - before
    assert abs(estimate.tokens - used) <= 0.1 * used
    assert used <= estimate.most_tokens
    assert abs(float(estimate.money) / 1e-6 - (used + server.bill.completion_tokens)) < 0.15 * used


def test_budgets_have_caps_of_their_own_and_share_replies(server, ledger):
    endpoint = Endpoint(server.url, "tiny")
    one, two = (Asking(LLMSettings(max_requests=5), ledger=ledger, budget=name) for name in ("one", "two"))
    one.ask(endpoint, prompts(5))
    replies = two.ask(endpoint, prompts(10))
    assert [reply.kept for reply in replies] == [True] * 5 + [False] * 5
    assert (one.spent().requests, two.spent().requests, server.requests) == (5, 5, 10)


def test_personal_data_is_hidden_and_counted(ledger):
    mine = Asking(ledger=ledger, protect=lambda text: text.replace("Ann", "[NAME]"))
    assert mine.protected("Ann wrote") == "[NAME] wrote"
    assert mine.protected("He wrote") == "He wrote"
    assert mine.spent().protected == 1
    assert Asking(ledger=ledger).spent().protected is None


def test_the_current_asking_is_that_of_the_job_in_all_threads(ledger):
    default = asking()
    with asking_with(Asking(ledger=ledger)) as mine:
        seen = []
        thread = threading.Thread(target=lambda: seen.append(asking()))
        thread.start()
        thread.join()
        assert seen == [mine]
    assert asking() is default


def test_after_an_error_of_the_job_no_thread_asks_on(ledger):
    with LLMServer(wait=0.2) as server:
        ended = []

        def ask_much(mine):
            with pytest.raises(LanguageModelError, match="was stopped"):
                mine.ask(Endpoint(server.url, "tiny"), prompts(500))
            ended.append(True)

        with pytest.raises(ZeroDivisionError), asking_with(Asking(LLMSettings(at_once=2), ledger=ledger)) as mine:
            thread = threading.Thread(target=ask_much, args=(mine,))
            thread.start()
            while server.requests < 2:
                time.sleep(0.01)
            raise ZeroDivisionError
        thread.join()
        assert ended
        assert server.requests < 20
