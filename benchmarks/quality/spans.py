"""Label models for spans: exact-match scores on the test split of sets in WRENCH's format for sequences, by no gold at all.

    python -m benchmarks.quality.spans FOLDER [FOLDER ...]

The labeling functions are those that published figures use. Majority vote word by word is WRENCH's.
"""

import sys

from benchmarks.common import save
from weaklabel.bench.span_data import read_span_set
from weaklabel.label_model.sequence import SpanVote, WordVote
from weaklabel.scoring import score_spans

MODELS = {"majority vote on words (WRENCH's)": WordVote, "majority vote on spans": SpanVote}


def table(result):
    lines = ["| set | label model | precision | recall | F1 (95% interval) |", "| --- | --- | ---: | ---: | ---: |"]
    for name, measured in result["sets"].items():
        for model, scores in measured["models"].items():
            low, high = scores["intervals"]["f1"]
            figures = " | ".join(f"{100 * scores[key]:.1f}" for key in ("precision", "recall", "f1"))
            lines.append(f"| {name} | {model} | {figures} ({100 * low:.1f} to {100 * high:.1f}) |")
    return "\n".join(lines)


def main():
    sets = {}
    for folder in sys.argv[1:]:
        data = read_span_set(folder)
        votes = data.test.votes.only(data.recommended)
        models = {}
        for name, model in MODELS.items():
            scores = score_spans(data.test.gold, model().predict(votes).spans, data.labels).to_dict()
            models[name] = {
                key: scores[key] for key in ("precision", "recall", "f1", "macro_f1", "intervals", "errors")
            }
        sets[data.name] = {"texts": votes.n_rows, "gold_spans": len(data.test.gold), "lfs": votes.m, "models": models}
    save("quality_spans", ["numpy"], {"setting": {"split": "test", "gold used": "for scores only"}, "sets": sets})


if __name__ == "__main__":
    main()
