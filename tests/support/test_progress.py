"""Progress: what is shown, where, and when; by a clock of the tests' own."""

import io
import os
import re
import sys
from types import SimpleNamespace

import pytest

from weaklabel.support import progress
from weaklabel.support.progress import Stage, finish, message, say, showing, stage


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_where_nobody_watches_a_stage_that_lasts_prints_a_line_and_one_every_ten_seconds(clock):
    out = io.StringIO()
    with showing(stream=out, clock=clock), stage("embedding", 100, "texts") as task:
        for clock.now in range(31):
            task.advance()
            if clock.now < progress.LASTING_SECONDS:
                assert not out.getvalue()
    lines = out.getvalue().splitlines()
    assert lines[0] == "weaklabel: embedding: 3%, 3 of 100 texts, 1.5 texts/s, 1:05 left"
    assert len(lines) == 3 and lines[1].startswith("weaklabel: embedding: 13%")


def test_short_stages_print_nothing_where_nobody_watches_but_what_they_are_part_of_does(clock):
    out = io.StringIO()
    with showing(stream=out, clock=clock), stage("benchmark", 10, "cells") as task:
        for clock.now in range(5):
            with stage("cell"):
                pass
            task.advance()
    assert [line.split(",")[0] for line in out.getvalue().splitlines()] == ["weaklabel: benchmark: 20%"]


def test_a_stage_that_cannot_count_shows_the_time_and_what_it_is_part_of(clock):
    out = io.StringIO()
    with showing(stream=out, clock=clock), stage("run", is_base=True), stage("train", 4, "models") as outer:
        outer.advance(2)
        with stage("fitting"):
            clock.now = 75
            progress._display.tick()
    assert out.getvalue() == "weaklabel: train 50%: fitting: 1:15 so far\n"


def test_a_base_stage_is_shown_while_no_other_is_open(clock):
    out = io.StringIO()
    with showing(stream=out, clock=clock), stage("suggest", is_base=True):
        clock.now = 3
        progress._display.tick()
    assert out.getvalue() == "weaklabel: suggest: 0:03 so far\n"


def test_a_terminal_gets_one_line_with_a_bar_that_goes_at_the_end(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    out = Terminal()
    with showing(stream=out, clock=clock), stage("voting", 200, "rows") as task:
        task.advance(50)
        assert not out.getvalue()  # what vanishes at once only distracts
        clock.now = 2.5
        task.advance(50)
        assert out.getvalue().endswith("voting: 50% [##########..........], 100 of 200 rows, 40 rows/s, 0:02 left")
        assert clock.now < 3
    assert out.getvalue().endswith("\r\x1b[K") and "\n" not in out.getvalue()


def test_a_line_that_stays_does_not_mix_with_the_live_one(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    with showing(stream=out, clock=clock), stage("voting", 2, "rows") as task:
        clock.now = 1.0
        task.advance()
        message("weaklabel: warning: mind the gap")
        assert out.getvalue().endswith("\r\x1b[Kweaklabel: warning: mind the gap\n")
        clock.now = 2.0
        task.advance()
        assert "2 of 2 rows" in out.getvalue().splitlines()[-1]
        finish()
        assert out.getvalue().endswith("\r\x1b[K")
        clock.now = 3.0
        task.advance()
        assert out.getvalue().endswith("\r\x1b[K")


def test_without_a_place_to_show_it_a_stage_only_counts(capsys):
    with showing(False), stage("voting", 2, "rows") as task:
        task.advance()
        say("never seen")
    assert task.done == 1
    assert capsys.readouterr() == ("", "")


def test_the_outermost_decides(clock):
    out, other = io.StringIO(), io.StringIO()
    with showing(stream=out, clock=clock):
        with showing(stream=other), showing(False):
            say("here")
        say("there")
    say("nowhere")
    assert out.getvalue() == "weaklabel: here\nweaklabel: there\n" and not other.getvalue()


def test_what_an_earlier_run_did_says_nothing_of_the_speed():
    task = Stage("voting", 100, "rows", clock=lambda: 0.0)
    task.skip(50)
    assert task.line(10) == "voting: 50%, 50 of 100 rows, 0:10 so far"
    task.advance(10)
    assert task.line(10) == "voting: 60%, 60 of 100 rows, 1 rows/s, 0:40 left"


def test_the_total_is_guessed_from_how_far_the_input_was_read_and_parts_under_way_count():
    task = Stage("voting", unit="rows", clock=lambda: 0.0)
    task.expect(50, 1_000, 4_000)
    task.begin(20)
    assert task.line(2) == "voting: 10%, 20 of about 200 rows, 10 rows/s, 0:18 left"
    task.begin(-20)
    task.advance(50)
    assert "50 of about 200 rows" in task.line(2)
    task.expect(190, 4_000, 4_000)
    assert "50 of 190 rows" in task.line(2)


def test_names_reach_a_terminal_without_control_characters():
    task = Stage("voting", clock=lambda: 0.0)
    task.note = "LF '\x1b[31mred\n'"
    assert not re.search(r"[\x00-\x1f]", task.line(1))


def test_a_stage_that_raises_is_closed(clock):
    out = io.StringIO()
    with showing(stream=out, clock=clock):
        with pytest.raises(ValueError, match="broken"), stage("voting"):
            raise ValueError("broken")
        clock.now = 5.0
        progress._display.tick()
    assert not out.getvalue()


def test_time_is_shown_while_the_work_counts_nothing(monkeypatch):
    """The real thread, which a stage waits for that does not count by itself."""
    monkeypatch.setattr(progress, "LASTING_SECONDS", 0.01)
    seen = progress.threading.Event()

    class Out(io.StringIO):
        def write(self, text):
            if "so far" in text:
                seen.set()
            return super().write(text)

    out = Out()
    with showing(stream=out), stage("idle"):
        assert seen.wait(60)
    assert out.getvalue().startswith("weaklabel: idle: ")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_shows_nothing_and_waits_for_no_lock(clock):
    out = io.StringIO()
    with showing(stream=out, clock=clock), progress._display._lock:
        child = os.fork()
        if not child:
            with stage("in the child") as task:
                task.advance()
            os._exit(0 if progress._display is None else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_a_notebook_gets_bars(clock, monkeypatch, capsys):
    import tqdm.auto  # noqa: F401  as it is outside a notebook: bars of text

    shell = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    with showing(clock=clock), stage("verb", is_base=True), stage("embedding", 200, "texts") as task:
        clock.now = 1.0
        task.advance(50)
        clock.now = 2.0
        task.advance(50)
        assert progress._display.ticker is None
        shown = capsys.readouterr()
    assert "embedding:  50%" in shown.err and "100/200" in shown.err and not shown.out
