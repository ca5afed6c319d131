"""``weaklabel label`` with a language model that votes: what it will cost, caps, and what is sent."""

import json
import sqlite3

import pytest

from tests.llm.server import LLMServer
from weaklabel.llm import sending
from weaklabel.support import cache

pytestmark = pytest.mark.filterwarnings("ignore")

PACK = """
from weaklabel import keyword_lf, llm_lf

LABELS = ("ham", "spam")
prize = keyword_lf("prize", 1, ["prize"])
lunch = keyword_lf("lunch", 0, ["lunch"])
now = keyword_lf("now", 1, ["now"])
tiny = llm_lf("tiny", {{"ham": "private", "spam": "advertising"}}, endpoint="{url}", model="tiny"{more})
"""
PLANTED = ["jo@example.org", "+49 30 901820", "4111 1111 1111 1111"]


@pytest.fixture
def server():
    with LLMServer() as server:
        yield server


@pytest.fixture
def place(tmp_path, monkeypatch, server):
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(sending, "MOST_WAIT", 0.05)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    words = ["a prize", "lunch", "prize for lunch", "what", "see you"]
    rows = [f"{word} {number}" for number in range(12) for word in words]
    rows[3] += f" write to {PLANTED[0]} or call {PLANTED[1]}, card {PLANTED[2]}"
    (tmp_path / "messages.csv").write_text("text\n" + "\n".join(f'"{row}"' for row in rows) + "\n")
    return tmp_path


def arguments(place, server, more="", *options):
    (place / "pack.py").write_text(PACK.format(url=server.url, more=more))
    out = ["-o", place / "out.csv", "--price", "tiny=1000,2000"]
    return ["label", place / "messages.csv", "--lfs", place / "pack.py", *out, *options]


@pytest.mark.parametrize(("where", "rows"), [("", 60), (', where="uncovered"', 24), (', where="conflict"', 12)])
def test_what_it_will_cost_is_what_it_costs(weaklabel, server, place, where, rows):
    shown = weaklabel(*arguments(place, server, where, "--dry-run", "--json"))
    assert shown.code == 0 and server.bill.requests == 0 and not (place / "out.csv").exists()
    (cost,) = shown.json["costs"]
    assert (cost["rows"], cost["of_rows"], cost["requests"], cost["kept"]) == (rows, 60, rows, 0)
    assert not cost["is_upper_bound"] and cost["model"] == "tiny"
    assert [message["role"] for message in cost["sample"][0]] == ["system", "user"] and len(cost["sample"]) == 2
    as_text = weaklabel(*arguments(place, server, where, "--dry-run", "--max-tokens", "10"))
    assert f"{rows} of 60" in as_text.out and "private" in as_text.out and "nothing sent" in as_text.out
    assert "would stop at a cap: " in as_text.out and "max_tokens is 10" in as_text.out
    done = weaklabel(*arguments(place, server, where, "--json"))
    (spent,) = done.json["spent"]["models"].values()
    assert spent["requests"] == rows == server.bill.requests
    assert spent["prompt_tokens"] + spent["completion_tokens"] == server.bill.tokens
    money = (spent["prompt_tokens"] * 1000 + spent["completion_tokens"] * 2000) / 1_000_000
    assert float(spent["money"]) == pytest.approx(money)
    assert cost["prompt_tokens"] + cost["completion_tokens"] == pytest.approx(server.bill.tokens, rel=0.1)
    assert float(cost["money"]) == pytest.approx(money, rel=0.15)  # answers, which cost more, are estimated less well
    (again,) = weaklabel(*arguments(place, server, where, "--dry-run", "--json")).json["costs"]
    assert again["rows"] == 0 and again["of_rows"] == 60


