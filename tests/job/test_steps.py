"""Steps are done once, as long as what decides their results is the same; what was interrupted goes on."""

import json
import os
from pathlib import Path

import pytest

from weaklabel.errors import ConfigError, WeakLabelError
from weaklabel.job import steps
from weaklabel.job.journal import JOURNAL, Journal
from weaklabel.job.plan import plan_table
from weaklabel.job.steps import Pipeline, Step, UnknownStepError
from weaklabel.support.folders import unfinished_build
from weaklabel.support.progress import showing
from weaklabel.support.warn import warn

MANIFEST = "manifest.json"


class Shared:
    """What the steps of these tests get."""

    def __init__(self, folder, work, records):
        self.folder = folder
        self.work = work
        self.records = records


DONE: list[str] = []
"""Which steps were done, in order."""

FAILING: dict[str, BaseException] = {}

PREFIX: dict[str, str] = {}
"""What a step writes before its text, by its name."""


def do(shared, name, *sources):
    """Join what the steps before wrote, in a way that leaves something to go on with."""
    DONE.append(name)
    (shared.work / "begun").write_text(f"{len(list(shared.work.iterdir()))}")
    if name in FAILING:
        raise FAILING.pop(name)
    text = "".join((shared.folder / source).read_text() for source in sources)
    (shared.folder / f"{name}.txt").write_text(f"{text}{PREFIX.get(name, '')}{name} ")
    (shared.folder / f"more {name}").mkdir()
    (shared.folder / f"more {name}" / "deep.txt").write_text(name)


def step(name, *after, **given):
    outputs = {f"{name}.txt": "a text", f"more {name}": "", f"{name} that is not always there": ""}
    return Step(name, do, outputs, after, (name, *(f"{other}.txt" for other in after)), **given)


def three(**given):
    """Return three steps: two sources, and one that joins them."""
    return [step("a", **given.get("a", {})), step("b", **given.get("b", {})), step("c d", "a", "b")]


@pytest.fixture(autouse=True)
def _nothing_done():
    DONE.clear()
    FAILING.clear()
    PREFIX.clear()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def finish(shared):
    (shared.folder / MANIFEST).write_text("{}")


def run(out, listed, again=None):
    """Do what is not done, and return what was done."""
    DONE.clear()
    Pipeline(listed, out, MANIFEST, again).run(Shared, finish, "busy")
    return list(DONE)


def plan(out, listed, again=None):
    return {result.name: (result.state, *result.why) for result in Pipeline(listed, out, MANIFEST, again).plan()}


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (JOURNAL, MANIFEST)
    }


def names(folder):
    return [path.name for path in folder.iterdir()]


WHOLE = {
    "a.txt": "a ",
    "b.txt": "b ",
    "c d.txt": "a b c d ",
    "more a/deep.txt": "a",
    "more b/deep.txt": "b",
    "more c d/deep.txt": "c d",
}


def test_what_is_done_is_not_done_again(out):
    assert plan(out, three()) == {"a": ("to do",), "b": ("to do",), "c d": ("to do",)}
    assert run(out, three()) == ["a", "b", "c d"]
    assert content(out) == WHOLE
    assert plan(out, three()) == {"a": ("done",), "b": ("done",), "c d": ("done",)}
    assert run(out, three()) == []
    assert content(out) == WHOLE and names(out.parent) == ["out"]


def test_only_what_depends_on_a_change_is_done_again(out):
    run(out, three(a={"settings": {"n": 1, "same": None}}))
    changed = three(a={"settings": {"n": 2, "other": "x", "same": None}})
    reasons = ("n 1 -> 2", 'other (default) -> "x"')
    assert plan(out, changed) == {"a": ("stale", *reasons), "b": ("done",), "c d": ("stale", "a is stale")}
    assert run(out, changed) == ["a", "c d"]
    assert content(out) == WHOLE


