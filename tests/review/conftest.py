"""A small corpus with a pack, opened for review in several ways."""

import csv
from functools import partial

import pytest

from weaklabel.config import LabelModelSettings, read_project
from weaklabel.project.run import run_project
from weaklabel.review import open_review

PACK = '''\
"""Praise and complaints, for the tests."""
from weaklabel import ABSTAIN, count_lf, keyword_lf, labeling_function, length_lf, regex_lf

LABELS = ("complaint", "praise")
COMPLAINT, PRAISE = 0, 1

# Words of anger.
broken = keyword_lf("broken", COMPLAINT, ["broken", "refund"])  # more to come
LFS = [
    keyword_lf(
        "thanks",
        label=PRAISE,
        keywords=("thanks", "love"),  # kind words
        whole_word=True,
    ),
    regex_lf("shout", 0, (r"!!"
                          r"!")),
]
short = length_lf("short", PRAISE, max=3)
many = count_lf("many", 0, "!", min=2)
computed = keyword_lf("computed", PRAISE, sorted({"great"}))


@labeling_function()
def sure(x):
    return PRAISE if x.text.startswith("surely") else ABSTAIN
'''
TEXTS = [
    "thanks a lot",
    "I love this place so much",
    "it is broken again!!!",
    "I want a REFUND now",
    "the shop opens at nine in the morning",
    "love it but it is broken",
    "great service and great people here",
    "surely the best of all places",
    "where is the button for that, please",
    "thanks a lot",
    "refund, refund!! thanks for nothing at all",
    "the parcel is late, and nobody answers",
]


def write_corpus(path, texts=TEXTS):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows(enumerate(texts))
    return path


def write_project(folder, data="."):
    (folder / data).mkdir(parents=True, exist_ok=True)
    write_corpus(folder / data / "messages.csv")
    (folder / data / "mine.py").write_text(PACK, encoding="utf-8", newline="")
    lines = ['out = "."', "[corpus]", f'path = "{data}/messages.csv"', "[lfs]", f'use = ["{data}/mine.py"]']
    lines += ["workers = 0"]  # a process that guards them takes a second to start
    lines += ["[label_model]", 'name = "majority"', "[classifier]", 'name = "linear"']
    (folder / "project.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder / "project.toml"


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "work")


@pytest.fixture
def review(project):
    return open_review(project)


@pytest.fixture
def majority(monkeypatch):
    """Let a corpus without a project be labeled by majority vote: the default reads texts, which takes seconds."""
    from weaklabel.review import opening

    monkeypatch.setattr(opening, "LabelModelSettings", partial(LabelModelSettings, name="majority"))


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """Return the folder of a finished run, not to be changed: copy it."""
    file = write_project(tmp_path_factory.mktemp("run") / "work", "data")
    run_project(read_project(file))
    return file.parent
