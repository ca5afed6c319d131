"""The table of classifiers on weak labels, from the results of `weaklabel bench` that are committed.

    weaklabel bench youtube sms trec semeval --label-models auto --classifiers linear,bert --seeds 5 \
        -o benchmarks/results/quality_bench_weak.json
    weaklabel bench youtube sms trec semeval --label-models majority,auto --classifiers linear,hybrid \
        -o benchmarks/results/quality_bench_hybrid.json

and likewise for the other files, each of which holds its command. A figure that stands in several files is taken from the one
with the most seeds.
"""

import json
from pathlib import Path

from weaklabel.bench.published import published_for

GOAL = {"youtube": 95, "sms": 94, "trec": 72, "semeval": 85, "chemprot": 61, "imdb": 88}
"""Test scores that this project set itself before it had measured any, without gold, embedded encoder."""

COLUMNS = {
    "label model `auto`": ("auto", None),
    "linear": ("auto", "linear"),
    "hybrid": ("auto", "hybrid"),
    "**BERT**": ("auto", "bert"),
    "BERT on majority vote": ("majority", "bert"),
    "BERT on gold": ("gold", "bert"),
}
"""Label model and classifier of each column; all but the last two train on the labels of `auto`."""

PUBLISHED = "majority vote + BERT", "majority vote + RoBERTa"


def read(folder: Path) -> list[dict]:
    """Read all results of `weaklabel bench` in a folder."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("quality_bench_*.json"))]


def table(results: list[dict]) -> str:
    """Write scores without any gold but the ceiling's, set by set, as Markdown."""
    best: dict[tuple, dict] = {}
    sets: dict[str, dict] = {}
    for result in results:
        for name, described in result["sets"].items():
            sets.setdefault(name, described)
        for line in result["summary"]:
            all_gold = line["label_model"] == "gold" and line["clean_per_class"] == "all"
            if line["mean"] is not None and (line["track"] == "no_gold" or all_gold):
                key = line["set"], line["label_model"], line["classifier"]
                if key not in best or line["n_seeds"] > best[key]["n_seeds"]:
                    best[key] = line
    head = ["test score", *COLUMNS, "goal", "published, RoBERTa or BERT on majority vote"]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(COLUMNS) + 1) + " --- |"]
    for name in (name for name in GOAL if name in sets):
        cells = [_cell(best.get((name, *column))) for column in COLUMNS.values()]
        lines.append(f"| {name} ({_rows(sets[name])}) | {' | '.join(cells)} | {GOAL[name]} | {_published(name)} |")
    return "\n".join(lines)


def validation_table(results: list[dict]) -> str:
    """Write scores without and with the gold of valid to choose by and to stop training, of some runs, as Markdown."""
    ways = {None: "`auto`", "linear": "linear", "bert": "BERT"}
    head = [title + suffix for title in ways.values() for suffix in ("", ", gold of valid*")]
    lines = ["| test score | " + " | ".join(head) + " |", "| --- |" + " ---: |" * len(head)]
    for result in results:
        for name, described in result["sets"].items():
            by_cell = {(line["classifier"], line["track"]): line for line in result["summary"] if line["set"] == name}
            cells = [_cell(by_cell.get((way, track))) for way in ways for track in ("no_gold", "validation_gold")]
            lines.append(f"| {name} ({described['n']['valid']:,} valid rows) | {' | '.join(cells)} |")
    return "\n".join(lines)


def curve_table(result: dict) -> str:
    """Write scores by number of clean labels, of clean labels alone and of weak labels then continued, as Markdown."""
    lines = ["| clean labels a class | weak only | clean only | weak, then clean |", "| --- | ---: | ---: | ---: |"]
    for name in result["sets"]:
        by_cell = {(line["start"], line["clean_per_class"]): line for line in result["summary"] if line["set"] == name}
        for number in (number for start, number in by_cell if start == "clean"):
            parts = by_cell["weak", None], by_cell["clean", number], by_cell["weak+clean", number]
            lines.append(f"| {name}, {number} | {' | '.join(_cell(line) for line in parts)} |")
    return "\n".join([*lines, "", *(f"{crossing['sentence']}." for crossing in result["crossings"])])


def _cell(line: dict | None) -> str:
    if line is None:
        return "-"
    spread = "" if line["sd"] is None else f" ± {100 * line['sd']:.1f}"
    return f"{100 * line['mean']:.1f}{spread} ({line['n_seeds']})"


def _rows(described: dict) -> str:
    metric = "F1" if described["metric"] == "f1" else described["metric"]
    return f"{metric}, {described['n']['train']:,} train rows"


def _published(name: str) -> str:
    figures = [figure for figure in published_for(name) if figure.model in PUBLISHED]
    return (
        ", ".join(f"{100 * figure.value:.1f}" + ("*" if figure.gold == "selection" else "") for figure in figures)
        or "-"
    )