@pytest.mark.parametrize("way", ["linked", "copied"])
def test_results_that_are_taken_over_are_not_written_anew(out, monkeypatch, way):
    run(out, three())
    before = (out / "b.txt").stat()
    if way == "copied":
        monkeypatch.setattr(steps.os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    assert run(out, three(a={"settings": {"n": 2}})) == ["a", "c d"]
    after = (out / "b.txt").stat()
    assert after.st_mtime_ns == before.st_mtime_ns and (after.st_ino == before.st_ino) == (way == "linked")


def test_a_step_depends_on_its_code_and_on_packages(out, monkeypatch):
    run(out, three())
    code = steps.code_of(do)
    assert do.__qualname__ in code.rooms and "python" in code.packages
    monkeypatch.setattr(steps, "code_of", lambda *_: steps.Code(code.rooms, code.packages | {"python": "2.7"}))
    states = plan(out, three())
    assert states["a"][0] == "stale" and states["a"][1].startswith("package python ") and "-> 2.7" in states["a"][1]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_text("other"), "was changed"),
        (lambda path: path.write_text("b"), "was changed"),
    ],
)
def test_damaged_results_are_made_again(out, damage, reason):
    run(out, three())
    damage(out / "more a" / "deep.txt")
    states = plan(out, three())
    assert states["a"] == ("stale", f"more a/deep.txt {reason}") and states["b"] == ("done",)
    assert run(out, three()) == ["a"], "it came out as it was, so that what depends on it is good"
    assert content(out) == WHOLE
    assert set(plan(out, three()).values()) == {("done",)}


def test_after_a_step_that_came_out_as_it_was_the_next_is_not_done_again(out, capsys):
    """Neither with results of the finished run, nor with those of an interrupted one."""
    four = [*three(), step("e", "c d")]
    run(out, four)
    (out / "a.txt").write_text("other")
    DONE.clear()
    with showing(True):
        Pipeline(four, out, MANIFEST).run(Shared, finish, "busy")
    assert DONE == ["a"]
    assert "c d: not run again, since what it reads came out the same" in capsys.readouterr().err

    changed = [*three(a={"settings": {"n": 2}}), step("e", "c d")]
    FAILING["e"] = ConfigError("no")
    with pytest.raises(ConfigError):
        run(out, changed)
    (unfinished_build(out) / "a.txt").unlink()
    assert run(out, changed) == ["a", "e"]
    assert content(out) == WHOLE | {"e.txt": "a b c d e ", "more e/deep.txt": "e"}


def test_a_result_that_was_only_touched_is_good(out):
    run(out, three())
    os.utime(out / "a.txt", (0, 0))
    assert plan(out, three())["a"] == ("done",)


@pytest.mark.parametrize(
    "damage",
    ["", "{}", "[1]", '{"format": "weaklabel steps 1", "steps": {"a": {"identity": 1}}}']
    + [
        '{"format": "weaklabel steps 1", "steps": {"a": {"identity": "1", "basis": {}, "read": {}, "is_done": true, '
        '"seconds": "2", "outputs": {"a.txt": {"size": "3", "changed": 4, "content": "5"}}}}}'
    ],
)
def test_a_damaged_journal_is_not_trusted(out, damage):
    run(out, three())
    (out / JOURNAL).write_text(damage)
    states = plan(out, three())
    assert states["a"][0] == "to do" and states["a"][1] == f"{out / JOURNAL} is damaged"
    assert run(out, three()) == ["a", "b", "c d"]
    assert content(out) == WHOLE


def test_a_journal_of_another_format_is_not_read(out):
    run(out, three())
    (out / JOURNAL).write_text(json.dumps({"format": "weaklabel steps 0", "steps": {}}))
    assert plan(out, three())["a"] == ("to do", f"{out / JOURNAL} is of another version of weaklabel")
    assert run(out, three()) == ["a", "b", "c d"]
    assert content(out) == WHOLE


@pytest.mark.parametrize("error", [ConfigError("the reason"), OSError(28, "No space left on device", "a.txt")])
def test_a_failure_says_which_step_and_what_is_kept(out, error):
    FAILING["b"] = error
    with pytest.raises(WeakLabelError) as raised:
        run(out, three())
    message = str(raised.value)
    assert message.startswith("step 'b' failed: ") and "\n" not in message
    assert (
        "the reason" in message or "a.txt: No space left on device" in message
    ) and "the same command resumes there" in message
    assert type(raised.value) is (ConfigError if isinstance(error, ConfigError) else WeakLabelError)
    assert not out.exists()
    assert plan(out, three()) == {
        "a": ("done",),
        "b": ("to do", "begun before: it resumes there"),
        "c d": ("to do",),
    }
    assert run(out, three()) == ["b", "c d"]
    assert content(out) == WHOLE and names(out.parent) == ["out"]


