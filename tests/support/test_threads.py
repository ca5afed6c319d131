"""A forked child works, or says in one sentence why it cannot; it never hangs."""

import subprocess
import sys

import pytest

CODE = """
import multiprocessing as mp
import polars as pl
import sys
import weaklabel
from weaklabel import apply_lfs, keyword_lf, labeling_function, lexicon_lf, read_corpus, regex_lf

@labeling_function()
def row(x):
    return 1 if "prize" in x.text else -1

WORK = {
    "row": lambda: apply_lfs([row], ["a prize", "b"] * 2000),
    "keyword": lambda: apply_lfs([keyword_lf("k", 1, ["prize"])], ["a prize", "b"] * 2000),
    "define": lambda: regex_lf("r", 1, "prize(?P<n>s)"),
    "definitions": lambda: [keyword_lf("k", 1, ["a", "don't"]), lexicon_lf("l", 1, ["a b"]), regex_lf("r", 1, r"https?://\\b")],
    "lexicon": lambda: lexicon_lf("l", 1, ["prize"]),
    "read": lambda: read_corpus(pl.DataFrame({"text": ["a"]})),
}

def work(what):
    try:
        WORK[what]()
        return "worked"
    except weaklabel.WeakLabelError as error:
        return str(error)

if __name__ == "__main__":
    for what in sys.argv[1].split():
        work(what)
    with mp.get_context("fork").Pool(1) as pool:
        print(pool.apply_async(work, [sys.argv[2]]).get(timeout=30))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are not forked by default")
@pytest.mark.parametrize("child", ["row", "keyword", "define", "lexicon", "read"])
@pytest.mark.parametrize("parent", ["", "definitions", "keyword"])
def test_a_forked_child_works_or_says_why_not(tmp_path, parent, child):
    (tmp_path / "forks.py").write_text(CODE, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "forks.py"), parent, child]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    if parent == "keyword":
        assert "was forked from one in which weaklabel had already worked" in done.stdout
        assert "spawn" in done.stdout
    else:
        assert done.stdout == "worked\n"
