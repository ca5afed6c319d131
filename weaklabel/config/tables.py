"""Sections about where rows come from: ``[corpus]`` and ``[collect]``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    ValidationError,
    field_serializer,
)

from weaklabel.config.section import Section, sentence
from weaklabel.errors import ConfigError
from weaklabel.support.urls import without_secrets

COLLECTED = Path("collected")
"""Stands for the path of the corpus until it is collected."""


class TableSettings(Section):
    """How tables are read: those of ``[corpus]`` and those that ``[collect]`` reads; as in `weaklabel.read_corpus`."""

    text: str | list[str] = "text"
    """The text column, or several, which are joined; `data.text` is a field of an object."""
    delimiter: str | None = None
    """The character between fields; detected if not given."""
    quoting: bool | None = None
    """Whether fields may be quoted; detected if not given."""
    encoding: str | None = None
    """The encoding of text files; UTF-8, or what the file itself says, if not given."""
    header: bool = True
    """Whether the first line of a table names the columns."""
    columns: list[str] | None = None
    """Names for the columns of a table without a header."""
    skip_rows: Annotated[int, Field(ge=0)] = 0
    """How many lines of a table to leave out before the header."""
    comment: str | None = None
    """Lines of a table that begin with this are left out."""
    quote_char: str | None = None
    """The quote character, if it is not `"`."""

    def table_reading(self) -> dict[str, Any]:
        """Return the arguments of `weaklabel.read_corpus` for a CSV or TSV file."""
        return self.model_dump(include=set(TableSettings.model_fields))


class CorpusSettings(TableSettings):
    """``[corpus]``: the unlabeled rows; everything but the path is as in `weaklabel.read_corpus`."""

    path: Path = COLLECTED
    """The corpus: CSV, TSV, JSONL, a JSON array, Parquet, or a folder of `.txt` files; text formats also `.gz` and `.zst`."""
    format: str | None = None
    """The format, if the name of the file does not tell."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Use only the first rows, up to this number."""
    entities: Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    """The two columns that hold the entities of a relation, as words or as spans such as `27-34`."""

    def reading(self) -> dict[str, Any]:
        """Return the arguments of `weaklabel.read_corpus`."""
        return self.model_dump(exclude={"path"})

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        return self.model_copy(update={"path": folder / self.path})


class CollectSettings(TableSettings):
    """``[collect]``: where documents are collected from, and how they become rows; see `weaklabel.collect_corpus`."""

    sources: Annotated[list[str], Field(min_length=1)]
    """Files, folders, patterns such as `mail/**/*.eml`, archives of them, or `hf:NAME` for a data set of Hugging Face."""
    unit: Literal["document", "paragraph", "sentence"] | Annotated[int, Field(ge=1)] = "document"
    """What becomes a row: the whole document, a paragraph, a sentence, or a window of at most so many characters."""
    html_text: Literal["main", "all"] = "main"
    """What is taken of HTML pages: the main text, or all of the text that is shown."""
    query: str | None = None
    """The SQL query whose rows are collected, where a source is the URL of a database such as `sqlite:///shop.db`."""
    key: str | None = None
    """A column of the query with a different value in every row; with it, reading goes on where it broke off."""
    web_user_agent: str | None = None
    """The name by which servers of the web know who asks; it should say how to reach you."""
    web_delay: Annotated[float, Field(ge=0)] = 1.0
    """Seconds between two requests to the same host; more where its `robots.txt` asks for more."""
    web_timeout: Annotated[float, Field(gt=0)] = 30.0
    """Seconds to wait for a server; a whole page may take ten times as long."""
    web_tries: Annotated[int, Field(ge=1)] = 4
    """How often a page is asked for while its server fails or is busy."""
    web_at_once: Annotated[int, Field(ge=1)] = 16
    """How many hosts are asked at the same time."""
    web_max_mb: Annotated[float, Field(gt=0)] = 20.0
    """Pages of more megabytes are rejected."""
    web_max_age: Annotated[float, Field(ge=0)] = 24.0
    """Hours for which a page that an earlier run fetched is used without asking again; later, only whether it changed."""

    @field_serializer("sources", when_used="json")
    def _without_secrets(self, sources: list[str]) -> list[str]:
        """What is written down of the settings, such as in reports, must not hold the password of a database."""
        return [without_secrets(spec) for spec in sources]

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        return self.model_copy(update={"sources": [_anchored_source(spec, folder) for spec in self.sources]})

    @classmethod
    def checked(cls, **keys: Any) -> Self:
        """Make it from keys; a wrong one is a `ConfigError`."""
        try:
            return cls(**keys)
        except ValidationError as error:
            raise ConfigError(f"collect: {sentence(error, cls)}") from None


_FILE_OF_SOURCE = re.compile(r"((?:urls:|sqlite(?:\+\w+)?:///)?)(.*)", re.DOTALL | re.IGNORECASE)
"""Schemes that a path follows."""


def _anchored_source(spec: str, folder: Path) -> str:
    """Return a source of documents with an absolute path, unless its scheme, such as ``hf:``, is followed by something else."""
    scheme, path = _FILE_OF_SOURCE.fullmatch(spec).groups()  # type: ignore[union-attr]
    if not scheme and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path):
        return spec
    return scheme + os.path.normpath(folder / path)
