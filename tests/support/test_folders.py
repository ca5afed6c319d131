"""Folders are replaced as a whole, whatever ends the process, and what is not ours in them stays."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from weaklabel.errors import WeakLabelError, WeakLabelWarning
from weaklabel.support import folders
from weaklabel.support.folders import recover_folder, remove_written, replaced_folder, written_files

MANIFEST = "manifest.json"


@pytest.fixture(params=["exchanged", "file by file"])
def way(request, monkeypatch):
    """Both ways in which a folder is replaced: in one step, and where the system cannot do that."""
    if request.param == "file by file":
        monkeypatch.setattr(folders, "_rename_exchange", lambda one, other: False)
    elif not sys.platform.startswith("linux"):
        pytest.skip("only Linux exchanges folders")
    return request.param


def fill(folder, number, **files):
    with replaced_folder(folder, MANIFEST) as new:
        (new / "deep" / "er").mkdir(parents=True)
        for name in ("same.txt", "deep/er/same.txt", f"only{number}.txt", f"deep/only{number}.txt", f"dir{number}"):
            (new / name).write_text(str(number))
        for name, text in files.items():
            (new / name).write_text(text)
        (new / MANIFEST).write_text("{}")


def names(folder):
    return [path.name for path in folder.iterdir()]


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def results(number):
    names = ["same.txt", "deep/er/same.txt", f"only{number}.txt", f"deep/only{number}.txt", f"dir{number}"]
    return dict.fromkeys(names, str(number))


def test_only_what_we_wrote_is_replaced(tmp_path, way):
    folder = tmp_path / "out"
    fill(folder, 1)
    (folder / "mine").mkdir()
    (folder / "mine" / "empty").mkdir()
    (folder / "deep" / "mine.txt").write_text("mine")
    (folder / "mine" / "notes.txt").write_text("mine")
    (folder / "link").symlink_to("nowhere")
    (folder / "mine").chmod(0o700)
    fill(folder, 2)
    result = contents(folder)
    assert (
        set(json.loads(result.pop(MANIFEST))["written"]) == {*results(2), MANIFEST} == written_files(folder, MANIFEST)
    )
    assert result == results(2) | {"deep/mine.txt": "mine", "mine/notes.txt": "mine"}
    assert (folder / "link").is_symlink() and (folder / "mine" / "empty").is_dir()
    assert (folder / "mine").stat().st_mode & 0o777 == 0o700
    assert names(tmp_path) == ["out"]
    remove_written(folder, MANIFEST)
    assert contents(folder) == {"deep/mine.txt": "mine", "mine/notes.txt": "mine"}


def test_a_file_of_others_with_the_name_of_a_new_one_is_kept(tmp_path, way):
    folder = tmp_path / "out"
    fill(folder, 1)
    (folder / "README.md").write_text("mine")
    for number, kept in ((2, ["README.md.kept"]), (3, ["README.md.kept"])):
        if number == 2:
            with pytest.warns(WeakLabelWarning, match=r"kept as README\.md\.kept"):
                fill(folder, number, **{"README.md": "new"})
        else:
            fill(folder, number, **{"README.md": "new"})
        assert [path.name for path in folder.glob("README.md.*")] == kept
        assert (folder / "README.md.kept").read_text() == "mine" and (folder / "README.md").read_text() == "new"


def test_without_a_list_files_of_the_same_name_are_ours(tmp_path, way):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / MANIFEST).write_text("{}")
    (folder / "same.txt").write_text("0")
    (folder / "other.txt").write_text("0")
    fill(folder, 1)
    result = contents(folder)
    del result[MANIFEST]
    assert result == results(1) | {"other.txt": "0"}


def test_what_others_write_meanwhile_is_kept(tmp_path, way, monkeypatch):
    folder = tmp_path / "out"
    fill(folder, 1)
    (folder / "log").write_text("a")
    (folder / "replaced").write_text("old")
    exchange = folders._rename_exchange
    with (folder / "log").open("a") as log:

        def late(one, other):
            # After the links were made, before the folders change places.
            (folder / "late").mkdir()
            (folder / "late" / "new.txt").write_text("new")
            (folder / "part").write_text("new")
            os.utime(folder / "part", (2e9, 2e9))
            (folder / "part").replace(folder / "replaced")
            done = exchange(one, other)
            log.write("b")
            log.flush()
            return done

        monkeypatch.setattr(folders, "_rename_exchange", late)
        fill(folder, 2)
        log.write("c")
    assert contents(folder) | {MANIFEST: ""} == results(2) | {
        MANIFEST: "",
        "log": "abc",
        "late/new.txt": "new",
        "replaced": "new",
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, WeakLabelError])
def test_after_an_error_the_old_content_is_there(tmp_path, way, error):
    folder = tmp_path / "out"

    def fail():
        with replaced_folder(folder, MANIFEST) as new:
            (new / "half.txt").write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == []
    fill(folder, 1)
    before = contents(folder)
    with pytest.raises(error):
        fail()
    assert contents(folder) == before and names(tmp_path) == ["out"]


def test_the_current_folder_stays_the_same(tmp_path, monkeypatch):
    fill(tmp_path / "out", 1)
    monkeypatch.chdir(tmp_path / "out")
    fill(Path(), 2)
    assert Path("same.txt").read_text() == "2" and not Path("only1.txt").exists()
    assert Path().samefile(tmp_path / "out")


def test_a_link_to_a_folder_is_followed(tmp_path, way):
    (tmp_path / "link").symlink_to("there/out")
    (tmp_path / "there").mkdir()
    for number in (1, 2):
        fill(tmp_path / "link", number)
        assert (tmp_path / "link").is_symlink() and (tmp_path / "there" / "out" / "same.txt").read_text() == str(number)
    assert names(tmp_path / "there") == ["out"]


def test_one_writer(tmp_path):
    folder = tmp_path / "out"
    with replaced_folder(folder, MANIFEST) as new:
        with (
            pytest.raises(WeakLabelError, match="another one writes"),
            replaced_folder(folder, MANIFEST, busy="another one writes"),
        ):
            pass
        recover_folder(folder, MANIFEST)  # leaves the other one alone
        waiting = threading.Thread(target=fill, args=(folder, 2))
        waiting.start()
        (new / MANIFEST).write_text("{}")
        (new / "1").write_text("")
    waiting.join()
    assert {MANIFEST, *results(2)} == set(contents(folder))
    assert names(tmp_path) == ["out"]


KILLED_EVERYWHERE = """
import os, signal, sys
from pathlib import Path
from tests.support import test_folders as test
from weaklabel.support import folders

