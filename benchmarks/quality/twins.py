"""Label models on twins of real sets: kinds of sets on which they fail; see `benchmarks.quality.twin_kinds`.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.twins --data FOLDER [--split valid] [--seeds 3] [--models auto,committee]

FOLDER has a folder for each real set, in WRENCH's format. Of each twin: the metric (F1 of the rare class where there is one,
else accuracy), log loss, calibration error, and the log loss of two constant answers, the uniform one and the scored rows' own
class balance. A difference to a peer (majority vote, Dawid-Skene, Snorkel's model) has a 95% bootstrap interval, paired by
rows. Every row counts: ties are broken by a hash of votes and seed, and a row without an answer gets the class that
the model gives to most train rows. ``votes`` is `auto` without texts. Embeddings are kept where ``WEAKLABEL_CACHE`` says.
"""

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import save
from benchmarks.quality.answers import complete, fit_and_predict
from benchmarks.quality.twin_kinds import KINDS, Twin, twins, whole_set
from weaklabel.bench.split import Split
from weaklabel.errors import WeakLabelError
from weaklabel.labels import Labels, Probs
from weaklabel.scoring.calibration import calibration_error, log_loss
from weaklabel.scoring.intervals import percentile_interval, resample
from weaklabel.scoring.measures import Floats, count_classes, measures
from weaklabel.support.table import table as text_table

PEERS = ("majority", "dawid-skene", "snorkel")
"""What every other model is compared with."""

VOTES = "votes"
"""The name of `auto` without texts."""

REPLICATES = 500
MAX_CALIBRATION_ERROR = 0.08


def run_twin(twin: Twin, models: Sequence[str], split_name: str = "valid") -> dict:
    """Fit label models, by their names, on a twin, and score them on one of its splits."""
    split: Split = getattr(twin, split_name)
    answered, figures, failed = {}, {}, {}
    for name in models:
        began = time.process_time()
        try:
            preds, probs = _answers(name, twin, split)
        except WeakLabelError as error:
            failed[name] = str(error)
            continue
        answered[name] = preds
        figures[name] = {
            "log_loss": round(log_loss(probs, split.Y), 4),
            "calibration_error": round(calibration_error(probs, split.Y), 4),
            "cpu_seconds": round(time.process_time() - began, 2),
        }
    replicates = metric_replicates(twin, split.Y, answered)
    for name in answered:
        point, drawn = replicates[name]
        figures[name]["metric"] = round(point, 4)
        figures[name]["differences"] = {
            peer: difference(point - replicates[peer][0], drawn - replicates[peer][1])
            for peer in PEERS
            if peer in replicates and name not in PEERS
        }
    balance = np.bincount(split.Y, minlength=twin.k) / len(split)
    return {
        "kind": twin.kind,
        "set": twin.source,
        "seed": twin.seed,
        "metric": "accuracy" if twin.positive is None else "f1",
        "k": twin.k,
        "m": twin.m,
        "train_rows": len(twin.train),
        "scored_rows": len(split),
        "train_coverage": round(twin.coverage, 3),
        "uniform_log_loss": round(float(np.log(twin.k)), 4),
        "balance_log_loss": round(float(-(balance[balance > 0] * np.log(balance[balance > 0])).sum()), 4),
        "models": figures,
        "failed": failed,
    }


def _answers(name: str, twin: Twin, split: Split) -> tuple[Labels, Probs]:
    from weaklabel.label_model import LABEL_MODELS

    model = LABEL_MODELS["auto" if name == VOTES else name](twin.k, seed=twin.seed)
    texts = (twin.train.texts, split.texts) if twin.has_texts and name != VOTES else (None, None)
    predictions = fit_and_predict(model, twin.train.L, split.L, *texts)
    answers = complete(predictions, twin.train.L, split.L, twin.seed)
    return answers.preds, answers.probs


def metric_replicates(twin: Twin, Y: Labels, answered: dict[str, Labels]) -> dict[str, tuple[float, Floats]]:
    """Return each model's metric, and bootstrap replicates of it, the same rows drawn for all. Shape: [r] each."""
    positive = None if twin.positive is None else twin.labels.index(twin.positive)
    name = "accuracy" if positive is None else "f1"

    def score_all(drawn: Floats) -> Floats:
        counted = [count_classes(Y, preds, drawn, twin.k, drop=False) for preds in answered.values()]
        return np.stack([measures(counts, positive)[name] for counts in counted], axis=-1)

    if not answered:
        return {}
    ones = np.ones(len(Y))
    points, drawn = score_all(ones[None])[0], resample(ones, REPLICATES, 0, score_all)
    return {model: (float(points[i]), drawn[:, i]) for i, model in enumerate(answered)}


def difference(point: float, drawn: Floats) -> list[float]:
    ((low, high),) = percentile_interval(drawn[:, None], 0.95)
    return [round(point, 4), round(low, 4), round(high, 4)]


