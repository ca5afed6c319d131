"""``weaklabel dedup``: duplicates and near-duplicates are dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from weaklabel.cli.options import expanded
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.transforming import Transforming, carry_out
from weaklabel.cli.voting import EngineOptions, LFsIfAny

_PANEL = "Duplicates"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


ThresholdOpt = Annotated[
    float,
    _option(
        "--threshold",
        min=0.4,
        max=1,
        help="Jaccard similarity of shingles from which on two texts are near-duplicates.",
    ),
]


@dataclass(frozen=True)
class Deduplicating:
    """What a duplicate is, and which row stays."""

    keep_row: Annotated[
        Literal["longest", "first", "votes"],
        _option(
            "--keep-row", help="Which of several rows stays. votes: the one with the most votes, then the longest."
        ),
    ] = "longest"
    votes: Annotated[
        str | None,
        _option("--votes-column", metavar="NAME", help="Column with the number of votes, for --keep-row votes."),
    ] = None
    against: Annotated[
        str | None,
        _option(
            "--against",
            metavar="FILE,FILE",
            help="Drop every near-duplicate of a row of these files, such as gold, validation and test rows.",
        ),
    ] = None
    semantic: Annotated[
        float | None,
        _option(
            "--semantic",
            min=0.5,
            max=1,
            metavar="COSINE",
            help="Also drop rows whose embeddings are as similar as this; compares every text with all that stay.",
        ),
    ] = None
    clusters: Annotated[
        str | None,
        _option("--clusters", metavar="FILE", help="Write all rows that have a duplicate: .csv, .jsonl or .parquet."),
    ] = None


@expanded
def dedup(
    corpus: CorpusArg,
    *,
    transforming: Transforming,
    deduplicating: Deduplicating,
    threshold: ThresholdOpt = 0.7,
    lfs: LFsIfAny = None,
    reading: Reading,
    engine: EngineOptions,
    printing: Printing,
) -> None:
    """Drop duplicates and near-duplicates of a corpus.

    \b
    Examples:
      weaklabel dedup raw.csv -o unique.csv
      weaklabel dedup train.csv --against gold.csv,test.csv -o train_clean.csv
      weaklabel dedup raw.csv --threshold 0.85 --clusters clusters.csv --dry-run
      weaklabel dedup raw.csv --keep-row votes --lfs spam -o unique.csv

    Rows that are dropped go to OUT.rejects.jsonl, with the rule and the row that stays instead. To take some back, give
    the same command with --keep and a file with their lines. To resume after an interruption, give the same command again.
    """
    from weaklabel.dedup import deduper

    rows = reading.open(corpus)
    transform = deduper(
        rows,
        threshold=threshold,
        keep_row=deduplicating.keep_row,
        votes=deduplicating.votes,
        lfs=lfs or (),
        against=deduplicating.against.split(",") if deduplicating.against else (),
        semantic=deduplicating.semantic,
        clusters=None if transforming.dry_run else deduplicating.clusters,
    )
    carry_out(rows, transform, transforming, engine, printing)
