"""An endpoint: its URL, its key, what the server takes, and what goes wrong on the way."""

import json
import shutil

import pytest

from tests.llm.server import LLMServer, self_signed
from weaklabel.config import LLMSettings
from weaklabel.errors import LanguageModelError
from weaklabel.llm import Answer, Asking, Endpoint, Message, Prompt, Usage
from weaklabel.llm.address import Key, chat_url
from weaklabel.llm.wire import read_reply, the_choice, upper_bound

CHOICES = ("spam", "ham")


def prompts(n, **options):
    return [Prompt((Message("user", f"text {i}"),), CHOICES, **options) for i in range(n)]


def ask(server, tmp_path, asked, *, settings=None, **options):
    asking = Asking(settings or LLMSettings(at_once=4, tries=2), ledger=tmp_path / "ledger.sqlite")
    try:
        return asking.ask(Endpoint(server.url, "tiny", **options), asked), asking.spent()
    finally:
        asking.close()


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1/chat/completions"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("https://host/openai/v1beta/", "https://host/openai/v1beta/chat/completions"),
        ("https://host/deployments/x?api-version=1", "https://host/deployments/x/chat/completions?api-version=1"),
    ],
)
def test_forms_of_urls(given, url):
    assert chat_url(given) == url


@pytest.mark.parametrize(
    "given", ["localhost:8000", "ftp://host", "http://", "", "http://[::1", "http://host:99999", "file:///etc/passwd"]
)
def test_what_is_no_url_is_refused(given):
    with pytest.raises(LanguageModelError, match="is not the URL of an endpoint"):
        chat_url(given)


@pytest.mark.parametrize(
    "given", ["https://ann:secret@host/v1", "https://secret@host/v1", "https://host/v1?key=secret"]
)
def test_keys_in_urls_are_refused_and_not_shown(given):
    with pytest.raises(LanguageModelError, match="environment variable") as caught:
        chat_url(given)
    assert "secret" not in str(caught.value)


def test_a_key_is_of_a_variable_and_never_shown(monkeypatch):
    monkeypatch.setenv("MY_KEY", " sk-secret\n")
    key = Key("MY_KEY", "http://example.org/v1")
    assert key.header("Authorization") == {"Authorization": "Bearer sk-secret"}
    assert key.header("api-key") == {"api-key": "sk-secret"}
    assert "secret" not in repr(key) + str(vars(key))
    assert key.without("key sk-secret is wrong") == "key *** is wrong"
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(LanguageModelError, match=r"MY_KEY, which has the key of example\.org, is not set"):
        key.header("Authorization")
    monkeypatch.setenv("MY_KEY", "two words sk-secret")
    with pytest.raises(LanguageModelError, match="is not a key") as caught:
        key.header("Authorization")
    assert "secret" not in str(caught.value)