def summarise(results: Iterable[dict], name: str) -> dict:
    """Sum up one model over twins: means, worst differences to peers, and on how many it breaks which promise."""
    scored = [result for result in results if name in result["models"]]
    figures = [result["models"][name] for result in scored]
    if not scored:
        return {"twins": 0}
    pairs = [(result, figure) for result, figure in zip(scored, figures, strict=True)]
    peers = [peer for peer in PEERS if any(peer in figure["differences"] for figure in figures)]
    differences = {
        peer: [figure["differences"][peer] for figure in figures if peer in figure["differences"]] for peer in peers
    }
    errors = [figure["calibration_error"] for figure in figures]
    return {
        "twins": len(scored),
        "metric": round(statistics.mean(figure["metric"] for figure in figures), 4),
        "worst": round(min(figure["metric"] for figure in figures), 4),
        "log_loss": round(statistics.mean(figure["log_loss"] for figure in figures), 4),
        "above_constant": sum(
            figure["log_loss"] > min(result["uniform_log_loss"], result["balance_log_loss"]) for result, figure in pairs
        ),
        "above_uniform": sum(figure["log_loss"] > result["uniform_log_loss"] for result, figure in pairs),
        "calibration_error": round(statistics.median(errors), 4),
        "worst_calibration_error": max(errors),
        "badly_calibrated": sum(error > MAX_CALIBRATION_ERROR for error in errors),
        "to_peers": {
            peer: {
                "mean": round(statistics.mean(point for point, _, _ in of_peer), 4),
                "worst": min(point for point, _, _ in of_peer),
                "below": sum(high < 0 for _, _, high in of_peer),
            }
            for peer, of_peer in differences.items()
        },
        "below_any": sum(any(high < 0 for _, _, high in figure["differences"].values()) for figure in figures),
        "cpu_seconds": round(sum(figure["cpu_seconds"] for figure in figures), 1),
    }  # fmt: skip


def summaries(results: list[dict]) -> dict[str, dict[str, dict]]:
    """Return the summary of each model by kind, and over all; kinds count alike in "all kinds" means."""
    models = list(dict.fromkeys(name for result in results for name in [*result["models"], *result["failed"]]))
    kinds = list(dict.fromkeys(result["kind"] for result in results))
    by_kind = {
        kind: {name: summarise([r for r in results if r["kind"] == kind], name) for name in models} for kind in kinds
    }
    return by_kind | {"all": {name: summarise(results, name) for name in models}}


_COLUMNS = (
    "kind", "model", "twins", "metric", "worst", "vs MV", "worst", "vs DS", "worst", "vs Snorkel", "worst", "below",
    "log loss", "> constant", "ECE", "worst", "> .08", "CPU s",
)  # fmt: skip


def table(results: list[dict]) -> str:
    """Write the summaries for a terminal; metrics and differences in points, "below": twins on which beyond an interval."""
    rows = []
    for kind, models in summaries(results).items():
        for name, summary in models.items():
            if summary["twins"]:
                rows.append([kind, name, *_cells(summary)])
    return text_table(rows, _COLUMNS)


def _cells(summary: dict) -> list[str]:
    to_peers = []
    for peer in PEERS:
        of_peer = summary["to_peers"].get(peer)
        to_peers += [f"{100 * of_peer['mean']:+.1f}", f"{100 * of_peer['worst']:+.1f}"] if of_peer else ["", ""]
    return [
        str(summary["twins"]), f"{100 * summary['metric']:.1f}", f"{100 * summary['worst']:.1f}", *to_peers,
        str(summary["below_any"]) if summary["to_peers"] else "", f"{summary['log_loss']:.3f}",
        str(summary["above_constant"]), f"{summary['calibration_error']:.3f}",
        f"{summary['worst_calibration_error']:.2f}", str(summary["badly_calibrated"]), f"{summary['cpu_seconds']:.1f}",
    ]  # fmt: skip


