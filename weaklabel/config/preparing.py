"""Sections about how raw text is prepared: ``[clean]``, ``[dedup]``, ``[protect]`` and ``[split]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
)

from weaklabel.config.section import Section, anchored_model


class CleanSettings(Section):
    """``[clean]``: how texts are repaired, and which rows are dropped; see `weaklabel.clean_corpus`."""

    preset: Literal["light", "c4", "gopher", "fineweb"] = "light"
    """The rules that are on: repairs only (`light`), or filters for web pages as published."""
    rules: dict[str, bool | int | float | str | list[str]] = {}
    """Rules with values that replace those of the preset, such as `{ min-words = 3, html = false, language = ["en"] }`."""
    annotate: list[Literal["tokens", "pos", "lemmas", "entities"]] = []
    """Columns to add: words, their parts of speech, their lemmas, and named entities."""
    pipeline: str = "en_core_web_sm"
    """What finds them: a spaCy pipeline by its name or folder, or `jieba` for Chinese."""
    keep: list[Path] = []
    """Files with lines of an earlier file of rejects: the rows in them are not dropped."""

    def arguments(self) -> dict[str, Any]:
        """Return the settings as arguments of `weaklabel.clean_corpus`."""
        return self.model_dump()

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        keep = [folder / path for path in self.keep]
        return self.model_copy(update={"keep": keep, "pipeline": anchored_model(self.pipeline, folder)})


class DedupSettings(Section):
    """``[dedup]``: which rows are duplicates, and which of them stays; see `weaklabel.dedup_corpus`."""

    threshold: Annotated[float, Field(ge=0.4, le=1)] = 0.7
    """Jaccard similarity of shingles from which on two texts are near-duplicates."""
    keep_row: Literal["longest", "first", "votes"] = "longest"
    """Which of several rows stays."""
    votes: str | None = None
    """Column with the number of votes of a row, for `keep_row = "votes"`; those of the labeling functions if not given."""
    against: list[Path] = []
    """Files with rows, such as validation and test rows, of which no near-duplicate may stay; gold always is one of them."""
    semantic: Annotated[float, Field(ge=0.5, le=1)] | None = None
    """Cosine of embeddings from which on two texts are duplicates as well; no comparison by meaning if not given."""
    keep: list[Path] = []
    """Files with lines of an earlier file of rejects: the rows in them are not dropped."""

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        against, keep = ([folder / path for path in paths] for paths in (self.against, self.keep))
        return self.model_copy(update={"against": against, "keep": keep})


ProtectAction = Literal["flag", "mask", "pseudonym", "drop"]
"""What is done about personal data."""


class ProtectSettings(Section):
    """``[protect]``: which personal data is found, and what is done about it."""

    action: ProtectAction = "mask"
    """`flag` notes where it is, `mask` writes its type instead (`[EMAIL]`), `pseudonym` a keyed hash, `drop` drops the row."""
    actions: dict[str, ProtectAction] = {}
    """What is done about single types, such as `{ email = "pseudonym", secret = "drop" }`."""
    find: list[str] | None = None
    """The types that are found; all but names if not given."""
    ignore: list[str] = []
    """Types that are not found."""
    columns: list[str] | None = None
    """The columns that are read; all with text in them if not given."""
    skip: list[str] = []
    """Columns that are left as they are."""
    regions: list[str] = ["US", "GB", "DE", "FR", "ES", "IT", "NL", "CN", "IN", "BR"]
    """Countries whose phone numbers are found without a country code."""
    names: Literal["spacy", "presidio"] | None = None
    """What finds names of people, places and organizations; they are not found if not given."""
    pipeline: str = "en_core_web_sm"
    """The spaCy pipeline that finds names: a name or a folder."""
    patterns: dict[str, str] = {}
    """Types of your own, from a name to a regex such as `{ employee = 'E-\\d{6}' }`."""
    allow: list[str] = []
    """Values that are not hidden, such as your own address."""
    key_file: Path | None = None
    """A file with the key for pseudonyms, made if it is missing; by default the key is in `WEAKLABEL_PROTECT_KEY`."""
    keep: list[Path] = []
    """Files with lines of an earlier file of rejects: the rows in them are not dropped."""

    @property
    def makes_pseudonyms(self) -> bool:
        """Whether a key is needed."""
        return "pseudonym" in (self.action, *self.actions.values())

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        keep = [folder / path for path in self.keep]
        key_file, pipeline = self.key_file and folder / self.key_file, anchored_model(self.pipeline, folder)
        return self.model_copy(update={"keep": keep, "key_file": key_file, "pipeline": pipeline})


class SplitSettings(Section):
    """``[split]``: how rows are divided into training, validation and test rows; see `weaklabel.split_corpus`."""

    shares: dict[str, Annotated[float, Field(gt=0, le=1)]] = {"train": 0.8, "valid": 0.1, "test": 0.1}
    """The splits and the share of the rows of each."""
    column: str = "split"
    """The column that is added; if the corpus has it already, it is only checked."""
    group_by: list[str] = []
    """Columns such as an author: rows that are equal in one of them are put on one side."""
    stratify: str | None = None
    """A column, such as a label, of whose values each split gets its share."""
    threshold: Annotated[float, Field(ge=0.4, le=1)] = 0.7
    """Jaccard similarity of shingles from which on two texts are near-duplicates, which are put on one side."""
    move_leaks: bool = False
    """Whether groups of rows that an existing column divides are moved to the first split."""
