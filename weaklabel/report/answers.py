"""How language models answered, as the rows of tables: the same in both reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Answers = Mapping[str, Mapping[str, Any]]
"""By name of the classifier: what `weaklabel.generator.quality.describe_answers` said ``before`` and ``after``."""

ANSWER_COLUMNS = ["model", "when", "rows", "on the list", "free answer right", "likeliest word right", "perplexity"]
ANSWERS_CAPTION = (
    "Answers on rows with weak labels that were held out of training: the share of free answers that are a word of the list, "
    "the share that is the word of the weak label, the same for the most probable word of the list, and the perplexity of the "
    "label's word."
)
SAMPLE_COLUMNS = ["model", "text", "free, before", "free, after", "likeliest word, after", "weak label"]
SAMPLES_CAPTION = "Some of the answers."

_MOST_CHARACTERS = 160


def answer_rows(answers: Answers) -> list[list[Any]]:
    """Return a row for each model, before and after its training."""
    keys = ("rows", "on_list", "free", "constrained", "perplexity")
    return [
        [name, when, *(record[when][key] for key in keys)]
        for name, record in answers.items()
        for when in ("before", "after")
    ]


def sample_rows(answers: Answers) -> list[list[Any]]:
    """Return a row for each text that is shown."""
    rows = []
    for name, record in answers.items():
        for before, after in zip(record["before"]["samples"], record["after"]["samples"], strict=True):
            text = after["text"]
            shown = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
            rows.append([name, shown, before["free"], after["free"], after["constrained"], after["label"]])
    return rows