def test_an_interruption_keeps_what_a_step_may_go_on_with(out):
    work = unfinished_build(out) / steps.WORK / "c-d" / "begun"
    for times in (1, 2):
        FAILING["c d"] = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            run(out, three())
        assert work.read_text() == str(times - 1)
    FAILING["c d"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(out, three(a={"settings": {"n": 2}}))
    assert work.read_text() == "0", "what was begun for another result must not be used"


def test_an_interrupted_run_says_in_which_step(out, capsys):
    FAILING["b"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), showing(True):
        run(out, three())
    said = "weaklabel: interrupted in step 'b'; what is done so far is kept: the same command resumes there"
    assert said in capsys.readouterr().err
    assert run(out, three()) == ["b", "c d"]


def test_nothing_stays_of_a_run_that_did_nothing(out):
    FAILING["a"] = ConfigError("no")
    with pytest.raises(ConfigError):
        run(out, three())
    assert names(out.parent) == []


def test_old_results_stay_until_the_new_are_whole(out):
    run(out, three())
    before = content(out)
    FAILING["c d"] = ConfigError("no")
    with pytest.raises(ConfigError):
        run(out, three(a={"settings": {"n": 2}}))
    assert content(out) == before
    assert plan(out, three()) == {"a": ("done",), "b": ("done",), "c d": ("done",)}
    assert run(out, three(a={"settings": {"n": 2}})) == ["c d"]
    assert content(out) == WHOLE


def test_a_step_is_asked_for_again(out):
    run(out, three())
    assert plan(out, three(), "b") == {
        "a": ("done",), "b": ("stale", "it was asked for"), "c d": ("stale", "it was asked for")
    }  # fmt: skip
    assert run(out, three(), "b") == ["b", "c d"]
    assert run(out, three(), "c") == ["c d"], "the first word stands for all steps that begin with it"
    assert run(out, three(), "") == ["a", "b", "c d"]
    with pytest.raises(UnknownStepError, match=r"no step 'x'; the steps are a, b, c d"):
        run(out, three(), "x")


def test_a_step_that_came_out_otherwise_is_passed_on(out):
    """The votes of a labeling function that asks a clock, for example."""
    run(out, three())
    (out / "a.txt").unlink()
    (out / "b.txt").unlink()
    PREFIX["a"] = "another "
    FAILING["b"] = ConfigError("no")
    with pytest.raises(ConfigError):
        run(out, three())
    assert plan(out, three())["c d"] == ("stale", "a has another result")
    assert run(out, three()) == ["b", "c d"]
    assert content(out)["c d.txt"] == "another a b c d "


def test_results_of_steps_that_are_no_more_are_removed_and_others_are_kept(out):
    run(out, three())
    (out / "mine.txt").write_text("mine")
    assert run(out, [step("a")]) == []
    assert content(out) == {"a.txt": "a ", "more a/deep.txt": "a", "mine.txt": "mine"}
    assert set(json.loads((out / JOURNAL).read_text())["steps"]) == {"a"}


def test_what_a_kill_left_in_the_build_is_removed(out):
    FAILING["b"] = ConfigError("no")
    with pytest.raises(ConfigError):
        run(out, three())
    build = unfinished_build(out)
    for name in (".a.txt.0123456789ab.part", "stray/file", "b.txt"):
        (build / name).parent.mkdir(exist_ok=True)
        (build / name).write_text("left")
    run(out, three())
    assert content(out) == WHOLE


def warning(shared, message):
    warn(message)
    (shared.folder / "w.txt").write_text(message)


def test_warnings_and_times_are_kept_with_the_step(out):
    listed = [Step("w", warning, {"w.txt": ""}, arguments=("careful",)), step("a")]
    with pytest.warns(UserWarning, match="careful"):
        run(out, listed)
    records = Journal(out).records
    assert records["w"].warnings == ["careful"] and records["a"].warnings == []
    run(out, [listed[0], step("a", settings={"n": 1})])
    assert Journal(out).records["w"] == records["w"]


def test_the_plan_as_a_table(out):
    run(out, three())
    text = plan_table(Pipeline(three(a={"settings": {"n": 2}}), out, MANIFEST).plan())
    lines = text.splitlines()
    assert lines[0].split() == ["step", "state", "size", "took", "why"]
    assert lines[2].split()[:4] == ["a", "stale", "3", "B"] and lines[2].endswith("n (default) -> 2")
    assert lines[3].split()[:2] == ["b", "done"]


def test_only_one_at_a_time(out):
    class Busy(Exception):
        pass

    def second(*_):
        with pytest.raises(WeakLabelError, match="another one"):
            Pipeline(three(), out, MANIFEST).run(Shared, finish, "another one")
        raise Busy

    with pytest.raises(Busy):
        Pipeline([Step("s", second, {})], Path(out), MANIFEST).run(Shared, finish, "busy")
