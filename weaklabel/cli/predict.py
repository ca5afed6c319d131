"""``weaklabel predict``: a trained classifier labels a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from weaklabel.cli import common
from weaklabel.cli.common import show, shown_path, tell_steps
from weaklabel.cli.options import expanded
from weaklabel.cli.reading import DEFAULTS, Reading
from weaklabel.errors import visible


@expanded
def predict(
    corpus: common.CorpusArg,
    model: Annotated[Path, typer.Option("--model", metavar="MODEL", help="Folder that weaklabel train wrote.")],
    out: common.OutOpt,
    backend: Annotated[
        Literal["torch", "onnx"],
        typer.Option("--backend", help="Run a BERT model itself, or its 8-bit ONNX export (weaklabel train --onnx)."),
    ] = "torch",
    prefix: common.PrefixOpt = "",
    spreadsheet_safe: common.SafeOpt = False,
    reading: Reading = DEFAULTS,
    engine: common.EngineOpt = "local",
    address: common.AddressOpt = None,
    json: common.JsonOpt = False,
    quiet: common.QuietOpt = False,
    dry_run: common.DryRunOpt = False,
) -> None:
    """Predict the label of every row with a trained classifier; goes on where it was interrupted.

    \b
    Examples:
      weaklabel predict new.csv --model model -o predicted.csv
      weaklabel predict new.jsonl --model runs/demo/models/bert --text body -o predicted.jsonl
      weaklabel predict new.csv --model model --backend onnx -o predicted.csv

    A classifier trained with --entities marks those columns by itself; --entities names others that hold them here.
    """
    from weaklabel.classifier import load_classifier
    from weaklabel.corpus import check_new_columns, check_target
    from weaklabel.job import mark_as_trained, predict_file
    from weaklabel.labelled import new_columns
    from weaklabel.support.files import is_stdout
    from weaklabel.support.hashing import hash_path

    tell_steps(quiet=True)
    classifier = load_classifier(model, backend)
    rows = reading.open(corpus)
    check_target(rows, out, safe=spreadsheet_safe)
    check_new_columns(rows, new_columns(classifier.labels_, (), prefix))
    if dry_run:
        mark_as_trained(rows, classifier)
        checked = {"rows": len(rows), "rejects": len(rows.rejects), "labels": list(classifier.labels_)}
        show(checked, f"{len(rows):,} rows to predict; nothing written (dry run)", json, quiet)
        return
    with common.open_engine(engine, address) as chosen:
        found = predict_file(
            rows,
            classifier,
            out,
            model_id=f"{hash_path(model)} {backend}",
            loading={"folder": str(model.absolute()), "backend": backend},
            prefix=prefix,
            safe=spreadsheet_safe,
            engine=chosen,
            progress=not quiet,
        )
    result = {
        "rows_in": found.rows + found.rejects,
        "rows_out": found.rows,
        "rejects": found.rejects,
        "labels": found.labels,
        "out": out,
        "rejects_file": str(found.rejects_file) if found.rejects_file else None,
    }
    labels = ", ".join(f"{count:,} {visible(name)}" for name, count in found.labels.items())
    summary = (
        f"rows: {result['rows_in']:,} in = {found.rows:,} out + {found.rejects:,} rejected\n"
        f"labels: {labels}\nwritten to {shown_path(out)}"
    )
    show(result, "\n".join([summary, *common.not_written(rows)]), json, quiet, to_stderr=is_stdout(out))
