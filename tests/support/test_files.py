"""Files are whole or not there; links and devices stay what they are; no output is an input."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from weaklabel.errors import WeakLabelError
from weaklabel.support.files import (
    atomic_path,
    check_file_path,
    check_outputs,
    is_stdout,
    is_stream,
    move_file,
    remove_partial_files,
    write_text,
)


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(WeakLabelError, match="it is a folder; choose another path"):
        write_text(tmp_path, "text")
    with pytest.raises(WeakLabelError, match="it is a folder"):
        check_file_path(tmp_path)


def test_a_socket_is_not_replaced(tmp_path, monkeypatch):
    import socket

    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(WeakLabelError, match="not a regular file, a pipe or a character device"):
            write_text("socket", "text")
        assert (tmp_path / "socket").is_socket()


def test_a_pipe_gets_the_bytes(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "text")
    reader.join()
    assert got == ["text"] and pipe.is_fifo()


def test_a_device_gets_the_bytes():
    write_text("/dev/null", "text")
    assert Path("/dev/null").is_char_device() and is_stream("/dev/null")
    with pytest.raises(WeakLabelError, match="cannot write /dev/full: No space left"):
        write_text("/dev/full", "text")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_an_open_file_is_written_on_and_not_replaced(tmp_path, name):
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = (
        f"from weaklabel.support.files import *; print('before'); assert is_stdout({name!r}); "
        f"write_text({name!r}, 'text\\n'); print('after')"
    )
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "before\ntext\nafter\n"
    assert not is_stdout("/dev/stderr") and is_stream("-")


def test_a_symbolic_link_is_written_through(tmp_path):
    (tmp_path / "there").mkdir()
    target, link, second = tmp_path / "there" / "out.txt", tmp_path / "link", tmp_path / "second"
    link.symlink_to("there/out.txt")
    second.symlink_to(link)
    for text in ("new", "replaced"):  # first without a target
        write_text(second, text)
        assert target.read_text() == text
        assert link.is_symlink() and second.is_symlink()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["link", "out.txt", "second", "there"]
    (tmp_path / "made").write_text("moved")
    move_file(tmp_path / "made", link)
    assert link.is_symlink() and target.read_text() == "moved"


def test_links_that_lead_nowhere_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "gone").symlink_to("no/such/file")
    with pytest.raises(WeakLabelError, match="a loop of symbolic links"):
        check_file_path(tmp_path / "a")
    with pytest.raises(WeakLabelError, match=r"the folder .*no/such does not exist"):
        check_file_path(tmp_path / "gone")
    with pytest.raises(WeakLabelError, match="cannot write"):
        write_text(tmp_path / "gone", "text")
    assert (tmp_path / "gone").is_symlink()


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "out.txt"
    write_text(file, "old")
    with pytest.raises(ValueError, match="half"), atomic_path(file) as part:
        part.write_text("half")
        raise ValueError("half")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_permissions_are_kept(tmp_path):
    file = tmp_path / "private"
    write_text(file, "old")
    file.chmod(0o600)
    write_text(file, "new")
    assert file.stat().st_mode & 0o777 == 0o600


def links_to(file, folder, monkeypatch):
    """Give every other way to name a file."""
    monkeypatch.chdir(folder)
    (folder / "sym").symlink_to(file)
    (folder / "sym2").symlink_to("sym")
    (folder / "hard").hardlink_to(file)
    return [file, folder / "sym", "sym2", "hard", file.name, f"../{folder.name}/{file.name}"]


def test_no_output_is_an_input(tmp_path, monkeypatch):
    file = tmp_path / "in.csv"
    file.write_text("text\n")
    for name in links_to(file, tmp_path, monkeypatch):
        with pytest.raises(WeakLabelError, match="is the corpus: write"):
            check_outputs(["new.csv", None, name], {"gold": ["elsewhere"], "the corpus": [file]})
    check_outputs(["new.csv", "-", "/dev/null"], {"the corpus": [file, "/dev/null", "missing"]})


def test_standard_output_may_be_an_input(tmp_path):
    (tmp_path / "in.csv").write_text("text\n")
    code = "from weaklabel.support.files import *; check_outputs(['-'], {'the corpus': ['in.csv']})"
    with (tmp_path / "in.csv").open("ab") as out:
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stdout=out, stderr=subprocess.PIPE, text=True)
    assert "standard output is the corpus: write to another file" in done.stderr


def test_a_file_of_an_input_folder_is_an_input(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("")
    (tmp_path / "model2").mkdir()
    (tmp_path / "model2" / "weights").write_text("")
    with pytest.raises(WeakLabelError, match="weights is part of the model"):
        check_outputs([model / "weights"], {"the model": [model]})
    with pytest.raises(WeakLabelError, match="model is the model: write to another folder"):
        check_outputs([model], {"the model": [model]})
    check_outputs([model / "new", tmp_path / "model2" / "weights"], {"the model": [model]})


def test_two_outputs_are_two_files(tmp_path):
    (tmp_path / "link").symlink_to("same")
    with pytest.raises(WeakLabelError, match="are the same file: give each output its own file"):
        check_outputs([tmp_path / "same", tmp_path / "link"], {})
    check_outputs([tmp_path / "same", tmp_path / "other", "-", "-"], {})


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path):
    kept = ["scores.json", ".scores.json", "out-0.part", ".notes.part", "deep/x"]
    left = [".scores.json.0123456789ab.part", "deep/.scores.json.ba9876543210.part"]
    for name in kept + left:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    other = tmp_path / ".scores.json.gz.0123456789ab.part"
    other.write_text("")
    remove_partial_files(tmp_path, "scores.json")
    assert other.exists() and not (tmp_path / left[0]).exists() and (tmp_path / left[1]).exists()
    remove_partial_files(tmp_path)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == sorted(kept)


def test_unfinished_folders_are_removed_with_what_is_in_them(tmp_path):
    for name in (".survey-0.0123456789ab.part", "deep/.decision.ba9876543210.part"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / ".rows.0123456789ab.part").write_text("half")
    (tmp_path / "deep" / "my.part").mkdir()
    remove_partial_files(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "my.part"]