def test_a_bound_where_the_rows_are_not_known(weaklabel, server, place):
    more = '\nother = llm_lf("other", {"ham": "", "spam": ""}, endpoint="URL", model="tiny", where="uncertain", max_rows=7)'
    pack = PACK.format(url=server.url, more="")
    (place / "pack.py").write_text(pack + more.replace("URL", server.url))
    command = ["label", place / "messages.csv", "--lfs", place / "pack.py", "-o", place / "out.csv"]
    costs = weaklabel(*command, "--dry-run", "--json").json["costs"]
    assert [(cost["lf"], cost["rows"], cost["is_upper_bound"]) for cost in costs] == [
        ("tiny", 60, False),
        ("other", 7, True),
    ]
    assert weaklabel(*command).code == 0 and server.bill.requests == 67


def test_a_cap_stops_and_the_next_run_goes_on(weaklabel, server, place):
    first = weaklabel(*arguments(place, server, "", "--max-tokens", "2000", "--mask-texts"))
    assert first.code == 1 and "the cap --max-tokens of 2,000 tokens is reached" in first.err
    assert "run the same command again to continue" in first.err and 0 < server.bill.tokens <= 2000
    once = server.bill.requests
    still = weaklabel(*arguments(place, server, "", "--max-tokens", "2000", "--mask-texts"))
    assert still.code == 1 and server.bill.requests == once  # what was spent before counts
    done = weaklabel(*arguments(place, server, "", "--max-tokens", "100000", "--mask-texts", "--json"))
    assert done.code == 0 and done.json["rows_out"] == 60
    assert set(server.bill.by_body.values()) == {1} and len(server.bill.by_body) == 60
    (spent,) = done.json["spent"]["models"].values()
    assert spent["requests"] == 60 and spent["kept"] == once
    assert spent["prompt_tokens"] + spent["completion_tokens"] == server.bill.tokens
    # The job is done, so its caps are: a changed pack begins a new count.
    changed = weaklabel(*arguments(place, server, ', guidelines="Be kind."', "--max-requests", "60", "--mask-texts"))
    assert changed.code == 0 and server.bill.requests == 120


def test_personal_data_is_masked_before_it_is_sent(weaklabel, server, place):
    done = weaklabel(*arguments(place, server, "", "--mask-texts"))
    assert "texts are sent with personal data masked to 127.0.0.1" in done.err
    sent = json.dumps(server.bodies)
    with sqlite3.connect(place / "cache" / "llm-replies.sqlite") as database:
        kept = "\n".join(database.iterdump())
    for value in PLANTED:
        assert value not in sent and value not in kept and value not in done.err
    assert "[EMAIL]" in sent and "[CARD]" in sent
    as_they_are = weaklabel(*arguments(place, server, ', guidelines="Be kind."'))
    assert "texts are sent as they are to 127.0.0.1" in as_they_are.err and PLANTED[0] in json.dumps(server.bodies)


def test_wrong_prices_are_wrong_usage(weaklabel, server, place):
    for price in ("tiny", "tiny=1", "tiny=1,x", "=1,2", "tiny=1,-2"):
        refused = weaklabel(*arguments(place, server, "", "--price", price))
        assert refused.code == 2 and "is not MODEL=IN,OUT" in refused.err
    unpriced = weaklabel(
        "label", place / "messages.csv", "--lfs", place / "pack.py", "-o", place / "o.csv", "--max-money", "1"
    )
    assert unpriced.code == 1 and "--price does not have the model 'tiny'" in unpriced.err


