"""Rows that a reader should look at: which, and what is shown of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Batch, Corpus
from weaklabel.corpus.batch import TEXT
from weaklabel.explain import explain_row
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels, Probs, row_blocks
from weaklabel.lf.core import Reason
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.reasons import reason
from weaklabel.page.excerpt import MarkedSpan, Piece, excerpt
from weaklabel.votes import VotePatterns, Votes
from weaklabel.votes.tally import VoteCounts

EACH = 6
"""Rows of each kind."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Picked:
    """Rows of one kind.

    Attributes
    ----------
    title, words
        A heading, and a sentence that says what these rows are.
    rows
        Row numbers, the most telling first.
    """

    title: str
    words: str
    rows: Sequence[int]


def pick_rows(
    table: VotePatterns, figures: VoteCounts, probs: Probs, preds: Labels, gold: Labels | None, seed: int
) -> list[Picked]:
    """Pick rows, one a vote pattern, so that each shows something new; kinds without any are left out."""
    of_rows = table.rows()
    first = np.full(len(table), table.n, dtype=np.int64)
    for rows in row_blocks(table.n):
        np.minimum.at(first, of_rows[rows], np.arange(rows.start, rows.stop))
    conflicted = _by_conflict(table, figures, first)
    seen = of_rows[conflicted.rows]
    kinds = [conflicted, _by_margin(probs, table, seen), _uncovered(figures, of_rows, seed)]
    if gold is not None:
        kinds.insert(0, _sure_and_wrong(probs, preds, gold, table))
    return [kind for kind in kinds if kind.rows]


class _LowestOfPatterns:
    """The row with the lowest value of each vote pattern, the first on a tie, as blocks of rows come in."""

    def __init__(self, n_patterns: int) -> None:
        self._values = np.full(n_patterns, np.inf)
        self._rows = np.zeros(n_patterns, dtype=np.int64)

    def add(self, rows: Rows, values: NDArray[np.float64], patterns: Rows) -> None:
        """Add the next rows, with their patterns and values; NaN does not count. Shape: [b] each."""
        order = np.lexsort((values, patterns))
        order = order[~np.isnan(values[order])]
        of_order = patterns[order]
        order = order[np.diff(of_order, prepend=-1) > 0]
        lower = order[values[order] < self._values[patterns[order]]]
        self._values[patterns[lower]], self._rows[patterns[lower]] = values[lower], rows[lower]

    def lowest(self, without: Rows) -> list[int]:
        """Return the first few rows, lowest value first, one a pattern, leaving out some patterns."""
        self._values[without] = np.inf
        order = np.lexsort((self._rows, self._values))[: EACH + len(without)]
        return self._rows[order[np.isfinite(self._values[order])]][:EACH].tolist()


def _by_conflict(table: VotePatterns, figures: VoteCounts, first: Rows) -> Picked:
    order = np.lexsort((first, -table.counts, -figures.against))
    chosen = order[figures.against[order] > 0][:EACH]
    total = int(table.counts[figures.against > 0].sum())
    words = (
        f"{_rows(total)} votes that contradict each other; these have the most votes against the majority. "
        "Which labeling function is wrong?"
    )
    return Picked("Most conflicted", words, first[chosen].tolist())


def _by_margin(probs: Probs, table: VotePatterns, seen: Rows) -> Picked:
    """Find the rows whose two most probable classes are closest, other than those already picked."""
    if probs.shape[1] < 2 or not len(probs):
        return Picked("Least certain", "", [])
    closest = _LowestOfPatterns(len(table))
    for rows in row_blocks(len(probs)):
        top = np.partition(probs[rows], -2, axis=1)[:, -2:]
        closest.add(np.arange(rows.start, rows.stop), top[:, 1] - top[:, 0], table.rows()[rows])
    words = "Of all other votes, these leave the two most probable classes closest together: one more would decide."
    return Picked("Least certain", words, closest.lowest(seen))


def _uncovered(figures: VoteCounts, of_rows: Rows, seed: int) -> Picked:
    rows = np.flatnonzero((figures.voting == 0)[of_rows]) if len(of_rows) else np.zeros(0, dtype=np.int64)
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:EACH])
    words = (
        f"{_rows(len(rows))} no vote at all; these are drawn at random. What could a new labeling function look for?"
    )
    return Picked("Uncovered", words, chosen.tolist())


def _sure_and_wrong(probs: Probs, preds: Labels, gold: Labels, table: VotePatterns) -> Picked:
    surest, n = _LowestOfPatterns(len(table)), 0
    for rows in row_blocks(len(gold)):
        labels = gold[rows], preds[rows]
        wrong = np.flatnonzero((labels[0] != ABSTAIN) & (labels[1] != ABSTAIN) & (labels[0] != labels[1]))
        surest.add(rows.start + wrong, -probs[rows][wrong].max(axis=1, initial=0), table.rows()[rows][wrong])
        n += len(wrong)
    words = (
        f"{_rows(n)} a label other than gold; of these the label model is surest. "
        "Either a labeling function errs, or gold does."
    )
    return Picked("Sure and wrong", words, surest.lowest(np.empty(0, dtype=np.int64)))


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"


_OTHERS = {"text": "the text itself", "abstain": "the abstains of the others"}


@dataclass(frozen=True)
class Spoken:
    """Evidence for a row's label or against it.

    Attributes
    ----------
    name
        Of the labeling function, or of other evidence.
    label
        Class that is voted for; None where nobody votes.
    why
        Why the labeling function voted.
    log_odds
        What it adds to the log-odds of the label; None if the row has no label.
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
        The votes and other evidence for the label, the strongest first.
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
    table = votes.patterns()
    examples = {}
    for row, batch in corpus.read_rows(rows):
        reasons = {
            lf: reason(lfs.lfs[lf], batch, 0, int(votes.L[row, lf]))
            for lf in np.flatnonzero(votes.L[row] >= 0).tolist()
        }
        confidence = float(np.max(probs[row], initial=0))
        examples[row] = Example(
            row,
            int(table.counts[table.rows()[row]]),
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
    marks: dict[str, list[MarkedSpan]] = {TEXT: []}
    for lf, why in reasons.items():
        if why.spans and why.column is not None:
            # A corpus whose text is one column has it under that column's name, too.
            column = TEXT if corpus.text == (why.column,) else why.column
            marks.setdefault(column, []).extend(MarkedSpan(begin, end, int(row[lf])) for begin, end in why.spans)
    return {column: excerpt(_cell(batch, column), passages) for column, passages in marks.items()}


def _cell(batch: Batch, column: str) -> str:
    value = batch.frame[column][0] if column in batch.frame.columns else None
    return "" if value is None else str(value)
