"""``weaklabel suggest``: what would improve the labeling functions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weaklabel.cli import common
from weaklabel.cli.common import show, shown_path
from weaklabel.cli.labelling import label_model_settings, vote_and_label
from weaklabel.cli.options import expanded
from weaklabel.cli.reading import DEFAULTS, Reading
from weaklabel.errors import visible


@expanded
def suggest(
    corpus: common.CorpusArg,
    lfs: common.LfsOpt,
    gold: Annotated[
        str | None,
        typer.Option("--gold", metavar="COLUMN", help="Column with true labels, empty where unknown; they count."),
    ] = None,
    number: Annotated[int, typer.Option("-n", "--number", min=0, metavar="N", help="Most candidates.")] = 10,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.py", help="Write the candidates as a pack.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.py where it exists.")] = False,
    label_model: common.LabelModelOpt = "auto",
    class_balance: common.BalanceOpt = None,
    reading: Reading = DEFAULTS,
    error_budget: common.BudgetOpt = None,
    seed: common.SeedOpt = 0,
    workers: common.WorkersOpt = None,
    json: common.JsonOpt = False,
    quiet: common.QuietOpt = False,
) -> None:
    """Suggest labeling functions, show what the present ones leave out, and which of them to look at.

    \b
    Examples:
      weaklabel suggest messages.csv --lfs ./mine.py
      weaklabel suggest messages.csv --lfs ./mine.py --gold truth -o suggested.py
      weaklabel label messages.csv --lfs ./mine.py --lfs ./suggested.py -o labelled.csv

    Precisions are estimates of the label model, which reads the texts, too: look at a candidate before you take it.
    Of long texts it embeds the beginnings and looks at all words; --label-model text embeds as much as label does.
    """
    from weaklabel.label_names import encode_labels
    from weaklabel.lf.packs import load_lfs
    from weaklabel.suggest import suggest_lfs
    from weaklabel.suggest.code import check_pack_path, write_pack

    if out is not None:
        check_pack_path(out, replace=force)
    loaded = load_lfs(*lfs)
    rows = reading.open(corpus, hide=[gold] if gold else [])
    common.check_outputs(out, corpora=[rows], lfs=loaded)
    Y = None if gold is None else encode_labels(rows.column(gold), loaded.labels, f"{rows.name}, column '{gold}'")
    settings = label_model_settings(label_model, class_balance)
    labelled = vote_and_label(
        rows, loaded, settings, seed=seed, error_budget=error_budget, workers=workers, quiet=quiet, skim=True
    )
    texts = rows.texts()
    found = suggest_lfs(
        texts, labelled.votes, labelled.probs, labelled.preds, loaded.labels, n=number, seed=seed, gold=Y
    )
    result = found.to_dict()
    shown = found.to_text(texts)
    if out is not None:
        doc = f"Candidates that weaklabel suggest found in {Path(rows.name).name}; look at each before you keep it."
        write_pack(out, found.code(), loaded.labels, doc, replace=force)
        result["written"] = str(out)
        named = shown_path(out) if out.is_absolute() or str(out).startswith(".") else f"./{out}"
        next_command = f"weaklabel analyze {corpus} {' '.join(f'--lfs {spec}' for spec in [*lfs, named])}"
        shown += "\n\n" + visible(f"wrote {out}; next: {next_command}")
    show(result, shown, json)
