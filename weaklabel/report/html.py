"""The report of a labeled corpus as one HTML page: nothing to load, nothing to run, everything escaped."""

from __future__ import annotations

from weaklabel.page.page import page
from weaklabel.report.glance import at_a_glance
from weaklabel.report.gold_section import against_gold
from weaklabel.report.insight import Insight
from weaklabel.report.label_section import votes_and_labels
from weaklabel.report.lf_section import labeling_functions, meetings
from weaklabel.report.made_section import how_it_was_made, warnings_given
from weaklabel.report.row_section import rows_to_look_at
from weaklabel.report.suggestion_section import suggestions
from weaklabel.report.training_section import training

_SECTIONS = (
    at_a_glance,
    labeling_functions,
    meetings,
    votes_and_labels,
    against_gold,
    suggestions,
    rows_to_look_at,
    training,
    warnings_given,
    how_it_was_made,
)


def html_report(insight: Insight) -> str:
    """Render what was gathered; see `weaklabel.report.insight.gather`."""
    found = [section(insight) for section in _SECTIONS]
    lead = "What the labeling functions and the label model made of this corpus, and where to look next."
    return page(insight.run.title, [section for section in found if section is not None], lead=lead)
