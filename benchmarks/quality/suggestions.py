"""How much of the gain of missing labeling functions suggestions bring back.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.suggestions SET ... [--seeds 5] [--split valid] [--llm smollm2]
        [-o FILE.json]

Each SET is a folder in WRENCH's format. With each seed, half of its labeling functions are drawn; `suggest` sees their
votes on the train texts, what the label model `auto` makes of both, and no gold. Its candidates then vote beside the
half, and label models are fitted on train and scored on the test split: on votes alone (committee) and with texts (auto).

Two reviewers are simulated. "unseen" accepts the first ten candidates without a look, so that no gold is used at all.
"checked" goes down a list of twenty and accepts the first ten of which more than 70% of the votes on valid rows are right
by the gold of these: VALIDATION GOLD IS USED. The share that comes back is (with suggestions - half) / (all - half), of
the means over seeds; its interval is a bootstrap over seeds. It says little where the other half gains next to nothing.

With --llm, a local language model is asked for proposals, too, which are judged by the same evidence: the arm "llm" accepts
the first ten candidates when its proposals are among them.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common import RESULTS, save
from benchmarks.quality.answers import complete, fit_and_predict
from benchmarks.quality.label_models import positive_of, scores
from weaklabel.bench.data import read_bench_set
from weaklabel.bench.split import BenchSet, Split
from weaklabel.label_model import AutoLabelModel, CommitteeLabelModel
from weaklabel.lf.patterns import keyword_lf, regex_lf
from weaklabel.llm import Asking, LanguageModel, LocalModel
from weaklabel.suggest import CandidateLF, LFProposer, Suggestions, suggest_lfs
from weaklabel.votes import Votes, apply_lfs

MODELS = {"committee": CommitteeLabelModel, "auto": AutoLabelModel}
ACCEPTED, LISTED = 10, 20
LEAST_PRECISION = 0.7
DRAWS = 2_000
SMALL_GAIN = 0.01


def draw_half(m: int, seed: int) -> np.ndarray:
    """Draw half of the labeling functions."""
    return np.sort(np.random.default_rng(seed).permutation(m)[: m // 2])


DESCRIPTIONS = {
    "sms": {"ham": "a private message", "spam": "advertising, or a trick to get money or data"},
    "trec": {
        "DESC": "asks for a description, a definition or a reason",
        "ENTY": "asks for a thing, such as an animal, a color, a food or a sport",
        "HUM": "asks for a person or a group",
        "ABBR": "asks what an abbreviation means",
        "LOC": "asks for a place",
        "NUM": "asks for a number, a date or an amount",
    },
}
"""What a language model is told about the classes."""


def suggestions_of(data: BenchSet, half: np.ndarray, seed: int, llm: LanguageModel | None = None) -> tuple:
    """Look for candidates by the votes of half of the labeling functions on train, and its texts; without and with a model."""
    train, L = data.train, data.train.L[:, half]
    model = AutoLabelModel(data.k, seed=seed).fit(L, train.texts)
    probs = model.predict_proba(L, train.texts)
    votes = Votes(L, [f"published_{number}" for number in half], data.labels)
    how = {"n": LISTED, "seed": seed}
    without = suggest_lfs(train.texts, votes, probs, data.labels, **how)
    if llm is None:
        return without, None
    proposer = LFProposer(llm, Asking(), DESCRIPTIONS.get(data.name, {}))
    return without, suggest_lfs(train.texts, votes, probs, data.labels, proposer=proposer, **how)


def candidate_votes(candidates: list[CandidateLF], texts: tuple[str, ...]) -> np.ndarray:
    """Let candidates vote. Shape: [n, c]."""
    if not candidates:
        return np.empty((len(texts), 0), dtype=np.int8)
    lfs = [
        keyword_lf(lf.name, lf.label, lf.patterns)
        if lf.kind == "keyword"
        else regex_lf(lf.name, lf.label, lf.patterns[0], ignore_case=True)
        for lf in candidates
    ]
    return apply_lfs(lfs, list(texts)).L


def precisions(candidates: list[CandidateLF], split: Split) -> np.ndarray:
    """Return the share of right votes on a split with gold; NaN where there is no vote. Shape: [c]."""
    L = candidate_votes(candidates, split.texts)
    voted = L >= 0
    right = (voted & (split.Y[:, None] == L)).sum(axis=0)
    return np.divide(right, voted.sum(axis=0), out=np.full(L.shape[1], np.nan), where=voted.any(axis=0))


def run_seed(data: BenchSet, split: Split, seed: int, llm: LanguageModel | None) -> dict:
    """Return the metric of each arm and label model, and what was suggested."""
    half = draw_half(data.m, seed)
    suggestions, with_llm = suggestions_of(data, half, seed, llm)
    listed = list(suggestions.lfs)
    by_valid = precisions(listed, data.valid)
    arms = {
        "unseen": listed[:ACCEPTED],
        "checked": [lf for lf, right in zip(listed, by_valid, strict=True) if right > LEAST_PRECISION][:ACCEPTED],
    }
    if with_llm is not None:
        arms["llm"] = list(with_llm.lfs)[:ACCEPTED]
    votes = {"half": (data.train.L[:, half], split.L[:, half]), "all": (data.train.L, split.L)}
    for arm, lfs in arms.items():
        added = candidate_votes(lfs, data.train.texts), candidate_votes(lfs, split.texts)
        votes[arm] = tuple(np.hstack([one, more]) for one, more in zip(votes["half"], added, strict=True))
    metric = {
        model: {arm: _metric(MODELS[model], data, split, *both, seed) for arm, both in votes.items()}
        for model in MODELS
    }
    unseen = precisions(arms["unseen"], split)
    return {
        "metric": metric,
        "coverage": {arm: round(float((both[0] >= 0).any(axis=1).mean()), 4) for arm, both in votes.items()},
        "accepted": {arm: len(lfs) for arm, lfs in arms.items()},
        "estimated_precision": [round(lf.precision, 3) for lf in arms["unseen"]],
        "precision_on_scored_rows": [None if np.isnan(one) else round(float(one), 3) for one in unseen],
        **({} if with_llm is None else {"proposed": _proposed(with_llm, split)}),
    }


def _proposed(suggestions: Suggestions, split: Split) -> dict:
    """Return what became of the proposals of a language model."""
    told = suggestions.proposed
    accepted = [lf for lf in suggestions.lfs if lf.source == "llm"]
    return {
        "prompts": told.prompts,
        "usable": len(told.lfs),
        "left_out": dict(told.left_out),
        "among_the_candidates": [lf.patterns for lf in accepted],
        "precision_on_scored_rows": [
            None if np.isnan(one) else round(float(one), 3) for one in precisions(accepted, split)
        ],
    }


def _metric(model: type, data: BenchSet, split: Split, L_train: np.ndarray, L: np.ndarray, seed: int) -> float:
    predictions = fit_and_predict(model(data.k, seed=seed), L_train, L, data.train.texts, split.texts)
    return scores(complete(predictions, L_train, L, seed), split, data.labels, positive_of(data))["metric"]


def come_back(runs: list[dict], model: str, arm: str) -> dict:
    """Return means and the share of the other half's gain that comes back, with its interval over seeds."""
    half, some, whole = (np.array([run["metric"][model][one] for run in runs]) for one in ("half", arm, "all"))
    draws = np.random.default_rng(0).integers(len(runs), size=(DRAWS, len(runs)))
    gain, back = whole - half, some - half
    sums = gain[draws].sum(axis=1)
    shares = back[draws].sum(axis=1)[sums > 0] / sums[sums > 0]
    means = {"half": half.mean(), "with_suggestions": some.mean(), "all": whole.mean(), "suggestions_gain": back.mean()}
    figures = {name: round(float(value), 5) for name, value in means.items()}
    low, high = np.quantile(back[draws].mean(axis=1), [0.025, 0.975])
    figures |= {"suggestions_gain_interval": [round(float(low), 5), round(float(high), 5)]}
    if gain.mean() < SMALL_GAIN:
        return figures | {"share": None, "why": f"the other half itself gains {100 * gain.mean():.1f} points"}
    low, high = np.quantile(shares, [0.025, 0.975])
    return figures | {
        "share": round(float(back.mean() / gain.mean()), 3),
        "share_interval": [round(float(low), 3), round(float(high), 3)],
    }


