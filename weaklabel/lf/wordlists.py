"""Ready resources for labeling functions that packages carry: VADER's sentiment of English texts, and stemmers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError, nearest, require
from weaklabel.labels import ABSTAIN, VoteArray, as_votes
from weaklabel.lf.core import LF, Place, Reason, check_columns, check_label, check_name, column_text
from weaklabel.lf.lexicon import FoundTokens, plain
from weaklabel.lf.reasons import cell_text, joined, limits, listed, matches
from weaklabel.lf.regexes import check_words

STEMMERS = (
    "arabic", "danish", "dutch", "english", "finnish", "french", "german", "hungarian", "italian", "norwegian", "porter",
    "portuguese", "romanian", "russian", "spanish", "swedish",
)  # fmt: skip
"""Stemmers of NLTK: Snowball's by language, and ``porter`` (Porter, "An algorithm for suffix stripping", 1980)."""


class SentimentLF(LF):
    """A labeling function that judges the sentiment of English texts by VADER; see `sentiment_lf`."""

    kind = "sentiment"
    label: int
    place = Place.IN_PROCESS

    def __init__(self, name: str, label: int, least: float | None, most: float | None, column: str) -> None:
        self.name = name
        self.label = label
        self.columns: tuple[str, ...] = (column,)
        self.least = least
        self.most = most

    def vote(self, batch: Batch) -> VoteArray:
        """Vote on every row of ``batch``; see `LF.vote`."""
        check_columns(self.name, self.columns, batch)
        scores = self.scores(batch)
        is_within = ~np.isnan(scores)
        if self.least is not None:
            is_within &= scores >= self.least
        if self.most is not None:
            is_within &= scores <= self.most
        return as_votes(np.where(is_within, self.label, ABSTAIN), self.label + 1)

    def scores(self, batch: Batch) -> NDArray[np.float64]:
        """Return the compound score of each text, -1 to 1; NaN for a missing one. Shape: [n]."""
        (column,) = self.columns
        return batch.once(("sentiment", column), lambda: _scores(batch.frame.select(column_text(column)).to_series()))

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [version("nltk-vader-sentiment"), super().identity()]

    def reason(self, row: Batch, vote: int) -> Reason:
        """See `LF.reason`."""
        score = self.scores(row)[0]
        text = cell_text(row, self.columns[0])
        lexicon = _vader().lexicon
        spans = joined(span for span in matches(r"[\w'’-]+", text) if text[slice(*span)].lower() in lexicon)
        words = listed(text[slice(*span)] for span in spans)
        least = [] if self.least is None else [f"at least {self.least:g}"]
        most = [] if self.most is None else [f"at most {self.most:g}"]
        return Reason(f"sentiment {score:+.2f} ({', '.join(least + most)}), words {words}", self.columns[0], spans)

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        limits_given = {"min_score": self.least, "max_score": self.most}
        return {name: limit for name, limit in limits_given.items() if limit is not None}


def sentiment_lf(
    name: str,
    label: int,
    *,
    min_score: float | None = None,
    max_score: float | None = None,
    column: str = TEXT,
) -> SentimentLF:
    """Vote on English texts whose sentiment is positive or negative enough, by VADER.

    Its lexicon of 7,500 words and emoticons is weighed with negations, intensifiers, capitals, "but" and exclamation marks
    (Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014).
    Labeling functions on the same column share the scores.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    min_score, max_score
        Limits of the compound score, -1 (negative) to 1 (positive); one is needed. Its authors take .05 and -.05.
    column
        Column to read; a missing value abstains.

    Raises
    ------
    LFError
        No limit, or one that no score meets; a wrong name or label.
    MissingPackageError
        The package is not installed; says what to install.

    Examples
    --------
    >>> lf = sentiment_lf("praise", 1, min_score=0.3)
    >>> lf.vote(Batch(pl.DataFrame({"text": ["A wonderful film!", "Not wonderful at all.", "A film."]})))
    array([ 1, -1, -1], dtype=int8)
    """
    check_name(name)
    if min_score is None and max_score is None:
        raise LFError(f"LF '{name}': give min_score or max_score, such as min_score=0.05")
    for what, limit in (("min_score", min_score), ("max_score", max_score)):
        if limit is not None and (
            isinstance(limit, bool) or not isinstance(limit, int | float) or not -1 <= limit <= 1
        ):
            raise LFError(f"LF '{name}': {what} must be a number from -1 to 1, not {limit!r}")
    if min_score is not None and max_score is not None and min_score > max_score:
        raise LFError(f"LF '{name}': min_score {min_score:g} is above max_score {max_score:g}")
    _vader()
    return SentimentLF(name, check_label(name, label), min_score, max_score, column)


