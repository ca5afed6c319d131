"""The steps of a run with labels for whole texts: every step is a function in the list of `steps_of_texts`.

A step reads what the steps before it wrote into the run folder, and writes its own results. What it depends on is in
the list: with these the same, it is not done again. Gold is opened only by the last steps, when everything else is trained.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from weaklabel.classifier import load_classifier
from weaklabel.classifier.named import BASELINES, for_gold, make_classifier, options_for_gold
from weaklabel.config import ClassifierSettings, GeneratorSettings, Project
from weaklabel.corpus import Corpus
from weaklabel.encoder.named import model_files
from weaklabel.errors import ConfigError
from weaklabel.job import LabelOptions, label_corpus, read_voted, vote_corpus
from weaklabel.job.folder import lf_keys
from weaklabel.job.label import row_choices
from weaklabel.job.output import free_prefix
from weaklabel.job.steps import Step
from weaklabel.job.training import TrainingRows, check_trainable, training_rows
from weaklabel.label_model import load_label_model
from weaklabel.lf.identity import identity_of
from weaklabel.lf.packs import LFCollection
from weaklabel.project.augment import augment, augment_inputs, transformation_functions, with_new_rows
from weaklabel.project.decided import decided_classes, decided_inputs
from weaklabel.project.export import export_labeled
from weaklabel.project.folder import read_counts
from weaklabel.project.gold import (
    GoldPredictions,
    gold_inputs,
    gold_of_texts,
    held_out_inputs,
    open_gold,
    stage_predictions,
)
from weaklabel.project.names import (
    AUGMENT_COUNTS,
    AUGMENTED,
    COUNTS,
    COVERED,
    EXPORT,
    GOLD,
    LABEL_MODEL,
    LABELED,
    LF_TABLE,
    MODELS,
    PAGE,
    PREDS,
    PROBS,
    QUALITY,
    REFUSED,
    REJECTS,
    REPORT,
    SCORES,
    TO_CHECK,
    TRAINED,
    TRAINING,
    VOTED,
    VOTES,
)
from weaklabel.project.options import Options
from weaklabel.project.outcome import files_of, write_reports
from weaklabel.project.quality import check, quality_inputs
from weaklabel.project.select import not_trained_on, select_steps
from weaklabel.project.step import Run, named_by_content, read
from weaklabel.registries import CLASSIFIERS, EXPORTERS, LABEL_MODELS
from weaklabel.report.markdown import CEILING
from weaklabel.scoring import score as score_stage
from weaklabel.support.files import write_json
from weaklabel.support.hashing import hash_path
from weaklabel.support.mapped import map_npy
from weaklabel.support.plugins import plugin_versions
from weaklabel.support.progress import say
from weaklabel.votes import Votes, load_votes
from weaklabel.votes.cascade import needs_answers, rows_to_ask


def label_options(run: Run) -> LabelOptions:
    """Return how the corpus is voted on and labeled."""
    return voting_options(run.project, run.corpus, run.lfs)


def voting_options(project: Project, corpus: Corpus, lfs: LFCollection) -> LabelOptions:
    """Return how a corpus is voted on and labeled."""
    return LabelOptions(
        # Where the file lies decides nothing.
        project.label_model.model_copy(update={"decisions": None}),
        project.seed,
        read_texts=None,
        decided=decided_classes(project, lfs.labels),
        prefix=free_prefix(corpus, lfs.labels),
        error_budget=project.lfs.error_budget,
        workers=project.lfs.workers,
    )


def vote(run: Run) -> None:
    """Let every labeling function vote on every row; those that voted on this corpus before are not asked again."""
    (run.folder / VOTED).mkdir(exist_ok=True)
    voted = vote_corpus(run.corpus, run.lfs, label_options(run), folder=run.folder / VOTED, engine=run.engine)
    voted.save_votes(run.folder / VOTES)
    write_json(run.folder / COVERED, {"covered": voted.covered})


def label(run: Run) -> None:
    """Fit the label model on the votes, and label every row."""
    voted = read_voted(run.corpus, run.lfs, label_options(run), run.folder / VOTED)
    labeled = label_corpus(
        run.corpus,
        run.lfs,
        label_options(run),
        folder=run.work,
        out=run.folder / LABELED,
        voted=voted,
        engine=run.engine,
    )
    if labeled.texts_read.fast:
        say(f"texts: {labeled.texts_read.describe()}")
    labeled.model.save(run.folder / LABEL_MODEL)
    labeled.save_labels(run.folder / PREDS, run.folder / PROBS)


def train(run: Run, name: str) -> None:
    """Train a classifier on the probabilities of the rows without gold."""
    project, votes = run.project, load_votes(run.folder / VOTES)
    chosen = chosen_settings(project).get(name)
    check_trainable(json.loads((run.folder / COVERED).read_text(encoding="utf-8"))["covered"], run.corpus)
    classifier = make_classifier(
        stages(project)[name],
        chosen.options() if chosen is not None else {},
        run.lfs.labels,
        project.seed,
        log=run.folder / TRAINING / name,
        progress=run.progress,
    )
    rows = training_rows(
        run.corpus,
        map_npy(run.folder / PROBS),
        classifier,
        (chosen or project.classifier).max_rows,
        seed=project.seed,
        held_out=not_trained_on(project, run.corpus, run.folder),
    )
    texts, probs, n_new = with_new_rows(run, rows)
    if np.isnan(rows.probs).all():
        raise ConfigError(
            f"{run.corpus.name}: every row with a vote has gold, and rows with gold are kept out of training; "
            "give more rows without gold, or gold in its own file (gold.path)"
        )
    classifier.fit(texts, probs)
    _note_rows(run, name, rows, n_new)
    provenance = (
        f"{votes.m} labeling functions ({', '.join(_pack_names(project))}) voted on {votes.n:,} texts of "
        f"{project.corpus.path.name}; the label model '{project.label_model.name}' turned the votes into probabilities. "
        f"{_described(rows, n_new)}"
    ).strip()
    classifier.save(run.folder / MODELS / name, provenance=provenance, entities=run.corpus.entities)


def stages(project: Project) -> dict[str, str]:
    """Return the name of the classifier that is trained in each stage: of the baselines, and of the project's own."""
    return BASELINES | {name: name for name in chosen_settings(project)}


