"""The step ``select`` of a run: which labeled rows classifiers are trained on, and are exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import Project
from weaklabel.corpus import Corpus
from weaklabel.decisions import gold_of, read_decisions
from weaklabel.encoder.named import model_files
from weaklabel.errors import ConfigError
from weaklabel.export.selection import TRAIN
from weaklabel.job.steps import Step
from weaklabel.job.training import texts_of
from weaklabel.labels import ABSTAIN
from weaklabel.project.gold import held_out, held_out_inputs, split_column
from weaklabel.project.names import CURVE, DROPPED, PREDS, PROBS, SELECTION, VOTES
from weaklabel.project.options import Options
from weaklabel.project.step import Run, named_by_content
from weaklabel.registries import SELECTORS
from weaklabel.select.budget import Budget
from weaklabel.select.choice import Choice
from weaklabel.select.corpus import checked_balance
from weaklabel.support.files import write_json
from weaklabel.support.hashing import hash_path
from weaklabel.support.mapped import map_npy, save_npy
from weaklabel.support.plugins import plugin_versions
from weaklabel.votes import load_votes

SELECT = "select"
"""Name of the step."""


def choose_rows(run: Run) -> None:
    """Choose the rows that are trained on, among labeled train rows without gold."""
    settings = run.project.select
    assert settings is not None
    preds, votes = np.asarray(map_npy(run.folder / PREDS)), load_votes(run.folder / VOTES)
    is_candidate = preds != ABSTAIN
    held = held_out(run.project, run.corpus)
    if held is not None:
        is_candidate &= ~held
    column = split_column(run.project)
    if run.corpus.has_column(column):
        is_candidate &= np.fromiter((value == TRAIN for value in run.corpus.values(column)), dtype=bool)
    rows = np.flatnonzero(is_candidate)
    if not len(rows):
        raise ConfigError(
            f"{run.corpus.name}: no train row without gold has a label, so there is nothing to choose from"
        )
    texts = texts_of(run.corpus, rows, len(preds))
    gold = None
    if settings.decisions is not None:
        gold = gold_of(read_decisions(settings.decisions), texts, run.lfs.labels)
        if (gold == ABSTAIN).all():
            raise ConfigError(
                f"select.decisions: {settings.decisions.name} decides none of the labeled rows to choose from; rows that are "
                "decided in [gold] are kept out of training, so decide others"
            )
    curve = run.work / "reward.json" if SELECTORS[settings.name].has_param("curve_file") else None
    selected = choice_of(run.project, len(run.lfs.labels), curve).choose(
        texts,
        preds[rows].astype(np.int64),
        np.array(map_npy(run.folder / PROBS)[rows], dtype=np.float64),
        run.lfs.labels,
        np.asarray(votes.L[rows]),
        run.lfs.names,
        gold,
    )
    is_dropped = is_candidate.copy()
    is_dropped[rows[selected.chosen]] = False
    save_npy(run.folder / DROPPED, is_dropped)
    write_json(run.folder / SELECTION, dict(selected.summary))
    if curve is not None:
        (run.folder / CURVE).write_bytes(curve.read_bytes())


def choice_of(project: Project, k: int, curve: Path | None = None) -> Choice:
    """Return by what a project chooses rows, checked before any work.

    Raises
    ------
    ConfigError, SelectionError
        The budget or the class balance is not one, or the selector needs gold that is not given.
    """
    settings = project.select
    assert settings is not None
    needs_gold = SELECTORS[settings.name].needs_gold or settings.class_balance == "gold"
    if needs_gold and settings.decisions is None:
        what = f"'{settings.name}'" if SELECTORS[settings.name].needs_gold else "the class balance of gold"
        raise ConfigError(f"select: {what} needs labels by hand: name a file of decisions (select.decisions)")
    return Choice(
        settings.name,
        Budget.parse(settings.budget),
        settings.options(),
        checked_balance(settings.class_balance, k),
        settings.encoder or project.label_model.encoder,
        settings.tokenizer,
        None if curve is None else str(curve),
        project.seed,
    )


def dropped_rows(project: Project, folder: Path) -> NDArray[np.bool_] | None:
    """Return which rows were not chosen; None where a project chooses none. Shape: [n]."""
    return None if project.select is None else np.array(map_npy(folder / DROPPED))


def not_trained_on(project: Project, corpus: Corpus, folder: Path) -> NDArray[np.bool_] | None:
    """Return the rows that must not be trained on: held out, or not chosen; None where there are none. Shape: [n]."""
    held, dropped = held_out(project, corpus), dropped_rows(project, folder)
    if held is None or dropped is None:
        return dropped if held is None else held
    return np.asarray(held | dropped)


def select_steps(project: Project, k: int) -> list[Step[Run]]:
    """Return the step, if the project has one."""
    settings = project.select
    if settings is None:
        return []
    choice_of(project, k)
    options = Options(project)
    models = {"select.encoder": settings.encoder, "select.tokenizer": settings.tokenizer}
    files = held_out_inputs(project) | model_files(settings.encoder or project.label_model.encoder)
    if settings.tokenizer:
        files |= model_files(settings.tokenizer)
    if settings.decisions is not None:
        files |= {settings.decisions.name: hash_path(settings.decisions)}
    outputs = {SELECTION: "which rows were chosen to train on", DROPPED: ""}
    if SELECTORS[settings.name].has_param("curve_file"):
        outputs |= {CURVE: ""}
    return [
        Step(
            SELECT,
            choose_rows,
            outputs,
            ("vote", "label"),
            settings=options("select", "seed", but=("select.decisions", *named_by_content(models)))
            | (options("gold.column", "gold.split") if project.gold is not None else {}),
            files=files,
            packages=plugin_versions(SELECTORS.group, settings.name),
            modules=SELECTORS.modules(settings.name),
        )
    ]
