"""Labeling a corpus again after one of 20 labeling functions was changed: only that one votes.

    OMP_NUM_THREADS=2 python -m benchmarks.speed.vote_cache

The labeling functions are the Python functions of `lf_workload`, each a process's own work; the whole command is timed,
reading and writing included.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.common import arguments, save
from benchmarks.speed.label_csv import timed, write_csv
from benchmarks.speed.lf_workload import make_texts

PACK = '''
from weaklabel import labeling_function
LABELS = ("ham", "spam")
WORDS = {words}

def makes(number):
    @labeling_function(name=f"list_{{number}}")
    def votes(x, words=WORDS[number]):
        """As slow as a labeling function that looks at every word with care."""
        hits = 0
        for token in x.text.split():
            if token.strip(".,!?").casefold() in words:
                hits += 1
        return number % 2 if hits >= 1 else -1
    return votes

LFS = [makes(number) for number in range(len(WORDS))]
'''


def main():
    options = arguments(__doc__, rows=200_000, rounds=3)
    texts = make_texts(options.rows)
    words = [sorted({*text.lower().split()[:4]}) for text in texts[:20]]
    runs = {"first": [], "again": [], "one changed": []}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source, pack = folder / "in.csv", folder / "pack.py"
            write_csv(source, options.rows, texts)
            command = ["-m", "weaklabel", "label", source, "--lfs", pack, "-o", folder / "out.csv", "--quiet"]
            command += ["--cache", folder / "cache"]
            pack.write_text(PACK.format(words=words))
            runs["first"].append(timed(command)[0])
            runs["again"].append(timed(command)[0])
            changed = [*words]
            changed[7] = [*changed[7], "another"]
            pack.write_text(PACK.format(words=changed))
            runs["one changed"].append(timed(command)[0])
            print(f"round {number + 1}: {runs}", file=sys.stderr)
    medians = {name: statistics.median(seconds) for name, seconds in runs.items()}
    shares = {name: round(seconds / medians["first"], 3) for name, seconds in medians.items()}
    setting = {"rows": options.rows, "labeling_functions": len(words), "cores": os.cpu_count()}
    save("speed_vote_cache", ["polars"], {"setting": setting, "seconds": runs, "medians": medians, "shares": shares})


def table(result):
    setting, medians, shares = result["setting"], result["medians"], result["shares"]
    lines = [
        f"| `weaklabel label`, {setting['rows']:,} rows, {setting['labeling_functions']} Python LFs | seconds | share |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {name} | {medians[name]:.1f} | {shares[name]:.0%} |" for name in medians]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