def chosen_settings(project: Project) -> dict[str, ClassifierSettings | GeneratorSettings]:
    """Return what the project says of its own classifier and of its language model, by their names."""
    chosen: list[ClassifierSettings | GeneratorSettings] = [project.classifier]
    chosen += [project.generator] if project.generator is not None else []
    return {settings.name: settings for settings in chosen}


def _pack_names(project: Project) -> list[str]:
    """Return the names of the packs; those of files without the folder, which says nothing to whom the model is given."""
    return [Path(spec).name if spec.endswith(".py") else spec for spec in project.lfs.use]


def _described(rows: TrainingRows, n_new: int) -> str:
    """Say what a classifier was trained on besides all rows of the corpus, or in their place; "" if nothing."""
    made = f"{n_new:,} new rows, made of training rows ([augment]), were added." if n_new else ""
    return f"{rows.describe()} {made}".strip()


def _note_rows(run: Run, name: str, rows: TrainingRows, n_new: int = 0) -> None:
    """Keep how many rows a classifier was trained on, for the report."""
    noted = {"rows": len(rows.rows), "trainable": rows.n_trainable, "described": _described(rows, n_new)}
    write_json(run.folder / TRAINED.format(name), noted)


def train_ceiling(run: Run) -> None:
    """Train the same classifier on gold for the corpus's own texts: what perfect labels would give."""
    project = run.project
    assert project.gold is not None and project.gold.ceiling is not None
    name, options = project.classifier.name, project.classifier.options()
    log = run.folder / TRAINING / CEILING
    classifier = make_classifier(
        for_gold(name), options_for_gold(name, options), run.lfs.labels, project.seed, log=log, progress=run.progress
    )
    every_row = np.zeros((read_counts(run.folder)["rows"], 1))
    rows = training_rows(run.corpus, every_row, classifier, project.classifier.max_rows, seed=project.seed)
    classifier.fit(rows.texts, gold_of_texts(project, project.gold.ceiling, rows.texts, run.lfs.labels))
    _note_rows(run, CEILING, rows)
    provenance = (
        f"Gold for texts of {project.corpus.path.name}, in {project.gold.ceiling.name}. {rows.describe()}".strip()
    )
    classifier.save(run.folder / MODELS / CEILING, provenance=provenance, entities=run.corpus.entities)


