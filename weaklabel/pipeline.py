"""The whole story, top to bottom: votes, label model, classifiers, and only then gold and scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from weaklabel.config import ClassifierSettings, GoldSettings, LabelModelSettings, Project
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.errors import ConfigError
from weaklabel.labels import ABSTAIN, Labels, Probs, encode_labels, label_index
from weaklabel.lf.core import LF
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.run_folder import RunFolder
from weaklabel.scoring import Scores, score
from weaklabel.votes import LFAnalysis, Votes, apply_lfs

if TYPE_CHECKING:
    from weaklabel.classifier import Classifier
    from weaklabel.label_model import LabelModel


@dataclass(frozen=True)
class Labelled:
    """A corpus's votes, the label model fitted on them, and what it says of every row.

    Attributes
    ----------
    votes
        See `weaklabel.Votes`.
    model
        The fitted label model.
    probs
        Shape: [n, k]; all NaN where no labeling function voted.
    preds
        Shape: [n]; -1 where no labeling function voted or the most probable classes tie.
    """

    votes: Votes
    model: LabelModel
    probs: Probs
    preds: Labels


@dataclass(frozen=True)
class RunResult:
    """What a run found: the labelled corpus, the scores by stage, and the folder that holds everything."""

    labelled: Labelled
    scores: dict[str, Scores]
    folder: RunFolder


def run_project(project: Project, *, progress: bool = False) -> RunResult:
    """Label a corpus, train classifiers on the labels, score every stage, and write it all into a run folder.

    Gold is opened only once everything but the ceiling has been trained.

    Parameters
    ----------
    project
        See `weaklabel.config.read_project`.
    progress
        Show progress on stderr.

    Raises
    ------
    WeakLabelError
        The input, a labeling function or the project is at fault.
    """
    lfs = load_lfs(*project.lfs.use)
    if project.gold is not None and project.gold.positive is not None:
        label_index(project.gold.positive, lfs.labels, "gold.positive")
    folder = RunFolder(project)
    hide = [project.gold.column] if project.gold and project.gold.path is None else []
    corpus = read_corpus(project.corpus.path, hide=hide, **project.corpus.reading())
    folder.note_input("corpus", corpus)

    with folder.timed("votes and label model"):
        labelled = label_corpus(
            corpus,
            lfs,
            project.label_model,
            seed=project.seed,
            error_budget=project.lfs.error_budget,
            workers=project.lfs.workers,
            progress=progress,
        )
    folder.save_labels(corpus, labelled.votes, labelled.model, labelled.preds, labelled.probs)
    classifiers = _train(project, corpus, labelled, lfs.labels, folder, progress)

    # Only from here on is gold looked at.
    scores: dict[str, Scores] = {}
    if project.gold is None:
        summary = LFAnalysis(labelled.votes).lf_summary(est_accuracies=labelled.model.lf_accuracies_)
    else:
        test, Y = _gold(project, corpus, lfs.labels)
        folder.note_input("gold", test)
        votes = apply_lfs(lfs, test, error_budget=project.lfs.error_budget)
        with folder.timed("predict"):
            predictions = stage_predictions(votes, labelled.model, classifiers, test.texts(), lfs.labels)
        if project.gold.ceiling is not None:
            with folder.timed("train gold_ceiling"):
                predictions["gold_ceiling"] = _ceiling(project, corpus, lfs.labels, folder, progress)(test.texts())
        scores = score_stages(Y, predictions, lfs.labels, project.gold.positive, project.seed)
        summary = LFAnalysis(votes).lf_summary(Y, labelled.model.lf_accuracies_)
    folder.finish(corpus, labelled.votes, labelled.model, summary, labelled.preds, scores)
    return RunResult(labelled, scores, folder)


def label_corpus(
    corpus: Corpus,
    lfs: LFCollection | Iterable[LF],
    settings: LabelModelSettings | None = None,
    *,
    seed: int = 0,
    error_budget: float = 0.05,
    workers: int = 1,
    progress: bool = False,
) -> Labelled:
    """Vote on a corpus, fit a label model on the votes, and apply it to them."""
    votes = apply_lfs(lfs, corpus, error_budget=error_budget, workers=workers, progress=progress)
    patterns = votes.patterns()
    model = make_label_model(settings or LabelModelSettings(), votes.cardinality, seed).fit(patterns)
    return Labelled(votes, model, model.predict_proba(patterns), model.predict(patterns))


def make_label_model(settings: LabelModelSettings, cardinality: int, seed: int = 0) -> LabelModel:
    """Make the label model that the settings name, not fitted."""
    from weaklabel.label_model import MajorityVote, SnorkelLabelModel

    if settings.name == "majority":
        return MajorityVote(cardinality)
    return SnorkelLabelModel(
        cardinality,
        class_balance=settings.class_balance,
        n_epochs=settings.n_epochs,
        lr=settings.lr,
        l2=settings.l2,
        seed=seed,
    )


def make_classifier(
    settings: ClassifierSettings,
    labels: Sequence[str],
    seed: int = 0,
    *,
    log: Path | None = None,
    progress: bool = False,
) -> Classifier:
    """Make the classifier that the settings name, not fitted; ``log`` is the folder for BERT's training log."""
    from weaklabel.classifier import BertClassifier, LinearClassifier

    if settings.name == "linear":
        return LinearClassifier(labels=labels, seed=seed)
    return BertClassifier(labels=labels, seed=seed, run_folder=log, progress=progress, **settings.options())