def test_a_key_that_is_not_set_stops_before_anything_is_sent(server, tmp_path, monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(LanguageModelError, match="MY_KEY"):
        ask(server, tmp_path, prompts(3), key_variable="MY_KEY")
    assert server.requests == 0


def test_the_usual_key_does_not_go_to_other_machines_in_the_clear(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert Key(None, "https://example.org/v1")
    assert Key(None, "http://127.0.0.1:8000/v1")
    assert not Key(None, "http://example.org/v1")
    assert Key("OPENAI_API_KEY", "http://example.org/v1")


@pytest.mark.parametrize(
    ("options", "requests", "field"),
    [
        ({}, 3, "response_format"),
        ({"refuses": ("response_format",)}, 4, None),
        ({"ignores": ("response_format",)}, 3, "response_format"),
        ({"owned_by": "vllm"}, 3, "structured_outputs"),
        ({"owned_by": "vllm", "refuses": ("structured_outputs",)}, 4, "guided_choice"),
        ({"owned_by": "vllm", "refuses": ("structured_outputs", "guided_choice")}, 5, "response_format"),
        ({"owned_by": "vllm", "refuses": ("structured_outputs", "guided_choice", "response_format")}, 6, None),
    ],
)
def test_answers_are_kept_to_the_choices_as_the_server_can(tmp_path, options, requests, field):
    with LLMServer(**options) as server:
        replies, spent = ask(server, tmp_path, prompts(3))
        assert all(reply.answers[0].text in CHOICES for reply in replies)
        assert server.requests == requests
        fields = {"response_format", "structured_outputs", "guided_choice"} & set(server.bodies[-1])
        assert fields == ({field} if field else set())
        assert spent.tokens == server.bill.tokens
        assert spent.models["tiny"].refused == requests - 3
        # The next run knows it, and what was paid is kept although it was asked in another way than wished.
        replies, _ = ask(server, tmp_path, prompts(5))
        assert server.requests == requests + 2
        assert sum(reply.kept for reply in replies) == 3


@pytest.mark.parametrize("field", ["seed", "temperature", "logprobs", "n", "max_tokens"])
def test_a_field_that_is_refused_is_left_out(tmp_path, field):
    with LLMServer(refuses=(field,)) as server:
        if field == "max_tokens":
            server.hint = "Use 'max_completion_tokens' instead."
        replies, _ = ask(server, tmp_path, prompts(3, logprobs=True, samples=2, temperature=1.0))
        assert [len(reply.answers) for reply in replies] == [2] * 3
        assert field not in server.bodies[-1]
        assert "response_format" in server.bodies[-1]
        if field == "max_tokens":
            assert server.bodies[-1]["max_completion_tokens"] == 32


def test_a_server_without_system_messages_gets_them_in_the_first_of_the_user(tmp_path):
    with LLMServer(refuses=("system",)) as server:
        asked = [Prompt((Message("system", "Is it spam?"), Message("user", f"text {i}")), CHOICES) for i in range(2)]
        replies, _ = ask(server, tmp_path, asked)
        assert all(reply.answers for reply in replies)
        assert server.bodies[-1]["messages"][0]["role"] == "user"
        assert server.bodies[-1]["messages"][0]["content"].startswith("Is it spam?\n\ntext ")
        assert "response_format" in server.bodies[-1]
        assert server.requests == 3


def test_a_prompt_that_is_too_long_does_not_change_the_form(tmp_path):
    with LLMServer() as server:
        server.poison = "text 0"
        replies, _ = ask(server, tmp_path, prompts(3))
        assert [bool(reply.failure) for reply in replies] == [True, False, False]
        assert server.requests == 3
        assert all("response_format" in body for body in server.bodies)


def test_an_estimate_knows_that_samples_come_one_by_one(tmp_path):
    asked = prompts(40, samples=3, temperature=1.0)
    with LLMServer(ignores=("n",)) as server:
        ask(server, tmp_path, asked[:10])
        asking = Asking(ledger=tmp_path / "ledger.sqlite")
        endpoint = Endpoint(server.url, "tiny")
        estimate, before = asking.estimate(endpoint, asked), server.bill.tokens
        assert (estimate.requests, estimate.kept) == (90, 10)
        asking.ask(endpoint, asked)
        assert abs(estimate.tokens - (server.bill.tokens - before)) <= 0.1 * estimate.tokens


def test_half_a_surrogate_is_sent_and_kept(server, tmp_path):
    asked = [Prompt((Message("user", "half \ud800 of a pair"),), CHOICES)]
    replies, _ = ask(server, tmp_path, asked)
    assert replies[0].answers
    assert server.bodies[0]["messages"][0]["content"] == "half \ud800 of a pair"
    assert Asking(ledger=tmp_path / "ledger.sqlite").write_batch(
        Endpoint(server.url, "tiny"), [Prompt((Message("user", "\udcff"),))], tmp_path / "b.jsonl"
    ).requests == 1  # fmt: skip


def test_senseless_prompts_are_refused():
    for wrong in (
        {"choices": ("a", "a")},
        {"choices": ("a", " ")},
        {"samples": 0},
        {"max_tokens": 0},
        {"messages": ()},
    ):
        with pytest.raises(LanguageModelError):
            Prompt(**({"messages": (Message("user", "text"),)} | wrong))


def test_a_bias_keeps_answers_to_choices_of_one_token_each(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {"[UNK]": 0, "spam": 1, "ham": 2, "text": 3}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with LLMServer(refuses=("response_format",)) as server:
        replies, _ = ask(server, tmp_path, prompts(2), tokenizer=tmp_path)
        assert all(reply.answers[0].finished for reply in replies)
        assert server.bodies[-1]["logit_bias"] == {"1": 100, "2": 100}
        assert server.bodies[-1]["max_tokens"] == 1
        long = [Prompt((Message("user", "text"),), ("spam text", "ham"))]
        ask(server, tmp_path, long, tokenizer=tmp_path)
        assert "logit_bias" not in server.bodies[-1]
        endpoint = Endpoint(server.url, "tiny", tokenizer=tmp_path / "tokenizer.json")
        assert endpoint.likely_tokens(prompts(1)[0]) == Usage(2 + 4 + 3, 2)
    with pytest.raises(LanguageModelError, match=r"cannot read the tokenizer .*nowhere"):
        Endpoint("http://localhost", "tiny", tokenizer=tmp_path / "nowhere")


def test_a_redirect_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret")
    with LLMServer() as other, LLMServer(redirect=f"{other.url}/v1/chat/completions") as server:
        with pytest.raises(
            LanguageModelError, match=rf"redirects to 127\.0\.0\.1:{other.port}, which the key is not sent to"
        ):
            ask(server, tmp_path, prompts(3), key_variable="MY_KEY")
        assert other.requests == 0


def test_a_proxy_does_not_see_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-secret")
    with LLMServer() as proxy, LLMServer(key="sk-secret") as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        replies, _ = ask(server, tmp_path, prompts(2), key_variable="MY_KEY")
        assert all(reply.answers for reply in replies)
        assert proxy.requests == 0


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="a certificate is made with openssl: apt-get install openssl"
)
def test_a_certificate_that_fails_is_a_clear_error(tmp_path, monkeypatch):
    certificate = self_signed(tmp_path)
    with LLMServer(certificate=certificate) as server:
        with pytest.raises(
            LanguageModelError, match=r"certificate of 127\.0\.0\.1:\d+ cannot be verified .*SSL_CERT_FILE"
        ):
            ask(server, tmp_path, prompts(2))
        assert server.requests == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".pem.crt")))
        replies, _ = ask(server, tmp_path, prompts(2))
        assert all(reply.answers for reply in replies)
    with LLMServer() as plain:
        plain_url = plain.url.replace("http:", "https:")
        with pytest.raises(LanguageModelError, match=r"no encrypted connection .*begin with http:"):
            Asking(ledger=tmp_path / "other.sqlite").ask(Endpoint(plain_url, "tiny"), prompts(1))


