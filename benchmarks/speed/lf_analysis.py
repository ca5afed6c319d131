"""LF analysis: `LFAnalysis(votes).lf_summary()` against Snorkel's, without gold and with it.

    python -m benchmarks.speed.lf_analysis [--rows N] [--lfs M] [--rounds R]

Votes are stored by column, as `apply_lfs` makes them. Each arm runs in a process of its own, BLAS on one thread;
weaklabel uses all cores through threads of its own, so CPU seconds stand beside wall seconds.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common import arguments, save
from benchmarks.speed.votes import alone, measured, task_of, write_votes

ARMS = ("weaklabel", "Snorkel")
CASES = ("correlated", "independent")


def run_arm(task: dict) -> None:
    warnings.simplefilter("ignore")
    L = np.array(np.load(f"{task['folder']}/{task['case']}.npy", mmap_mode="r"), order="F")
    Y = np.load(f"{task['folder']}/{task['case']}_gold.npy")
    names = [f"lf{number}" for number in range(L.shape[1])]
    if task["arm"] == "weaklabel":
        from weaklabel.votes import LFAnalysis, Votes

        votes = Votes(L, names)
        summary = lambda Y=None: LFAnalysis(votes).lf_summary(Y)  # noqa: E731
    else:
        from snorkel.labeling import LFAnalysis

        summary = lambda Y=None: LFAnalysis(L).lf_summary(Y)  # noqa: E731
    summary()  # imports, and memory that is used again
    figures = {
        "without gold": measured(summary, task["rounds"]),
        "with gold": measured(lambda: summary(Y), task["rounds"]),
    }
    print(json.dumps(figures))


def main():
    task = task_of(sys.argv)
    if task:
        run_arm(task)
        return
    options = arguments(__doc__, rows=1_000_000, lfs=50, rounds=3)
    cases: dict[str, dict] = {case: {} for case in CASES}
    with tempfile.TemporaryDirectory() as folder:
        write_votes(Path(folder), options.rows, options.lfs, classes=2)
        for case in CASES:
            for arm in ARMS:
                rounds = options.rounds * (7 if arm == "weaklabel" else 1)
                cases[case][arm] = alone("benchmarks.speed.lf_analysis", arm, folder=folder, case=case, rounds=rounds)
    for arms in cases.values():
        for what, figures in arms["Snorkel"].items():
            if what in arms["weaklabel"]:
                figures["times_slower"] = round(figures["seconds"] / arms["weaklabel"][what]["seconds"], 1)
    setting = {"rows": options.rows, "lfs": options.lfs, "classes": 2, "coverage": 0.3}
    result = {"setting": setting, "cases": cases}
    print(table(result))
    save("speed_lf_analysis", ["snorkel", "numpy"], result)


def table(result: dict) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| votes | gold | arm | ms | CPU ms | peak MB | times slower |", "|---|---|---|---|---|---|---|"]
    for case, arms in result["cases"].items():
        for arm, steps in arms.items():
            for what, figures in steps.items():
                if what == "failed":
                    lines.append(f"| {case} | | {arm} | failed: {figures['message']} | | | |")
                    continue
                lines.append(
                    f"| {case} | {what} | {arm} | {figures['seconds'] * 1e3:,.1f} | {figures['cpu_seconds'] * 1e3:,.1f} "
                    f"| {figures['peak_mb']:,} | {figures.get('times_slower', '')} |"
                )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