def run_set(data: BenchSet, split: Split, seeds: range, llm: LanguageModel | None = None) -> dict:
    """Return the figures of one set."""
    runs = []
    for seed in seeds:
        runs.append(run_seed(data, split, seed, llm))
        print(f"{data.name}, seed {seed}: {runs[-1]['metric']}", file=sys.stderr)
    arms = ("unseen", "checked", *(("llm",) if llm else ()))
    back = {model: {arm: come_back(runs, model, arm) for arm in arms} for model in MODELS}
    return {
        "metric": "f1" if positive_of(data) else "accuracy",
        "positive": positive_of(data),
        "published_lfs": data.m,
        "half": data.m // 2,
        "scored_rows": len(split),
        "come_back": back,
        "runs": runs,
    }


def table(result: dict) -> str:
    """Write scores with half of the labeling functions, with suggestions beside them, and with all, as Markdown."""
    head = "half", "half + 10 unseen", "half + 10 checked*", "all", "recovered, unseen"
    lines = [f"| test score, means of {len(result['setting']['seeds'])} halves | {' | '.join(head)} |"]
    lines.append("| --- |" + " ---: |" * len(head))
    for name, by_set in result["sets"].items():
        metric = "F1" if by_set["metric"] == "f1" else by_set["metric"]
        for model, tracks in by_set["come_back"].items():
            unseen, checked = tracks["unseen"], tracks["checked"]
            scores = unseen["half"], unseen["with_suggestions"], checked["with_suggestions"], unseen["all"]
            cells = [f"{100 * score:.1f}" for score in scores]
            lines.append(f"| {name} ({metric}), `{model}` | {' | '.join([*cells, _come_back(unseen)])} |")
    return "\n".join(lines)


