"""`weaklabel label` with ten labeling functions that mark spans, as the file grows; and killed half-way, then resumed.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.label_spans

Each run is a process of its own, without a cache. Sentences are made of a few words, with a name, place, organization or
date in some of them. CPU seconds count, those of the guarded process included, and the peak memory of the largest process.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import RESULTS, arguments, save
from benchmarks.speed.label_csv import timed

FIRST = ["Ada", "Alan", "Grace", "Linus", "Barbara", "Donald", "Edsger", "John", "Mary", "Paul"]
LAST = ["Lovelace", "Turing", "Hopper", "Torvalds", "Liskov", "Knuth", "Dijkstra", "Backus", "Smith", "Jones"]
CITIES = ["London", "Paris", "New York", "Berlin", "Rome", "Oslo", "Madrid"]
COMPANIES = ["Acme Corp", "Foo Ltd", "Bar Inc", "Qux Corp"]
WORDS = "the a report said that work went on and nobody knew when it would end or why they had come here again".split()  # noqa: SIM905

PACK = r"""
import re
from weaklabel import gazetteer_lf, regex_spans_lf, span_lf
from benchmarks.speed.label_spans import CITIES, COMPANIES, FIRST, LAST

TASK = "spans"
LABELS = ("PER", "LOC", "ORG", "DATE")
people = gazetteer_lf("people", "PER", [f"{first} {last}" for first in FIRST for last in LAST[:6]])
surnames = gazetteer_lf("surnames", "PER", LAST)
cities = gazetteer_lf("cities", "LOC", CITIES[:6])
companies = gazetteer_lf("companies", "ORG", COMPANIES[:3])
years = regex_spans_lf("years", "DATE", r"\b1[89]\d\d\b")
dates = regex_spans_lf("dates", "DATE", r"\b\d{1,2} (?:May|June|July) 1[89]\d\d\b")
suffix = regex_spans_lf("suffix", "ORG", r"\b[A-Z]\w+ (?:Corp|Ltd|Inc)\b")
in_city = regex_spans_lf("in_city", "LOC", r"\bin (?P<span>[A-Z]\w+)")

@span_lf(label="PER")
def titled(text):
    yield from re.finditer(r"\b(?:Mr|Dr) (?P<span>[A-Z]\w+(?: [A-Z]\w+)?)", text)

@span_lf(label="ORG")
def at(text):
    yield from re.finditer(r"\bat (?P<span>[A-Z]\w+(?: [A-Z]\w+)?)", text)
"""


def write_sentences(path, rows):
    chance = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        for row in range(rows):
            words = chance.choices(WORDS, k=chance.randint(3, 9))

            def insert(share, words, text):
                if chance.random() < share:
                    words.insert(chance.randint(0, len(words)), text)

            title = chance.choice(["", "Dr ", "Mr "])
            insert(0.5, words, f"{title}{chance.choice(FIRST)} {chance.choice(LAST)}")
            insert(0.3, words, f"in {chance.choice(CITIES)}")
            insert(0.2, words, f"at {chance.choice(COMPANIES)}")
            insert(0.2, words, f"on {chance.randint(1, 30)} May {chance.randint(1800, 1999)}")
            file.write(f"{row},{' '.join(words)}.\n")


def label(source, pack, out):
    how = ["--quiet", "--no-cache", "--workers", "1", "--label-model", "span-vote"]
    return ["-m", "weaklabel", "label", source, "--lfs", pack, "-o", out, *how]


def figures_of(command, rows):
    _, cpu, peak = timed(command)
    return {"cpu_seconds": cpu, "us_a_row": round(1e6 * cpu / rows, 1), "peak_mib": peak}


def kill_at(command, job, parts):
    """Start a command, and kill it when so many parts have votes."""
    environment = {**os.environ, "PYTHONPATH": str(RESULTS.parents[1])}
    process = subprocess.Popen([sys.executable, *map(str, command)], env=environment, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(job.glob("votes-*.npz"))) < parts:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()


def main():
    options = arguments(__doc__, rows=100_000, largest=1_000_000)
    growth, rows = {}, options.rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack, source, out, again = (folder / each for each in ("pack.py", "in.csv", "out.csv", "again.csv"))
        pack.write_text(PACK)
        while rows <= options.largest:
            write_sentences(source, rows)
            growth[rows] = figures_of(label(source, pack, out), rows)
            print(f"{rows}: {growth[rows]}", file=sys.stderr)
            rows *= 10
        rows //= 10
        kill_at(label(source, pack, again), Path(f"{again}.job"), max(1, rows // 100_000))
        resumed = figures_of(label(source, pack, again), rows)
        assert again.read_bytes() == out.read_bytes(), "a resumed run gave other bytes"
        print(f"resumed: {resumed}", file=sys.stderr)
    setting = {"labeling_functions": 10, "bytes_a_row": 52, "label_model": "span-vote"}
    save("speed_label_spans", ["polars", "numpy"], {"setting": setting, "growth": growth, "resumed": resumed})


def table(result):
    lines = [
        f"| sentences, {result['setting']['labeling_functions']} span LFs | CPU seconds | µs a row | peak MiB |",
        "| --- | ---: | ---: | ---: |",
    ]
    largest = max(map(int, result["growth"]))
    rows = [(f"{int(rows):,}", figures) for rows, figures in result["growth"].items()]
    rows.append((f"{largest:,}, killed half-way through the votes, then resumed", result["resumed"]))
    for name, figures in rows:
        lines.append(f"| {name} | {figures['cpu_seconds']:.0f} | {figures['us_a_row']:.0f} | {figures['peak_mib']:,} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
