"""Every command that prepares a corpus, killed at random events on files, ends with the same bytes as undisturbed."""

import json
import os
import random

import pytest

from tests.killing import Runner

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL")

FIRST = """
import weaklabel.clean.corpus, weaklabel.collect.collect, weaklabel.collect.files, weaklabel.dedup.corpus
import weaklabel.protect.corpus, weaklabel.split.corpus, weaklabel.job.transform
import ftfy, phonenumbers, polars, pyarrow.parquet
import weaklabel.job.transform_job, weaklabel.collect.parts
weaklabel.job.transform_job.PART_ROWS = 25
weaklabel.collect.parts.PART_ITEMS = 4
"""
"""Small parts, so that there is something to resume."""

COMMANDS = {
    "collect": ["collect", "raw", "--unit", "sentence", "-o", "out.jsonl"],
    "clean": ["clean", "in.csv", "--rule", "min-words=4", "--rule", "boilerplate=30", "-o", "out.csv"],
    "dedup": ["dedup", "in.csv", "-o", "out.csv", "--clusters", "out.clusters.csv"],
    "protect": ["protect", "in.csv", "--action-of", "us_ssn=drop", "-o", "out.parquet"],
    "split": ["split", "in.csv", "-o", "out.csv", "--stratify", "kind"],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a corpus and a folder of files, some of which every command changes, drops or rejects."""
    folder = tmp_path_factory.mktemp("verbs")
    lines = ["text,kind"]
    for number in range(120):
        text = f"visitor number {number * 37} said <b>so</b> on day {number} and went home by bus"
        extra = {0: ". too short", 1: f". mail v{number}@example.org", 2: ". SSN 536-90-4399", 3: ""}[number % 4]
        lines.append(f"{'ok' if number % 10 == 3 else text}{extra},{'ab'[number % 3 == 0]}")
    lines += lines[5:40:3]
    (folder / "in.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "raw").mkdir()
    for number, line in enumerate(lines[1:30]):
        (folder / "raw" / f"{number:02}.txt").write_text(f"{line}. One more. And another.", encoding="utf-8")
    (folder / "raw" / "latin.txt").write_bytes("Grüße".encode("latin-1"))
    (folder / "raw" / "table.jsonl").write_text(
        "".join(json.dumps({"text": f"n {n}", "n": n}) + "\n" for n in range(9))
    )
    return folder


@pytest.fixture(scope="module")
def runner(place):
    runner = Runner(place, place / "log.txt", FIRST)
    yield runner
    runner.close()


def outputs(place):
    return {path.name: path.read_bytes() for path in place.glob("out*") if path.is_file()}


def check_kills(place, runner, command, kills, seed):
    """Kill a command at so many random events, and once more while it resumes; compare what it leaves in the end."""
    arguments = [str(place / word) if word.startswith(("out.", "in.", "raw")) else word for word in command]
    arguments += ["--workers", "1"]
    for name in outputs(place):
        (place / name).unlink()
    ended, total = runner.start(*arguments)
    expected = outputs(place)
    assert ended and total > 40 and any(name.endswith("rejects.jsonl") for name in expected) == (command[0] != "split")
    chance = random.Random(seed)
    resumed = 0
    for _ in range(kills):
        for name in expected:
            (place / name).unlink()
        ended, _ = runner.start(*arguments, at=chance.randrange(1, total + 1))
        resumed += any(place.glob("out*.job/*-*"))
        if not ended:
            ended, _ = runner.start(*arguments, at=chance.randrange(1, total + 1))
        if not ended:
            ended, _ = runner.start(*arguments)
        assert ended and outputs(place) == expected
        assert not [path.name for path in place.iterdir() if path.name.endswith((".part", ".job"))]
    return resumed


@pytest.mark.parametrize("verb", COMMANDS)
def test_a_killed_command_ends_as_an_undisturbed_one(place, runner, verb):
    assert check_kills(place, runner, COMMANDS[verb], kills=3, seed=len(verb)) > 0


@pytest.mark.long
@pytest.mark.parametrize("verb", COMMANDS)
@pytest.mark.parametrize("seed", range(3))
def test_killed_often(place, runner, verb, seed):
    if verb == "collect":  # with documents that another process reads
        (place / "raw" / "page.html").write_text("<p>The rain fell on the old roof all night long.</p>" * 3)
        (place / "raw" / "letter.eml").write_text("From: ann@example.org\nSubject: Lunch\n\nSee you at noon.\n")
    assert check_kills(place, runner, COMMANDS[verb], kills=40, seed=seed) > 10
