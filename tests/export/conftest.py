"""A labeled file and a finished run to export."""

import csv
import json
import shutil

import pytest

from tests.project.conftest import Place

COLUMNS = ["text", "who", "label", "weak_label", "weak_confidence", "weak_p_ham", "weak_p_spam", "split"]
ROWS = [
    ("WIN a prize now", "ann", "spam", "spam", "0.9", "0.1", "0.9", "train"),
    ("see you at nine", "bob", "ham", "ham", "0.7", "0.7", "0.3", "train"),
    ("nobody voted here", "cem", "ham", "", "", "", "", "train"),
    ("a tie, with probabilities", "dee", "ham", "", "", "0.5", "0.5", "train"),
    ("claim your money", "eve", "ham", "spam", "0.6", "0.4", "0.6", "test"),
    ("lunch?", "fay", "", "ham", "0.95", "0.95", "0.05", "test"),
]


def write_rows(path, rows=ROWS, columns=COLUMNS):
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def labeled(tmp_path):
    """A file as weaklabel label writes it of a corpus with gold in the column label, and with a split."""
    return write_rows(tmp_path / "labeled.csv")


@pytest.fixture
def undivided(tmp_path):
    """The same without a split."""
    return write_rows(tmp_path / "undivided.csv", [row[:-1] for row in ROWS], COLUMNS[:-1])


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("project"))
    place.run()
    return place


@pytest.fixture
def run(finished_once, tmp_path):
    """The folder of a finished run; its corpus stays where it is."""
    return shutil.copytree(finished_once.out, tmp_path / "run")
