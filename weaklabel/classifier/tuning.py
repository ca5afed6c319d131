"""Fine-tuning a BERT classifier: at one learning rate, or at several of which the best is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from weaklabel.classifier.checkpoint import load_for_training, token_limit, tokenise
from weaklabel.classifier.choice import goodness, validate
from weaklabel.classifier.forward import seeded
from weaklabel.classifier.holdout import Rows
from weaklabel.classifier.logs import training_log
from weaklabel.classifier.pretraining import pretrained
from weaklabel.classifier.resume import Checkpoint, identity_of
from weaklabel.classifier.targets import warn_of_truncated
from weaklabel.classifier.training import Diverged, Examples, Recipe, train
from weaklabel.encoder.device import pick_device
from weaklabel.encoder.encoder import default_model
from weaklabel.support.warn import warn

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from weaklabel.classifier.bert import BertClassifier


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned model, its tokenizer, and what happened, for ``training_``."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    record: dict[str, Any]

    @property
    def best(self) -> dict[str, Any]:
        """The entry of the epoch whose weights the model has."""
        entry: dict[str, Any] = self.record["history"][self.record["best_epoch"] - 1]
        return entry


@dataclass(frozen=True)
class _Sets:
    """The tokens of what is trained and validated on, and how many texts were cut after how many of them."""

    train: Examples
    held: Examples | None
    cut: int
    limit: int


def fine_tune(
    classifier: BertClassifier,
    corpus: Sequence[str],
    rows: Rows,
    held: Rows | None,
    labels: Sequence[str],
    epochs: int,
    patience: int | None,
) -> Tuned:
    """Train as ``classifier`` is set to, once for each of its learning rates, and return the best.

    Parameters
    ----------
    corpus
        All texts, with and without labels: those to pretrain on, where that is wanted.
    rows, held
        What to train on, and what the best is chosen by.

    Raises
    ------
    Diverged
        At every learning rate.
    """
    rates = learning_rates(classifier.lr)
    with _first_model(classifier, corpus) as (base, pretraining):
        tuner = _Tuner(classifier, base, rows, held, labels, epochs, patience)
        best, tried = None, []
        for lr in rates:
            folder = _folder(classifier.run_folder, lr, len(rates))
            try:
                tuned = tuner.tune(lr, folder)
            except Diverged as error:
                if len(rates) == 1:
                    raise
                warn(f"{error}; the other learning rates are still tried", stacklevel=3)
                tried.append({"lr": lr, "best_epoch": None})
                continue
            scores = {name: value for name, value in tuned.best.items() if name.startswith("validation_")}
            tried.append({"lr": lr, "best_epoch": tuned.record["best_epoch"]} | scores)
            if best is None or goodness(tuned.best, classifier.metric) > goodness(best.best, classifier.metric):
                best = tuned
    if best is None:
        raise Diverged(f"training diverged at every learning rate of {', '.join(map(str, rates))}; try lower ones")
    tuner.forget()
    best.record.update({"grid": tried} if len(rates) > 1 else {}, **pretraining)
    return best


def learning_rates(lr: float | Sequence[float]) -> tuple[float, ...]:
    """Return one learning rate or several as several."""
    return (lr,) if isinstance(lr, int | float) else tuple(lr)


def _folder(run_folder: str | Path | None, lr: float, rates: int) -> Path | None:
    """Return where the training at ``lr`` keeps its log and checkpoint: of several, each in a folder of its own."""
    if run_folder is None:
        return None
    return Path(run_folder) / f"lr-{lr:g}" if rates > 1 else Path(run_folder)


def _first_model(classifier: BertClassifier, corpus: Sequence[str]) -> Any:
    """Give the checkpoint to fine-tune, pretrained on the corpus where that is wanted, and what to record of that."""
    base = default_model() if classifier.model is None else classifier.model
    if not classifier.pretrain_epochs:
        return nullcontext((base, {}))
    folder = classifier.run_folder and Path(classifier.run_folder) / "pretrained"
    return pretrained(
        corpus,
        folder or None,
        base,
        epochs=classifier.pretrain_epochs,
        batch_size=classifier.batch_size,
        max_length=classifier.max_length,
        seed=classifier.seed,
        device=classifier.device,
        checkpoint_seconds=classifier.checkpoint_seconds,
        progress=classifier.progress,
    )


class _Tuner:
    """Trains the same model on the same rows at one learning rate after the other."""

    def __init__(
        self,
        classifier: BertClassifier,
        base: str | Path,
        rows: Rows,
        held: Rows | None,
        labels: Sequence[str],
        epochs: int,
        patience: int | None,
    ) -> None:
        self.classifier = classifier
        self.base = base
        self.rows = rows
        self.held = held
        self.labels = labels
        chosen = {field.name: getattr(classifier, field.name) for field in fields(Recipe)}
        self.shared = chosen | {"epochs": epochs, "patience": patience}
        self.device = pick_device(classifier.device)
        self.checkpoints: list[Checkpoint] = []
        self._sets: _Sets | None = None

    def tune(self, lr: float, folder: Path | None) -> Tuned:
        """Train at ``lr``; every call begins with the same first weights."""
        recipe = Recipe(**self.shared | {"lr": lr})
        with seeded(self.classifier.seed, self.device):
            model, tokenizer = load_for_training(self.base, self.labels)
            if self._sets is None:
                self._sets = self._tokenised(model, tokenizer)
            sets = self._sets
            checkpoint = self._checkpoint(folder, model, sets, recipe)
            check = partial(validate, model, sets.held, recipe.metric, self.device) if sets.held else None
            with training_log(folder, self.classifier.loggers, asdict(recipe)) as report:
                try:
                    run = train(
                        model,
                        [len(tokens) for tokens in sets.train.ids],
                        sets.train.loss(model, self.classifier.label_smoothing, self.device),
                        recipe,
                        self.device,
                        validate=check,
                        report=report,
                        checkpoint=checkpoint,
                    )
                except Diverged:
                    if checkpoint is not None:
                        checkpoint.forget()
                    raise
        record = {"truncated": sets.cut, "max_tokens": sets.limit, "lr": lr, "metric": recipe.metric}
        return Tuned(model.cpu(), tokenizer, record | {"history": run.history, "best_epoch": run.best_epoch})

    def forget(self) -> None:
        """Delete the checkpoints: nothing is left to go on with."""
        for checkpoint in self.checkpoints:
            checkpoint.forget()

    def _tokenised(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> _Sets:
        limit = token_limit(model, tokenizer, self.classifier.max_length)
        sets, cut = [], 0
        for texts, targets in [self.rows] + ([self.held] if self.held else []):
            ids, truncated = tokenise(tokenizer, texts, limit)
            sets.append(Examples.of(ids, targets))
            cut += int(truncated.sum())
        warn_of_truncated(cut, sum(len(examples.ids) for examples in sets), limit)
        return _Sets(sets[0], sets[1] if self.held else None, cut, limit)

    def _checkpoint(
        self, folder: Path | None, model: torch.nn.Module, sets: _Sets, recipe: Recipe
    ) -> Checkpoint | None:
        if folder is None:
            return None
        data = {"texts": sets.train.ids, "targets": sets.train.targets.tolist(), "weights": sets.train.weights.tolist()}
        if sets.held is not None:
            data |= {"validation texts": sets.held.ids, "validation targets": sets.held.targets.tolist()}
        settings = asdict(recipe) | {"label_smoothing": self.classifier.label_smoothing}
        del settings["progress"]
        identity = identity_of(settings, model.state_dict(), data)
        checkpoint = Checkpoint(folder / "checkpoint.safetensors", identity, self.classifier.checkpoint_seconds)
        self.checkpoints.append(checkpoint)
        return checkpoint
