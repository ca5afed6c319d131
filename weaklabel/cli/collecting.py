"""Options of ``weaklabel collect`` for sources that are not files: databases and the web."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

_DATABASES = "Databases"
_WEB = "Pages of the web"


@dataclass(frozen=True)
class FromDatabases:
    """Which rows of a database are collected."""

    query: Annotated[
        str | None,
        typer.Option(
            "--query", metavar="SQL", help="SELECT statement whose rows are collected.", rich_help_panel=_DATABASES
        ),
    ] = None
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="COLUMN",
            help="Column of the query with a different value in every row; with it, reading goes on where it broke off.",
            rich_help_panel=_DATABASES,
        ),
    ] = None

    def settings(self) -> dict[str, Any]:
        """Return the keys of ``[collect]`` that these are."""
        return asdict(self)


@dataclass(frozen=True)
class FromWeb:
    """How pages of the web are fetched."""

    user_agent: Annotated[
        str | None,
        typer.Option(
            "--web-user-agent",
            metavar="NAME",
            help="Who asks, with a way to reach you: 'my-crawl/1.0 (+mailto:ann@example.org)'. Default: weaklabel/VERSION.",
            rich_help_panel=_WEB,
        ),
    ] = None
    delay: Annotated[
        float,
        typer.Option(
            "--web-delay", min=0, metavar="SECONDS", help="Between two requests to a host.", rich_help_panel=_WEB
        ),
    ] = 1.0
    timeout: Annotated[
        float,
        typer.Option(
            "--web-timeout",
            metavar="SECONDS",
            help="To wait for a server; a page may take ten times as long.",
            rich_help_panel=_WEB,
        ),
    ] = 30.0
    tries: Annotated[
        int,
        typer.Option(
            "--web-tries",
            min=1,
            metavar="N",
            help="How often a page is asked for while its server fails or is busy.",
            rich_help_panel=_WEB,
        ),
    ] = 4
    at_once: Annotated[
        int,
        typer.Option(
            "--web-at-once", min=1, metavar="N", help="Hosts that are asked at the same time.", rich_help_panel=_WEB
        ),
    ] = 16
    max_mb: Annotated[
        float,
        typer.Option("--web-max-mb", metavar="MB", help="Larger pages are rejected.", rich_help_panel=_WEB),
    ] = 20.0
    max_age: Annotated[
        float,
        typer.Option(
            "--web-max-age",
            min=0,
            metavar="HOURS",
            help="For which a page that an earlier run fetched is used without asking its server again.",
            rich_help_panel=_WEB,
        ),
    ] = 24.0

    def settings(self) -> dict[str, Any]:
        """Return the keys of ``[collect]`` that these are."""
        return {f"web_{name}": value for name, value in asdict(self).items()}
