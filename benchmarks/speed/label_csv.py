"""`weaklabel label` on a CSV file, reading and writing included: beside Snorkel with pandas, and as the file grows.

    OMP_NUM_THREADS=2 python -m benchmarks.speed.label_csv

Each run is a process of its own: what is timed is what a user waits for. Texts are those of `lf_workload`; files of more
than 200,000 rows repeat them under other ids. The 20 labeling functions are the same in both arms.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import RESULTS, arguments, save
from benchmarks.speed.lf_workload import make_texts

PATTERN_PACK = """
from benchmarks.speed.lf_workload import declared, pattern_lfs
LABELS = ("ham", "spam")
LFS = pattern_lfs(declared())
"""

SNORKEL = """
import sys
import pandas as pd
from snorkel.labeling import LabelingFunction, PandasLFApplier
from snorkel.labeling.model import LabelModel
from benchmarks.speed.lf_workload import declared, row_functions
frame = pd.read_csv(sys.argv[1])
lfs = [LabelingFunction(name, function) for name, function in row_functions(declared()).items()]
L = PandasLFApplier(lfs).apply(frame, progress_bar=False)
model = LabelModel(cardinality=2, verbose=False)
model.fit(L, seed=0, progress_bar=False)
preds, probs = model.predict(L, return_probs=True, tie_break_policy="abstain")
frame["label"] = pd.Series(preds).map({0: "ham", 1: "spam"})
frame["confidence"] = probs.max(axis=1)
frame["p_ham"], frame["p_spam"] = probs[:, 0], probs[:, 1]
frame.to_csv(sys.argv[2], index=False)
"""


def write_csv(path, rows, texts):
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        for row in range(rows):
            file.write(f'{row},"{texts[row % len(texts)]}"\n')


def timed(command):
    """Run a command and return its seconds, its CPU seconds and its peak memory in MiB, those of its children included."""
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(RESULTS.parents[1])}
    process = subprocess.Popen([sys.executable, *map(str, command)], env=environment, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = status
    assert status == 0, command
    return round(seconds, 3), round(usage.ru_utime + usage.ru_stime, 2), round(usage.ru_maxrss / 1024)


def label(source, pack, out):
    return ["-m", "weaklabel", "label", source, "--lfs", pack, "-o", out, "--quiet", "--no-cache"]


def main():
    options = arguments(__doc__, rows=100_000, rounds=3, largest=5_000_000)
    texts = make_texts(min(200_000, options.largest))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "patterns.py").write_text(PATTERN_PACK)
        (folder / "snorkel_job.py").write_text(SNORKEL)
        source, out = folder / "in.csv", folder / "out.csv"
        write_csv(source, options.rows, texts)
        arms = {
            "weaklabel": label(source, folder / "patterns.py", out),
            "snorkel": [folder / "snorkel_job.py", source, out],
        }
        runs = {arm: [] for arm in arms}
        for number in range(options.rounds):
            for arm, command in arms.items():
                runs[arm].append(timed(command))
                print(f"round {number + 1}: {arm}: {runs[arm][-1]}", file=sys.stderr)
        figures = {arm: summary(measured, options.rows) for arm, measured in runs.items()}
        figures["ratio"] = round(figures["snorkel"]["seconds"] / figures["weaklabel"]["seconds"], 1)
        growth = {}
        rows = options.rows
        while rows <= options.largest:
            write_csv(source, rows, texts)
            growth[rows] = summary([timed(label(source, folder / "patterns.py", out))], rows)
            growth[rows] |= {"mib_read": round(source.stat().st_size / 2**20)}
            print(f"{rows}: {growth[rows]}", file=sys.stderr)
            rows = options.largest if rows < options.largest < rows * 5 else rows * 5
    setting = {"rows": options.rows, "labeling_functions": 20, "cores": os.cpu_count()}
    save("speed_label_csv", ["polars", "snorkel", "pandas"], {"setting": setting, "arms": figures, "growth": growth})


def summary(measured, rows):
    seconds, cpu, peak = (statistics.median(values) for values in zip(*measured, strict=True))
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_mib": peak,
        "rows_per_second": round(rows / seconds),
        "all_seconds": [run[0] for run in measured],
    }


def table(result):
    arms, setting = result["arms"], result["setting"]
    lines = [
        f"| CSV to labeled CSV, {setting['labeling_functions']} labeling functions | rows | seconds | rows/s | peak MiB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    named = {"weaklabel label": arms["weaklabel"], "pandas and Snorkel": arms["snorkel"]}
    rows = [(name, setting["rows"], figures) for name, figures in named.items()]
    rows += [
        ("weaklabel label", int(n), figures) for n, figures in result["growth"].items() if int(n) != setting["rows"]
    ]
    lines += [
        f"| {name} | {n:,} | {figures['seconds']:.1f} | {figures['rows_per_second']:,} | {figures['peak_mib']:,} |"
        for name, n, figures in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
