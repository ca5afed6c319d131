"""``weaklabel collect``: documents of many kinds of sources become one corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from weaklabel.cli.collecting import FromDatabases, FromWeb
from weaklabel.cli.options import DryRunOpt, expanded
from weaklabel.cli.printing import Printing, log_to_stderr, shown_output, shown_path
from weaklabel.cli.reading import TableReading
from weaklabel.cli.voting import EngineOptions
from weaklabel.cli.writing import announce_replaced
from weaklabel.errors import visible
from weaklabel.support.threads import MOST_WORKERS, workers_for

if TYPE_CHECKING:
    from weaklabel.collect.collect import Collected, Preview

_UNITS = ("document", "paragraph", "sentence")


def _unit(value: str) -> str:
    if value not in _UNITS and not (value.isascii() and value.isdecimal() and int(value) > 0):
        raise typer.BadParameter(f"'{value}' is none of {', '.join(_UNITS)}, and no number of characters")
    return value


@expanded
def collect(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files, folders, patterns such as 'mail/**/*.eml', archives of them, or hf:NAME: text, Markdown, HTML, PDF, "
            "Word, e-mail, mbox, CSV, TSV, JSONL, JSON, Parquet; zip, tar, gz, zst. Databases: sqlite:///FILE, "
            "postgresql://user@host/name. Pages of the web: urls:FILE, a list of addresses, or https://...",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help="File to write: .csv, .tsv, .jsonl, .json or .parquet; - for stdout. What cannot be read goes to "
            "OUT.rejects.jsonl.",
        ),
    ] = None,
    *,
    unit: Annotated[
        str,
        typer.Option(
            "--unit",
            metavar="UNIT",
            callback=_unit,
            help="What becomes a row: document, paragraph, sentence, or a window of at most so many characters.",
        ),
    ] = "document",
    html_text: Annotated[
        Literal["main", "all"],
        typer.Option(
            "--html-text", metavar="NAME", help="Of HTML pages: the main text, or all of the text that is shown."
        ),
    ] = "main",
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help=f"Processes that read. Default: one per core, at most {MOST_WORKERS}.",
        ),
    ] = None,
    tables: TableReading,
    databases: FromDatabases,
    web: FromWeb,
    engine: EngineOptions,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Collect documents into one corpus, with the source, place, hash and time of every row.

    \b
    Examples:
      weaklabel collect articles/ -o corpus.parquet
      weaklabel collect 'mail/**/*.eml' archive.mbox --unit paragraph -o mails.jsonl
      weaklabel collect site.zip export.csv.gz --text body -o corpus.csv
      weaklabel collect sqlite:///shop.db --query "select * from mail" --key id --text body -o mails.jsonl
      weaklabel collect urls:addresses.txt -o pages.jsonl

    To resume after an interruption, give the same command again.
    """
    from weaklabel.collect.collect import collect_corpus, preview, settings_of
    from weaklabel.support.files import is_stdout

    log_to_stderr(quiet=True)
    if out is None and not dry_run:
        raise typer.BadParameter("give a file to write to (-o OUT), or --dry-run", param_hint="--out")
    settings = settings_of(
        sources,
        {
            "unit": unit if unit in _UNITS else int(unit),
            "html_text": html_text,
            **tables.arguments(),
            **databases.settings(),
            **web.settings(),
        },
    )
    if dry_run or out is None:
        seen = preview(settings)
        printing.summary(vars(seen).copy(), previewed(seen))
        return
    announce_replaced(out, printing=printing)
    with engine.open(workers_for(workers)) as opened:
        done = collect_corpus(settings, out, engine=opened)
    printing.summary(done.to_dict(), described(done), to_stderr=is_stdout(out))


def described(done: Collected) -> str:
    """Return what was collected as lines of text."""
    from weaklabel.support.table import table

    lines = [f"documents: {done.documents + done.rejects:,} in = {done.documents:,} read + {done.rejects:,} rejected"]
    lines.append(f"rows: {done.rows:,}")
    if done.repeated:
        lines.append(f"given more than once, and read once: {done.repeated:,}")
    counts = [[kind, "read", f"{count:,}"] for kind, count in done.kinds.items()]
    counts += [[rule, "rejected", f"{count:,}"] for rule, count in done.rejected.items()]
    lines.append(table(counts, ["kind", "documents", "count"]))
    for column, kinds in done.mixed.items():
        lines.append(f"column '{visible(column)}' is text, since its values are {' and '.join(kinds)}")
    if done.out is not None:
        lines.append(f"written to {shown_output(done.out)}")
    if done.rejects_file is not None:
        lines.append(f"what could not be read is in {shown_path(done.rejects_file)}")
    return "\n".join(lines)


def previewed(seen: Preview) -> str:
    """Return what would be collected as lines of text."""
    from weaklabel.support.table import table

    counts = [[visible(kind), f"{count:,}", f"{seen.sizes[kind]:,}"] for kind, count in seen.items.items()]
    counts += [[f"rejected: {rule}", f"{count:,}", ""] for rule, count in seen.rejected.items()]
    lines = [table(counts, ["kind", "items", "bytes"])]
    if seen.repeated:
        lines.append(f"given more than once, and read once: {seen.repeated:,}")
    return "\n".join([*lines, "nothing written (dry run)"])
