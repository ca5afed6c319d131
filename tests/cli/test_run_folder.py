"""What a run does to its folder: earlier results stay until the new ones are whole, and nothing else is touched."""

import json
import os
import random
import subprocess
import sys

import pytest

from weaklabel.cli import run as run_verb
from weaklabel.cli.printing import Printing
from weaklabel.config import read_project
from weaklabel.job.journal import JOURNAL
from weaklabel.job.steps import Pipeline
from weaklabel.project.folder import MANIFEST, RESULTS
from weaklabel.support.folders import replaced_folder

BROKEN = """
@labeling_function()
def breaks(x):
    raise ValueError("no")
"""


@pytest.fixture
def project(tmp_path, corpus, pack):
    path = tmp_path / "project.toml"
    path.write_text(
        'out = "run"\n[corpus]\npath = "messages.csv"\n[lfs]\nuse = ["./mine.py"]\nworkers = 0\nerror_budget = 0.0\n'
        '[label_model]\nname = "majority"\n[classifier]\nname = "linear"\n',
        encoding="utf-8",
    )
    return path


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")


BUILD = ".run.weaklabel-new"


def test_after_a_failed_run_the_earlier_results_are_there(weaklabel, project, pack, tmp_path):
    good = pack.read_text(encoding="utf-8")
    pack.write_text(good + BROKEN, encoding="utf-8")
    assert weaklabel("run", project).code == 1
    assert names(tmp_path) == [BUILD, "messages.csv", "mine.py", "project.toml"]
    pack.write_text(good, encoding="utf-8")
    assert weaklabel("run", project).code == 0
    before = contents(tmp_path / "run")
    pack.write_text(good + BROKEN, encoding="utf-8")
    assert weaklabel("run", project).code == 1
    assert contents(tmp_path / "run") == before
    assert names(tmp_path) == [BUILD, "messages.csv", "mine.py", "project.toml", "run"]
    pack.write_text(good, encoding="utf-8")
    assert weaklabel("run", project).code == 0
    assert contents(tmp_path / "run") == before


def test_a_run_replaces_its_own_files_and_keeps_others(weaklabel, project, tmp_path, corpus):
    gold = '[gold]\ncolumn = "truth"\n'
    plain = project.read_text(encoding="utf-8")
    corpus.write_text(corpus.read_text() + "024,a great day to say thanks,\n025,broken again,\n")
    project.write_text(plain + gold, encoding="utf-8")
    assert weaklabel("run", project).code == 0
    folder = tmp_path / "run"
    assert (folder / "scores.json").exists()
    for name in ("review/decisions.jsonl", "data/mine.csv", "project.toml", "notes.txt", "models/linear/mine.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")
    project.write_text(plain, encoding="utf-8")
    done = weaklabel("run", project)
    assert done.code == 0, done.err
    assert not (folder / "scores.json").exists()
    manifest = json.loads((folder / MANIFEST).read_text())
    mine = contents(folder).keys() - set(manifest["written"])
    assert {(folder / name).read_text() for name in mine} == {"mine"} and len(mine) == 5
    assert {name.split("/")[0] for name in manifest["written"]} <= RESULTS
    assert names(tmp_path) == ["messages.csv", "mine.py", "project.toml", "run"]


def test_decisions_made_while_it_runs_are_kept(weaklabel, project, pack, tmp_path):
    assert weaklabel("run", project).code == 0
    (tmp_path / "run" / "review").mkdir()
    log = tmp_path / "run" / "review" / "decisions.jsonl"
    log.write_text("1\n")
    writes = f"""
@labeling_function()
def decides(x):
    with open({str(log)!r}, "a") as file:
        file.write("2\\n")
    return ABSTAIN
"""
    pack.write_text(pack.read_text(encoding="utf-8") + writes, encoding="utf-8")
    assert weaklabel("run", project).code == 0
    assert set(log.read_text().split()) == {"1", "2"}


