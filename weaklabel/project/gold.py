"""Gold in a run: checking that it is there, keeping it out of sight, opening it at the end, and predicting its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import Project
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.decisions import gold_of, is_decision_file, read_decisions, text_hashes
from weaklabel.errors import ConfigError, nearest
from weaklabel.job.training import texts_of
from weaklabel.label_names import encode_labels, has_label
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, label_index, labels_of
from weaklabel.lf.packs import LFCollection
from weaklabel.project.decided import scored_rows
from weaklabel.registries import SPANS, TEXTS
from weaklabel.support.files import atomic_path
from weaklabel.support.hashing import hash_path, sha256_of_text
from weaklabel.votes import Votes
from weaklabel.votes.patterns import take_rows

if TYPE_CHECKING:
    import pandas as pd

    from weaklabel.classifier import Classifier
    from weaklabel.label_model import BaseLabelModel

TRAIN = "train"
"""The part of a split that classifiers train on."""


@dataclass(frozen=True)
class GoldRows:
    """Rows with gold: texts as models read them, votes [n, m], classes [n], and which rows of the corpus they are, if any."""

    texts: list[str]
    L: VoteArray
    Y: Labels
    rows: NDArray[np.int64] | None = None

    def take(self, places: NDArray[np.intp]) -> GoldRows:
        """Return some of them."""
        if len(places) == len(self.Y):
            return self
        texts, rows = [self.texts[place] for place in places.tolist()], self.rows
        return GoldRows(texts, take_rows(self.L, places), self.Y[places], None if rows is None else rows[places])


@dataclass(frozen=True)
class _OfSplit:
    """The gold of the rows of one part of a split, None for all others; every iteration reads it again."""

    corpus: Corpus
    column: str
    split_column: str
    split: str

    def __iter__(self) -> Iterator[Any]:
        pairs = zip(self.corpus.values(self.column), self.corpus.values(self.split_column), strict=True)
        return (value if split == self.split else None for value, split in pairs)


@dataclass(frozen=True)
class StagePredictions:
    """One stage's predictions for the gold rows: classes [n], -1 where it abstains, and probabilities [n, k]."""

    preds: Labels
    probs: Probs

    @classmethod
    def of(cls, probs: Probs) -> StagePredictions:
        """Take the most probable classes."""
        return cls(labels_of(probs), probs)


