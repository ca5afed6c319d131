"""Taggers of spans: exact-match F1 on test, trained on a label model's spans, and, as a ceiling, on gold.

    python -m benchmarks.quality.taggers --label-model text --taggers linear,frozen --seeds 3 FOLDER [FOLDER ...]

The sets have WRENCH's format for sequences. The label model is fitted to the votes and the texts of train; the tagger reads the
texts of train with its spans, and then the texts of test alone. Gold of train is used for the ceiling only, and gold of test
for scores only; no setting is chosen by either. Figures of earlier calls with the same label model stay in the result.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import numpy as np

from benchmarks.common import RESULTS, save
from weaklabel.bench.span_data import read_span_set
from weaklabel.label_model.sequence import SpanLabels, make_span_label_model
from weaklabel.scoring import score_spans
from weaklabel.tagger import LinearTagger, TokenClassifier
from weaklabel.units import spans_of_tags, tag_names

NAME = "quality_taggers"
FROZEN = {"layers": (2, 4, 6), "C": 0.01}
TAGGERS = {
    "linear": ("linear, features of words", lambda labels, seed: LinearTagger(labels, seed=seed)),
    "frozen": ("linear, with a frozen MiniLM", lambda labels, seed: LinearTagger(labels, seed=seed, **FROZEN)),
    "bert": (
        "MiniLM, fine-tuned",
        lambda labels, seed: TokenClassifier(labels=labels, seed=seed, device="cpu"),
    ),
}
TARGETS = ("label model", "gold")


def gold_of_train(folder, labels):
    """Read the gold that `read_span_set` hides."""
    examples = json.loads((Path(folder) / "train.json").read_text(encoding="utf-8")).values()
    numbers = {name: number for number, name in enumerate(tag_names(labels))}
    offsets = np.cumsum([0, *(len(example["label"]) for example in examples)])
    return spans_of_tags([numbers[tag] for example in examples for tag in example["label"]], offsets)


def f1(gold, spans, labels):
    return round(score_spans(gold, spans, labels, intervals=0).f1, 4)


def labels_of_train(data, name, seed):
    """Return the label model's labels of train, and its F1 on test."""
    options = {"seed": seed} if name in ("auto", "text") else {}
    model = make_span_label_model(name, **options)
    train, test = (split.votes.only(data.recommended) for split in (data.train, data.test))
    model.fit(train, data.train.texts, words=data.train.words)
    spans = model.predict(test, data.test.texts, words=data.test.words).spans
    return model.predict(train, data.train.texts, words=data.train.words), f1(data.test.gold, spans, data.labels)


def measure(folder, label_model, chosen, seeds):
    data = read_span_set(folder)
    gold = gold_of_train(folder, data.labels)
    sure = SpanLabels(gold, np.ones(len(gold)))
    scores = {name: {target: [] for target in TARGETS} for name in chosen}
    of_label_model = []
    for seed in range(seeds):
        weak, score = labels_of_train(data, label_model, seed)
        of_label_model.append(score)
        for name in chosen:
            for target, labels in zip(TARGETS, (weak, sure), strict=True):
                if name != "bert" and target == "gold" and seed:
                    scores[name][target].append(scores[name][target][0])  # nothing random in it
                    continue
                tagger = TAGGERS[name][1](data.labels, seed)
                tagger.fit(list(data.train.texts), labels, words=data.train.words)
                spans = tagger.tag(list(data.test.texts), data.test.words).spans
                scores[name][target].append(f1(data.test.gold, spans, data.labels))
                print(data.name, name, target, seed, scores[name][target][-1], file=sys.stderr, flush=True)
    return data.name, {"label model": of_label_model, "taggers": scores}


def table(result):
    lines = [
        "| set | tagger | on the label model's spans | label model itself | on gold |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name, measured in result["sets"].items():
        for tagger, scores in measured["taggers"].items():
            own = shown(measured["label model"])
            lines.append(
                f"| {name} | {TAGGERS[tagger][0]} | {shown(scores['label model'])} | {own} | {shown(scores['gold'])} |"
            )
    return "\n".join(lines)


def shown(scores):
    mean = 100 * statistics.fmean(scores)
    if len(set(scores)) == 1:
        return f"{mean:.1f}"
    return f"{mean:.1f} ({100 * min(scores):.1f} to {100 * max(scores):.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--label-model", default="text")
    parser.add_argument("--taggers", default="linear,frozen,bert")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("folders", nargs="+")
    given = parser.parse_args()
    file = RESULTS / f"{NAME}.json"
    earlier = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    sets = earlier.get("sets", {}) if earlier.get("setting", {}).get("label model") == given.label_model else {}
    for folder in given.folders:
        name, measured = measure(folder, given.label_model, given.taggers.split(","), given.seeds)
        kept = sets.get(name, {"taggers": {}})
        sets[name] = measured | {"taggers": kept["taggers"] | measured["taggers"]}
        setting = {
            "split": "test",
            "label model": given.label_model,
            "seeds": given.seeds,
            "gold used": "of test for scores; of train for the ceiling only",
        }
        save(NAME, ["numpy", "scipy", "torch", "transformers"], {"setting": setting, "sets": sets})


if __name__ == "__main__":
    main()
