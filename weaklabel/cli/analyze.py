"""``weaklabel analyze``: what each labeling function does on a corpus."""

from __future__ import annotations

import json as json_module
import math
from pathlib import Path
from typing import Annotated

import typer

from weaklabel.cli import common
from weaklabel.cli.analysis_page import write_page
from weaklabel.cli.common import show, stdout_for_results
from weaklabel.cli.decided import DecisionsOpt, decided_rows
from weaklabel.cli.labelling import label_model_settings, vote_and_label
from weaklabel.cli.options import expanded
from weaklabel.cli.reading import DEFAULTS, Reading
from weaklabel.support.progress import stage


@expanded
def analyze(
    corpus: common.CorpusArg,
    lfs: common.LfsOpt,
    gold: Annotated[
        str | None, typer.Option("--gold", metavar="COLUMN", help="Column with true labels, empty where unknown.")
    ] = None,
    decisions: DecisionsOpt = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a report to look at in a browser.")
    ] = None,
    label_model: common.LabelModelOpt = "auto",
    class_balance: common.BalanceOpt = None,
    reading: Reading = DEFAULTS,
    error_budget: common.BudgetOpt = None,
    seed: common.SeedOpt = 0,
    workers: common.WorkersOpt = None,
    json: common.JsonOpt = False,
    quiet: common.QuietOpt = False,
) -> None:
    """Show coverage, overlaps, conflicts and precision of every labeling function.

    \b
    Examples:
      weaklabel analyze messages.csv --lfs spam
      weaklabel analyze messages.csv --lfs ./mine.py --gold label
      weaklabel analyze messages.csv --lfs spam --decisions review/decisions.jsonl
      weaklabel analyze messages.csv --lfs spam --gold label --html report.html
      weaklabel analyze messages.csv --lfs spam --json | jq '.lfs[] | select(.conflicts > 0.1)'

    'Est. Acc.' is the share of an LF's votes that the label model expects to be right. From votes alone it hardly tells
    good LFs from bad; with --label-model text it goes by the texts too, as in review and run, and mostly does. With --gold
    the true precision stands beside it.
    """
    from weaklabel.decisions import read_decisions
    from weaklabel.label_names import encode_labels
    from weaklabel.lf.packs import load_lfs
    from weaklabel.project.folder import recorded_warnings
    from weaklabel.support.files import check_file_path
    from weaklabel.votes import LFAnalysis

    if gold is not None and decisions is not None:
        raise typer.BadParameter("it contradicts --gold", param_hint="--decisions")
    said = read_decisions(decisions) if decisions else None
    if html is not None:
        check_file_path(html)
    loaded = load_lfs(*lfs)
    rows = reading.open(corpus, hide=[gold] if gold else [])
    common.check_outputs(html, corpora=[rows], lfs=loaded, decisions=decisions)
    Y = None if gold is None else encode_labels(rows.column(gold), loaded.labels, f"{rows.name}, column '{gold}'")
    Y = Y if said is None else decided_rows(rows, said, loaded.labels)
    settings = label_model_settings(label_model, class_balance)
    with_text = label_model == "text"
    warned: list[str] = []
    with recorded_warnings(warned):
        labelled = vote_and_label(
            rows,
            loaded,
            settings,
            seed=seed,
            error_budget=error_budget,
            workers=workers,
            quiet=quiet,
            read_texts=with_text,
        )
    if html is not None:
        asked = {"lfs": lfs, "gold": gold, "label_model": label_model, "class_balance": class_balance, "seed": seed}
        with stdout_for_results(), stage("report"):
            write_page(html, rows, loaded, labelled, Y, settings=asked, warnings=warned, with_text=with_text, seed=seed)
    analysis = LFAnalysis(labelled.votes)
    estimates = labelled.model.lf_accuracies_
    shares_of_rows = {
        "coverage": analysis.label_coverage(),
        "overlap": analysis.label_overlap(),
        "conflict": analysis.label_conflict(),
    }
    overall = {
        "rows": len(labelled.preds),
        "rejects": len(rows.rejects),
        **{name: None if math.isnan(share) else share for name, share in shares_of_rows.items()},
    }
    problems = {name: problems.count for name, problems in labelled.votes.problems.items()}
    shares = "no rows to analyze"
    if len(labelled.preds):
        shares = (
            f"{overall['coverage']:.1%} of rows have a vote, {overall['overlap']:.1%} have several, "
            f"{overall['conflict']:.1%} have votes that conflict"
        )
    head = f"{overall['rows']:,} row{'s' * (overall['rows'] != 1)}, {len(loaded)} labeling functions: {shares}"
    result = {**overall, "lfs": json_module.loads(analysis.to_json(Y, estimates)), "lf_errors": problems}
    show(result, "\n".join([head, "", analysis.to_text(Y, estimates)]), json)
