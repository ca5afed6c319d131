"""Label models for spans beside skweak's: exact-match scores on the test split of sets in WRENCH's format, by no gold at all.

    python -m benchmarks.quality.span_peers FOLDER [FOLDER ...]

skweak must be installed; ours are those of the registry that see votes alone, as skweak's do, with their defaults. Label models
are fitted on the votes of train (of test, where a set has no train split), of the labeling functions that published figures
use. Times are of the processor, one thread.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.common import save
from weaklabel.bench.defaults import PEERS
from weaklabel.bench.span_data import read_span_set
from weaklabel.bench.span_models import new_span_label_model
from weaklabel.registries import SPAN_LABEL_MODELS
from weaklabel.scoring import paired_span_difference, score_spans

BASELINE = "word-vote"
PUBLISHED_CHECK = {"laptop": (88.86, 62.33, 73.27)}
"""Precision, recall and F1 of majority vote as WRENCH has it, which a reader of these sets must give."""


def main():
    ours = [name for name in SPAN_LABEL_MODELS.built_in if not SPAN_LABEL_MODELS[name].uses_texts]
    sets = {}
    # A process for each, so that none is slower for what others left behind.
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for folder in sys.argv[1:]:
            data = read_span_set(folder)
            models = {}
            for name in (*ours, *PEERS):
                models[name] = processes.submit(measured, folder, name).result()
                print(data.name, name, round(100 * models[name]["f1"], 2), file=sys.stderr, flush=True)
            sets[data.name] = {
                "texts": len(data.test),
                "gold_spans": len(data.test.gold),
                "lfs": data.m,
                "notes": list(data.notes),
                "models": models,
            }
    setting = {"split": "test", "gold used": "for scores only", "baseline": BASELINE}
    save("quality_span_peers", ["numpy", "skweak", "hmmlearn", "spacy"], {"setting": setting, "sets": sets})


def measured(folder, name):
    data = read_span_set(folder)
    train, votes = (split.votes.only(data.recommended) for split in (data.fitted_on, data.test))
    baseline = new_span_label_model(BASELINE, 0).fit(train).predict(votes).spans
    check(data.name, score_spans(data.test.gold, baseline, data.labels, intervals=0))
    model = new_span_label_model(name, 0)
    start = time.process_time()
    model.fit(train)
    fit_seconds = time.process_time() - start
    labels = model.predict(votes)
    scores = score_spans(data.test.gold, labels.spans, data.labels, probs=labels.probs)
    paired = paired_span_difference(data.test.gold, labels.spans, baseline, data.labels)
    return {
        **{key: getattr(scores, key) for key in ("precision", "recall", "f1", "macro_f1", "calibration_error")},
        "interval": list(scores.intervals["f1"]),
        "difference": [paired.difference, paired.low, paired.high],
        "errors": dict(scores.errors),
        "fit_seconds": round(fit_seconds, 3),
        "why": model.describe(),
    }


def check(name, scores):
    """Refuse to measure where majority vote is not the published one."""
    expected = PUBLISHED_CHECK.get(name)
    figures = tuple(round(100 * each, 2) for each in (scores.precision, scores.recall, scores.f1))
    if expected is not None and figures != expected:
        raise SystemExit(f"majority vote on {name} gives {figures}, not the published {expected}: something is wrong")


def table(result):
    lines = [
        "| set | label model | precision | recall | F1 (95% interval) | minus WRENCH's majority vote | fit, s |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, of_set in result["sets"].items():
        for model, scores in of_set["models"].items():
            low, high = (100 * bound for bound in scores["interval"])
            difference = "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * value for value in scores["difference"]))
            figures = " | ".join(f"{100 * scores[key]:.1f}" for key in ("precision", "recall", "f1"))
            shown = "" if model == result["setting"]["baseline"] else difference
            lines.append(
                f"| {name} | {model} | {figures} ({low:.1f} to {high:.1f}) | {shown} | {scores['fit_seconds']:.1f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