where, way = Path(sys.argv[1]), sys.argv[2]
folders._sync = lambda folder: None  # a kill is no power cut
if way != "exchanged":
    folders._rename_exchange = lambda one, other: False

def killed_at(folder, number):
    "Fill the folder in a process that is killed at an event, and return whether it lived so long."
    child = os.fork()
    if child == 0:
        left = [number]
        def count(event, arguments):
            if event.startswith(("os.", "open", "shutil.", "ctypes.")):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        test.fill(folder, 2)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])

number, seen = 0, set()
while True:
    number += 1
    folder = where / str(number) / "out"
    test.fill(folder, 1)
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("mine")
    killed = killed_at(folder, number)
    if way == "exchanged":
        contents = test.contents(folder)
        contents.pop(folders.MARK, None)
        del contents[test.MANIFEST], contents["mine/notes.txt"]
        assert contents in (test.results(1), test.results(2)), (number, contents)
    folders.recover_folder(folder, test.MANIFEST)
    contents = test.contents(folder)
    contents.pop(folders.MARK, None)
    del contents[test.MANIFEST]
    new = contents == test.results(2) | {"mine/notes.txt": "mine"}
    assert new or contents == test.results(1) | {"mine/notes.txt": "mine"}, (number, contents)
    seen.add(new)
    test.fill(folder, 3)
    contents = test.contents(folder)
    del contents[test.MANIFEST]
    assert contents == test.results(3) | {"mine/notes.txt": "mine"}, (number, contents)
    assert os.listdir(folder.parent) == ["out"], (number, os.listdir(folder.parent))
    if not killed:
        break
print(number, seen)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("way_of_replacing", ["exchanged", "file by file"])
def test_killed_at_every_step(tmp_path, way_of_replacing):
    done = subprocess.run(
        [sys.executable, "-c", KILLED_EVERYWHERE, str(tmp_path), way_of_replacing],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    steps, _, seen = done.stdout.partition(" ")
    assert int(steps) > 50 and seen.strip() == "{False, True}"
