"""Isolation, with real processes that hang, crash and eat memory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import psutil
import pytest

from weaklabel.corpus import Batch
from weaklabel.errors import LFError, VoteError
from weaklabel.lf.packs import load_lfs
from weaklabel.votes.checking import join_votes
from weaklabel.votes.voter import Voter
from weaklabel.votes.workers import protocol

PACK = Path(__file__).parent / "rough_pack.py"

PLAIN = ["even", "odd", "even more", "odd too"]


def guards():
    """Guarded processes of this one, which may have others: libraries start their own helpers."""
    return [
        child
        for child in psutil.Process().children()
        if any("weaklabel.votes.workers.worker" in word for word in child.cmdline())
    ]


def in_batches(texts, size):
    frame = pl.DataFrame({"text": texts})
    return [Batch(frame[begin : begin + size], start=begin) for begin in range(0, len(texts), size)]


def vote(texts, size=1_000, workers=1, pack=PACK, **options):
    """Return votes and problems by name."""
    lfs = load_lfs(pack)
    with Voter(lfs.lfs, top=2, pack=lfs, workers=workers, **options) as voter:
        parts = [result for _, result in voter.vote(in_batches(texts, size))]
    assert not guards()
    joined = [join_votes([part[number] for part in parts]) for number in range(len(lfs))]
    return (
        {lf.name: result.votes.tolist() for lf, result in zip(lfs, joined, strict=True)},
        {lf.name: result.problems for lf, result in zip(lfs, joined, strict=True) if result.problems},
    )


@pytest.mark.parametrize(
    ("deed", "message", "options"),
    [
        ("raise", "ZeroDivisionError", {}),
        ("none", "return -1 to abstain", {}),
        ("float", "vote 0.5 is of type float", {}),
        ("sysexit", "SystemExit: 4", {}),
        ("exit", "ended its process (exit code 3)", {}),
        ("segfault", "killed its process (signal 11, Segmentation fault)", {}),
        ("abort", "killed its process (signal 6, Aborted)", {}),
        ("hang", "took longer than 0.3 s", {"time_limit": 0.3}),
        ("deaf", "took longer than 0.3 s", {"time_limit": 0.3}),
        ("eat", "MemoryError", {"memory_limit": 2_000_000_000}),
        ("unplug", "ended its process (exit code 1)", {}),
    ],
)
def test_a_deed_costs_the_vote_on_its_row(deed, message, options, capfd):
    texts = [*PLAIN, f"{deed} odd", *PLAIN]
    votes, problems = vote(texts, **options)
    assert list(problems) == ["rough"]
    assert problems["rough"].count == 1
    assert problems["rough"].first[0].row == 4
    assert message in problems["rough"].first[0].message
    assert votes["rough"] == [1] * 4 + [-1] + [1] * 4
    assert votes["rough_batch"] == [1] * 9
    assert votes["before"] == [0, -1, 0, -1, -1, 0, -1, 0, -1]
    assert votes["after"] == votes["keyword"] == [-1, 1, -1, 1, 1, -1, 1, -1, 1]
    out, err = capfd.readouterr()
    assert out == ""
    assert "a labeling function that prints" in err


@pytest.mark.parametrize(("deed", "message"), [("batchexit", "exit code 5"), ("batchhang", "took longer than 0.3 s")])
def test_a_batch_at_once_is_narrowed_down_to_the_row(deed, message):
    votes, problems = vote([*PLAIN * 5, deed, *PLAIN], time_limit=0.3)
    assert list(problems) == ["rough_batch"]
    assert (problems["rough_batch"].count, problems["rough_batch"].first[0].row) == (1, 20)
    assert message in problems["rough_batch"].first[0].message
    assert votes["rough_batch"] == [1] * 20 + [-1] + [1] * 4


def test_votes_and_problems_do_not_depend_on_workers_and_batches():
    texts = [f"{number} {'odd' if number % 2 else 'even'}" for number in range(40)]
    texts[7], texts[8], texts[30], texts[39] = "raise", "exit", "none", "raise odd"
    expected = vote(texts, size=40)
    assert [problem.row for problem in expected[1]["rough"].first] == [7, 8, 30, 39]
    for workers, size in ((1, 9), (2, 9), (2, 1)):
        assert vote(texts, size, workers) == expected
    harmless = [text for text in texts if "exit" not in text]
    assert vote(harmless, 7, workers=0) == vote(harmless, 7, workers=2)


def test_who_holds_on_to_memory_gets_a_fresh_process():
    texts = [*PLAIN, *["hoard"] * 30, *PLAIN]
    votes, problems = vote(texts, size=12, memory_limit=3_000_000_000)
    # What hoarding returns is not a vote anyway; nobody else lost one.
    assert list(problems) == ["rough"]
    assert problems["rough"].count == 30
    assert votes["before"] == [0, -1, 0, -1, *[-1] * 30, 0, -1, 0, -1]
    assert votes["after"] == [-1, 1, -1, 1, *[-1] * 30, -1, 1, -1, 1]


def test_the_patience_ends(monkeypatch):
    monkeypatch.setattr(protocol, "MOST_ENDS", 2)
    monkeypatch.setattr(protocol, "MOST_SECONDS", 0.5)
    with pytest.raises(VoteError, match=r"LF 'rough' took its process down 3 times, the last time at row 6.*code 3"):
        vote([*PLAIN, *["exit"] * 30])
    with pytest.raises(VoteError, match=r"LF 'rough' spent .* minutes on rows over which it took longer than 0.3 s"):
        vote([*PLAIN, *["hang"] * 30], time_limit=0.3)


def wait_for(path):
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def slow_pack(folder, sleeps):
    path = folder / "slow_pack.py"
    path.write_text(
        "import os, time\nfrom weaklabel.lf.core import labeling_function\nLABELS = ('ham', 'spam')\n"
        "@labeling_function()\ndef slow(x):\n"
        f"    open({str(folder / 'called')!r}, 'w').close()\n    time.sleep({sleeps})\n"
        "    return int(x.text.startswith('odd'))\n",
        encoding="utf-8",
    )
    return path


def test_a_slow_but_honest_one_keeps_its_votes(tmp_path):
    votes, problems = vote(PLAIN * 30, 40, pack=slow_pack(tmp_path, 0.02), time_limit=0.3)
    assert not problems
    assert votes["slow"] == [0, 1, 0, 1] * 30


def test_a_process_killed_from_outside_costs_nothing(tmp_path):
    lfs = load_lfs(slow_pack(tmp_path, 0.01))
    result = []
    with Voter(lfs.lfs, top=2, pack=lfs, workers=1) as voter:
        for number, (_, votes) in enumerate(voter.vote(in_batches(PLAIN * 40, 20))):
            result += votes
            if number in (1, 3):
                (tmp_path / "called").unlink()
                wait_for(tmp_path / "called")  # it is at the next batch
                (child,) = guards()
                child.kill()
    joined = join_votes(result)
    assert joined.problems is None
    assert joined.votes.tolist() == [0, 1, 0, 1] * 40


def test_no_process_for_expressions_and_no_more_than_batches():
    lfs = load_lfs(PACK)
    keyword = [lf for lf in lfs if lf.name == "keyword"]
    with Voter(keyword, top=2, pack=lfs, workers=2) as voter:
        assert [part[0].votes.tolist() for _, part in voter.vote(in_batches(PLAIN, 2))] == [[-1, 1]] * 2
        assert not guards()
    with Voter(lfs.lfs, top=2, pack=lfs, workers=3) as voter:
        assert not guards()
        for _ in voter.vote(in_batches(PLAIN, 2)):
            assert len(guards()) <= 2
        for _ in voter.vote(in_batches(PLAIN * 20, 4)):
            pass
        assert len(guards()) == 3


def test_what_a_labeling_function_starts_ends_with_it():
    lfs = load_lfs(PACK)
    with Voter(lfs.lfs, top=2, pack=lfs, workers=1) as voter:
        list(voter.vote(in_batches(["spawn"], 1)))
        (guard,) = guards()
        started = [guard, *guard.children(recursive=True)]
        assert [process.name() for process in started if process.name() == "sleep"] == ["sleep"]
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_a_pack_that_does_not_load_in_the_process_says_so(tmp_path):
    path = tmp_path / "pack.py"
    path.write_text(PACK.read_text(encoding="utf-8"), encoding="utf-8")
    lfs = load_lfs(path)
    for text, kind, message in (
        ("import nowhere", LFError, "nowhere"),
        ("import os; os._exit(9)", VoteError, r"could not load .*pack.py: it ended its process \(exit code 9\)"),
        (PACK.read_text(encoding="utf-8").replace("def rough(", "def gone("), LFError, "LF 'rough' is missing when"),
    ):
        path.write_text(text, encoding="utf-8")
        with Voter(lfs.lfs, pack=lfs, workers=1) as voter, pytest.raises(kind, match=message):
            list(voter.vote(in_batches(PLAIN, 2)))


def test_what_is_wrong_with_the_labeling_function_itself_passes_the_process(tmp_path):
    path = tmp_path / "pack.py"
    path.write_text(
        "from weaklabel.errors import LFError\nLABELS = ('ham', 'spam')\nclass Broken:\n    name = 'broken'\n"
        "    def vote(self, batch):\n        raise LFError('the model is missing')\nbroken = Broken()\n",
        encoding="utf-8",
    )
    lfs = load_lfs(path)
    with Voter(lfs.lfs, pack=lfs, workers=1) as voter:
        for _ in range(2):
            with pytest.raises(LFError, match="the model is missing"):
                list(voter.vote(in_batches(PLAIN, 2)))


DRIVER = """
import signal, sys
from weaklabel.lf.packs import load_lfs
from weaklabel.votes import apply_lfs
signal.signal(signal.SIGINT, signal.default_int_handler)
lfs = load_lfs(sys.argv[1])
print("loaded", flush=True)
try:
    apply_lfs(lfs, ["even"] * 50 + ["hang"] + ["odd"] * 50, workers=2, batch_size=10, time_limit=300)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_driver_is_stopped(number, tmp_path):
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(PACK)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"HANGS": str(tmp_path / "hangs")},
    )
    assert driver.stdout.readline() == "loaded\n"
    wait_for(tmp_path / "hangs")
    children = psutil.Process(driver.pid).children(recursive=True)
    assert len(children) >= 2
    os.kill(driver.pid, number)
    out, _ = driver.communicate(timeout=20)
    assert out == ("interrupted\n" if number == signal.SIGINT else "")
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


