"""Sections about labeled rows: how good they must be, and which are trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
)

from weaklabel.config.chosen import ChosenSettings, NameIn
from weaklabel.config.section import Section, anchored_model
from weaklabel.registries import SELECTORS
from weaklabel.support.plugins import Registries, Registry

_FILES = ("lexicon", "model", "pipeline")
"""Parameters of transformation functions that may be a path."""


class AugmentSettings(Section):
    """``[augment]``: new training rows, made of labeled ones; see `weaklabel.augment_corpus`.

    New rows are made after labeling, of rows that classifiers train on; the classifiers train on both.
    """

    use: Annotated[list[str], Field(min_length=1)]
    """Transformation functions: names (`typos`), files (`./my_tfs.py`), or `package:attribute`."""
    params: dict[str, dict[str, Any]] = {}
    """Parameters of those given by name, such as `{ typos = { share = 0.2 } }`."""
    policy: Literal["random", "each", "all"] | None = None
    """Drawn at random, every one by itself, or all one after the other; `POLICY` of a file, or `random`, if not given."""
    length: Annotated[int, Field(ge=1)] = 1
    """Transformation functions that make a new row, with `random`."""
    per_row: Annotated[int, Field(ge=1)] = 1
    """New rows of a row, with `random` and `all`."""
    check: bool = True
    """Whether new rows are refused whose votes speak against the label, by the label model of the run."""
    not_in: list[Path] = []
    """Files with rows whose texts no new row may have; gold always is one of them."""
    error_budget: Annotated[float, Field(ge=0, le=1)] | None = None
    """The share of rows on which a transformation function may fail before the run stops."""

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""

        def located(name: str, value: Any) -> Any:
            is_path = name in _FILES and isinstance(value, str) and value and (folder / value).exists()
            return str(folder / str(value)) if is_path else value

        params = {tf: {name: located(name, value) for name, value in of.items()} for tf, of in self.params.items()}
        use = [str(folder / spec) if spec.endswith(".py") else spec for spec in self.use]
        return self.model_copy(update={"use": use, "params": params, "not_in": [folder / path for path in self.not_in]})


class QualitySettings(Section):
    """``[quality]``: how precise labels must be, as rows that are checked by hand show; see `weaklabel.quality`."""

    min_precision: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """The share of labels that must be right."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """How sure that must be before the run passes."""
    decisions: Path | None = None
    """The file with decisions on the rows of `to_check.csv`; that of `weaklabel review RUN/to_check.csv` if not given."""

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        return self.model_copy(update={"decisions": self.decisions and folder / self.decisions})


class SelectSettings(ChosenSettings):
    """``[select]``: which labeled rows are trained on and exported; see `weaklabel.select_corpus`.

    Besides the keys below, every other parameter of the selector's class can be set.
    """

    section = "select"
    registry: ClassVar[Registry[Any] | Registries] = SELECTORS
    not_of_class: ClassVar[tuple[str, ...]] = ("name", "budget", "class_balance", "decisions", "encoder", "tokenizer")

    name: Annotated[str, NameIn(SELECTORS)] = "agreement"
    """By what rows are chosen."""
    budget: str | float = "50%"
    """How much is kept: `50%`, a number of rows, or `20000 tokens`."""
    class_balance: Literal["labels", "uniform", "gold"] | list[float] | None = None
    """Shares of the budget: `labels`, `uniform`, `gold`, or one a class; scores alone decide if not given."""
    decisions: Path | None = None
    """Decisions of `weaklabel review`, for selectors that learn from a little gold; they must not be those of `[gold]`."""
    encoder: str | None = None
    """What turns texts into vectors: a folder, or a name on the Hugging Face hub; that of `[label_model]` if not given."""
    tokenizer: str | None = None
    """The checkpoint whose tokenizer counts tokens; that of the encoder if not given."""

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        models = {name: getattr(self, name) for name in ("encoder", "tokenizer")}
        update = {name: model and anchored_model(model, folder) for name, model in models.items()}
        return self.model_copy(update={**update, "decisions": self.decisions and folder / self.decisions})
