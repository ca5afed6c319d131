"""Asking a real local server, with every fault: nothing is lost, nothing is paid twice, all is counted."""

import json
import sqlite3
import threading

import pytest

from tests.llm.server import FAULTS, REFUSALS, LLMServer
from weaklabel.config import LLMSettings
from weaklabel.errors import BudgetError, LanguageModelError
from weaklabel.llm import Asking, Endpoint, Message, Prompt

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
    asking = Asking(LLMSettings(**settings), ledger=ledger)
    try:
        return asking.ask(Endpoint(server.url, "tiny"), asked), asking.spent()
    finally:
        asking.close()


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
    asking = Asking(LLMSettings(at_once=2, tries=2), ledger=ledger)
    server.answer = lambda body: (
        (threading.Thread(target=server.die).start() if server.requests == 10 else None) or "ham"
    )
    with pytest.raises(LanguageModelError, match="what was answered is kept"):
        asking.ask(Endpoint(server.url, "tiny"), prompts(30))
    asking.close()
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
    with pytest.raises(BudgetError, match=r"llm\.max_money of 0\.01 USD"):
        ask(server, ledger, prompts(2000), max_money=0.01, prices=prices)
    asking = Asking(LLMSettings(prices=prices), ledger=ledger)
    billed = server.bill.prompt_tokens * 1.5e-6 + server.bill.completion_tokens * 6e-6
    assert float(asking.spent().money) == pytest.approx(billed, rel=1e-12)
    assert 0.008 < billed <= 0.01
    with pytest.raises(LanguageModelError, match="prices does not have the model 'tiny'"):
        ask(server, ledger, prompts(1), max_money=0.01)


def test_minutes_are_capped(ledger):
    with LLMServer(wait=0.1) as server:
        with pytest.raises(BudgetError, match="max_minutes"):
            ask(server, ledger, prompts(200), max_minutes=0.5 / 60, at_once=2)
        assert server.requests <= 14
        with pytest.raises(BudgetError, match="max_minutes"):
            ask(server, ledger, prompts(200), max_minutes=0.5 / 60)


def test_at_once_holds_over_threads(ledger):
    with LLMServer(wait=0.1) as server:
        asking = Asking(LLMSettings(at_once=3), ledger=ledger)
        endpoint = Endpoint(server.url, "tiny")
        threads = [threading.Thread(target=asking.ask, args=(endpoint, prompts(10, begin=5 * i))) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 2 <= server.most_at_once <= 3
        assert server.requests == 25, "what two threads ask is sent once"
        assert asking.spent().tokens == server.bill.tokens


def test_neither_key_nor_prompt_is_in_the_ledger(ledger, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    with LLMServer(key="sk-very-secret") as server:
        asking = Asking(ledger=ledger)
        asking.ask(Endpoint(server.url, "tiny", key_variable="MY_KEY"), prompts(3))
        monkeypatch.setenv("MY_KEY", "sk-very-wrong")
        with pytest.raises(LanguageModelError, match="MY_KEY") as caught:
            asking.ask(Endpoint(server.url, "tiny", key_variable="MY_KEY"), prompts(4))
        assert "sk-very" not in str(caught.value)
        asking.close()
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
