"""The step that finds out whether labels are precise enough, from rows that people have checked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import Project
from weaklabel.corpus import Corpus
from weaklabel.decisions import agreed_classes, read_decisions, text_hashes
from weaklabel.errors import ConfigError
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.project.decided import decided_classes
from weaklabel.project.names import PREDS, PROBS, QUALITY, TO_CHECK
from weaklabel.project.step import Run
from weaklabel.quality import check_labels
from weaklabel.quality.files import write_to_check
from weaklabel.support.files import write_json
from weaklabel.support.hashing import hash_path
from weaklabel.support.mapped import map_npy
from weaklabel.support.warn import warn

REVIEW = Path(TO_CHECK).stem + "-review"
"""Folder in which ``weaklabel review`` keeps what it is told of the rows to check."""


def quality_decisions(project: Project) -> Path | None:
    """Return the file with decisions on labels; None where there is none yet.

    Raises
    ------
    ConfigError
        The file that the project names does not exist.
    """
    assert project.quality is not None
    named = project.quality.decisions
    path = named or project.out / REVIEW / "decisions.jsonl"
    if named and not path.is_file():
        raise ConfigError(f"quality.decisions: {path} does not exist; leave the key out until rows are checked")
    return path if path.is_file() else None


def quality_inputs(project: Project) -> dict[str, str]:
    """Return the hash of the file with decisions, by what it is."""
    path = quality_decisions(project)
    return {} if path is None else {"decisions on labels": hash_path(path)}


def check(run: Run) -> None:
    """Find out whether labels are precise enough, and write which rows to check next."""
    settings, labels = run.project.quality, run.lfs.labels
    assert settings is not None
    preds, probs = map_npy(run.folder / PREDS), map_npy(run.folder / PROBS)
    path = quality_decisions(run.project)
    fitted = decided_classes(run.project, labels)
    result = check_labels(
        preds,
        _decided_rows(run.corpus, {} if path is None else agreed_classes(read_decisions(path), labels)),
        labels,
        _confidence(probs, preds),
        min_precision=settings.min_precision,
        confidence=settings.confidence,
        seed=run.project.seed,
        left_out=None if fitted is None else _decided_rows(run.corpus, fitted) != ABSTAIN,
    )
    if result.n_left_out:
        warn(f"{result.n_left_out:,} rows are not checked, since the label model was fitted with decisions on them")
    write_to_check(run.folder / TO_CHECK, run.corpus, result)
    write_json(run.folder / QUALITY, result.to_dict() | {"shown": str(result)})


def refusal(folder: Path) -> str | None:
    """Say why the labels of a finished run do not pass, and what to do; None where they pass, or nothing was asked for."""
    if not (folder / QUALITY).is_file():
        return None
    result = json.loads((folder / QUALITY).read_text(encoding="utf-8"))
    if result["verdict"] == "pass":
        return None
    wanted = f"a precision of {result['min_precision']:.1%} with {result['confidence']:.0%} confidence"
    if result["verdict"] == "fail":
        return f"the labels do not reach {wanted} ([quality]): improve the labeling functions; see {folder / QUALITY}"
    number = "" if result["more"] is None else f" (about {result['more']:,} more)"
    return (
        f"too few labels are checked to know whether they reach {wanted} ([quality]): check rows{number} with 'weaklabel "
        f"review {folder / TO_CHECK} --labels {','.join(result['per_class'])}', then run again"
    )


def _decided_rows(corpus: Corpus, decided: dict[str, int]) -> Labels:
    """Return the class that people gave each row, -1 for none. Shape: [n]."""
    parts = [np.empty(0, dtype=np.int64)]
    for batch in corpus.batches():
        parts.append(
            np.array([decided.get(key, ABSTAIN) for key in text_hashes(batch.model_texts)], dtype=np.int64)
            if decided
            else np.full(len(batch), ABSTAIN, dtype=np.int64)
        )
    return np.concatenate(parts)


def _confidence(probs: NDArray[np.float64], preds: Labels) -> NDArray[np.float64]:
    return np.array(probs[np.arange(len(preds)), np.maximum(preds, 0)], dtype=np.float64)
