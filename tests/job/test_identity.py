"""Whose votes are counted: what is loaded anew is compared with what the run loaded, and nothing of a mix is kept."""

import csv
from collections import Counter

import polars as pl
import pytest

from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Batch, read_corpus
from weaklabel.errors import LFError
from weaklabel.job.label import label_file
from weaklabel.job.voting import LabelOptions
from weaklabel.lf.packs import load_lfs
from weaklabel.support import cache
from weaklabel.votes.voter import Voter

HEAD = "import sys, time\nfrom weaklabel import labeling_function\nLABELS = ('ham', 'spam')\n"
ROW = "@labeling_function()\ndef lf(x):\n    return VOTE\n"
CLASS = "class LF:\n    name = 'lf'\n    def vote(self, batch):\n        return [VOTE] * len(batch)\nlf = LF()\n"

PACKS = {
    "code": {"pack.py": HEAD + ROW.replace("VOTE", "1")},
    "constant": {"pack.py": HEAD + "VOTE = 1\n" + ROW},
    "class": {"pack.py": HEAD + "VOTE = 1\n" + CLASS},
    "helper": {"pack.py": HEAD + "from helper import VOTE\n" + ROW, "helper.py": "VOTE = 1\n"},
    "package": {
        "pack.py": HEAD + "import helpers.one\n" + ROW.replace("VOTE", "helpers.one.VOTE"),
        "helpers/one.py": "VOTE = 1\n",
    },
    "helper of a class": {
        "pack.py": HEAD + "import helper\n" + CLASS.replace("VOTE", "helper.VOTE"),
        "helper.py": "VOTE = 1\n",
    },
    "data": {
        "pack.py": HEAD
        + "from pathlib import Path\nVOTE = int(Path(__file__).with_name('data.txt').read_text())\n"
        + ROW,
        "data.txt": "1",
    },
}


def write(folder, files, vote=1):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        old = {"data.txt": "1"}.get(name, "VOTE = 1")
        text = text.replace("return 1", f"return {vote}") if name == "pack.py" else text
        (folder / name).write_text(text.replace(old, old.replace("1", str(vote))), encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "in.csv").write_text("text\n" + "row\n" * 50, encoding="utf-8")
    return tmp_path


def label(folder, lfs, workers=1):
    options = LabelOptions(label_model=LabelModelSettings(name="majority"), workers=workers, with_votes=True)
    label_file(read_corpus(folder / "in.csv"), lfs, str(folder / "out.csv"), options)
    with (folder / "out.csv").open(encoding="utf-8") as handle:
        return Counter(row["vote_lf"] for row in csv.DictReader(handle))


@pytest.mark.parametrize("kind", PACKS)
def test_an_edit_between_loading_and_voting_stops_the_run_and_leaves_no_votes(folder, kind):
    write(folder, PACKS[kind])
    lfs = load_lfs(folder / "pack.py")
    write(folder, PACKS[kind], vote=0)
    with pytest.raises(LFError, match=r"LF 'lf' of .*pack\.py in a worker process is not the one .* run again"):
        label(folder, lfs)
    assert label(folder, load_lfs(folder / "pack.py")) == {"ham": 50}
    write(folder, PACKS[kind])
    assert label(folder, load_lfs(folder / "pack.py")) == {"spam": 50}


@pytest.mark.parametrize("kind", PACKS)
def test_without_workers_votes_are_those_of_what_was_loaded(folder, kind):
    write(folder, PACKS[kind])
    lfs = load_lfs(folder / "pack.py")
    write(folder, PACKS[kind], vote=0)
    assert label(folder, lfs, workers=0) == {"spam": 50}
    assert label(folder, load_lfs(folder / "pack.py"), workers=0) == {"ham": 50}


