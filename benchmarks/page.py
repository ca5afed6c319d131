"""The committed results as one page that works without network: ``docs/results.html``, written by `benchmarks.readme`.

Figures are data of the page, never markup: its script puts them in by `textContent`, and ``<`` is written as ``\\u003c``.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "results.html"
TEMPLATE = Path(__file__).with_name("page.html")

COLUMNS = ("measured", "kind", "set", "model", "metric", "score", "log loss", "calibration error", "seeds")
Row = tuple[str, str, str, str, str, float, float | None, float | None, int]

TWINS = {"quality_twins": "label models on twins", "quality_whole_sets": "label models on whole sets"}


def load(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def of_twins(name: str, measured: str) -> Iterator[Row]:
    """Means over seeds of each set and kind; one column a label model."""
    groups: dict[tuple[str, str, str, str], list[dict]] = {}
    for twin in load(name)["twins"]:
        for model, figures in twin["models"].items():
            if "metric" in figures:
                groups.setdefault((twin["kind"], twin["set"], model, twin["metric"]), []).append(figures)
    for (kind, of_set, model, metric), cells in groups.items():
        score, *others = (mean(cells, key) for key in ("metric", "log_loss", "calibration_error"))
        assert score is not None
        yield measured, kind, of_set, model, metric, score, *others, len(cells)


def mean(cells: list[dict], key: str) -> float | None:
    values = [cell[key] for cell in cells if cell.get(key) is not None]
    return round(sum(values) / len(values), 4) if values else None


def of_label_models() -> Iterator[Row]:
    """Label models of weaklabel and of others, on the sets as they are."""
    result = load("quality_label_models")
    for of_set, figures in result["sets"].items():
        for model, cell in figures["cells"].items():
            if cell.get("mean_metric") is not None:
                others = [cell.get(f"mean_{key}") for key in ("log_loss", "calibration_error")]
                yield (
                    "label models and peers",
                    "real",
                    of_set,
                    model,
                    figures["metric"],
                    round(cell["mean_metric"], 4),
                    *others,
                    result["setting"]["seeds"],
                )


def of_bench(name: str) -> Iterator[Row]:
    """Classifiers and the label models that they were trained on; what used gold says so."""
    result = load(name)
    for line in result["summary"]:
        if line["mean"] is None or line["n_seeds"] == 0:
            continue
        model = " + ".join(part for part in (line["label_model"], line["classifier"]) if part)
        if per_class := line.get("clean_per_class"):
            model += ", all gold rows" if per_class == "all" else f", {per_class} gold rows a class"
        track = {"no_gold": "no gold"}.get(line["track"], line["track"].replace("_", " "))
        metric = result["sets"][line["set"]].get("metric", "")
        yield "classifiers", track, line["set"], model, metric, round(line["mean"], 4), None, None, line["n_seeds"]


def of_spans() -> Iterator[Row]:
    """Label models for spans: F1 of exact spans."""
    for of_set, figures in load("quality_spans")["sets"].items():
        for model, cell in figures["models"].items():
            error = cell.get("calibration_error")
            seeds = len(cell.get("f1 by seed", [0]))
            yield "label models for spans", "real", of_set, model, "f1", round(cell["f1"], 4), None, error, seeds


def rows() -> list[Row]:
    """Return all figures, in a fixed order."""
    table = [*of_label_models(), *of_spans()]
    for name, measured in TWINS.items():
        table += of_twins(name, measured)
    for file in sorted(RESULTS.glob("quality_bench_*.json")):
        table += of_bench(file.stem)
    unique = {row[:5]: row for row in table}  # of a cell that several files measured, the last
    return [unique[key] for key in sorted(unique)]


def page(table: list[Row]) -> str:
    """Return the page with the figures in it."""
    data = json.dumps({"columns": COLUMNS, "rows": table}, separators=(",", ":"), ensure_ascii=True)
    for sign in "<>&":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    return TEMPLATE.read_text(encoding="utf-8").replace("{{ data }}", data)


def write() -> None:
    PAGE.write_text(page(rows()), encoding="utf-8")
