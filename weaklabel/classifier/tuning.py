"""Fine-tuning a transformer: at one learning rate, or at several of which the best is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from weaklabel.classifier.checkpoint import Checkpoint, identity_of
from weaklabel.classifier.forward import predict_logits, seeded, soft_cross_entropy
from weaklabel.classifier.logs import training_log
from weaklabel.classifier.options import Metric, TrainingOptions
from weaklabel.classifier.pretraining import pretrained
from weaklabel.classifier.recipe import Recipe, goodness
from weaklabel.classifier.targets import Rows, warn_of_truncated
from weaklabel.classifier.training import Diverged, Examples, Loss, train
from weaklabel.classifier.transformer import load_for_training, token_limit, tokenise
from weaklabel.encoder.encoder import default_model
from weaklabel.encoder.inference import pick_device
from weaklabel.support.warn import warn

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned model, its tokenizer, and what happened, for ``training_``."""

    model: Any
    tokenizer: PreTrainedTokenizerBase
    record: dict[str, Any]

    @property
    def best(self) -> dict[str, Any]:
        """The entry of the epoch whose weights the model has."""
        entry: dict[str, Any] = self.record["history"][self.record["best_epoch"] - 1]
        return entry


@dataclass(frozen=True)
class Sets:
    """The rows to train and to validate on, tokenized.

    Attributes
    ----------
    lengths
        Tokens of every row to train on. Shape: [n].
    loss
        Returns the loss of a model on these rows.
    validate
        Returns ``validation_loss``, and ``validation_<metric>`` for a metric other than the loss; None if there are no rows to
        validate on.
    data
        By name: all of it, row by row, in values that JSON has, for the identity of a checkpoint.
    record
        What ``training_`` says of it.
    """

    lengths: list[int]
    loss: Callable[[torch.nn.Module, torch.device], Loss]
    validate: Callable[[torch.nn.Module, torch.device], dict[str, float]] | None
    data: dict[str, list[Any]]
    record: dict[str, Any]


def fine_tune(
    options: TrainingOptions,
    corpus: Sequence[str],
    rows: Rows,
    held: Rows | None,
    labels: Sequence[str],
) -> Tuned:
    """Train a classifier once for each learning rate in ``options``, and return the best.

    Parameters
    ----------
    options
        See `TrainingOptions`; its number of epochs must be set.
    corpus
        All texts, with and without labels, to pretrain on if the options ask for it.
    rows, held
        The rows to train on, and those by which the best epoch and learning rate are chosen.
    labels
        Class names. Length: k.

    Raises
    ------
    Diverged
        At every learning rate.
    """
    return tune_at_rates(options, corpus, lambda base: _ClassifierTuner(options, base, rows, held, labels))


def tune_at_rates(options: TrainingOptions, corpus: Sequence[str], tuner_for: Callable[[str | Path], Tuner]) -> Tuned:
    """Train once for each learning rate in ``options``, and return the best.

    Parameters
    ----------
    options, corpus
        See `fine_tune`.
    tuner_for
        Returns the tuner for a checkpoint to start from.
    """
    rates = options.learning_rates
    with _first_model(options, corpus) as (base, pretraining):
        tuner = tuner_for(base)
        best, tried = None, []
        for lr in rates:
            folder = _folder(options.run_folder, lr, len(rates))
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
            if best is None or goodness(tuned.best, options.metric) > goodness(best.best, options.metric):
                best = tuned
    if best is None:
        raise Diverged(f"training diverged at every learning rate of {', '.join(map(str, rates))}; try lower ones")
    tuner.delete_checkpoints()
    best.record.update({"grid": tried} if len(rates) > 1 else {}, **pretraining)
    return best


def _folder(run_folder: str | Path | None, lr: float, rates: int) -> Path | None:
    """Return the folder of the training at ``lr``, for its log and checkpoint: one for each of several learning rates."""
    if run_folder is None:
        return None
    return Path(run_folder) / f"lr-{lr:g}" if rates > 1 else Path(run_folder)


def _first_model(options: TrainingOptions, corpus: Sequence[str]) -> Any:
    """Give the model to fine-tune, pretrained on the corpus if the options ask for it, and the record of that."""
    base = default_model() if options.model is None else options.model
    if not options.pretrain_epochs:
        return nullcontext((base, {}))
    folder = options.run_folder and Path(options.run_folder) / "pretrained"
    return pretrained(
        corpus,
        folder or None,
        base,
        epochs=options.pretrain_epochs,
        batch_size=options.batch_size,
        max_length=options.max_length,
        seed=options.seed,
        device=options.device,
        checkpoint_seconds=options.checkpoint_seconds,
        progress=options.progress,
    )


