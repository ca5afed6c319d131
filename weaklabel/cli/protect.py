"""``weaklabel protect``: personal data is flagged, masked, replaced by pseudonyms, or a reason to drop the row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from weaklabel.cli.options import expanded
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading, column_names
from weaklabel.cli.transforming import Transforming, carry_out
from weaklabel.cli.voting import EngineOptions

PANEL = "Personal data"


@dataclass(frozen=True)
class Protecting:
    """What is found, and what is done about it."""

    action: Annotated[
        str,
        typer.Option(
            "--action",
            metavar="ACTION",
            help="flag: columns say how much there is and where. mask: its type is written instead. pseudonym: type and "
            "keyed hash. drop: the row is left out.",
            rich_help_panel=PANEL,
        ),
    ] = "mask"
    action_of: Annotated[
        list[str] | None,
        typer.Option(
            "--action-of",
            metavar="TYPE=ACTION",
            help="What is done about a type, such as secret=drop; repeatable.",
            rich_help_panel=PANEL,
        ),
    ] = None
    find: Annotated[
        str | None,
        typer.Option(
            "--find", metavar="A,B", help="Types that are found. Default: all but names.", rich_help_panel=PANEL
        ),
    ] = None
    ignore: Annotated[
        str | None, typer.Option("--ignore", metavar="A,B", help="Types that are not found.", rich_help_panel=PANEL)
    ] = None
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="A,B", help="Columns that are read. Default: all that hold text.", rich_help_panel=PANEL
        ),
    ] = None
    skip: Annotated[
        str | None,
        typer.Option("--skip", metavar="A,B", help="Columns that are left as they are.", rich_help_panel=PANEL),
    ] = None
    regions: Annotated[
        str | None,
        typer.Option(
            "--regions",
            metavar="A,B",
            help="Countries whose phone numbers are found without a country code, such as US,DE.",
            rich_help_panel=PANEL,
        ),
    ] = None
    names: Annotated[
        str | None,
        typer.Option(
            "--names",
            metavar="ENGINE",
            help="Find names of people, places and organizations, too: spacy or presidio.",
            rich_help_panel=PANEL,
        ),
    ] = None
    names_pipeline: Annotated[
        str,
        typer.Option(
            "--names-pipeline", metavar="NAME", help="The spaCy pipeline that finds names.", rich_help_panel=PANEL
        ),
    ] = "en_core_web_sm"
    pattern: Annotated[
        list[str] | None,
        typer.Option(
            "--pattern",
            metavar="NAME=REGEX",
            help="A type of your own, such as employee='E-\\d{6}'; repeatable.",
            rich_help_panel=PANEL,
        ),
    ] = None
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="VALUE", help="A value that is not hidden; repeatable.", rich_help_panel=PANEL),
    ] = None
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            metavar="FILE",
            help="The key for pseudonyms, made if it is missing. Default: the variable WEAKLABEL_PROTECT_KEY.",
            rich_help_panel=PANEL,
        ),
    ] = None
    list_types: Annotated[
        bool, typer.Option("--list-types", help="List the types that are found, and stop.", rich_help_panel=PANEL)
    ] = False

    def settings(self) -> dict[str, Any]:
        """Return the settings as `weaklabel.protect.protect_settings` takes them."""
        given = {
            "action": self.action,
            "actions": _pairs(self.action_of, "--action-of", "TYPE=ACTION, such as secret=drop"),
            "find": column_names(self.find) or None,
            "ignore": column_names(self.ignore),
            "columns": column_names(self.only) or None,
            "skip": column_names(self.skip),
            "names": self.names,
            "pipeline": self.names_pipeline,
            "patterns": _pairs(self.pattern, "--pattern", "NAME=REGEX"),
            "allow": self.allow or [],
            "key_file": self.key_file,
        }
        return given | ({"regions": column_names(self.regions)} if self.regions else {})


def _pairs(options: list[str] | None, flag: str, form: str) -> dict[str, str]:
    pairs = {}
    for option in options or []:
        name, equals, value = option.partition("=")
        if not equals or not value:
            raise typer.BadParameter(f"'{option}' is not {form}", param_hint=flag)
        pairs[name] = value
    return pairs


@expanded
def protect(
    corpus: CorpusArg = "",
    *,
    transforming: Transforming,
    protecting: Protecting,
    reading: Reading,
    engine: EngineOptions,
    printing: Printing,
) -> None:
    """Find personal data in all columns with text, and hide it.

    \b
    Examples:
      weaklabel protect mails.jsonl -o protected.jsonl
      weaklabel protect mails.csv --dry-run
      weaklabel protect mails.csv --action pseudonym --key-file protect.key -o protected.csv
      weaklabel protect mails.csv --action flag --action-of secret=drop --skip url -o flagged.jsonl

    What patterns and check digits find is most, not all: no text is anonymous for it. To resume after an interruption,
    give the same command again.
    """
    from weaklabel.protect import TYPES, protect_settings, protecting as transform_of

    if protecting.list_types:
        printing.result({"types": list(TYPES)}, "\n".join(TYPES))
        return
    if not corpus:
        raise typer.BadParameter("name a corpus", param_hint="CORPUS")
    settings = protect_settings(protecting.settings())
    rows = reading.open(corpus)
    carry_out(rows, transform_of(rows, settings), transforming, engine, printing)