@dataclass(frozen=True)
class GoldPredictions:
    """Every stage's predictions for the rows with gold.

    Attributes
    ----------
    L, Y
        Votes and classes of these rows. Shape: [n, m], [n].
    rows
        Which rows of the corpus they are; None where they are others. Shape: [n].
    stages
        Predictions, by name of the stage.
    """

    L: VoteArray
    Y: Labels
    rows: NDArray[np.int64] | None
    stages: Mapping[str, StagePredictions]

    def of_corpus(self, n: int) -> Labels | None:
        """Return the classes of the corpus's ``n`` rows, -1 if there is none; None where gold is of other rows."""
        if self.rows is None:
            return None
        Y = np.full(n, ABSTAIN, dtype=np.int64)
        Y[self.rows] = self.Y
        return Y

    def save(self, path: Path) -> None:
        """Write it to an ``.npz`` file, atomically."""
        arrays: dict[str, Any] = {"L": self.L, "Y": self.Y} | ({} if self.rows is None else {"rows": self.rows})
        for name, stage in self.stages.items():
            arrays |= {f"preds {name}": stage.preds, f"probs {name}": stage.probs}
        with atomic_path(path) as part, part.open("wb") as handle:
            np.savez_compressed(handle, **arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as archive:
            names = [key.removeprefix("preds ") for key in archive.files if key.startswith("preds ")]
            stages = {name: StagePredictions(archive[f"preds {name}"], archive[f"probs {name}"]) for name in names}
            return cls(archive["L"], archive["Y"], archive["rows"] if "rows" in archive.files else None, stages)


def split_column(project: Project) -> str:
    """Return the column that says which part of a split a row belongs to."""
    return "split" if project.split is None else project.split.column


def gold_inputs(project: Project) -> dict[str, str]:
    """Return the hash of the file with gold, by its name, where gold has its own file."""
    path = project.gold and project.gold.path
    return {path.name: hash_path(path)} if path else {}


def held_out_inputs(project: Project) -> dict[str, str]:
    """Return the hash of what says which rows are held out of training, where that is no column of the corpus."""
    path = project.gold and project.gold.path
    if not path or not is_decision_file(path):
        return {}
    decided = sorted({decision.text_sha256 for decision in read_decisions(path)})
    return {f"the choice of rows in {path.name}": sha256_of_text("\n".join(decided))}


def gold_column(project: Project, task: str = TEXTS) -> str:
    """Return the column with gold: for spans ``spans``, unless the project names another; "" without gold."""
    if project.gold is None:
        return ""
    is_given = "column" in project.gold.model_fields_set
    return SPANS if task == SPANS and not is_given else project.gold.column


def open_unlabeled(project: Project, column: str | None = None) -> Corpus:
    """Open the project's corpus; a gold column that it may have is hidden from labeling functions.

    Parameters
    ----------
    project
        Says where the corpus is.
    column
        The column with gold, by default that of labels of whole texts; see `gold_column`.
    """
    column = gold_column(project) if column is None else column
    reading = project.corpus.reading()
    corpus = read_corpus(project.corpus.path, **reading)
    if project.gold is None or not corpus.has_column(column):
        return corpus
    if column in corpus.entities:
        raise ConfigError(f"gold.column: '{column}' is one of corpus.entities; name the column with gold")
    # Opened again, so that workers of a cluster, which read it with its arguments, do not see gold either.
    return read_corpus(project.corpus.path, **reading, hide=[column])


def check_gold(project: Project, corpus: Corpus, labels: Sequence[str], column: str | None = None) -> None:
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
    column = gold_column(project) if column is None else column
    if gold.path is None and not corpus.has_column(column):
        raise ConfigError(
            f"gold.column: {corpus.name} has no column '{column}'{nearest(column, corpus.columns)}; "
            "name one that it has, or give gold.path"
        )
    if gold.split is not None and gold.path is not None:
        raise ConfigError("gold.split and gold.path both name the rows with gold: leave one of them out")
    if gold.split == TRAIN:
        raise ConfigError(
            f"gold.split: classifiers train on the rows of '{TRAIN}', which cannot score them; name others"
        )
    if gold.split is not None and not corpus.has_column(split_column(project)):
        raise ConfigError(
            f"gold.split: {corpus.name} has no column '{split_column(project)}'; make one with weaklabel split, or [split]"
        )


def held_out(project: Project, corpus: Corpus) -> NDArray[np.bool_] | None:
    """Rows of the corpus that must not be trained on: with gold, decided on, or of another split; None where none can.

    Shape: [n].
    """
    gold = project.gold
    if gold is None or (gold.path is not None and not is_decision_file(gold.path)):
        return None
    if gold.split is not None:
        return np.fromiter((value != TRAIN for value in corpus.values(split_column(project))), dtype=bool)
    if gold.path is None:
        return np.fromiter((has_label(value) for value in corpus.values(gold.column)), dtype=bool)
    decided = {decision.text_sha256 for decision in read_decisions(gold.path)}
    keys = (key for batch in corpus.batches_with_progress() for key in text_hashes(batch.model_texts))
    return np.fromiter((key in decided for key in keys), dtype=bool)


def check_rows_to_train_on(project: Project, corpus: Corpus, held: NDArray[np.bool_] | None, column: str) -> None:
    """Refuse a corpus of which every row is held out of training, before anything is paid for labels of it.

    Parameters
    ----------
    project, corpus
        What is run.
    held
        Which rows are held out, as `held_out` says. Shape: [n].
    column
        The column with gold.

    Raises
    ------
    ConfigError
        All rows have gold, or belong to other parts of the split.
    """
    if held is None or not len(held) or not held.all():
        return
    gold = project.gold
    assert gold is not None
    if gold.split is not None:
        raise ConfigError(
            f"gold.split: no row of {corpus.name} has '{TRAIN}' in its column '{split_column(project)}', so there is nothing "
            "to train on; split it anew, or leave out gold.split"
        )
    where = f"column '{column}'" if gold.path is None else gold.path.name
    raise ConfigError(
        f"{corpus.name}: every row has gold in {where}, and rows with gold are kept out of training; give more rows without "
        "gold, name the rows to score with gold.split, or give gold in its own file (gold.path)"
    )


def open_gold(
    corpus: Corpus, votes: Votes, lfs: LFCollection, project: Project, vote: Callable[[Corpus], Votes]
) -> GoldRows:
    """Open gold: its own file, on which labeling functions have yet to vote, or the rows of the corpus that have it.

    Rows that the label model was fitted to, by decisions, are left out.

    Parameters
    ----------
    corpus, votes, lfs
        What was labeled, by which votes.
    project
        Says where gold is.
    vote
        Lets the labeling functions vote on other rows.

    Raises
    ------
    WeakLabelError
        Gold cannot be read, is not a class, or there is none.
    """
    gold = project.gold
    assert gold is not None
    if gold.path is not None and is_decision_file(gold.path):
        rows_of_gold = _open_decisions(gold.path, corpus, votes, lfs)
    else:
        rows_of_gold = _open_column(corpus, votes, lfs, project, vote)
    return rows_of_gold.take(scored_rows(project, rows_of_gold.texts, lfs.labels))


def _open_column(
    corpus: Corpus, votes: Votes, lfs: LFCollection, project: Project, vote: Callable[[Corpus], Votes]
) -> GoldRows:
    """Open gold in a column, of the corpus or of its own file; see `open_gold`."""
    gold = project.gold
    assert gold is not None
    source = corpus if gold.path is None else read_gold(project, gold.path)
    values = (
        source.values(gold.column)
        if gold.split is None
        else _OfSplit(source, gold.column, split_column(project), gold.split)
    )
    Y = encode_labels(values, lfs.labels, f"{source.name}, column '{gold.column}'")
    rows = np.flatnonzero(Y != ABSTAIN)
    if not len(rows):
        where = "" if gold.split is None else f" in the rows of split '{gold.split}'"
        raise ConfigError(
            f"{source.name}: column '{gold.column}' holds no gold label{where}; fill it, or leave out [gold]"
        )
    L = (votes if gold.path is None else vote(source)).L
    return GoldRows(texts_of(source, rows), take_rows(L, rows), Y[rows], rows if gold.path is None else None)


def _open_decisions(path: Path, corpus: Corpus, votes: Votes, lfs: LFCollection) -> GoldRows:
    """Open what reviewers decided on rows of the corpus."""
    decisions = read_decisions(path)
    of_batches = [gold_of(decisions, batch.model_texts, lfs.labels) for batch in corpus.batches_with_progress()]
    Y = np.concatenate([np.empty(0, np.int64), *of_batches])
    rows = np.flatnonzero(Y != ABSTAIN)
    if not len(rows):
        raise ConfigError(f"{path}: none of the decided texts is in {corpus.name}; give the decisions on that corpus")
    return GoldRows(texts_of(corpus, rows), take_rows(votes.L, rows), Y[rows], rows)


def gold_of_texts(project: Project, path: Path, texts: Sequence[str], labels: Sequence[str]) -> Labels:
    """Return the gold that a file has for each of ``texts``, given as models read them. Length: n.

    Raises
    ------
    ConfigError
        The file lacks a text, or has different gold for one.
    """
    assert project.gold is not None
    truth = read_gold(project, path)
    Y = encode_labels(truth.values(project.gold.column), labels, f"{truth.name}, column '{project.gold.column}'")
    names = [*labels, ""]  # -1, no label, is the last
    wanted = set(texts)
    of_text: dict[str, int] = {}
    for batch in truth.batches_with_progress():
        for text, number in zip(batch.model_texts, Y[batch.start : batch.start + len(batch)].tolist(), strict=True):
            if text in wanted and (other := of_text.setdefault(text, number)) != number:
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


def stage_predictions(rows: GoldRows, model: BaseLabelModel, classifiers: Mapping[str, Classifier]) -> GoldPredictions:
    """Return every stage's predictions for the same rows: the votes, the label model, and the classifiers."""
    from weaklabel.label_model import MajorityVote

    vote = MajorityVote(model.cardinality)
    stages = {
        "majority_vote": StagePredictions(*vote.predict(rows.L, return_probs=True)),
        "label_model": StagePredictions(*model.predict(rows.L, return_probs=True, texts=rows.texts)),
    }
    stages |= {
        name: StagePredictions.of(classifier.predict_proba(rows.texts)) for name, classifier in classifiers.items()
    }
    return GoldPredictions(rows.L, rows.Y, rows.rows, stages)


def with_gold(summary: pd.DataFrame, on_gold: pd.DataFrame) -> pd.DataFrame:
    """Put an LF's accuracy on gold rows into its line of the corpus's table, before the label model's estimate."""
    accuracy = on_gold[["Correct", "Incorrect", "Emp. Acc."]]
    return summary.drop(columns="Est. Acc.").join(accuracy).join(summary["Est. Acc."])
