"""The code of every page runs as it stands there, in order, as a newcomer would run it.

- ``python``, or ``toml``, with ``file=NAME`` is written to that file.
- ``python`` runs; with ``>>>`` it is a doctest, whose results must be those that stand there.
- ``sh``: each ``weaklabel`` command runs and must exit with 0. Other commands, such as ``make``, do not run.
- ``console`` and ``text`` are for the eye: clusters, other people's data, results.

The blocks of a page share a folder, with a corpus that has a gold column, and their names.
"""

import csv
import doctest
import re
import shlex
from pathlib import Path

import pytest

from tests.docs.pages import FENCE, PAGES, ROOT, name_of
from weaklabel import cli

SPAM = ["you have won a prize, claim now", "claim now at www.example.org/win", "prize waiting: http://example.org"]
HAM = ["see you at lunch", "thanks, love", "ok then", "see you tomorrow after work, thanks"]

KINDS = {"python", "sh", "toml", "console", "text", "{toctree}", "{eval-rst}"}


def blocks(page):
    """Return the kind, the file and the code of each block."""
    for _, output, code in FENCE.findall(page.read_text(encoding="utf-8")):
        kind, _, rest = output.strip().partition(" ")
        assert kind in KINDS, f"{page.name}: a block of the kind '{kind}'"
        yield kind, rest.removeprefix("file="), code


EXAMPLES = [
    page
    for page in PAGES
    if page.name != "README.zh.md"  # whose code is that of README.md; see test_chinese.py
    and any(kind in ("python", "sh", "toml") for kind, _, _ in blocks(page))
]


@pytest.fixture
def newcomer(tmp_path, monkeypatch):
    """A folder with a corpus that has a gold column."""
    with (tmp_path / "messages.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text", "truth"])
        writer.writerows([[text, "spam"] for text in SPAM * 8] + [[text, "ham"] for text in HAM * 8])
    (tmp_path / "gold.csv").write_text((tmp_path / "messages.csv").read_text())
    (tmp_path / "my_lfs.py").write_text(first_pack(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def first_pack():
    """The pack that the README begins with, which later pages go on from."""
    return next(code for _, file, code in blocks(ROOT / "README.md") if file == "my_lfs.py")


def command(line, capsys):
    """Run a ``weaklabel`` command; return its verb."""
    words = shlex.split(line, comments=True)
    with pytest.raises(SystemExit) as stopped:
        cli.main(words[1:])
    assert stopped.value.code == 0, (line, capsys.readouterr().err)
    return words[1]


def commands(code):
    return [line for line in code.replace("\\\n", " ").splitlines() if line.startswith("weaklabel ")]


@pytest.mark.parametrize("page", EXAMPLES, ids=name_of)
def test_examples_run(page, newcomer, capsys):
    names, lines = {"__name__": page.stem.replace("-", "_")}, 0
    for kind, file, code in blocks(page):
        if file:
            Path(file).write_text(code, encoding="utf-8")
        elif kind == "python" and ">>>" in code:
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            test = doctest.DocTestParser().get_doctest(code, names, page.name, str(page), 0)
            result = runner.run(test, clear_globs=False)
            names = test.globs
            assert not result.failed, capsys.readouterr().out
        elif kind == "python":
            exec(compile(code, page.name, "exec"), names)
        for line in commands(code) if kind == "sh" else ():
            command(line, capsys)
            lines += 1


def test_the_readme_goes_all_the_way():
    verbs = {line.split()[1] for kind, _, code in blocks(ROOT / "README.md") if kind == "sh" for line in commands(code)}
    assert verbs >= {"label", "lfs", "analyze", "train", "predict", "score", "run"}


def test_a_newcomer_sees_code_at_once():
    head = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert sum(1 for line in head[:15] if re.match(r"(from weaklabel|votes|print)", line)) == 3
    assert any(line.startswith("weaklabel label ") for line in head[:15])
    assert any(line.startswith("make demo") for line in head[:30])
    assert any(line.startswith("make test") for line in head[:30])
