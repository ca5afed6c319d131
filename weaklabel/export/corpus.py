"""A labeled corpus as exporters see it: rows with their labels, read part by part, as often as wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import Corpus
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray
from weaklabel.lf.packs import LFCollection
from weaklabel.scoring import Scores
from weaklabel.units import SpanRows

Task: TypeAlias = Literal["texts", "spans"]
"""What is labeled."""

ROWS_AT_ONCE = 10_000
"""Rows of a part."""


@dataclass(frozen=True, eq=False)
class LabeledPart:
    """Consecutive rows of a labeled corpus.

    Attributes
    ----------
    rows
        Number of each row in the corpus, from 0. Shape: [n].
    frame
        The columns of the corpus, without labels, and without gold unless it was asked for. Height: n.
    texts
        The text of each row, as models read it. Length: n.
    preds
        Class of each row, -1 for none. Shape: [n].
    probs
        Class probabilities, NaN where the row has none. Shape: [n, k].
    split
        The part of a split that each row belongs to; None where the corpus is not divided. Length: n.
    votes
        Votes of the labeling functions; None where they are not known. Shape: [n, m].
    gold
        True class of each row, -1 where it is unknown; None where there is no gold. Only for scoring. Shape: [n].
    held_out
        Rows that models must not be trained on, since they are scored with them; None where there are none. Shape: [n].
    spans
        Spans of a corpus whose task is spans, and their probabilities; then ``preds`` is 0 for rows whose spans are known,
        and ``probs`` has no columns.
    gold_spans
        True spans; None where there is no gold.
    not_chosen
        Rows that were not chosen to be trained on; None where all are. Shape: [n].
    """

    rows: NDArray[np.int64]
    frame: pl.DataFrame
    texts: Sequence[str]
    preds: Labels
    probs: Probs
    split: Sequence[str | None] | None = None
    votes: VoteArray | None = None
    gold: Labels | None = None
    held_out: NDArray[np.bool_] | None = None
    spans: SpanRows | None = None
    gold_spans: SpanRows | None = None
    not_chosen: NDArray[np.bool_] | None = None

    @classmethod
    def of_spans(
        cls,
        rows: NDArray[np.int64],
        frame: pl.DataFrame,
        texts: Sequence[str],
        spans: SpanRows,
        split: Sequence[str | None] | None = None,
        gold: SpanRows | None = None,
        held_out: NDArray[np.bool_] | None = None,
    ) -> LabeledPart:
        """Return rows with labeled spans; see the attributes."""
        preds = np.where(spans.is_known, 0, ABSTAIN)
        probs = np.empty((len(texts), 0))
        return cls(rows, frame, texts, preds, probs, split, None, None, held_out, spans, gold)

    @property
    def span_rows(self) -> SpanRows:
        """The spans of a corpus whose task is spans."""
        assert self.spans is not None
        return self.spans

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, chosen: NDArray[np.bool_]) -> LabeledPart:
        """Return the rows for which ``chosen`` is true. Shape: [n]."""
        if chosen.all():
            return self
        places = np.flatnonzero(chosen).tolist()
        return LabeledPart(
            self.rows[chosen],
            self.frame.filter(pl.Series(chosen, dtype=pl.Boolean)),
            [self.texts[place] for place in places],
            self.preds[chosen],
            self.probs[chosen],
            None if self.split is None else [self.split[place] for place in places],
            None if self.votes is None else self.votes[chosen],
            None if self.gold is None else self.gold[chosen],
            None if self.held_out is None else self.held_out[chosen],
            None if self.spans is None else self.spans.of_rows_chosen(chosen),
            None if self.gold_spans is None else self.gold_spans.of_rows_chosen(chosen),
            None if self.not_chosen is None else self.not_chosen[chosen],
        )


@dataclass(frozen=True)
class Source:
    """What is known of where labels come from, for the dataset card.

    Attributes
    ----------
    title
        Of the run, or the name of the file.
    steps
        What each step before labeling did, by its name: ``rows``, ``kept``, ``dropped``; see
        `weaklabel.job.transform_job.Transformation`.
    n_rejects
        Records that could not be read.
    label_model
        Its name and parameters; empty if unknown.
    lf_table
        What each labeling function did: rows of the table of a run, by column; empty if unknown.
    scores
        Scores against gold, by stage.
    gold
        Where the true classes of rows come from that parts have as ``gold``, in words; "" if there are none.
    personal_data
        What was done about personal data; "" if nothing was.
    inputs
        SHA-256 of each input by its name.
    command
        How the export is made again.
    warnings
        What was warned of.
    """

    title: str = ""
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    n_rejects: int = 0
    label_model: Mapping[str, Any] = field(default_factory=dict)
    lf_table: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    scores: Mapping[str, Scores] = field(default_factory=dict)
    gold: str = ""
    personal_data: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    warnings: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class LabeledCorpus:
    """A corpus with labels.

    Attributes
    ----------
    name
        Of the corpus, without the folder.
    labels
        Class names, in order. Length: k.
    lf_names
        Names of the labeling functions whose votes are known. Length: m.
    text
        Columns that hold the text.
    schema
        Columns of the frames of parts, and their types.
    read
        Reads all rows, part by part.
    corpus
        The rows, without labels.
    splits
        Parts of the split that rows belong to, in order; () where the corpus is not divided.
    has_probs
        Whether rows have class probabilities.
    lfs
        Loads the labeling functions, which can say why they voted; None where they are not at hand.
    source
        Where labels come from.
    files
        What is read, and must not be written to.
    task
        Whether whole ``texts`` are labeled, or ``spans`` of them.
    """

    name: str
    labels: tuple[str, ...]
    lf_names: tuple[str, ...]
    text: tuple[str, ...]
    schema: Mapping[str, pl.DataType]
    read: Callable[[], Iterator[LabeledPart]]
    corpus: Corpus
    splits: tuple[str, ...] = ()
    has_probs: bool = True
    lfs: Callable[[], LFCollection] | None = None
    source: Source = field(default_factory=Source)
    files: tuple[Path, ...] = ()
    task: Task = "texts"

    def parts(self) -> Iterator[LabeledPart]:
        """Read the rows from the start, part by part."""
        return self.read()

    def of_split(self, split: str) -> LabeledCorpus:
        """Return the rows of one part of the split."""

        def read() -> Iterator[LabeledPart]:
            for part in self.read():
                assert part.split is not None
                chosen = part.take(np.fromiter((value == split for value in part.split), dtype=bool, count=len(part)))
                if len(chosen):
                    yield chosen

        return replace(self, read=read, splits=())
