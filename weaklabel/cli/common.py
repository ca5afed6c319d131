"""Options that several verbs share, and how results are shown."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.errors import visible
from weaklabel.support import progress

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus
    from weaklabel.job.engine import Engine
    from weaklabel.lf.packs import LFCollection


# Headings of options in --help; `weaklabel.cli.reading` has one more.
MODEL = "Label model"
APPLYING = "Applying labeling functions"
ENGINE = "Engine and cache"

CorpusArg = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="CSV, TSV, JSONL, JSON, Parquet (.gz and .zst too), a folder of .txt files, or - for standard input.",
    ),
]
LfsOpt = Annotated[
    list[str],
    typer.Option("--lfs", metavar="SPEC", help="A ready pack, ./mine.py, or package:attribute; may be repeated."),
]
LimitOpt = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N rows.")]
SeedOpt = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of everything random.")]
WorkersOpt = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=0,
        help="Guarded processes for labeling functions in Python; 0: this process, unguarded. Default: one a core, "
        "at most 4.",
        rich_help_panel=APPLYING,
    ),
]
TimeLimitOpt = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        min=0.001,
        metavar="S",
        help="Seconds a labeling function may take over one row.",
        rich_help_panel=APPLYING,
    ),
]
MemoryLimitOpt = Annotated[
    float | None,
    typer.Option(
        "--memory-limit",
        min=0.05,
        metavar="GIB",
        help="GiB that one process for labeling functions may hold.",
        rich_help_panel=APPLYING,
    ),
]
EngineOpt = Annotated[
    Literal["local", "dask"],
    typer.Option("--engine", help="Who does the work: this machine, or a Dask cluster.", rich_help_panel=ENGINE),
]
AddressOpt = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        help="Dask's scheduler, tcp://host:8786. Default: a cluster of this machine.",
        rich_help_panel=ENGINE,
    ),
]
CacheOpt = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="FOLDER",
        help="Where votes, parsed texts and embeddings are kept for the next run. Default: $WEAKLABEL_CACHE, or the "
        "user's cache folder.",
        rich_help_panel=ENGINE,
    ),
]
NoCacheOpt = Annotated[bool, typer.Option("--no-cache", help="Keep nothing for the next run.", rich_help_panel=ENGINE)]
SafeOpt = Annotated[
    bool,
    typer.Option(
        "--spreadsheet-safe", help="Put ' before cells that a spreadsheet would take for formulas (CSV, TSV)."
    ),
]
BudgetOpt = Annotated[
    float | None,
    typer.Option(
        "--error-budget",
        min=0,
        max=1,
        help="Share of rows on which one labeling function may fail before the run stops; 0 stops at the first. "
        "Default: 0.05, or 100 rows where that is more.",
        rich_help_panel=APPLYING,
    ),
]
JsonOpt = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
QuietOpt = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary; warnings and errors only.")]
NoProgressOpt = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; warnings and errors only.")]
DryRunOpt = Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")]
OutOpt = Annotated[
    str,
    typer.Option(
        "-o", "--out", metavar="OUT", help="File to write: .csv, .tsv, .jsonl, .json or .parquet; - for stdout."
    ),
]
LabelModelOpt = Annotated[
    Literal[
        "auto", "majority", "weighted", "snorkel", "dawid-skene", "triplets", "structured", "hyper", "committee", "text"
    ],
    typer.Option(
        "--label-model",
        help="auto chooses by the votes, and by the texts where they are read anyway.",
        rich_help_panel=MODEL,
    ),
]
BalanceOpt = Annotated[
    str | None,
    typer.Option(
        "--class-balance",
        metavar="HOW",
        help="Shares of classes among all rows: uniform, majority (by the votes), or one a class: 0.8,0.2.",
        rich_help_panel=MODEL,
    ),
]
PrefixOpt = Annotated[
    str, typer.Option("--prefix", metavar="TEXT", help="Put before the names of new columns, such as weak_.")
]


def use_cache(folder: Path | None, off: bool) -> None:
    """Set where caches are kept, as the options say; both at once are wrong usage."""
    from weaklabel.support import cache

    if folder is not None and off:
        raise typer.BadParameter("it contradicts --no-cache", param_hint="--cache")
    if folder is not None or off:
        cache.use(None if off else folder)


@contextmanager
def open_engine(name: str, address: str | None) -> Iterator[Engine]:
    """Give the engine that does the work; an address without Dask is wrong usage."""
    from weaklabel.job.engine import LocalEngine

    if name == "local":
        if address is not None:
            raise typer.BadParameter("it needs --engine dask", param_hint="--address")
        yield LocalEngine()
        return
    from weaklabel.job.cluster import DaskEngine

    with DaskEngine(address) as engine:
        yield engine


def check_outputs(
    *outputs: str | Path | None,
    corpora: Sequence[Corpus] = (),
    lfs: LFCollection | None = None,
    decisions: Path | None = None,
    others: Mapping[str, Sequence[str | Path]] | None = None,
) -> None:
    """Refuse, before any work, an output of a verb that is one of its inputs, or twice the same file.

    Parameters
    ----------
    outputs
        What the options say; None is left out.
    corpora, lfs, decisions
        What the verb reads.
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


