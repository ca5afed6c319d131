"""The results of a benchmark in sections of tables and sentences, which text, Markdown and HTML all show."""

from __future__ import annotations

from typing import Any

from weaklabel.bench.published import Published, published_for
from weaklabel.bench.summary import Summary
from weaklabel.bench.views import BASELINE, Curve, Figures, Results, Track, read_curves, read_track
from weaklabel.page.page import Fold, Part, Section, Table, Text

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
    "Test split, in percent: mean ± standard deviation over seeds. ▲ and ▼ mark a paired difference to majority vote "
    "(same classifier, same test rows) whose 95% interval lies above or below 0."
)
_CEILING = "Classifiers trained on the gold labels of the train split: what weak labels could at best give them."
_CURVE = (
    "Test split, in percent: mean ± standard deviation over seeds, each of which draws its own clean labels from the "
    "gold of the train split."
)
_PUBLISHED = (
    "Test split, in percent: what others published of their own runs on their machines. None was measured here."
)
_GOLD_USES = ("no", "unknown", "selection", "training")
_WAY = ["label model", "classifier"]
_DETAILS = {
    "accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1", "macro_f1": "macro F1",
    "calibration_error": "calibration error", "coverage": "coverage", "log_loss": "log loss",
    "fit_seconds": "fit s", "predict_seconds": "predict s", "peak_mib": "peak MiB",
}  # fmt: skip
_DIGITS = {"log_loss": 3, "fit_seconds": 2, "predict_seconds": 2, "peak_mib": 0}


def sections(results: Results) -> list[Section]:
    """Bring the results into sections, those without content left out."""
    curves = read_curves(results)
    found = [
        *(Section(title, [Text(meaning), *_track(results, name)]) for name, (title, meaning) in TRACKS.items()),
        Section("Trained on gold", [Text(_CEILING), *_ceiling(results)]),
        Section(CURVE, [Text(_CURVE), *(part for curve in curves for part in _curve(results, curve))]),
        Section("Published figures", _published(results)),
        Section("What went wrong", _failures(results)),
        Section("Sets", [_sets(results)]),
        Section("How this was made", _making(results)),
    ]
    return [section for section in found if not all(isinstance(part, Text) for part in section.parts)]


def percent(share: float) -> float:
    """Return a share in percent, to the decimal that tables show.

    Examples
    --------
    >>> percent(0.91234)
    91.2
    """
    return round(100 * share, 1)


def metric_of(results: Results, name: str) -> str:
    """Return the metric of a set in words: accuracy, or F1 and of which class."""
    about = results["sets"][name]
    return f"F1 of {about['positive']}" if about["metric"] == "f1" else str(about["metric"])


def _track(results: Results, name: str) -> list[Part]:
    track = read_track(results, name)
    overviews = [_overview(results, track.of_classifier(one), one) for one in track.classifiers]
    folds = [Fold(f"{one}: all figures", _one_set(results, track, one)) for one in track.sets]
    return [Text(_SCALE), *overviews, *_reasons(results, name), *folds]


def _ceiling(results: Results) -> list[Part]:
    track = read_track(results, "clean_labels", ceiling=True)
    return [_overview(results, track.of_classifier(one), one) for one in track.classifiers]


def _overview(results: Results, track: Track, classifier: str | None) -> Table:
    """Label models down, sets across."""
    what = (
        "The label models themselves." if classifier is None else f"Classifier {classifier}, by what labelled its data."
    )
    heads = [f"{name} ({metric_of(results, name)})" for name in track.sets]
    rows = [
        [way.label_model, *(_overview_cell(row.get(name)) for name in track.sets)] for way, row in track.ways.items()
    ]
    if len(track.sets) > 1:
        what += f" Mean over {', '.join(track.common_sets) or 'no set: on none have all a figure'}."
        heads.append("mean")
        for row, way in zip(rows, track.ways, strict=True):
            mean = track.mean(way)
            row.append(None if mean is None else f"{percent(mean):.1f}")
    return Table(["label model", *heads], rows, what)


def _overview_cell(figures: Figures | None) -> str | None:
    if figures is None:
        return None
    one = figures.summary
    some = f"({one.n_seeds} of {one.n_seeds + one.n_failed} seeds)" if one.n_failed and one.n_seeds else ""
    return " ".join(filter(None, [_mean_sd(one), figures.mark, some]))


def _one_set(results: Results, track: Track, name: str) -> list[Part]:
    """Every figure of a set: its metric with intervals, and all else in a second table."""
    rows = [(way, row[name]) for way, row in track.ways.items() if name in row]
    known = [key for key in _DETAILS if any(key in figures.details for _, figures in rows)]
    metric = metric_of(results, name)
    intervals = [[way.label_model, way.classifier, *_intervals(figures)] for way, figures in rows]
    details = [
        [way.label_model, way.classifier, *(_detail(key, figures.details.get(key)) for key in known)]
        for way, figures in rows
    ]
    heads = [metric, "95% interval", f"minus {BASELINE}", "95% interval of that", "seeds"]
    means = f"{name}: means over seeds, in percent but for log loss; of memory the highest peak."
    return [
        Table([*_WAY, *heads], intervals, f"{name}: {metric} in percent."),
        Table([*_WAY, *(_DETAILS[key] for key in known)], details, means),
    ]


