"""The whole story, top to bottom: votes, label model, classifiers, and only then gold and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from weaklabel.classifier.named import for_gold, make_classifier, options_for_gold, with_baselines
from weaklabel.config import LabelModelSettings, Project
from weaklabel.corpus import Corpus
from weaklabel.errors import ConfigError
from weaklabel.label_model.named import make_label_model
from weaklabel.labels import Labels, Probs
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.project.folder import RunFolder
from weaklabel.project.gold import (
    Stage,
    check_gold,
    gold_of_texts,
    held_out,
    open_gold,
    open_unlabelled,
    stage_predictions,
    with_gold,
)
from weaklabel.report.insight import Gold
from weaklabel.scoring import Scores, score
from weaklabel.support.progress import showing, stage
from weaklabel.votes import LFAnalysis, Votes, apply_lfs
from weaklabel.votes.tally import has_vote

if TYPE_CHECKING:
    from weaklabel.classifier import Classifier
    from weaklabel.label_model import BaseLabelModel


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
        Shape: [n, k]; all NaN where no labeling function voted, unless the label model read the texts.
    preds
        Shape: [n]; -1 where probabilities are NaN or the most probable classes tie.
    """

    votes: Votes
    model: BaseLabelModel
    probs: Probs
    preds: Labels


@dataclass(frozen=True)
class RunResult:
    """What a run found: the labelled corpus, the scores by stage, and the folder that holds everything."""

    labelled: Labelled
    scores: dict[str, Scores]
    folder: RunFolder


def run_project(project: Project, *, file: Path | None = None, progress: bool = False) -> RunResult:
    """Label a corpus, train classifiers on the labels, score every stage, and write it all into a run folder.

    Gold is opened only once everything but the ceiling has been trained.

    Parameters
    ----------
    project
        See `weaklabel.config.read_project`.
    file
        Where it was read from, so that results are not written there.
    progress
        Show progress on stderr.

    Raises
    ------
    WeakLabelError
        The input, a labeling function or the project is at fault.
    """
    with showing(progress):
        return _run_project(project, file, progress)


def _run_project(project: Project, file: Path | None, progress: bool) -> RunResult:
    lfs = load_lfs(*project.lfs.use)
    corpus = open_unlabelled(project)
    check_gold(project, corpus, lfs.labels)
    check_project(project, lfs.labels)
    with RunFolder(project, corpus, lfs, file) as folder:
        log = folder.path / "training" / project.classifier.name
        chosen = make_classifier(
            project.classifier.name, project.classifier.options(), lfs.labels, project.seed, log=log, progress=progress
        )
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
        folder.save_labels(labelled.votes, labelled.model, labelled.preds, labelled.probs)
        classifiers = _train(project, corpus, labelled, lfs.labels, folder, chosen)

        # Only from here on is gold looked at.
        scores: dict[str, Scores] = {}
        gold = None
        summary = LFAnalysis(labelled.votes).lf_summary(est_weights=labelled.model.lf_accuracies_)
        if project.gold is not None:
            with folder.timed("votes on gold rows"):
                rows = open_gold(project, corpus, labelled.votes, lfs, folder)
            with folder.timed("predict gold rows"):
                stages = stage_predictions(rows, labelled.model, classifiers)
            if project.gold.ceiling is not None:
                with folder.timed("train gold_ceiling"):
                    ceiling = _train_ceiling(project, corpus, lfs.labels, folder, progress)
                stages["gold_ceiling"] = Stage.of(ceiling.predict_proba(rows.texts))
            scores = _score(rows.Y, stages, project, lfs.labels)
            probs_of = {name: stage.probs for name, stage in stages.items()}
            gold = Gold(rows.Y, probs_of, rows.of_corpus(labelled.votes.n))
            summary = with_gold(summary, LFAnalysis(rows.L, lfs.lfs).lf_summary(rows.Y))
        votes, model, preds, probs = labelled.votes, labelled.model, labelled.preds, labelled.probs
        folder.finish(votes, model, classifiers, summary, preds, probs, scores, gold)
    return RunResult(labelled, scores, folder)


def check_project(project: Project, labels: Sequence[str]) -> None:
    """Find out before any work whether the label model and the classifier can be as the project says.

    Raises
    ------
    WeakLabelError
        An option is unknown to the one or the other, or out of range.
    """
    make_label_model(project.label_model, len(labels), project.seed)
    make_classifier(
        project.classifier.name, project.classifier.options(), labels, project.seed, log=project.out / "training"
    )


