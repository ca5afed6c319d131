"""``weaklabel select``: keep the labeled rows that are worth training on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from weaklabel.cli.gold import DecisionsOpt, GoldOpt
from weaklabel.cli.options import EncoderOpt, LabelPrefixOpt, SeedOpt, expanded, name_option
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.transforming import Transforming, carry_out
from weaklabel.cli.voting import EngineOptions
from weaklabel.registries import SELECTORS

_PANEL = "Selection"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


@dataclass(frozen=True)
class Selecting:
    """By what rows are chosen, and how many."""

    method: Annotated[str, name_option(SELECTORS, "--by", panel=_PANEL, help="By what labeled rows are chosen.")] = (
        "agreement"
    )
    budget: Annotated[
        str, _option("--budget", metavar="SIZE", help="How much is kept: 50%, 500 (rows), or '20000 tokens'.")
    ] = "50%"
    balance: Annotated[
        str | None,
        _option(
            "--balance",
            metavar="SHARES",
            help="Shares of the budget: labels, uniform, gold, or one a class, such as 0.9,0.1. Default: scores alone decide.",
        ),
    ] = None
    prefix: LabelPrefixOpt = None
    split_column: Annotated[
        str | None,
        _option(
            "--split-column",
            metavar="NAME",
            help="Column with the split; only its rows of train are chosen from. Default: split, if there is one.",
        ),
    ] = None
    score_column: Annotated[
        str | None, _option("--score-column", metavar="NAME", help="Add a column with the score of each row.")
    ] = None
    gold: GoldOpt = None
    decisions: DecisionsOpt = None
    curve: Annotated[
        str | None,
        _option("--curve", metavar="FILE", help="JSON file for the curve of the reward (--by rl-...), to resume from."),
    ] = None
    encoder: EncoderOpt = None
    tokenizer: Annotated[
        str | None,
        _option("--tokenizer", metavar="MODEL", help="Checkpoint that counts tokens. Default: that of the encoder."),
    ] = None

    def shares(self) -> str | list[float] | None:
        """Return the class balance: its name, or shares."""
        given = self.balance
        if given is None or given in ("labels", "uniform", "gold"):
            return given
        try:
            return [float(share) for share in given.split(",")]
        except ValueError:
            raise typer.BadParameter(
                f"'{given}' is not labels, uniform, gold or a share a class such as 0.9,0.1", param_hint="--balance"
            ) from None


@expanded
def select(
    corpus: CorpusArg,
    *,
    transforming: Transforming,
    selecting: Selecting,
    seed: SeedOpt = 0,
    reading: Reading,
    engine: EngineOptions,
    printing: Printing,
) -> None:
    """Keep the labeled rows that are worth training on, with or without labels by hand.

    \b
    Examples:
      weaklabel select labeled.csv -o half.csv
      weaklabel select labeled.csv --by cut --budget 20% --balance labels -o best.csv
      weaklabel select labeled.jsonl --budget "200000 tokens" --score-column worth -o train.jsonl
      weaklabel select labeled.csv --by loss --dry-run
      weaklabel select voted.csv --by rl-groups --decisions review/decisions.jsonl --curve reward.json -o best.csv

    Dropped rows go to OUT.rejects.jsonl with their score. Rows without a label are dropped; rows of other splits than
    train stay. Whether fewer rows train a better model depends on the labels: compare with all rows, and with
    --by random. Some measures learn from labels by hand (--gold, --decisions), most of these from votes as well
    (weaklabel label --votes). To resume after an interruption, give the same command again.
    """
    from weaklabel.select.corpus import selector_of

    rows = reading.open(corpus)
    transform = selector_of(
        rows,
        method=selecting.method,
        budget=selecting.budget,
        class_balance=selecting.shares(),
        prefix=selecting.prefix,
        split=selecting.split_column,
        score=selecting.score_column,
        encoder=selecting.encoder,
        tokenizer=selecting.tokenizer,
        gold=selecting.gold,
        decisions=selecting.decisions,
        curve=selecting.curve,
        seed=seed,
    )
    carry_out(rows, transform, transforming, engine, printing)
