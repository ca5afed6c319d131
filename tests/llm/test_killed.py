"""Killed, interrupted and many at once: every request is paid once, and no cap is exceeded."""

import json
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings, strategies as st

from tests.llm.killed import rows
from tests.llm.server import LLMServer, answer_by_hash
from weaklabel.config import LLMSettings
from weaklabel.errors import BudgetError, LanguageModelError, WeakLabelWarning
from weaklabel.llm import Asking, Endpoint

FAULTS = {
    "429": 0.08, "429-date": 0.02, "500": 0.04, "502": 0.02, "503": 0.02, "529": 0.02, "cut": 0.04, "hang-up": 0.03,
    "not-json": 0.03, "html": 0.02, "off-list": 0.03, "error-in-200": 0.02,
}  # fmt: skip


def start(server, ledger, n, at_once=8, **caps):
    words = [sys.executable, "-m", "tests.llm.killed", server.url, str(ledger), str(n), str(at_once), json.dumps(caps)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_requests(server, n, process):
    while server.requests < n:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


def kill_twice_and_go_on(tmp_path, n, kills):
    ledger = tmp_path / "ledger.sqlite"
    # Off-list answers make it see that those are kept, too.
    with LLMServer(faults=FAULTS, seed=3, wait=0.005) as server:
        for at in kills:
            process = start(server, ledger, n)
            wait_for_requests(server, at, process)
            process.kill()
            process.communicate()
        process = start(server, ledger, n)
        out, err = process.communicate()
        assert process.returncode == 0, err
        answers = json.loads(out.splitlines()[-1])
        wished = [answer_by_hash(prompt.messages[0].content, ["spam", "ham"]) for prompt in rows(n)]
        off_list = [answer for answer in answers if answer not in ("spam", "ham")]
        assert len(answers) == n
        assert all(answer in (wish, "I would rather not say.") for answer, wish in zip(answers, wished, strict=True))
        spent = Asking(ledger=ledger).spent().models["tiny"]
        assert server.bill.requests == n, "the server bills each row once"
        assert set(server.bill.by_body.values()) == {1}
        assert (spent.prompt_tokens, spent.completion_tokens) == (
            server.bill.prompt_tokens,
            server.bill.completion_tokens,
        )
        # What was reserved, but not sent when the process was killed, counts as well.
        assert server.requests <= spent.requests <= server.requests + 8 * len(kills)
        assert (spent.off_list, spent.unknown) == (len(off_list), 0)
        assert "Traceback" not in err
        return server, err


def test_killed_twice_every_row_is_paid_once(tmp_path):
    kill_twice_and_go_on(tmp_path, 80, (30, 60))


@pytest.mark.long
def test_five_hundred_rows_with_every_fault_killed_twice(tmp_path):
    server, _ = kill_twice_and_go_on(tmp_path, 500, (150, 350))
    assert set(FAULTS) <= set(server.met)


def test_what_was_under_way_at_a_kill_counts_as_spent_and_is_named(tmp_path):
    ledger = tmp_path / "ledger.sqlite"
    with LLMServer(bills_twice=True, slow=30) as server:
        server.script = [""] + ["slow"] * 20
        process = start(server, ledger, 20, at_once=3)
        wait_for_requests(server, 4, process)
        process.kill()
        process.communicate()
        with pytest.warns(WeakLabelWarning, match=r"3 request\(s\) to tiny were under way .* count as spent"):
            asking = Asking(ledger=ledger)
        spent = asking.spent().models["tiny"]
        assert (spent.requests, spent.unknown) == (4, 3)
        assert spent.unknown_tokens < spent.tokens < spent.unknown_tokens + 30
        server.script = []
        capped = Asking(LLMSettings(max_tokens=spent.tokens + 100), ledger=ledger)
        with pytest.raises(BudgetError, match="are spent"):
            capped.ask(Endpoint(server.url, "tiny"), rows(20))
        assert server.requests == 4


def test_ctrl_c_ends_within_a_second_and_keeps_what_came(tmp_path):
    ledger = tmp_path / "ledger.sqlite"
    with LLMServer() as server:
        server.script = [""] * 10 + ["slow"] * 100
        server.slow = 30
        process = start(server, ledger, 40, at_once=4)
        wait_for_requests(server, 14, process)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        assert time.monotonic() - began < 20  # a second, but the machine may be busy; replies take 30
        assert process.returncode == 130, err
        assert "Traceback" not in err
        server.script = []
        with pytest.warns(WeakLabelWarning, match=r"4 request\(s\) to tiny were under way"):
            asking = Asking(ledger=ledger)
        replies = asking.ask(Endpoint(server.url, "tiny"), rows(40))
        assert sum(reply.kept for reply in replies) == 10
        assert server.bill.requests == 40
        assert asking.spent().tokens == server.bill.tokens


def test_processes_at_once_pay_nothing_twice_and_share_a_cap(tmp_path):
    ledger = tmp_path / "ledger.sqlite"
    with LLMServer(faults={"429": 0.1, "cut": 0.1}, wait=0.01) as server:
        processes = [start(server, ledger, 60, at_once=4) for _ in range(2)]
        outputs = [process.communicate() for process in processes]
        assert [process.returncode for process in processes] == [0, 0], outputs
        assert outputs[0][0].splitlines()[-1] == outputs[1][0].splitlines()[-1]
        assert server.bill.requests == 60
        assert set(server.bill.by_body.values()) == {1}
        assert Asking(ledger=ledger).spent().tokens == server.bill.tokens
    capped = tmp_path / "capped.sqlite"
    with LLMServer(wait=0.01, bills_twice=True) as server:
        processes = [start(server, capped, 200, at_once=4, max_requests=50, max_tokens=4000) for _ in range(2)]
        outputs = [process.communicate() for process in processes]
        assert all("the cap max_" in err for _, err in outputs), outputs
        assert server.requests <= 50
        assert server.bill.tokens <= 4000
        assert server.requests == 50 or server.bill.tokens > 4000 - 450


@settings(max_examples=12)
@given(
    faults=st.dictionaries(
        st.sampled_from(["429", "500", "cut", "hang-up", "not-json", "empty", "no-usage", "off-list"]), st.floats(0.0, 0.12)
    ),
    caps=st.fixed_dictionaries(
        {},
        optional={
            "max_tokens": st.integers(0, 6000), "max_requests": st.integers(0, 60), "max_money": st.floats(0, 0.02),
        },
    ),
    bills_twice=st.booleans(),
    overhead=st.integers(0, 200),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_no_fault_makes_a_cap_break(tmp_path_factory, faults, caps, bills_twice, overhead, seed):
    ledger = tmp_path_factory.mktemp("caps") / "ledger.sqlite"
    prices = {"tiny": [1.7, 5.3]}
    with LLMServer(faults=faults, seed=seed, bills_twice=bills_twice, overhead=overhead) as server:
        asking = Asking(LLMSettings(at_once=4, tries=3, prices=prices, **caps), ledger=ledger)
        try:
            replies = asking.ask(Endpoint(server.url, "tiny"), rows(25))
        except LanguageModelError as error:
            assert isinstance(error, BudgetError) or "what was answered is kept" in str(error)
        else:
            assert all(bool(reply.answers) != bool(reply.failure) for reply in replies)
        spent = asking.spent()
        billed = server.bill.prompt_tokens * 1.7e-6 + server.bill.completion_tokens * 5.3e-6
        asking.close()
    assert spent.requests == server.requests <= caps.get("max_requests", 10**9)
    assert server.bill.tokens <= spent.tokens <= caps.get("max_tokens", 10**9)
    assert billed <= float(spent.money) * (1 + 1e-9) <= caps.get("max_money", 1.0) + 1e-9
    of_model = spent.models.get("tiny")
    if of_model is not None and not of_model.unknown and "no-usage" not in faults:
        assert spent.tokens == server.bill.tokens
