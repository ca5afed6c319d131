"""Write the tables of README.md, benchmarks/README.md and docs/, and docs/results.html, from the committed results.

python -m benchmarks.readme
"""

import importlib
import json
import re
from pathlib import Path

from benchmarks import page
from benchmarks.common import RESULTS

ROOT = Path(__file__).parents[1]

STAGES = {
    "majority_vote": "majority vote of the labeling functions",
    "label_model": "label model `auto`, votes and texts",
    "linear": "linear classifier, trained on its labels",
    "bert": "**BERT, trained on its labels**",
    "gold_ceiling": "the same BERT, trained on true labels",
}


def load(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


def of(module, function="table", kind="speed", results=None):
    """Return what makes the table of ``KIND_MODULE.json``, or of other results; the module is imported late."""

    def make():
        return getattr(importlib.import_module(f"benchmarks.{kind}.{module}"), function)(
            load(f"{kind}_{results or module}")
        )

    return make


def demo_table():
    stages = load("quality_demo")["stages"]
    lines = [
        "| spam among SMS messages | precision | recall | F1 (95% interval of the first seed) |",
        "| --- | ---: | ---: | ---: |",
    ]
    for stage, name in STAGES.items():
        figures = stages[stage]
        low, high = figures["f1_interval_of_seed_0"]
        means = f"{figures['mean_precision']:.3f} | {figures['mean_recall']:.3f} | {figures['mean_f1']:.3f}"
        lines.append(f"| {name} | {means} ({low:.3f} to {high:.3f}) |")
    return "\n".join(lines)


def label_model_table():
    result = load("quality_label_models")
    sets, means = result["sets"], result["mean"]
    shown = {
        "auto": "**`auto`, votes and texts**",
        "committee": "**`auto`, votes alone**",
        "Hyper Label Model": "Hyper Label Model (hyperlm)",
        "Snorkel LabelModel": "Snorkel's `LabelModel`",
        "majority": "majority vote",
        "crowd-kit Wawa": "Wawa (crowd-kit)",
    }
    lines = [
        f"| test score, no gold used | {' | '.join(sets)} | mean | log loss |",
        "| --- |" + " ---: |" * (len(sets) + 2),
    ]
    for name, title in shown.items():
        scores = " | ".join(
            f"{100 * result_of_set['cells'][name]['mean_metric']:.1f}" for result_of_set in sets.values()
        )
        lines.append(f"| {title} | {scores} | {100 * means[name]['metric']:.1f} | {means[name]['log_loss']:.2f} |")
    return "\n".join(lines)


def classifier_table():
    from benchmarks.quality.classifiers import read, table

    return table(read(RESULTS))


def whole_sets_table():
    from benchmarks.quality.twins import whole_table

    return whole_table(load("quality_whole_sets"))


def votes_table():
    from benchmarks.quality.which import votes_table

    return votes_table(load("quality_label_models"), load("quality_synthetic"))


def active_table():
    from benchmarks.quality.active import table

    return table([load(file.stem) for file in sorted(RESULTS.glob("quality_active_*.json"))])


def curve_table():
    from benchmarks.quality.classifiers import curve_table

    return curve_table(load("quality_bench_curve"))


def validation_table():
    from benchmarks.quality.classifiers import validation_table

    return validation_table([load("quality_bench_validation"), load("quality_bench_validation_one_seed")])


def training_table():
    result = load("speed_bert_training")
    setting, arms = result["setting"], result["arms"]
    lines = [
        f"| fine-tuning, {setting['tokens_a_text']} tokens a text, {setting['threads']} threads | texts/s | ratio |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {name} | {arm['texts_per_second']} | {arm['times_slower']:.1f} |" for name, arm in arms.items()]
    return "\n".join(lines)


def speed_table():
    applied, analysis = (
        load("speed_lf_application")["arms"],
        load("speed_lf_analysis")["cases"]["correlated"]["Snorkel"],
    )
    csv, cache = load("speed_label_csv"), load("speed_vote_cache")["shares"]
    models, bert = load("speed_label_models")["cases"], load("speed_bert_prediction")["arms"]
    largest = max(csv["growth"], key=int)
    peak = csv["growth"][largest]["peak_mib"]

    def faster(*ratios):
        return f"{' and '.join(f'{ratio:.0f}' if ratio >= 10 else f'{ratio:.1f}' for ratio in ratios)} times faster"

    def applier(way):
        return "Snorkel's `PandasLFApplier`", faster(applied[way]["times_faster"])

    def model(name, classes):
        figures = next(arms for case, arms in models.items() if case.startswith(classes))[name]
        return "Snorkel's `LabelModel`", faster(figures["fit"]["times_faster"], figures["predict"]["times_faster"])

    rows = [
        ("20 pattern LFs on 200,000 texts", *applier("weaklabel pattern LFs")),
        ("20 Python LFs, one process", *applier("weaklabel row LFs, in process")),
        ("20 Python LFs, two guarded processes", *applier("weaklabel row LFs, workers=2")),
        (f"CSV to labeled CSV, {csv['setting']['rows']:,} rows", "pandas and Snorkel", faster(csv["arms"]["ratio"])),
        (f"CSV to labeled CSV, {int(largest):,} rows", "", f"{csv['growth'][largest]['seconds']:.0f} s, {peak:,} MiB"),
        ("the same again, one of 20 Python LFs changed", "the first run", f"{cache['one changed']:.0%} of the time"),
    ]
    for gold, figures in analysis.items():
        rows.append((f"LF analysis, 1,000,000 x 50, {gold}", "Snorkel's `LFAnalysis`", faster(figures["times_slower"])))
    for name in ("LabelModel", "CommitteeLabelModel"):
        for classes in ("2", "10"):
            rows.append((f"`{name}`, 1,000,000 x 50, {classes} classes: fit, predict", *model(name, classes)))
    for name, arm in bert.items():
        if "plain" not in name:
            rows.append((f"BERT prediction: {name}", "plain fp32 transformers", faster(arm["times_plain"])))
    return "\n".join(["| what | beside | |", "| --- | --- | ---: |", *(f"| {' | '.join(row)} |" for row in rows)])


SPEED = ("lf_application", "label_csv", "vote_cache", "spacy_lfs", "lf_analysis", "label_models", "bert_prediction")

OF_README = {
    "demo table": demo_table,
    "label model table": label_model_table,
    "speed table": speed_table,
    "selection means": of("selection_results", "means_table", kind="quality", results="selection"),
}

TABLES = {
    "README.md": OF_README,
    "README.zh.md": OF_README,
    "benchmarks/README.md": {
        **{module: of(module) for module in SPEED},
        "label model quality": of("label_models", kind="quality"),
        "synthetic votes": of("synthetic", kind="quality"),
        "suggestions": of("suggestions", kind="quality"),
        "extraction": of("extraction", kind="quality"),
        "duplicates": of("dedup", kind="quality"),
        "cost of duplicates": of("dedup"),
        "personal data": of("personal_data", kind="quality"),
        "classifiers": classifier_table,
        "validation gold": validation_table,
        "clean labels": curve_table,
    },
    "docs/benchmarks.md": {
        "twins": of("twins", "markdown", kind="quality"),
        "few labels": of("few_labels", "markdown", kind="quality"),
        "whole sets": whole_sets_table,
        "training labels": of("training_labels", kind="quality"),
        "classifier table": classifier_table,
        "training table": training_table,
        "span peers": of("span_peers", kind="quality"),
    },
    "docs/augment.md": {"augmentation": of("augmentation", kind="quality")},
    "docs/clean.md": {
        "gibberish": of("gibberish", kind="quality"),
        "language": of("language", kind="quality"),
        "cleaning": of("cleaning"),
    },
    "docs/language-models.md": {
        "injections": of("injections", kind="quality"),
        "cascade": of("cascade", kind="quality"),
    },
    "docs/protect.md": {"personal data": of("personal_data", kind="quality")},
    "docs/reviewing.md": {
        "suggestion table": of("suggestions", kind="quality"),
        "active learning": active_table,
    },
    "docs/select.md": {
        "selection": of("selection_results", kind="quality", results="selection"),
        "selection means": of("selection_results", "means_table", kind="quality", results="selection"),
        "label issues": of("label_issues", kind="quality"),
    },
    "docs/span-models.md": {"span models": of("span_models")},
    "docs/span-labeling-functions.md": {"gazetteers": of("gazetteer")},
    "docs/spans.md": {"spans": of("spans", kind="quality")},
    "docs/span-taggers.md": {"taggers": of("taggers", kind="quality")},
    "docs/which-label-model.md": {
        "advice": of("which", "advice_table", kind="quality", results="twins"),
        "on votes alone": votes_table,
        "stated balance": of("stated_balance", kind="quality"),
    },
    "docs/scaling.md": {
        "costs": of("scaling", "cost_table"),
        "patterns": of("scaling", "pattern_table"),
        "engines": of("scaling", "engine_table"),
        "a billion rows": of("scaling", "billion_table"),
        "span costs": of("label_spans"),
        "reading texts": of("read_texts"),
    },
}


def filled(text, mark, table, name):
    """Return the page with the table in its place, which comments mark."""
    block = f"<!-- {mark} -->\n{table}\n<!-- end of {mark} -->"
    text, count = re.subn(rf"<!-- {mark} -->.*?<!-- end of {mark} -->", lambda _: block, text, flags=re.S)
    assert count == 1, f"{name} has no place for the {mark}"
    return text


def fill(pages):
    """Write tables into pages: name of the page -> mark -> function that returns the table."""
    for name, tables in pages.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for mark, make in tables.items():
            text = filled(text, mark, make(), name)
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    fill(TABLES)
    page.write()
