"""What it is worth to state the class balance: `auto` with and without it, on twins with a rare class.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.stated_balance --data FOLDER [--split valid] [--seeds 3] [--out FILE]

FOLDER has a folder for each real set, in WRENCH's format; twins are of the kind "rare" of `benchmarks.quality.twin_kinds`:
5 to 10% of the rows are of the rare class. The same rough share is stated for all, not the true one of each.
"""

import argparse
import json
import statistics
import sys
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common import save
from benchmarks.quality.answers import complete, fit_and_predict
from benchmarks.quality.twin_kinds import Twin, twins
from benchmarks.quality.twins import MAX_CALIBRATION_ERROR, difference, metric_replicates
from weaklabel.label_model import AutoLabelModel
from weaklabel.scoring.calibration import calibration_error, log_loss

RARE_SHARE = 0.08


def run_twin(twin: Twin, split_name: str) -> dict:
    """Fit `auto` without and with the stated balance, and score both."""
    split = getattr(twin, split_name)
    rare = twin.labels.index(twin.positive)
    balance = [RARE_SHARE if label == rare else 1 - RARE_SHARE for label in range(twin.k)]
    answered, figures = {}, {}
    for name, stated in (("estimated", None), ("stated", balance)):
        model = AutoLabelModel(twin.k, class_balance=stated, seed=twin.seed)
        predictions = fit_and_predict(model, twin.train.L, split.L, twin.train.texts, split.texts)
        answers = complete(predictions, twin.train.L, split.L, twin.seed)
        answered[name] = answers.preds
        figures[name] = {
            "log_loss": round(log_loss(answers.probs, split.Y), 4),
            "calibration_error": round(calibration_error(answers.probs, split.Y), 4),
        }
    replicates = metric_replicates(twin, split.Y, answered)
    for name in answered:
        figures[name]["metric"] = round(replicates[name][0], 4)
    points, drawn = zip(*(replicates[name] for name in ("stated", "estimated")), strict=True)
    return {
        "set": twin.source,
        "seed": twin.seed,
        "rare_share": round(float(np.mean(rare == split.Y)), 4),
        "scored_rows": len(split),
        "models": figures,
        "difference": difference(points[0] - points[1], drawn[0] - drawn[1]),
    }


def table(result: dict) -> str:
    """Write a committed result as Markdown: without and with the stated balance, over all twins."""
    runs = result["twins"]
    above = sum(run["difference"][1] > 0 for run in runs)
    below = sum(run["difference"][2] < 0 for run in runs)
    lines = [
        f"| `auto`, {len(runs)} twins with a rare class | F1 | worst F1 | log loss | calibration error: median, worst |"
        f" above {MAX_CALIBRATION_ERROR} |",
        "| --- |" + " ---: |" * 5,
    ]
    for name, title in (
        ("estimated", "class balance learned from the votes and texts"),
        ("stated", f"stated: {1 - RARE_SHARE:.2f}, {RARE_SHARE:.2f} ({above} twins better, {below} worse)"),
    ):
        figures = [run["models"][name] for run in runs]
        errors = [figure["calibration_error"] for figure in figures]
        metrics = [100 * figure["metric"] for figure in figures]
        mean_loss = statistics.mean(figure["log_loss"] for figure in figures)
        lines.append(
            f"| {title} | {statistics.mean(metrics):.1f} | {min(metrics):.1f} | {mean_loss:.2f} |"
            f" {statistics.median(errors):.2f}, {max(errors):.2f} |"
            f" {sum(error > MAX_CALIBRATION_ERROR for error in errors)} of {len(runs)} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sets")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid is for development")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write results there, and not among the committed ones")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    runs = []
    for seed in range(options.seeds):
        for _, twin in twins(options.data, seed, ("rare",), None):
            runs.append(run_twin(twin, options.split))
            print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    figures = {"setting": {"split": options.split, "seeds": options.seeds, "rare_share": RARE_SHARE}, "twins": runs}
    print(table(figures))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n")
    else:
        save("quality_stated_balance", ["numpy"], figures)


if __name__ == "__main__":
    main()