def vader_lexicon() -> dict[str, float]:
    """Return VADER's words with their sentiment, about -4 to 4, as `lexicon_lf` takes them.

    Raises
    ------
    MissingPackageError
        The package is not installed; says what to install.

    Examples
    --------
    >>> vader_lexicon()["wonderful"]
    2.7
    """
    return dict(_vader().lexicon)


@lru_cache
def _vader() -> Any:
    return require("vader", "weaklabel[raw]", "VADER's sentiment").SentimentIntensityAnalyzer()


def _scores(texts: pl.Series) -> NDArray[np.float64]:
    different = texts.drop_nulls().unique(maintain_order=True).to_list()
    score = _vader().polarity_scores
    compound = {text: score(text)["compound"] for text in different}
    return np.array([compound.get(text, np.nan) for text in texts.to_list()], dtype=np.float64)


class StemLF(LF):
    """A labeling function that looks for words in any of their forms; see `stem_lf`."""

    kind = "stem"
    label: int
    place = Place.IN_PROCESS

    def __init__(self, name: str, label: int, words: list[str], language: str, least: int, column: str) -> None:
        self.name = name
        self.label = label
        self.columns: tuple[str, ...] = (column,)
        self.stems: list[str] = sorted({_stem(word, language) for word in words})
        self.language = language
        self.least = least

    def vote(self, batch: Batch) -> VoteArray:
        """Vote on every row of ``batch``; see `LF.vote`."""
        check_columns(self.name, self.columns, batch)
        (column,) = self.columns
        # The same keys as of lexicons, so that the texts are split once.
        shared = (column, True)
        text = batch.once(
            ("plain text", *shared), lambda: plain(batch.frame.select(column_text(column)).to_series(), True)
        )
        tokens = batch.once(("tokens", *shared), lambda: FoundTokens(text.str.extract_all(r"\w+")))
        stems = batch.once(
            ("stems", *shared, self.language), lambda: [_stem(token, self.language) for token in tokens.vocabulary]
        )
        sought = set(self.stems)
        weights = {token: 1.0 for token, stem in zip(tokens.vocabulary, stems, strict=True) if stem in sought}
        counts = tokens.sums(weights) if weights else np.zeros(len(batch))
        return as_votes(np.where(counts >= self.least, self.label, ABSTAIN), self.label + 1)

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [pl.__version__, version("nltk"), super().identity()]

    def reason(self, row: Batch, vote: int) -> Reason:
        """See `LF.reason`."""
        text = cell_text(row, self.columns[0])
        sought = set(self.stems)
        spans = joined(
            span for span in matches(r"\w+", text) if _stem(text[slice(*span)].lower(), self.language) in sought
        )
        least = "" if self.least == 1 else limits(self.least, None)
        return Reason(f"finds {listed(text[slice(*span)] for span in spans)}{least}", self.columns[0], spans)


def stem_lf(
    name: str,
    label: int,
    words: Iterable[str],
    *,
    language: str = "english",
    min_count: int = 1,
    column: str = TEXT,
) -> StemLF:
    """Vote where one of some words is in the text in any form with the same stem: *win* finds *wins* and *winning*.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    words
        Single words.
    language
        Language of the stemmer; ``porter`` is an older one for English. See `STEMMERS`.
    min_count
        Number of such words in the text, repeats included, that it takes.
    column
        Column to read; a missing value abstains.

    Raises
    ------
    LFError
        No words, one that is no single word, no such stemmer; a wrong name, label or count.
    MissingPackageError
        NLTK is not installed; says what to install.

    Examples
    --------
    >>> lf = stem_lf("prize", 1, ["win", "prize"])
    >>> lf.vote(Batch(pl.DataFrame({"text": ["She is winning", "Prizes!", "a winter"]})))
    array([ 1,  1, -1], dtype=int8)
    """
    checked = [word.lower() for word in check_words(check_name(name), words)]
    several = next((word for word in checked if not word.replace("_", "a").isalnum()), None)
    if several is not None:
        raise LFError(f"LF '{name}': '{several}' is no single word; use keyword_lf or phrase_lf for phrases")
    if language not in STEMMERS:
        raise LFError(
            f"LF '{name}': there is no stemmer '{language}'{nearest(str(language), STEMMERS)}; "
            f"there are {', '.join(STEMMERS)}"
        )
    if isinstance(min_count, bool) or not isinstance(min_count, int) or min_count < 1:
        raise LFError(f"LF '{name}': min_count must be a whole number, 1 or more, not {min_count!r}")
    return StemLF(name, check_label(name, label), checked, language, min_count, column)


@lru_cache
def _stemmer(language: str) -> Any:
    return require("nltk.stem.snowball", "weaklabel[raw]", "stem_lf").SnowballStemmer(language)


@lru_cache(maxsize=100_000)
def _stem(word: str, language: str) -> str:
    stem: str = _stemmer(language).stem(word)
    return stem
