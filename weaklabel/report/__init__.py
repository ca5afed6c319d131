"""Reports: the same result objects as text for terminals and as Markdown."""

from weaklabel.report.markdown import RunSummary, run_report
from weaklabel.report.text import lf_table, scores_table, table

__all__ = ["RunSummary", "lf_table", "run_report", "scores_table", "table"]
