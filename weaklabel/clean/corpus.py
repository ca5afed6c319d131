"""``clean_corpus``: clean a corpus of any size."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from weaklabel.clean.annotate import ENGLISH, check_annotations
from weaklabel.clean.language import languages_of
from weaklabel.clean.repairs import mojibake
from weaklabel.clean.rules import active_rules
from weaklabel.clean.transform import Clean
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.errors import CorpusError
from weaklabel.job.engine import Engine
from weaklabel.job.transform import check_text, transform_corpus
from weaklabel.job.transform_job import Transformation


def clean_corpus(
    source: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    text: str | Sequence[str] = "text",
    preset: str = "light",
    rules: Mapping[str, object] | None = None,
    annotate: Sequence[str] = (),
    pipeline: str = ENGLISH,
    keep: Sequence[str | os.PathLike[str]] = (),
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Clean a corpus of any size: repair its texts, and drop rows by rules.

    Parameters
    ----------
    source
        A `Corpus`, or whatever `read_corpus` takes.
    out
        Where to write; rows that are dropped go to ``OUT.rejects.jsonl``. By default, the rows are returned.
    text
        Columns that hold the text, if ``source`` is not a `Corpus`.
    preset
        ``light`` repairs texts and drops those in which nothing is left; ``c4``, ``gopher`` and ``fineweb`` filter web
        pages as these publications do.
    rules
        Rules with values that replace those of the preset, such as ``{"min-words": 3, "html": "off"}``; see
        `weaklabel.clean.RULES`.
    annotate
        Columns to add: ``tokens``, ``pos``, ``lemmas``, ``entities``.
    pipeline
        What finds them: a spaCy pipeline by its name or folder, or ``jieba`` for Chinese.
    keep
        Files with rejects of an earlier call: the rows in them are not dropped.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Returns
    -------
    Transformation
        What was changed and dropped, by rule, with examples; with ``frame`` where no output was named.

    Raises
    ------
    ConfigError
        There is no such preset, rule, value or annotation.
    CorpusError
        The corpus cannot be read, or the output cannot be written.
    MissingPackageError
        A package that a rule needs is not installed; says what to install.

    Examples
    --------
    >>> cleaned = clean_corpus({"text": ["<p>Fish &amp; chips</p>", "caf\u00c3\u00a9", " \u200b "]})
    >>> cleaned.frame["text"].to_list(), dict(cleaned.dropped)
    (['Fish & chips', 'café'], {'empty': 1})
    """
    corpus = source if isinstance(source, Corpus) else read_corpus(source, text=text)
    transform = cleaner(corpus, preset, rules, annotate, pipeline)
    return transform_corpus(corpus, transform, out, keep=keep, engine=engine, progress=progress)


def cleaner(
    corpus: Corpus,
    preset: str = "light",
    rules: Mapping[str, object] | None = None,
    annotate: Sequence[str] = (),
    pipeline: str = ENGLISH,
) -> Clean:
    """Return the transform that cleans a corpus, all of it checked before any work; see `clean_corpus`.

    Raises
    ------
    ConfigError, CorpusError, MissingPackageError
        As for `clean_corpus`.
    """
    active = active_rules(preset, rules)
    columns = check_annotations(annotate, pipeline)
    check_text(corpus, "cleaned")
    if corpus.entities:
        raise CorpusError(
            f"{corpus.name} cannot be cleaned with its entities: their places in the text would change; give entities as "
            "words, and name them (--entities) to later steps only"
        )
    fixed = [name for name in corpus.text if corpus.empty().stored.schema[name] == pl.Enum]
    if fixed:
        raise CorpusError(
            f"{corpus.name} cannot be cleaned: '{fixed[0]}' is an Enum, which takes no new texts: cast it to text"
        )
    probe = pl.Series(["é"])
    if "mojibake" in active:
        mojibake(probe)
    if "language" in active:
        languages_of(probe)
    return Clean(tuple(corpus.text), active, columns, pipeline)
