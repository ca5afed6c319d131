"""``weaklabel issues``: rows whose label is probably wrong, with the reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weaklabel.cli.gold import DecisionsOpt
from weaklabel.cli.options import EncoderOpt, LabelPrefixOpt, SeedOpt, expanded
from weaklabel.cli.printing import Printing, shown_path
from weaklabel.cli.reading import CorpusArg, Reading, warn_of_rejects
from weaklabel.cli.writing import announce_replaced, check_outputs


@expanded
def issues(
    corpus: CorpusArg,
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="File for the list: .csv or .jsonl.")
    ] = None,
    decisions: DecisionsOpt = None,
    prefix: LabelPrefixOpt = None,
    encoder: EncoderOpt = None,
    reading: Reading,
    seed: SeedOpt = 0,
    printing: Printing,
) -> None:
    """List rows whose label is probably wrong, the most probable first, with the reasons.

    \b
    Examples:
      weaklabel issues labeled.csv -o issues.csv
      weaklabel review issues.csv --labels ham,spam
      weaklabel label messages.csv --lfs spam --decisions issues-review/decisions.jsonl -o better.csv
      weaklabel issues labeled.csv --decisions issues-review/decisions.jsonl -o more.csv
      weaklabel issues labeled.csv --json | jq .changes

    A classifier that was fitted on other rows disagrees with these labels. Reasons name its probabilities, the labels of
    similar texts and, if the file has votes (weaklabel label --votes), labeling functions. With --decisions, rows that
    people have decided on are not listed again.
    """
    from weaklabel.decisions import latest_of, read_decisions
    from weaklabel.select.issue_list import check_ending, list_label_issues

    if out is not None:
        check_ending(out)
    made = read_decisions(decisions) if decisions else []
    rows = reading.open(corpus)
    folders = [encoder] if encoder is not None and Path(encoder).is_dir() else []
    check_outputs(out, corpora=[rows], decisions=decisions, others={"a model": folders})
    decided = {text for (text, _), decision in latest_of(made).items() if decision.label is not None}
    found = list_label_issues(rows, prefix=prefix, decided=decided, encoder=encoder, seed=seed)
    warn_of_rejects(rows, len(rows.rejects), next(iter(rows.rejects), None))
    shown = [found.to_text()]
    if out is not None:
        announce_replaced(out, printing=printing)
        found.write(out)
        shown.append(f"wrote {len(found.issues):,} rows to {shown_path(out)}")
    elif found.issues:
        shown.append("-o FILE writes all of them, with the reasons")
    printing.result(found.to_dict(), "\n".join(shown))
