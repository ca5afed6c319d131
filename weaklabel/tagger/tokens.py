"""A BERT tagger, fine-tuned on probabilistic labels of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weaklabel.classifier.bert import EMBEDDED
from weaklabel.classifier.card import in_code, literal
from weaklabel.classifier.folder import Manifest
from weaklabel.classifier.logs import Logger
from weaklabel.classifier.options import TrainingOptions
from weaklabel.classifier.trained import TrainedModel
from weaklabel.encoder.inference import pick_device, quiet_transformers
from weaklabel.errors import ClassifierError
from weaklabel.support.files import write_text
from weaklabel.tagger.base import Tagger, TaggerRows
from weaklabel.tagger.card import tagger_card
from weaklabel.tagger.onnx import HEAD_FILE, OnnxTagger, export_onnx
from weaklabel.tagger.targets import WordTargets
from weaklabel.units import Spans, Units

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from weaklabel.tagger.network import TagNetwork

MIN_EPOCHS = 3
"""By default: the head is new, and most words are in no span, so that one pass teaches little."""


class TokenClassifier(Tagger):
    """A transformer that tags words, fine-tuned by soft cross-entropy.

    Each word is read at its first token, together with the shape of its spelling (capitals, digits, hyphens) and that of its
    neighbors, which models without case, such as the default one, do not see. Texts longer than ``max_length`` tokens are
    read in overlapping windows, so that no word is left out.

    With the same seed, texts and machine, training gives the same model (on an Apple GPU nearly the same). The
    probabilities of a text do not depend on the other texts.

    Parameters
    ----------
    model
        Any encoder checkpoint with a fast tokenizer, by folder or hub name; by default the embedded encoder
        all-MiniLM-L6-v2 (English, 22.7M parameters).
    labels
        Names of the labels; by default those in the training spans.
    epochs
        Passes over the training texts; by default three, or for few texts as many as make 25 batches a tag, at most 10, and
        with validation at least 5. A model that is trained long on weak labels learns their errors.
    batch_size
        Windows in a training batch.
    lr
        Peak learning rate of the encoder, that of the head is 20 times as high; or several, of which the one with the best
        validation is kept. Larger models want a lower one, such as 3e-5.
    warmup, weight_decay, clip, label_smoothing
        See `weaklabel.BertClassifier`.
    max_length
        Most tokens of a window.
    patience
        Stop after so many epochs without improvement. Needs validation; by default 2 if ``epochs`` is not given, else never.
    validation_share
        Share of the training texts that is held out, with weak labels, to choose the best epoch by its loss; 0 to 0.9.
    seed
        Seed of the head's first weights, dropout, the order of batches and the validation split.
    device
        As for `torch.device`; by default the GPU if there is one.
    run_folder, checkpoint_seconds, loggers
        See `weaklabel.BertClassifier`: logs, and checkpoints from which a killed training resumes, to end with the same
        weights.
    progress
        Show a progress bar on standard error.

    Attributes
    ----------
    network_, tokenizer_
        The trained network and its tokenizer.
    training_ : dict
        Record of the training: texts, words, spans, epochs, shares of labels, validation, learning rate, ``history`` of
        epochs, best epoch; ``grid``, the validation of each of several learning rates.
    """

    run_params: ClassVar[frozenset[str]] = frozenset(
        {"device", "run_folder", "checkpoint_seconds", "loggers", "progress"}
    )
    uses_validation = True
    exports: ClassVar[tuple[str, ...]] = ("onnx",)
    modules: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    network_: TagNetwork
    tokenizer_: PreTrainedTokenizerBase

    def __init__(
        self,
        model: str | Path | None = None,
        labels: Sequence[str] | None = None,
        *,
        epochs: int | None = None,
        batch_size: int = 32,
        lr: float | Sequence[float] = 2e-4,
        warmup: float = 0.1,
        weight_decay: float = 0.01,
        clip: float = 1.0,
        max_length: int = 256,
        label_smoothing: float = 0.0,
        patience: int | None = None,
        validation_share: float = 0.0,
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
        self.patience = patience
        self.validation_share = validation_share
        self.seed = seed
        self.device = device
        self.run_folder = run_folder
        self.checkpoint_seconds = checkpoint_seconds
        self.loggers = loggers
        self.progress = progress

    def check_params(self, validated: bool) -> None:
        """See `TrainedModel.check_params`."""
        self.options().check(validated)

    def options(self) -> TrainingOptions:
        """Return the parameters that training depends on."""
        fixed: dict[str, Any] = {"metric": "loss", "pretrain_epochs": 0}
        own = {field.name for field in fields(TrainingOptions)} - set(fixed)
        return TrainingOptions(**fixed, **{name: getattr(self, name) for name in own})

    def _learn(self, rows: TaggerRows, held: TaggerRows | None, labels: tuple[str, ...]) -> None:
        from weaklabel.tagger.tuning import tune_tagger

        source = None if held is None else "given"
        if held is None and self.validation_share:
            rows, held, source = *_split(rows, self.validation_share, self.seed), "weak labels"
        options = self.options()
        n_tags = 2 * len(labels) + 1
        epochs, patience = options.epochs_and_patience(len(rows.texts), n_tags, held is not None)
        if self.epochs is None:
            epochs = max(epochs, MIN_EPOCHS)
        tuned = tune_tagger(replace(options, epochs=epochs, patience=patience), rows, held, n_tags)
        self.network_, self.tokenizer_ = tuned.model, tuned.tokenizer
        self.training_ |= {
            "train_rows": len(rows.texts),
            "epochs": epochs,
            "validation": source,
            "validation_rows": len(held.texts) if held else 0,
        } | tuned.record

    def _scores(self, texts: list[str], words: Units) -> NDArray[np.float64]:
        from weaklabel.tagger.running import scores_of_words

        return scores_of_words(self.network_, self.tokenizer_, texts, words, self.max_length, pick_device(self.device))

    def training_summary(self) -> dict[str, Any]:
        """Return the learning rate and the epoch that were chosen."""
        return {"lr": self.training_["lr"], "best_epoch": self.training_["best_epoch"]}

    def _write(self, folder: Path) -> dict[str, Any]:
        from safetensors.torch import save_file

        with quiet_transformers():
            self.network_.base_model.save_pretrained(folder)
            self.tokenizer_.save_pretrained(folder)
        head = {name: value.detach().cpu().contiguous() for name, value in self.network_.head.state_dict().items()}
        save_file(head, folder / HEAD_FILE)
        base = EMBEDDED if self.model is None else str(self.model)
        about = (
            f"An encoder, fine-tuned from `{in_code(base)}`, and in `{HEAD_FILE}` a linear layer on its states and on the "
            "shape of words."
        )
        write_text(folder / "README.md", tagger_card(self, about, _history(self.training_)))
        return {"training": self.training_}

    def _export(self, name: str, folder: Path, texts: list[str]) -> dict[str, Any] | None:
        return export_onnx(self, folder, texts)

    @classmethod
    def load_export(cls, name: str, folder: Path, manifest: Manifest) -> TrainedModel:
        """See `TrainedModel.load_export`."""
        tagger = OnnxTagger()
        tagger.restore(folder, manifest)
        return tagger

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        from weaklabel.tagger.running import load_network

        self.network_, self.tokenizer_ = load_network(folder, HEAD_FILE, 2 * len(self.labels_) + 1)
        self.training_: dict[str, Any] = dict(state["training"])


def _split(rows: TaggerRows, share: float, seed: int) -> tuple[TaggerRows, TaggerRows]:
    """Return the texts to train on, and those that are held out."""
    n = len(rows.texts)
    size = max(1, round(share * n))
    if size >= n:
        raise ClassifierError(f"validation_share {share} leaves none of {n} texts to train on")
    order = np.random.default_rng(seed).permutation(n)
    parts = _some(rows, np.sort(order[size:])), _some(rows, np.sort(order[:size]))
    for part, what in zip(parts, ("train", "validate"), strict=True):
        if not (part.targets.weights > 0).any():
            raise ClassifierError(f"validation_share {share} leaves no word with a label to {what} on; give more texts")
    return parts


def _some(rows: TaggerRows, chosen: NDArray[np.int64]) -> TaggerRows:
    """Return some of the texts, in this order."""
    counts = np.diff(rows.words.offsets)[chosen]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    word = np.repeat(rows.words.offsets[chosen] - offsets[:-1], counts) + np.arange(int(offsets[-1]))
    place = np.full(rows.words.n_rows, -1)
    place[chosen] = np.arange(len(chosen))
    spans = rows.targets.spans.take(place[rows.targets.spans.row] >= 0)
    moved = Spans.of(place[spans.row], spans.begin, spans.end, spans.label, len(chosen))
    return TaggerRows(
        [rows.texts[row] for row in chosen.tolist()],
        Units(offsets, rows.words.begins[word], rows.words.ends[word]),
        WordTargets(rows.targets.tags[word], rows.targets.weights[word], moved),
    )


def _history(training: dict[str, Any]) -> str:
    lines = ["| epoch | loss | validation loss | learning rate at its end |", "|---:|---:|---:|---:|"]
    for entry in training["history"]:
        validation = f"{entry['validation_loss']:.4f}" if "validation_loss" in entry else ""
        lines.append(f"| {entry['epoch']} | {entry['loss']:.4f} | {validation} | {entry['lr']:.2e} |")
    held = {
        None: "No validation rows were used.",
        "given": f"It had the lowest loss on {training['validation_rows']} texts that the user gave.",
        "weak labels": f"It had the lowest loss on {training['validation_rows']} held-out texts with weak labels, not gold.",
    }[training["validation"]]
    kept = f"The weights are those of epoch {training['best_epoch']}. {held} Learning rate: {literal(str(training['lr']))}."
    return "\n".join(lines) + f"\n\n{kept}"
