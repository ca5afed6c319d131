"""A project with a language model that votes: what it will cost, what it cost, caps, kills, and the report."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tests.llm.server import LLMServer
from weaklabel import cli
from weaklabel.config import read_project
from weaklabel.llm import sending
from weaklabel.project.run import ProjectRun
from weaklabel.support import cache

pytestmark = pytest.mark.filterwarnings("ignore")

FAULTS = {
    "429": 0.08, "429-date": 0.02, "500": 0.04, "502": 0.02, "503": 0.02, "529": 0.02, "cut": 0.04, "hang-up": 0.03,
    "not-json": 0.03, "html": 0.02, "off-list": 0.03, "error-in-200": 0.02,
}  # fmt: skip

PACK = """
from weaklabel import keyword_lf, llm_lf

LABELS = ("ham", "spam")
prize = keyword_lf("prize", 1, ["prize"])
lunch = keyword_lf("lunch", 0, ["lunch"])
now = keyword_lf("now", 1, ["now"])
tiny = llm_lf("tiny", {{"ham": "private", "spam": "advertising"}}, endpoint="{url}", model="tiny"{more})
"""

PROJECT = """\
out = "run"
[corpus]
path = "messages.csv"
[lfs]
use = ["./pack.py"]
workers = 0
[label_model]
name = "majority"
[classifier]
name = "linear"
[gold]
column = "truth"
"""

COMMAND = """
import sys
from weaklabel.llm import sending
sending.FIRST_WAIT = sending.MOST_WAIT = 0.01
from weaklabel import cli
cli.main(sys.argv[1:])
"""

WORDS = [("a prize", "spam"), ("lunch", "ham"), ("prize for lunch", "spam"), ("what is it", "ham"), ("see you", "ham")]


def truth_of(body):
    text = body["messages"][-1]["content"]
    word = next(word for word, _ in sorted(WORDS, key=lambda pair: -len(pair[0])) if word in text)
    return json.dumps({"answer": dict(WORDS)[word]}) if "response_format" in body else dict(WORDS)[word]


class Asked:
    """A folder with such a project, and what runs it."""

    def __init__(self, folder, server, rows, more="", llm="", step=""):
        self.folder, self.server = folder, server
        self.out = folder / "run"
        self.project = folder / "project.toml"
        lines = [
            f"{word} {number},{label if number % 2 else ''}" for number in range(rows // 5) for word, label in WORDS
        ]
        (folder / "messages.csv").write_text("text,truth\n" + "\n".join(lines) + "\n")
        self.write(more, llm, step)

    def write(self, more="", llm="", step=""):
        (self.folder / "pack.py").write_text(PACK.format(url=self.server.url, more=more))
        self.project.write_text(PROJECT + step + f"[llm]\nprices = {{ tiny = [1.0, 2.0] }}\n{llm}")

    def run(self):
        return ProjectRun(read_project(self.project), self.project).run()

    def start(self, *options):
        words = [sys.executable, "-c", COMMAND, "run", str(self.project), "--json", *options]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def killed(self, at):
        """Run it, and kill it when the server has been asked so often."""
        process = self.start()
        while self.server.requests < at:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(sending, "MOST_WAIT", 0.05)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


def plan_of(project, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["run", str(project), "--plan", "--json"])
    assert stopped.value.code == 0
    return json.loads(capsys.readouterr().out)


def test_a_run_tells_what_it_will_cost_and_what_it_cost_and_brought(tmp_path, capsys):
    with LLMServer(truth_of) as server:
        asked = Asked(tmp_path, server, 100, ', where="uncovered"')
        plan = plan_of(asked.project, capsys)
        (cost,) = plan["costs"]
        assert (cost["rows"], cost["is_upper_bound"]) == (100, True) and server.requests == 0
        result = asked.run()
        (spent,) = result.spent["models"].values()
        assert spent["requests"] == server.bill.requests == 40
        assert spent["prompt_tokens"] + spent["completion_tokens"] == server.bill.tokens
        assert "costs" not in plan_of(asked.project, capsys)
        # The votes are there now: for another budget of rows the number is exact.
        asked.write(', where="uncertain", max_rows=50')
        (cost,) = plan_of(asked.project, capsys)["costs"]
        assert (cost["rows"], cost["kept"], cost["is_upper_bound"]) == (20, 10, False) or cost["rows"] <= 50
        assert not cost["is_upper_bound"]
        manifest = json.loads((asked.out / "manifest.json").read_text())
        assert manifest["spent"]["models"]["tiny"]["requests"] == 40
        markdown, page = (asked.out / "report.md").read_text(), (asked.out / "report.html").read_text()
        assert "## Language models" in markdown and "| tiny | uncovered | 40 | 0.4" in markdown
        assert "Cost against quality" in page and "the least sure rows only" in markdown
        curve = [line.split("|")[1:6] for line in markdown.splitlines() if line.count("%") == 1 and "[" in line]
        rows, accuracy = [int(line[0]) for line in curve], [float(line[3].split()[0]) for line in curve]
        assert rows == sorted(rows) and rows[0] == 0 and rows[-1] == 40
        assert accuracy == sorted(accuracy) and accuracy[0] < 0.65 and accuracy[-1] > 0.75


def test_a_changed_choice_of_rows_says_why_and_asks_only_about_new_rows(tmp_path, capsys):
    with LLMServer(truth_of) as server:
        asked = Asked(tmp_path, server, 100, ', where="uncovered"')
        asked.run()
        asked.write(', where="uncertain", below=0.6')  # those without a vote, and those with a tie
        plan = {step["name"]: step for step in plan_of(asked.project, capsys)["steps"]}
        assert plan["vote"]["state"] == "stale" and "where 'tiny' votes" in plan["vote"]["why"][0]
        asked.run()
        assert server.bill.requests == 60 and set(server.bill.by_body.values()) == {1}


def test_a_cap_stops_a_run_and_the_next_goes_on(tmp_path, capsys):
    with LLMServer(truth_of) as server:
        asked = Asked(tmp_path, server, 50, llm="max_tokens = 2500\n")
        process = asked.start()
        _, err = process.communicate()
        assert process.returncode == 1 and "the cap llm.max_tokens of 2,500 tokens is reached" in err
        assert "step 'vote' failed" in err and "Traceback" not in err and 0 < server.bill.tokens <= 2500
        first = server.bill.requests
        asked.write(llm="max_tokens = 100000\n")
        out, err = asked.start().communicate()
        spent = json.loads(out)["spent"]["models"]["tiny"]
        assert server.bill.requests == 50 == spent["requests"] and set(server.bill.by_body.values()) == {1}
        assert spent["prompt_tokens"] + spent["completion_tokens"] == server.bill.tokens and spent["kept"] >= first


FLAGGED = '[protect]\naction = "flag"\n'


@pytest.mark.parametrize(
    ("llm", "step", "is_masked"),
    [
        ("", "", False),
        ("protect = true\n", "", True),
        ("", FLAGGED, True),
        ("protect = false\n", FLAGGED, False),
    ],
)
def test_texts_are_masked_where_the_project_says_so(tmp_path, llm, step, is_masked):
    with LLMServer(truth_of) as server:
        asked = Asked(tmp_path, server, 10, llm=llm, step=step)
        with (tmp_path / "messages.csv").open("a") as file:
            file.write("lunch with jo@example.org,ham\n")
        process = asked.start()
        _, err = process.communicate()
        assert process.returncode == 0, err
        assert f"texts are sent {'with personal data masked' if is_masked else 'as they are'} to 127.0.0.1" in err
        assert ("jo@example.org" not in json.dumps(server.bodies)) == is_masked
        assert ("[EMAIL]" in json.dumps(server.bodies)) == is_masked


def killed_twice(tmp_path, rows, kills, capsys, llm=""):
    """Run a project against every fault, kill it twice, let it finish, and compare the ledger with the server's bill."""
    with LLMServer(faults=FAULTS, seed=3, wait=0.005) as server:
        asked = Asked(tmp_path, server, rows, llm=llm)
        (cost,) = plan_of(asked.project, capsys)["costs"]
        for at in kills:
            asked.killed(at)
        process = asked.start()
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert server.bill.requests == rows == len(server.bill.by_body) and set(server.bill.by_body.values()) == {1}
        (spent,) = json.loads(out)["spent"]["models"].values()
        assert (spent["prompt_tokens"], spent["completion_tokens"]) == (
            server.bill.prompt_tokens, server.bill.completion_tokens,
        )  # fmt: skip
        assert spent["unknown"] == 0 and spent["requests"] <= server.requests + 16
        assert cost["requests"] == rows and not cost["is_upper_bound"]
        assert cost["prompt_tokens"] + cost["completion_tokens"] == pytest.approx(server.bill.tokens, rel=0.1)
        return server