def label_corpus(
    corpus: Corpus,
    lfs: LFCollection,
    settings: LabelModelSettings | None = None,
    *,
    seed: int = 0,
    error_budget: float | None = None,
    workers: int = 1,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    progress: bool = False,
    read_texts: bool = True,
    skim: bool = False,
) -> Labelled:
    """Vote on a corpus, fit a label model on the votes, and apply it to them.

    A label model that uses texts is given them, too, unless ``read_texts`` is false: embedding them takes longer than
    all the rest. With ``skim``, ``auto`` embeds only the beginnings of long texts, all of whose words it looks at anyway
    (see `weaklabel.encoder.features.TextFeatures`): a quarter of the work.
    """
    from weaklabel.encoder.features import SKIMMED_TOKENS, are_long
    from weaklabel.label_model import AutoLabelModel

    model = make_label_model(settings or LabelModelSettings(), len(lfs.labels), seed)  # says what it cannot do
    # Before the votes, which may take hours: an entity that is not in its text is an error.
    with showing(progress):
        texts = corpus.model_texts() if model.uses_texts and read_texts else None
        if skim and texts is not None and isinstance(model, AutoLabelModel) and are_long(texts, model.max_length):
            model.set_params(max_length=min(model.max_length, SKIMMED_TOKENS))
        votes = apply_lfs(
            lfs,
            corpus,
            error_budget=error_budget,
            workers=workers,
            time_limit=time_limit,
            memory_limit=memory_limit,
            progress=progress,
        )
        patterns = votes.patterns()
        with stage("label model"):
            model.fit(patterns, texts)
            preds, probs = model.predict(patterns, return_probs=True, texts=texts)
    return Labelled(votes, model, probs, preds)


def check_trainable(labelled: Labelled, corpus: Corpus) -> None:
    """Refuse to train a classifier where no labeling function votes: all that it could learn is the class balance.

    Raises
    ------
    ConfigError
        Names the corpus and says what to look at.
    """
    if not has_vote(labelled.votes.L).any():
        raise ConfigError(
            f"{corpus.name}: no labeling function votes on any row, so there is nothing to train on: check the text column "
            f"({', '.join(corpus.text)}), and what each labeling function does with weaklabel analyze"
        )


def _score(Y: Labels, stages: dict[str, Stage], project: Project, labels: Sequence[str]) -> dict[str, Scores]:
    positive = project.gold.positive if project.gold else None
    return {
        name: score(Y, stage.preds, probs=stage.probs, labels=labels, positive=positive, seed=project.seed)
        for name, stage in stages.items()
    }


def _train(
    project: Project, corpus: Corpus, labelled: Labelled, labels: Sequence[str], folder: RunFolder, chosen: Classifier
) -> dict[str, Classifier]:
    """Train the project's classifier and the baselines on the label model's probabilities, and save them."""
    check_trainable(labelled, corpus)
    held = held_out(project, corpus)
    rows = np.flatnonzero(~held)
    if held.any() and np.isnan(labelled.probs[rows]).all():
        raise ConfigError(
            f"{corpus.name}: every row with a vote has gold, and rows with gold are kept out of training; "
            "give more rows without gold, or gold in a file of its own (gold.path)"
        )
    texts = corpus.model_texts()
    classifiers = with_baselines(project.classifier.name, chosen, labels, project.seed)
    for name, classifier in classifiers.items():
        with folder.timed(f"train {name}"):
            classifier.fit([texts[row] for row in rows], labelled.probs[rows])
        folder.save_classifier(name, classifier, labelled.votes)
    return classifiers


def _train_ceiling(
    project: Project, corpus: Corpus, labels: Sequence[str], folder: RunFolder, progress: bool
) -> Classifier:
    """Train the same classifier on gold for the corpus's own texts: what perfect labels would give."""
    assert project.gold is not None and project.gold.ceiling is not None
    texts = corpus.model_texts()
    Y = gold_of_texts(project, project.gold.ceiling, texts, labels)
    log = folder.path / "training" / "gold_ceiling"
    name, options = project.classifier.name, project.classifier.options()
    ceiling = make_classifier(
        for_gold(name), options_for_gold(name, options), labels, project.seed, log=log, progress=progress
    )
    return ceiling.fit(texts, Y)
