"""The options for writing a labeled corpus, and checks of where a command writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weaklabel.cli.printing import Printing, shown_path
from weaklabel.support import progress

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.lf.packs import LFCollection


@dataclass(frozen=True, kw_only=True)
class Writing:
    """Where a labeled corpus is written, and how."""

    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help="File to write: .csv, .tsv, .jsonl, .json or .parquet; - for stdout. Only --dry-run needs none.",
        ),
    ] = None
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="TEXT", help="Prefix of the names of new columns, such as weak_.")
    ] = ""
    spreadsheet_safe: Annotated[
        bool,
        typer.Option(
            "--spreadsheet-safe", help="Put ' before cells that a spreadsheet would run as formulas (CSV, TSV)."
        ),
    ] = False

    def target(self, dry_run: bool) -> str:
        """Return where to write; without an output, which only ``--dry-run`` may lack, as if it were standard output."""
        if self.out is None and not dry_run:
            raise typer.BadParameter("give a file to write to (-o OUT), or --dry-run", param_hint="--out")
        return "-" if self.out is None else self.out


HtmlOpt = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML page with charts.")]


def announce_replaced(*outputs: str | Path | None, printing: Printing, dry_run: bool = False) -> None:
    """Print on stderr, unless ``--quiet`` is given, which existing files and classifiers will be replaced.

    The same rule holds for every command: an existing output is replaced, as by ``cp`` and ``sort -o``, so that a
    command can be repeated, and its name and time are printed. Two things are refused instead, where they are checked:
    a folder that holds anything but an earlier result, and a pack (``--force`` replaces it), since packs are written by
    hand.

    Parameters
    ----------
    outputs
        Paths from the command line; None, stdout, pipes and devices are skipped.
    printing
        Says whether ``--quiet`` is given.
    dry_run
        Whether nothing will be written.
    """
    from weaklabel.support.files import is_stream

    if printing.quiet:
        return
    for output in outputs:
        if output is None or is_stream(output):
            continue
        path = file = Path(output)
        if path.is_dir():
            from weaklabel.classifier.folder import MANIFEST

            file = path / MANIFEST
        if file.is_file():
            written = datetime.fromtimestamp(file.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
            replacing = "would replace" if dry_run else "replacing"
            progress.message(f"weaklabel: {replacing} {shown_path(path)} (from {written})")


def check_outputs(
    *outputs: str | Path | None,
    corpora: Sequence[Corpus] = (),
    lfs: LFCollection | None = None,
    decisions: Path | None = None,
    others: Mapping[str, Sequence[str | Path]] | None = None,
) -> None:
    """Refuse, before any work, an output that is one of the command's inputs, or the same file as another output.

    Parameters
    ----------
    outputs
        Paths from the command line; None is skipped.
    corpora, lfs, decisions
        What the command reads.
    others
        Further inputs, by what they are.
    """
    from weaklabel.corpus import THE_CORPUS
    from weaklabel.lf.identity import PACK_FILES, pack_inputs
    from weaklabel.support import files

    inputs = {
        THE_CORPUS: [file for corpus in corpora for file in corpus.files()],
        PACK_FILES: pack_inputs(lfs.origins) if lfs else [],
        "the file of decisions": [decisions] if decisions else [],
        **(others or {}),
    }
    files.check_outputs(outputs, inputs)
