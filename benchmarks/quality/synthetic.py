"""Label models on 56 synthetic problems whose truth is known, against the exact Bayes posterior.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.quality.synthetic [--models a,b] [--draws 1]

`StructuredLabelModel` was developed on other settings of the same kinds (`design(7)` and `design(8)`), so it knows in
general how these votes are made; no label model was tuned on these settings themselves. A label model is fitted on n
rows of votes and scored on 5,000 others of the same model of votes. Rows without any vote are left out of all figures.
Accuracy and log loss are expected ones: over the exact posterior of each row instead of its drawn class, so that no
model can beat Bayes by luck. The calibration error is of drawn classes.
"""

import argparse
import statistics
import sys
import time
import warnings
from dataclasses import asdict

import numpy as np

from benchmarks.common import save
from benchmarks.quality.answers import complete, fit_and_predict
from benchmarks.quality.settings import KINDS, Setting, design, votes_model
from weaklabel.errors import WeakLabelError
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.labels import Labels, Probs
from weaklabel.scoring.calibration import calibration_error
from weaklabel.votes.tally import has_vote

SCORED_ROWS = 5_000
BAYES = "Bayes (true parameters)"
FACTORS = ("kind", "k", "m", "coverage", "balance", "n")
MEASURES = ("accuracy", "log_loss", "calibration_error", "fit_seconds")


def scores(preds: Labels, probs: Probs, posterior: Probs, Y: Labels) -> dict[str, float]:
    """Score answers by the exact posterior of their rows."""
    given = np.log(np.clip(probs, np.finfo(np.float64).eps, 1))
    return {
        "accuracy": float(posterior[np.arange(len(preds)), preds].mean()),
        "log_loss": float(-(posterior * given).sum(axis=1).mean()),
        "calibration_error": calibration_error(probs, Y),
    }


def run_setting(setting: Setting, models: dict[str, type[BaseLabelModel]], draw: int = 0) -> dict[str, dict]:
    """Return the scores of Bayes and of each model on one draw of a setting; ``failed`` where a model gave none."""
    truth = votes_model(setting)
    rng = np.random.default_rng([setting.seed, 2, draw])
    L, _ = truth.sample(setting.n, rng)
    L_scored, Y = truth.sample(SCORED_ROWS, rng)
    covered = has_vote(L_scored)
    L_scored, Y = np.asfortranarray(L_scored[covered]), Y[covered]
    posterior = truth.posterior(L_scored)
    results = {BAYES: scores(posterior.argmax(axis=1), posterior, posterior, Y)}
    for name, model in models.items():
        try:
            predictions = fit_and_predict(model(setting.k, seed=draw), L, L_scored)
            answers = complete(predictions, L, L_scored, draw)
            results[name] = scores(answers.preds, answers.probs, posterior, Y) | {
                "fit_seconds": predictions.fit_seconds
            }
        except WeakLabelError as error:
            results[name] = {"failed": str(error)}
    return results


def summarise(rows: list[dict]) -> dict[str, dict]:
    """Return the mean scores of each model over all settings, and by each level of each factor.

    ``below_bayes`` is the accuracy that Bayes has more, ``beyond_bayes`` the log loss that it has less. A setting that
    a model failed on counts in ``failed`` alone.
    """
    groups = {"all": rows}
    for factor in FACTORS:
        for level in dict.fromkeys(row["setting"][factor] for row in rows):
            groups[f"{factor} {level}"] = [row for row in rows if row["setting"][factor] == level]
    names = list(rows[0]["scores"])
    return {group: {name: _mean(members, name) for name in names} for group, members in groups.items()}


def _mean(rows: list[dict], name: str) -> dict[str, float]:
    solved = [row["scores"] for row in rows if "failed" not in row["scores"][name]]
    means: dict[str, float] = {"settings": len(solved), "failed": len(rows) - len(solved)}
    if not solved:
        return means
    for measure in MEASURES:
        if measure in solved[0][name]:
            means[measure] = round(statistics.mean(scored[name][measure] for scored in solved), 4)
    for measure, of, sign in (("below_bayes", "accuracy", 1), ("beyond_bayes", "log_loss", -1)):
        gaps = [sign * (scored[BAYES][of] - scored[name][of]) for scored in solved]
        means[measure] = round(statistics.mean(gaps), 4)
    return means


def table(result: dict) -> str:
    """Write the accuracy by kind of setting, and the means over all settings, as Markdown."""
    kinds = [kind for kind in KINDS if f"kind {kind}" in result["summary"]]
    count = len(result["settings"])
    head = ["| label model | " + " | ".join(kinds) + " | all | below Bayes | log loss | calibration error | fit, s |"]
    lines = [*head, "| --- |" + " ---: |" * (len(kinds) + 5)]
    for name, overall in result["summary"]["all"].items():
        cells = [_shown(result["summary"][f"kind {kind}"][name], "accuracy", 100) for kind in kinds]
        cells += [_shown(overall, "accuracy", 100), _shown(overall, "below_bayes", 100)]
        cells += [_shown(overall, "log_loss", decimals=3), _shown(overall, "calibration_error", decimals=3)]
        cells.append(_shown(overall, "fit_seconds", decimals=2))
        failed = f" (failed on {overall['failed']} of {count})" if overall["failed"] else ""
        lines.append(f"| {name}{failed} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(means: dict, measure: str, factor: float = 1, decimals: int = 1) -> str:
    return f"{means[measure] * factor:.{decimals}f}" if measure in means else ""


def main() -> None:
    from weaklabel.label_model import LABEL_MODELS

    votes_alone = [name for name, model in LABEL_MODELS.items() if not model.uses_texts]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(votes_alone), help="names, by default all that need no texts")
    parser.add_argument("--draws", type=int, default=1, help="draws of votes a setting")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    models, rows = {name: LABEL_MODELS[name] for name in options.models.split(",")}, []
    settings = design()
    for number, setting in enumerate(settings):
        for draw in range(options.draws):
            began = time.perf_counter()
            measured = run_setting(setting, models, draw)
            described = asdict(setting) | {"balance": setting.balance}
            rows.append({"setting": described, "draw": draw, "scores": measured})
            print(f"{number + 1}/{len(settings)}: {setting}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    save(
        "quality_synthetic",
        ["numpy"],
        {"setting": {"draws": options.draws, "scored_rows": SCORED_ROWS}, "settings": rows, "summary": summarise(rows)},
    )


if __name__ == "__main__":
    main()
