"""The texts of a corpus that a tagger is trained on, with the spans that the label model gives to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ConfigError
from weaklabel.job.spans.corpus import VotedSpans
from weaklabel.job.spans.work import may_read_texts
from weaklabel.job.training import lowest_rows, sample_note
from weaklabel.label_model.sequence import SpanLabelModel, SpanLabels
from weaklabel.label_model.sequence.sample import SpanTextSample, join_texts, take_texts
from weaklabel.support.hashing import sampling_numbers
from weaklabel.support.progress import stage
from weaklabel.units import Units
from weaklabel.votes.spans.voting import words_of

if TYPE_CHECKING:
    from weaklabel.tagger import Tagger


@dataclass(frozen=True, eq=False)
class TrainingTexts:
    """Texts to train on.

    Attributes
    ----------
    rows
        Their numbers in the corpus, in order. Shape: [r].
    texts
        Length: r.
    words
        Their words.
    labels
        The spans that the label model gives to them, in words.
    n_trainable
        Rows to choose from.
    """

    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    words: Units
    labels: SpanLabels
    n_trainable: int

    def describe(self) -> str:
        """Say in one sentence that this is a sample; "" if it is not."""
        return sample_note(len(self.rows), self.n_trainable)


def training_texts(
    voted: VotedSpans,
    model: SpanLabelModel,
    tagger: Tagger,
    max_rows: int | None = None,
    *,
    seed: int = 0,
    held_out: NDArray[np.bool_] | None = None,
) -> TrainingTexts:
    """Pick the texts that a tagger is trained on, and label them, in memory that does not grow with the corpus.

    All rows are taken where they are at most ``max_rows``; otherwise those with the lowest hashes of row number and seed.

    Parameters
    ----------
    voted
        The corpus and the votes on it.
    model
        The fitted label model.
    tagger
        The tagger to train.
    max_rows
        Most rows; by default those of the tagger.
    seed
        Of the choice.
    held_out
        Rows that must not be trained on. Shape: [n].

    Raises
    ------
    ConfigError
        No labeling function marks a span in any row, or all rows are held out.
    """
    corpus = voted.corpus
    if not voted.covered:
        raise ConfigError(
            f"{corpus.name}: no labeling function marks a span in any row, so there is nothing to train on: check the text "
            f"column ({', '.join(corpus.text)}), and what each labeling function does with weaklabel analyze"
        )
    rows = np.arange(voted.n) if held_out is None else np.flatnonzero(~held_out)
    if not len(rows):
        raise ConfigError(f"{corpus.name}: every row is kept out of training; give more rows without gold")
    n_trainable, most = len(rows), tagger.max_rows if max_rows is None else max_rows
    rows = lowest_rows(rows, most, seed)
    sample = texts_with_votes(voted, rows)
    texts = list(sample.texts) if may_read_texts(model, voted.options) else None
    with stage("labeling the training texts"):
        labels = model.predict(sample.votes, texts, words=sample.words)
    return TrainingTexts(rows, sample.texts, sample.words, labels, n_trainable)


def texts_with_votes(voted: VotedSpans, rows: NDArray[np.int64]) -> SpanTextSample:
    """Return some rows of a corpus with their words and votes, in one pass over it.

    Parameters
    ----------
    voted
        The corpus and the votes on it.
    rows
        Row numbers in ascending order; one at least. Shape: [r].
    """
    chosen = []
    with stage(f"reading {voted.corpus.name}", voted.n, "rows") as shown:
        for part in voted.job.parts():
            first = part.part.first_row
            begin, end = np.searchsorted(rows, [first, first + part.part.n_rows])
            if end > begin:
                texts = tuple(part.batch.texts)
                sample = SpanTextSample(
                    texts, sampling_numbers(texts), words_of(part.batch), voted.votes_on(part.part, part.batch)
                )
                chosen.append(take_texts(sample, rows[begin:end] - first))
            shown.advance(part.part.n_rows)
    return join_texts(chosen)
