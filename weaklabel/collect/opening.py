"""From what a user names to a source: by its scheme, such as ``hf:``, else files."""

from __future__ import annotations

import re
from pathlib import Path

from weaklabel.collect.database.query import is_database
from weaklabel.collect.hub import is_saved_dataset
from weaklabel.collect.source import DocumentSource
from weaklabel.config import CollectSettings
from weaklabel.errors import CorpusError
from weaklabel.support.plugins import Entry, Registry

SOURCES: Registry[DocumentSource] = Registry(
    "source",
    "weaklabel.sources",
    "weaklabel.collect.source:DocumentSource",
    {
        "files": Entry(
            "weaklabel.collect.files:FileSource", "files, folders, patterns such as mail/**/*.eml, archives"
        ),
        "package": Entry(
            "weaklabel.collect.package:PackageSource", "files of an installed package: package:NAME/FOLDER"
        ),
        "datasets": Entry(
            "weaklabel.collect.hub:HubSource", "data sets of Hugging Face: hf:NAME, or a folder of save_to_disk"
        ),
        "database": Entry(
            "weaklabel.collect.database.source:DatabaseSource",
            "the rows of a query, such as postgresql://user@host/shop",
        ),
        "web": Entry(
            "weaklabel.collect.web.source:WebSource", "pages of the web: urls:FILE, a list of addresses, or https://..."
        ),
    },
    CorpusError,
)
"""Kinds of sources. A new one is one file and one line here; that of a plugin is one entry point of the group."""

FILES = "files"
"""The kind of what has no scheme."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def open_sources(settings: CollectSettings) -> list[DocumentSource]:
    """Return the sources that a user named, in order; those that are better read together are one source.

    Raises
    ------
    CorpusError
        One of them does not exist, or cannot be opened.
    """
    sources: list[DocumentSource] = []
    for spec in settings.sources:
        source = open_source(spec, settings)
        both = sources[-1].joined(source) if sources else None
        sources[-1:] = [both] if both is not None else [*sources[-1:], source]
    return sources


def open_source(spec: str, settings: CollectSettings) -> DocumentSource:
    """Return the source that a user named.

    Raises
    ------
    CorpusError
        The file does not exist, or what a scheme names cannot be opened.
    """
    scheme = _SCHEME.match(spec)
    if scheme:
        name = scheme[1].lower().partition("+")[0]  # what follows is the driver of a database
        for kind in SOURCES:
            if name in SOURCES[kind].schemes:
                return SOURCES[kind].open(spec, settings)
        if is_database(name):
            return SOURCES["database"].open(spec, settings)
        if spec[scheme.end() :].startswith("//"):
            known = ", ".join(f"{name}:" for kind in SOURCES for name in SOURCES[kind].schemes)
            raise CorpusError(
                f"'{scheme[0]}//' is not a kind of source; known are files, folders, patterns, and {known}"
            )
    if is_saved_dataset(Path(spec)):
        return SOURCES["datasets"].open(spec, settings)
    return SOURCES[FILES].open(spec, settings)
