import csv
import json

import pytest

from weaklabel import cli

PACK = '''
"""Praise and complaints, for the tests."""
from weaklabel import ABSTAIN, keyword_lf, labeling_function, regex_lf

LABELS = ("complaint", "praise")
broken = keyword_lf("broken", 0, ["broken", "refund", "late"])
thanks = keyword_lf("thanks", 1, ["thanks", "love", "great"])
shout = regex_lf("shout", 0, "!!!")

@labeling_function()
def short(x):
    return 1 if len(x.text.split()) < 4 else ABSTAIN
'''
GOOD = ["thanks a lot", "I love this place", "great service and great people", "love it", "thanks for the quick help"]
BAD = [
    "it is broken again",
    "I want a refund now!!!",
    "the parcel is late",
    "arrived broken and late!!!",
    "no refund yet",
]
NEITHER = ["the shop opens at nine in the morning", "where do I find the button for that"]
ROWS = [(text, "praise") for text in GOOD] + [(text, "complaint") for text in BAD] + [(text, "") for text in NEITHER]


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def weaklabel(capsys):
    """Run a command in this process and return its exit code, stdout and stderr."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Result(stopped.value.code, out, err)

    return run


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PACK, encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path):
    """Twenty-four messages with a gold column called truth."""
    path = tmp_path / "messages.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "text", "truth"])
        for number, (text, truth) in enumerate(ROWS * 2):
            writer.writerow([f"{number:03}", text, truth])
    return path