def answered(server, file):
    """Return what a provider writes for the lines of a batch file."""
    lines = []
    for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        body, _ = server.reply_to(line["body"], line["custom_id"], "")
        lines.append({"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}, "error": None})
    return lines


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_batch_file_in_place_of_asking(weaklabel, server, place):
    command = arguments(place, server, "", "--max-requests", "61")
    written = weaklabel(*command, "--write-batch", place / "batch.jsonl", "--json").json
    assert written["models"]["tiny"]["requests"] == 60 and written["waiting"] == []
    assert server.bill.requests == 0 and not (place / "out.csv").exists()
    refused = weaklabel(*command)
    assert refused.code == 1 and "--read-batch" in refused.err and "--drop-batch" in refused.err
    assert server.bill.requests == 0
    replies = answered(server, place / "batch.jsonl")
    failed = {"custom_id": replies[7]["custom_id"], "response": None, "error": {"message": "it expired"}}
    write_lines(place / "replies.jsonl", [*replies[:7], failed, *replies[8:]])
    as_text = weaklabel(*command, "--read-batch", place / "replies.jsonl")
    assert as_text.code == 0 and "59 replies" in as_text.out and "1 requests failed: it expired" in as_text.out
    sent = server.requests
    done = weaklabel(*command, "--json")
    assert done.code == 0, done.err
    (spent,) = done.json["spent"]["models"].values()
    assert server.requests - sent == 1, "the one that failed is asked"
    assert (spent["requests"], spent["refused"]) == (61, 1), "the one that failed was a request, too"
    assert (place / "out.csv").exists() and not (place / "out.csv.job").exists()


def test_what_was_never_sent_is_dropped(weaklabel, server, place):
    command = arguments(place, server, "", "--max-requests", "60")
    weaklabel(*command, "--write-batch", place / "batch.jsonl")
    assert weaklabel(*command, "--drop-batch", "--json").json == {"dropped": 60}
    assert weaklabel(*command).code == 0 and server.bill.requests == 60


def test_a_batch_for_rows_that_depend_on_answers_comes_second(weaklabel, server, place):
    more = (
        '\nother = llm_lf("other", {"ham": "", "spam": ""}, endpoint="URL", model="big", where="uncertain", below=0.99)'
    )
    command = arguments(place, server)
    (place / "pack.py").write_text(PACK.format(url=server.url, more="") + more.replace("URL", server.url))
    first = weaklabel(*command, "--write-batch", place / "batch.jsonl", "--json").json
    assert list(first["models"]) == ["tiny"] and first["waiting"] == ["other"]
    write_lines(place / "replies.jsonl", answered(server, place / "batch.jsonl"))
    read = weaklabel(*command, "--read-batch", place / "replies.jsonl", "--json").json
    assert read["models"]["tiny"]["replies"] == 60 and read["waiting"] == []
    second = weaklabel(*command, "--write-batch", place / "second.jsonl", "--json").json
    assert "big" in second["models"] and second["waiting"] == []
    other = write_lines(place / "replies2.jsonl", answered(server, place / second["models"]["big"]["files"][0]))
    assert weaklabel(*command, "--read-batch", other, "--read-batch", place / "replies.jsonl").code == 0
    sent = server.requests
    assert weaklabel(*command).code == 0 and server.requests == sent
    nothing = weaklabel(*command, "--write-batch", place / "third.jsonl")
    assert nothing.code == 0 and "nothing is to be asked" in nothing.out and not (place / "third.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--write-batch", "a.jsonl", "--drop-batch"], "it contradicts --write-batch"),
        (["--drop-batch", "--dry-run"], "it contradicts --drop-batch"),
    ],
)
def test_batch_options_that_contradict(weaklabel, server, place, options, fault):
    done = weaklabel(*arguments(place, server, "", *options))
    assert done.code == 2 and fault in done.err


def test_batch_files_need_someone_to_ask_and_their_own_replies(weaklabel, server, place):
    command = arguments(place, server)
    write_lines(place / "others.jsonl", [{"custom_id": "00", "response": None, "error": None}])
    weaklabel(*command, "--write-batch", place / "batch.jsonl")
    done = weaklabel(*command, "--read-batch", place / "others.jsonl")
    assert done.code == 1 and "none of the 1 lines" in done.err and "another batch" in done.err
    done = weaklabel(*command, "--write-batch", place / "messages.csv")
    assert done.code == 1 and (place / "messages.csv").read_text().startswith("text")
    (place / "pack.py").write_text(PACK.format(url=server.url, more="").rsplit("tiny =", 1)[0])
    done = weaklabel(*command, "--drop-batch")
    assert done.code == 1 and "asks a language model" in done.err
