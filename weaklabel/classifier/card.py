"""The model card of a fine-tuned classifier, in the form of the Hugging Face hub."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weaklabel.classifier.folder import PACKAGES
from weaklabel.support.versions import versions


def model_card(
    base: str,
    labels: Sequence[str],
    params: dict[str, Any],
    training: dict[str, Any],
    provenance: str,
    *,
    marked: bool = False,
) -> str:
    """Return a ``README.md`` for a model's folder.

    Parameters
    ----------
    base
        Name or folder of the checkpoint that was fine-tuned.
    params, training
        `BertClassifier.get_params()` and `BertClassifier.training_`.
    provenance
        Where the labels came from, in the user's words; may be empty.
    marked
        Whether two entities were marked in the texts.
    """
    parts = [
        _front_matter(base),
        "# Text classifier trained on weak labels",
        f"A sequence classification model for {len(labels)} classes, fine-tuned from `{in_code(base)}` by weaklabel on "
        "probabilistic labels. `AutoModelForSequenceClassification.from_pretrained` of transformers loads it, and so "
        "does `weaklabel.load_classifier`.",
        "## Classes",
        _classes(labels, training["class_shares"]),
        "## How the labels were made",
        _how_labeled(training, provenance),
        "## Training",
        _training(params, training),
        "## Intended use and limits",
        *([_MARKED] if marked else []),
        _limits(training),
    ]
    return "\n\n".join(parts) + "\n"


_MARKED = (
    "It predicts how two entities of a text are related, and reads texts in which these are marked, such as `the @ rain @ met "
    "the old # roof #`: `weaklabel.corpus.mark_entities` marks them, and `weaklabel predict` marks them by itself."
)


def _front_matter(base: str) -> str:
    lines = ["library_name: transformers", "pipeline_tag: text-classification", "tags: [weak-supervision, weaklabel]"]
    if not Path(base).is_dir():  # the hub knows names only
        lines.append(f"base_model: {json.dumps(base)}")  # a JSON string is a YAML string, whatever is in it
    return "\n".join(["---", *lines, "---"])


def _classes(labels: Sequence[str], shares: Sequence[float]) -> str:
    pairs = enumerate(zip(labels, shares, strict=True))
    rows = [f"| {number} | {literal(label)} | {share:.1%} |" for number, (label, share) in pairs]
    return "\n".join(["| id | class | share of the training labels |", "|---:|---|---:|", *rows])


def _how_labeled(training: dict[str, Any], provenance: str) -> str:
    made = (
        "The training targets are class probabilities; with weak supervision, labeling functions vote and a label "
        f"model combines their votes. {training['texts']} texts were given and {training['train_rows']} trained on; "
        "the others had no label, weighed nothing, or were held out."
    )
    return f"{made} {literal(provenance)}" if provenance else made


def _training(params: dict[str, Any], training: dict[str, Any]) -> str:
    settings = ["| setting | value |", "|---|---|"]
    settings += [
        f"| {name} | {literal(str(value))} |" for name, value in params.items() if name not in ("model", "labels")
    ]
    epochs = ["| epoch | loss | validation loss | learning rate at its end |", "|---:|---:|---:|---:|"]
    for entry in training["history"]:
        validation = f"{entry['validation_loss']:.4f}" if "validation_loss" in entry else ""
        epochs.append(f"| {entry['epoch']} | {entry['loss']:.4f} | {validation} | {entry['lr']:.2e} |")
    software = ", ".join(f"{name} {number}" for name, number in versions(PACKAGES).items())
    kept = f"The weights are those of epoch {training['best_epoch']}. {_validated(training)} Made with {software}."
    parts = ["\n".join(settings), *_pretraining(training), *_rates(training), "\n".join(epochs), kept]
    return "\n\n".join(parts)


def _pretraining(training: dict[str, Any]) -> list[str]:
    if "pretraining" not in training:
        return []
    before = training["pretraining"]
    losses = ", ".join(f"{entry['loss']:.3f}" for entry in before["history"])
    return [
        f"Before, the encoder was pretrained by masked-language modelling on {before['texts']} texts without their "
        f"labels; loss by epoch: {losses}."
    ]


def _rates(training: dict[str, Any]) -> list[str]:
    if "grid" not in training:
        return []
    names = [name for name in training["history"][0] if name.startswith("validation_")]
    lines = [
        " | ".join(["| learning rate", "best epoch", *(name.replace("_", " ") for name in names)]) + " |",
        "|" + "---:|" * (len(names) + 2),
    ]
    for tried in training["grid"]:
        scores = [f"{tried[name]:.4f}" if name in tried else "" for name in names]
        lines.append(" | ".join([f"| {tried['lr']:g}", str(tried["best_epoch"] or "diverged"), *scores]) + " |")
    return ["\n".join(lines), f"The learning rate {training['lr']:g} was chosen."]


def _validated(training: dict[str, Any]) -> str:
    if training["validation"] is None:
        return "No validation rows were used."
    metric = training.get("metric", "loss")
    most = "lowest loss" if metric == "loss" else f"highest {metric.replace('_', ' ')}"
    whose = {"given": "validation rows that the user gave", "weak labels": "held-out rows with weak labels, not gold"}
    return f"It had the {most} on {training['validation_rows']} {whose[training['validation']]}."


def _limits(training: dict[str, Any]) -> str:
    return (
        "For texts like those it was trained on. The labels were not checked one by one: the model can repeat the "
        "errors and biases of whatever made them, so score it on texts labeled by hand before relying on it. Its "
        "probabilities are not calibrated. The base model's license and limits hold for it too. A text is truncated "
        f"after {training['max_tokens']} tokens; {training['truncated']} of the texts in training were."
    )


def literal(value: str) -> str:
    """Return ``value`` as Markdown that shows it literally, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", " ".join(value.split()))


def in_code(value: str) -> str:
    """Return ``value`` as it can stand between backticks."""
    return " ".join(value.split()).replace("`", "'")
