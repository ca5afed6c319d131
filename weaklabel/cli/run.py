"""``weaklabel run``: everything that a project file asks for, into a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli.batches import BatchFiles
from weaklabel.cli.options import DryRunOpt, EncoderOpt, expanded
from weaklabel.cli.printing import Printing, log_to_stderr, shown_path, stdout_for_results
from weaklabel.cli.reading import LimitOpt
from weaklabel.cli.voting import Caching, EngineOptions, SkipSlowOpt, say_left_out

if TYPE_CHECKING:
    from weaklabel.config import LLMSettings
    from weaklabel.job.costs import LFCost
    from weaklabel.job.plan import PlannedStep
    from weaklabel.project.run import RunResult


@expanded
def run(
    project: Annotated[Path, typer.Argument(metavar="PROJECT.toml", help="The project file.")],
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FOLDER", help="Run folder. Default: that of the project.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Seed, in place of the project's.")] = None,
    limit: LimitOpt = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Guarded processes, in place of the project's number.")
    ] = None,
    encoder: EncoderOpt = None,
    skip_slow: SkipSlowOpt = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show which steps are done, stale (and why) or to do; compute nothing.")
    ] = False,
    from_step: Annotated[
        str | None,
        typer.Option("--from", metavar="STEP", help="Run this step again, and all steps that depend on it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run all steps again, also finished ones.")] = False,
    batches: BatchFiles,
    engine: EngineOptions,
    caching: Caching,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Label, train, score and report, as a project file says.

    \b
    Examples:
      weaklabel run project.toml
      weaklabel run project.toml --plan
      weaklabel run project.toml --from train
      weaklabel run project.toml --seed 1 -o runs/seed1

    A step runs again only if something that it depends on has changed, and a run that was interrupted continues
    where it was. The run folder holds the labeled corpus, votes, LF table, label model, classifiers, scores.json,
    report.md, report.html and, written last, manifest.json.
    """
    from weaklabel.config import read_project
    from weaklabel.errors import ConfigError
    from weaklabel.job.steps import UnknownStepError
    from weaklabel.lf.packs import load_lfs
    from weaklabel.project.run import ProjectRun, preparation_of, steps_to_come
    from weaklabel.support.naming import settings_named

    if force and from_step is not None:
        raise typer.BadParameter("it contradicts --from", param_hint="--force")
    if from_step == "":  # as of a shell variable that is not set; `Pipeline` takes it for all steps
        raise typer.BadParameter("give the name of a step, or --force for all", param_hint="--from")
    is_batch = batches.given(dry_run)
    if is_batch and plan:
        raise typer.BadParameter("it contradicts the options of batch files", param_hint="--plan")
    caching.apply()
    log_to_stderr(printing.quiet)
    with settings_named("key"):
        settings = read_project(project).overridden(
            out=out and out.absolute(),
            seed=seed,
            limit=limit,
            workers=workers,
            encoder=encoder,
            skip_slow=skip_slow,
        )
        try:
            preparation, again = preparation_of(settings, "" if force else from_step)
        except UnknownStepError as error:
            raise typer.BadParameter(str(error), param_hint="--from") from None
        before: list[PlannedStep] = []
        if preparation is not None:
            before = preparation.plan
            if plan and not preparation.is_done:
                show_plan([*before, *steps_to_come(settings, preparation)], settings.out, printing)
                return
            if dry_run and not preparation.is_done:
                names = [step.name for step in before if step.state != "done"]
                waiting = f"the corpus is to be prepared first ({', '.join(names)}); nothing written (dry run)"
                printing.result({"to_prepare": names}, waiting)
                return
            with nullcontext() if preparation.is_done else engine.open() as opened:
                preparation.run(engine=opened)
            settings = preparation.prepared
        prepared = ProjectRun(settings, project, again)
        if settings.lfs.skip_slow and not printing.quiet:
            say_left_out(load_lfs(*settings.lfs.use))
        if dry_run:
            prepared.check_models()
            corpus, lfs = prepared.corpus, prepared.lfs
            checked = {"rows": len(corpus), "rejects": len(corpus.rejects), "lfs": list(lfs.names)}
            printing.result(checked, f"{len(corpus):,} rows, {len(lfs)} labeling functions; nothing written (dry run)")
            return
        if is_batch:
            batches.check(prepared.corpus, prepared.lfs, printing)
            with prepared.asking():
                batches.run(prepared.corpus, prepared.lfs, prepared.voting_options, printing)
            return
        planned = prepared.plan()
        if plan:
            will_vote = any(step.name in ("vote", "predict") and step.state != "done" for step in planned)
            with stdout_for_results():
                costs = prepared.costs() if will_vote else []
            show_plan([*before, *planned], settings.out, printing, costs, settings.llm)
            return
        with stdout_for_results(), nullcontext() if prepared.is_done(planned) else engine.open() as opened:
            result = prepared.run(planned, progress=not printing.quiet, engine=opened)
        show_run(result, printing)
        if result.refusal is not None:
            raise ConfigError(result.refusal)


def show_plan(
    plan: Sequence[PlannedStep],
    folder: Path,
    printing: Printing,
    costs: Sequence[LFCost] = (),
    llm: LLMSettings | None = None,
) -> None:
    """Print which steps are done, stale or to do, and what asking language models will cost."""
    from weaklabel.job.costs import costs_as_json, costs_as_text
    from weaklabel.job.plan import plan_table

    result: dict[str, Any] = {"folder": str(folder), "steps": [step.to_dict() for step in plan]}
    text = [plan_table(plan)]
    if costs and llm is not None:
        result["costs"] = costs_as_json(costs)
        text += ["", costs_as_text(costs, llm)]
    printing.result(result, "\n".join(text))


def show_run(result: RunResult, printing: Printing) -> None:
    """Print the scores of a run and where everything is."""
    from weaklabel.job.asked import spent_as_text
    from weaklabel.report.text import scores_of_stages

    shown: dict[str, Any] = {
        "scores": {stage: scores.to_dict() for stage, scores in result.scores.items()},
        "spent": result.spent,
        "folder": str(result.folder),
        "files": dict(result.files),
    }
    width = max(map(len, result.files))
    where = shown_path(result.folder)
    lines = [f"  {where}/{name:<{width}}  {what}" for name, what in result.files.items()]
    took = f"{sum(result.timings.values()):.0f} s"
    done = f"all steps were done before (in {took})" if result.done_before else f"took {took}"
    scores = [scores_of_stages(result.scores), ""] if result.scores else []
    then = f"open {where}/report.html in a browser; weaklabel review {where} to check rows by hand"
    spent = spent_as_text(shown["spent"])
    printing.summary(shown, "\n".join([*scores, *spent, f"{done}; everything is in {where}:", *lines, then]))