def predict(run: Run) -> None:
    """Open gold, and let every stage predict its rows."""

    def vote_on(rows: Corpus) -> Votes:
        options = label_options(run)
        # As on the corpus: else a number of rows that is a tenth of it might be all rows with gold.
        choices = row_choices(read_voted(run.corpus, run.lfs, options, run.folder / VOTED))
        return vote_corpus(rows, run.lfs, options, folder=run.work, engine=run.engine, choices=choices).votes

    rows = open_gold(run.corpus, load_votes(run.folder / VOTES), run.lfs, run.project, vote_on)
    names = [step.removeprefix("train ") for step in run.records if step.startswith("train ")]
    classifiers = {name: load_classifier(run.folder / MODELS / name) for name in names}
    stage_predictions(rows, load_label_model(run.folder / LABEL_MODEL), classifiers).save(run.folder / GOLD)


def score(run: Run) -> None:
    """Score what every stage predicted."""
    assert run.project.gold is not None
    predicted, positive = GoldPredictions.load(run.folder / GOLD), run.project.gold.positive
    scores = {
        name: score_stage(
            predicted.Y,
            stage.preds,
            probs=stage.probs,
            labels=run.lfs.labels,
            positive=positive,
            seed=run.project.seed,
        ).to_dict()
        for name, stage in predicted.stages.items()
    }
    write_json(run.folder / SCORES, scores)


def export(run: Run) -> None:
    """Write the labeled rows in the forms of other tools, with a dataset card."""
    (run.folder / EXPORT).mkdir(exist_ok=True)
    export_labeled(run.project, run.corpus, run.lfs, run.folder, run.folder / EXPORT)


def report(run: Run) -> None:
    """Write what there is to read about the run."""
    voted = read_voted(run.corpus, run.lfs, label_options(run), run.folder / VOTED)
    shown = files_of(run.folder, run.outputs)
    write_reports(run.folder, run.project, run.corpus, run.lfs, run.records, shown, voted, run.spent)