def test_one_run_at_a_time(weaklabel, project, tmp_path):
    assert weaklabel("run", project).code == 0
    before = contents(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt), replaced_folder(tmp_path / "run", MANIFEST):
        assert weaklabel("run", project).code == 0  # there is nothing to do
        done = weaklabel("run", project, "--force")
        assert done.code == 1 and "another run is writing" in done.err.splitlines()[-1]
        raise KeyboardInterrupt
    assert contents(tmp_path / "run") == before
    assert weaklabel("run", project).code == 0


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
@pytest.mark.parametrize("kind", ["corpus", "link", "pack", "gold", "project", "base"])
def test_inputs_among_the_results_are_refused(weaklabel, project, pack, corpus, tmp_path, kind, dry_run):
    assert weaklabel("run", project).code == 0
    folder, text = tmp_path / "run", project.read_text(encoding="utf-8")
    file = project
    if kind == "corpus":
        text = text.replace("messages.csv", "run/labeled.csv")
    elif kind == "link":
        (tmp_path / "link.csv").symlink_to(folder / "labeled.csv")
        text = text.replace("messages.csv", "link.csv")
    elif kind == "pack":
        pack.rename(folder / "models" / "mine.py")
        text = text.replace("./mine.py", "run/models/mine.py")
    elif kind == "gold":
        text += '[gold]\npath = "run/labeled.csv"\n'
    elif kind == "base":
        text = text.replace('"linear"', f'"bert"\nmodel = "{folder / "models" / "linear"}"')
    else:
        text = text.replace('"run"', '"."').replace('"./', '"../../').replace('"messages', '"../../messages')
        file = folder / "training" / "project.toml"
        file.parent.mkdir()
        text = text.replace('"."', '".."')
    file.write_text(text, encoding="utf-8")
    before = contents(tmp_path)
    done = weaklabel("run", file, *dry_run)
    assert done.code == 1 and "is an input, and is where the run writes its results" in done.err
    assert contents(tmp_path) == before


def test_inputs_that_a_run_does_not_touch_may_lie_in_its_folder(weaklabel, project, corpus, tmp_path):
    folder = tmp_path / "run"
    (folder / "data").mkdir(parents=True)
    corpus.rename(folder / "data" / "messages.csv")
    project.rename(folder / "project.toml")
    text = (folder / "project.toml").read_text().replace('"run"', '"."')
    (folder / "project.toml").write_text(text.replace("messages.csv", "data/messages.csv").replace("./mine", "../mine"))
    for _ in range(2):
        assert weaklabel("run", folder / "project.toml").code == 0
        assert (folder / "labeled.csv").exists() and (folder / "data" / "messages.csv").exists()


def test_the_current_folder_may_be_the_run_folder(weaklabel, project, tmp_path, monkeypatch):
    assert weaklabel("run", project).code == 0
    monkeypatch.chdir(tmp_path / "run")
    done = weaklabel("run", "../project.toml")
    assert done.code == 0, done.err
    assert (tmp_path / "run" / MANIFEST).samefile(MANIFEST)


def test_results_are_where_the_verb_says(project, tmp_path, capsys):
    from weaklabel.project.run import run_project

    result = run_project(read_project(project))
    run_verb.show_run(result, Printing(json=True))
    shown = json.loads(capsys.readouterr().out)
    assert shown["folder"] == str(tmp_path / "run") and set(shown["files"]) >= {"labeled.csv", MANIFEST}
    assert ".weaklabel" not in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
