"""The sections of a report on labeling functions: what each does, where they overlap, and what to change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.page.charts import Estimate, compared, heat_map, stacked
from weaklabel.page.page import Block, Chart, Charts, CodeBlock, DataTable, Fold, Group, Section, Text
from weaklabel.report.insight import Insight
from weaklabel.scoring.intervals import wilson
from weaklabel.suggest import CandidateLF, Suggestions

Floats = NDArray[np.float64]

MOST = 30
"""Labeling functions in a picture: those that vote most."""

_OPEN = 40
_PAIRS = 10
_COLOURS = (0, 2, 1)
"""Blue, green, and red for conflicts."""


def labeling_functions(insight: Insight) -> Section:
    """Show what each labeling function does: in two pictures, and in full as a table."""
    summary = insight.run.lf_summary
    if summary is None or not len(summary):
        return Section("Labeling functions", [Text("There are none.")])
    table = DataTable(*_table(insight), "Shares are of all rows; the estimate is the label model's.")
    shown: Block = table if len(summary) <= _OPEN else Fold(f"All {len(summary)} as a table", [table])
    return Section("Labeling functions", [*_left_out(insight), _pictures(insight), shown])


def overlaps_and_conflicts(insight: Insight) -> Section:
    """Show which labeling functions vote on the same rows, and which of these contradict each other."""
    names, title = _names(insight), "Overlaps and conflicts"
    if len(names) < 2 or not insight.run.n_rows:
        return Section(title, [Text("Overlaps and conflicts need two labeling functions and at least one row.")])
    order = _order(insight)
    together, differ = insight.votes.together.astype(float), insight.votes.differ
    alone = np.where(np.eye(len(names), dtype=bool), np.nan, together)
    common = _share(alone, np.diagonal(together)[:, None])
    contrary = _share(differ, np.where(np.isnan(alone), np.nan, np.diagonal(together)[:, None]))
    overlap = _map(common, order, names, "share of the row's votes", "Overlaps of labeling functions")
    conflict = _map(contrary, order, names, "share of the row's votes", "Conflicts of labeling functions")
    charts = [
        Chart(
            overlap,
            "Overlaps: on what share of the rows of the one on the left does the one below vote, too? "
            "Two that are dark both ways vote on the same rows.",
        ),
        Chart(
            conflict,
            "Conflicts: of the votes of the one on the left, how many does the one below contradict? "
            "A column with many dark places is the first to look at.",
        ),
    ]
    return Section(title, [*_left_out(insight), Charts(charts), *_worst(insight, names)])


def _worst(insight: Insight, names: Sequence[str]) -> list[Block]:
    differ, together = insight.votes.differ, insight.votes.together
    first, second = np.triu_indices(len(names), 1)
    order = np.lexsort((second, first, -differ[first, second]))[:_PAIRS]
    pairs = [(first[at], second[at]) for at in order if differ[first[at], second[at]]]
    if not pairs:
        return [Text("No two labeling functions ever contradict each other.")]
    rows = [
        [names[a], names[b], int(together[a, b]), int(differ[a, b]), f"{differ[a, b] / together[a, b]:.0%}"]
        for a, b in pairs
    ]
    return [DataTable(["LF", "and", "both vote", "differ", "of both"], rows, "The pairs that differ on most rows.")]


def _pictures(insight: Insight) -> Charts:
    names, order, records = _names(insight), _order(insight), _records(insight)
    shown = [names[lf] for lf in order]
    alone = {
        "alone": [records[lf]["Coverage"] - records[lf]["Overlaps"] for lf in order],
        "with others that agree": [records[lf]["Overlaps"] - records[lf]["Conflicts"] for lf in order],
        "in conflict": [records[lf]["Conflicts"] for lf in order],
    }
    cover = stacked(
        shown,
        {name: _numbers(values) for name, values in alone.items()},
        _COLOURS,
        "share of rows",
        alt="Coverage of labeling functions, split into votes alone, with others that agree, and in conflict",
    )
    series = {"the label model's estimate": [_known(records[lf].get("Est. Acc.")) for lf in order]}
    words = "The label model's estimate of how often each is right; below chance, one votes for the wrong class."
    if "Emp. Acc." in records[0]:
        series["on gold, with its 95% interval"] = [_on_gold(records[lf]) for lf in order]
        words = "How often each is right: where the two marks are far apart, the label model misjudges it."
    right = compared(shown, series, "precision", alt="Precision of labeling functions: estimated, and on gold if known")
    return Charts(
        [Chart(cover, "Who covers most, and who is alone in doing so: without them, those rows have no vote."),
         Chart(right, words)]
    )  # fmt: skip


def _table(insight: Insight) -> tuple[list[str], list[list[Any]]]:
    """Return headings and rows."""
    records, labels = _records(insight), insight.run.labels
    gold = "Emp. Acc." in records[0] if records else False
    columns = ["LF", "votes for", "coverage", "overlaps", "conflicts"]
    columns += ["right", "wrong", "precision on gold"] if gold else []
    rows = []
    for name, record in zip(_names(insight), records, strict=True):
        row = [name, ", ".join(labels[label] for label in record["Polarity"]) or "-"]
        row += [record[column] for column in ("Coverage", "Overlaps", "Conflicts")]
        row += [record["Correct"], record["Incorrect"], record["Emp. Acc."]] if gold else []
        rows.append([*row, record.get("Est. Acc.")])
    return [*columns, "estimate"], rows


def _names(insight: Insight) -> list[str]:
    return [] if insight.run.lf_summary is None else [str(name) for name in insight.run.lf_summary.index]


def _records(insight: Insight) -> list[dict[str, Any]]:
    summary = insight.run.lf_summary
    if summary is None:
        return []
    # Column by column: a row of a frame with mixed columns would turn whole numbers into floats.
    values = [summary.iloc[:, number].tolist() for number in range(summary.shape[1])]
    return [dict(zip(summary.columns, row, strict=True)) for row in zip(*values, strict=True)]


def _order(insight: Insight) -> list[int]:
    """Return the labeling functions that vote most, most first. At most `MOST`."""
    votes = np.diagonal(insight.votes.together)
    return np.argsort(-votes, kind="stable")[:MOST].tolist()


def _left_out(insight: Insight) -> list[Block]:
    more = len(_names(insight)) - MOST
    return [Text(f"Pictures show the {MOST} that vote most; {more} more are in the table.")] if more > 0 else []


def _map(values: Floats, order: list[int], names: Sequence[str], axis: str, alt: str) -> str:
    shown = [names[lf] for lf in order]
    cells = [[None if math.isnan(value) else value for value in row] for row in values[np.ix_(order, order)].tolist()]
    return heat_map(cells, shown, shown, axis, alt=alt)


def _share(part: Any, whole: Any) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.asarray(part, dtype=float) / whole
    return np.where(np.isfinite(ratio), ratio, np.nan)


def _numbers(values: Sequence[float]) -> list[float]:
    return [0.0 if math.isnan(value) else max(0.0, value) for value in values]


def _known(value: float | None) -> Estimate | None:
    return None if value is None or math.isnan(value) else Estimate(value)


def _on_gold(record: dict[str, Any]) -> Estimate | None:
    right, n = record["Correct"], record["Correct"] + record["Incorrect"]
    return Estimate(right / n, *wilson(right / n, n)) if n else None


_PHRASES = 8
_CLUSTERS = 10
_PROBLEMS = 10


def suggestions(insight: Insight) -> Section | None:
    """Show what would improve the labeling functions; None if there is nothing to say."""
    suggested = insight.suggestions
    if suggested is None:
        return None
    groups = [*_candidates(suggested), *_clusters(suggested), *_problems(suggested)]
    return Section("Suggestions", [*map(Text, suggested.read()), *groups]) if groups else None


def _candidates(suggested: Suggestions) -> list[Block]:
    if not suggested.lfs:
        return []
    gold = any(lf.gold_precision is not None for lf in suggested.lfs)
    columns = ["looks for", "label", "precision", *(["on gold", "gold rows"] if gold else []), "rows", "new rows"]
    table = DataTable(columns, [_candidate(lf, suggested.labels, gold) for lf in suggested.lfs])
    words = (
        "Phrases that indicate a class where votes are missing; the precision is estimated. New rows have no vote yet."
    )
    if gold:
        words += " Gold counts in the ranking: scores on these gold rows will flatter what is taken over from here."
    code = Fold("The same as Python, to be pasted into a pack", [CodeBlock(suggested.code())])
    return [Group("New labeling functions", [Text(words), table, code])]


def _candidate(lf: CandidateLF, labels: tuple[str, ...], gold: bool) -> list[Any]:
    judged = [lf.gold_precision, lf.gold_votes] if gold else []
    return [" | ".join(lf.patterns), labels[lf.label], lf.precision, *judged, lf.votes, lf.new_votes]


def _clusters(suggested: Suggestions) -> list[Block]:
    rows = [
        [
            len(cluster.rows),
            ", ".join(cluster.phrases[:_PHRASES]),
            None if cluster.label is None else f"{suggested.labels[cluster.label]} ({cluster.share:.0%})",
            ", ".join(map(str, cluster.rows[:3])),
        ]
        for cluster in suggested.clusters[:_CLUSTERS]
    ]
    table = DataTable(["rows", "what they have in common", "label model's guess", "such as rows"], rows)
    return [Group("Rows without votes, by what they say", [table])] if rows else []


def _problems(suggested: Suggestions) -> list[Block]:
    # The sentence names the labeling function: a column for that would leave no room on a narrow screen.
    rows = [[problem.kind, problem.text] for problem in suggested.weak_lfs]
    shown, rest = DataTable(["what", "why"], rows[:_PROBLEMS]), DataTable(["what", "why"], rows[_PROBLEMS:])
    more = [Fold(f"{len(rest.rows)} more", [rest])] if rest.rows else []
    return [Group("Labeling functions to look at", [shown, *more])] if rows else []
