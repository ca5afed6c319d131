"""The results of a benchmark as one HTML page, with charts."""

from __future__ import annotations

from dataclasses import replace

from weaklabel.bench.sections import CURVE, TRACKS, metric_of, percent, sections
from weaklabel.bench.summary import Summary, baseline_of
from weaklabel.bench.views import Curve, Method, Results, Track, read_curves, read_track
from weaklabel.page.charts import Estimate, Line, dots, lines
from weaklabel.page.page import Chart, Charts, Fold, Section, page


def track_charts(results: Results, name: str) -> Charts:
    """Draw one chart per set: each method with the interval of its mean, and majority vote as a line."""
    track = read_track(results, name)
    return Charts([_set_chart(results, track, bench_set, TRACKS[name][0]) for bench_set in track.sets])


def curve_charts(results: Results) -> Charts:
    """Draw the clean-labels curves, one a set and classifier."""
    return Charts([_curve_chart(results, curve) for curve in read_curves(results)])


def _set_chart(results: Results, track: Track, name: str, seen: str) -> Chart:
    by_method = {method: row[name].summary for method, row in track.methods.items() if name in row}
    baseline_name = baseline_of(results["sets"][name])
    baseline = by_method.get(Method(baseline_name, None))
    metric = f"{name}: {metric_of(results, name)}, percent"
    svg = dots(
        [str(method) for method in by_method],
        [_estimate(by_name) for by_name in by_method.values()],
        metric,
        alt=f"{metric}, by label model and classifier, with 95% intervals. {seen}.",
        reference=None if baseline is None or baseline.mean is None else percent(baseline.mean),
    )
    drawn = "95% intervals" + (f"; dashed: {baseline_name} itself" if baseline is not None else "")
    return Chart(svg, f"{name}, {drawn}")


def _curve_chart(results: Results, curve: Curve) -> Chart:
    places = {amount: float(place) for place, amount in enumerate(curve.amounts)}
    series = {}
    for name, points in curve.lines.items():
        estimates = [_estimate(estimate) for estimate in points.values()]
        x, y = [places[amount] for amount in points], [estimate and estimate.value for estimate in estimates]
        series[name] = Line(
            x,
            y,
            [estimate and estimate.low for estimate in estimates],
            [estimate and estimate.high for estimate in estimates],
        )
    svg = lines(
        series,
        "clean labels per class",
        f"{metric_of(results, curve.set)}, percent",
        alt=f"{curve.set}, {curve.classifier}: score against the number of clean labels",
        ticks={place: str(amount) for amount, place in places.items()},
    )
    return Chart(svg, f"{curve.set}, {curve.classifier}; bands: 95% intervals")


def _estimate(summary: Summary) -> Estimate | None:
    if summary.mean is None:
        return None
    low, high = (None if bound is None else percent(bound) for bound in (summary.low, summary.high))
    return Estimate(percent(summary.mean), low, high)


def html(results: Results) -> str:
    """Render the results as one page that needs no other file and no network; whatever a user named is escaped."""
    charts = {title: track_charts(results, name) for name, (title, _) in TRACKS.items()}
    charts[CURVE] = curve_charts(results)
    with_charts = [_with_charts(section, charts.get(section.title)) for section in sections(results)]
    sets = len(results["sets"])
    lead = f"{len(results['cells']):,} results on {sets} benchmark set{'' if sets == 1 else 's'}."
    return page("Benchmark of label quality", with_charts, lead=lead)


def _with_charts(section: Section, charts: Charts | None) -> Section:
    """Insert charts after the overview tables, before the folded sections."""
    if charts is None:
        return section
    open_parts = [part for part in section.parts if not isinstance(part, Fold)]
    folded = [part for part in section.parts if isinstance(part, Fold)]
    return replace(section, parts=[*open_parts, charts, *folded])
