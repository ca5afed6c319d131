"""``weaklabel label``: a corpus in, the same rows with labels out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli import common
from weaklabel.cli.common import (
    label_model_settings,
    open_corpus,
    show,
    shown_path,
    shows_progress,
    stdout_for_results,
    write_rejects_beside,
)

if TYPE_CHECKING:
    from weaklabel.pipeline import Labelled


def label(
    corpus: common.CorpusArg,
    lfs: common.LfsOpt,
    out: common.OutOpt,
    votes: Annotated[bool, typer.Option("--votes", help="Add a column with the vote of every LF.")] = False,
    label_model: common.LabelModelOpt = "snorkel",
    class_balance: common.BalanceOpt = "uniform",
    prefix: common.PrefixOpt = "",
    text: common.TextOpt = "text",
    delimiter: common.DelimiterOpt = None,
    quoting: common.QuotingOpt = None,
    encoding: common.EncodingOpt = None,
    columns: common.ColumnsOpt = None,
    format: common.FormatOpt = None,
    limit: common.LimitOpt = None,
    error_budget: common.BudgetOpt = None,
    seed: common.SeedOpt = 0,
    workers: common.WorkersOpt = 1,
    json: common.JsonOpt = False,
    quiet: common.QuietOpt = False,
    dry_run: common.DryRunOpt = False,
) -> None:
    """Label every row of a corpus.

    \b
    Examples:
      weaklabel label messages.csv --lfs spam -o labelled.csv
      weaklabel label messages.csv --lfs ./mine.py --text body --votes -o labelled.parquet
      weaklabel label messages.tsv.gz --lfs spam --columns label,text --prefix weak_ -o - | head

    The output has every column and row of the input, in order, then label, confidence and one probability a class;
    they are empty where no labeling function voted. Rows that cannot be read go to OUT.rejects.jsonl.
    """
    from weaklabel.corpus import check_new_columns, check_target
    from weaklabel.labelled import new_columns, write_labelled_corpus
    from weaklabel.lf.packs import load_lfs
    from weaklabel.pipeline import label_corpus

    loaded = load_lfs(*lfs)
    rows = open_corpus(corpus, text, delimiter, quoting, encoding, columns, format, limit)
    check_target(rows, out)
    check_new_columns(rows, new_columns(loaded.labels, loaded.names if votes else (), prefix))
    with stdout_for_results():
        labelled = label_corpus(
            rows,
            loaded,
            label_model_settings(label_model, class_balance),
            seed=seed,
            error_budget=error_budget,
            workers=workers,
            progress=shows_progress(quiet),
        )
    rejects = None
    if not dry_run:
        write_labelled_corpus(
            out, rows, labelled.votes, labelled.preds, labelled.probs, loaded.labels, with_votes=votes, prefix=prefix
        )
        rejects = write_rejects_beside(out, rows)
    result = _summary(labelled, loaded.labels, len(rows.rejects), rejects, None if dry_run else out)
    show(result, _text(result), json, quiet, to_stderr=out == "-")


def _summary(
    labelled: Labelled, labels: Sequence[str], n_rejects: int, rejects: str | None, out: str | None
) -> dict[str, Any]:
    counts = {name: int((labelled.preds == number).sum()) for number, name in enumerate(labels)}
    n = len(labelled.preds)
    return {
        "rows_in": n + n_rejects,
        "rows_out": n,
        "rejects": n_rejects,
        "labels": counts,
        "unlabelled": n - sum(counts.values()),
        "lf_errors": {name: problems.count for name, problems in labelled.votes.problems.items()},
        "out": out,
        "rejects_file": rejects,
    }


def _text(result: dict[str, Any]) -> str:
    labels = ", ".join(f"{count:,} {name}" for name, count in result["labels"].items())
    lines = [
        f"rows: {result['rows_in']:,} in = {result['rows_out']:,} out + {result['rejects']:,} rejected",
        f"labels: {labels}, {result['unlabelled']:,} without a label",
        *(f"LF '{name}' went wrong on {count:,} rows" for name, count in result["lf_errors"].items()),
        f"written to {shown_path(result['out'])}" if result["out"] else "nothing written (dry run)",
    ]
    if result["rejects_file"]:
        lines.append(f"rejected rows in {shown_path(result['rejects_file'])}")
    return "\n".join(lines)