def test_a_server_that_is_not_there_is_named(tmp_path):
    with LLMServer() as server:
        pass
    with pytest.raises(LanguageModelError, match=rf"cannot connect to 127\.0\.0\.1:{server.port} .*run again to go on"):
        ask(server, tmp_path, prompts(5))


def test_parameters_go_along_and_are_part_of_the_identity(server, tmp_path):
    ask(server, tmp_path, prompts(1), parameters={"top_p": 0.9})
    assert server.bodies[-1]["top_p"] == 0.9
    ask(server, tmp_path, prompts(1))
    assert server.requests == 2
    with pytest.raises(LanguageModelError, match=r"'max_tokens' .* is set by weaklabel"):
        Endpoint(server.url, "tiny", parameters={"max_tokens": 3})


def reply(**choice):
    return json.dumps({"choices": [{"index": 0, "finish_reason": "stop", **choice}], "usage": {"prompt_tokens": 5}})


def test_replies_of_all_kinds_are_read():
    prompt = prompts(1)[0]
    free = Prompt((Message("user", "text"),))

    def read(**choice):
        return read_reply(prompt, reply(**choice))

    assert read(message={"content": "spam"}).answers == (Answer("spam"),)
    assert read(message={"content": "spam"}).usage == Usage(5, 0)
    assert read(message={"content": [{"type": "text", "text": "ham"}]}).answers == (Answer("ham"),)
    assert read(message={"content": "It is spam"}, finish_reason="length").answers == (
        Answer("It is spam", None, False),
    )
    assert read(message={"content": None, "refusal": "I cannot"}).answers == (Answer("I cannot"),)
    assert "content filter" in read(message={"content": ""}, finish_reason="content_filter").failure
    assert "raise max_tokens" in read(message={"content": None}, finish_reason="length").failure
    assert read(message={"content": " "}).may_succeed
    assert read(message="odd").failure
    assert read_reply(prompt, '{"choices": [3], "usage": {"prompt_tokens": true}}') == read_reply(
        prompt, '{"choices": {}}'
    )
    assert read_reply(free, reply(message={"content": " As it is. "})).answers == (Answer(" As it is. "),)
    more = json.dumps({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 50}})
    assert read_reply(prompt, more).usage == Usage(5, 45)


@pytest.mark.parametrize(
    ("content", "choice"),
    [
        ("spam", "spam"), (" SPAM\n", "spam"), ('"spam"', "spam"), ("**Spam**.", "spam"), ("垃圾。", "垃圾"),
        ("「垃圾」", "垃圾"), ('{"answer": "spam"}', "spam"), ('```json\n{"answer": "ham"}\n```', "ham"), ('"ham"', "ham"),
        ("spam or ham", None), ("It is spam.", None), ('{"answer": "eggs"}', None), ('{"a": "spam", "answer": "ham"}', None),
        ("<think>spam? ham?</think>\n\nham", "ham"), ("<think>spam", None),
        ("", None), ("[" * 100_000, None), ('{"answer": ["spam"]}', None),
    ],
)  # fmt: skip
def test_only_a_choice_alone_is_on_the_list(content, choice):
    assert the_choice(content, ("spam", "ham", "垃圾")) == (choice or content)


def test_the_bound_counts_every_byte():
    for text in ("plain", "垃圾短信", "ﷺ" * 20, "\ud800"):
        bound = upper_bound(Prompt((Message("user", text),), samples=3, max_tokens=7))
        assert bound.prompt_tokens >= len(text.encode("utf-8", "surrogatepass"))
        assert bound.completion_tokens == 21
    assert upper_bound(Prompt((Message("user", "ﷺ" * 20),))).prompt_tokens > 20 * 30
