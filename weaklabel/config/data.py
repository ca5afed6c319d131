"""Sections about which rows are trained on: ``[augment]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
)

from weaklabel.config.section import Section

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
