"""What a row costs `weaklabel dedup`, from file to file, as corpora grow, and where all rows are alike.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python -m benchmarks.speed.dedup [--rows 100000,300000,1000000] [--alike N]

Texts are those of benchmarks.quality.dedup, about 100 characters each; also N rows of one text, and of templates with a
number in them. Each arm runs in a process of its own, with one worker: CPU seconds of it, reading and writing CSV
included, and its peak memory.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import save
from benchmarks.quality.dedup import SHORT, planted

TEMPLATES = {
    "one text": "Hello, this is a text that is there again and again, from the first row to the last",
    "a template, all near-duplicates": "Your verification code is {}. Do not share it with anyone who calls; we never ask",
    "a template, some near-duplicates": "Your verification code is {}. Do not share it.",
    "a template, hardly any": "Order {} shipped",
}


def write(path, n, template, seed=0):
    rng = random.Random(seed)
    numbers = (f"{rng.randrange(10**9):09d}" for _ in range(n))
    texts = planted(n, SHORT, seed)[0] if template is None else map(template.format, numbers)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text"])
        writer.writerows([text] for text in texts)


def run_arm(path):
    from weaklabel import dedup_corpus

    began = time.process_time()
    done = dedup_corpus(path, path.with_suffix(".out.csv"))
    return {
        "rows": done.rows,
        "kept": done.kept,
        "cpu_seconds": round(time.process_time() - began, 1),
        "peak_mb": peak_mb(),
        "summary": dict(done.summary),
    }


def peak_mb():
    """Return the most memory that this process held; what `getrusage` says begins with that of the process that made it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def table(result):
    lines = ["| rows | kept | CPU seconds | microseconds a row | peak memory |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, arm in result["arms"].items():
        cost = 1e6 * arm["cpu_seconds"] / arm["rows"]
        lines.append(f"| {name} | {arm['kept']:,} | {arm['cpu_seconds']:.1f} | {cost:.0f} | {arm['peak_mb']:,} MB |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="100000,300000,1000000")
    parser.add_argument("--alike", type=int, default=100_000)
    parser.add_argument("--arm", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        print(json.dumps(run_arm(options.arm)))
        return
    wanted = {f"{int(n):,} texts": (int(n), None) for n in options.rows.split(",")}
    wanted |= {f"{options.alike:,} times {name}": (options.alike, text) for name, text in TEMPLATES.items()}
    arms = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (n, template) in wanted.items():
            path = Path(folder) / "texts.csv"
            write(path, n, template)
            command = [sys.executable, "-m", "benchmarks.speed.dedup", "--arm", str(path)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"{name}: {done.stderr}")
            arms[name] = json.loads(done.stdout.splitlines()[-1])
            print(f"{name}: {arms[name]}", file=sys.stderr)
    result = {"setting": {"seed": 0, "threshold": 0.7, "workers": 1}, "arms": arms}
    save("speed_dedup", ["numpy", "polars"], result)
    print(table(result))


if __name__ == "__main__":
    main()
