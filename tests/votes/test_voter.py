"""Votes in this process: time limits by alarm, and what a Voter refuses."""

import signal
import threading
import time

import polars as pl
import pytest

from weaklabel.corpus import Batch
from weaklabel.errors import VoteError
from weaklabel.lf.core import LabelingFunction
from weaklabel.lf.lexicon import lexicon_lf
from weaklabel.lf.packs import load_lfs
from weaklabel.lf.patterns import keyword_lf
from weaklabel.support.progress import Stage
from weaklabel.votes import voter as voting
from weaklabel.votes.checking import join_votes
from weaklabel.votes.voter import Voter
from weaklabel.votes.workers import protocol
from weaklabel.votes.workers.protocol import finer, seconds_for


def in_batches(n, size):
    return [
        Batch(pl.DataFrame({"text": [str(row) for row in range(begin, min(begin + size, n))]}), start=begin)
        for begin in range(0, n, size)
    ]


def vote(lf, batches, **options):
    with Voter([lf], top=2, **options) as voter:
        return join_votes([part[0] for _, part in voter.vote(batches)])


def hangs_on(rows, wait=time.sleep):
    return LabelingFunction("hangs", lambda x: wait(600) if int(x.text) in rows else 1)


def spin(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            sum(range(1_000))
        except Exception:
            return


@pytest.mark.parametrize("wait", [time.sleep, spin], ids=["sleeps", "spins"])
@pytest.mark.parametrize("size", [1, 12, 40])
def test_a_row_that_takes_too_long_costs_its_vote(wait, size):
    before = signal.getsignal(signal.SIGALRM)
    result = vote(hangs_on({13, 31}, wait), in_batches(40, size), time_limit=0.1)
    assert result.votes.tolist() == [-1 if row in (13, 31) else 1 for row in range(40)]
    assert [str(problem) for problem in result.problems.first] == [
        "row 13: took longer than 0.1 s",
        "row 31: took longer than 0.1 s",
    ]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_time_lost_is_limited(monkeypatch):
    monkeypatch.setattr(protocol, "MOST_SECONDS", 0.15)
    with pytest.raises(VoteError, match=r"LF 'hangs' spent .* longer than 0.1 s, the last of them row 6"):
        vote(hangs_on({3, 6, 9}), in_batches(12, 12), time_limit=0.1)


def test_no_time_limit_outside_the_main_thread():
    errors = []

    def run():
        try:
            vote(hangs_on(()), in_batches(3, 3), time_limit=1)
        except VoteError as error:
            errors.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == ["time_limit with workers=0 works in the main thread on Unix only; use workers=1"]


def test_how_long_a_labeling_function_may_take():
    row, batch = hangs_on(()), lexicon_lf("words", 1, ["word"])
    assert seconds_for(row, 1, 10) == seconds_for(row, 10_000, 10) == seconds_for(batch, 20, 10) == 10
    assert seconds_for(row, 50_000, 10) == seconds_for(batch, 100, 10) == 50
    assert seconds_for(row, 1, 10, is_first=True) == 100
    assert seconds_for(row, 1, None) == float("inf")
    assert (finer(row, 10_000), finer(batch, 10_000), finer(batch, 3)) == (1, 1_250, 1)


def test_batches_and_labeling_functions_keep_their_order():
    lfs = [lexicon_lf("six", 1, ["6"]), hangs_on(()), keyword_lf("seven", 0, ["7"])]
    batches = in_batches(9, 4)
    with Voter(lfs, top=2) as voter:
        result = list(voter.vote(iter(batches)))
        again = list(voter.vote(batches[:1]))
    assert [batch for batch, _ in result] == batches
    assert [[part.votes.tolist() for part in parts] for _, parts in result][1] == [
        [-1, -1, 1, -1],
        [1] * 4,
        [-1, -1, -1, 0],
    ]
    assert [part.votes.tolist() for part in again[0][1]] == [[-1] * 4, [1] * 4, [-1] * 4]


def test_a_batch_without_rows():
    assert vote(hangs_on(()), [Batch(pl.DataFrame({"text": []}, schema={"text": pl.String}))]).votes.tolist() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": -1}, "workers must be 0"),
        ({"time_limit": 0}, "time_limit must be a number of seconds above 0"),
        ({"time_limit": float("nan")}, "time_limit must be"),
        ({"memory_limit": 0}, "memory_limit must be"),
    ],
)
def test_wrong_numbers(options, message):
    with pytest.raises(VoteError, match=message):
        Voter([hangs_on(())], **options)


def test_a_guarded_process_is_asked_for_little_at_once_so_that_progress_is_seen(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(
        "from weaklabel import labeling_function\nLABELS = ('a', 'b')\n"
        "@labeling_function()\ndef odd(x):\n    return int(x.text) % 2 if int(x.text) != 30 else 1 / 0\n"
        "@labeling_function()\ndef big(x):\n    return 1 if int(x.text) > 50 else -1\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(voting, "ROWS_AT_FIRST", 4)
    lfs, result, seen = load_lfs(path), [], []

    class Told(Stage):
        def begin(self, n):
            super().begin(n)
            seen.append(n)

    for workers in (0, 1):
        messages = Told("voting")
        with Voter(list(lfs), top=2, pack=lfs, workers=workers) as voter:
            voter.stage = messages
            for batch, votes in voter.vote([*in_batches(100, 60), Batch(pl.DataFrame({"text": [""][:0]}), start=100)]):
                result.append([(lf.votes.tolist(), lf.problems) for lf in votes])
                messages.advance(len(batch))
        assert messages.done == 100 and messages.under_way == 0
    assert result[:3] == result[3:]
    assert result[0][0][1].first[0].row == 30
    assert seen.count(4) >= 1 and max(seen) > 4  # more at once where that goes fast


def test_the_slow_labeling_function_is_named(monkeypatch):
    monkeypatch.setattr(voting, "SLOW_SECONDS", 0.0)
    slow = LabelingFunction("slow", lambda x: -1 if sum(range(100_000)) else 1)
    with Voter([slow, LabelingFunction("fast", lambda x: 1)], top=2) as voter:
        voter.stage = task = Stage("voting")
        assert voter.slowest() is None
        list(voter.vote(in_batches(20, 10)))
        assert voter.slowest().startswith("slowest LF 'slow', ") and task.note == voter.slowest()
