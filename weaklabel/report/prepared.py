"""The section of the page on what the steps before labeling did to the corpus."""

from __future__ import annotations

from weaklabel.page.page import Block, DataTable, Fold, Section, Text
from weaklabel.report.insight import Insight
from weaklabel.report.text import RULE_COLUMNS, STEP_COLUMNS, rule_rows, step_rows


def prepared(insight: Insight) -> Section | None:
    """Show what each step and rule did, with examples; None where the corpus was labeled as it was."""
    steps = insight.run.prepared
    if not steps:
        return None
    parts: list[Block] = [
        Text(
            "Rows that were dropped are in the files of rejects in the folder corpus/. To take rows back, copy their lines "
            "into a file, and name it by the key keep of the step."
        ),
        DataTable(STEP_COLUMNS, step_rows(steps), caption="Steps before labeling"),
    ]
    if rules := rule_rows(steps):
        parts.append(DataTable(RULE_COLUMNS, rules, caption="Rules"))
    counted = [[name, what, count] for name, done in steps.items() for what, count in done["counts"].items()]
    if counted:
        parts.append(DataTable(["step", "what", "count"], counted, caption="What was counted"))
    summaries = [[name, what, str(value)] for name, done in steps.items() for what, value in done["summary"].items()]
    if summaries:
        parts.append(DataTable(["step", "what", "value"], summaries, caption="The corpus as a whole"))
    for name, done in steps.items():
        for rule, examples in done["examples"].items():
            if examples:
                columns = list(dict.fromkeys(key for example in examples for key in example))
                rows = [[example.get(column, "") for column in columns] for example in examples]
                parts.append(Fold(f"Examples: {name}, {rule}", [DataTable(columns, rows)]))
    return Section("Preparing the corpus", parts)
