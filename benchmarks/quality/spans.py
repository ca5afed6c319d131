"""Label models for spans: exact-match scores on the test split of sets in WRENCH's format for sequences, by no gold at all.

    python -m benchmarks.quality.spans FOLDER [FOLDER ...]

The labeling functions are those that published figures use. Majority vote word by word is WRENCH's. Models are fitted to votes
and texts of the train split, or of the test split where a set has no train split; those that read texts with three seeds,
whose means are shown, with the interval of the first. Figures of earlier calls on other sets stay in the result.
"""

import json
import sys

import numpy as np

from benchmarks.common import RESULTS, save
from weaklabel.bench.span_data import read_span_set
from weaklabel.label_model.sequence import AutoSpanModel, SpanVote, WordVote
from weaklabel.label_model.sequence.hmm import SpanHMM
from weaklabel.label_model.sequence.weighted import WeightedSpanVote
from weaklabel.scoring import score_spans

MODELS = {
    "majority vote on words (WRENCH's)": WordVote,
    "majority vote on spans": SpanVote,
    "weighted vote on spans": WeightedSpanVote,
    "hidden Markov model": SpanHMM,
    "auto: votes and texts": AutoSpanModel,
}
NAME = "quality_spans"
SEEDS = (0, 1, 2)


def table(result):
    lines = ["| set | label model | precision | recall | F1 (95% interval) |", "| --- | --- | ---: | ---: | ---: |"]
    for name, measured in result["sets"].items():
        for model, scores in measured["models"].items():
            low, high = scores["intervals"]["f1"]
            figures = " | ".join(f"{100 * scores[key]:.1f}" for key in ("precision", "recall", "f1"))
            lines.append(f"| {name} | {model} | {figures} ({100 * low:.1f} to {100 * high:.1f}) |")
    return "\n".join(lines)


def measure(cls, data, fitted_to):
    votes = data.test.votes.only(data.recommended)
    runs = []
    for seed in SEEDS if cls.has_param("seed") else SEEDS[:1]:
        model = cls(seed=seed) if cls.has_param("seed") else cls()
        model.fit(fitted_to.votes.only(data.recommended), fitted_to.texts, words=fitted_to.words)
        labels = model.predict(votes, data.test.texts, words=data.test.words)
        runs.append((score_spans(data.test.gold, labels.spans, data.labels, probs=labels.probs), model.describe()))
    scores = runs[0][0].to_dict()
    means = ("precision", "recall", "f1", "macro_f1", "calibration_error")
    return {
        **{key: float(np.mean([getattr(each, key) for each, _ in runs])) for key in means},
        "intervals": scores["intervals"],
        "errors": scores["errors"],
        "f1 by seed": [each.f1 for each, _ in runs],
        "choice": runs[0][1],
    }


def main():
    file = RESULTS / f"{NAME}.json"
    sets = json.loads(file.read_text(encoding="utf-8"))["sets"] if file.exists() else {}
    for folder in sys.argv[1:]:
        data = read_span_set(folder)
        has_train = data.train is not None and len(data.train.words) > 0
        fitted_to = data.train if has_train else data.test
        models = {name: measure(cls, data, fitted_to) for name, cls in MODELS.items()}
        sets[data.name] = {
            "texts": data.test.votes.n_rows,
            "gold_spans": len(data.test.gold),
            "lfs": len(data.recommended),
            "fitted to": "train" if has_train else "test",
            "models": models,
        }
        for name, scores in models.items():
            print(data.name, name, round(100 * scores["f1"], 2), scores["choice"], file=sys.stderr, flush=True)
        packages = ["numpy", "torch", "transformers"]
        save(NAME, packages, {"setting": {"split": "test", "gold used": "for scores only"}, "sets": sets})


if __name__ == "__main__":
    main()
