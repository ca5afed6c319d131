"""``weaklabel analyze``: what each labeling function does on a corpus."""

from __future__ import annotations

import json as json_module
import math
from dataclasses import asdict
from typing import Any

import typer

from weaklabel.cli.analysis_page import write_page
from weaklabel.cli.gold import DecisionsOpt, GoldOpt, decided_rows, gold_column
from weaklabel.cli.options import expanded
from weaklabel.cli.printing import Printing, stdout_for_results
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.span_columns import GoldFileOpt
from weaklabel.cli.voting import Caching, Labeling, LFs, Voting, problem_counts, vote_and_fit, vote_and_label
from weaklabel.cli.writing import HtmlOpt, announce_replaced, check_outputs
from weaklabel.support.progress import stage


@expanded
def analyze(
    corpus: CorpusArg,
    lfs: LFs,
    *,
    gold: GoldOpt = None,
    gold_file: GoldFileOpt = None,
    decisions: DecisionsOpt = None,
    html: HtmlOpt = None,
    labeling: Labeling,
    reading: Reading,
    voting: Voting,
    caching: Caching,
    printing: Printing,
) -> None:
    """Show coverage, overlaps, conflicts and precision of every labeling function.

    \b
    Examples:
      weaklabel analyze messages.csv --lfs spam
      weaklabel analyze messages.csv --lfs ./mine.py --gold label
      weaklabel analyze messages.csv --lfs spam --decisions review/decisions.jsonl
      weaklabel analyze messages.csv --lfs spam --gold label --html report.html
      weaklabel analyze messages.csv --lfs spam --json | jq '.lfs[] | select(.conflicts > 0.1)'

    'Est. Acc.' is the share of an LF's votes that the label model expects to be correct. Estimated from votes alone, it
    hardly separates good LFs from bad ones; with --label-model text it uses the texts, too, as review and run do, and
    mostly separates them. --gold adds a column with the true precision.

    Of a pack whose labeling functions mark spans: their spans, the texts and words that they cover, how many overlap spans
    of others, exactly or in part, with the same label or another one, the strings that they mark most, and with gold
    precision and recall.
    """
    from weaklabel.cli.span_analysis import analyze_spans_of
    from weaklabel.cli.span_columns import SpanGold
    from weaklabel.decisions import read_decisions
    from weaklabel.lf.packs import SPANS
    from weaklabel.support.files import check_file_path
    from weaklabel.support.warn import recorded_warnings
    from weaklabel.votes import LFAnalysis

    if sum(given is not None for given in (gold if gold_file is None else None, gold_file, decisions)) > 1:
        raise typer.BadParameter("it contradicts --gold", param_hint="--decisions" if decisions else "--gold-file")
    caching.apply()
    if html is not None:
        check_file_path(html)
    loaded = voting.load(lfs, quiet=printing.quiet)
    of_spans = loaded.task == SPANS
    if gold_file is not None and not of_spans:
        raise typer.BadParameter("it is for packs that mark spans; name a column with --gold", param_hint="--gold-file")
    made = read_decisions(decisions) if decisions and not of_spans else None
    rows = reading.open(corpus, hide=[gold] if gold and gold_file is None else [])
    gold_files = {"the gold spans": [gold_file]} if gold_file is not None else {}
    check_outputs(html, corpora=[rows], lfs=loaded, decisions=decisions, others=gold_files | labeling.inputs())
    announce_replaced(html, printing=printing)
    if of_spans:
        of_file = gold_file or decisions
        truth = None if gold is None and of_file is None else SpanGold(rows, gold, of_file, loaded.labels)
        analyze_spans_of(rows, loaded, labeling, voting, truth, html, printing)
        return
    Y = None if gold is None else gold_column(rows, gold, loaded.labels)
    Y = Y if made is None else decided_rows(rows, made, loaded.labels)
    with_text = labeling.label_model == "text"
    how: dict[str, Any] = {"quiet": printing.quiet, "read_texts": with_text}
    if html is None:
        fitted = vote_and_fit(rows, loaded, labeling, voting, **how)
    else:
        warned: list[str] = []
        with recorded_warnings(warned):
            fitted = labeled = vote_and_label(rows, loaded, labeling, voting, **how)
        settings = {"lfs": lfs, "gold": gold, **asdict(labeling)}
        with stdout_for_results(), stage("report"):
            write_page(
                html,
                rows,
                loaded,
                labeled,
                Y,
                settings=settings,
                warnings=warned,
                with_text=with_text,
                seed=labeling.seed,
            )
    analysis = LFAnalysis(fitted.votes)
    estimates = fitted.model.lf_accuracies_
    shares_of_rows = {
        "coverage": analysis.label_coverage(),
        "overlap": analysis.label_overlap(),
        "conflict": analysis.label_conflict(),
    }
    overall = {
        "rows": fitted.n,
        "rejects": fitted.voted.n_rejects,
        **{name: None if math.isnan(share) else share for name, share in shares_of_rows.items()},
    }
    shares = "no rows to analyze"
    if fitted.n:
        shares = (
            f"{overall['coverage']:.1%} of rows have a vote, {overall['overlap']:.1%} have several, "
            f"{overall['conflict']:.1%} have votes that conflict"
        )
    head = f"{overall['rows']:,} row{'s' * (overall['rows'] != 1)}, {len(loaded)} labeling functions: {shares}"
    result = {
        **overall,
        "lfs": json_module.loads(analysis.to_json(Y, estimates)),
        **problem_counts(fitted.votes.problems),
    }
    printing.result(result, "\n".join([head, "", analysis.to_text(Y, estimates)]))
