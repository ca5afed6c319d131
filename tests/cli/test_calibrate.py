"""``weaklabel calibrate``: a file with the temperature that makes a language model's probabilities right more often."""

import json
import random

import pytest

from tests.llm.server import LLMServer
from weaklabel.support import cache

pytestmark = pytest.mark.filterwarnings("ignore")

PACK = """
from weaklabel import llm_lf

LABELS = ("ham", "spam")
tiny = llm_lf("tiny", {{"ham": "private", "spam": "advertising"}}, endpoint="{url}", model="tiny", samples=5{more})
"""


@pytest.fixture
def server():
    def answer(body):
        text = json.dumps(body)
        draw = random.Random(text + str(body.get("seed"))).random()
        chosen = "spam" if ("prize" in text) == (draw < 0.75) else "ham"
        return json.dumps({"answer": chosen}) if "response_format" in body else chosen

    with LLMServer(answer, ignores={"n"}) as server:
        yield server


@pytest.fixture
def command(tmp_path, monkeypatch, server):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    chance = random.Random(0)
    rows = [
        ("a prize" if n % 2 else "lunch", "spam" if (n % 2 == 1) == (chance.random() < 0.6) else "ham")
        for n in range(60)
    ]
    (tmp_path / "gold.csv").write_text(
        "text,truth\n" + "".join(f"{text} {n},{gold}\n" for n, (text, gold) in enumerate(rows))
    )
    (tmp_path / "pack.py").write_text(PACK.format(url=server.url, more=""))
    return [
        "calibrate",
        tmp_path / "gold.csv",
        "--lfs",
        tmp_path / "pack.py",
        "--gold",
        "truth",
        "-o",
        tmp_path / "c.json",
    ]


def test_it_writes_what_llm_lf_takes(weaklabel, server, command, tmp_path):
    seen = weaklabel(*command, "--dry-run", "--json")
    assert seen.json == {"lf": "tiny", "rows": 60} and server.requests == 0
    done = weaklabel(*command, "--json")
    assert done.code == 0, done.err
    assert (
        done.json["rows"] == 60 and done.json["temperature"] > 1 and done.json["loss_after"] < done.json["loss_before"]
    )
    assert done.json["spent"]["models"]["tiny"]["requests"] == server.bill.requests > 0
    sent = server.requests
    again = weaklabel(*command)
    assert again.code == 0 and server.requests == sent and "temperature" in again.out and "replacing" in again.err
    (tmp_path / "pack.py").write_text(PACK.format(url=server.url, more=f', calibration="{tmp_path / "c.json"}"'))
    labeled = weaklabel("label", tmp_path / "gold.csv", "--lfs", tmp_path / "pack.py", "-o", tmp_path / "out.csv")
    assert labeled.code == 0, labeled.err
    assert server.requests == sent, "the same replies"


def test_caps_hold(weaklabel, server, command, tmp_path):
    done = weaklabel(*command, "--max-requests", "3")
    assert (
        done.code == 1
        and "--max-requests" in done.err
        and server.bill.requests <= 3
        and not (tmp_path / "c.json").exists()
    )


@pytest.mark.parametrize(
    ("options", "code", "fault"),
    [
        (["--lf", "tinny"], 1, "did you mean 'tiny'"),
        (["--gold", "truht"], 1, "has no column 'truht'"),
        (["-o", "gold.csv"], 1, "gold.csv"),
        (["--max-requests", "0", "--limit", "3"], 1, "cap"),
    ],
)
def test_what_cannot_be(weaklabel, server, command, tmp_path, monkeypatch, options, code, fault):
    monkeypatch.chdir(tmp_path)
    done = weaklabel(*command, *options)
    assert done.code == code and fault in done.err and server.bill.requests == 0
    assert (tmp_path / "gold.csv").read_text().startswith("text,truth")


def test_a_pack_that_asks_nobody_or_several(weaklabel, server, command, tmp_path):
    pack = PACK.format(url=server.url, more="")
    (tmp_path / "pack.py").write_text(
        pack + 'two = llm_lf("two", ("ham", "spam"), endpoint="http://127.0.0.1:9", model="x")\n'
    )
    done = weaklabel(*command)
    assert done.code == 2 and "several ask language models: tiny, two" in done.err.replace("\n", " ").replace("│", "")
    (tmp_path / "pack.py").write_text(
        'from weaklabel import keyword_lf\nLABELS = ("ham", "spam")\na = keyword_lf("a", 0, ["a"])\n'
    )
    done = weaklabel(*command)
    assert done.code == 1 and "asks a language model" in done.err
