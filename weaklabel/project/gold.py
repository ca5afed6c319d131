"""Gold in a run: whether it is there, keeping it out of sight, opening it at the end, and what each stage says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import Project
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.decisions import gold_of, is_decision_file, read_decisions, text_hashes
from weaklabel.errors import ConfigError, nearest
from weaklabel.label_names import encode_labels, has_label
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, label_index, labels_of
from weaklabel.lf.packs import LFCollection
from weaklabel.project.folder import RunFolder
from weaklabel.support.hashing import sha256_of_file
from weaklabel.votes import Votes, apply_lfs

if TYPE_CHECKING:
    import pandas as pd

    from weaklabel.classifier import Classifier
    from weaklabel.label_model import BaseLabelModel


@dataclass(frozen=True)
class GoldRows:
    """Rows with gold: texts as models read them, votes [n, m], classes [n], and which rows of the corpus they are, if any."""

    texts: list[str]
    L: VoteArray
    Y: Labels
    rows: NDArray[np.int64] | None = None

    def of_corpus(self, n: int) -> Labels | None:
        """Return the classes of the corpus's ``n`` rows, -1 where there is none; None where gold is of other rows."""
        if self.rows is None:
            return None
        found = np.full(n, ABSTAIN, dtype=np.int64)
        found[self.rows] = self.Y
        return found


@dataclass(frozen=True)
class Stage:
    """What one stage says of the gold rows: classes [n], -1 where it abstains, and probabilities [n, k]."""

    preds: Labels
    probs: Probs

    @classmethod
    def of(cls, probs: Probs) -> Stage:
        """Take the most probable classes."""
        return cls(labels_of(probs), probs)


def open_unlabelled(project: Project) -> Corpus:
    """Open the project's corpus; a gold column that it may have is hidden from labeling functions."""
    corpus = read_corpus(project.corpus.path, **project.corpus.reading())
    if project.gold is not None and corpus.has_column(project.gold.column):
        if project.gold.column in corpus.entities:
            raise ConfigError(
                f"gold.column: '{project.gold.column}' is one of corpus.entities; name the column with gold"
            )
        corpus.hide = (project.gold.column,)
    return corpus


def check_gold(project: Project, corpus: Corpus, labels: Sequence[str]) -> None:
    """Find out before any work, and without reading it, whether the gold that is asked for is there.

    Raises
    ------
    WeakLabelError
        A file or column does not exist, the positive label is none, or a ceiling is asked for without a gold file.
    """
    gold = project.gold
    if gold is None:
        return
    if gold.positive is not None:
        label_index(gold.positive, labels, "gold.positive")
    for key, path in {"gold.path": gold.path, "gold.ceiling": gold.ceiling}.items():
        if path is not None and not path.exists():
            raise ConfigError(f"{key}: {path} does not exist")
    if gold.path is None and gold.ceiling is not None:
        raise ConfigError("gold.ceiling needs gold.path: it would train on the gold rows of the corpus itself")
    if gold.path is None and not corpus.has_column(gold.column):
        raise ConfigError(
            f"gold.column: {corpus.name} has no column '{gold.column}'{nearest(gold.column, corpus.columns)}; "
            "name one that it has, or give gold.path"
        )


def held_out(project: Project, corpus: Corpus) -> NDArray[np.bool_]:
    """Rows of the corpus itself that carry gold, or were decided on, and so must not be trained on. Shape: [n]."""
    if project.gold is None or (project.gold.path is not None and not is_decision_file(project.gold.path)):
        return np.zeros(len(corpus), dtype=bool)
    if project.gold.path is not None:
        decided = {decision.text_sha256 for decision in read_decisions(project.gold.path)}
        return np.array([key in decided for key in text_hashes(corpus.model_texts())], dtype=bool)
    return np.array([has_label(value) for value in corpus.column(project.gold.column)], dtype=bool)