def markdown(result: dict) -> str:
    """Write a committed result as Markdown: kinds down; by kind the models' means, and how `auto` differs from its peers."""
    titles = {
        "auto": "`auto`",
        VOTES: "on votes",
        "majority": "majority vote",
        "dawid-skene": "Dawid-Skene",
        "snorkel": "Snorkel",
    }
    lines = [
        "| kind (twins) | "
        + " | ".join(titles.values())
        + " | worst difference to the best of these | below one of them | log loss, `auto` | uniform guess |"
        " calibration error: median, worst |",
        "| --- |" + " ---: |" * (len(titles) + 5),
    ]
    for kind, models in result["summary"].items():
        of_kind = [twin for twin in result["twins"] if kind in ("all", twin["kind"])]
        auto = models["auto"]
        means = [f"{100 * models[name]['metric']:.1f}" if models[name]["twins"] else "" for name in titles]
        worst = min(
            twin["models"]["auto"]["metric"]
            - max(twin["models"][peer]["metric"] for peer in PEERS if peer in twin["models"])
            for twin in of_kind
        )
        uniform = statistics.mean(twin["uniform_log_loss"] for twin in of_kind)
        cells = [
            *means, f"{100 * worst:+.1f}", f"{auto['below_any']} of {auto['twins']}", f"{auto['log_loss']:.2f}",
            f"{uniform:.2f}", f"{auto['calibration_error']:.2f}, {auto['worst_calibration_error']:.2f}",
        ]  # fmt: skip
        lines.append(f"| {'**all**' if kind == 'all' else kind} ({auto['twins']}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


GOALS = {"clinc150": 60, "yoruba": 62, "agnews-llm": 84}
SEVEN = ("youtube", "sms", "trec", "semeval", "chemprot", "imdb", "census")
"""The sets whose mean has a goal of its own, `GOAL_OF_SEVEN`."""
GOAL_OF_SEVEN = 82


def whole_table(result: dict) -> str:
    """Write the scores on whole real sets as Markdown: sets down, models across, means over seeds."""
    models = ("auto", VOTES, "majority", "dawid-skene", "snorkel")
    by_set: dict[str, list[dict]] = {}
    for twin in result["twins"]:
        by_set.setdefault(twin["set"], []).append(twin)
    lines = [
        "| test score | `auto` | goal | minus majority vote (95% interval) | votes | majority vote | Dawid-Skene | Snorkel |"
        " log loss, `auto` | uniform guess | calibration error |",
        "| --- |" + " ---: |" * 10,
    ]
    for name, runs in by_set.items():
        means = {model: _mean(runs, model, "metric") for model in models}
        low, high = (
            statistics.mean(run["models"]["auto"]["differences"]["majority"][i] for run in runs) for i in (1, 2)
        )
        apart = f"{100 * (means['auto'] - means['majority']):+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
        others = [f"{100 * means[model]:.1f}" if means[model] is not None else "" for model in models[1:]]
        cells = [
            f"{100 * means['auto']:.1f}", str(GOALS.get(name, "")), apart, *others, f"{_mean(runs, 'auto', 'log_loss'):.2f}",
            f"{runs[0]['uniform_log_loss']:.2f}", f"{_mean(runs, 'auto', 'calibration_error'):.2f}",
        ]  # fmt: skip
        lines.append(
            f"| {name} ({runs[0]['metric'].replace('f1', 'F1')}; seeds: {len(runs)}) | " + " | ".join(cells) + " |"
        )
    if set(SEVEN) <= set(by_set):
        seven = {model: statistics.mean(_mean(by_set[name], model, "metric") for name in SEVEN) for model in models}
        cells = [f"{100 * seven['auto']:.1f}", str(GOAL_OF_SEVEN), ""] + [
            f"{100 * seven[name]:.1f}" for name in models[1:]
        ]
        lines.append(f"| **mean of the seven of WRENCH** | {' | '.join(cells)} | | | |")
    return "\n".join(lines)


def _mean(runs: list[dict], model: str, measure: str):
    values = [run["models"][model][measure] for run in runs if model in run["models"]]
    return statistics.mean(values) if values else None


def shown(result: dict) -> str:
    """Say in a line what models reach on a twin."""
    by_model = ", ".join(
        f"{name} {100 * figure['metric']:.1f} ll {figure['log_loss']:.2f} ece {figure['calibration_error']:.2f}"
        for name, figure in result["models"].items()
    )
    return f"{result['kind']}, {result['set']}, seed {result['seed']}: {by_model} (uniform {result['uniform_log_loss']:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sets")
    parser.add_argument("--models", default=f"auto,{VOTES},{','.join(PEERS)}", help="label models by name")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid is for development")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", default=",".join(KINDS), help="of " + ", ".join(KINDS))
    parser.add_argument("--sets", help="only twins of these real sets")
    parser.add_argument("--whole", default="", help="score on these real sets with all rows, and on no twin")
    parser.add_argument("--out", type=Path, help="write results there, and not among the committed ones")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    kinds = tuple(options.kinds.split(","))
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"unknown kind {unknown.pop()!r}; kinds are {', '.join(KINDS)}")
    results = []
    for seed in range(options.seeds):
        if options.whole:
            made: Iterable[Twin] = (whole_set(options.data / name, seed) for name in options.whole.split(","))
        else:
            made = (
                twin for _, twin in twins(options.data, seed, kinds, options.sets and tuple(options.sets.split(",")))
            )
        for twin in made:
            results.append(run_twin(twin, options.models.split(","), options.split))
            print(shown(results[-1]), file=sys.stderr, flush=True)
            if options.out:
                options.out.write_text(json.dumps({"twins": results}, indent=1) + "\n")
    print(table(results))
    setting = {"split": options.split, "seeds": options.seeds, "confidence": 0.95, "replicates": REPLICATES}
    figures = {"setting": setting, "summary": summaries(results), "twins": results}
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n")
    else:
        name = "quality_whole_sets" if options.whole else "quality_twins"
        save(name if options.split == "test" else f"{name}_valid", ["numpy"], figures)


if __name__ == "__main__":
    main()