def _come_back(track: dict) -> str:
    if track["share"] is None:
        return "the other half gains nothing"
    low, high = track["share_interval"]
    return f"{track['share']:.0%} ({low:.0%} to {high:.0%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid is for development")
    parser.add_argument("--llm", metavar="MODEL", help="a local causal model that proposes candidates, such as smollm2")
    parser.add_argument("-o", "--out", type=Path, help=f"in {RESULTS.name}/; default: quality_suggestions[_valid].json")
    options = parser.parse_args()
    if options.out is not None and (options.out.suffix != ".json" or options.out.resolve().parent != RESULTS.resolve()):
        parser.error(f"-o: results are .json files in {RESULTS}, which {options.out} is not")
    warnings.simplefilter("ignore")
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    llm = LocalModel(options.llm) if options.llm else None
    results = {}
    for path in options.sets:
        data = read_bench_set(path)
        results[data.name] = run_set(data, getattr(data, options.split), seeds, llm)
        for model, arms in results[data.name]["come_back"].items():
            print(f"{data.name}, {model}: {arms}")
    setting = {} if llm is None else {"llm": llm.name}
    setting |= {"split": options.split, "seeds": list(seeds), "gold": "none for unseen, valid for checked"}
    suffix = "" if options.split == "test" else "_valid"
    name = f"quality_suggestions{suffix}" if options.out is None else options.out.stem
    save(name, ["numpy", "scikit-learn", "scipy"], {"setting": setting, "sets": results})


if __name__ == "__main__":
    main()
