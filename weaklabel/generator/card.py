"""Model cards of fine-tuned language models, in the form of the Hugging Face hub."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weaklabel.classifier.card import in_code, literal
from weaklabel.support.versions import versions

_PACKAGES = ("torch", "transformers", "trl", "peft")


def tuned_card(base: str, params: Mapping[str, Any], training: Mapping[str, Any], provenance: str) -> str:
    """Return the card of a model that answers prompts; parameters as for `classifier_card`."""
    return _card(
        base,
        "# Language model fine-tuned by weaklabel",
        "It was fine-tuned on prompts and answers; the loss was that of the answers only.",
        params,
        training,
        provenance,
        [],
    )


def classifier_card(
    base: str,
    labels: Sequence[str],
    words: Sequence[str],
    params: Mapping[str, Any],
    training: Mapping[str, Any],
    provenance: str,
) -> str:
    """Return the card of a language model that classifies texts.

    Parameters
    ----------
    base
        Name or folder of the checkpoint that was fine-tuned.
    labels, words
        Class names, and the answer of each. Length: k.
    params, training
        `GeneratorClassifier.get_params()` and `GeneratorClassifier.training_`.
    provenance
        Where the labels came from; may be empty.
    """
    shares = training["class_shares"]
    rows = [
        f"| {literal(label)} | {literal(word)} | {share:.1%} |"
        for label, word, share in zip(labels, words, shares, strict=True)
    ]
    table = "\n".join(["| class | answer | share of the training labels |", "|---|---|---:|", *rows])
    parts = ["## Classes", table, *_answers(training)]
    return _card(
        base,
        "# Language model that classifies texts, trained on weak labels",
        f"It answers a text with one of {len(labels)} words; the class is the word that it finds most probable. "
        "`weaklabel.load_classifier` loads it.",
        params,
        training,
        provenance,
        parts,
    )


def _card(
    base: str,
    title: str,
    what: str,
    params: Mapping[str, Any],
    training: Mapping[str, Any],
    provenance: str,
    more: Sequence[str],
) -> str:
    shown = Path(base).name if Path(base).is_dir() else base
    front = ["library_name: peft", "tags: [weak-supervision, weaklabel]"]
    settings = ["| setting | value |", "|---|---|"]
    settings += [f"| {name} | {literal(json.dumps(value))} |" for name, value in params.items() if name != "model"]
    software = ", ".join(f"{name} {number}" for name, number in versions(_PACKAGES).items())
    curve = ["| epoch | loss | validation loss |", "|---:|---:|---:|"]
    for entry in training["history"]:
        checked = f"{entry['validation_loss']:.4f}" if "validation_loss" in entry else ""
        curve.append(f"| {entry['epoch']:g} | {entry['loss']:.4f} | {checked} |")
    parts = [
        "\n".join(["---", *front, "---"]),
        title,
        f"{what} The base model is `{in_code(shown)}`.",
        *more,
        "## How the labels were made",
        literal(provenance) or "See the data it was trained on.",
        "## Training",
        f"{training['train_rows']:,} rows with {training['tokens']:,} tokens; {training['validation_rows']:,} more were held "
        f"out. {training['trained_weights']:,} weights were trained. Made with {software}.",
        "\n".join(settings),
        "\n".join(curve),
        "## Intended use and limits",
        "For texts like those it was trained on. The labels were not checked one by one: the model can repeat their errors "
        "and biases, so score it on texts labeled by hand before relying on it. The base model's license and limits hold for "
        "it too.",
    ]
    return "\n\n".join(parts) + "\n"


def _answers(training: Mapping[str, Any]) -> list[str]:
    if "answers" not in training:
        return []
    lines = ["| | before | after |", "|---|---:|---:|"]
    before, after = training["answers"]["before"], training["answers"]["after"]
    for name, what in {
        "on_list": "free answers on the list",
        "free": "free answers that are the label",
        "constrained": "most probable words that are the label",
    }.items():
        lines.append(f"| {what} | {before[name]:.1%} | {after[name]:.1%} |")
    lines.append(f"| perplexity of the label's words | {before['perplexity']:.3g} | {after['perplexity']:.3g} |")
    return [f"On {after['rows']} rows with weak labels that were not trained on:", "\n".join(lines)]
