"""``weaklabel export``: labeled rows in the forms of other tools."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.cli.options import LabelPrefixOpt, SeedOpt, expanded, names_option
from weaklabel.cli.printing import Printing, log_to_stderr, shown_output
from weaklabel.cli.reading import Reading, column_names
from weaklabel.cli.split import named_shares
from weaklabel.cli.writing import announce_replaced
from weaklabel.registries import CORPUS, EXPORTERS

if TYPE_CHECKING:
    from weaklabel.export import Exported


def _choosing(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Rows and labels", **settings)


def _card(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Dataset card", **settings)


@dataclass(frozen=True)
class Choosing:
    """Which rows are exported, with which labels."""

    min_confidence: Annotated[
        float,
        _choosing(
            "--min-confidence",
            min=0,
            max=1,
            metavar="P",
            help="Leave out rows whose label, or one of whose spans, is less probable.",
        ),
    ] = 0.0
    min_prob: Annotated[
        float, _choosing("--min-prob", min=0, max=1, metavar="P", help="Leave out spans that are less probable.")
    ] = 0.0
    sample: Annotated[
        bool,
        _choosing("--sample", help="Draw labels from their probabilities, in forms that do not keep these."),
    ] = False
    split: Annotated[
        str | None,
        _choosing("--split", metavar="NAME=SHARE,...", help="Divide the rows, such as train=0.9,test=0.1."),
    ] = None
    split_column: Annotated[
        str | None,
        _choosing(
            "--split-column", metavar="NAME", help="The column that says which split a row is in. Default: split."
        ),
    ] = None
    group_by: Annotated[
        str | None,
        _choosing("--group-by", metavar="A,B", help="With --split: columns whose equal values put rows on one side."),
    ] = None
    prefix: LabelPrefixOpt = None
    gold: Annotated[
        str | None,
        _choosing(
            "--gold", metavar="COLUMN", help="Column with true labels: labels are scored, and it is not exported."
        ),
    ] = None
    with_gold: Annotated[bool, _choosing("--with-gold", help="Export the gold column, too.")] = False
    task: Annotated[
        Literal["texts", "spans"] | None,
        _choosing("--task", help="Export labels of whole texts, or spans. Default: by the columns of the file."),
    ] = None


@dataclass(frozen=True)
class Carding:
    """What the dataset card says."""

    title: Annotated[str, _card("--title", metavar="TEXT", help="Name of the data set.")] = ""
    license: Annotated[str, _card("--license", metavar="NAME", help="License of the data set, such as cc-by-4.0.")] = ""
    source_license: Annotated[str, _card("--source-license", metavar="NAME", help="License of the texts.")] = ""
    languages: Annotated[
        str | None, _card("--languages", metavar="A,B", help="Languages of the texts, such as en.")
    ] = None
    description: Annotated[
        str, _card("--description", metavar="TEXT", help="What the texts are, and what the labels mean.")
    ] = ""
    personal_data: Annotated[
        str, _card("--personal-data", metavar="TEXT", help="Statement on personal data, in place of the known facts.")
    ] = ""

    def entries(self) -> dict[str, Any]:
        """Return the entries of the card by name."""
        return {**vars(self), "languages": column_names(self.languages)}


@expanded
def export(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="Folder of a finished run, or a file that weaklabel label wrote.")
    ],
    *,
    to: Annotated[
        str,
        names_option(
            EXPORTERS, "--to", of=CORPUS, metavar="FORM", help="The form, or several with commas between them."
        ),
    ],
    out: Annotated[
        str,
        typer.Option("-o", "--out", metavar="OUT", help="A folder, which gets a dataset card, too; or one file."),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="An option of a form, or FORM.KEY=VALUE; repeatable."),
    ] = None,
    choosing: Choosing,
    carding: Carding,
    seed: SeedOpt = 0,
    reading: Reading,
    printing: Printing,
) -> None:
    """Hand labeled rows over to other tools.

    \b
    Examples:
      weaklabel export run --to messages -o sft --license cc-by-4.0
      weaklabel export labeled.csv --to jsonl -o labeled.jsonl --min-confidence 0.8
      weaklabel export run --to messages,alpaca,kto -o forms --set language=zh --set messages.system="You sort mail."

    Rows without a label are left out and counted; gold columns are not exported. An existing export is replaced once the new
    one is whole.
    """
    from weaklabel.export import check_export
    from weaklabel.project.export import prepared_export
    from weaklabel.support.files import is_stdout

    log_to_stderr(quiet=True)
    arguments = reading.arguments()
    own = {"prefix": choosing.prefix, "gold": choosing.gold, "split": choosing.split_column, "task": choosing.task}
    arguments |= {name: value for name, value in own.items() if value is not None}
    arguments |= {"with_gold": True} if choosing.with_gold else {}
    if choosing.group_by and choosing.split is None:
        raise typer.BadParameter("give the shares, too (--split)", param_hint="--group-by")
    with prepared_export(
        source,
        to.split(","),
        options=_options(set_ or []),
        min_confidence=choosing.min_confidence,
        min_prob=choosing.min_prob,
        sample=choosing.sample,
        shares=None if choosing.split is None else named_shares(choosing.split, "--split"),
        group_by=column_names(choosing.group_by),
        seed=seed,
        card=carding.entries(),
        **arguments,
    ) as prepared:
        check_export(prepared, out)  # nothing is said to be replaced that is not
        announce_replaced(_existing(out), printing=printing)
        done = prepared.write_to(out)
    printing.summary(done.to_dict(), _described(done), to_stderr=is_stdout(out))


def _existing(out: str) -> str | Path:
    """Return what shows when an earlier export was written: its manifest, where it is a folder."""
    from weaklabel.export.writing import MANIFEST

    return Path(out) / MANIFEST if Path(out).is_dir() else out


def _options(params: list[str]) -> dict[str, Any]:
    """Return the options of ``--set`` by name, those of one form below its name."""
    options: dict[str, Any] = {}
    for param in params:
        key, equals, text = param.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"'{param}' is not KEY=VALUE or FORM.KEY=VALUE", param_hint="--set")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        form, dot, name = key.partition(".")
        home = options.setdefault(form, {}) if dot else options
        if not isinstance(home, dict) or (name or key) in home:
            raise typer.BadParameter(f"{key} is given twice", param_hint="--set")
        home[name or key] = value
    return options


def _described(done: Exported) -> str:
    """Return what was written as lines of text."""
    from weaklabel.support.table import table

    survey = done.survey
    lines = [f"rows: {survey.rows:,} = {survey.n_taken:,} exported + {survey.rows - survey.n_taken:,} left out"]
    lines += [f"left out: {count:,} {reason}" for reason, count in survey.left_out.items()]
    if done.task == "spans":
        if survey.dropped_spans:
            lines.append(f"left out: {survey.dropped_spans:,} less probable spans")
        rows = [
            [split, survey.of_split(split), *counts.values(), sum(counts.values())]
            for split, counts in done.spans.items()
        ]
        lines.append(table(rows, ["split", "rows", *done.labels, "all spans"]))
    else:
        rows = [[split, *counts.values(), sum(counts.values())] for split, counts in done.rows.items()]
        lines.append(table(rows, ["split", *done.labels, "all"]))
    for name, record in done.records.items():
        lines.append(f"{name}: {record.rows:,} records")
        lines += [f"  left out: {count:,} {reason}" for reason, count in record.left_out.items()]
        lines += [f"  {what}: {count:,}" for what, count in record.counts.items()]
        for caption, figures in record.tables.items():
            lines.append(f"  {caption}: " + ", ".join(f"{key} {value:g}" for key, value in figures.items()))
    lines.append(f"written to {shown_output(done.out)}")
    return "\n".join(lines)