def warn_of_rejects(corpus: Corpus) -> None:
    """Say how many rows could not be read, where a verb has no place to write them."""
    if corpus.rejects:
        first, n = corpus.rejects[0], len(corpus.rejects)
        what = f"{n:,} file{'s' * (n != 1)}" if corpus.format == "folder" else f"{n:,} row{'s' * (n != 1)}"
        where = "" if corpus.format == "folder" else f"line {first.line}: "
        progress.message(
            f"weaklabel: warning: {what} of {visible(corpus.name)} could not be read and {'was' if n == 1 else 'were'} left "
            f"out: {'' if n == 1 else 'the first is '}{where}{visible(first.reason)}; weaklabel label writes them to a file"
        )


def not_written(corpus: Corpus) -> list[str]:
    """Say in a line which lines of the input are no rows, and so are not in the output; nothing where there are none."""
    dialect = corpus.dialect
    if dialect is None:
        return []
    n = dialect.skip_rows - (dialect.sep_line is not None)
    what = [f"the {n:,} line{'s' * (n != 1)} before the table"] * (n > 0)
    what += [f"comment lines ({dialect.comment} ...)"] * (dialect.comment is not None)
    return [f"not written: {' and '.join(what)}"] if what else []


def stdout_for_results() -> AbstractContextManager[object]:
    """Send what a labeling function prints to stderr: stdout is for results."""
    return redirect_stdout(sys.stderr)


def with_progress(verb: Callable[..., None]) -> Callable[..., None]:
    """Show the progress of a verb on standard error, from its very beginning, unless ``--quiet`` is given."""

    @wraps(verb)
    def command(**given: Any) -> None:
        with progress.showing(not given.get("quiet", False)), progress.stage(verb.__name__, is_base=True):
            verb(**given)

    return command


class _Steps(logging.Handler):
    """Prints what is logged above the live line of progress."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        progress.message(self.format(record))


def tell_steps(quiet: bool) -> None:
    """Show on stderr what a long command is doing, line by line, unless quiet is wanted."""
    logger = logging.getLogger("weaklabel")
    logger.handlers = [_Steps()]
    logger.handlers[0].setFormatter(_OneLine("weaklabel: %(message)s"))
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def show(result: dict[str, Any], text: str, as_json: bool, quiet: bool = False, to_stderr: bool = False) -> None:
    """Print a result: as JSON, or as text; to stderr where stdout carries the output itself."""
    progress.finish()
    stream = sys.stderr if to_stderr else sys.stdout
    if as_json:
        print(_json(result, getattr(stream, "encoding", None) or "utf-8"), file=stream)
    elif not quiet:
        print(text, file=stream)


def _json(result: dict[str, Any], encoding: str) -> str:
    """Return JSON in which characters that are not to be sent to a terminal, or not of its encoding, are escapes."""
    text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(encoding)
        return text if text.isprintable() else "".join(c if visible(c) == c else json.dumps(c)[1:-1] for c in text)
    except UnicodeEncodeError:
        return json.dumps(result, allow_nan=False)


def shown_path(path: str | Path) -> str:
    """Return a path as a reader wants it: relative where it lies below the current folder, and on one line."""
    path = Path(path)
    try:
        return visible(str(path.absolute().relative_to(Path.cwd())))
    except ValueError:
        return visible(str(path))
