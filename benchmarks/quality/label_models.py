"""Label models, ours and those of other packages, on sets of real votes.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.quality.label_models --data FOLDER [--split valid]

FOLDER has a folder for each set, in WRENCH's format. A label model is fitted on train votes, and texts if it uses them,
and scored on the test split; its gold is seen by the oracle alone. ``--split valid`` is for development and is saved
apart. Every row counts: ties are broken by a hash of the votes and the seed, and a row that the model cannot label gets
the class it gives to most train rows. Models are run with each seed; a peer that draws nothing is fitted once.
"""

import argparse
import statistics
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.common import save
from benchmarks.quality.answers import Answers, Predictions, complete, fit_and_predict
from benchmarks.quality.oracle import oracles
from benchmarks.quality.peers import PEERS, PeerFailedError, run_peer
from weaklabel.bench.data import read_bench_set
from weaklabel.bench.plan import usual_metric
from weaklabel.bench.split import BenchSet, Split
from weaklabel.errors import WeakLabelError
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.scoring import score

ORACLE = "oracle"
MEASURES = ("metric", "accuracy", "macro_f1", "log_loss", "calibration_error", "coverage")


def positive_of(data: BenchSet) -> str | None:
    """Return the class that F1 is of, for a set that is scored by F1; None for accuracy."""
    metric, positive = usual_metric(data)
    return positive if metric == "f1" else None


def scores(answers: Answers, split: Split, labels: tuple[str, ...], positive: str | None) -> dict[str, float]:
    """Score answers to all rows of a split; ``metric`` is the set's own."""
    measures = score(
        split.Y, answers.preds, probs=answers.probs, labels=labels, positive=positive, intervals=0
    ).to_dict()
    measures["metric"] = measures["f1" if positive else "accuracy"]
    return {measure: round(measures[measure], 5) for measure in MEASURES} | {"coverage": round(answers.coverage, 5)}


def run_model(model: type[BaseLabelModel], data: BenchSet, split: Split, seeds: int) -> dict:
    """Fit one of our label models with each seed."""
    train, predictions = data.train, []
    texts = (train.texts, split.texts) if data.has_texts else (None, None)
    for seed in range(seeds):
        try:
            predictions.append(fit_and_predict(model(data.k, seed=seed), train.L, split.L, *texts))
        except WeakLabelError as error:
            return {"failed": str(error)}
    return _by_seed(predictions, data, split)


def run_other(name: str, data: BenchSet, split: Split, seeds: int, folder: Path | None, limit: float) -> dict:
    """Run a peer with each seed, or once if it draws nothing; ties and silent rows are ours to fill anyway."""
    predictions: list[Predictions] = []
    for seed in range(seeds):
        if predictions and not PEERS[name].random:
            predictions.append(predictions[0])
            continue
        try:
            predictions.append(run_peer(name, data.train.L, split.L, data.k, seed, folder, limit))
        except PeerFailedError as error:
            return {"failed": str(error)}
    return _by_seed(predictions, data, split)


def _by_seed(predictions: list[Predictions], data: BenchSet, split: Split) -> dict:
    runs = []
    for seed, single in enumerate(predictions):
        answers = complete(single, data.train.L, split.L, seed)
        runs.append(scores(answers, split, data.labels, positive_of(data)))
    figures = {measure: [run[measure] for run in runs] for measure in MEASURES}
    means = {f"mean_{measure}": round(statistics.mean(values), 5) for measure, values in figures.items()}
    return {
        **figures,
        **means,
        "fit_seconds": round(statistics.median(single.fit_seconds for single in predictions), 4),
    }


def run_oracle(data: BenchSet, split: Split, seeds: int) -> dict:
    """Return the best of the oracle's family by the set's metric, and which it is; it sees the gold it is scored on."""
    family = oracles(split.L, split.Y, data.k)
    figures = {name: _oracle_scores(probs, data, split, seeds) for name, probs in family.items()}
    best = max(figures, key=lambda name: figures[name]["mean_metric"])
    return figures[best] | {"of": best}


def _oracle_scores(probs, data: BenchSet, split: Split, seeds: int) -> dict:
    by_seed = [
        scores(
            complete(Predictions(probs, probs, 0.0), split.L, split.L, seed),
            split,
            data.labels,
            positive_of(data),
        )
        for seed in range(seeds)
    ]
    return {
        f"mean_{measure}": round(statistics.mean(measured[measure] for measured in by_seed), 5) for measure in MEASURES
    }


