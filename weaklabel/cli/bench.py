"""``weaklabel bench``: label models and classifiers, side by side on benchmark sets."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.bench.defaults import DEFAULT_LABEL_MODELS, DEFAULT_SPAN_LABEL_MODELS, PEERS, VOTES
from weaklabel.cli.options import EncoderOpt, expanded, names_option
from weaklabel.cli.printing import Printing, log_to_stderr, shown_path
from weaklabel.cli.voting import Caching
from weaklabel.cli.writing import HtmlOpt, announce_replaced, check_outputs
from weaklabel.registries import CLASSIFIERS, LABEL_MODELS, SPAN_LABEL_MODELS, TAGGERS

if TYPE_CHECKING:
    from weaklabel.bench.cells import Clean
    from weaklabel.bench.plan import BenchSettings


@dataclass(frozen=True)
class Comparison:
    """What is compared, and how."""

    label_models: Annotated[
        str,
        names_option(
            LABEL_MODELS,
            "--label-models",
            help="Label models to compare; votes is auto without texts, gold trains classifiers on true labels, as an "
            "upper bound.",
            also=(VOTES, "gold"),
        ),
    ] = ",".join(DEFAULT_LABEL_MODELS)
    classifiers: Annotated[
        str,
        names_option(CLASSIFIERS, "--classifiers", help="Classifiers to train on the labels."),
    ] = ""
    span_label_models: Annotated[
        str,
        names_option(
            SPAN_LABEL_MODELS,
            "--span-label-models",
            help="Label models to compare on sets with spans; those of skweak need that package, and are left out "
            "without it; gold trains taggers on gold spans.",
            also=("gold", *PEERS),
        ),
    ] = ",".join(DEFAULT_SPAN_LABEL_MODELS)
    taggers: Annotated[
        str, names_option(TAGGERS, "--taggers", help="Taggers to train on the spans of sets with spans.")
    ] = ""
    seeds: Annotated[int, typer.Option("--seeds", min=1, metavar="N", help="Repeat everything with N seeds.")] = 1
    validation: Annotated[
        bool,
        typer.Option("--validation", help="Also report, in separate tables, results that use gold of the valid split."),
    ] = False
    clean_labels: Annotated[
        str,
        typer.Option(
            "--clean-labels", metavar="5,10,all", help="Also train on this many gold labels per class of train."
        ),
    ] = ""
    limit_train: Annotated[
        int | None, typer.Option("--limit-train", min=1, metavar="N", help="Use N random train rows of each set.")
    ] = None
    limit_test: Annotated[
        int | None, typer.Option("--limit-test", min=1, metavar="N", help="Score N random test rows of each set.")
    ] = None
    datasculpt: Annotated[
        Path | None,
        typer.Option(
            "--datasculpt",
            metavar="FOLDER",
            help="Folder of DataSculpt's labeling functions, SET/MODEL.txt: compare each set with their votes, too.",
        ),
    ] = None
    max_length: Annotated[
        int | None,
        typer.Option(
            "--max-length", min=8, metavar="N", help="Maximum number of tokens per text. Default: that of each model."
        ),
    ] = None
    encoder: EncoderOpt = None
    metric: Annotated[
        Literal["accuracy", "f1"] | None,
        typer.Option(
            "--metric",
            help="Metric for all sets. Default: metric in the set's meta.json; else f1 of a rare one of two classes, "
            "accuracy of others.",
        ),
    ] = None
    positive: Annotated[
        str | None, typer.Option("--positive", metavar="LABEL", help="Positive class of f1 in all sets.")
    ] = None
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0.001, metavar="S", help="Maximum seconds per cell.")
    ] = None
    work: Annotated[
        Path | None,
        typer.Option("--work", metavar="FOLDER", help="Where finished cells are kept. Default: in the cache folder."),
    ] = None
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute every cell again.")] = False

    def settings(self) -> BenchSettings:
        """Return the settings of a benchmark; a list that cannot be read is wrong usage."""
        from weaklabel.bench.plan import BenchSettings

        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return BenchSettings(
            **own
            | {
                "work": self.work or _work_folder(),
                "label_models": _names(self.label_models),
                "classifiers": _names(self.classifiers),
                "span_label_models": _names(self.span_label_models),
                "taggers": _names(self.taggers),
                "clean_labels": _amounts(self.clean_labels),
            }
        )


@dataclass(frozen=True)
class ResultFiles:
    """Where results are written, besides standard output."""

    out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE.json", help="Write all results.")] = None
    html: HtmlOpt = None
    markdown: Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables.")] = None

    def check(self, sets: Sequence[Path], datasculpt: Path | None) -> None:
        """Refuse files that cannot be written, or belong to a benchmark set."""
        from weaklabel.bench.data import find_sets, set_files
        from weaklabel.support.files import check_file_path

        files = (self.out, self.html, self.markdown)
        for file in files:
            if file is not None:
                check_file_path(file)
        inputs = [file for path in find_sets(sets) for file in set_files(path)]
        inputs += [] if datasculpt is None else sorted(datasculpt.glob("*/*.txt"))
        check_outputs(*files, others={"a file of a benchmark set": inputs})

    def write(self, results: dict[str, Any]) -> None:
        """Write the files that were asked for."""
        from weaklabel.bench.page import html
        from weaklabel.bench.tables import markdown
        from weaklabel.support.files import write_json, write_text

        if self.out is not None:
            write_json(self.out, results)
        if self.html is not None:
            write_text(self.html, html(results))
        if self.markdown is not None:
            write_text(self.markdown, markdown(results))


@expanded
def bench(
    sets: Annotated[
        list[Path],
        typer.Argument(
            metavar="SET ...",
            help="Folders in WRENCH's formats, folders with train.csv and test.csv, folders of these, or tables with a "
            "column split.",
        ),
    ],
    *,
    comparison: Comparison,
    files: ResultFiles,
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

    A set's meta.json may name its metric, as in {"metric": "f1", "positive": "spam"}. Rows that cannot be read are left
    out, and named. BoxWRENCH has WRENCH's format; DataSculpt adds labeling functions to it: --datasculpt.

    A folder with meta.json and no label.json is one of WRENCH's sequence sets: spans are scored by exact match, with the
    labeling functions that published figures use. --span-label-models and --taggers are for these sets.

    A table needs the columns split (train, valid, test), label (gold), text, and vote_<name> for each labeling function,
    as weaklabel label --votes writes them.

    Each cell runs in its own process. Finished cells are kept, so that an interrupted benchmark can be resumed.
    """
    from weaklabel.bench.run import run_bench
    from weaklabel.bench.tables import text_table
    from weaklabel.errors import WeakLabelError

    caching.apply()
    settings = comparison.settings()
    files.check(sets, settings.datasculpt)
    announce_replaced(files.out, files.html, files.markdown, printing=printing)
    log_to_stderr(printing.quiet)
    results = run_bench(sets, settings, command=recorded_command())
    files.write(results)
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