def test_killed_twice_every_row_is_paid_once(tmp_path, capsys):
    killed_twice(tmp_path, 50, (15, 35), capsys)


@pytest.mark.long
def test_five_hundred_rows_with_every_fault_killed_twice(tmp_path, capsys):
    server = killed_twice(tmp_path, 500, (150, 350), capsys)
    assert set(FAULTS) <= set(server.met)


def test_progress_is_seen_within_three_seconds_and_ctrl_c_keeps_what_came(tmp_path):
    with LLMServer(truth_of) as server:
        server.script, server.slow = [""] * 8 + ["slow"] * 100, 20
        asked = Asked(tmp_path, server, 40, llm="at_once = 2\n")
        with (tmp_path / "err.txt").open("w") as shown:
            words = [sys.executable, "-c", COMMAND, "run", str(asked.project)]
            process = subprocess.Popen(words, stderr=shown, stdout=subprocess.DEVNULL)
        while server.requests < 10:
            assert process.poll() is None, (tmp_path / "err.txt").read_text()
            time.sleep(0.02)
        began = time.monotonic()
        while "prompts" not in (tmp_path / "err.txt").read_text() and time.monotonic() - began < 15:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.wait()
        err = (tmp_path / "err.txt").read_text()
        assert "asking tiny: 20%, 8 of 40 prompts" in err
        assert process.returncode == 130 and time.monotonic() - began < 10 and "Traceback" not in err
        assert "interrupted in step 'vote'" in err
        server.script = []
        out, _ = asked.start().communicate()
        assert json.loads(out)["spent"]["models"]["tiny"]["kept"] >= 8 and server.bill.requests == 40


