"""``protect_corpus``: flag, hide or drop personal data in a corpus of any size."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from weaklabel.config import ProtectAction, ProtectSettings
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.errors import ConfigError
from weaklabel.job.engine import Engine
from weaklabel.job.transform import transform_corpus
from weaklabel.job.transform_job import Transformation
from weaklabel.protect.protector import make_protector
from weaklabel.protect.transform import Protect


def protect_corpus(
    source: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    text: str | Sequence[str] = "text",
    action: ProtectAction = "mask",
    actions: Mapping[str, ProtectAction] | None = None,
    find: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    skip: Sequence[str] = (),
    regions: Sequence[str] | None = None,
    names: Literal["spacy", "presidio"] | None = None,
    pipeline: str = "en_core_web_sm",
    patterns: Mapping[str, str] | None = None,
    allow: Sequence[str] = (),
    key_file: str | os.PathLike[str] | None = None,
    keep: Sequence[str | os.PathLike[str]] = (),
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Flag, hide or drop personal data in a corpus of any size.

    What is found by patterns and check digits is most, not all: no text is anonymous for it.

    Parameters
    ----------
    source
        A `Corpus`, or whatever `read_corpus` takes.
    out
        Where to write; rows that are dropped go to ``OUT.rejects.jsonl``, with what is found in them masked. By default,
        the rows are returned.
    text
        Columns that hold the text, if ``source`` is not a `Corpus`.
    action
        What is done about all that is found: "flag" adds columns that say how much there is and where, "mask" writes the
        type instead (``[EMAIL]``), "pseudonym" type and keyed hash (``[EMAIL cprvqioq7ai2]``), the same for the same value
        in all rows and columns, and "drop" leaves out the row.
    actions
        What is done about single types.
    find, ignore
        Types that are found, by default all of `weaklabel.protect.TYPES`, and types that are not.
    columns, skip
        Columns that are read, by default all that hold text, in lists and objects, too; columns that are not.
    regions
        Countries whose phone numbers are found without a country code.
    names
        What finds names of people, places and organizations; by default they are not found.
    pipeline
        The spaCy pipeline that finds names.
    patterns
        Types of one's own, from a name to a Rust regex.
    allow
        Values that are not hidden.
    key_file
        A file with the key for pseudonyms, made if it is missing; by default the key is in the environment variable
        ``WEAKLABEL_PROTECT_KEY``.
    keep
        Files with rejects of an earlier call: the rows in them are not dropped; they are masked.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Returns
    -------
    Transformation
        How many rows were changed and dropped and how many finds there were, by type; with ``frame`` where no output was
        named.

    Raises
    ------
    ConfigError
        A type, a column or a country is unknown, a pattern does not work, or pseudonyms have no key.
    CorpusError
        The corpus cannot be read, or the output cannot be written.
    MissingPackageError
        A package is not installed; says what to install.

    Examples
    --------
    >>> done = protect_corpus({"text": ["Ask jo@example.org", "Nothing here"]})
    >>> done.frame["text"].to_list(), dict(done.counts)
    (['Ask [EMAIL]', 'Nothing here'], {'email': 1})
    """
    corpus = source if isinstance(source, Corpus) else read_corpus(source, text=text)
    given = {
        "action": action,
        "actions": dict(actions or {}),
        "find": find if find is None else list(find),
        "ignore": list(ignore),
        "columns": columns if columns is None else list(columns),
        "skip": list(skip),
        "names": names,
        "pipeline": pipeline,
        "patterns": dict(patterns or {}),
        "allow": list(allow),
        "key_file": key_file if key_file is None else Path(key_file),
    }
    transform = protecting(corpus, protect_settings(given if regions is None else given | {"regions": list(regions)}))
    return transform_corpus(corpus, transform, out, keep=keep, engine=engine, progress=progress)


def protect_settings(given: Mapping[str, Any]) -> ProtectSettings:
    """Return checked settings; a wrong value is a `ConfigError`."""
    try:
        return ProtectSettings(**given)
    except ValidationError as error:
        complaint = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, complaint["loc"]))
        raise ConfigError(f"protect: {where}: {complaint['msg'][0].lower()}{complaint['msg'][1:]}") from None


def protecting(corpus: Corpus, settings: ProtectSettings) -> Protect:
    """Return the transform that protects a corpus, all of it checked before any work; see `protect_corpus`.

    Raises
    ------
    ConfigError, MissingPackageError
        As for `protect_corpus`.
    """
    return Protect(tuple(corpus.text), make_protector(settings))
