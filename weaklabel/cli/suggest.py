"""``weaklabel suggest``: what would improve the labeling functions."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.gold import GoldOpt, gold_column
from weaklabel.cli.options import DryRunOpt, expanded, given_options
from weaklabel.cli.printing import Printing, shown_path, stdout_for_results
from weaklabel.cli.proposing import Proposing, estimate_text
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.voting import AskingOptions, Caching, Labeling, LFs, Voting, vote_and_fit
from weaklabel.cli.writing import announce_replaced, check_outputs
from weaklabel.errors import visible

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.job import FittedCorpus
    from weaklabel.suggest import LFProposer


@expanded
def suggest(
    corpus: CorpusArg,
    lfs: LFs,
    *,
    gold: GoldOpt = None,
    number: Annotated[
        int, typer.Option("-n", "--number", min=0, metavar="N", help="Maximum number of candidates.")
    ] = 10,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.py", help="Write the candidates as a pack.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.py if it exists.")] = False,
    dry_run: DryRunOpt = False,
    proposing: Proposing,
    asking: AskingOptions,
    labeling: Labeling,
    reading: Reading,
    voting: Voting,
    caching: Caching,
    printing: Printing,
) -> None:
    """Suggest new labeling functions, show what the present ones miss, and which of them look wrong.

    \b
    Examples:
      weaklabel suggest messages.csv --lfs ./mine.py
      weaklabel suggest messages.csv --lfs ./mine.py --gold truth -o suggested.py
      weaklabel label messages.csv --lfs ./mine.py --lfs ./suggested.py -o labeled.csv
      weaklabel suggest messages.csv --lfs ./mine.py --llm smollm2 --describe spam="advertising or fraud" --dry-run

    Precisions are estimates by the label model, which also reads the texts: check a candidate before you use it. Of a large
    corpus the label model reads a sample of the texts, and the output says how many. Of long texts, all words are used and
    the beginning is embedded; --label-model text embeds as much as label does. Of a pack that marks spans, candidates are
    strings and patterns that the label model marks and no labeling function votes for.
    """
    from weaklabel.lf.packs import SPANS
    from weaklabel.suggest import suggest_lfs
    from weaklabel.suggest.code import check_pack_path, write_pack

    proposing.check()
    asking.settings()
    caching.apply()
    if out is not None:
        check_pack_path(out, replace=force)
    loaded = voting.load(lfs, quiet=printing.quiet)
    rows = reading.open(corpus, hide=[gold] if gold else [])
    check_outputs(out, corpora=[rows], lfs=loaded, others=labeling.inputs())
    announce_replaced(out, printing=printing, dry_run=dry_run)
    if loaded.task == SPANS:
        from weaklabel.cli.span_suggestions import suggest_for_spans

        if proposing.llm is not None:
            raise typer.BadParameter(
                "language models propose labeling functions for whole texts only", param_hint="--llm"
            )
        of_spans = suggest_for_spans(rows, loaded, labeling, voting, printing, number=number, gold=gold)
        result, shown, code = of_spans.to_dict(), of_spans.to_text(), of_spans.code()
    else:
        Y = None if gold is None else gold_column(rows, gold, loaded.labels)
        with proposing.open(asking) as proposer:
            if proposer is not None:
                proposer.check(loaded.labels)
            fitted = vote_and_fit(rows, loaded, labeling, voting, quiet=printing.quiet, skim=True)
            if dry_run:
                _show_plan(rows, fitted, loaded.labels, proposer, printing)
                return
            with stdout_for_results():
                suggestions = suggest_lfs(
                    rows,
                    fitted.votes,
                    fitted.model,
                    loaded.labels,
                    n=number,
                    seed=labeling.seed,
                    gold=Y,
                    proposer=proposer,
                )
        result, code = suggestions.to_dict(), suggestions.code()
        shown = suggestions.to_text({row: batch.texts[0] for row, batch in rows.read_rows(suggestions.rows_shown())})
    if out is not None and not dry_run:
        doc = f"Candidates that weaklabel suggest found in {Path(rows.name).name}; check each before you keep it."
        write_pack(out, code, loaded.labels, doc, replace=force, task=loaded.task)
        result["written"] = str(out)
        named = shown_path(out) if out.is_absolute() or str(out).startswith(".") else f"./{out}"
        following = ["weaklabel", "analyze", corpus, *(part for spec in [*lfs, named] for part in ("--lfs", spec))]
        following += ["--gold", gold] if gold else []
        following += [*given_options(labeling), *given_options(reading), *given_options(voting)]
        shown += "\n\n" + visible(f"wrote {out}; next: {shlex.join(following)}")
    printing.result(result, shown)


def _show_plan(
    rows: Corpus, fitted: FittedCorpus, labels: tuple[str, ...], proposer: LFProposer | None, printing: Printing
) -> None:
    """Show what a language model would be asked, and what that takes; nothing is sent."""
    from dataclasses import asdict

    from weaklabel.suggest.suggestions import planned_prompts

    if proposer is None:
        printing.result({"prompts": 0}, "nothing would be written, and no language model would be asked (no --llm)")
        return
    with stdout_for_results():
        prompts = planned_prompts(rows, fitted.votes, fitted.model, labels, proposer)
        estimate = proposer.asking.estimate(proposer.model, prompts)
    figures = asdict(estimate) | {
        name: None if value is None else float(value)
        for name, value in (("money", estimate.money), ("most_money", estimate.most_money))
    }
    sample = [{"role": message.role, "content": message.content} for message in prompts[0].messages] if prompts else []
    shown = [estimate_text(estimate), *(f"--- {each['role']}:\n{each['content']}" for each in sample)]
    text = "\n".join("\n".join(map(visible, part.split("\n"))) for part in shown)
    printing.result({"estimate": figures, "sample": sample}, f"{text}\n\nnothing was asked (dry run)")
