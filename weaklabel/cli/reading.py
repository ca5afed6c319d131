"""The options for reading a corpus, and messages about what was not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from weaklabel.errors import visible
from weaklabel.support import progress

if TYPE_CHECKING:
    from weaklabel.corpus import Corpus, Reject

PANEL = "Reading the corpus"

CorpusArg = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="CSV, TSV, JSONL, JSON, Parquet (.gz and .zst too), a folder of .txt files, or - for stdin.",
    ),
]
LimitOpt = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="Only the first N rows.", rich_help_panel=PANEL),
]


def _checked(name: str, value: str | None) -> str | None:
    """Return a value checked by a function of `weaklabel.corpus.records`; a refused one is wrong usage."""
    if value is None:
        return None
    from weaklabel.corpus import records
    from weaklabel.errors import CorpusError

    try:
        checked: str = getattr(records, name)(value)
    except CorpusError as error:
        raise typer.BadParameter(str(error)) from None
    return checked


def _delimiter(value: str | None) -> str | None:
    return _checked("check_delimiter", value)


def _quote_char(value: str | None) -> str | None:
    return _checked("check_quote_char", value)


def _comment(value: str | None) -> str | None:
    return _checked("check_comment", value)


def _entities(value: str | None) -> str | None:
    if value is None:
        return None
    names = value.split(",")
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise typer.BadParameter(f"'{value}' is not two columns; give two, such as e1,e2")
    return value


def _encoding(value: str | None) -> str | None:
    try:
        "".encode(value or "utf-8")
    except LookupError:
        raise typer.BadParameter(f"'{value}' is not an encoding; use utf-8, utf-16, latin-1, gbk ...") from None
    return value


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **settings)


TextOpt = Annotated[
    str,
    _option(
        "--text",
        metavar="COLUMN",
        help="Text column; several are joined: title,body; a nested field: data.text.",
    ),
]
EncodingOpt = Annotated[
    str | None,
    _option(
        "--encoding",
        metavar="NAME",
        callback=_encoding,
        help="Text encoding. Default: UTF-8, or that of the byte order mark.",
    ),
]


@dataclass(frozen=True)
class TableReading:
    """How a table is read."""

    text: TextOpt = "text"
    delimiter: Annotated[
        str | None,
        _option(
            "--delimiter",
            metavar="CHAR",
            callback=_delimiter,
            help="Delimiter between fields, or tab. Default: detected.",
        ),
    ] = None
    quoting: Annotated[
        bool | None, _option("--quoting/--no-quoting", help="Whether fields may be quoted. Default: detected.")
    ] = None
    encoding: EncodingOpt = None
    columns: Annotated[
        str | None,
        _option("--columns", metavar="A,B", help="Column names of a file without a header."),
    ] = None
    skip_rows: Annotated[
        int, _option("--skip-rows", min=0, metavar="N", help="Number of lines before the header to skip.")
    ] = 0
    comment: Annotated[
        str | None,
        _option("--comment", metavar="TEXT", callback=_comment, help="Prefix of comment lines, such as #."),
    ] = None
    quote_char: Annotated[
        str | None,
        _option("--quote-char", metavar="CHAR", callback=_quote_char, help='Quote character. Default: ".'),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return the options that are not the default, as arguments of `weaklabel.read_corpus`."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        arguments = {name: value for name, (value, default) in values.items() if value != default}
        for name in ("text", "entities", "columns"):
            if name in arguments:
                arguments[name] = column_names(arguments[name])
        return arguments | ({"header": False} if "columns" in arguments else {})


@dataclass(frozen=True)
class Reading(TableReading):
    """How a corpus is read."""

    entities: Annotated[
        str | None,
        _option(
            "--entities",
            metavar="E1,E2",
            callback=_entities,
            help="Two columns with an entity of the text each, as words or as a span such as 27-34; models see them marked.",
        ),
    ] = None
    format: Annotated[
        Literal["csv", "tsv", "jsonl", "json", "parquet"] | None,
        _option("--format", metavar="NAME", help="csv, tsv, jsonl, json (an array) or parquet. Default: by extension."),
    ] = None
    limit: LimitOpt = None

    def open(self, source: str, *, has_text: bool = True, hide: Sequence[str] = (), limited: bool = True) -> Corpus:
        """Open a corpus.

        Parameters
        ----------
        source
            Path, or ``-``.
        has_text
            False if no text is needed; columns of text and entities may then be missing.
        hide
            Columns hidden from labeling functions.
        limited
            Whether ``--limit`` applies; it does not to a second file, such as gold for validation.
        """
        from weaklabel.corpus import read_corpus

        arguments = self.arguments()
        if not has_text:
            arguments |= {"text": (), "entities": None}
        if not limited:
            arguments.pop("limit", None)
        return read_corpus(source, hide=hide, **arguments)


def column_names(option: str | None) -> list[str]:
    """Return the column names in an option, which are separated by commas; [] if the option is not given."""
    return option.split(",") if option else []


def warn_of_rejects(corpus: Corpus, n: int, first: Reject | None) -> None:
    """Say how many rows could not be read, where a verb has no place to write them."""
    if first is not None:
        what = f"{n:,} file{'s' * (n != 1)}" if corpus.format == "folder" else f"{n:,} row{'s' * (n != 1)}"
        where = "" if corpus.format == "folder" else f"line {first.line}: "
        progress.message(
            f"weaklabel: warning: {what} of {visible(corpus.name)} could not be read and {'was' if n == 1 else 'were'} left "
            f"out: {'' if n == 1 else 'the first is '}{where}{visible(first.reason)}; weaklabel label writes them to a file"
        )


def not_written(corpus: Corpus) -> list[str]:
    """Return a line that says which lines of the input are not rows, and so not in the output; [] if there are none."""
    dialect = corpus.dialect
    if dialect is None:
        return []
    n = dialect.skip_rows - (dialect.sep_line is not None)
    what = [f"the {n:,} line{'s' * (n != 1)} before the table"] * (n > 0)
    what += [f"comment lines ({dialect.comment} ...)"] * (dialect.comment is not None)
    return [f"not written: {' and '.join(what)}"] if what else []