def run_set(data: BenchSet, split: Split, models: dict[str, type[BaseLabelModel]], peers: list[str], **how) -> dict:
    """Return the figures of all label models on one set. ``how``: seeds, and of peers the folder and the limit."""
    cells = {}
    for name in [*models, *peers]:
        if name in models:
            cells[name] = run_model(models[name], data, split, how["seeds"])
        else:
            cells[name] = run_other(name, data, split, how["seeds"], how["folder"], how["limit"])
        shown = cells[name].get("failed") or f"{cells[name]['mean_metric']:.4f} in {cells[name]['fit_seconds']} s"
        print(f"{data.name}: {name}: {shown}", file=sys.stderr)
    described = {
        "metric": usual_metric(data)[0],
        "positive": positive_of(data),
        "k": data.k,
        "m": data.m,
        "train_rows": len(data.train),
        "scored_rows": len(split),
        "train_coverage": round(data.coverage, 4),
        "notes": list(data.notes),
    }
    return described | {"cells": cells, ORACLE: run_oracle(data, split, how["seeds"])}


def means(sets: dict[str, dict]) -> dict[str, dict]:
    """Return each model's mean over the sets; of one that failed on a set, only what it failed on."""
    names = list(next(iter(sets.values()))["cells"])
    rows = {name: [result["cells"][name] for result in sets.values()] for name in names}
    rows[ORACLE] = [result[ORACLE] for result in sets.values()]
    averaged = {}
    for name, cells in rows.items():
        failed = [one for one, cell in zip(sets, cells, strict=True) if "failed" in cell]
        measures = {} if failed else {key: statistics.mean(cell[f"mean_{key}"] for cell in cells) for key in MEASURES}
        averaged[name] = {"failed_on": failed} | {key: round(value, 5) for key, value in measures.items()}
    return averaged


def table(result: dict) -> str:
    """Write the sets' metrics by model as Markdown, best first, models that failed somewhere last."""
    sets, averaged = result["sets"], result["mean"]
    measured = " | ".join(
        f"{name} ({'F1' if result['metric'] == 'f1' else 'accuracy'})" for name, result in sets.items()
    )
    lines = [f"| label model | {measured} | mean | log loss | calibration error | fit, s |"]
    lines.append("| --- |" + " ---: |" * (len(sets) + 4))
    for name in sorted(averaged, key=lambda name: (name != ORACLE, -averaged[name].get("metric", 0))):
        cells = [result[ORACLE] if name == ORACLE else result["cells"][name] for result in sets.values()]
        shown = ["failed" if "failed" in cell else f"{100 * cell['mean_metric']:.2f}" for cell in cells]
        mean = averaged[name]
        shown.append(f"{100 * mean['metric']:.2f}" if "metric" in mean else "")
        shown += [f"{mean[key]:.3f}" if key in mean else "" for key in ("log_loss", "calibration_error")]
        timed = "" if name == ORACLE or mean["failed_on"] else f"{sum(cell['fit_seconds'] for cell in cells):.1f}"
        lines.append(f"| {_title(name)} | " + " | ".join([*shown, timed]) + " |")
    return "\n".join(lines)


def _title(name: str) -> str:
    if name == ORACLE:
        return "*oracle: best simple model counted in the scored gold*"
    return f"{name} ({PEERS[name].package})" if name in PEERS else f"weaklabel {name}"


def _arguments(models: dict[str, type[BaseLabelModel]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--sets", default="youtube,sms,trec,semeval,chemprot,imdb,census")
    parser.add_argument("--split", choices=("test", "valid"), default="test")
    parser.add_argument("--models", default=",".join(models), help="our label models, by name")
    parser.add_argument("--peers", default=",".join(PEERS), help="label models of other packages; empty for none")
    parser.add_argument("--peers-folder", type=Path, help="where peers are installed apart")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600, help="seconds for a peer on a set")
    return parser.parse_args()


def _installed(packages: set[str]) -> list[str]:
    installed = []
    for package in sorted(packages):
        try:
            version(package)
            installed.append(package)
        except PackageNotFoundError:
            print(f"{package} is not installed", file=sys.stderr)
    return installed


def main() -> None:
    from weaklabel.label_model import LABEL_MODELS

    options = _arguments(LABEL_MODELS)
    warnings.simplefilter("ignore")
    if options.peers_folder:
        sys.path.append(str(options.peers_folder))
    models = {name: LABEL_MODELS[name] for name in options.models.split(",") if name}
    peers = [name for name in options.peers.split(",") if name]
    how = {"seeds": options.seeds, "folder": options.peers_folder, "limit": options.limit}
    sets = {}
    for name in options.sets.split(","):
        data = read_bench_set(options.data / name)
        sets[name] = run_set(data, getattr(data, options.split), models, peers, **how)
    setting = {"split": options.split, "seeds": options.seeds, "limit_seconds": options.limit}
    figures = {"setting": setting, "notes": {name: PEERS[name].note for name in peers}, "sets": sets}
    packages = _installed({PEERS[name].package for name in peers} | {"numpy"})
    suffix = "" if options.split == "test" else "_valid"
    save(f"quality_label_models{suffix}", packages, figures | {"mean": means(sets)})


if __name__ == "__main__":
    main()
