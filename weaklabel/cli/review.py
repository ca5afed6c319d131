"""``weaklabel review``: check and correct labels and edit labeling functions in a local browser."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from weaklabel.cli.options import EncoderOpt, expanded
from weaklabel.cli.printing import QuietOpt, stdout_for_results
from weaklabel.cli.reading import Reading
from weaklabel.cli.voting import LFsIfAny
from weaklabel.support import progress


@expanded
def review(
    project: Annotated[
        str, typer.Argument(metavar="PROJECT", help="A run folder, a project.toml, or a corpus with --labels or --lfs.")
    ],
    *,
    labels: Annotated[
        str | None,
        typer.Option("--labels", metavar="A,B", help="Class names, to label a corpus without labeling functions."),
    ] = None,
    lfs: LFsIfAny = None,
    task: Annotated[
        Literal["texts", "spans"] | None,
        typer.Option(
            "--task",
            help="What has labels: whole texts, or spans of them. Default: as the pack says; without one, spans if the "
            "corpus has a column spans.",
        ),
    ] = None,
    encoder: EncoderOpt = None,
    reading: Reading,
    revote: Annotated[
        bool,
        typer.Option(
            "--revote", help="Apply the labeling functions again if they or the corpus have changed since the run."
        ),
    ] = False,
    reviewer: Annotated[
        str | None,
        typer.Option("--reviewer", metavar="NAME", help="Your name, kept with your decisions. Default: the page asks."),
    ] = None,
    adjudicate: Annotated[
        bool, typer.Option("--adjudicate", help="Your decisions settle what reviewers decided differently.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Default: the first free one from 8642; 0 takes any."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    quiet: QuietOpt = False,
) -> None:
    """Browse, check and correct labels, and edit labeling functions, in a browser.

    \b
    Examples:
      weaklabel review runs/demo
      weaklabel review project.toml --reviewer ada
      weaklabel review project.toml --reviewer cem --adjudicate
      weaklabel review messages.csv --labels ham,spam
      weaklabel review labeled.jsonl --lfs ./names_lfs.py

    Of a pack for spans, or a file with a column spans, the page shows each text with its spans marked, to be corrected.
    The page is served to this machine only and needs no network. Every decision is written to decisions.jsonl at once;
    use the file in score, analyze and train with --decisions. Needs: pip install 'weaklabel[review]'
    """
    from weaklabel.errors import require

    for package in ("flask", "waitress"):
        require(package, "weaklabel[review]", "weaklabel review")
    from weaklabel.review import open_review
    from weaklabel.review.web.server import serve

    names = labels.split(",") if labels else None
    with stdout_for_results():
        opened = open_review(
            project,
            labels=names,
            lfs=lfs,
            task=task,
            encoder=encoder,
            revote=revote,
            progress=not quiet,
            **reading.arguments(),
        )
    progress.finish()
    serve(opened, port=port, open_browser=open_browser, reviewer=reviewer, adjudicates=adjudicate)
