"""The run of a project, from top to bottom: every step is a function in the list of `steps_of`.

A step reads what the steps before it wrote into the run folder, and writes its own results. What it depends on is in
the list: with these the same, it is not done again. Gold is opened only by the last steps, when everything else is trained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weaklabel.classifier import load_classifier
from weaklabel.classifier.named import BASELINES, for_gold, make_classifier, options_for_gold
from weaklabel.config import ClassifierSettings, GeneratorSettings, Project
from weaklabel.corpus import Corpus, Reject, write_rejects
from weaklabel.encoder.encoder import default_model
from weaklabel.errors import ConfigError, MissingPackageError, nearest
from weaklabel.job import LabelOptions, label_corpus, read_voted, vote_corpus
from weaklabel.job.asked import asking_in_job
from weaklabel.job.costs import LFCost, asking_costs
from weaklabel.job.engine import Engine, LocalEngine
from weaklabel.job.folder import lf_keys
from weaklabel.job.journal import Journal, Record
from weaklabel.job.label import row_choices
from weaklabel.job.output import free_prefix
from weaklabel.job.plan import PlannedStep, plan_table
from weaklabel.job.steps import Pipeline, Step, UnknownStepError
from weaklabel.job.training import TrainingRows, check_trainable, training_rows
from weaklabel.label_model import load_label_model
from weaklabel.label_model.base import make_label_model
from weaklabel.lf.packs import LFCollection, identity_of, load_lfs
from weaklabel.project.asked import hiding
from weaklabel.project.export import check_forms, export_labeled
from weaklabel.project.folder import check_run_folder, check_run_inputs, is_run, read_counts
from weaklabel.project.gold import (
    GoldPredictions,
    check_gold,
    check_rows_to_train_on,
    gold_inputs,
    gold_of_texts,
    held_out,
    held_out_inputs,
    open_gold,
    open_unlabeled,
    stage_predictions,
)
from weaklabel.project.names import (
    COUNTS,
    COVERED,
    EXPORT,
    GOLD,
    LABEL_MODEL,
    LABELED,
    LF_TABLE,
    MANIFEST,
    MODELS,
    PAGE,
    PREDS,
    PROBS,
    REJECTS,
    REPORT,
    SCORES,
    TRAINED,
    TRAINING,
    VOTED,
    VOTES,
)
from weaklabel.project.options import Options
from weaklabel.project.outcome import (
    Labeled,
    files_of,
    read_scores,
    timings_of,
    write_manifest,
    write_reports,
)
from weaklabel.project.prepare import Preparation, preparing_steps
from weaklabel.registries import CLASSIFIERS, EXPORTERS, LABEL_MODELS
from weaklabel.report.markdown import CEILING
from weaklabel.scoring import Scores, score as score_stage
from weaklabel.support.files import write_json
from weaklabel.support.hashing import hash_path
from weaklabel.support.mapped import map_npy
from weaklabel.support.naming import settings_named
from weaklabel.support.plugins import plugin_versions
from weaklabel.support.progress import say, showing, stage
from weaklabel.votes import Votes, load_votes
from weaklabel.votes.cascade import needs_answers, rows_to_ask

if TYPE_CHECKING:
    from weaklabel.llm import Asking, Spent


@dataclass(frozen=True)
class Run:
    """What every step gets.

    Attributes
    ----------
    project, corpus, lfs
        What is run, on which rows, with which labeling functions.
    folder
        Where the steps before have written, and this one writes.
    work
        Where the step keeps what it needs to resume after an interruption; removed when it is done.
    records
        What is kept of the steps before.
    outputs
        What each file holds that the steps of this run may write, by its name in the folder; "" where only steps read it.
    engine
        Who works on the parts of the corpus.
    progress
        Show progress on stderr.
    asked
        What language models are asked with; None where none is to be asked.
    """

    project: Project
    corpus: Corpus
    lfs: LFCollection
    folder: Path
    work: Path
    records: Mapping[str, Record]
    outputs: Mapping[str, str]
    engine: Engine
    progress: bool = False
    asked: Asking | None = None

    @property
    def spent(self) -> Spent | None:
        """What language models took so far, in all runs into this folder."""
        return None if self.asked is None else self.asked.spent()


def label_options(run: Run) -> LabelOptions:
    """Return how the corpus is voted on and labeled."""
    return voting_options(run.project, run.corpus, run.lfs)


def voting_options(project: Project, corpus: Corpus, lfs: LFCollection) -> LabelOptions:
    """Return how a corpus is voted on and labeled."""
    return LabelOptions(
        project.label_model,
        project.seed,
        read_texts=None,
        prefix=free_prefix(corpus, lfs.labels),
        error_budget=project.lfs.error_budget,
        workers=project.lfs.workers,
    )


def read(run: Run) -> None:
    """Read the corpus once: count its rows, keep what cannot be read, and check that marked entities are in their texts."""
    rows = n_rejects = 0

    def rejects() -> Iterator[Reject]:
        nonlocal rows, n_rejects
        with stage("reading", unit="rows") as progress:
            for part in run.corpus.parts():
                if run.corpus.entities:
                    part.batch.model_texts  # noqa: B018
                rows, n_rejects = rows + part.part.n_rows, n_rejects + len(part.rejects)
                progress.advance(part.part.n_rows)
                yield from part.rejects

    write_rejects(run.folder / REJECTS, rejects())
    check_rows_to_train_on(run.project, run.corpus, rows)
    write_json(run.folder / COUNTS, {"rows": rows, "rejects": n_rejects})


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
        held_out=held_out(project, run.corpus),
    )
    if np.isnan(rows.probs).all():
        raise ConfigError(
            f"{run.corpus.name}: every row with a vote has gold, and rows with gold are kept out of training; "
            "give more rows without gold, or gold in its own file (gold.path)"
        )
    classifier.fit(rows.texts, rows.probs)
    _note_rows(run, name, rows)
    provenance = (
        f"{votes.m} labeling functions ({', '.join(_pack_names(project))}) voted on {votes.n:,} texts of "
        f"{project.corpus.path.name}; the label model '{project.label_model.name}' turned the votes into probabilities. "
        f"{rows.describe()}"
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


def _note_rows(run: Run, name: str, rows: TrainingRows) -> None:
    """Keep how many rows a classifier was trained on, for the report."""
    noted = {"rows": len(rows.rows), "trainable": rows.n_trainable, "described": rows.describe()}
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


def steps_of(project: Project, corpus: Corpus, lfs: LFCollection) -> list[Step[Run]]:
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
    base = _model_files(project.classifier.model)
    trained = chosen_settings(project)
    of_trained = {
        name: options(kind.section, "seed", but=_named_by_content({f"{kind.section}.model": kind.model}))
        for name, kind in trained.items()
    }
    classifier = of_trained[chosen]
    encoder = project.label_model.options().get("encoder")
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
            settings=options("label_model", "seed", but=_named_by_content({"label_model.encoder": encoder})),
            files=_model_files(encoder),
            packages=plugin_versions(LABEL_MODELS.group, project.label_model.name),
            modules=LABEL_MODELS.modules(project.label_model.name),
        ),
    ]
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
                ("label", "vote"),
                (name,),
                settings=of_trained.get(name, options("seed", "classifier.max_rows"))
                | (hidden | options("gold.split") if gold else {}),
                files=held | (_model_files(trained[name].model) if name in trained else {}),
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
                files=gold_inputs(project),
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
                ("read", "vote", "label", *(["predict", "score"] if gold is not None else [])),
                settings=hidden
                | options("export", "seed", "title", "protect", but=_named_by_content({"export.tokenizer": tokenizer}))
                | (options("gold.split") if gold is not None else {}),
                files=held | (_model_files(tokenizer) if tokenizer else {}),
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


def _named_by_content(models: Mapping[str, str | None]) -> list[str]:
    """Return the settings whose model is in a folder: its hash counts, and where it is does not; see `_model_files`."""
    return [name for name, model in models.items() if model is not None and Path(model).is_dir()]


def _model_files(model: str | None) -> dict[str, str]:
    """Return the hash of the model that texts are read with, where it is in a folder."""
    try:
        folder = Path(model) if model is not None else default_model()
    except MissingPackageError:
        return {}
    return {folder.name if model else "the default encoder": hash_path(folder)} if folder.is_dir() else {}


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes
    ----------
    folder
        Where everything is.
    files
        What each file in it holds.
    scores
        By stage; empty without gold.
    timings
        Seconds that each step took when it was done.
    done_before
        Whether nothing was left to do.
    """

    folder: Path
    files: Mapping[str, str]
    scores: Mapping[str, Scores]
    timings: Mapping[str, float]
    done_before: bool

    @property
    def spent(self) -> dict[str, Any] | None:
        """What language models took, in all runs into this folder; None where none was to be asked."""
        manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        spent: dict[str, Any] | None = manifest.get("spent")
        return spent

    @property
    def labeled(self) -> Labeled:
        """The votes, the label model, and its predictions for every row."""
        return Labeled.read(self.folder)


