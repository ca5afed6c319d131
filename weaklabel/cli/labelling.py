"""What the verbs that label share: how many processes vote, the label model's settings, and labelling in memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import typer

from weaklabel.cli.common import stdout_for_results, warn_of_rejects

if TYPE_CHECKING:
    from weaklabel.config import LabelModelName, LabelModelSettings
    from weaklabel.corpus import Corpus
    from weaklabel.lf.packs import LFCollection
    from weaklabel.project.run import Labelled

MOST_WORKERS = 4
"""Processes for labeling functions, unless more are asked for: each loads its own models."""


def worker_count(asked: int | None) -> int:
    """Return the number of processes for labeling functions."""
    from weaklabel.votes.threads import cores

    return min(cores(), MOST_WORKERS) if asked is None else asked


def label_model_settings(name: LabelModelName, class_balance: str | None) -> LabelModelSettings:
    """Return the label model's settings; a class balance that is none is wrong usage."""
    from weaklabel.config import LabelModelSettings

    if class_balance is None:
        return LabelModelSettings(name=name)
    if class_balance in ("majority", "uniform"):
        return LabelModelSettings.model_validate({"name": name, "class_balance": class_balance})
    try:
        shares = [float(share) for share in class_balance.split(",")]
        if not all(share > 0 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
            raise ValueError
        return LabelModelSettings(name=name, class_balance=shares)
    except ValueError:
        raise typer.BadParameter(
            f"'{class_balance}' is not majority, uniform, or one share a class, together 1, such as 0.8,0.2",
            param_hint="--class-balance",
        ) from None


def vote_and_label(
    rows: Corpus,
    lfs: LFCollection,
    settings: LabelModelSettings,
    *,
    seed: int,
    error_budget: float | None,
    workers: int | None,
    quiet: bool,
    read_texts: bool = True,
    skim: bool = False,
) -> Labelled:
    """Label a corpus in memory, and say what of it could not be read."""
    from weaklabel.project.run import label_corpus

    with stdout_for_results():
        labelled = label_corpus(
            rows,
            lfs,
            settings,
            seed=seed,
            error_budget=error_budget,
            workers=worker_count(workers),
            progress=not quiet,
            read_texts=read_texts,
            skim=skim,
        )
    warn_of_rejects(rows)
    return labelled
