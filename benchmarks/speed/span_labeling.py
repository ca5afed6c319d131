"""From sentences to a file of labeled spans: a million sentences, ten labeling functions, in bounded memory.

    python -m benchmarks.speed.span_labeling

The sentences are made of those of ``examples/names``, each with a number, so that no two are the same. ``weaklabel label`` runs
ten labeling functions of the ready pack ``names`` in a process of its own, for a tenth of the sentences and for all, so that
the table shows how memory grows. Time is CPU time of that process.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from benchmarks.common import RESULTS, arguments, save

NEWS = RESULTS.parents[1] / "examples" / "names" / "news.csv"
PACK = '''"""Ten of the labeling functions of the ready pack."""
from weaklabel.packs.names import (
    LABELS, TASK, cities, company, countries, dates, first_name, institution, money, organizations, speaker, title,
)
'''  # fmt: skip


def write_sentences(path: Path, rows: int) -> None:
    texts = pl.read_csv(NEWS, infer_schema=False)["text"].to_list()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["text"])
        writer.writerows([f"{texts[number % len(texts)]} That was report {number}."] for number in range(rows))


def labeled(folder: Path, rows: int, workers: int) -> dict:
    """Label that many sentences in a new process; return what it took."""
    corpus, pack, output = folder / f"{rows}.csv", folder / "ten.py", folder / f"{rows}-labeled.csv"
    write_sentences(corpus, rows)
    pack.write_text(PACK, encoding="utf-8")
    command = [sys.executable, "-m", "weaklabel", "label", str(corpus), "--lfs", str(pack), "-o", str(output)]
    process = subprocess.Popen([*command, "--label-model", "span-vote", "--workers", str(workers), "--quiet"])
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    first = pl.read_csv(output, n_rows=3, infer_schema=False)
    assert json.loads(first["spans"][0]) is not None
    seconds = usage.ru_utime + usage.ru_stime
    size = corpus.stat().st_size / 1e6
    return {
        "sentences": rows,
        "cpu_seconds": round(seconds, 1),
        "sentences_per_cpu_second": round(rows / seconds),
        "megabytes_per_cpu_second": round(size / seconds, 2),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "corpus_megabytes": round(size, 1),
    }


def main() -> None:
    options = arguments(__doc__, rows=1_000_000, workers=0)
    with tempfile.TemporaryDirectory() as folder:
        results = [labeled(Path(folder), rows, options.workers) for rows in (options.rows // 10, options.rows)]
    print(results)
    save("speed_span_labeling", ["polars", "numpy"], {"setting": {"lfs": 10}, "runs": results})


def table(result: dict) -> str:
    """Return the result as a Markdown table."""
    rows = [
        f"| {each['sentences']:,} | {each['cpu_seconds']:,.0f} | {each['sentences_per_cpu_second']:,} | {each['peak_mib']:,} |"
        for each in result["runs"]
    ]
    return "\n".join(
        ["| sentences | CPU s | sentences per CPU s | peak memory, MiB |", "| ---: | ---: | ---: | ---: |", *rows]
    )


if __name__ == "__main__":
    main()
