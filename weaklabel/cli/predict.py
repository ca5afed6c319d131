"""``weaklabel predict``: a trained classifier labels a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weaklabel.cli.options import DryRunOpt, expanded, name_option
from weaklabel.cli.printing import Printing, log_to_stderr, shown_output
from weaklabel.cli.reading import CorpusArg, Reading, not_written
from weaklabel.cli.voting import Caching, EngineOptions
from weaklabel.cli.writing import Writing, announce_replaced, check_outputs
from weaklabel.errors import visible
from weaklabel.registries import CLASSIFIER, EXPORTERS


@expanded
def predict(
    corpus: CorpusArg,
    model: Annotated[Path, typer.Option("--model", metavar="MODEL", help="Folder that weaklabel train wrote.")],
    writing: Writing,
    *,
    backend: Annotated[
        str,
        name_option(
            EXPORTERS,
            "--backend",
            also=("torch",),
            of=CLASSIFIER,
            help="Run the model itself (torch), or an export of it, such as a BERT model's 8-bit ONNX export "
            "(weaklabel train --onnx).",
        ),
    ] = "torch",
    reading: Reading,
    engine: EngineOptions,
    caching: Caching,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Predict the label of every row with a trained classifier, or its spans with a trained tagger.

    \b
    Examples:
      weaklabel predict new.csv --model model -o predicted.csv
      weaklabel predict new.jsonl --model runs/demo/models/bert --text body -o predicted.jsonl
      weaklabel predict new.csv --model model --backend onnx -o predicted.csv

    A tagger writes the column spans: a list of start, end, label, prob and text. A classifier trained with --entities
    uses the columns of that name; --entities names others. To resume after an interruption, give the same command again.
    """
    from weaklabel.corpus import check_new_columns, check_target, label_outputs
    from weaklabel.job import mark_as_trained, predict_file
    from weaklabel.job.predict import column_names, load_trained
    from weaklabel.support.files import is_stdout
    from weaklabel.support.hashing import hash_path

    log_to_stderr(quiet=True)
    caching.apply()
    classifier = load_trained(model, backend)
    rows, out = reading.open(corpus), writing.target(dry_run)
    check_target(rows, out, safe=writing.spreadsheet_safe)
    check_new_columns(rows, column_names(classifier, writing.prefix))
    check_outputs(*label_outputs(rows, out), corpora=[rows], others={"the model": [model]})
    announce_replaced(out, printing=printing, dry_run=dry_run)
    if dry_run:
        mark_as_trained(rows, classifier)
        checked = {"rows": len(rows), "rejects": len(rows.rejects), "labels": list(classifier.labels_)}
        printing.summary(checked, f"{len(rows):,} rows to predict; nothing written (dry run)")
        return
    with engine.open() as opened:
        done = predict_file(
            rows,
            classifier,
            out,
            model_id=f"{hash_path(model)} {backend}",
            loading={"folder": str(model.absolute()), "backend": backend},
            prefix=writing.prefix,
            safe=writing.spreadsheet_safe,
            engine=opened,
            progress=not printing.quiet,
        )
    result: dict[str, Any] = {
        "rows_in": done.rows + done.rejects,
        "rows_out": done.rows,
        "rejects": done.rejects,
        "labels": done.labels,
        "out": out,
        "rejects_file": str(done.rejects_file) if done.rejects_file else None,
    }
    labels = ", ".join(f"{count:,} {visible(name)}" for name, count in done.labels.items())
    what = "spans" if classifier.task == "spans" else "labels"
    summary = (
        f"rows: {result['rows_in']:,} in = {done.rows:,} out + {done.rejects:,} rejected\n"
        f"{what}: {labels}\nwritten to {shown_output(out)}"
    )
    printing.summary(result, "\n".join([summary, *not_written(rows)]), to_stderr=is_stdout(out))