def run_cli(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([*map(str, arguments), "--json"])
    shown = capsys.readouterr()
    return stopped.value.code, json.loads(shown.out) if shown.out else None, shown.err


def test_a_run_asks_by_batch_files(tmp_path, capsys):
    with LLMServer(truth_of) as server:
        asked = Asked(tmp_path, server, 100, llm="max_requests = 100\n")
        batch, replies = tmp_path / "batch.jsonl", tmp_path / "replies.jsonl"
        code, written, _ = run_cli(capsys, "run", asked.project, "--write-batch", batch)
        assert code == 0 and written["models"]["tiny"]["requests"] == 100 and server.requests == 0
        lines = []
        for line in map(json.loads, batch.read_text().splitlines()):
            body, _ = server.reply_to(line["body"], line["custom_id"], "")
            lines.append(json.dumps({"custom_id": line["custom_id"], "response": {"status_code": 200, "body": body}}))
        replies.write_text("\n".join(lines) + "\n")
        code, read, _ = run_cli(capsys, "run", asked.project, "--read-batch", replies)
        assert code == 0 and (read["models"]["tiny"]["replies"], read["models"]["tiny"]["missing"]) == (100, 0)
        sent = server.requests
        result = asked.run()
        assert server.requests == sent and result.spent["models"]["tiny"]["requests"] == 100
        code, _, err = run_cli(capsys, "run", asked.project, "--plan", "--drop-batch")
        assert code == 2 and "--plan" in err


def test_gold_in_every_row_is_refused_before_a_model_is_asked(tmp_path, capsys):
    with LLMServer(truth_of) as server:
        asked = Asked(tmp_path, server, 20)
        rows = "".join(f"{word} {n},{label}\n" for n in range(4) for word, label in WORDS)
        (tmp_path / "messages.csv").write_text(f"text,truth\n{rows}")
        code, _, err = run_cli(capsys, "run", asked.project)
        assert code == 1 and server.requests == 0
        assert "every row has gold in column 'truth'" in err and "gold.split" in err
