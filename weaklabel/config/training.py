"""Sections about what is trained on labels and scored: ``[classifier]``, ``[generator]`` and ``[gold]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
)

from weaklabel.config.chosen import ChosenSettings, NameIn
from weaklabel.config.section import Section
from weaklabel.registries import CHOOSABLE_CLASSIFIERS, CLASSIFIERS
from weaklabel.support.plugins import Registries, Registry


class GeneratorSettings(ChosenSettings):
    """``[generator]``: a causal language model that is fine-tuned on the labels, beside the classifier.

    Besides the keys below, every other parameter of `weaklabel.generator.GeneratorClassifier` can be set, such as
    ``words``, ``system``, ``template``, ``soft``, ``method``, ``rank`` or ``patience``.
    """

    section = "generator"
    registry: ClassVar[Registry[Any] | Registries] = CLASSIFIERS
    not_of_class: ClassVar[tuple[str, ...]] = ("name", "max_rows")

    name: Annotated[str, NameIn(CLASSIFIERS)] = "generator"
    """What is trained."""
    model: str | None = None
    """The checkpoint to fine-tune: `smollm2`, a folder with a causal model, or a name of the Hugging Face hub."""
    epochs: Annotated[int, Field(ge=1)] | None = None
    """Passes over the training texts."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Texts per training step."""
    lr: Annotated[float, Field(gt=0)] | list[Annotated[float, Field(gt=0)]] | None = None
    """Learning rate, or several, of which held-out rows with weak labels choose one."""
    max_length: Annotated[int, Field(ge=16)] | None = None
    """Tokens of question, text and answer together; the end of longer texts is cut off."""
    validation_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    """The share of the labeled rows that is held out, to choose the best weights and to calibrate."""
    max_rows: Annotated[int, Field(ge=10)] | None = None
    """Most rows to train on; of a larger corpus a sample. 2,000 if not given."""


class ClassifierSettings(ChosenSettings):
    """``[classifier]``: what is trained on the probabilistic labels; empty values keep the classifier's defaults.

    Besides the keys below, every other parameter of the classifier's class can be set.
    """

    section = "classifier"
    registry: ClassVar[Registry[Any] | Registries] = CHOOSABLE_CLASSIFIERS
    not_of_class: ClassVar[tuple[str, ...]] = ("name", "max_rows")

    name: Annotated[str, NameIn(CHOOSABLE_CLASSIFIERS)] = "bert"
    """The classifier; for a pack that labels spans, the tagger."""
    model: str | None = None
    """The checkpoint to fine-tune, or to read texts with (`hybrid`): a folder, or a name of the Hugging Face hub; the embedded
    encoder if not given."""
    epochs: Annotated[int, Field(ge=1)] | None = None
    """Passes over the training texts."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Texts per training step."""
    lr: Annotated[float, Field(gt=0)] | list[Annotated[float, Field(gt=0)]] | None = None
    """Learning rate, or several, of which validation chooses one."""
    max_length: Annotated[int, Field(ge=8)] | None = None
    """Tokens of a text that are read; the rest is cut off."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after so many epochs without improvement."""
    validation_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    """The share of the labeled rows that is held out to choose the best epoch."""
    metric: Literal["loss", "accuracy", "macro_f1", "f1"] | None = None
    """What the best epoch is chosen by."""
    pretrain_epochs: Annotated[int, Field(ge=0)] | None = None
    """Epochs of masked-language-model training on the corpus before fine-tuning."""
    loggers: list[Literal["tensorboard", "mlflow"]] | None = None
    """Where training curves are written."""
    max_rows: Annotated[int, Field(ge=10)] | None = None
    """Most rows to train on; of a larger corpus a sample. 1,000,000 (`bert`), 2,000 (`generator`) or 200,000 if not given."""


class GoldSettings(Section):
    """``[gold]``: what the stages are scored against, opened only after the last of them has been trained.

    Without ``path``, ``column`` is a column of the corpus; its rows with gold are then kept out of training. So are
    the decided rows where ``path`` is a file of decisions, which ``weaklabel review`` writes.
    ``ceiling`` names a second file with gold for the corpus's own texts: the same classifier trained on that shows what
    perfect labels would give.
    """

    column: str = "label"
    """The column with the gold label."""
    path: Path | None = None
    """A file with gold labels (or decisions of `weaklabel review`); the corpus itself if not given."""
    ceiling: Path | None = None
    """A file with gold labels for the corpus's own texts, to train the same classifier on them."""
    positive: str | None = None
    """The class whose precision, recall and F1 are shown; needed for two classes only."""
    split: str | None = None
    """Gold is only that of the rows whose column `split` has this value, such as `test`; classifiers train on `train`."""

    def anchored(self, folder: Path) -> Self:
        """See `Section.anchored`."""
        files = {"path": self.path and folder / self.path, "ceiling": self.ceiling and folder / self.ceiling}
        return self.model_copy(update=files)
