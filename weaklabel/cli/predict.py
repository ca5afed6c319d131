"""``weaklabel predict``: a trained classifier labels a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weaklabel.cli import common
from weaklabel.cli.common import open_corpus, show, shown_path, shows_progress, write_rejects_beside


def predict(
    corpus: common.CorpusArg,
    model: Annotated[Path, typer.Option("--model", metavar="MODEL", help="Folder that weaklabel train wrote.")],
    out: common.OutOpt,
    prefix: common.PrefixOpt = "",
    text: common.TextOpt = "text",
    delimiter: common.DelimiterOpt = None,
    quoting: common.QuotingOpt = None,
    encoding: common.EncodingOpt = None,
    columns: common.ColumnsOpt = None,
    format: common.FormatOpt = None,
    limit: common.LimitOpt = None,
    json: common.JsonOpt = False,
    quiet: common.QuietOpt = False,
    dry_run: common.DryRunOpt = False,
) -> None:
    """Predict the label of every row with a trained classifier.

    \b
    Examples:
      weaklabel predict new.csv --model model -o predicted.csv
      weaklabel predict new.jsonl --model runs/demo/models/bert --text body -o predicted.jsonl
    """
    from weaklabel.classifier import load_classifier
    from weaklabel.corpus import check_new_columns, check_target
    from weaklabel.labelled import new_columns, write_predicted_corpus

    classifier = load_classifier(model)
    rows = open_corpus(corpus, text, delimiter, quoting, encoding, columns, format, limit)
    check_target(rows, out)
    check_new_columns(rows, new_columns(classifier.labels_, (), prefix))
    if dry_run:
        checked = {"rows": len(rows), "rejects": len(rows.rejects), "labels": list(classifier.labels_)}
        show(checked, f"{len(rows):,} rows to predict; nothing written (dry run)", json, quiet)
        return
    counts = write_predicted_corpus(out, rows, classifier, prefix=prefix, progress=shows_progress(quiet))
    rejects = write_rejects_beside(out, rows)
    n = sum(counts.values())
    result = {
        "rows_in": n + len(rows.rejects),
        "rows_out": n,
        "rejects": len(rows.rejects),
        "labels": counts,
        "out": out,
        "rejects_file": rejects,
    }
    labels = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    summary = (
        f"rows: {result['rows_in']:,} in = {n:,} out + {len(rows.rejects):,} rejected\n"
        f"labels: {labels}\nwritten to {shown_path(out)}"
    )
    show(result, summary, json, quiet, to_stderr=out == "-")
