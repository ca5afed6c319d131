"""The command line: one file a verb. Nothing heavy is imported before a verb runs."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from weaklabel.cli import (
    analyze,
    augment,
    bench,
    calibrate,
    check,
    clean,
    collect,
    dedup,
    demo,
    doctor,
    drift,
    explain,
    export,
    importing,
    issues,
    label,
    lfs,
    predict,
    protect,
    review,
    run,
    score,
    select,
    split,
    suggest,
    train,
    tune,
)
from weaklabel.cli.options import GroupedHelp
from weaklabel.cli.printing import asking_nothing, with_progress
from weaklabel.errors import WeakLabelError, visible
from weaklabel.support import progress
from weaklabel.support.naming import settings_named
from weaklabel.support.terminal import shown, shown_output
from weaklabel.support.warn import show_instead_of_raising

# Wrong usage is typer's: 2. The last two are what a shell gives for SIGINT and SIGPIPE.
OK, INPUT_AT_FAULT, INTERRUPTED, READER_GONE = 0, 1, 130, 141

# Newer typer carries a copy of click and older typer imports it; this is the ClickException of either.
_UsageError: type[Any] = typer.BadParameter.__mro__[2]

app: Any = typer.Typer(
    name="weaklabel",
    help="Labeling functions vote, a label model denoises the votes, a BERT classifier learns from the labels.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ASKING = (label.label, run.run, demo.demo, calibrate.calibrate)
"""Verbs that ask language models what is not kept; all others take kept replies alone, unless they say so themselves."""

for verb in (
    collect.collect,
    clean.clean,
    protect.protect,
    dedup.dedup,
    split.split,
    lfs.lfs,
    calibrate.calibrate,
    label.label,
    analyze.analyze,
    suggest.suggest,
    explain.explain,
    drift.drift,
    train.train,
    tune.tune,
    predict.predict,
    score.score,
    select.select,
    check.check,
    issues.issues,
    augment.augment,
    export.export,
    review.review,
    importing.import_annotations,
    run.run,
    bench.bench,
    demo.demo,
    doctor.doctor,
):
    app.command(cls=GroupedHelp)(with_progress(verb if verb in ASKING else asking_nothing(verb)))


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Show the version and exit.")) -> None:
    if version:
        from weaklabel import __version__

        typer.echo(f"weaklabel {__version__}")
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 success, 1 the user's input or data is at fault, 2 wrong usage."""
    # Transformers and tokenizers chat on import; a command's stderr is for its own progress and warnings.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.excepthook = _show_exception
    _open_closed_streams()
    with shown_output(), warnings.catch_warnings(), settings_named("option"):
        warnings.showwarning = _show_warning
        show_instead_of_raising()
        sys.exit(_written(_run(arguments)))


def _written(code: int) -> int:
    """Write out what is left of standard output, and return the exit code.

    What cannot be written is dropped: at the exit, Python would try again, and end with a code of its own.
    """
    try:
        if sys.__stdout__ is not None and not sys.__stdout__.closed:
            sys.__stdout__.flush()
    except OSError as error:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.close(nothing)
        if code == OK and not isinstance(error, BrokenPipeError):
            print(f"weaklabel: error: cannot write to standard output: {error.strerror}", file=sys.stderr)
            return INPUT_AT_FAULT
        return code or READER_GONE
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        # The value is the code of a typer.Exit, or of Ctrl-C in newer typer, or what the verb returned: nothing.
        code: int = app(args=None if arguments is None else list(arguments), standalone_mode=False) or OK
    except _UsageError as error:
        error.message = visible(error.message)
        # Without the name of a stream, typer would look for one that takes ASCII.
        error.show(file=sys.stderr)
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except SystemExit as stopped:
        # Typer ends so, with 1, where the reader of standard output has gone.
        if isinstance(stopped.__context__, BrokenPipeError):
            return READER_GONE
        raise
    except WeakLabelError as error:
        print(f"weaklabel: error: {error}", file=sys.stderr)
        return INPUT_AT_FAULT
    except OSError as error:
        where, what = error.filename or "output", error.strerror or error
        print(f"weaklabel: error: {visible(f'{where}: {what}')}", file=sys.stderr)
        return INPUT_AT_FAULT
    if code == INTERRUPTED:
        print("weaklabel: interrupted; no output file was left half-written", file=sys.stderr)
    return code


def _open_closed_streams() -> None:
    """Put the null device where a standard stream is closed: the first file to be opened would take its place.

    Standard output stays None then, so that writing results to it is an error.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w")


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    if issubclass(category, UserWarning):
        progress.message(f"weaklabel: warning: {visible(str(message))}")


def _show_exception(*error: Any) -> None:
    """Show the traceback of a defect, of which only the text of the exception may come from data."""
    print(shown("".join(traceback.format_exception(*error))), end="", file=sys.stderr)
