"""A small project: forty messages, four labeling functions that note when they vote, and gold in its own file."""

import csv
import json

import pytest

from weaklabel.config import read_project
from weaklabel.project.run import ProjectRun

GOOD = [
    "thanks a lot for it",
    "I love this place so much",
    "great service and great people",
    "thanks for the quick help",
]
BAD = ["it is broken again today", "I want a refund now!!!", "the parcel is late again", "no refund yet for me"]

PACK = '''
"""Praise and complaints."""
from weaklabel import ABSTAIN, keyword_lf, labeling_function, regex_lf

LABELS = ("complaint", "praise")
broken = keyword_lf("broken", 0, ["broken", "refund", "late"])
thanks = keyword_lf("thanks", 1, ["thanks", "love", "great"])
shout = regex_lf("shout", 0, "!!!")

@labeling_function()
def asked(x):
    with open({asked!r}, "a") as file:
        file.write(x.text + "\\n")
    return 1 if "great" in x.text else ABSTAIN
'''

PROJECT = """\
title = "Messages"
out = "run"
[corpus]
path = "messages.csv"
[lfs]
use = ["./pack.py"]
workers = 0
[label_model]
name = "majority"
[classifier]
name = "linear"
[gold]
path = "gold.csv"
column = "truth"
"""


class Place:
    """A folder with a project, its corpus, its pack and its gold."""

    def __init__(self, folder):
        self.folder = folder
        self.out = folder / "run"
        self.project = folder / "project.toml"
        self.pack = folder / "pack.py"
        self.asked_file = folder / "asked.txt"
        self.project.write_text(PROJECT, encoding="utf-8")
        self.pack.write_text(PACK.format(asked=str(self.asked_file)), encoding="utf-8")
        self.write("messages.csv", [(f"{text} {number}",) for number in range(5) for text in GOOD + BAD], "text")
        gold = [(text, truth) for texts, truth in ((GOOD, "praise"), (BAD, "complaint")) for text in texts]
        self.write("gold.csv", gold, "text", "truth")

    def write(self, name, rows, *header):
        with (self.folder / name).open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(header)
            writer.writerows(rows)

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def prepared(self, again=None):
        return ProjectRun(read_project(self.project), self.project, again)

    def run(self, again=None):
        return self.prepared(again).run()

    def plan(self, again=None):
        """Return the state of each step, and why it is so."""
        return {step.name: (step.state, *step.why) for step in self.prepared(again).plan()}

    def not_done(self):
        return [name for name, (state, *_) in self.plan().items() if state != "done"]

    def asked(self):
        """Return how often the labeling function that keeps count was asked since this was last called."""
        count = len(self.asked_file.read_text().splitlines()) if self.asked_file.exists() else 0
        self.asked_file.unlink(missing_ok=True)
        return count

    def records(self):
        return json.loads((self.out / "steps.json").read_text(encoding="utf-8"))["steps"]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