def step_names(project: Project) -> list[str]:
    """Return the names of the steps of `steps_of`, which needs the corpus to say more of them."""
    training = [f"train {name}" for name in stages(project)]
    last = ["report"] if project.export is None else ["export", "report"]
    if project.gold is None:
        return ["read", "vote", "label", *training, *last]
    training += [f"train {CEILING}"] if project.gold.ceiling is not None else []
    return ["read", "vote", "label", *training, "predict", "score", *last]


def preparation_of(project: Project, again: str | None) -> tuple[Preparation | None, str | None]:
    """Return the preparation of a project's corpus, if it has one, and which step after it is to be done again.

    Parameters
    ----------
    project
        See `weaklabel.config.read_project`.
    again
        Name of a step, before or after; "" for all.

    Raises
    ------
    UnknownStepError
        There is no such step.
    """
    before, after = preparing_steps(project), step_names(project)
    if again and again not in {*before, *after, *(name.partition(" ")[0] for name in after)}:
        names = [*before, *after]
        raise UnknownStepError(f"no step '{again}'{nearest(again, names)}; the steps are {', '.join(names)}")
    if not before:
        return None, again
    is_before = again in ("", *before)
    return Preparation(project, again if is_before else None), None if again in before else again


def steps_to_come(project: Project, preparation: Preparation) -> list[PlannedStep]:
    """Return the plan of the steps that follow a preparation which is not done."""
    causes = tuple(step.name for step in preparation.plan if step.where != preparation.folder)[:1]
    return [PlannedStep(name, "to do", (f"{causes[0]} is to be done first",)) for name in step_names(project)]


