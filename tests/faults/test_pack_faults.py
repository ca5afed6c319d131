"""Packs that do not work, and options that mean nothing."""

from __future__ import annotations

import pytest

from tests.faults.case import PACK, Case, check, params

TITLE = "Packs and options"

FEW = b"id,text\n1,refund\n2,thanks\n"
HEAD = "from weaklabel import keyword_lf, labeling_function\n"
LABELS = 'LABELS = ("complaint", "praise")\n'
SEVEN = "@labeling_function()\ndef seven(x):\n    return 7 if 'refund' in x.text else 1\n"


def _pack(given, happens, text, says, code=1, options=(), rows=None, resumes=False):
    def make(folder):
        (folder / "in.csv").write_bytes(FEW)
        (folder / "bad.py").write_text(text, encoding="utf-8")

    options = ("--lfs", "bad.py", *options)
    return Case(given, happens, make, options=options, code=code, says=says, rows=rows, resumes=resumes)


def _usage(given, says, *options):
    return Case(given, "wrong usage", FEW, options=options, code=2, says=says)


CASES = (
    _pack(
        "a pack that raises while it is imported",
        "refused, with its line",
        "x = 1\ny = x / 0\n",
        r"bad\.py cannot be loaded: ZeroDivisionError: .*\(line 2\)",
    ),
    _pack(
        "a pack that is not Python",
        "refused, with its line",
        "LABELS = (\n",
        r"cannot be loaded: SyntaxError: .*line 1",
    ),
    _pack(
        "a pack that exits while it is imported", "refused", "import sys\nsys.exit(0)\n", "cannot be loaded: SystemExit"
    ),
    _pack("a pack without LABELS", "refused", HEAD + 'a = keyword_lf("a", 0, ["a"])\n', "has no LABELS"),
    _pack("a pack without labeling functions", "refused", LABELS, "has no labeling functions"),
    _pack(
        "a class that LABELS does not have",
        "refused",
        HEAD + LABELS + 'a = keyword_lf("a", 2, ["a"])\n',
        "LF 'a' votes 2, but LABELS has 2 classes",
    ),
    _pack(
        "packs with different LABELS",
        "refused",
        HEAD + 'LABELS = ("x", "y")\na = keyword_lf("a", 0, ["a"])\n',
        "must declare the same LABELS",
    ),
    _pack("two labeling functions of one name", "refused", PACK, "two labeling functions are called 'broken'"),
    _pack(
        "two names that are the same to Python, one in full-width letters",
        "refused with both names and files: in Python source the second would replace the first",
        HEAD + LABELS + 'a = keyword_lf("ｌate", 0, ["late"])\n',
        "two labeling functions are called 'late' and 'ｌate'",
    ),
    _pack(
        "escape sequences in the message of an exception",
        "shown, never sent to the terminal; the same in texts, labels and names, with every command",
        HEAD + LABELS + '@labeling_function()\ndef bad(x):\n    raise ValueError("\\x1b]0;owned\\x07\\nx")\n',
        r"ValueError: \\x1b\]0;owned\\x07",
        options=("--error-budget", "0"),
        resumes=True,
    ),
    _pack(
        "a function that votes for an unknown class, or raises, in some rows",
        "it abstains there, and the summary says so",
        HEAD + LABELS + SEVEN,
        "LF 'seven': 1 rows? failed, first row 0: vote 7 is outside",
        code=0,
        rows=2,
    ),
    _pack(
        "the same, with `--error-budget 0`",
        "refused",
        HEAD + LABELS + SEVEN,
        "'seven'.* row 0.* 7",
        options=("--error-budget", "0"),
        resumes=True,
    ),
    Case(
        "a pack that is not there",
        "refused",
        FEW,
        options=("--lfs", "./none.py"),
        code=1,
        says=r"none\.py does not exist",
    ),
    Case(
        "a misspelt pack",
        "refused with the nearest name",
        FEW,
        options=("--lfs", "spma"),
        code=1,
        says="no pack is called 'spma' .did you mean 'spam'",
    ),
    _usage("an option that does not exist", "No such option", "--nonsense"),
    _usage("`--limit 0`", "--limit", "--limit", "0"),
    _usage("`--seed -1`", "--seed", "--seed", "-1"),
    _usage("`--error-budget 2`", "--error-budget", "--error-budget", "2"),
    _usage("`--label-model magic`", "--label-model", "--label-model", "magic"),
    _usage("`--delimiter ab`", "must be one character", "--delimiter", "ab"),
    _usage("`--format xml`", "--format", "--format", "xml"),
    _usage("`--seed` of 20 digits", "--seed", "--seed", "9" * 20),
    _usage("`--class-balance nan,1`, or shares that do not sum to 1", "sum to 1", "--class-balance", "nan,1"),
    _usage("`--class-balance even`", "--class-balance", "--class-balance", "even"),
)


@pytest.mark.parametrize("case", params(CASES))
def test_pack(case, tmp_path, monkeypatch):
    check(case, tmp_path, monkeypatch)
