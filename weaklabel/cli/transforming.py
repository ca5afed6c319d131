"""What the commands share that change, add to or drop rows of a corpus: their options, and how they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.printing import Printing, log_to_stderr, shown_output, shown_path
from weaklabel.cli.voting import EngineOptions
from weaklabel.cli.writing import announce_replaced
from weaklabel.errors import visible
from weaklabel.support.threads import MOST_WORKERS, workers_for

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.corpus.transform import Transform
    from weaklabel.job.transform_job import Transformation


@dataclass(frozen=True, kw_only=True)
class Running:
    """Where the rows are written, and how many processes work."""

    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help="File to write: .csv, .tsv, .jsonl, .json or .parquet; - for stdout. Rows that are dropped go to "
            "OUT.rejects.jsonl.",
        ),
    ] = None
    processes: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help=f"Processes that do the work. Default: one per core, at most {MOST_WORKERS}.",
        ),
    ] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; show counts, and ten examples of what each rule does.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class Transforming(Running):
    """Where the rows are written, which rows are not dropped, and how many processes work."""

    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="FILE",
            help="Take rows back: lines of an earlier file of rejects; repeatable.",
        ),
    ] = None


def carry_out(
    corpus: Corpus, transform: Transform, options: Running, engine: EngineOptions, printing: Printing
) -> None:
    """Transform a corpus as the options say, and print what was done."""
    from weaklabel.corpus import check_target
    from weaklabel.job.transform import transform_file, transform_rows
    from weaklabel.support.files import is_stdout

    log_to_stderr(quiet=True)
    if options.out is None and not options.dry_run:
        raise typer.BadParameter("give a file to write to (-o OUT), or --dry-run", param_hint="--out")
    keep = (options.keep or []) if isinstance(options, Transforming) else []
    with engine.open(workers_for(options.processes)) as opened:
        if options.dry_run or options.out is None:
            done = transform_rows(corpus, transform, keep=keep, engine=opened, with_frame=False)
        else:
            check_target(corpus, options.out)  # nothing is said to be replaced that is not
            announce_replaced(options.out, printing=printing)
            done = transform_file(corpus, transform, options.out, keep=keep, engine=opened)
    to_stderr = options.out is not None and is_stdout(options.out) and not options.dry_run
    printing.summary(done.to_dict(), described(done, with_examples=options.dry_run), to_stderr=to_stderr)


def described(done: Transformation, with_examples: bool) -> str:
    """Return what was done as lines of text."""
    from weaklabel.support.table import table

    lines = [f"rows: {done.rows:,} in = {done.kept:,} kept + {done.rows - done.kept:,} dropped"]
    if done.added or done.refused:
        lines = [
            f"rows: {done.kept:,} in + {done.added:,} new = {done.kept + done.added:,}; {done.refused:,} new ones refused"
        ]
    if done.unreadable:
        lines.append(f"{done.unreadable:,} records could not be read")
    if done.taken_back:
        lines.append(f"rows taken back (--keep): {done.taken_back:,}")
    if done.not_taken_back:
        lines.append(f"{done.not_taken_back:,} rows of --keep were not dropped anyway, or are not in the corpus")
    counts = [[rule, "changed", f"{count:,}"] for rule, count in done.changed.items() if count]
    counts += [[rule, "dropped", f"{count:,}"] for rule, count in done.dropped.items()]
    if counts:
        lines.append(table(counts, ["rule", "rows", "count"]))
    lines += [f"{name}: {count:,}" for name, count in done.counts.items()]
    lines += [f"{name}: {_plain(value)}" for name, value in done.summary.items()]
    if with_examples:
        for rule, examples in done.examples.items():
            lines.append(f"\n{visible(rule)}")
            for example in examples:
                lines += [f"  {name}: {visible(text)}" for name, text in example.items()]
        lines.append("\nnothing written (dry run)")
    elif done.out is not None:
        lines.append(f"written to {shown_output(done.out)}")
    if done.rejects_file is not None:
        what = "refused" if done.refused else "dropped"
        lines.append(f"{what} rows are in {shown_path(done.rejects_file)}")
    return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{visible(str(name))} {_plain(of)}" for name, of in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else visible(str(value))
