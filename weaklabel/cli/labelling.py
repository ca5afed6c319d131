"""The options of the label model, and labeling a corpus as they say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.names import name_option
from weaklabel.cli.options import SeedOpt
from weaklabel.cli.printing import stdout_for_results
from weaklabel.cli.reading import warn_of_rejects
from weaklabel.cli.voting import Voting
from weaklabel.registries import LABEL_MODELS

if TYPE_CHECKING:
    from weaklabel.config import LabelModelSettings
    from weaklabel.corpus import Corpus
    from weaklabel.job import LabelledCorpus
    from weaklabel.lf.packs import LFCollection

PANEL = "Label model"


@dataclass(frozen=True)
class Labelling:
    """How votes become labels."""

    label_model: Annotated[
        str,
        name_option(
            LABEL_MODELS,
            "--label-model",
            help="auto chooses one by the votes, and by the texts where the command reads them.",
            panel=PANEL,
        ),
    ] = "auto"
    class_balance: Annotated[
        str | None,
        typer.Option(
            "--class-balance",
            metavar="HOW",
            help="Share of each class among all rows: uniform, majority (estimated from the votes), or numbers such as "
            "0.8,0.2.",
            rich_help_panel=PANEL,
        ),
    ] = None
    seed: SeedOpt = 0

    def settings(self) -> LabelModelSettings:
        """Return the label model's settings; an invalid class balance is wrong usage."""
        from weaklabel.config import LabelModelSettings

        balance = self.class_balance
        if balance is None:
            return LabelModelSettings(name=self.label_model)
        if balance in ("majority", "uniform"):
            return LabelModelSettings.model_validate({"name": self.label_model, "class_balance": balance})
        try:
            shares = [float(share) for share in balance.split(",")]
            if not all(share > 0 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
                raise ValueError
            return LabelModelSettings(name=self.label_model, class_balance=shares)
        except ValueError:
            raise typer.BadParameter(
                f"'{balance}' is not majority, uniform, or one share per class that sum to 1, such as 0.8,0.2",
                param_hint="--class-balance",
            ) from None


def vote_and_label(
    rows: Corpus,
    lfs: LFCollection,
    labelling: Labelling,
    voting: Voting,
    *,
    quiet: bool,
    read_texts: bool | None = None,
    skim: bool = False,
) -> LabelledCorpus:
    """Label a corpus, and warn of rows that could not be read; see `weaklabel.job.LabelOptions`."""
    from weaklabel.job import LabelOptions, label_corpus

    options = LabelOptions(
        label_model=labelling.settings(),
        seed=labelling.seed,
        read_texts=read_texts,
        skim=skim,
        **voting.arguments(),
    )
    with stdout_for_results():
        labelled = label_corpus(rows, lfs, options, progress=not quiet)
    warn_of_rejects(rows, labelled.voted.n_rejects, next(labelled.voted.rejects(), None))
    return labelled
