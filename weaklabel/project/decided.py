"""Decisions that the label model of a run is fitted with, and gold rows that they leave unscored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import Project
from weaklabel.decisions import agreed_classes, is_decision_file, read_decisions, text_hashes
from weaklabel.errors import ConfigError
from weaklabel.support.hashing import hash_path
from weaklabel.support.warn import warn

KEY = "label_model.decisions"


def check_decided(project: Project, labels: Sequence[str]) -> None:
    """Find out before any work whether the decisions that the label model is to be fitted with can be read.

    Raises
    ------
    WeakLabelError
        There is no such file, it holds no decisions, or one of them names an unknown class.
    """
    path = project.label_model.decisions
    if path is None:
        return
    if not path.exists():
        raise ConfigError(f"{KEY}: {path} does not exist")
    if not is_decision_file(path):
        raise ConfigError(f"{KEY}: {path} is not a file of decisions, as weaklabel review writes it (.jsonl)")
    if not decided_classes(project, labels):
        raise ConfigError(f"{KEY}: {path} has no decision on which reviewers agree; decide some rows first")


def decided_classes(project: Project, labels: Sequence[str]) -> dict[str, int] | None:
    """Return the class that people gave each text, by the text's hash; None where the project names no decisions."""
    path = project.label_model.decisions
    return None if path is None else agreed_classes(read_decisions(path), labels)


def decided_inputs(project: Project) -> dict[str, str]:
    """Return the hash of the file with these decisions, by its name and what it is for."""
    path = project.label_model.decisions
    return {} if path is None else {f"the decisions in {path.name}": hash_path(path)}


def scored_rows(project: Project, texts: Sequence[str], labels: Sequence[str]) -> NDArray[np.intp]:
    """Return which gold rows are scored: those that the label model was not fitted to, and say how many others there are.

    Parameters
    ----------
    project
        Says which decisions the label model was fitted with.
    texts
        Of the rows with gold, as models read them.
    labels
        Class names.

    Raises
    ------
    ConfigError
        The label model was fitted with decisions on all of them.
    """
    decided = decided_classes(project, labels)
    if decided is None:
        return np.arange(len(texts))
    scored = np.array([key not in decided for key in text_hashes(texts)], dtype=bool)
    n_decided = int((~scored).sum())
    if n_decided == len(texts):
        raise ConfigError(
            f"{KEY}: the label model was fitted with decisions on all {n_decided:,} rows with gold, so that none can score "
            "it; give other rows as gold, or leave some decisions out"
        )
    if n_decided:
        warn(
            f"{n_decided:,} of {len(texts):,} rows with gold are not scored, since the label model was fitted with "
            "decisions on them"
        )
    return np.flatnonzero(scored)
