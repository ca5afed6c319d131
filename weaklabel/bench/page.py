"""The results of a benchmark as one HTML page."""

from __future__ import annotations

from dataclasses import replace

from weaklabel.bench.plots import curve_charts, track_charts
from weaklabel.bench.sections import CURVE, TRACKS, sections
from weaklabel.bench.views import Results
from weaklabel.page.page import Charts, Fold, Section, page


def html(results: Results) -> str:
    """Render the results as one page that needs no other file and no network; whatever a user named is escaped."""
    charts = {title: track_charts(results, name) for name, (title, _) in TRACKS.items()}
    charts[CURVE] = curve_charts(results)
    found = [_with_charts(section, charts.get(section.title)) for section in sections(results)]
    sets = len(results["sets"])
    lead = f"{len(results['cells']):,} results on {sets} benchmark set{'' if sets == 1 else 's'}."
    return page("Benchmark of label quality", found, lead=lead)


def _with_charts(section: Section, charts: Charts | None) -> Section:
    """Set charts behind the tables that give the overview, before what is folded away."""
    if charts is None:
        return section
    open_parts = [part for part in section.parts if not isinstance(part, Fold)]
    folded = [part for part in section.parts if isinstance(part, Fold)]
    return replace(section, parts=[*open_parts, charts, *folded])
