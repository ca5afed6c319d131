"""Batch files: what is missing is written, replies are read back, and nothing is paid or counted twice."""

import json

import pytest

from tests.llm.server import LLMServer
from weaklabel.config import LLMSettings
from weaklabel.errors import BudgetError, LanguageModelError
from weaklabel.llm import Answer, Asking, Endpoint, LanguageModel, Message, Prompt, Usage, batch

CHOICES = ("spam", "ham")


def prompts(n):
    return [Prompt((Message("user", f"text {i}"),), CHOICES) for i in range(n)]


def lines_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def answered(server, requests):
    """Return what a provider writes for the lines of a batch file."""
    replies = []
    for line in requests:
        body, _ = server.reply_to(line["body"], line["custom_id"], "")
        response = {"status_code": 200, "request_id": "r", "body": body}
        replies.append({"id": "b", "custom_id": line["custom_id"], "response": response, "error": None})
    return replies


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_what_is_missing_is_written_and_read_back(server, tmp_path):
    asking = Asking(LLMSettings(prices={"tiny": [2.0, 4.0], "tiny (batch)": [1.0, 2.0]}), ledger=tmp_path / "l.sqlite")
    endpoint = Endpoint(server.url, "tiny")
    asking.ask(endpoint, prompts(3))
    direct = server.bill.tokens
    written = asking.write_batch(endpoint, prompts(10), tmp_path / "batch.jsonl")
    assert (written.requests, written.kept, written.files) == (7, 3, (tmp_path / "batch.jsonl",))
    requests = lines_of(tmp_path / "batch.jsonl")
    assert {(line["method"], line["url"]) for line in requests} == {("POST", "/v1/chat/completions")}
    assert requests[0]["body"] == server.bodies[-1] | {"messages": [{"role": "user", "content": "text 3"}]}
    assert asking.spent().tokens == direct + written.most.tokens, "it is reserved"
    replies = answered(server, requests)
    write(tmp_path / "out.jsonl", replies[::-1])
    read = asking.read_batch(endpoint, prompts(10), tmp_path / "out.jsonl")
    assert (read.replies, read.kept, read.missing, read.unmatched, read.failures) == (7, 0, 0, (), {})
    spent = asking.spent()
    assert spent.tokens == server.bill.tokens
    full = spent.models["tiny"]
    assert full.requests == 10
    in_batch = server.bill.tokens - direct
    assert read.usage.tokens == in_batch
    answers = asking.ask(endpoint, prompts(10))
    assert all(reply.kept and reply.answers[0].text in CHOICES for reply in answers)
    assert server.requests == 3
    again = asking.read_batch(endpoint, prompts(10), tmp_path / "out.jsonl")
    assert (again.replies, again.kept) == (0, 7)
    assert asking.spent() == spent.__class__(asking.spent().models, spent.seconds, "USD", None)
    assert asking.spent().money == full.money


def test_money_of_a_batch_has_its_own_price(server, tmp_path):
    asking = Asking(LLMSettings(prices={"tiny": [2.0, 4.0], "tiny (batch)": [1.0, 2.0]}), ledger=tmp_path / "l.sqlite")
    endpoint = Endpoint(server.url, "tiny")
    asking.write_batch(endpoint, prompts(5), tmp_path / "batch.jsonl")
    write(tmp_path / "out.jsonl", answered(server, lines_of(tmp_path / "batch.jsonl")))
    asking.read_batch(endpoint, prompts(5), tmp_path / "out.jsonl")
    billed = server.bill.prompt_tokens * 1e-6 + server.bill.completion_tokens * 2e-6
    assert float(asking.spent().money) == pytest.approx(billed)


def test_writing_again_reserves_nothing_more_and_asking_would_pay_twice(server, tmp_path):
    asking = Asking(ledger=tmp_path / "l.sqlite")
    endpoint = Endpoint(server.url, "tiny")
    asking.write_batch(endpoint, prompts(5), tmp_path / "batch.jsonl")
    reserved = asking.spent().tokens
    assert asking.write_batch(endpoint, prompts(6), tmp_path / "again.jsonl").requests == 6
    assert reserved < asking.spent().tokens < 1.3 * reserved
    with pytest.raises(LanguageModelError, match="would pay it twice"):
        asking.ask(endpoint, prompts(1))
    assert server.requests == 0
    assert asking.drop_batch(endpoint, prompts(6)) == 6
    assert (asking.spent().tokens, asking.spent().requests) == (0, 0)
    assert asking.ask(endpoint, prompts(1))[0].answers


def test_a_batch_keeps_to_the_caps(server, tmp_path):
    asking = Asking(LLMSettings(max_tokens=2000), ledger=tmp_path / "l.sqlite")
    with pytest.raises(BudgetError, match="max_tokens"):
        asking.write_batch(Endpoint(server.url, "tiny"), prompts(50), tmp_path / "batch.jsonl")
    assert not (tmp_path / "batch.jsonl").exists()
    assert asking.spent().tokens == 0


