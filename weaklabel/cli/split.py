"""``weaklabel split``: rows are divided into training, validation and test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from weaklabel.cli.dedup import ThresholdOpt
from weaklabel.cli.options import SeedOpt, expanded
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading, column_names
from weaklabel.cli.transforming import Transforming, carry_out
from weaklabel.cli.voting import EngineOptions

_PANEL = "Splits"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


@dataclass(frozen=True)
class Splitting:
    """Into which splits rows are divided, and which rows stay together."""

    shares: Annotated[
        str, _option("--shares", metavar="NAME=SHARE,...", help="The splits, and the share of the rows of each.")
    ] = "train=0.8,valid=0.1,test=0.1"
    split_column: Annotated[
        str,
        _option("--split-column", metavar="NAME", help="The column to add. If the corpus has it, it is only checked."),
    ] = "split"
    group_by: Annotated[
        str | None,
        _option(
            "--group-by", metavar="A,B", help="Columns whose equal values put rows on one side, such as an author."
        ),
    ] = None
    stratify: Annotated[
        str | None,
        _option(
            "--stratify", metavar="COLUMN", help="Each split gets its share of the rows of each value of this column."
        ),
    ] = None
    move_leaks: Annotated[
        bool,
        _option("--move-leaks", help="Move groups of rows that an existing column divides to the first of the splits."),
    ] = False


def named_shares(option: str, flag: str) -> dict[str, float]:
    """Return the shares in the value of an option by name."""
    shares = {}
    for part in option.split(","):
        name, _, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            raise typer.BadParameter(f"'{part}' is not NAME=SHARE, such as train=0.8", param_hint=flag) from None
    return shares


@expanded
def split(
    corpus: CorpusArg,
    *,
    transforming: Transforming,
    splitting: Splitting,
    threshold: ThresholdOpt = 0.7,
    seed: SeedOpt = 0,
    reading: Reading,
    engine: EngineOptions,
    printing: Printing,
) -> None:
    """Divide a corpus into training, validation and test rows, with near-duplicates on one side.

    \b
    Examples:
      weaklabel split unique.csv -o split.csv
      weaklabel split posts.jsonl --group-by author --stratify label --shares train=0.7,test=0.3 -o split.jsonl
      weaklabel split published.csv --dry-run

    Where the corpus has the column already, it is only checked: how many rows are like a row of another split. To resume
    after an interruption, give the same command again.
    """
    from weaklabel.split import splitter

    rows = reading.open(corpus)
    transform = splitter(
        rows,
        shares=named_shares(splitting.shares, "--shares"),
        column=splitting.split_column,
        group_by=column_names(splitting.group_by),
        stratify=splitting.stratify,
        threshold=threshold,
        seed=seed,
        move_leaks=splitting.move_leaks,
    )
    carry_out(rows, transform, transforming, engine, printing)