def _intervals(figures: Figures) -> list[str | None]:
    one = figures.summary
    difference = None if one.difference is None else f"{percent(one.difference):+.1f} {figures.mark}".rstrip()
    seeds = f"{one.n_seeds} of {one.n_seeds + one.n_failed}"
    apart = _interval(one.difference_low, one.difference_high, "+")
    return [_mean_sd(one), _interval(one.low, one.high), difference, apart, seeds]


def _interval(low: float | None, high: float | None, sign: str = "") -> str | None:
    if low is None or high is None:
        return None
    return f"[{percent(low):{sign}.1f}, {percent(high):{sign}.1f}]"


def _mean_sd(one: Summary | None) -> str | None:
    if one is None:
        return None
    if one.mean is None:
        return "failed"
    return f"{percent(one.mean):.1f}" if one.sd is None else f"{percent(one.mean):.1f} ± {percent(one.sd):.1f}"


def _detail(key: str, value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:,.{_DIGITS[key]}f}" if key in _DIGITS else f"{percent(value):.1f}"


def _reasons(results: Results, track: str) -> list[Part]:
    """What was chosen in place of the user, and why; one line for the seeds that agree."""
    seeds: dict[tuple[Any, ...], list[str]] = {}
    for cell in results["cells"]:
        if cell["track"] == track and cell["why"]:
            key = (cell["set"], cell["label_model"], cell["classifier"], cell["why"])
            seeds.setdefault(key, []).append(str(cell["seed"]))
    rows = [[*key[:-1], ", ".join(same), key[-1]] for key, same in seeds.items()]
    return [Fold("What was chosen, and why", [Table(["set", *_WAY, "seeds", "why"], rows)])] if rows else []


def _curve(results: Results, curve: Curve) -> list[Part]:
    rows = [[str(amount), *(_mean_sd(line.get(amount)) for line in curve.lines.values())] for amount in curve.amounts]
    caption = f"{curve.set}, classifier {curve.classifier}: {metric_of(results, curve.set)}."
    table = Table(["clean labels a class", *curve.lines], rows, caption)
    return [table, *(Text(f"{sentence}.") for sentence in curve.crossings)]


def _published(results: Results) -> list[Part]:
    """One table for each use of gold, models down and sets across, so that no two uses share a table."""
    found = [one for name in results["sets"] for one in published_for(name)]
    found = [one for one in found if one.metric == results["sets"][one.set]["metric"]]
    notes = sorted(dict.fromkeys((_GOLD_USES.index(one.gold), one.note) for one in found))
    return [
        Text(_PUBLISHED),
        *(_published_table([one for one in found if one.note == note], note) for _, note in notes),
    ]


def _published_table(found: list[Published], note: str) -> Table:
    sets = list(dict.fromkeys(one.set for one in found))
    values = {(one.model, one.source, one.set): one for one in found}
    rows = [
        [model, *(_published_cell(values.get((model, source, name))) for name in sets), source]
        for model, source in dict.fromkeys((one.model, one.source) for one in found)
    ]
    return Table(["published", *sets, "source"], rows, f"{note[0].upper()}{note[1:]}.")


def _published_cell(one: Published | None) -> str | None:
    if one is None:
        return None
    return f"{100 * one.value:.2f}" if one.sd is None else f"{100 * one.value:.2f} ± {100 * one.sd:.2f}"


def _failures(results: Results) -> list[Part]:
    failed = [cell | {"told": cell["error"]} for cell in results["cells"] if cell["error"] is not None]
    warned = [cell | {"told": one} for cell in results["cells"] for one in cell["warnings"]]
    parts: list[Part] = []
    if failed:
        parts.append(_told(failed, "error", f"Without a score: {len(failed)} of {len(results['cells'])}."))
    if warned:
        parts.append(_told(warned, "warning", "With a score, and a warning."))
    return parts


def _told(cells: list[dict[str, Any]], head: str, caption: str) -> Table:
    """Which cells told what, without columns in which none of them has anything."""
    heads = {"set": "set", "track": "track", "label_model": "label model", "classifier": "classifier"}
    heads |= {"start": "start", "clean_per_class": "clean labels a class", "seed": "seed", "told": head}
    shown = {key: name for key, name in heads.items() if any(cell[key] is not None for cell in cells)}
    return Table(list(shown.values()), [[cell[key] for key in shown] for cell in cells], caption)


def _sets(results: Results) -> Table:
    heads = ["set", "metric", "train", "valid", "test", "labeling functions", "classes", "coverage", "notes"]
    rows = [
        [name, metric_of(results, name), *(one["n"][split] for split in ("train", "valid", "test"))]
        + [one["m"], one["k"], f"{percent(one['coverage']):.1f}", "; ".join(one["notes"]) or None]
        for name, one in results["sets"].items()
    ]
    return Table(heads, rows, "Rows of each split; coverage: percent of train rows with at least one vote.")


def _making(results: Results) -> list[Part]:
    values = {key: results[key] for key in ("command", "machine", "seconds")} | dict(results["versions"])
    return [Table(["what", "value"], [[name, _plain(value)] for name, value in values.items()])]


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return f"{value:,.0f}" if isinstance(value, float) else str(value)
