"""Rows of a corpus as a reader sees them: the text with what was found in it, every vote, and why it was cast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weaklabel.corpus import Batch, Corpus
from weaklabel.corpus.batch import TEXT
from weaklabel.explain import explain_row
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.lf.core import Reason
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.reasons import reason
from weaklabel.page.excerpt import Mark, Piece, excerpt
from weaklabel.votes import Votes

_OTHERS = {"text": "the text itself", "abstain": "the abstains of the others"}


@dataclass(frozen=True)
class Spoken:
    """What speaks for a row's label or against it.

    Attributes
    ----------
    name
        Of the labeling function, or what else speaks.
    label
        Class that is voted for; None where nobody votes.
    why
        Why the labeling function voted.
    log_odds
        What it adds to the log-odds of the label; None where there is no label to explain.
    """

    name: str
    label: int | None
    why: str
    log_odds: float | None


@dataclass(frozen=True)
class Example:
    """A row to look at.

    Attributes
    ----------
    row
        Its number in the corpus, from 0.
    alike
        Rows with the same votes, itself included.
    passages
        What to show of it by column, the text first.
    label, confidence
        What the label model says: a class or -1, and its probability or None.
    gold
        Its true class; -1 where that is not known.
    spoken
        The votes and what else speaks for the label, the strongest first.
    """

    row: int
    alike: int
    passages: dict[str, list[Piece]]
    label: int
    confidence: float | None
    gold: int = ABSTAIN
    spoken: tuple[Spoken, ...] = ()


def read_examples(
    rows: Sequence[int],
    corpus: Corpus,
    lfs: LFCollection,
    votes: Votes,
    model: BaseLabelModel,
    probs: Probs,
    preds: Labels,
    gold: Labels | None = None,
    *,
    with_text: bool = False,
) -> dict[int, Example]:
    """Read rows from the corpus and ask the labeling functions why they voted; by row number.

    ``with_text`` says whether the label model read the texts.
    """
    found = votes.patterns()
    examples = {}
    for row, batch in corpus.read_rows(rows):
        reasons = {
            lf: reason(lfs.lfs[lf], batch, 0, int(votes.L[row, lf]))
            for lf in np.flatnonzero(votes.L[row] >= 0).tolist()
        }
        confidence = float(np.max(probs[row], initial=0))
        examples[row] = Example(
            row,
            int(found.counts[found.rows()[row]]),
            _passages(batch, corpus, reasons, votes.L[row]),
            int(preds[row]),
            None if np.isnan(confidence) else confidence,
            ABSTAIN if gold is None else int(gold[row]),
            _spoken(model, votes, row, batch.model_texts[0] if with_text else None, lfs.labels, reasons),
        )
    return examples


def _spoken(
    model: BaseLabelModel, votes: Votes, row: int, text: str | None, labels: Sequence[str], reasons: dict[int, Reason]
) -> tuple[Spoken, ...]:
    of_row = votes.L[row]
    explained = explain_row(model, of_row, text, votes.lf_names, labels, [reasons.get(lf) for lf in range(votes.m)])
    if explained.about is None:
        return tuple(Spoken(votes.lf_names[lf], int(of_row[lf]), why.text, None) for lf, why in reasons.items())
    # The abstains come last, whatever they weigh: they are not votes.
    parts = sorted(explained.parts, key=lambda part: part.kind == "abstain")
    return tuple(
        Spoken(
            _OTHERS.get(part.kind, part.name),
            None if part.vote is None else labels.index(part.vote),
            "" if part.reason is None else part.reason.text,
            part.log_odds,
        )
        for part in parts
    )


def _passages(batch: Batch, corpus: Corpus, reasons: dict[int, Reason], row: np.ndarray) -> dict[str, list[Piece]]:
    marks: dict[str, list[Mark]] = {TEXT: []}
    for lf, why in reasons.items():
        if why.spans and why.column is not None:
            # A corpus whose text is one column has it under that column's name, too.
            column = TEXT if corpus.text == (why.column,) else why.column
            marks.setdefault(column, []).extend(Mark(begin, end, int(row[lf])) for begin, end in why.spans)
    return {column: excerpt(_cell(batch, column), found) for column, found in marks.items()}


def _cell(batch: Batch, column: str) -> str:
    value = batch.frame[column][0] if column in batch.frame.columns else None
    return "" if value is None else str(value)
