"""``weaklabel check``: whether labels are precise enough, from few rows that are checked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.gold import DecisionsOpt, GoldOpt, decided_rows
from weaklabel.cli.label_columns import (
    LABEL,
    LabelsOpt,
    PredOpt,
    decided_column,
    find_classes,
    label_columns,
    probs_columns,
    read_decided,
    warn_of_left_out,
)
from weaklabel.cli.options import SeedOpt, expanded
from weaklabel.cli.printing import Printing, shown_path
from weaklabel.cli.reading import CorpusArg, Reading, warn_of_rejects
from weaklabel.cli.writing import announce_replaced, check_outputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from weaklabel.corpus import Corpus


@expanded
def check(
    corpus: CorpusArg,
    *,
    decisions: DecisionsOpt = None,
    gold: GoldOpt = None,
    min_precision: Annotated[
        float, typer.Option("--min-precision", min=0, max=1, help="Share of the labels that must be right.")
    ] = 0.9,
    sure: Annotated[
        float, typer.Option("--sure", metavar="SHARE", min=0.5, max=1, help="How sure the verdict must be.")
    ] = 0.95,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="CSV file for the rows to check next.")
    ] = None,
    n_check: Annotated[int, typer.Option("--n-check", min=1, help="How many rows are written to it.")] = 50,
    pred: PredOpt = None,
    labels: LabelsOpt = None,
    reading: Reading,
    seed: SeedOpt = 0,
    printing: Printing,
) -> None:
    """Find out whether labels are precise enough, by checking as few rows as possible by hand.

    \b
    Examples:
      weaklabel check labeled.csv -o to_check.csv
      weaklabel review to_check.csv --labels ham,spam
      weaklabel check labeled.csv --decisions to_check-review/decisions.jsonl -o to_check.csv
      weaklabel check labeled.csv --gold truth --min-precision 0.95 --json | jq .verdict

    Rows to check are drawn at random, those of low confidence more often where that saves work. Decided rows count in the order
    of the draw. Look as often as you like: a verdict holds, and ends the work. The exit status is 0 if the labels pass, and 1
    if they fail or if more rows have to be checked. Rows that weaklabel label --decisions was given, by its column decided,
    are not drawn.
    """
    import numpy as np

    from weaklabel.decisions import read_decisions
    from weaklabel.label_names import encode_labels
    from weaklabel.labels import ABSTAIN
    from weaklabel.quality import check_labels
    from weaklabel.quality.files import write_to_check

    if gold is not None and decisions is not None:
        raise typer.BadParameter("give one of --gold and --decisions", param_hint="--gold")
    pred = pred or LABEL
    made = read_decisions(decisions) if decisions else []
    rows = reading.open(corpus)
    check_outputs(out, corpora=[rows], decisions=decisions)
    fitted = decided_column(rows, pred)
    columns = label_columns(rows, [name for name in (pred, gold, fitted) if name is not None])
    predicted = columns[0]
    truth = [decision.label for decision in made] if gold is None else columns[1]
    names = labels.split(",") if labels else find_classes(rows, pred, predicted, truth)
    warn_of_rejects(rows, len(rows.rejects), next(iter(rows.rejects), None))
    preds = encode_labels(predicted, names, f"{rows.name}, column '{pred}'")
    if gold is not None:
        Y = encode_labels(truth, names, f"{rows.name}, column '{gold}'")
    else:
        Y = decided_rows(rows, made, names) if made else np.full(len(preds), ABSTAIN, dtype=np.int64)
    result = check_labels(
        preds,
        Y,
        names,
        _confidence(rows, pred, names, preds),
        min_precision=min_precision,
        confidence=sure,
        seed=seed,
        n_next=n_check,
        left_out=read_decided(columns[-1]) if fitted else None,
    )
    warn_of_left_out(result.n_left_out, fitted, "checked")
    shown = [str(result)]
    if out is not None and result.verdict == "open":
        announce_replaced(out, printing=printing)
        n = write_to_check(out, rows, result)
        shown.append(f"wrote {n} rows to check to {shown_path(out)}")
    elif result.verdict == "open":
        shown.append("-o FILE writes the rows to check next")
    printing.result(result.to_dict() | {"to_check": [int(row) + 1 for row in result.next_rows]}, "\n".join(shown))
    if result.verdict != "pass":
        raise typer.Exit(1)


def _confidence(rows: Corpus, pred: str, names: Sequence[str], preds: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return the probability of each row's label, by the columns that weaklabel writes; None where there are none."""
    import numpy as np

    probs = probs_columns(rows, pred, names)
    if probs is None:
        return None
    return probs[np.arange(len(preds)), np.maximum(preds, 0)]
