"""``weaklabel calibrate``: correct the probabilities of a language model that votes, by rows with gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli.options import DryRunOpt, expanded
from weaklabel.cli.printing import Printing, log_to_stderr, shown_path, stdout_for_results
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.voting import AskingOptions, Caching, LFs
from weaklabel.cli.writing import announce_replaced, check_outputs
from weaklabel.errors import LFError, nearest, visible

if TYPE_CHECKING:
    from weaklabel.lf.llm.lf import LanguageModelLF
    from weaklabel.lf.packs import LFCollection


@expanded
def calibrate(
    corpus: CorpusArg,
    lfs: LFs,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="File to write, which llm_lf takes as calibration=.")
    ],
    gold: Annotated[
        str, typer.Option("--gold", metavar="COLUMN", help="Column with true labels, empty where unknown.")
    ],
    *,
    lf: Annotated[
        str | None,
        typer.Option("--lf", metavar="NAME", help="Which labeling function, if several ask language models."),
    ] = None,
    reading: Reading,
    asking: AskingOptions,
    caching: Caching,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Fit how the probabilities of a language model that votes are corrected.

    \b
    Examples:
      weaklabel calibrate validation.csv --lfs ./topics.py --gold truth -o topic.calibration.json
      weaklabel calibrate validation.csv --lfs ./topics.py --lf topic --gold truth -o topic.calibration.json --max-money 1

    The model is asked about every row with gold. These rows must not be scored later: take a validation set. One
    temperature is fitted, and used only if it lowers the loss on rows that it was not fitted on. Replies are kept, so that
    what was interrupted goes on without paying twice.
    """
    from weaklabel.job.asked import asking_in_job
    from weaklabel.lf import calibrate_lf
    from weaklabel.lf.packs import load_lfs
    from weaklabel.support.progress import showing

    log_to_stderr(quiet=True)
    caching.apply()
    loaded = load_lfs(*lfs)
    rows = reading.open(corpus)
    check_outputs(out, corpora=[rows], lfs=loaded)
    chosen = _chosen(loaded, lf)
    announce_replaced(out, printing=printing, dry_run=dry_run)
    if dry_run:
        from weaklabel.cli.gold import gold_column

        known = int((gold_column(rows, gold, loaded.labels) >= 0).sum())
        printing.result(
            {"lf": chosen.name, "rows": known}, f"{known:,} rows with gold to ask about; nothing sent (dry run)"
        )
        return
    budget = f"{out.absolute()} calibration"
    with showing(not printing.quiet), stdout_for_results():
        with asking_in_job(loaded, asking.settings(), lambda: budget, asking.protect()) as asked:
            fitted = calibrate_lf(chosen, rows, gold=gold)
            spent = None if asked is None else asked.spent()
        fitted.save(out)
    from weaklabel.job.asked import spent_as_json, spent_as_text

    result: dict[str, Any] = {
        "lf": chosen.name,
        "temperature": fitted.temperature,
        "rows": fitted.rows,
        "loss_before": fitted.loss_before,
        "loss_after": fitted.loss_after,
        "spent": spent_as_json(spent),
        "out": str(out),
    }
    text = [
        f"LF '{chosen.name}': temperature {fitted.temperature:.2f}, from {fitted.rows:,} rows with gold",
        f"loss on rows that it was not fitted on: {fitted.loss_before:.3f} without it, {fitted.loss_after:.3f} with it",
        *spent_as_text(result["spent"]),
        f'written to {shown_path(out)}; use it with llm_lf(..., calibration="{shown_path(out)}")',
    ]
    printing.summary(result, "\n".join(map(visible, text)))


def _chosen(lfs: LFCollection, name: str | None) -> LanguageModelLF:
    """Return the labeling function to calibrate: the one of this name, or the only one that asks a language model."""
    asking = {lf.name: lf for lf in lfs if lf.asks}
    if name is None and len(asking) == 1:
        name = next(iter(asking))
    if not asking:
        raise LFError(f"none of the labeling functions {', '.join(lfs.names)} asks a language model")
    if name is None:
        raise typer.BadParameter(f"several ask language models: {', '.join(asking)}; name one", param_hint="--lf")
    if name not in asking:
        raise LFError(
            f"no labeling function '{name}' asks a language model{nearest(name, asking)}: {', '.join(asking)} do"
        )
    return asking[name]  # type: ignore[return-value]