def test_an_edit_while_a_run_votes_stops_it_where_a_process_starts_again(folder):
    write(folder, PACKS["code"])
    lfs = load_lfs(folder / "pack.py")
    batches = [Batch(pl.DataFrame({"text": ["row"]}), start=number) for number in range(9)]
    with Voter(lfs.lfs, top=2, pack=lfs, workers=1) as voter, pytest.raises(LFError, match="is not the one"):
        for number, (_, part) in enumerate(voter.vote(batches)):
            assert part[0].votes.tolist() == [1]
            if number == 2:
                write(folder, PACKS["code"], vote=0)
                voter._guards[0]._process.kill()


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text,
        lambda text: text + "# a comment\n",
        lambda text: text.replace("VOTE = 1", "VOTE = 1\nSTARTED = time.time()").replace(" VOTE\n", " VOTE * (STARTED > 0)\n"),
    ],
)  # fmt: skip
def test_what_votes_as_before_does_not_stop_a_run(folder, edit):
    (folder / "pack.py").write_text(edit(PACKS["constant"]["pack.py"]), encoding="utf-8")
    lfs = load_lfs(folder / "pack.py")
    if "# a comment" in edit(""):
        (folder / "pack.py").write_text(PACKS["constant"]["pack.py"], encoding="utf-8")
    assert label(folder, lfs) == {"spam": 50}


def test_a_file_that_changes_while_it_is_read_stops_the_run(folder):
    (folder / "words.txt").write_text("1", encoding="utf-8")
    text = HEAD + (
        "from pathlib import Path\nWORDS = Path(__file__).with_name('words.txt')\n"
        "@labeling_function(resources={'words': WORDS})\ndef lf(x, words):\n"
        "    vote = int(words.read_text())\n    if EDITS:\n        words.write_text('0')\n    return vote\n"
    )
    (folder / "pack.py").write_text(text.replace("EDITS", "True"), encoding="utf-8")
    lfs = load_lfs(folder / "pack.py")
    with pytest.raises(LFError, match=r"words\.txt, which labeling functions read, changed while they voted"):
        label(folder, lfs, workers=0)
    (folder / "words.txt").write_text("1", encoding="utf-8")
    (folder / "pack.py").write_text(text.replace("EDITS", "False"), encoding="utf-8")
    assert label(folder, load_lfs(folder / "pack.py")) == {"spam": 50}


def test_packs_of_two_folders_have_helpers_of_their_own(tmp_path):
    for vote in (0, 1):
        for kind in ("helper", "package"):
            (tmp_path / kind / str(vote)).mkdir(parents=True)
            write(tmp_path / kind / str(vote), PACKS[kind], vote)
    for kind in ("helper", "package"):
        for vote in (0, 1):
            (lf,) = load_lfs(tmp_path / kind / str(vote) / "pack.py")
            assert lf.vote(Batch(pl.DataFrame({"text": ["row"]}))) == [vote]


@pytest.mark.parametrize("kind", ["code", "helper", "package"])
def test_an_edit_within_a_second_is_seen(tmp_path, kind):
    for vote in (1, 0, 1, 0):
        write(tmp_path, PACKS[kind], vote)
        (lf,) = load_lfs(tmp_path / "pack.py")
        assert lf.vote(Batch(pl.DataFrame({"text": ["row"]}))) == [vote]


def test_a_helper_does_not_stay_under_the_name_of_a_module_of_python_s_own(tmp_path):
    import colorsys
    import sys

    (tmp_path / "colorsys.py").write_text("VOTE = 1\n", encoding="utf-8")
    (tmp_path / "pack.py").write_text(
        HEAD + "sys.modules.pop('colorsys', None)\nimport colorsys\n" + ROW.replace("VOTE", "colorsys.VOTE"),
        encoding="utf-8",
    )
    (lf,) = load_lfs(tmp_path / "pack.py")
    assert lf.vote(Batch(pl.DataFrame({"text": ["row"]}))) == [1]
    assert sys.modules["colorsys"] is colorsys


def test_what_only_one_process_has_imported_so_far_is_no_difference(folder):
    import colorsys  # noqa: F401

    (folder / "pack.py").write_text(
        HEAD + "@labeling_function()\ndef lf(x):\n    import colorsys, sklearn, tests.relations\n    return 1\n",
        encoding="utf-8",
    )
    import sklearn  # noqa: F401

    import tests.relations  # noqa: F401

    lfs = load_lfs(folder / "pack.py")
    assert label(folder, lfs) == {"spam": 50}