class Tuner(ABC):
    """Trains the same model on the same rows at one learning rate after the other.

    Parameters
    ----------
    options
        See `TrainingOptions`; its number of epochs must be set.
    base
        The checkpoint to start from.
    """

    def __init__(self, options: TrainingOptions, base: str | Path) -> None:
        self.options = options
        self.base = base
        self.shared: dict[str, Any] = {field.name: getattr(options, field.name) for field in fields(Recipe)}
        self.device: Any = pick_device(options.device)
        self.checkpoints: list[Checkpoint] = []
        self._sets: Sets | None = None

    @abstractmethod
    def load(self) -> tuple[Any, PreTrainedTokenizerBase]:
        """Load the model to train and its tokenizer; new weights are drawn from torch's global generator."""

    @abstractmethod
    def sets(self, model: Any, tokenizer: PreTrainedTokenizerBase) -> Sets:
        """Return the rows to train and to validate on; they are the same at each learning rate."""

    def tune(self, lr: float, folder: Path | None) -> Tuned:
        """Train at ``lr``; every call starts from the same weights."""
        recipe = Recipe(**self.shared | {"lr": lr})
        with seeded(self.options.seed, self.device):
            model, tokenizer = self.load()
            if self._sets is None:
                self._sets = self.sets(model, tokenizer)
            sets = self._sets
            checkpoint = self._checkpoint(folder, model, sets, recipe)
            check = partial(sets.validate, model, self.device) if sets.validate else None
            with training_log(folder, self.options.loggers, asdict(recipe)) as report:
                try:
                    run = train(
                        model,
                        sets.lengths,
                        sets.loss(model, self.device),
                        recipe,
                        self.device,
                        validate=check,
                        report=report,
                        checkpoint=checkpoint,
                    )
                except Diverged:
                    if checkpoint is not None:
                        checkpoint.delete()
                    raise
        record = sets.record | {"lr": lr, "metric": recipe.metric}
        return Tuned(model.cpu(), tokenizer, record | {"history": run.history, "best_epoch": run.best_epoch})

    def delete_checkpoints(self) -> None:
        """Delete the checkpoints of all learning rates."""
        for checkpoint in self.checkpoints:
            checkpoint.delete()

    def _checkpoint(self, folder: Path | None, model: torch.nn.Module, sets: Sets, recipe: Recipe) -> Checkpoint | None:
        if folder is None:
            return None
        settings = asdict(recipe) | {"label_smoothing": self.options.label_smoothing}
        del settings["progress"]
        identity = identity_of(settings, model.state_dict(), sets.data)
        checkpoint = Checkpoint(folder / "checkpoint.safetensors", identity, self.options.checkpoint_seconds)
        self.checkpoints.append(checkpoint)
        return checkpoint


class _ClassifierTuner(Tuner):
    """Trains a classifier of texts."""

    def __init__(
        self, options: TrainingOptions, base: str | Path, rows: Rows, held: Rows | None, labels: Sequence[str]
    ) -> None:
        super().__init__(options, base)
        self.rows = rows
        self.held = held
        self.labels = labels

    def load(self) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """See `Tuner.load`."""
        return load_for_training(self.base, self.labels)

    def sets(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Sets:
        """See `Tuner.sets`."""
        limit = token_limit(model, tokenizer, self.options.max_length)
        sets, total = [], 0
        for texts, targets in [self.rows] + ([self.held] if self.held else []):
            ids, truncated = tokenise(tokenizer, texts, limit)
            sets.append(Examples.of(ids, targets))
            total += int(truncated.sum())
        warn_of_truncated(total, sum(len(examples.ids) for examples in sets), limit)
        train, held = sets[0], sets[1] if self.held else None
        data = {"texts": train.ids, "targets": train.targets.tolist(), "weights": train.weights.tolist()}
        if held is not None:
            data |= {"validation texts": held.ids, "validation targets": held.targets.tolist()}
        metric, smoothing = self.options.metric, self.options.label_smoothing
        return Sets(
            [len(tokens) for tokens in train.ids],
            lambda model, device: train.loss(model, smoothing, device),
            None if held is None else lambda model, device: validate(model, held, metric, device),
            data,
            {"truncated": total, "max_tokens": limit},
        )


def validate(model: torch.nn.Module, rows: Examples, metric: Metric, device: torch.device) -> dict[str, float]:
    """Return ``validation_loss``, and ``validation_<metric>`` for a metric other than the loss.

    For a score, the class of a row with a soft target is its most probable one, the lowest on a tie.
    """
    logits = predict_logits(model, rows.ids, device)
    scores = {"validation_loss": float((rows.weights * soft_cross_entropy(logits, rows.targets)).mean())}
    if metric != "loss":
        Y, preds = rows.targets.argmax(dim=1).numpy(), logits.argmax(dim=1).numpy()
        scores[f"validation_{metric}"] = _score(metric, Y, preds, rows.weights.numpy())
    return scores


def _score(metric: Metric, Y: Any, preds: Any, weights: Any) -> float:
    from sklearn.metrics import accuracy_score, f1_score

    if metric == "accuracy":
        return float(accuracy_score(Y, preds, sample_weight=weights))
    average = "macro" if metric == "macro_f1" else "binary"
    return float(f1_score(Y, preds, average=average, sample_weight=weights, zero_division=0.0))
