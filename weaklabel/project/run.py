"""The run of a project: its steps are planned, and those that are not done are done.

The steps are in `weaklabel.project.texts` for labels of whole texts, and in `weaklabel.project.spans` for spans.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.classifier.named import make_classifier
from weaklabel.config import Project, read_project
from weaklabel.corpus import Corpus
from weaklabel.encoder.named import check_encoder
from weaklabel.errors import ConfigError, nearest
from weaklabel.job import LabelOptions
from weaklabel.job.asked import asking_in_job
from weaklabel.job.costs import LFCost, asking_costs
from weaklabel.job.engine import Engine, LocalEngine
from weaklabel.job.journal import Journal, Record
from weaklabel.job.plan import PlannedStep, plan_table
from weaklabel.job.steps import Pipeline, Step, UnknownStepError
from weaklabel.label_model.named import make_label_model
from weaklabel.label_model.sequence import make_span_label_model
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.project.asked import hiding
from weaklabel.project.augment import check_augment, transformation_functions
from weaklabel.project.decided import check_decided
from weaklabel.project.export import check_forms
from weaklabel.project.folder import check_run_folder, check_run_inputs, is_run
from weaklabel.project.gold import check_gold, gold_column, open_unlabeled
from weaklabel.project.names import LABELED, MANIFEST, TRAINING
from weaklabel.project.outcome import (
    Labeled,
    files_of,
    read_scores,
    read_span_scores,
    timings_of,
    write_manifest,
)
from weaklabel.project.prepare import Preparation, preparing_steps
from weaklabel.project.quality import refusal
from weaklabel.project.select import SELECT
from weaklabel.project.span_export import is_run_of_spans
from weaklabel.project.spans import check_spans_project, span_options, steps_of_spans, tagger_names
from weaklabel.project.step import Run
from weaklabel.project.texts import chosen_settings, stages, steps_of_texts, voting_options
from weaklabel.registries import SPANS, TEXTS
from weaklabel.report.markdown import CEILING
from weaklabel.scoring import Scores
from weaklabel.scoring.spans import SpanScores
from weaklabel.support.naming import settings_named
from weaklabel.support.progress import say, showing
from weaklabel.tagger import make_tagger

if TYPE_CHECKING:
    from weaklabel.llm import Asking


def steps_of(project: Project, corpus: Corpus, lfs: LFCollection) -> list[Step[Run]]:
    """Return the steps of a project's run, in order, with all that their results depend on."""
    return steps_of_spans(project, corpus, lfs) if lfs.task == SPANS else steps_of_texts(project, corpus, lfs)


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
    scores: Mapping[str, Scores] | Mapping[str, SpanScores]
    timings: Mapping[str, float]
    done_before: bool

    @property
    def spent(self) -> dict[str, Any] | None:
        """What language models took, in all runs into this folder; None where none was to be asked."""
        manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        spent: dict[str, Any] | None = manifest.get("spent")
        return spent

    @property
    def refusal(self) -> str | None:
        """Why the labels are not precise enough, or not known to be; None where they are, or the project does not ask."""
        return refusal(self.folder)

    @property
    def labeled(self) -> Labeled:
        """The votes, the label model, and its predictions for every row of a run with labels for whole texts.

        Raises
        ------
        ConfigError
            The run labeled spans: these are in the file ``labeled.csv``.
        """
        if is_run_of_spans(self.folder):
            raise ConfigError(f"{self.folder} labeled spans; read them with read_corpus from the column of {LABELED}")
        return Labeled.read(self.folder)


def step_names(project: Project) -> list[str]:
    """Return the names of the steps of `steps_of`, which needs the corpus to say more of them."""
    task = load_lfs(*project.lfs.use, skip_slow=project.lfs.skip_slow).task
    training = [f"train {name}" for name in (tagger_names(project) if task == SPANS else stages(project))]
    last = ["report"] if project.export is None else ["export", "report"]
    of_rows = [name for name in (SELECT, "augment") if getattr(project, name) is not None]
    of_rows += ["check"] if project.quality is not None else []
    first = ["read", "vote", "label", *of_rows]
    if project.gold is None:
        return [*first, *training, *last]
    training += [f"train {CEILING}"] if project.gold.ceiling is not None else []
    return [*first, *training, "predict", "score", *last]


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
    before = preparing_steps(project)
    if again:
        after = step_names(project)
        if again not in {*before, *after, *(name.partition(" ")[0] for name in after)}:
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
        self.lfs: LFCollection = load_lfs(*project.lfs.use, skip_slow=project.lfs.skip_slow)
        if self.lfs.task == SPANS:
            check_spans_project(project)
        else:
            check_decided(project, self.lfs.labels)
        self.corpus: Corpus = open_unlabeled(project, gold_column(project, self.lfs.task))
        check_gold(project, self.corpus, self.lfs.labels, gold_column(project, self.lfs.task))
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
        check_encoder(project.label_model.encoder, of_words=self.lfs.task == SPANS)
        check_augment(project, self.lfs.task)
        if self.lfs.task == SPANS:
            make_span_label_model(project.label_model.name, **project.label_model.options())
            for name in tagger_names(project):
                options = project.classifier.options() if name == project.classifier.name else {}
                make_tagger(name, options, labels, project.seed, log=project.out / TRAINING)
            if project.export is not None:
                check_forms(project.export, self.corpus, self.lfs)
            return
        project.label_model.for_task(TEXTS)
        project.classifier.for_task(TEXTS)
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
            (read_span_scores if self.lfs.task == SPANS else read_scores)(self.project.out),
            timings_of(records),
            done_before,
        )

    @property
    def _outputs(self) -> dict[str, str]:
        return {name: what for step in self.pipeline.steps for name, what in step.outputs.items()}

    def asking(self) -> AbstractContextManager[Asking | None]:
        """Let language models be asked within the caps of the project, which count for all runs into its folder."""
        tfs = transformation_functions(self.project).tfs if self.project.augment is not None else ()
        return asking_in_job([*self.lfs, *tfs], self.project.llm, lambda: str(self.project.out), hiding(self.project))

    @property
    def voting_options(self) -> LabelOptions:
        """How the corpus is voted on and labeled."""
        options = span_options if self.lfs.task == SPANS else voting_options
        return options(self.project, self.corpus, self.lfs)

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
    project: Project | str | os.PathLike[str],
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
        The project file, or what `weaklabel.config.read_project` makes of it.
    file
        Where a `Project` was read from, so that results are not written there.
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
    if not isinstance(project, Project):
        file, project = Path(project), read_project(Path(project))
    with showing(progress), settings_named("key"):
        preparation, again = preparation_of(project, again)
        if preparation is not None:
            preparation.run(engine=engine)
            project = preparation.prepared
        return ProjectRun(project, file, again).run(progress=progress, engine=engine)