def test_failures_and_lines_of_others_are_counted(server, tmp_path):
    asking = Asking(ledger=tmp_path / "l.sqlite")
    endpoint = Endpoint(server.url, "tiny")
    asking.write_batch(endpoint, prompts(6), tmp_path / "batch.jsonl")
    good = answered(server, lines_of(tmp_path / "batch.jsonl"))
    keys = [line["custom_id"] for line in good]
    bad = [
        {"custom_id": keys[0], "response": None, "error": {"code": "batch_expired", "message": "expired"}},
        {
            "custom_id": keys[1],
            "response": {"status_code": 400, "body": {"error": {"message": "too long"}}},
            "error": None,
        },
        {"custom_id": keys[2], "response": {"status_code": 500, "body": None}, "error": None},
    ]
    strange = [{"custom_id": "request-1", "response": good[0]["response"]}, {"custom_id": None}]
    write(tmp_path / "out.jsonl", good[3:] + strange)
    write(tmp_path / "errors.jsonl", bad)
    read = asking.read_batch(endpoint, prompts(6), tmp_path / "out.jsonl", tmp_path / "errors.jsonl")
    assert (read.replies, read.missing, read.unmatched) == (3, 3, (4, 5))
    assert read.failures == {"expired": 1, "too long": 1, "status 500": 1}
    replies = asking.ask(endpoint, prompts(6))
    assert [reply.kept for reply in replies] == [False] * 3 + [True] * 3
    with pytest.raises(LanguageModelError, match=r"none of the 8 lines of .*out\.jsonl"):
        asking.read_batch(Endpoint(server.url, "other"), prompts(6), tmp_path / "out.jsonl", tmp_path / "errors.jsonl")


def test_what_is_cut_off_or_missing_is_an_error(server, tmp_path):
    asking = Asking(ledger=tmp_path / "l.sqlite")
    endpoint = Endpoint(server.url, "tiny")
    asking.write_batch(endpoint, prompts(3), tmp_path / "batch.jsonl")
    out = write(tmp_path / "out.jsonl", answered(server, lines_of(tmp_path / "batch.jsonl")))
    whole = out.read_text()
    out.write_text(whole[:-40])
    with pytest.raises(LanguageModelError, match=r"line 3 of .*out\.jsonl is not a JSON object"):
        asking.read_batch(endpoint, prompts(3), out)
    out.write_text(whole)
    assert asking.read_batch(endpoint, prompts(3), out).kept == 2
    assert asking.spent().tokens == server.bill.tokens
    with pytest.raises(LanguageModelError, match=r"cannot read the replies .*nowhere"):
        asking.read_batch(endpoint, prompts(3), tmp_path / "nowhere")


def test_replies_count_where_the_ledger_was_lost(server, tmp_path):
    endpoint = Endpoint(server.url, "tiny")
    Asking(ledger=tmp_path / "lost.sqlite").write_batch(endpoint, prompts(3), tmp_path / "batch.jsonl")
    out = write(tmp_path / "out.jsonl", answered(server, lines_of(tmp_path / "batch.jsonl")))
    asking = Asking(ledger=tmp_path / "new.sqlite")
    assert asking.read_batch(endpoint, prompts(3), out).replies == 3
    assert asking.spent().tokens == server.bill.tokens


def test_a_file_has_no_more_requests_than_a_provider_takes(server, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "MOST_REQUESTS", 4)
    written = Asking(ledger=tmp_path / "l.sqlite").write_batch(
        Endpoint(server.url, "tiny"), prompts(10), tmp_path / "b.jsonl"
    )
    assert [path.name for path in written.files] == ["b-1.jsonl", "b-2.jsonl", "b-3.jsonl"]
    assert [len(lines_of(path)) for path in written.files] == [4, 4, 2]


def test_the_form_is_that_which_the_server_takes(tmp_path):
    with LLMServer(refuses=("response_format",)) as server:
        Asking(ledger=tmp_path / "l.sqlite").ask(Endpoint(server.url, "tiny"), prompts(1))
        asking = Asking(ledger=tmp_path / "l.sqlite")
        asking.write_batch(Endpoint(server.url, "tiny"), prompts(2), tmp_path / "batch.jsonl")
        (line,) = lines_of(tmp_path / "batch.jsonl")
        assert "response_format" not in line["body"]


def test_other_models_take_no_batch_files(tmp_path):
    class Silent(LanguageModel):
        name = "silent"
        is_local = True

        def identity(self):
            return "silent"

        def body(self, prompt):
            return {"n": len(prompt.messages)}

        def tokens(self, prompt):
            return Usage(1, 1)

        def send(self, requests, timeout):
            raise AssertionError(Answer)

    with pytest.raises(LanguageModelError, match="'silent' takes no batch files"):
        Asking(ledger=tmp_path / "l.sqlite").write_batch(Silent(), prompts(1), tmp_path / "b.jsonl")
