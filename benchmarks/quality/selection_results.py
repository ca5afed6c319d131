"""What the benchmark of selection found: its cells summed up over seeds, a table, and a figure.

    python -m benchmarks.quality.selection_results

makes the figure of the committed results; the table is made by ``python -m benchmarks.readme``.
"""

import io
import json
import math
import statistics

from benchmarks.common import RESULTS

GOLD, HALF, ALL = 100, "50%", "100%"
ARMS = (
    ("random rows", 0, "random"),
    ("`agreement`", 0, "agreement"),
    ("`k-center`", 0, "k-center"),
    ("`loss`", 0, "loss"),
    ("`cut`", 0, "cut"),
    ("`shapley`", GOLD, "shapley"),
    ("`influence`", GOLD, "influence"),
    ("`verified`", GOLD, "verified"),
    ("`counting`", GOLD, "counting"),
    ("`rl-lfs`", GOLD, "rl-lfs"),
    ("`rl-groups`", GOLD, "rl-groups"),
    ("`rl-rows`", GOLD, "rl-rows"),
    ("`rl-rows`, REINFORCE", GOLD, "dvrl"),
    ("`rl-groups`, and gold trained on", GOLD, "rl-groups and gold"),
)
"""Rows of the table at half of the rows: title, rows with gold, method."""

WHOLE = (
    ("**all rows, and gold trained on**", "all rows and gold", ALL),
    ("**gold alone**", "gold alone", "0%"),
    ("left out by counting, voted again", "counting, voted again", ALL),
    ("left out by `rl-lfs`, voted again", "rl-lfs, voted again", ALL),
)
"""Rows of the table that are no choice of rows."""

SURE = 1.96


FIGURES = ("test", "difference", "error", "valid", "seeds")
"""What is kept of each, as means over seeds: scores, the difference to all rows of the same seed, and its standard error."""


def summed_up(cells: dict) -> dict:
    """Return the mean figures over seeds: set, labels and gold rows -> method -> budget -> `FIGURES`."""
    groups: dict[tuple, list[dict]] = {}
    for (name, labels, _, gold), cell in cells.items():
        for method, budgets in cell["methods"].items():
            for budget, figures in budgets.items():
                groups.setdefault((f"{name} {labels} {gold}", method, budget), []).append(figures)
    nested: dict = {}
    for (cell, method, budget), figures in groups.items():
        mean = [round(statistics.mean(each[name] for each in figures), 4) for name in ("test", "difference")]
        kept = [*mean, round(_error(figures), 4), _valid(figures), len(figures)]
        nested.setdefault(cell, {}).setdefault(method, {})[budget] = kept
    return nested


def _error(figures: list[dict]) -> float:
    """Return the standard error of a mean difference: that of the test rows, which seeds share, and that of the seeds."""
    of_rows = statistics.mean(each["error"] for each in figures)
    differences = [each["difference"] for each in figures]
    return math.hypot(of_rows, statistics.stdev(differences) / math.sqrt(len(figures)) if len(figures) > 1 else 0)


def _valid(figures: list[dict]) -> float | None:
    scores = [each["valid"] for each in figures if each["valid"] is not None]
    return round(statistics.mean(scores), 4) if scores else None


def by_key(result: dict) -> dict[tuple, dict]:
    """Return the figures by set, labels, gold rows, method and budget."""
    return {
        (*cell.split(" ")[:2], int(cell.split(" ")[2]), method, budget): dict(zip(FIGURES, kept, strict=True))
        for cell, methods in result["figures"].items()
        for method, budgets in methods.items()
        for budget, kept in budgets.items()
    }


def shown(row: dict | None) -> str:
    """Write a difference in points, in bold where it is beyond its 95% interval."""
    if row is None:
        return ""
    points = f"{100 * row['difference']:+.1f}"
    return f"**{points}**" if abs(row["difference"]) > SURE * row["error"] else points


