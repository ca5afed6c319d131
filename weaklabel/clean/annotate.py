"""Columns with the words of a text and what they are: tokens, parts of speech, lemmas, entities."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from weaklabel.clean.rules import check_name
from weaklabel.errors import ConfigError, LFError, require
from weaklabel.lf.pipelines import components_for, open_pipeline, pipeline_identity

if TYPE_CHECKING:
    from spacy.language import Language

JIEBA = "jieba"
"""In place of a spaCy pipeline, for Chinese words."""

ENGLISH = "en_core_web_sm"

_ENTITY = pl.Struct({"text": pl.String, "label": pl.String, "begin": pl.Int64, "end": pl.Int64})

ANNOTATIONS: dict[str, pl.DataType] = {
    "tokens": pl.List(pl.String),
    "pos": pl.List(pl.String),
    "lemmas": pl.List(pl.String),
    "entities": pl.List(_ENTITY),
}
"""The columns that there are, with their types. An entity has its text, its type, and its place in characters."""

_NEEDS = {"tokens": frozenset[str](), "pos": {"POS"}, "lemmas": {"LEMMA"}, "entities": {"ENT_TYPE"}}
_OF_JIEBA = ("tokens", "pos")

NOT_ANNOTATED = "not annotated, since too long"
"""What texts beyond the limit of the pipeline are counted as."""


def check_annotations(columns: Sequence[str], pipeline: str) -> tuple[str, ...]:
    """Return the columns in their usual order; check before any work that the pipeline gives them.

    Raises
    ------
    ConfigError
        There is no such column, or the pipeline does not give it.
    MissingPackageError
        The pipeline or its package is not installed.
    """
    for column in columns:
        check_name(column, ANNOTATIONS, "annotation")
    chosen = tuple(column for column in ANNOTATIONS if column in columns)
    if pipeline == JIEBA:
        others = [column for column in chosen if column not in _OF_JIEBA]
        if others:
            raise ConfigError(f"jieba gives {' and '.join(_OF_JIEBA)}, not {others[0]}")
        if chosen:
            _chinese_words()
            if "pos" in chosen:
                require("jieba", "weaklabel[raw]", "the annotation 'pos' of Chinese")
    elif chosen:
        nlp = _pipeline(pipeline)
        probe = nlp("This is a probe.")
        for column in chosen:
            attribute = {"pos": "POS", "lemmas": "LEMMA", "entities": "ENT_IOB"}.get(column)
            if attribute and not probe.has_annotation(attribute):
                raise ConfigError(
                    f"the pipeline '{pipeline}' gives no {column}; use one that does, such as '{ENGLISH}'"
                )
    return chosen


def pipeline_id(columns: Sequence[str], pipeline: str) -> str | None:
    """Return what tells versions of a pipeline apart; None where there are no annotations."""
    if not columns:
        return None
    if pipeline == JIEBA:
        from importlib.metadata import version

        return f"{version('rjieba')} {version('jieba')}" if "pos" in columns else version("rjieba")
    return pipeline_identity(_pipeline(pipeline))


def annotated(texts: pl.Series, columns: Sequence[str], pipeline: str) -> pl.DataFrame:
    """Return the annotations of texts.

    Parameters
    ----------
    texts
        Length: n.
    columns
        Names of `ANNOTATIONS`.
    pipeline
        A spaCy pipeline by its name or folder, or ``jieba`` for Chinese.

    Returns
    -------
    polars.DataFrame
        The columns; null for a text that is missing, or longer than the pipeline takes.
    """
    different = texts.drop_nulls().unique(maintain_order=True)
    annotations = (
        _by_jieba(different, columns) if pipeline == JIEBA else _by_spacy(different, columns, _pipeline(pipeline))
    )
    table = pl.DataFrame(
        {"text": different, **{column: [each[column] for each in annotations] for column in columns}},
        schema={"text": pl.String, **{column: ANNOTATIONS[column] for column in columns}},
    )
    return pl.DataFrame({"text": texts}).join(table, on="text", how="left", maintain_order="left").drop("text")


@lru_cache
def _pipeline(pipeline: str) -> Language:
    try:
        return open_pipeline("annotating", pipeline)
    except LFError as error:
        raise ConfigError(str(error)) from None


def _by_spacy(texts: pl.Series, columns: Sequence[str], nlp: Language) -> list[dict[str, Any]]:
    needs = frozenset[str]().union(*(_NEEDS[column] for column in columns))
    components = components_for(nlp, needs)
    left_out = [name for name in nlp.pipe_names if name not in components]
    fits = (texts.str.len_chars() <= nlp.max_length).to_list()
    docs = nlp.pipe((text for text, is_short in zip(texts.to_list(), fits, strict=True) if is_short), disable=left_out)
    return [_of_doc(next(docs), columns) if is_short else dict.fromkeys(columns) for is_short in fits]


def _of_doc(doc: Any, columns: Sequence[str]) -> dict[str, Any]:
    every: dict[str, Any] = {}
    if "tokens" in columns:
        every["tokens"] = [token.text for token in doc]
    if "pos" in columns:
        every["pos"] = [token.pos_ for token in doc]
    if "lemmas" in columns:
        every["lemmas"] = [token.lemma_ for token in doc]
    if "entities" in columns:
        every["entities"] = [
            {"text": entity.text, "label": entity.label_, "begin": entity.start_char, "end": entity.end_char}
            for entity in doc.ents
        ]
    return every


def _by_jieba(texts: pl.Series, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Find Chinese words: by rjieba, or, since its parts of speech are only those of its dictionary, all by jieba."""
    if "pos" not in columns:
        cut = _chinese_words().cut
        return [{"tokens": [word for word in cut(text) if not word.isspace()]} for text in texts.to_list()]
    tagger = _chinese_tagger()
    annotations = []
    for text in texts.to_list():
        pairs = [(pair.word, pair.flag) for pair in tagger.cut(text) if not pair.word.isspace()]
        annotations.append({"tokens": [word for word, _ in pairs], "pos": [flag for _, flag in pairs]})
    return annotations


def _chinese_words() -> Any:
    return require("rjieba", "weaklabel[raw]", "finding Chinese words")


@cache
def _chinese_tagger() -> Any:
    jieba = require("jieba", "weaklabel[raw]", "the annotation 'pos' of Chinese")
    posseg = require("jieba.posseg", "weaklabel[raw]", "the annotation 'pos' of Chinese")
    # Its own way to load the dictionary reads a cache, in a folder that others can write to, that can run code.
    words = jieba.Tokenizer()
    words.FREQ, words.total = words.gen_pfdict(words.get_dict_file())
    words.initialized = True
    return posseg.POSTokenizer(words)
