"""Files are whole or not there, and nothing but a file is replaced."""

import os

import pytest

from weaklabel.errors import WeakLabelError
from weaklabel.files import atomic_path, write_text


def test_what_is_no_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(WeakLabelError, match="it is no file; name one"):
        write_text(pipe, "text")
    assert pipe.is_fifo()
    with pytest.raises(WeakLabelError, match="it is no file"):
        write_text(tmp_path, "text")


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "out.txt"
    write_text(file, "old")
    with pytest.raises(ValueError, match="half"), atomic_path(file) as part:
        part.write_text("half")
        raise ValueError("half")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