def steps_of_texts(project: Project, corpus: Corpus, lfs: LFCollection) -> list[Step[Run]]:
    """Return the steps of a project's run, in order, with all that their results depend on."""
    options, gold = Options(project), project.gold
    hidden = options("gold.column") if corpus.hide else {}
    keys = dict(zip(lfs.names, lf_keys(identity_of(lfs), lfs), strict=True))
    kinds = tuple(sorted({type(lf).__module__ for lf in lfs.lfs}))
    voting = hidden | options("lfs.error_budget") | {"labels": list(lfs.labels)}
    voting |= {f"where '{name}' votes": rows for name, rows in rows_to_ask(lfs.lfs).items()}
    if needs_answers(lfs.lfs):  # the first label model chooses the rows that some labeling functions are asked about
        voting |= options("label_model", "seed")
    prefix = free_prefix(corpus, lfs.labels)
    chosen = project.classifier.name
    base = model_files(project.classifier.model)
    trained = chosen_settings(project)
    of_trained = {
        name: options(kind.section, "seed", but=named_by_content({f"{kind.section}.model": kind.model}))
        for name, kind in trained.items()
    }
    classifier = of_trained[chosen]
    encoder = project.label_model.encoder
    held = held_out_inputs(project)

    steps: list[Step[Run]] = [
        Step(
            "read",
            read,
            {REJECTS: "rows that could not be read", COUNTS: ""},
            settings=options("corpus", but=("corpus.path",)),
            files={project.corpus.path.name: corpus.sha256()},
            modules=(type(corpus.source).__module__,),
        ),
        Step(
            "vote",
            vote,
            {VOTES: "L, the votes", VOTED: "", COVERED: ""},
            ("read",),
            settings=voting,
            lfs=keys,
            modules=kinds,
        ),
        Step(
            "label",
            label,
            {
                LABELED: f"the corpus with its labels, in the column {prefix}label",
                LABEL_MODEL: "the fitted label model",
                PREDS: "",
                PROBS: "",
            },
            ("vote",),
            settings=options(
                "label_model",
                "seed",
                but=["label_model.decisions", *named_by_content({"label_model.encoder": encoder})],
            ),
            files=model_files(encoder) | decided_inputs(project),
            packages=plugin_versions(LABEL_MODELS.group, project.label_model.name),
            modules=LABEL_MODELS.modules(project.label_model.name),
        ),
    ]
    chosen_rows = select_steps(project, len(lfs.labels))
    steps += chosen_rows
    selecting = tuple(step.name for step in chosen_rows)
    if project.augment is not None:
        functions = transformation_functions(project)
        steps.append(
            Step(
                "augment",
                augment,
                {
                    AUGMENTED: "new training rows, made of labeled ones",
                    REFUSED: "new rows that were refused, and why",
                    AUGMENT_COUNTS: "",
                },
                ("read", "vote", "label", *selecting),
                settings=hidden
                | options("augment", "seed", "lfs.error_budget", but=("augment.use", "augment.not_in"))
                | (options("gold.split") if gold else {}),
                lfs=keys | functions.keys(),
                files=held | augment_inputs(project),
                modules=tuple(sorted({type(tf).__module__ for tf in functions.tfs})),
            )
        )
    if project.quality is not None:
        steps.append(
            Step(
                "check",
                check,
                {QUALITY: "whether the labels are precise enough", TO_CHECK: "the rows to check by hand next"},
                ("label",),
                settings=options("quality", "seed", but=("quality.decisions",)),
                files=quality_inputs(project) | decided_inputs(project),
            )
        )
    for name, classifier_name in stages(project).items():
        steps.append(
            Step(
                f"train {name}",
                train,
                {
                    f"{MODELS}/{name}": f"the {name} classifier",
                    f"{TRAINING}/{name}": "loss and speed, epoch by epoch",
                    TRAINED.format(name): "",
                },
                ("label", "vote", *selecting, *(["augment"] if project.augment is not None else [])),
                (name,),
                settings=of_trained.get(name, options("seed", "classifier.max_rows"))
                | (hidden | options("gold.split") if gold else {}),
                files=held | (model_files(trained[name].model) if name in trained else {}),
                packages=plugin_versions(CLASSIFIERS.group, classifier_name),
                modules=CLASSIFIERS.modules(classifier_name),
            )
        )
    if gold is not None and gold.ceiling is not None:
        steps.append(
            Step(
                f"train {CEILING}",
                train_ceiling,
                {
                    f"{MODELS}/{CEILING}": "the same classifier, trained on gold",
                    f"{TRAINING}/{CEILING}": "loss and speed, epoch by epoch",
                    TRAINED.format(CEILING): "",
                },
                ("read",),
                settings=classifier | options("gold.column") | {"labels": list(lfs.labels)},
                files=base | {gold.ceiling.name: hash_path(gold.ceiling)},
                packages=plugin_versions(CLASSIFIERS.group, for_gold(chosen)),
                modules=CLASSIFIERS.modules(for_gold(chosen)),
            )
        )
    if gold is not None:
        training = [step.name for step in steps if step.name.startswith("train ")]
        steps += [
            Step(
                "predict",
                predict,
                {GOLD: ""},
                ("vote", "label", *training),
                settings=voting | options("gold.column", "gold.split"),
                files=gold_inputs(project) | decided_inputs(project),
                modules=kinds,
            ),
            Step(
                "score",
                score,
                {SCORES: "scores of every stage"},
                ("predict",),
                settings=options("gold.positive", "seed"),
            ),
        ]
    if project.export is not None:
        tokenizer = (project.export.model_extra or {}).get("tokenizer")
        forms = project.export.to
        steps.append(
            Step(
                "export",
                export,
                {EXPORT: "the labeled rows for other tools, with a dataset card"},
                (
                    *("read", "vote", "label", *selecting),
                    *(["augment"] if project.augment is not None else []),
                    *(["predict", "score"] if gold is not None else []),
                ),
                settings=hidden
                | options("export", "seed", "title", "protect", but=named_by_content({"export.tokenizer": tokenizer}))
                | (options("gold.split") if gold is not None else {}),
                files=held | (model_files(tokenizer) if tokenizer else {}),
                lfs=keys,
                packages={
                    name: version for form in forms for name, version in plugin_versions(EXPORTERS.group, form).items()
                },
                modules=EXPORTERS.modules(*forms),
            )
        )
    steps.append(
        Step(
            "report",
            report,
            {LF_TABLE: "what each labeling function did", REPORT: "this run as text", PAGE: "this run as a page"},
            tuple(step.name for step in steps),
            settings=options(),
        )
    )
    return steps
