"""Augmentation measured: classifiers trained on weak labels of few rows, with and without new rows made of these.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.augmentation --data FOLDER [--split valid] [--seeds 5] [--kept FILE]

FOLDER has a folder for each real set, in WRENCH's format. Of each, 100, 300 or all training rows are drawn (one draw a seed);
`auto` labels them from their votes and texts, and classifiers are trained on the probabilities: on these rows alone, on each
row three times (what more rows as such do), and with two new rows of each by transformation functions. No new row
has a text of the set. The sets have votes and no labeling functions, so labels of new rows cannot be checked: this measures
what transformation functions do by themselves. Differences to the same rows alone, with 95% bootstrap intervals over scored
rows and seeds. With --kept, a run that was interrupted continues.
"""

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl

from benchmarks.common import save
from benchmarks.quality.twins import difference, metric_replicates
from weaklabel import augment_corpus
from weaklabel.bench.data import read_bench_set
from weaklabel.classifier.hybrid import HybridClassifier
from weaklabel.classifier.linear import LinearClassifier
from weaklabel.label_model import LABEL_MODELS
from weaklabel.labels import labels_of
from weaklabel.support.files import write_text

SETS = ("youtube", "trec", "sms", "yoruba")
ALL = 0
"""Stands for all training rows."""

SIZES = (100, 300, ALL)
PER_ROW = 2
ALONE, REPEATED, MIXED, MIXUP = "alone", "repeated", "mixed", "mixup"
MIXTURE = ("typos", "drop-words", "swap-words", "synonyms")
ARMS = (ALONE, REPEATED, *MIXTURE, "entities", MIXED, MIXUP)
SLOW = ("entities",)
"""What is tried on few rows only."""

ENGLISH_ONLY = ("synonyms", "entities")
NOT_ENGLISH = ("yoruba",)
MOST_VECTORS = 100
"""Rows up to which classifiers are trained that need a vector of every new text."""

BETA = 0.4


class _Mixup:
    """Mixes features and labels of pairs of rows, besides the rows themselves (Zhang et al., ICLR 2018)."""

    def _regress(self, features, targets):
        from scipy.sparse import csr_array, vstack

        rng, n = np.random.default_rng(self.seed), features.shape[0]
        rows, probs = [csr_array(features)], [targets.probs]
        for _ in range(PER_ROW):
            other, share = rng.permutation(n), rng.beta(BETA, BETA, n)
            rows.append(csr_array(features.multiply(share[:, None]) + features[other].multiply(1 - share[:, None])))
            probs.append(share[:, None] * targets.probs + (1 - share[:, None]) * targets.probs[other])
        times = 1 + PER_ROW
        joined = type(targets)(np.tile(targets.rows, times), np.concatenate(probs), np.tile(targets.weights, times))
        return super()._regress(vstack(rows, format="csr"), joined)


class MixupLinear(_Mixup, LinearClassifier):
    """Linear, on mixed features."""


class MixupHybrid(_Mixup, HybridClassifier):
    """Hybrid, on mixed features."""


CLASSIFIERS = {"linear": (LinearClassifier, MixupLinear), "hybrid": (HybridClassifier, MixupHybrid)}


def arms_of(name: str, size: int) -> list[str]:
    """Return what is tried on a set with so many rows."""
    slow = () if size else SLOW
    return [arm for arm in ARMS if (name not in NOT_ENGLISH or arm not in ENGLISH_ONLY) and arm not in slow]


def new_rows(labeled: pl.DataFrame, arm: str, name: str, seed: int) -> pl.DataFrame:
    """Return the new rows of an arm, with their probabilities."""
    if arm in (ALONE, MIXUP):
        return labeled[:0]
    if arm == REPEATED:
        train = labeled.filter((pl.col("split") == "train") & pl.col("label").is_not_null())
        return pl.concat([train] * PER_ROW)
    tfs = [tf for tf in MIXTURE if name not in NOT_ENGLISH or tf not in ENGLISH_ONLY] if arm == MIXED else [arm]
    done = augment_corpus(labeled, tfs=tfs, per_row=PER_ROW, seed=seed).frame
    return done.filter(pl.col("augmented_by").is_not_null())


