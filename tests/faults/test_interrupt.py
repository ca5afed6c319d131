"""Ctrl-C before the command line has even been imported, and streams that are closed."""

import subprocess
import sys

EARLY = """
import runpy, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Finder())
sys.argv = ["weaklabel", "--version"]
runpy.run_module("weaklabel", run_name="__main__")
"""


def test_ctrl_c_during_the_imports_is_said_in_one_line():
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True)
    assert done.stderr == "weaklabel: interrupted\n"
    assert done.returncode in (130, -2)


def test_closed_streams_are_no_trouble(tmp_path):
    line = '"$0" -m weaklabel lfs --new mine.py <&- >&- 2>&-'
    assert subprocess.run(["bash", "-c", line, sys.executable], cwd=tmp_path).returncode == 0
    assert "LABELS" in (tmp_path / "mine.py").read_text(encoding="utf-8")
