"""Reports: the same result objects as text for terminals and as Markdown."""

from weaklabel.report.markdown import RunSummary, run_report
from weaklabel.report.text import scores_table

__all__ = ["RunSummary", "run_report", "scores_table"]
