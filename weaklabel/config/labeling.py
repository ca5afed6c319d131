"""Sections about votes and labels: ``[llm]``, ``[lfs]`` and ``[label_model]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
)

from weaklabel.config.chosen import ChosenSettings, NameIn
from weaklabel.config.section import Section
from weaklabel.errors import ConfigError
from weaklabel.registries import CHOOSABLE_LABEL_MODELS, SPANS
from weaklabel.support.plugins import Registries, Registry


class LLMSettings(Section):
    """``[llm]``: what language models may cost, and how fast they are asked."""

    max_money: Annotated[float, Field(ge=0)] | None = None
    """Most money that a run spends, in `currency`, over all models and however often it is resumed."""
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    """Most tokens, of prompts and answers together."""
    max_requests: Annotated[int, Field(ge=0)] | None = None
    """Most requests that are sent; those that a server refuses and that are sent again count as well."""
    max_minutes: Annotated[float, Field(ge=0)] | None = None
    """Most minutes of waiting for language models."""
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Most requests to a server in any 60 seconds."""
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Most tokens of a server in any 60 seconds."""
    at_once: Annotated[int, Field(ge=1, le=256)] = 8
    """How many requests are under way at the same time."""
    timeout: Annotated[float, Field(gt=0)] = 60.0
    """Seconds to wait for a reply."""
    tries: Annotated[int, Field(ge=1)] = 6
    """How often a request is sent while the server is busy, fails, or replies with something that cannot be read."""
    prices: dict[str, Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=2, max_length=2)]] = {}
    """Prices per million tokens, of prompts and of answers, by model, such as `{ "gpt-4.1-nano" = [0.1, 0.4] }`."""
    currency: str = "USD"
    """The currency of `prices` and `max_money`."""
    protect: bool | None = None
    """Whether personal data is hidden before it is sent; where the project has `[protect]` if not given."""


class LFSettings(Section):
    """``[lfs]``: which labeling functions vote, and how many of their failures are tolerated."""

    use: Annotated[list[str], Field(min_length=1)]
    """Ready packs (`spam`), files (`./my_lfs.py`), `package:attribute`, or names of installed plugins."""
    error_budget: Annotated[float, Field(ge=0, le=1)] | None = None
    """The share of rows on which a labeling function may fail before the run stops; 0 stops at the first failure."""
    workers: Annotated[int, Field(ge=0)] = 1
    """Guarded processes for Python labeling functions; 0 runs them in this process."""
    skip_slow: bool = False
    """Leave out labeling functions that need a text encoder, a trained spaCy pipeline or a language model."""

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        return self.model_copy(
            update={"use": [str(folder / spec) if spec.endswith(".py") else spec for spec in self.use]}
        )


class LabelModelSettings(ChosenSettings):
    """``[label_model]``: how votes become probabilities; empty values keep the label model's defaults.

    Besides the keys below, every other parameter of the label model's class can be set.
    """

    section = "label_model"
    registry: ClassVar[Registry[Any] | Registries] = CHOOSABLE_LABEL_MODELS
    not_of_class: ClassVar[tuple[str, ...]] = ("name", "decisions")

    name: Annotated[str, NameIn(CHOOSABLE_LABEL_MODELS)] = "auto"
    """The label model; which there are depends on whether the pack labels texts or spans."""
    class_balance: Literal["majority", "uniform"] | list[float] | None = None
    """The share of each class, or where to take it from: `majority` (the majority vote) or `uniform`."""
    encoder: str | None = None
    """What turns texts into vectors: `multilingual` (an extra), a folder, or a name on the Hugging Face hub; an English model
    if not given."""
    exact_texts: bool | None = None
    """Embed every text that is read (`auto`, `text`); by default, of a large corpus only those that a faster model is not
    sure of."""
    n_epochs: Annotated[int, Field(ge=1)] | None = None
    """Training steps (`snorkel`)."""
    lr: Annotated[float, Field(gt=0)] | None = None
    """Learning rate (`snorkel`)."""
    l2: Annotated[float, Field(ge=0)] | None = None
    """L2 penalty (`snorkel`)."""
    decisions: Path | None = None
    """Decisions that weaklabel review wrote: the label model is fitted with them, and these rows are not scored or checked."""

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        settings = super().anchored(folder)
        return settings.model_copy(update={"decisions": self.decisions and folder / self.decisions})

    def for_task(self, task: str) -> Self:
        """See `ChosenSettings.for_task`; decisions are for labels of whole texts."""
        if task == SPANS and self.decisions is not None:
            raise ConfigError("label_model.decisions: they are for labels of whole texts, and the pack marks spans")
        return super().for_task(task)
