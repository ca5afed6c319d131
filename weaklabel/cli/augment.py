"""``weaklabel augment``: more training rows, made of those that are there."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.cli.gold import GoldOpt
from weaklabel.cli.options import LabelPrefixOpt, SeedOpt, expanded
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading
from weaklabel.cli.transforming import Running, carry_out
from weaklabel.cli.voting import AskingOptions, EngineOptions, LFsIfAny
from weaklabel.registries import TRANSFORMATION_FUNCTIONS

if TYPE_CHECKING:
    from weaklabel.augment.transform import Augment
    from weaklabel.config import LLMSettings
    from weaklabel.corpus import Corpus
    from weaklabel.llm import Estimate

_PANEL = "Augmentation"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


@dataclass(frozen=True, kw_only=True)
class Augmenting:
    """What new rows are made by, and of which rows."""

    tfs: Annotated[
        list[str],
        _option(
            "--tf",
            metavar="NAME",
            help=f"Transformation functions: {', '.join(TRANSFORMATION_FUNCTIONS.built_in)}; a .py file, or "
            "package:attribute; repeatable.",
        ),
    ]
    params: Annotated[
        list[str] | None,
        _option(
            "--set",
            metavar="TF.KEY=VALUE",
            help="Any parameter of a transformation function, such as typos.share=0.2; repeatable.",
        ),
    ] = None
    policy: Annotated[
        Literal["random", "each", "all"] | None,
        _option(
            "--policy",
            help="random: transformation functions drawn at random; each: every one by itself; all: one after the other. "
            "Default: POLICY of a file, or random.",
        ),
    ] = None
    length: Annotated[
        int, _option("--length", min=1, help="Transformation functions that make a new row, with --policy random.")
    ] = 1
    per_row: Annotated[
        int, _option("--per-row", min=1, metavar="N", help="New rows of a row; with --policy each, one for each.")
    ] = 1
    split_column: Annotated[
        str | None,
        _option(
            "--split-column",
            metavar="NAME",
            help="Column with the split; only its rows of train are sources. Default: split.",
        ),
    ] = None
    all_train: Annotated[
        bool, _option("--all-train", help="All rows are for training; needed if there is no column with the split.")
    ] = False
    not_in: Annotated[
        str | None,
        _option(
            "--not-in",
            metavar="FILE,FILE",
            help="Files with gold, validation or test rows: no new row has a text of theirs.",
        ),
    ] = None
    prefix: LabelPrefixOpt = None

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Return the parameters by transformation function; what is no TOML is a text."""
        params: dict[str, dict[str, Any]] = {}
        for given in self.params or ():
            key, equals, value = given.partition("=")
            name, dot, param = key.rpartition(".")
            if not (equals and dot and name and param):
                raise typer.BadParameter(f"'{given}' is not TF.KEY=VALUE", param_hint="--set")
            try:
                params.setdefault(name, {})[param] = tomllib.loads(f"value = {value}")["value"]
            except tomllib.TOMLDecodeError:
                params.setdefault(name, {})[param] = value
        return params


@expanded
def augment(
    corpus: CorpusArg,
    *,
    running: Running,
    augmenting: Augmenting,
    lfs: LFsIfAny = None,
    gold: GoldOpt = None,
    seed: SeedOpt = 0,
    reading: Reading,
    asking: AskingOptions,
    engine: EngineOptions,
    printing: Printing,
) -> None:
    """Make new training rows of labeled ones, by transformation functions that keep the label.

    \b
    Examples:
      weaklabel augment labeled.csv --tf typos --tf drop-words --lfs spam -o more.csv
      weaklabel augment labeled.csv --tf synonyms --per-row 2 --not-in test.csv -o more.csv
      weaklabel augment labeled.csv --tf ./my_tfs.py --all-train -o more.csv
      weaklabel augment labeled.csv --tf case --set typos.share=0.2 --tf typos --policy each --dry-run

    Each new row stands behind the row that it was made of, with its label, probabilities and split; augmented_from and
    augmented_by say which row that was, and what changed it. Only labeled rows of train are sources, and none with gold. New
    rows are refused if their text is there already, or if labeling functions (--lfs) vote against the label; these go to
    OUT.rejects.jsonl. To resume after an interruption, give the same command again.
    """
    from weaklabel.augment.corpus import augmenter_of
    from weaklabel.job.asked import asking_in_job
    from weaklabel.lf.packs import load_lfs

    rows, llm = reading.open(corpus), asking.settings()
    transform = augmenter_of(
        rows,
        tfs=augmenting.tfs,
        params=augmenting.parameters(),
        policy=augmenting.policy,
        length=augmenting.length,
        per_row=augmenting.per_row,
        prefix=augmenting.prefix,
        split=augmenting.split_column,
        all_train=augmenting.all_train,
        gold=gold,
        not_in=augmenting.not_in.split(",") if augmenting.not_in else (),
        lfs=load_lfs(*lfs) if lfs else (),
        seed=seed,
    )
    out = str(Path(running.out or "").absolute())
    budget = f"{out} {sha256(repr(transform.settings()).encode()).hexdigest()}"
    with asking_in_job(transform.tfs.tfs, llm, lambda: budget, asking.protect()) as asked:
        if running.dry_run and asked is not None:
            _show_costs(rows, transform, llm, printing)
            return
        carry_out(rows, transform, running, engine, printing)


def _show_costs(corpus: Corpus, transform: Augment, llm: LLMSettings, printing: Printing) -> None:
    """Print what asking language models will take; nothing is sent."""
    from weaklabel.augment.costs import asking_costs
    from weaklabel.support.progress import showing

    with showing(not printing.quiet):
        costs = asking_costs(corpus, transform)
    plain = [
        {name: str(value) if name.endswith("money") else value for name, value in vars(cost).items()} for cost in costs
    ]
    printing.result({"costs": plain}, "\n".join([*_cost_lines(costs), "nothing sent, nothing written (dry run)"]))


def _cost_lines(costs: Sequence[Estimate]) -> list[str]:
    from weaklabel.job.asked import shown_money

    lines = []
    for cost in costs:
        money = "" if cost.money is None else f", {shown_money(cost.money)} {cost.currency}"
        lines.append(
            f"language model {cost.model}: {cost.requests:,} requests ({cost.kept:,} replies are kept), "
            f"{cost.prompt_tokens:,} + {cost.completion_tokens:,} tokens, at most {cost.most_tokens:,}{money}"
        )
    return lines