FORKS = """
import os, signal, sys, threading, time
from weaklabel.lf.core import labeling_function
LABELS = ("ham", "spam")

@labeling_function()
def forks(x):
    if x.text.startswith("fork"):
        if os.fork() == 0:
            exec(x.text.partition(" ")[2])
            return 1  # the child goes on as if it were the parent
    return 0

@labeling_function()
def after(x):
    return 0
"""


@pytest.mark.parametrize(
    "deed", ["", "1 / 0", "sys.exit(3)", "raise KeyboardInterrupt", "time.sleep(0.2)", "os.fork()", "raise MemoryError"]
)
def test_a_forked_child_of_a_labeling_function_never_answers(tmp_path, deed):
    path = tmp_path / "forks.py"
    path.write_text(FORKS, encoding="utf-8")
    texts = ["a", f"fork {deed}", "b", f"fork {deed}"] * 3
    votes, problems = vote(texts, size=2, pack=path)
    assert not problems
    assert votes == {"forks": [0] * 12, "after": [0] * 12}


def test_a_forked_child_ends_with_the_run(tmp_path):
    path = tmp_path / "forks.py"
    path.write_text(FORKS, encoding="utf-8")
    lfs = load_lfs(path)
    for session in ("", "os.setsid(); "):
        before = psutil.Process().children(recursive=True)
        with Voter(lfs.lfs, top=2, pack=lfs, workers=1) as voter:
            list(voter.vote(in_batches([f"fork {session}time.sleep(600)"], 1)))
            started = [child for child in psutil.Process().children(recursive=True) if child not in before]
            assert len(started) >= 2
        _, alive = psutil.wait_procs(started, timeout=5)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_who_writes_to_the_pipe_of_the_process_gives_nobody_votes(tmp_path):
    path = tmp_path / "writes.py"
    text = FORKS.replace("time.sleep", "time.sleep") + (
        "\n@labeling_function()\ndef writes(x):\n    if x.text == 'write':\n"
        "        import gc, json\n        from multiprocessing.connection import Connection\n"
        "        link = next(o for o in gc.get_objects() if isinstance(o, Connection) and o.writable)\n"
        "        link.send_bytes(json.dumps({'voted': True, 'stride': 1, 'overdue': False, 'full': False, 'dtype': '|i1'})"
        ".encode())\n        link.send_bytes(bytes([1]))\n    return 0\n"
    )
    path.write_text(text, encoding="utf-8")
    votes, problems = vote(["a", "write", "b"], pack=path)
    assert votes["writes"] == [0, -1, 0]
    assert "sent an unexpected reply" in problems["writes"].first[0].message
    assert votes["after"] == votes["forks"] == [0] * 3