def run_cell(
    data: Path, name: str, size: int, seeds: int, split_name: str, arms: Sequence[str], classifiers: Sequence[str]
) -> dict:
    """Measure all arms on a set with so many training rows."""
    given = read_bench_set(data / name)
    split, train = getattr(given, split_name), given.train
    others = [getattr(given, other).texts for other in ("valid", "test") if getattr(given, other, None) is not None]
    k = len(given.labels)
    classifiers = [each for each in classifiers if each == "linear" or 0 < size <= MOST_VECTORS]
    drawn_by: dict[tuple[str, str], list] = {(each, arm): [] for each in classifiers for arm in arms}
    added: dict[str, list[int]] = {arm: [] for arm in arms}
    for seed in range(seeds):
        rows = np.arange(len(train.texts))
        if size:
            rows = np.sort(np.random.default_rng(seed).permutation(len(rows))[:size])
        texts, L = [train.texts[row] for row in rows], train.L[rows]
        if size or not seed:  # of all rows there is one draw
            model = LABEL_MODELS["auto"](k, seed=seed, tie_break_policy="random").fit(L, texts=texts)
            probs = model.predict_proba(L, texts=texts)
        has_label = ~np.isnan(probs[:, 0])
        best = np.nan_to_num(probs).argmax(axis=1)
        names = [given.labels[label] if known else None for label, known in zip(best, has_label, strict=True)]
        columns = [f"p_{label}" for label in given.labels]
        labeled = pl.DataFrame({"text": texts, "label": names, "confidence": np.nan_to_num(probs).max(axis=1)})
        labeled = labeled.with_columns(pl.Series(column, probs[:, at]) for at, column in enumerate(columns))
        labeled = labeled.with_columns(pl.lit("train").alias("split"))
        held = pl.DataFrame({"text": [text for of_split in others for text in of_split]}).with_columns(
            pl.lit("test").alias("split")
        )
        labeled = pl.concat([labeled, held], how="diagonal")
        for arm in arms:
            new = new_rows(labeled, arm, name, seed)
            added[arm].append(new.height)
            every_text = [*texts, *new["text"].to_list()]
            every_prob = np.concatenate([probs, new.select(columns).to_numpy()])
            for each in classifiers:
                cls = CLASSIFIERS[each][arm == MIXUP]
                trained = cls(labels=given.labels, seed=seed).fit(every_text, every_prob)
                drawn_by[each, arm].append(labels_of(trained.predict_proba(split.texts)))
    about = SimpleNamespace(positive=given.positive, labels=given.labels, k=k)
    figures: dict[str, dict] = {}
    for each in classifiers:
        answered = {f"{arm} {seed}": drawn_by[each, arm][seed] for arm in arms for seed in range(seeds)}
        replicates = metric_replicates(about, split.Y, answered)
        for arm in arms:
            points = [replicates[f"{arm} {seed}"][0] for seed in range(seeds)]
            base = [replicates[f"{ALONE} {seed}"] for seed in range(seeds)]
            drawn = np.stack([replicates[f"{arm} {seed}"][1] - base[seed][1] for seed in range(seeds)])
            chosen = np.random.default_rng(0).integers(seeds, size=drawn.shape)
            mean = np.take_along_axis(drawn, chosen, axis=0).mean(axis=0)
            figure = {"metric": round(statistics.mean(points), 4), "new_rows": round(statistics.mean(added[arm]))}
            if arm != ALONE:
                figure["difference"] = difference(statistics.mean(points) - statistics.mean(p for p, _ in base), mean)
            figures.setdefault(each, {})[arm] = figure
    return {
        "set": name,
        "size": len(rows),
        "all_rows": not size,
        "metric": "accuracy" if given.positive is None else "f1",
        "classifiers": figures,
    }


def table(result: dict) -> str:
    """Write the differences as Markdown: a line for each set, size and classifier."""
    head = ["set", "rows", "classifier", ALONE, *(arm for arm in ARMS if arm != ALONE)]
    lines = [f"| {' | '.join(head)} |", "| --- | ---: | --- |" + " ---: |" * (len(head) - 3)]
    for cell in result["cells"]:
        for each, arms in cell["classifiers"].items():
            row = [cell["set"], f"{cell['size']:,}", each, f"{100 * arms[ALONE]['metric']:.1f}"]
            row += [_shown(arms.get(arm)) for arm in ARMS if arm != ALONE]
            lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _shown(figure: dict | None) -> str:
    if figure is None:
        return "-"
    point, low, high = (100 * part for part in figure["difference"])
    shown = f"{point:+.1f} ({low:+.1f} to {high:+.1f})"
    return f"**{shown}**" if low > 0 or high < 0 else shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sets")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid is for development")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help=f"training rows; {ALL}: all")
    parser.add_argument("--classifiers", default=",".join(CLASSIFIERS))
    parser.add_argument("--most", type=int, default=1_000, help="with --kept, cells to measure before it ends")
    parser.add_argument("--kept", type=Path, help="keep finished cells there, so that an interrupted run continues")
    parser.add_argument("--out", type=Path, help="write results there, and not among the committed ones")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    setting = {"per_row": PER_ROW} | {
        name: getattr(options, name) for name in ("split", "seeds", "sets", "sizes", "classifiers")
    }
    cells: list[dict] = []
    if options.kept and options.kept.exists():
        earlier = json.loads(options.kept.read_text())
        if earlier["setting"] != setting:
            parser.error(f"{options.kept} has other settings; choose another file, or delete it")
        cells = earlier["cells"]
    done = {(cell["set"], cell["all_rows"] or cell["size"]) for cell in cells}
    began = time.process_time()
    before, classifiers = len(cells), options.classifiers.split(",")
    for size in map(int, options.sizes.split(",")):
        for name in options.sets.split(","):
            if (name, size or True) in done:
                continue
            if len(cells) == before + options.most:
                return
            cells.append(
                run_cell(options.data, name, size, options.seeds, options.split, arms_of(name, size), classifiers)
            )
            print(name, size or "all", f"{time.process_time() - began:.0f} s", file=sys.stderr, flush=True)
            if options.kept:
                write_text(options.kept, json.dumps({"setting": setting, "cells": cells}))
    cells.sort(key=lambda cell: (options.sets.split(",").index(cell["set"]), cell["all_rows"], cell["size"]))
    figures = {"setting": setting, "cells": cells}
    print(table(figures))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n")
    else:
        save(f"quality_augmentation{'' if options.split == 'test' else '_valid'}", ["numpy", "scikit-learn"], figures)


if __name__ == "__main__":
    main()