def with_baselines(name: str, classifier: Classifier, labels: Sequence[str], seed: int) -> dict[str, Classifier]:
    """Return a classifier and the baselines that always stand beside it in the scores, by stage."""
    from weaklabel.classifier import LinearClassifier, MajorityClassifier

    baselines: dict[str, Classifier] = {
        "majority_class": MajorityClassifier(labels=labels),
        "linear": LinearClassifier(labels=labels, seed=seed),
    }
    return baselines | {name: classifier}


def stage_predictions(
    votes: Votes, model: LabelModel, classifiers: dict[str, Classifier], texts: Sequence[str], labels: Sequence[str]
) -> dict[str, Labels | Probs]:
    """Return what every stage says of the same rows: classes for the votes, probabilities for the models."""
    from weaklabel.label_model import MajorityVote

    predictions: dict[str, Labels | Probs] = {
        "majority_vote": MajorityVote(len(labels)).fit(votes).predict(votes),
        "label_model": model.predict_proba(votes),
    }
    return predictions | {name: classifier.predict_proba(texts) for name, classifier in classifiers.items()}


def score_stages(
    Y: Labels, predictions: dict[str, Labels | Probs], labels: Sequence[str], positive: str | None, seed: int
) -> dict[str, Scores]:
    """Score every stage against the same gold."""
    return {
        stage: score(Y, predicted, labels=labels, positive=positive, seed=seed)
        for stage, predicted in predictions.items()
    }


def _train(
    project: Project, corpus: Corpus, labelled: Labelled, labels: Sequence[str], folder: RunFolder, progress: bool
) -> dict[str, Classifier]:
    """Train the project's classifier and the baselines on the label model's probabilities, and save them."""
    held_out = _held_out(corpus, project.gold)
    rows = np.flatnonzero(~held_out)
    if held_out.any() and np.isnan(labelled.probs[rows]).all():
        raise ConfigError(
            f"{corpus.name}: every row with a vote has gold, and rows with gold are kept out of training; "
            "give more rows without gold, or gold in a file of its own (gold.path)"
        )
    texts = corpus.texts()
    name = project.classifier.name
    log = folder.path / "training" / name
    chosen = make_classifier(project.classifier, labels, project.seed, log=log, progress=progress)
    classifiers = with_baselines(name, chosen, labels, project.seed)
    for stage, classifier in classifiers.items():
        with folder.timed(f"train {stage}"):
            classifier.fit([texts[row] for row in rows], labelled.probs[rows])
        folder.save_classifier(stage, classifier, labelled.votes)
    return classifiers


def _held_out(corpus: Corpus, gold: GoldSettings | None) -> np.ndarray:
    """Rows that carry gold in the corpus itself, and so must not be trained on. Shape: [n]."""
    if gold is None or gold.path is not None:
        return np.zeros(len(corpus), dtype=bool)
    return np.array([value not in (None, "") for value in corpus.column(gold.column)])


def _gold(project: Project, corpus: Corpus, labels: Sequence[str]) -> tuple[Corpus, Labels]:
    """Open the test rows and their gold: a file of their own, or the rows of the corpus that have gold."""
    gold = project.gold
    assert gold is not None
    test = corpus if gold.path is None else _read_gold(project, gold.path)
    Y = encode_labels(test.column(gold.column), labels, f"{test.name}, column '{gold.column}'")
    if not (Y != ABSTAIN).any():
        raise ConfigError(f"{test.name}: column '{gold.column}' holds no gold label; fill it, or leave out [gold]")
    return test, Y


def _read_gold(project: Project, path: Path) -> Corpus:
    """Open a file with gold, written like the corpus; labeling functions do not see its gold."""
    assert project.gold is not None
    return read_corpus(path, hide=[project.gold.column], **project.corpus.reading() | {"limit": None})


def _ceiling(
    project: Project, corpus: Corpus, labels: Sequence[str], folder: RunFolder, progress: bool
) -> Callable[[Sequence[str]], Probs]:
    """Train the same classifier on gold for the corpus's own texts, and return how it predicts."""
    gold = project.gold
    assert gold is not None and gold.ceiling is not None
    truth, texts = _read_gold(project, gold.ceiling), corpus.texts()
    folder.note_input("ceiling", truth)
    of_text = dict(zip(truth.texts(), truth.column(gold.column), strict=True))
    missing = sum(text not in of_text for text in texts)
    if missing:
        raise ConfigError(f"gold.ceiling: {gold.ceiling.name} has no gold for {missing} of {len(texts)} texts")
    Y = encode_labels([of_text[text] for text in texts], labels, f"{gold.ceiling.name}, column '{gold.column}'")
    log = folder.path / "training" / "gold_ceiling"
    classifier = make_classifier(project.classifier, labels, project.seed, log=log, progress=progress)
    return classifier.fit(texts, Y).predict_proba
