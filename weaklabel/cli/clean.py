"""``weaklabel clean``: texts are repaired, and rows dropped by rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from weaklabel.cli.options import expanded
from weaklabel.cli.printing import Printing
from weaklabel.cli.reading import CorpusArg, Reading, column_names
from weaklabel.cli.transforming import Transforming, carry_out
from weaklabel.cli.voting import EngineOptions

PANEL = "Rules"


@dataclass(frozen=True)
class Cleaning:
    """Which rules are on, and which columns are added."""

    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            metavar="NAME",
            help="light: repairs, and texts in which nothing is left are dropped. c4, gopher, fineweb: filters for web "
            "pages as published.",
            rich_help_panel=PANEL,
        ),
    ] = "light"
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="NAME=VALUE",
            help="Set a rule, such as min-words=5, language=en,zh or html=off; repeatable.",
            rich_help_panel=PANEL,
        ),
    ] = None
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="List all rules with their values, and stop.", rich_help_panel=PANEL)
    ] = False
    annotate: Annotated[
        str | None,
        typer.Option(
            "--annotate",
            metavar="A,B",
            help="Columns to add: tokens, pos, lemmas, entities.",
            rich_help_panel=PANEL,
        ),
    ] = None
    pipeline: Annotated[
        str,
        typer.Option(
            "--pipeline",
            metavar="NAME",
            help="What finds them: a spaCy pipeline, or jieba for Chinese.",
            rich_help_panel=PANEL,
        ),
    ] = "en_core_web_sm"

    def rules(self) -> dict[str, str]:
        """Return the rules that were set, with their values."""
        pairs = {}
        for option in self.rule or []:
            name, equals, value = option.partition("=")
            if not equals or not value:
                raise typer.BadParameter(
                    f"'{option}' is not NAME=VALUE, such as min-words=5 or html=off", param_hint="--rule"
                )
            pairs[name] = value
        return pairs


@expanded
def clean(
    corpus: CorpusArg = "",
    *,
    transforming: Transforming,
    cleaning: Cleaning,
    reading: Reading,
    engine: EngineOptions,
    printing: Printing,
) -> None:
    """Repair the texts of a corpus and drop rows by rules.

    \b
    Examples:
      weaklabel clean raw.csv -o clean.csv
      weaklabel clean pages.jsonl --preset fineweb --dry-run
      weaklabel clean mails.jsonl --rule boilerplate=20 --rule language=en,zh -o clean.jsonl
      weaklabel clean raw.csv --annotate tokens,pos,lemmas -o words.jsonl

    Rows that are dropped go to OUT.rejects.jsonl, with the rule and the reason. To take some back, give the same command
    with --keep and a file with their lines. To resume after an interruption, give the same command again.
    """
    from weaklabel.clean import cleaner

    rules = cleaning.rules()
    if cleaning.list_rules:
        printing.result(*_listed())
        return
    if not corpus:
        raise typer.BadParameter("name a corpus", param_hint="CORPUS")
    rows = reading.open(corpus)
    transform = cleaner(rows, cleaning.preset, rules, column_names(cleaning.annotate), cleaning.pipeline)
    carry_out(rows, transform, transforming, engine, printing)


def _listed() -> tuple[dict[str, object], str]:
    """Return all rules as JSON and as a table, with their values in each preset."""
    from weaklabel.clean import PRESETS, RULES
    from weaklabel.clean.rules import shown_value
    from weaklabel.support.table import table

    as_json: dict[str, object] = {
        name: {
            "kind": rule.kind,
            "about": rule.about,
            "on": rule.usual,
            **{preset: values.get(name) for preset, values in PRESETS.items()},
        }
        for name, rule in RULES.items()
    }
    rows = [
        [name, rule.kind, shown_value(rule.usual), *(shown_value(of.get(name)) for of in PRESETS.values()), rule.about]
        for name, rule in RULES.items()
    ]
    return as_json, table(rows, ["rule", "kind", "on", *PRESETS, "what it does"])
