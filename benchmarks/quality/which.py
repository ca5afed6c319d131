"""Tables of docs/which-label-model.md: which label model when, with what was measured, from committed results."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.quality.twins import PEERS, VOTES

TITLES = {
    "auto": "`auto`",
    VOTES: "`committee`",
    "majority": "`majority`",
    "dawid-skene": "`dawid-skene`",
    "snorkel": "`snorkel`",
}
"""Columns of the table; without texts, `auto` is a committee."""


@dataclass(frozen=True)
class Advice:
    """What to take in a situation, and the twins that measure it."""

    situation: str
    take: str
    model: str
    """The name of the label model that is advised."""
    measured_by: Callable[[dict], bool]
    """Which twins are in that situation."""


def _kind(*kinds: str) -> Callable[[dict], bool]:
    return lambda twin: twin["kind"] in kinds


ADVICE = (
    Advice("2 to 5 labeling functions", "`auto` with texts", "auto", lambda twin: twin["m"] <= 5),
    Advice("6 to 25 labeling functions", "`auto` with texts", "auto", lambda twin: 5 < twin["m"] <= 25),
    Advice("more than 25 labeling functions", "`auto` with texts", "auto", lambda twin: twin["m"] > 25),
    Advice("2 classes", "`auto` with texts", "auto", lambda twin: twin["k"] == 2),
    Advice("3 to 10 classes", "`auto` with texts", "auto", lambda twin: 2 < twin["k"] <= 10),
    Advice("60 classes or more", "`auto` with texts", "auto", lambda twin: twin["k"] >= 60),
    Advice("300 rows", "`auto` with texts", "auto", _kind("300 rows")),
    Advice(
        "votes on less than half of the rows", "`auto` with texts", "auto", lambda twin: twin["train_coverage"] < 0.5
    ),
    Advice("one labeling function a class", "`auto` with texts", "auto", _kind("one LF a class")),
    Advice(
        "a labeling function that votes on most rows and is mostly wrong",
        "`auto` with texts; mend it, the warning names it",
        "auto",
        _kind("dominant", "dominant alone"),
    ),
    Advice(
        "a rare class, 5 to 10% of the rows (F1)",
        "`auto`, and [state the class balance](#rare-classes)",
        "auto",
        _kind("rare"),
    ),
    Advice(
        "labeling functions that err as language models do",
        "`auto`; little is gained, so check rows by hand",
        "auto",
        _kind("LLM LFs"),
    ),
    Advice(
        "texts in another script than the encoder reads",
        "`auto` with `--encoder multilingual`, not measured here; without, compare votes alone",
        "auto",
        _kind("Cyrillic", "Han"),
    ),
    Advice(
        "texts that tell nothing of the class", "`auto`; it answers from the votes", "auto", _kind("unrelated texts")
    ),
)


def mean_metrics(twins: Sequence[dict]) -> dict[str, float]:
    """Return each label model's mean metric, in points, over the twins that all of them were measured on."""
    complete = [twin for twin in twins if all(name in twin["models"] for name in TITLES)]
    return {name: 100 * statistics.mean(twin["models"][name]["metric"] for twin in complete) for name in TITLES}


def advice_table(result: dict) -> str:
    """Write situations down, label models across, the best in bold; "below": twins on which `auto` is, beyond chance."""
    lines = [
        f"| you have (twins) | take | {' | '.join(TITLES.values())} | `auto` below another | log loss of `auto`, `snorkel` |",
        "| --- | --- |" + " ---: |" * (len(TITLES) + 2),
    ]
    for advice in ADVICE:
        twins = [twin for twin in result["twins"] if advice.measured_by(twin)]
        means = mean_metrics(twins)
        best = max(means.values())
        cells = [f"**{mean:.1f}**" if round(mean, 1) == round(best, 1) else f"{mean:.1f}" for mean in means.values()]
        differences = [twin["models"]["auto"]["differences"] for twin in twins]
        below = sum(any(of_twin[peer][2] < 0 for peer in PEERS if peer in of_twin) for of_twin in differences)
        losses = [
            statistics.mean(twin["models"][name]["log_loss"] for twin in twins if name in twin["models"])
            for name in ("auto", "snorkel")
        ]
        lines.append(
            f"| {advice.situation} ({len(twins)}) | {advice.take} | {' | '.join(cells)} |"
            f" {below} of {len(twins)} | {losses[0]:.2f}, {losses[1]:.2f} |"
        )
    return "\n".join(lines)


ON_VOTES = ("majority", "weighted", "snorkel", "dawid-skene", "triplets", "hyper", "structured", "committee")


def votes_table(real: dict, synthetic: dict) -> str:
    """Write the label models that see votes alone: on real sets, and on synthetic votes that follow a model."""
    sets, followed = len(real["sets"]), synthetic["summary"]["all"]
    settings = followed["majority"]["settings"]
    lines = [
        f"| on votes alone | {sets} real sets: score | log loss | calibration error |"
        f" {settings} settings of synthetic votes: accuracy | below the best possible | log loss |",
        "| --- |" + " ---: |" * 6,
    ]
    for name in ON_VOTES:
        means = real["mean"].get(name, {})
        cells = (
            [f"{100 * means['metric']:.1f}", f"{means['log_loss']:.2f}", f"{means['calibration_error']:.2f}"]
            if "metric" in means
            else [""] * 3
        )
        figures = followed[name]
        cells += [
            f"{100 * figures['accuracy']:.1f}",
            f"{100 * figures['below_bayes']:.1f}",
            f"{figures['log_loss']:.2f}",
        ]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)
