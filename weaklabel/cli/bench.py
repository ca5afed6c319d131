"""``weaklabel bench``: label models and classifiers, side by side on benchmark sets."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from weaklabel.cli.options import expanded, names_option
from weaklabel.cli.printing import Printing, log_to_stderr, shown_path
from weaklabel.cli.voting import Caching
from weaklabel.cli.writing import HtmlOpt, announce_replaced, check_outputs
from weaklabel.registries import CLASSIFIERS, LABEL_MODELS

if TYPE_CHECKING:
    from weaklabel.bench.cells import Clean


@expanded
def bench(
    sets: Annotated[
        list[Path],
        typer.Argument(
            metavar="SET ...",
            help="Folders in WRENCH's format, folders with train.csv and test.csv, or tables with a column split.",
        ),
    ],
    *,
    label_models: Annotated[
        str,
        names_option(
            LABEL_MODELS,
            "--label-models",
            help="Label models to compare; gold trains classifiers on true labels, as an upper bound.",
            also=("gold",),
        ),
    ] = "majority,snorkel,auto",
    classifiers: Annotated[
        str,
        names_option(CLASSIFIERS, "--classifiers", help="Classifiers to train on the labels."),
    ] = "",
    seeds: Annotated[int, typer.Option("--seeds", min=1, metavar="N", help="Repeat everything with N seeds.")] = 1,
    validation: Annotated[
        bool,
        typer.Option("--validation", help="Also report, in separate tables, results that use gold of the valid split."),
    ] = False,
    clean_labels: Annotated[
        str,
        typer.Option(
            "--clean-labels", metavar="5,10,all", help="Also train on this many gold labels per class of train."
        ),
    ] = "",
    limit_train: Annotated[
        int | None, typer.Option("--limit-train", min=1, metavar="N", help="Use N random train rows of each set.")
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            "--max-length", min=8, metavar="N", help="Maximum number of tokens per text. Default: that of each model."
        ),
    ] = None,
    metric: Annotated[
        Literal["accuracy", "f1"] | None,
        typer.Option(
            "--metric", help="Metric for all sets. Default: f1 for sms, census, spouse and cdr, else accuracy."
        ),
    ] = None,
    positive: Annotated[
        str | None, typer.Option("--positive", metavar="LABEL", help="Positive class of f1 in all sets.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0.001, metavar="S", help="Maximum seconds per cell.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option("--work", metavar="FOLDER", help="Where finished cells are kept. Default: in the cache folder."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute every cell again.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE.json", help="Write all results.")] = None,
    html: HtmlOpt = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables.")] = None,
    caching: Caching,
    printing: Printing,
) -> None:
    """Compare label models and classifiers on benchmark sets.

    \b
    Examples:
      weaklabel bench youtube trec
      weaklabel bench youtube --label-models majority,snorkel,gold --classifiers linear --seeds 3 --html bench.html
      weaklabel bench voted.csv --classifiers linear --clean-labels 5,10,50,all -o results.json

    Label models are fitted on the votes of train and scored on test; classifiers train on their labels of the train
    texts. A test row without a vote gets the most frequent class among the labels of train; ties are broken at random, by
    a hash of the votes. Only gold of test is used, unless --validation, --clean-labels or the label model gold ask for
    more; results that used it are in separate tables.

    A table needs the columns split (train, valid, test), label (gold), text, and vote_<name> for each labeling function,
    as weaklabel label --votes writes them.

    Each cell runs in its own process. Finished cells are kept, so that an interrupted benchmark can be resumed.
    """
    from weaklabel.bench.data import set_files
    from weaklabel.bench.plan import BenchSettings
    from weaklabel.bench.run import run_bench
    from weaklabel.bench.tables import text_table
    from weaklabel.errors import WeakLabelError
    from weaklabel.support.files import check_file_path, write_json, write_text

    caching.apply()
    settings = BenchSettings(
        work=work or _work_folder(),
        label_models=_names(label_models),
        classifiers=_names(classifiers),
        seeds=seeds,
        validation=validation,
        clean_labels=_amounts(clean_labels),
        limit_train=limit_train,
        max_length=max_length,
        metric=metric,
        positive=positive,
        timeout=timeout,
        fresh=fresh,
    )
    for file in (out, html, markdown):
        if file is not None:
            check_file_path(file)
    read = {"a file of a benchmark set": [file for path in sets for file in set_files(path)]}
    check_outputs(out, html, markdown, others=read)
    announce_replaced(out, html, markdown, printing=printing)
    log_to_stderr(printing.quiet)
    results = run_bench(sets, settings, command=recorded_command())
    if out is not None:
        write_json(out, results)
    if html is not None:
        from weaklabel.bench.page import html as page

        write_text(html, page(results))
    if markdown is not None:
        from weaklabel.bench.tables import markdown as tables

        write_text(markdown, tables(results))
    printing.summary(results, text_table(results))
    failed = [cell for cell in results["cells"] if cell["error"] is not None]
    if failed:
        raise WeakLabelError(f"{len(failed)} of {len(results['cells'])} cells failed; the first: {failed[0]['error']}")


def _names(option: str) -> list[str]:
    return [name.strip() for name in option.split(",") if name.strip()]


def _amounts(option: str) -> list[Clean]:
    try:
        return ["all" if name == "all" else int(name) for name in _names(option)]
    except ValueError:
        raise typer.BadParameter(
            f"'{option}' is not a list of numbers of labels per class, such as 5,10,all", param_hint="--clean-labels"
        ) from None


def _work_folder() -> Path:
    from weaklabel.support.cache import cache_folder

    folder = cache_folder()
    if folder is None:
        raise typer.BadParameter("the cache is off: name a folder for finished cells", param_hint="--work")
    return folder / "bench"


def recorded_command() -> str:
    """Return the command line without the user's folders."""
    return shlex.join(["weaklabel", *map(_without_folders, sys.argv[1:])])


def _without_folders(word: str) -> str:
    """Return a word of the command line, of an absolute path only the last part."""
    option = re.match(r"--[^=]+=|-\w*?o=?|", word, re.ASCII)
    begin = option.group() if option else ""
    rest = word.removeprefix(begin)
    shown = Path(rest).name if Path(rest).is_absolute() else rest and shown_path(rest)
    # A file name need not be UTF-8, but the results must be.
    return os.fsencode(begin + shown).decode(errors="replace")
