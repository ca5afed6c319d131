"""What a command prints: results on stdout, progress and warnings on stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from weaklabel.errors import visible
from weaklabel.support import progress
from weaklabel.support.consent import nothing_asked

JsonOpt = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
QuietOpt = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress, and no summary of what was written; warnings and errors only."),
]


@dataclass(frozen=True)
class Printing:
    """How much is printed, and in which form."""

    json: JsonOpt = False
    quiet: QuietOpt = False

    def result(self, result: dict[str, Any], text: str) -> None:
        """Print what the command was asked for, as JSON or as text."""
        show(result, text, self.json)

    def summary(self, result: dict[str, Any], text: str, *, to_stderr: bool = False) -> None:
        """Print what was done, unless ``--quiet`` is given; to stderr if stdout carries the output itself."""
        show(result, text, self.json, self.quiet, to_stderr)


def stdout_for_results() -> AbstractContextManager[object]:
    """Send what a labeling function prints to stderr: stdout is for results."""
    return redirect_stdout(sys.stderr)


def with_progress(verb: Callable[..., None]) -> Callable[..., None]:
    """Show the progress of a verb on stderr, from its very beginning, unless ``--quiet`` is given."""

    @wraps(verb)
    def command(**arguments: Any) -> None:
        with progress.showing(not arguments.get("quiet", False)), progress.stage(verb.__name__, is_base=True):
            verb(**arguments)

    return command


def asking_nothing(verb: Callable[..., None]) -> Callable[..., None]:
    """Let no labeling function ask a language model within a verb: only replies that are kept count."""

    @wraps(verb)
    def command(**arguments: Any) -> None:
        with nothing_asked():
            verb(**arguments)

    return command


class _AboveProgress(logging.Handler):
    """Prints log messages above the live line of progress."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        progress.message(self.format(record))


def log_to_stderr(quiet: bool) -> None:
    """Log to stderr, one line per message: what a long command is doing, or warnings only if ``quiet``."""
    logger = logging.getLogger("weaklabel")
    logger.handlers = [_AboveProgress()]
    logger.handlers[0].setFormatter(_OneLine("weaklabel: %(message)s"))
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def show(result: dict[str, Any], text: str, as_json: bool, quiet: bool = False, to_stderr: bool = False) -> None:
    """Print a result as JSON or as text; to stderr if stdout carries the output itself."""
    progress.finish()
    stream = sys.stderr if to_stderr else sys.stdout
    if as_json:
        print(_json(result, getattr(stream, "encoding", None) or "utf-8"), file=stream)
    elif not quiet:
        print(text, file=stream)


def _json(result: dict[str, Any], encoding: str) -> str:
    """Return JSON that escapes control characters, and characters that the encoding lacks."""
    text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(encoding)
        return text if text.isprintable() else "".join(c if visible(c) == c else json.dumps(c)[1:-1] for c in text)
    except UnicodeEncodeError:
        return json.dumps(result, allow_nan=False)


def shown_output(path: str | Path) -> str:
    """Return an output for display: stdout by name, a file by its path."""
    return "stdout" if str(path) == "-" else shown_path(path)


def shown_path(path: str | Path) -> str:
    """Return a path for display: relative if it is below the current folder, and on one line."""
    path = Path(path)
    try:
        return visible(str(path.absolute().relative_to(Path.cwd())))
    except ValueError:
        return visible(str(path))
