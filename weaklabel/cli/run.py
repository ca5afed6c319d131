"""``weaklabel run``: everything that a project file asks for, into a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weaklabel.cli.options import DryRunOpt, expanded
from weaklabel.cli.printing import Printing, log_to_stderr, shown_path, stdout_for_results
from weaklabel.cli.reading import LimitOpt
from weaklabel.cli.voting import Caching

if TYPE_CHECKING:
    from weaklabel.project.run import RunResult


@expanded
def run(
    project: Annotated[Path, typer.Argument(metavar="PROJECT.toml", help="The project file.")],
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FOLDER", help="Run folder; else what the project says.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Instead of the project's seed.")] = None,
    limit: LimitOpt = None,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Instead of the project's.")] = None,
    caching: Caching,
    printing: Printing,
    dry_run: DryRunOpt = False,
) -> None:
    """Label, train, score and report, as a project file says.

    \b
    Examples:
      weaklabel run project.toml
      weaklabel run project.toml --seed 1 -o runs/seed1

    The run folder holds the labelled corpus, votes, LF table, label model, classifiers, scores.json, report.md,
    report.html and, written last, manifest.json.
    """
    from weaklabel.config import read_project
    from weaklabel.lf.packs import load_lfs
    from weaklabel.project.folder import check_run_folder, check_run_inputs
    from weaklabel.project.gold import check_gold, open_unlabelled
    from weaklabel.project.run import check_project, run_project

    caching.apply()
    settings = read_project(project).overridden(out=out and out.absolute(), seed=seed, limit=limit, workers=workers)
    if dry_run:
        lfs = load_lfs(*settings.lfs.use)
        corpus = open_unlabelled(settings)
        check_gold(settings, corpus, lfs.labels)
        check_project(settings, lfs.labels)
        check_run_folder(settings.out)
        check_run_inputs(settings, corpus, lfs, project)
        checked = {"rows": len(corpus), "rejects": len(corpus.rejects), "lfs": list(lfs.names)}
        printing.result(checked, f"{len(corpus):,} rows, {len(lfs)} labeling functions; nothing written (dry run)")
        return
    log_to_stderr(printing.quiet)
    with stdout_for_results():
        result = run_project(settings, file=project, progress=not printing.quiet)
    show_run(result, printing)


def show_run(result: RunResult, printing: Printing) -> None:
    """Print the scores of a run and where everything is."""
    from weaklabel.report import scores_table

    folder = result.folder
    found: dict[str, Any] = {
        "scores": {stage: scores.to_dict() for stage, scores in result.scores.items()},
        "folder": str(folder.path),
        "files": folder.files,
    }
    width = max(map(len, folder.files))
    where = shown_path(folder.path)
    lines = [f"  {where}/{name:<{width}}  {what}" for name, what in folder.files.items()]
    took = f"took {sum(folder.timings.values()):.0f} s; everything is in {where}:"
    scores = [scores_table(result.scores), ""] if result.scores else []
    then = f"open {where}/report.html to look at it; weaklabel review {where} to check rows by hand"
    printing.summary(found, "\n".join([*scores, took, *lines, then]))