@pytest.mark.parametrize("verb", ["run", "train"])
def test_a_full_disk_leaves_the_old_results(weaklabel, project, pack, corpus, tmp_path, verb):
    folder = tmp_path / ("run" if verb == "run" else "model")
    train = ["train", corpus, "--lfs", pack, "--classifier", "linear", "--label-model", "majority", "-o", folder]
    arguments = ["run", project] if verb == "run" else [*train, "--workers", "0"]
    assert weaklabel(*arguments).code == 0
    before = contents(folder)
    if verb == "run":
        arguments.append("--force")
    for kib in (1, 30) if verb == "run" else (1,):
        line = f'ulimit -f {kib}; exec "$@"'
        command = ["bash", "-c", line, "bash", sys.executable, "-m", "weaklabel", *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        )
        assert done.returncode == 1 and "File too large" in done.stderr and "Traceback" not in done.stderr
        assert contents(folder) == before
        # What a run has done is kept for the next one.
        assert {name for name in names(tmp_path) if "weaklabel-" in name} <= ({BUILD} if verb == "run" else set())
    assert weaklabel(*arguments).code == 0
    assert not [name for name in names(tmp_path) if "weaklabel-" in name]


KILLED = """
import os, signal, sys
from weaklabel import cli

place, left = sys.argv[1], [int(sys.argv[2])]
count = 0

def hook(event, arguments):
    global count
    if event.startswith(("open", "os.", "shutil.")) and any(place in str(argument) for argument in arguments):
        count += 1
        if count == left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
try:
    cli.main(sys.argv[3:])
finally:
    if left[0] == 0:
        print("events", count, file=sys.stderr)
"""


def killed_runs(place, folder, arguments, *, after, number, seed):
    """Kill a command at ``number`` moments, and check after each that what it replaces is whole, old or new."""

    def start(at):
        # The name of the place is part of all paths in question, also of the hidden folders.
        command = [sys.executable, "-c", KILLED, str(place), str(at), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=place)

    old = contents(folder)
    after(1)
    done = start(0)
    assert done.returncode == 0, done.stderr
    total, new = int(done.stderr.rpartition("events ")[2]), contents(folder)
    # Reports and manifests tell times.
    messages = ("report.md", "report.html", MANIFEST, "weaklabel.json", JOURNAL)
    changing = {name for name in old if old.get(name) != new.get(name) and not name.endswith(messages)}
    assert changing
    moments = sorted({*random.Random(seed).sample(range(1, total), number - 1), total - 1})
    for moment in moments:
        after(0)
        assert start(0).returncode == 0
        after(1)
        assert start(moment).returncode < 0
        result = contents(folder)
        same = {all(result.get(name) == version.get(name) for name in changing) for version in (old, new)}
        assert True in same, f"neither old nor new after a kill at event {moment} of {total}"
        done = start(0)
        assert done.returncode == 0, done.stderr
        result = contents(folder)
        assert all(result.get(name) == new.get(name) for name in changing)
        assert not [name for name in names(folder.parent) if "weaklabel-" in name]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("number", [2, pytest.param(25, marks=pytest.mark.long)])
@pytest.mark.parametrize("verb", ["run", "train"])
def test_a_kill_leaves_old_or_new_results(weaklabel, project, pack, corpus, tmp_path, verb, number):
    given = pack.read_text(encoding="utf-8")

    def edit(version):
        pack.write_text(given.replace('["thanks"', '["shop", "thanks"') if version else given, encoding="utf-8")

    if verb == "run":
        folder, arguments = tmp_path / "run", ["run", project]
    else:
        folder = tmp_path / "model"
        arguments = ["train", corpus, "--lfs", pack, "--classifier", "linear", "--workers", "0", "-o", folder]
        arguments += ["--label-model", "majority"]
    assert weaklabel(*arguments).code == 0
    killed_runs(tmp_path, folder, arguments, after=edit, number=number, seed=number)


def test_a_run_makes_its_plan_once(weaklabel, project, monkeypatch):
    made = []
    plan = Pipeline.plan
    monkeypatch.setattr(Pipeline, "plan", lambda pipeline: made.append(pipeline) or plan(pipeline))
    for number in (1, 2):
        assert weaklabel("run", project).code == 0
        assert len(made) == number
