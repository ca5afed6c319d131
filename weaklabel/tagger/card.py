"""The model card of a tagger, in the form of the Hugging Face hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weaklabel.classifier.card import in_code, literal
from weaklabel.classifier.folder import PACKAGES
from weaklabel.support.versions import versions

if TYPE_CHECKING:
    from weaklabel.tagger.base import Tagger


def tagger_card(tagger: Tagger, about: str, training: str = "") -> str:
    """Return a ``README.md`` for a tagger's folder.

    Parameters
    ----------
    about
        One sentence on what it is, as Markdown.
    training
        More about the training, as Markdown.
    """
    record = tagger.training_
    settings = ["| setting | value |", "|---|---|"]
    settings += [
        f"| {name} | {literal(str(value))} |"
        for name, value in tagger.get_params().items()
        if name not in tagger.run_params and name not in ("model", "labels")
    ]
    software = ", ".join(f"{name} {number}" for name, number in versions(PACKAGES).items())
    parts = [
        "---\npipeline_tag: token-classification\ntags: [weak-supervision, weaklabel]\n---",
        "# Tagger trained on weak labels",
        f"{about} It marks spans in texts; `{in_code('weaklabel.tagger.load_tagger')}` loads it.",
        "## Labels",
        _labels(tagger.labels_, record["class_shares"]),
        "## How the labels were made",
        _how_labeled(record, tagger.provenance_),
        "## Training",
        "\n".join(settings),
        *([training] if training else []),
        f"Made with {software}.",
        "## Intended use and limits",
        "For texts like those it was trained on. The spans were not checked one by one: the model can repeat the errors and "
        "biases of whatever made them, so score it on texts whose spans were marked by hand before relying on it. Its "
        "probabilities are not calibrated.",
    ]
    return "\n\n".join(parts) + "\n"


def _labels(labels: tuple[str, ...], shares: list[float]) -> str:
    rows = [f"| {literal(label)} | {share:.2%} |" for label, share in zip(("none", *labels), shares, strict=True)]
    return "\n".join(["| label | share of the words |", "|---|---:|", *rows])


def _how_labeled(record: dict[str, Any], provenance: str) -> str:
    made = (
        "The training targets are probabilities of words; with weak supervision, labeling functions vote and a label model "
        f"combines their votes. {record['texts']:,} texts with {record['words']:,} words and {record['spans']:,} spans were "
        f"given; {record['trained_words']:,} words were trained on."
    )
    return f"{made} {literal(provenance)}" if provenance else made
