"""What a case says, and the check that the command does what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from weaklabel import cli

PACK = """
from weaklabel import keyword_lf
LABELS = ("complaint", "praise")
broken = keyword_lf("broken", 0, ["broken", "refund", "late"])
late = keyword_lf("late", 0, ["late", "never"])
thanks = keyword_lf("thanks", 1, ["thanks", "love", "great"])
"""
EARLIER = b"from an earlier run\n"


@dataclass(frozen=True)
class Case:
    """One case: what is given and what happens.

    Attributes
    ----------
    given, happens
        For the table, in Markdown.
    content
        Of the file ``source``; or a function that makes whatever the case needs in an empty folder.
    source, out
        What stands for CORPUS and OUT on the command line, seen from that folder.
    options
        Further options.
    code
        Exit code.
    says
        Regular expression for stderr and, where the command succeeds, its summary. Where it fails, one sentence stands
        on stderr, after warnings if any.
    rows, rejects
        Written to ``out`` and to its file of rejects.
    reason
        Regular expression for why the first reject was left out.
    keeps
        Bytes that must stand in ``out``.
    shell
        A line of shell that is run instead, in a process of its own; ``weaklabel`` and ``python`` work in it.
    resumes
        The command fails with work behind it: a folder OUT.job stays, with which the same command goes on.
    long
        Takes long or much memory: runs with ``make test-long``.
    """

    given: str
    happens: str
    content: bytes | Callable[[Path], object]
    source: str = "in.csv"
    out: str = "out.csv"
    options: tuple[str, ...] = ()
    code: int = 0
    says: str = ""
    rows: int | None = None
    rejects: int = 0
    reason: str = ""
    keeps: tuple[bytes, ...] = ()
    shell: str = ""
    resumes: bool = False
    long: bool = False

    @property
    def command(self) -> str:
        """The command line."""
        return self.shell or shlex.join(["weaklabel", *self._arguments()])

    def _arguments(self) -> list[str]:
        return ["label", self.source, "--lfs", "pack.py", *self.options, "-o", self.out]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    err: str
    out: str = ""


def params(cases: Iterable[Case]) -> list[object]:
    """Return the cases for `pytest.mark.parametrize`, named by what is given."""
    return [
        pytest.param(case, id=re.sub(r"\W+", "-", case.given).strip("-"), marks=[pytest.mark.long] * case.long)
        for case in cases
    ]


def check(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command in ``folder`` and hold it to what the case says."""
    monkeypatch.chdir(folder)
    (folder / "pack.py").write_text(PACK, encoding="utf-8")
    if callable(case.content):
        case.content(folder)
    else:
        (folder / case.source).write_bytes(case.content)
    out = folder / case.out
    if (
        case.code
        and case.out not in ("-", case.source)
        and not os.path.lexists(out)
        and out.parent == folder
        and len(out.name) < 255
    ):
        out.write_bytes(EARLIER)
    before = _files(folder)
    done = _shell(case.shell, folder) if case.shell else _in_process(case._arguments())
    assert done.code == case.code, done.err
    assert "Traceback" not in done.err
    assert re.search(case.says, done.err if case.code else done.err + done.out), done.err + done.out
    job = f"{case.out}.job"
    made = {str(path.relative_to(folder)) for path in _files(folder).keys() - before.keys()}
    assert (job in made) == case.resumes, made
    made -= {name for name in made if name.partition("/")[0] == job}
    if case.code == 1:
        *before_it, sentence = done.err.splitlines()
        assert sentence.startswith("weaklabel: error: "), done.err
        assert all(line.startswith("weaklabel: ") for line in before_it), done.err
    if case.code:
        assert not made
        assert before.items() <= _files(folder).items(), "a file was changed"
    else:
        rejects = [f"{case.out}.rejects.jsonl"] * bool(case.rejects)
        assert made == {case.out, *rejects}, done.err
        _check_rows(case, out, done)


def _check_rows(case: Case, out: Path, done: Outcome) -> None:
    from weaklabel.corpus import read_corpus

    summary = f"rows: {(case.rows or 0) + case.rejects:,} in = {case.rows or 0:,} out + {case.rejects:,} rejected"
    assert summary in done.out + done.err
    encoding = case.options[case.options.index("--encoding") + 1] if "--encoding" in case.options else None
    assert len(read_corpus(out, text=(), encoding=encoding, header="--columns" not in case.options)) == case.rows
    data = out.read_bytes()
    for piece in case.keeps:
        assert piece in data
    if case.rejects:
        lines = Path(f"{out}.rejects.jsonl").read_text(encoding="utf-8").splitlines()
        assert len(lines) == case.rejects
        assert re.search(case.reason, json.loads(lines[0])["reason"])


def _in_process(arguments: list[str]) -> Outcome:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return Outcome(int(stopped.value.code or 0), err.getvalue(), out.getvalue())


def _shell(line: str, folder: Path) -> Outcome:
    python = shlex.quote(sys.executable)
    script = f'set -o pipefail\nweaklabel() {{ {python} -m weaklabel "$@"; }}\npython() {{ {python} "$@"; }}\n{line}\n'
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, env=dict(os.environ), timeout=300)
    return Outcome(done.returncode, done.stderr.decode(), done.stdout.decode())


def _files(folder: Path) -> dict[Path, bytes | None]:
    """Every file below ``folder`` with its bytes; what is large or no plain file counts by its name alone."""
    return {
        path: path.read_bytes() if _is_small(path) else None
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }


def _is_small(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 24