class ProjectRun:
    """A project's run that is to begin: everything is checked that can be, and nothing is computed.

    The corpus is there: one that the project prepares is prepared.

    Parameters
    ----------
    project
        See `weaklabel.config.read_project`.
    file
        Where it was read from, so that results are not written there.
    again
        Name of a step that is done again with all that depends on it; "" for all steps. See `Pipeline`.

    Raises
    ------
    WeakLabelError
        The input, a labeling function or the project is at fault.
    UnknownStepError
        The step does not exist.
    """

    def __init__(self, project: Project, file: Path | None = None, again: str | None = None) -> None:
        self.project = project
        self.lfs = load_lfs(*project.lfs.use)
        self.corpus = open_unlabeled(project)
        check_gold(project, self.corpus, self.lfs.labels)
        check_run_folder(project.out)
        check_run_inputs(project, self.corpus, self.lfs, file)
        self.again = again

    @cached_property
    def pipeline(self) -> Pipeline[Run]:
        """The steps, with what decides their results now."""
        return Pipeline(steps_of(self.project, self.corpus, self.lfs), self.project.out, MANIFEST, self.again)

    def check_models(self) -> None:
        """Find out whether the label model, the classifier and the forms of export can be as the project says.

        Raises
        ------
        WeakLabelError
            An option is unknown to one of them, or out of range.
        """
        project, labels = self.project, self.lfs.labels
        make_label_model(project.label_model, len(labels), project.seed)
        for name, chosen in chosen_settings(project).items():
            make_classifier(name, chosen.options(), labels, project.seed, log=project.out / TRAINING)
        if project.export is not None:
            check_forms(project.export, self.corpus, self.lfs)

    def plan(self) -> list[PlannedStep]:
        """Say of every step whether it is done."""
        return self.pipeline.plan()

    def is_done(self, plan: Sequence[PlannedStep]) -> bool:
        """Return whether all steps are done, and their results are in the run folder."""
        return is_run(self.project.out) and all(step.where == self.project.out for step in plan)

    def run(
        self, plan: Sequence[PlannedStep] | None = None, *, progress: bool = False, engine: Engine | None = None
    ) -> RunResult:
        """Do the steps that are not done; see `run_project`.

        Parameters
        ----------
        plan
            What `plan` has just returned, if it was asked for; it is shown, and decides whether there is anything to do.
        progress, engine
            As of `run_project`.
        """
        plan = self.plan() if plan is None else plan
        done_before = self.is_done(plan)
        if not done_before:
            self.check_models()
            for line in plan_table(plan).splitlines():
                say(line)
            busy = f"another run is writing {self.project.out}: wait for it, or choose another folder for 'out'"
            with self.asking() as asked:
                self.pipeline.run(partial(self._shared, progress, engine or LocalEngine(), asked), self._finish, busy)
        records = Journal(self.project.out).records
        return RunResult(
            self.project.out,
            files_of(self.project.out, self._outputs),
            read_scores(self.project.out),
            timings_of(records),
            done_before,
        )

    @property
    def _outputs(self) -> dict[str, str]:
        return {name: what for step in self.pipeline.steps for name, what in step.outputs.items()}

    def asking(self) -> AbstractContextManager[Asking | None]:
        """Let language models be asked within the caps of the project, which count for all runs into its folder."""
        return asking_in_job(self.lfs, self.project.llm, lambda: str(self.project.out), hiding(self.project))

    @property
    def voting_options(self) -> LabelOptions:
        """How the corpus is voted on and labeled."""
        return voting_options(self.project, self.corpus, self.lfs)

    def costs(self) -> list[LFCost]:
        """Return what asking language models will take; nothing is sent, and only votes that are there are used."""
        with self.asking():
            return asking_costs(self.corpus, self.lfs, self.voting_options, vote=False)

    def _shared(
        self,
        progress: bool,
        engine: Engine,
        asked: Asking | None,
        folder: Path,
        work: Path,
        records: Mapping[str, Record],
    ) -> Run:
        return Run(self.project, self.corpus, self.lfs, folder, work, records, self._outputs, engine, progress, asked)

    def _finish(self, run: Run) -> None:
        files = files_of(run.folder, run.outputs)
        write_manifest(run.folder, run.project, run.corpus, run.lfs, run.records, files, run.spent)


def run_project(
    project: Project,
    *,
    file: Path | None = None,
    again: str | None = None,
    engine: Engine | None = None,
    progress: bool = False,
) -> RunResult:
    """Label a corpus, train classifiers on the labels, score every stage, and write it all into a run folder.

    Where the project says how the corpus is prepared (collected, cleaned, and so on), that is done first. Steps that are
    done are not done again; a run that was interrupted resumes. Gold is opened only once everything but the ceiling has
    been trained.

    Parameters
    ----------
    project
        See `weaklabel.config.read_project`.
    file
        Where it was read from, so that results are not written there.
    again
        Name of a step that is done again with all that depends on it, such as "train"; "" for all steps.
    engine
        Who works on the parts of the corpus; by default this machine.
    progress
        Show progress on stderr.

    Raises
    ------
    WeakLabelError
        The input, a labeling function or the project is at fault; where a step failed, the message names it.
    UnknownStepError
        There is no step ``again``.
    """
    with showing(progress), settings_named("key"):
        preparation, again = preparation_of(project, again)
        if preparation is not None:
            preparation.run(engine=engine)
            project = preparation.prepared
        return ProjectRun(project, file, again).run(progress=progress, engine=engine)