def table(result: dict) -> str:
    """Write what half of the rows give, in points beside all rows, as Markdown."""
    rows, sets = by_key(result), result["setting"]["sets"]
    parts = []
    for labels, title in (("majority", "majority vote"), ("auto", "`auto`")):
        base = [rows[name, labels, 0, "all rows", ALL] for name in sets]
        scores = [f"{100 * row['test']:.1f}" for row in base]
        parts += [
            f"| labels of {title} | {' | '.join(sets)} |",
            "| --- |" + " ---: |" * len(sets),
            f"| all rows: test score | {' | '.join(scores)} |",
        ]
        arms = [(f"half: {name}", gold, method, HALF) for name, gold, method in ARMS]
        arms += [(name, GOLD, method, budget) for name, method, budget in WHOLE]
        for name, gold, method, budget in arms:
            cells = [rows.get((each, labels, gold, method, budget)) for each in sets]
            if any(cells):
                parts.append(f"| {name} | {' | '.join(shown(cell) for cell in cells)} |")
        parts.append("")
    return "\n".join(parts).strip()


def means_table(result: dict) -> str:
    """Write mean differences to all rows over the sets, by budget and rows with gold, as Markdown."""
    rows, sets = by_key(result), result["setting"]["sets"]
    golds = sorted({key[2] for key in rows} - {0})
    head = [
        "half of the rows, mean of all sets",
        *(f"{title}, {g} gold" for title in ("vote", "`auto`") for g in golds),
    ]
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    arms = [(name, method, HALF) for name, gold, method in ARMS if gold]
    for name, method, budget in (("random rows, classes as in gold", "random", HALF), *arms, *WHOLE[:2]):
        cells = []
        for labels in ("majority", "auto"):
            for gold in golds:
                found = [rows.get((each, labels, gold, method, budget)) for each in sets]
                means = [100 * row["difference"] for row in found if row is not None]
                cells.append(f"{statistics.mean(means):+.1f}" if len(means) == len(sets) else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


LINES = (
    ("random", 0, "random", "tab:gray"),
    ("agreement", 0, "agreement", "tab:olive"),
    ("shapley", GOLD, "shapley", "tab:blue"),
    ("counting", GOLD, "counting", "tab:orange"),
    ("rl-groups", GOLD, "rl-groups", "tab:red"),
)
SHARES = {"5%": 5, "10%": 10, "25%": 25, "50%": 50, "100%": 100}


def figure(result: dict) -> str:
    """Draw the score of each set by the share of rows, for both kinds of labels, as SVG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows, sets = by_key(result), result["setting"]["sets"]
    drawing = Figure(figsize=(2.3 * len(sets), 5))
    panels = drawing.subplots(2, len(sets), sharex=True)
    for down, labels in enumerate(("majority", "auto")):
        for across, name in enumerate(sets):
            panel = panels[down][across]
            base = 100 * rows[name, labels, 0, "all rows", ALL]["test"]
            panel.axhline(base, color="black", linewidth=0.8, linestyle=":")
            alone = 100 * rows[name, labels, GOLD, "gold alone", "0%"]["test"]
            panel.axhline(alone, color="tab:green", linewidth=0.8, linestyle="--", label=f"{GOLD} gold rows alone")
            low = min(base, alone) if alone > base - 15 else base
            for title, gold, method, color in LINES:
                points = [(SHARES[share], rows.get((name, labels, gold, method, share))) for share in SHARES]
                found = [(share, 100 * row["test"]) for share, row in points if row is not None] + [(100, base)]
                low = min(low, *(score for share, score in found if share >= 10))
                panel.plot(*zip(*found, strict=True), color=color, marker=".", linewidth=1, label=title)
            panel.set_ylim(bottom=max(0, low - 3))
            panel.set_xscale("log")
            panel.set_xticks(list(SHARES.values()), [str(share) for share in SHARES.values()])
            panel.minorticks_off()
            panel.set_title(f"{name}, {'majority vote' if labels == 'majority' else labels}", fontsize=9)
            panel.tick_params(labelsize=7)
    drawing.supxlabel("share of the labeled rows in %; dotted: all rows", fontsize=9)
    handles, titles = panels[0][0].get_legend_handles_labels()
    drawing.legend(handles, titles, loc="upper center", ncols=len(titles), fontsize=8, frameon=False)
    drawing.tight_layout(rect=(0, 0, 1, 0.94))
    file = io.StringIO()
    with rc_context({"svg.hashsalt": "selection", "svg.fonttype": "none"}):
        drawing.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


FIGURE = RESULTS.parents[1] / "docs" / "selection.svg"

if __name__ == "__main__":
    FIGURE.write_text(figure(json.loads((RESULTS / "quality_selection.json").read_text())), encoding="utf-8")
