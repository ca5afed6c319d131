"""Label models: fit and predict against Snorkel's, in time and memory, with 2 classes and with 10.

    python -m benchmarks.speed.label_models [--rows N] [--lfs M] [--rounds R]

Once the votes are those of independent labeling functions, so that hardly a row repeats: the worst case for vote patterns,
whose making counts as part of our fit. And once rows repeat, as texts of one kind do; with 10 classes the committee then
finds that votes go together, and is the mean of eight models. Each arm and step runs in a process of its own, BLAS on one
thread. Ours uses all
cores through threads of its own, so CPU seconds stand beside wall seconds. ``peak_mb`` counts from the start of the
process, ``votes_mb`` of it are there before the step: imports and votes.
"""

import json
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common import arguments, save
from benchmarks.speed.votes import alone, measured, task_of, write_votes

SNORKEL, VOTER = "LabelModel (Snorkel)", "MajorityLabelVoter (Snorkel)"
PEER = {"LabelModel": SNORKEL, "DawidSkene": SNORKEL, "CommitteeLabelModel": SNORKEL, "MajorityVote": VOTER}
"""Ours, and what of Snorkel's each stands beside; the committee is what `auto` goes by without texts."""

STEPS = ("fit", "predict")

VOTES = {"independent": "", "correlated": ", rows repeat"}
"""By kind of votes, what is said of it beside the number of classes."""

SAMPLE = 20_000
"""Rows that a model is fitted on before anything is timed."""


def make(arm: str, classes: int):
    if arm in PEER:
        from weaklabel import label_model

        return getattr(label_model, arm)(classes)
    from snorkel.labeling.model import LabelModel, MajorityLabelVoter

    return LabelModel(classes, verbose=False) if arm.startswith("LabelModel") else MajorityLabelVoter(classes)


def fit(model, L):
    """Fit as users do; Snorkel's own majority vote has no fit."""
    if type(model).__module__.startswith("weaklabel"):
        return model.fit(L)
    if hasattr(model, "fit"):
        model.fit(L, seed=0, progress_bar=False)
    return model


def run_arm(task: dict) -> None:
    warnings.simplefilter("ignore")
    L = np.load(f"{task['folder']}/{task['votes']}.npy", mmap_mode="r")
    # Also before a fit: what is loaded late is loaded now.
    model = fit(make(task["arm"], task["classes"]), np.asfortranarray(L[:SAMPLE]))
    L = np.array(L, order="F")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    step = (lambda: fit(model, L)) if task["step"] == "fit" else (lambda: model.predict(L, return_probs=True))
    print(json.dumps({task["step"]: measured(step, task["rounds"]) | {"votes_mb": round(before)}}))


def run_case(folder: str, votes: str, classes: int, rounds: int) -> dict[str, dict]:
    """Return the figures of all arms on one matrix of votes, and ours as ratios to their peers'."""
    arms: dict[str, dict] = {arm: {} for arm in (*PEER, SNORKEL, VOTER)}
    for arm, step in ((arm, step) for arm in arms for step in STEPS if (arm, step) != (VOTER, "fit")):
        task = {"step": step, "folder": folder, "votes": votes, "classes": classes}
        arms[arm] |= alone("benchmarks.speed.label_models", arm, rounds=rounds if arm in PEER else 1, **task)
    for ours, theirs in PEER.items():
        for step in arms[ours].keys() & arms[theirs].keys() - {"failed"}:
            one, other = arms[ours][step], arms[theirs][step]
            one["times_faster"] = round(other["seconds"] / one["seconds"], 1)
            one["times_cpu"] = round(other["cpu_seconds"] / one["cpu_seconds"], 1)
    return arms


def main():
    task = task_of(sys.argv)
    if task:
        run_arm(task)
        return
    options = arguments(__doc__, rows=1_000_000, lfs=50, rounds=3)
    cases: dict[str, dict] = {}
    for classes in (2, 10):
        with tempfile.TemporaryDirectory() as folder:
            write_votes(Path(folder), options.rows, options.lfs, classes)
            for votes, case in VOTES.items():
                cases[f"{classes} classes{case}"] = run_case(folder, votes, classes, options.rounds)
    result = {"setting": {"rows": options.rows, "lfs": options.lfs, "coverage": 0.3}, "cases": cases}
    print(table(result))
    save("speed_label_models", ["snorkel", "torch", "numpy"], result)


def table(result: dict) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| classes | label model | step | s | CPU s | peak MB | before the step | times faster than Snorkel's |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, arms in result["cases"].items():
        for arm, steps in arms.items():
            for step, figures in steps.items():
                if step == "failed":
                    lines.append(f"| {case} | {arm} | failed: {figures['message']} | | | | | |")
                    continue
                lines.append(
                    f"| {case} | {arm} | {step} | {figures['seconds']:.2f} | {figures['cpu_seconds']:.2f} | "
                    f"{figures['peak_mb']:,} | {figures['votes_mb']:,} | {figures.get('times_faster', '')} |"
                )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