def open_gold(project: Project, corpus: Corpus, votes: Votes, lfs: LFCollection, folder: RunFolder) -> GoldRows:
    """Open gold: a file of its own, on which the labeling functions vote, or the rows of the corpus that have it."""
    gold = project.gold
    assert gold is not None
    if gold.path is not None and is_decision_file(gold.path):
        return _open_decisions(gold.path, corpus, votes, lfs, folder)
    source = corpus if gold.path is None else read_gold(project, gold.path)
    folder.note_input("gold", source)
    Y = encode_labels(source.column(gold.column), lfs.labels, f"{source.name}, column '{gold.column}'")
    rows = np.flatnonzero(Y != ABSTAIN)
    if not len(rows):
        raise ConfigError(f"{source.name}: column '{gold.column}' holds no gold label; fill it, or leave out [gold]")
    if gold.path is not None:
        votes = apply_lfs(lfs, source, error_budget=project.lfs.error_budget, workers=project.lfs.workers)
    texts = source.model_texts()
    return GoldRows([texts[row] for row in rows], votes.L[rows], Y[rows], rows if gold.path is None else None)


def _open_decisions(path: Path, corpus: Corpus, votes: Votes, lfs: LFCollection, folder: RunFolder) -> GoldRows:
    """Open what reviewers decided on rows of the corpus."""
    folder.inputs["gold"] = {"name": str(path), "sha256": sha256_of_file(path)}
    texts = corpus.model_texts()
    Y = gold_of(read_decisions(path), texts, lfs.labels)
    rows = np.flatnonzero(Y != ABSTAIN)
    if not len(rows):
        raise ConfigError(f"{path}: none of the decided texts is in {corpus.name}; give the decisions on that corpus")
    return GoldRows([texts[row] for row in rows], votes.L[rows], Y[rows], rows)


def gold_of_texts(project: Project, path: Path, texts: Sequence[str], labels: Sequence[str]) -> Labels:
    """Return the gold that a file has for each of ``texts``, given as models read them. Length: n.

    Raises
    ------
    ConfigError
        The file lacks a text, or has different gold for one.
    """
    assert project.gold is not None
    truth = read_gold(project, path)
    Y = encode_labels(truth.column(project.gold.column), labels, f"{truth.name}, column '{project.gold.column}'")
    names = [*labels, ""]  # -1, no label, is the last
    of_text: dict[str, int] = {}
    for text, number in zip(truth.model_texts(), Y.tolist(), strict=True):
        if (other := of_text.setdefault(text, number)) != number:
            raise ConfigError(
                f"{truth.name} has both '{names[other]}' and '{names[number]}' for the same text; keep one"
            )
    missing = sum(text not in of_text for text in texts)
    if missing:
        raise ConfigError(f"{truth.name} has no gold for {missing} of the {len(texts)} texts of the corpus")
    return np.array([of_text[text] for text in texts], dtype=np.int64)


def read_gold(project: Project, path: Path) -> Corpus:
    """Open a file with gold, written like the corpus; labeling functions do not see its gold."""
    assert project.gold is not None
    return read_corpus(path, hide=[project.gold.column], **project.corpus.reading() | {"limit": None})


def stage_predictions(rows: GoldRows, model: BaseLabelModel, classifiers: dict[str, Classifier]) -> dict[str, Stage]:
    """Return what every stage says of the same rows: the votes, the label model, and the classifiers."""
    from weaklabel.label_model import MajorityVote

    vote = MajorityVote(model.cardinality)
    stages = {
        "majority_vote": Stage(*vote.fit(rows.L).predict(rows.L, return_probs=True)),
        "label_model": Stage(*model.predict(rows.L, return_probs=True, texts=rows.texts)),
    }
    return stages | {name: Stage.of(classifier.predict_proba(rows.texts)) for name, classifier in classifiers.items()}


def with_gold(summary: pd.DataFrame, on_gold: pd.DataFrame) -> pd.DataFrame:
    """Put an LF's accuracy on gold rows into its line of the corpus's table, before what the label model makes of it."""
    accuracy = on_gold[["Correct", "Incorrect", "Emp. Acc."]]
    return summary.drop(columns="Est. Acc.").join(accuracy).join(summary["Est. Acc."])
