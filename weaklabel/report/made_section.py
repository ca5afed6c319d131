"""The last sections of a report: warnings, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weaklabel.page.page import Fold, Section, Table
from weaklabel.report.insight import Insight
from weaklabel.report.markdown import flat, value_text

_OPEN = 10


def warnings_given(insight: Insight) -> Section | None:
    """List what labeling functions did wrong and what was warned of; None where there is nothing."""
    said = [*insight.run.problems, *insight.run.warnings]
    if not said:
        return None
    table = Table(["what was said"], [[sentence] for sentence in said])
    return Section("Warnings", [table if len(said) <= _OPEN else Fold(f"All {len(said)} warnings", [table])])


def how_it_was_made(insight: Insight) -> Section:
    """Show settings, versions, timings and files, folded."""
    run = insight.run
    tables = {
        "Label model": _values(run.label_model),
        "Training rows": _values(run.training),
        "Settings": _values(run.settings),
        "Timings": Table(["step", "seconds"], list(run.timings.items())),
        "Versions": _values(run.versions),
        "Files": Table(["file", "what it holds"], list(run.files.items())),
    }
    return Section("How this was made", [Fold(title, [table]) for title, table in tables.items() if table.rows])


def _values(values: Mapping[str, Any]) -> Table:
    return Table(["name", "value"], [[name, value_text(value)] for name, value in flat(values)])
