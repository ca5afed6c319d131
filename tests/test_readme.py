"""The README's code runs as it stands there, in order, as a newcomer would run it."""

import csv
import re
import shlex
from pathlib import Path

import pytest

from weaklabel import cli

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w+)( file=(\S+))?\n(.*?)^```", re.M | re.S)

SPAM = ["you have won a prize, claim now", "claim now at www.example.org/win", "prize waiting: http://example.org"]
HAM = ["see you at lunch", "thanks, love", "ok then", "see you tomorrow after work, thanks"]


@pytest.fixture
def newcomer(tmp_path, monkeypatch):
    """A folder with a corpus that has a gold column."""
    with (tmp_path / "messages.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text", "truth"])
        writer.writerows([[text, "spam"] for text in SPAM * 8] + [[text, "ham"] for text in HAM * 8])
    (tmp_path / "gold.csv").write_text((tmp_path / "messages.csv").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_blocks_run(newcomer, capsys):
    ran = set()
    for kind, _, file, code in BLOCK.findall(README.read_text(encoding="utf-8")):
        if file:
            Path(file).write_text(code, encoding="utf-8")
        if kind == "toml":
            Path("project.toml").write_text(code, encoding="utf-8")
            with pytest.raises(SystemExit) as stopped:
                cli.main(["run", "project.toml"])
            assert stopped.value.code == 0, capsys.readouterr().err
            assert Path("run", "scores.json").is_file()
            ran.add("toml")
        if kind == "python":
            exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
            ran.add("python")
        for line in code.splitlines() if kind == "sh" else []:
            command = shlex.split(line, comments=True)
            if command[0] == "weaklabel":
                with pytest.raises(SystemExit) as stopped:
                    cli.main(command[1:])
                assert stopped.value.code == 0, (line, capsys.readouterr().err)
                ran.add(command[1])
    assert ran == {"python", "toml", "lfs", "analyze", "explain", "suggest", "label", "train", "predict", "score"}


def test_the_two_commands_stand_near_the_top():
    head = README.read_text(encoding="utf-8").splitlines()[:20]
    assert any(line.startswith("make demo") for line in head)
    assert any(line.startswith("make test") for line in head)
