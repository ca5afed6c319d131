"""``weaklabel label``: a corpus in, the same rows with labels out."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli import common
from weaklabel.cli.common import show, shown_path, stdout_for_results, tell_steps, use_cache
from weaklabel.cli.labelling import label_model_settings, worker_count
from weaklabel.cli.options import expanded
from weaklabel.cli.reading import DEFAULTS, Reading
from weaklabel.errors import visible

if TYPE_CHECKING:
    from weaklabel.job import Labelling

_LABELS_SHOWN = 12
"""Classes whose numbers are all said."""


@expanded
def label(
    corpus: common.CorpusArg,
    lfs: common.LfsOpt,
    out: common.OutOpt,
    votes: Annotated[bool, typer.Option("--votes", help="Add a column with the vote of every LF.")] = False,
    label_model: common.LabelModelOpt = "auto",
    class_balance: common.BalanceOpt = None,
    read_texts: Annotated[
        bool,
        typer.Option(
            "--read-texts",
            help="Let the label model read the texts, too: better labels, and rows without votes get one.",
        ),
    ] = False,
    prefix: common.PrefixOpt = "",
    spreadsheet_safe: common.SafeOpt = False,
    reading: Reading = DEFAULTS,
    error_budget: common.BudgetOpt = None,
    time_limit: common.TimeLimitOpt = None,
    memory_limit: common.MemoryLimitOpt = None,
    seed: common.SeedOpt = 0,
    workers: common.WorkersOpt = None,
    engine: common.EngineOpt = "local",
    address: common.AddressOpt = None,
    cache: common.CacheOpt = None,
    no_cache: common.NoCacheOpt = False,
    json: common.JsonOpt = False,
    quiet: common.QuietOpt = False,
    dry_run: common.DryRunOpt = False,
) -> None:
    """Label every row of a corpus.

    \b
    Examples:
      weaklabel label messages.csv --lfs spam -o labelled.csv
      weaklabel label messages.csv --lfs ./mine.py --text body --votes -o labelled.parquet
      weaklabel label messages.csv --lfs spam --read-texts -o labelled.csv
      weaklabel label messages.tsv.gz --lfs spam --columns label,text --prefix weak_ -o - | head

    The output has every column and row of the input, in order, then label, confidence and one probability a class;
    they are empty where no labeling function voted. With --read-texts the label model (auto or text) goes by the texts,
    too, also on rows without votes; that takes seconds for a thousand short texts, hours for millions. Rows that cannot
    be read go to OUT.rejects.jsonl. A run that was interrupted, however that was, goes on where it stopped when the same
    command is given again.
    """
    from weaklabel.corpus import check_target
    from weaklabel.job import LabelOptions, label_file
    from weaklabel.lf.packs import load_lfs
    from weaklabel.support.files import is_stdout

    tell_steps(quiet=True)
    use_cache(cache, no_cache)
    loaded = load_lfs(*lfs)
    rows = reading.open(corpus)
    check_target(rows, out, safe=spreadsheet_safe)
    options = LabelOptions(
        label_model=label_model_settings(label_model, class_balance),
        seed=seed,
        read_texts=read_texts,
        with_votes=votes,
        prefix=prefix,
        safe=spreadsheet_safe,
        error_budget=error_budget,
        workers=worker_count(workers),
        time_limit=time_limit,
        memory_limit=None if memory_limit is None else int(memory_limit * 2**30),
    )
    with common.open_engine(engine, address) as chosen, nullcontext() if out == "-" else stdout_for_results():
        found = label_file(rows, loaded, out, options, engine=chosen, dry_run=dry_run, progress=not quiet)
    result = _summary(found, None if dry_run else out)
    hint = label_model == "auto" and not read_texts and result["unlabelled"] > 0
    show(
        result,
        "\n".join([_text(result, found, hint), *common.not_written(rows)]),
        json,
        quiet,
        to_stderr=is_stdout(out),
    )


def _summary(found: Labelling, out: str | None) -> dict[str, Any]:
    return {
        "rows_in": found.rows + found.rejects,
        "rows_out": found.rows,
        "rejects": found.rejects,
        "labels": dict(found.labels),
        "unlabelled": found.rows - sum(found.labels.values()),
        "label_model": found.model.describe(),
        "lf_errors": {name: problems.count for name, problems in found.problems.items()},
        "rows_voted_before": found.known_rows,
        "out": out,
        "rejects_file": str(found.rejects_file) if found.rejects_file else None,
    }


def _frequent(labels: dict[str, int]) -> str:
    """Say how often classes were given: all of a few, of many the most frequent."""
    most = sorted(labels, key=lambda name: -labels[name])[:_LABELS_SHOWN] if len(labels) > _LABELS_SHOWN else labels
    said = ", ".join(f"{labels[name]:,} {visible(name)}" for name in most)
    rest = [count for name, count in labels.items() if name not in most]
    return f"{said}, {sum(rest):,} of {len(rest)} other classes" if rest else said


def _text(result: dict[str, Any], found: Labelling, hint: bool) -> str:
    lines = [
        f"rows: {result['rows_in']:,} in = {result['rows_out']:,} out + {result['rejects']:,} rejected",
        f"labels: {_frequent(result['labels'])}, {result['unlabelled']:,} without a label",
        *([f"label model: {visible(result['label_model'])}"] if result["label_model"] else []),
        *(["rows without a label: --read-texts goes by their texts"] if hint else []),
        *(visible(f"LF '{name}': {problems}") for name, problems in found.problems.items()),
        f"written to {shown_path(result['out'])}" if result["out"] else "nothing written (dry run)",
    ]
    if found.known_rows:
        lines.insert(1, f"votes on {found.known_rows:,} rows were known from an earlier run")
    if result["rejects_file"]:
        lines.append(f"rejected rows in {shown_path(result['rejects_file'])}")
    return "\n".join(lines)
