"""The file of decisions: nothing that was acknowledged is lost, whatever happens to the process."""

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from weaklabel.decisions import Decision, DecisionLog, is_decision_file, latest_of, now, read_decisions, text_hash
from weaklabel.errors import WeakLabelError, WeakLabelWarning


def decision(row, label="ham", reviewer="ann", text=None, **more):
    return Decision(row, text_hash(text or f"text {row}"), label, reviewer, now(), **more)


@pytest.fixture
def log(tmp_path):
    return DecisionLog(tmp_path / "review" / "decisions.jsonl")


def test_decisions_come_back_as_they_were_made(log):
    made = [decision(3, "ham"), decision(4, None, "Zoë", sample="random-10-0", note="two\nlines ‮ \ud800")]
    for cell in made:
        log.append(cell)
    assert log.decisions() == made
    assert DecisionLog(log.path).decisions() == made
    assert len(log.path.read_bytes().splitlines()) == 2


def test_a_log_without_a_file_is_empty(log):
    assert log.decisions() == []
    assert not log.path.exists()


def test_a_reader_sees_what_others_append(log):
    reader = DecisionLog(log.path)
    log.append(decision(0))
    assert len(reader.decisions()) == 1
    log.append(decision(1))
    assert [item.row for item in reader.decisions()] == [0, 1]


def test_what_was_said_last_counts(log):
    for label in ("ham", "spam", None):
        log.append(decision(7, label))
    log.append(decision(7, "ham", "bob"))
    assert {pair[1]: item.label for pair, item in log.latest().items()} == {"ann": None, "bob": "ham"}
    assert log.latest() == latest_of(log.decisions())


def test_a_torn_last_line_costs_nothing_else(log):
    log.append(decision(0))
    with log.path.open("ab") as file:
        file.write(b'{"row": 1, "text_sha')
    with pytest.warns(WeakLabelWarning, match="line 2 is skipped: it is not finished"):
        assert [item.row for item in DecisionLog(log.path).decisions()] == [0]
    log.append(decision(2))
    with pytest.warns(WeakLabelWarning, match="line 2 is skipped"):
        assert [item.row for item in DecisionLog(log.path).decisions()] == [0, 2]


def test_a_damaged_line_is_told_once(log):
    log.append(decision(0))
    with log.path.open("ab") as file:
        file.write(b'[1]\n{"row": "x", "text_sha256": "", "label": "a", "reviewer": "b", "time": ""}\n\xff\n')
    with pytest.warns(WeakLabelWarning) as caught:
        assert len(log.decisions()) == 1
        assert len(log.decisions()) == 1
    assert len([each for each in caught if each.category is WeakLabelWarning]) == 3


def test_fields_of_a_later_version_are_left_alone(log):
    log.append(decision(0))
    line = json.loads(log.path.read_text(encoding="utf-8")) | {"mood": "good"}
    log.path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert DecisionLog(log.path).decisions()[0].row == 0


def test_a_file_that_became_shorter_is_refused(log):
    log.append(decision(0))
    log.decisions()
    log.path.write_bytes(b"")
    with pytest.raises(WeakLabelError, match="became shorter"):
        log.decisions()


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WeakLabelError, match="cannot write the decision"):
        DecisionLog(tmp_path / "file" / "decisions.jsonl").append(decision(0))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_a_sentence():
    with pytest.raises(WeakLabelError, match="No space left"):
        DecisionLog("/dev/full").append(decision(0))


def test_threads_append_whole_lines(log):
    def work(name):
        for row in range(25):
            log.append(decision(row, reviewer=name, note="x" * 5000))

    threads = [threading.Thread(target=work, args=(f"reviewer {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.latest()) == 100


LOOP = """
import sys
from weaklabel.decisions import Decision, DecisionLog, now, text_hash
log = DecisionLog(sys.argv[1])
for row in range(100_000):
    log.append(Decision(row, text_hash(str(row)), "ham", sys.argv[2], now(), note="n" * 3000))
    print(row, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(log):
    loops = [
        subprocess.Popen([sys.executable, "-c", LOOP, str(log.path), name], stdout=subprocess.PIPE, text=True)
        for name in ("ann", "bob")
    ]
    for loop in loops:
        for _ in range(20):
            assert loop.stdout.readline()
    for loop in loops:
        os.kill(loop.pid, signal.SIGKILL)
    acknowledged = [20 + len(loop.stdout.read().split()) for loop in loops]
    for loop in loops:
        loop.wait()
        loop.stdout.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)  # of a line that the kill may have torn
        result = DecisionLog(log.path).decisions()
    for name, count in zip(("ann", "bob"), acknowledged, strict=True):
        rows = [part.row for part in result if part.reviewer == name]
        assert rows == list(range(len(rows)))
        assert len(rows) >= count
    log.append(decision(1, reviewer="cem"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)
        assert log.decisions()[-1].reviewer == "cem"


def test_a_file_of_decisions_is_told_from_others(log, tmp_path):
    log.append(decision(0))
    corpus = tmp_path / "gold.jsonl"
    corpus.write_text('{"text": "see you", "label": "ham"}\n', encoding="utf-8")
    assert is_decision_file(log.path)
    assert not is_decision_file(corpus)
    assert not is_decision_file(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "the decision file .* does not exist"), ("", "holds no decision")]
)
def test_reading_no_decisions_is_a_sentence(tmp_path, content, message):
    path = tmp_path / "decisions.jsonl"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(WeakLabelError, match=message):
        read_decisions(path)
