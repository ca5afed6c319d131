"""How many decisions active learning on the review page saves.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.active FOLDER ... [--seeds 5] [--decisions 100] [--split test]

Each FOLDER is a set in WRENCH's format. A simulated reviewer decides on rows of train, one after the other, and tells the gold
class of these rows and of no others. With each seed, half of the train rows are drawn to choose from. Rows are drawn at
random, or by the order "what teaches most" of the page (`weaklabel.review.teaching`).
There are no labeling functions. After 10, 20, 50 and 100 decisions, a linear model on TF-IDF, fitted on the decisions alone,
is scored by its accuracy.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.common import save
from weaklabel.encoder.lsa import new_tfidf
from weaklabel.review.teaching import Teaching

AT = (10, 20, 50, 100)
ARMS = ("random", "teaching")


def read_split(folder, split):
    """Return texts and gold of a split."""
    rows = json.loads((folder / f"{split}.json").read_text(encoding="utf-8")).values()
    return [row["data"]["text"] for row in rows], np.array([row["label"] for row in rows])


class Pool:
    """Texts that a simulated reviewer decides on, and texts to score with."""

    def __init__(self, texts, truth, scored, gold, k):
        vectorizer = new_tfidf((1, 2))
        self.X, self.scored = vectorizer.fit_transform(texts), vectorizer.transform(scored)
        self.truth, self.gold, self.k = truth, gold, k
        self.teaching = Teaching(texts)

    def model(self, decided):
        rows = np.flatnonzero(decided >= 0)
        if len(np.unique(decided[rows])) < 2:
            return None
        return LogisticRegression(C=10.0, max_iter=300).fit(self.X[rows], decided[rows])

    def accuracy(self, decided):
        model = self.model(decided)
        preds = np.bincount(decided[decided >= 0]).argmax() if model is None else model.predict(self.scored)
        return float((preds == self.gold).mean())

    def next_row(self, arm, decided, order):
        if arm == "random":
            return next(row for row in order if decided[row] < 0)
        return int(self.teaching.worth(decided, np.full((len(decided), self.k), np.nan)).argmax())

    def curve(self, arm, decisions, seed):
        """Return the accuracy after each number of decisions, and CPU seconds a decision."""
        order = np.random.default_rng(seed).permutation(len(self.truth))
        decided, scores, spent = np.full(len(self.truth), -1, dtype=np.int64), {}, 0.0
        for number in range(1, decisions + 1):
            began = time.process_time()
            row = self.next_row(arm, decided, order)
            spent += time.process_time() - began
            decided[row] = self.truth[row]
            if number in AT:
                scores[number] = self.accuracy(decided)
        return scores, spent / decisions


ROWS_OF_TABLE = {
    "random": "rows at random",
    "teaching": "**what teaches most**, as on the page",
}


def table(results):
    """Return the mean accuracy of each order after each number of decisions, with the standard deviation over seeds."""
    cells = [(result, number) for result in results for number in result["arms"]["random"]["accuracy"]]
    heads = [f"{result['set']}, {number}" for result, number in cells]
    lines = [
        f"| accuracy after decisions | {' | '.join(heads)} |",
        "| --- |" + " ---: |" * len(cells),
    ]
    for arm, title in ROWS_OF_TABLE.items():
        scores = (result["arms"][arm]["accuracy"][number] for result, number in cells)
        shown = (f"{np.mean(each):.1f} ± {np.std(each, ddof=1):.1f}" for each in scores)
        lines.append(f"| {title} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--split", default="test", choices=["valid", "test"])
    options = parser.parse_args()
    for folder in options.folders:
        texts, truth = read_split(folder, "train")
        scored, gold = read_split(folder, options.split)
        arms = {arm: {"accuracy": {number: [] for number in AT if number <= options.decisions}} for arm in ARMS}
        for seed in range(options.seeds):
            half = np.sort(np.random.default_rng(seed).choice(len(texts), len(texts) // 2, replace=False))
            pool = Pool([texts[row] for row in half], truth[half], scored, gold, int(truth.max()) + 1)
            for arm in ARMS:
                scores, seconds = pool.curve(arm, options.decisions, seed)
                for number, score in scores.items():
                    arms[arm]["accuracy"][number].append(round(100 * score, 2))
                arms[arm]["cpu_seconds_a_decision"] = round(seconds, 4)
        for arm in ARMS:
            means = {number: round(float(np.mean(scores)), 1) for number, scores in arms[arm]["accuracy"].items()}
            print(folder.name, arm, means, arms[arm]["cpu_seconds_a_decision"], file=sys.stderr, flush=True)
        figures = {
            "set": folder.name,
            "rows": len(texts) // 2,
            "scored": len(gold),
            "split": options.split,
            "arms": arms,
        }
        save(f"quality_active_{folder.name}", ["scikit-learn", "numpy"], {"seeds": options.seeds, **figures})


if __name__ == "__main__":
    main()
