"""The results of a benchmark in sections of tables and sentences, which text, Markdown and HTML all show."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from weaklabel.bench.published import Published, published_for
from weaklabel.bench.summary import Summary, baseline_of
from weaklabel.bench.views import Curve, Figures, Method, Results, Track, read_curves, read_track
from weaklabel.page.page import Block, DataTable, Fold, Section, Text

TRACKS = {
    "no_gold": (
        "No gold used at all",
        "Settings are fixed, and whatever was chosen was chosen by votes and texts alone. Gold of the test split served "
        "to score, and for nothing else.",
    ),
    "validation_gold": (
        "Validation gold used",
        "Gold of the validation split was used: for the class balance, to choose, or to stop training. "
        "No figure under another heading did that.",
    ),
}
"""Heading and meaning of each track; figures of the two never share a table."""

CURVE = "Clean labels against weak labels"

_SCALE = (
    "Test split, in percent: mean ± standard deviation over seeds, and the 95% interval of the paired difference to "
    "majority vote (same classifier, same test rows), which ▲ and ▼ mark where it is above or below 0. Log loss and "
    "calibration error are means over the sets."
)
_CEILING = "Classifiers trained on the gold labels of the train split: what weak labels could at best give them."
_CURVE = (
    "Test split, in percent: mean ± standard deviation over seeds, each of which draws its own clean labels from the "
    "gold of the train split."
)
_PUBLISHED = "Test split, in percent: figures published by others, measured on their machines; none was measured here."
_GOLD_USES = ("no", "unknown", "selection", "training")
_METHOD = ["label model", "classifier"]
_DETAILS = {
    "accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1", "macro_f1": "macro F1",
    "calibration_error": "calibration error", "coverage": "coverage", "log_loss": "log loss",
    "fit_seconds": "fit s", "predict_seconds": "predict s", "peak_mib": "peak MiB",
}  # fmt: skip
_CALIBRATION = ("log_loss", "calibration_error")
"""What an overview has besides the metric."""

_DIGITS = {"log_loss": 3, "fit_seconds": 2, "predict_seconds": 2, "peak_mib": 0}


def sections(results: Results) -> list[Section]:
    """Bring the results into sections, those without content left out."""
    curves = read_curves(results)
    all_sections = [
        *(Section(title, [Text(meaning), *_track(results, name)]) for name, (title, meaning) in TRACKS.items()),
        Section("Trained on gold", [Text(_CEILING), *_ceiling(results)]),
        Section(CURVE, [Text(_CURVE), *(part for curve in curves for part in _curve(results, curve))]),
        Section("Published figures", _published(results)),
        Section("What went wrong", _failures(results)),
        Section("Sets", [_sets(results)]),
        Section("How this was made", _making(results)),
    ]
    return [section for section in all_sections if not all(isinstance(part, Text) for part in section.parts)]


def percent(share: float) -> float:
    """Return a share in percent, to the decimal that tables show.

    Examples
    --------
    >>> percent(0.91234)
    91.2
    """
    return round(100 * share, 1)


def metric_of(results: Results, name: str) -> str:
    """Return the metric of a set in words: accuracy, F1 and of which class, or F1 of spans."""
    about = results["sets"][name]
    if about["metric"] == "span f1":
        return "F1 of exact spans"
    return f"F1 of {about['positive']}" if about["metric"] == "f1" else str(about["metric"])


def _track(results: Results, name: str) -> list[Block]:
    track = read_track(results, name)
    overviews = [_overview(results, track.of_classifier(name), name) for name in track.classifiers]
    folds = [Fold(f"{name}: all figures", _one_set(results, track, name)) for name in track.sets]
    return [Text(_SCALE), *overviews, *_by_classifier(track), *_reasons(results, name), *folds]


def _by_classifier(track: Track) -> list[Block]:
    """Return a table with label models down, and across what they and the classifiers trained on their labels reach."""
    if len(track.classifiers) < 2:
        return []
    names = dict.fromkeys(method.label_model for method in track.methods)
    rows = [[name, *(_reached(track, Method(name, classifier)) for classifier in track.classifiers)] for name in names]
    over = f"mean over {', '.join(track.common_sets)}" if len(track.sets) > 1 else track.sets[0]
    caption = f"Label models, and the classifiers trained on their labels: {over}."
    return [DataTable(["label model", *(name or "its labels" for name in track.classifiers)], rows, caption)]


def _reached(track: Track, method: Method) -> str | None:
    if len(track.sets) == 1:
        return _overview_cell(track.methods.get(method, {}).get(track.sets[0]))
    mean = track.mean(method) if method in track.methods else None
    return None if mean is None else f"{percent(mean):.1f}"


def _ceiling(results: Results) -> list[Block]:
    track = read_track(results, "clean_labels", ceiling=True)
    return [_overview(results, track.of_classifier(name), name) for name in track.classifiers]


def _overview(results: Results, track: Track, classifier: str | None) -> DataTable:
    """Label models down, sets across."""
    what = (
        "The label models themselves." if classifier is None else f"Classifier {classifier}, by what labeled its data."
    )
    heads = [f"{name} ({metric_of(results, name)})" for name in track.sets]
    rows = [
        [method.label_model, *(_overview_cell(row.get(name)) for name in track.sets)]
        for method, row in track.methods.items()
    ]
    if len(track.sets) > 1:
        what += f" Mean over {', '.join(track.common_sets) or 'no set: on none have all a figure'}."
        heads.append("mean")
        for row, method in zip(rows, track.methods, strict=True):
            mean = track.mean(method)
            row.append(None if mean is None else f"{percent(mean):.1f}")
    for key in _CALIBRATION:
        means = [_mean_detail(track, method, key) for method in track.methods]
        if any(mean is not None for mean in means):
            heads.append(_DETAILS[key])
            for row, mean in zip(rows, means, strict=True):
                row.append(_detail(key, mean))
    return DataTable(["label model", *heads], rows, what)


def _mean_detail(track: Track, method: Method, key: str) -> float | None:
    """Return the mean of a detail over the sets on which every method has a figure."""
    values = [
        track.methods[method][name].details.get(key) for name in track.common_sets if name in track.methods[method]
    ]
    measured = [value for value in values if value is not None]
    return fmean(measured) if measured else None


def _overview_cell(figures: Figures | None) -> str | None:
    if figures is None:
        return None
    summary = figures.summary
    some = (
        f"({summary.n_seeds} of {summary.n_seeds + summary.n_failed} seeds)"
        if summary.n_failed and summary.n_seeds
        else ""
    )
    apart = _interval(summary.difference_low, summary.difference_high, "+")
    return " ".join(filter(None, [_mean_sd(summary), figures.mark, apart, some]))


def _one_set(results: Results, track: Track, name: str) -> list[Block]:
    """Every figure of a set: its metric with intervals, and all else in a second table."""
    rows = [(method, row[name]) for method, row in track.methods.items() if name in row]
    keys = [key for key in _DETAILS if any(key in figures.details for _, figures in rows)]
    metric = metric_of(results, name)
    intervals = [[method.label_model, method.classifier, *_intervals(figures)] for method, figures in rows]
    details = [
        [method.label_model, method.classifier, *(_detail(key, figures.details.get(key)) for key in keys)]
        for method, figures in rows
    ]
    heads = [metric, "95% interval", f"minus {baseline_of(results['sets'][name])}", "95% interval of that", "seeds"]
    means = f"{name}: means over seeds, in percent except for log loss; of memory the highest peak."
    return [
        DataTable([*_METHOD, *heads], intervals, f"{name}: {metric} in percent."),
        DataTable([*_METHOD, *(_DETAILS[key] for key in keys)], details, means),
    ]


def _intervals(figures: Figures) -> list[str | None]:
    summary = figures.summary
    difference = None if summary.difference is None else f"{percent(summary.difference):+.1f} {figures.mark}".rstrip()
    seeds = f"{summary.n_seeds} of {summary.n_seeds + summary.n_failed}"
    apart = _interval(summary.difference_low, summary.difference_high, "+")
    return [_mean_sd(summary), _interval(summary.low, summary.high), difference, apart, seeds]


def _interval(low: float | None, high: float | None, sign: str = "") -> str | None:
    if low is None or high is None:
        return None
    return f"[{percent(low):{sign}.1f}, {percent(high):{sign}.1f}]"


def _mean_sd(summary: Summary | None) -> str | None:
    if summary is None:
        return None
    if summary.mean is None:
        return "failed"
    return (
        f"{percent(summary.mean):.1f}"
        if summary.sd is None
        else f"{percent(summary.mean):.1f} ± {percent(summary.sd):.1f}"
    )


def _detail(key: str, value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:,.{_DIGITS[key]}f}" if key in _DIGITS else f"{percent(value):.1f}"


def _reasons(results: Results, track: str) -> list[Block]:
    """What was chosen in place of the user, and why; one line for the seeds that agree."""
    seeds: dict[tuple[Any, ...], list[str]] = {}
    for cell in results["cells"]:
        if cell["track"] == track and cell["why"]:
            key = (cell["set"], cell["label_model"], cell["classifier"], cell["why"])
            seeds.setdefault(key, []).append(str(cell["seed"]))
    rows = [[*key[:-1], ", ".join(same), key[-1]] for key, same in seeds.items()]
    return [Fold("What was chosen, and why", [DataTable(["set", *_METHOD, "seeds", "why"], rows)])] if rows else []


def _curve(results: Results, curve: Curve) -> list[Block]:
    rows = [[str(amount), *(_mean_sd(line.get(amount)) for line in curve.lines.values())] for amount in curve.amounts]
    caption = f"{curve.set}, classifier {curve.classifier}: {metric_of(results, curve.set)}."
    table = DataTable(["clean labels per class", *curve.lines], rows, caption)
    return [table, *(Text(f"{sentence}.") for sentence in curve.crossings)]


def _published(results: Results) -> list[Block]:
    """One table for each use of gold, models down and sets across, so that no two uses share a table."""
    figures = [figure for name in results["sets"] for figure in published_for(name)]
    figures = [figure for figure in figures if figure.metric == results["sets"][figure.set]["metric"]]
    notes = sorted(dict.fromkeys((_GOLD_USES.index(figure.gold), figure.note) for figure in figures))
    return [
        Text(_PUBLISHED),
        *(_published_table([figure for figure in figures if figure.note == note], note) for _, note in notes),
    ]


def _published_table(figures: list[Published], note: str) -> DataTable:
    sets = list(dict.fromkeys(figure.set for figure in figures))
    values = {(figure.model, figure.source, figure.set): figure for figure in figures}
    rows = [
        [model, *(_published_cell(values.get((model, source, name))) for name in sets), source]
        for model, source in dict.fromkeys((figure.model, figure.source) for figure in figures)
    ]
    return DataTable(["published", *sets, "source"], rows, f"{note[0].upper()}{note[1:]}.")


def _published_cell(figure: Published | None) -> str | None:
    if figure is None:
        return None
    return f"{100 * figure.value:.2f}" if figure.sd is None else f"{100 * figure.value:.2f} ± {100 * figure.sd:.2f}"


def _failures(results: Results) -> list[Block]:
    failed = [cell | {"message": cell["error"]} for cell in results["cells"] if cell["error"] is not None]
    warned = [cell | {"message": warning} for cell in results["cells"] for warning in cell["warnings"]]
    parts: list[Block] = []
    if failed:
        parts.append(_told(failed, "error", f"Without a score: {len(failed)} of {len(results['cells'])}."))
    if warned:
        parts.append(_told(warned, "warning", "With a score, and a warning."))
    return parts


def _told(cells: list[dict[str, Any]], head: str, caption: str) -> DataTable:
    """Return a table of messages by cell, without empty columns."""
    heads = {"set": "set", "track": "track", "label_model": "label model", "classifier": "classifier"}
    heads |= {"start": "start", "clean_per_class": "clean labels per class", "seed": "seed", "message": head}
    shown = {key: name for key, name in heads.items() if any(cell[key] is not None for cell in cells)}
    return DataTable(list(shown.values()), [[cell[key] for key in shown] for cell in cells], caption)


_ABOUT_SETS = (
    "Rows of each split; coverage: percent of train rows with at least one vote; like held-out: train rows that are "
    "near-duplicates of valid or test rows."
)


def _sets(results: Results) -> DataTable:
    heads = [
        "set",
        "metric",
        "train",
        "valid",
        "test",
        "labeling functions",
        "classes",
        "coverage",
        "like held-out",
        "notes",
    ]
    rows = [
        [name, metric_of(results, name), *(entry["n"][split] for split in ("train", "valid", "test"))]
        + [entry["m"], entry["k"], f"{percent(entry['coverage']):.1f}", entry.get("train_rows_like_held_out")]
        + ["; ".join(entry["notes"]) or None]
        for name, entry in results["sets"].items()
    ]
    return DataTable(heads, rows, _ABOUT_SETS)


def _making(results: Results) -> list[Block]:
    values = {key: results[key] for key in ("command", "machine", "seconds")} | dict(results["versions"])
    return [DataTable(["what", "value"], [[name, _plain(value)] for name, value in values.items()])]


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items())
    return f"{value:,.0f}" if isinstance(value, float) else str(value)
