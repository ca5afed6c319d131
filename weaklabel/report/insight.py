"""What an HTML report is about, gathered from a labeled corpus: counts that are small, however many rows there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Corpus
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels, Probs, row_blocks
from weaklabel.lf.packs import LFCollection
from weaklabel.report.markdown import RunSummary
from weaklabel.report.rows import EACH, Example, Picked, pick_rows, read_examples
from weaklabel.scoring.calibration import BINS as CALIBRATION_BINS, confidence_bins
from weaklabel.suggest import Suggestions, suggest_lfs
from weaklabel.votes import LFAnalysis, Votes
from weaklabel.votes.tally import VoteCounts, count_votes

Counts = NDArray[np.int64]

BINS = 20
"""Of confidence, between chance and 1."""


@dataclass(frozen=True)
class Histogram:
    """Counted values: one more edge than counts; ``without`` are rows that have no value."""

    counts: Sequence[int]
    edges: Sequence[float]
    without: int = 0


def count_confidence(probs: Probs) -> Histogram:
    """Count rows by their largest probability. Shape: [n, k]."""
    k = probs.shape[1]
    edges = np.linspace(1 / k if k > 1 else 0.0, 1.0, BINS + 1)
    counts, without = np.zeros(BINS, dtype=np.int64), 0
    for rows in row_blocks(len(probs)):
        confidence = probs[rows].max(axis=1, initial=0)
        there = confidence[~np.isnan(confidence)]
        # A sum of 1 may be a little off.
        counts += np.histogram(np.clip(there, edges[0], 1.0), edges)[0]
        without += len(confidence) - len(there)
    return Histogram(counts.tolist(), edges.tolist(), without)


@dataclass(frozen=True)
class Calibration:
    """How sure and how often right: mean confidence, share that is right, and rows, by bin of confidence."""

    confidence: Sequence[float]
    accuracy: Sequence[float]
    rows: Sequence[int]


def count_calibration(probs: Probs, Y: Labels) -> Calibration:
    """Compare confidence with gold, on rows that have both, in the bins of the calibration error. Shape: [n, k], [n]."""
    n, confidence, right = (np.zeros(CALIBRATION_BINS) for _ in range(3))
    for rows in row_blocks(len(Y)):
        there = (Y[rows] != ABSTAIN) & ~np.isnan(probs[rows]).any(axis=1)
        bins = confidence_bins(probs[rows][there], Y[rows][there])
        n, confidence, right = n + bins.rows, confidence + bins.confidence, right + bins.right
    mean, share = (np.divide(sums, n, out=np.zeros(len(n)), where=n > 0).tolist() for sums in (confidence, right))
    return Calibration(mean, share, n.astype(np.int64).tolist())


def count_labels(Y: Labels, k: int) -> Counts:
    """Count the rows of each class; those without one are left out. Shape: [n] -> [k]."""
    # Counted with the abstains, which are left out afterwards: taking them out before would copy all labels.
    counts = sum((np.bincount(Y[rows] + 1, minlength=k + 1) for rows in row_blocks(len(Y))), np.zeros(k + 1, np.int64))
    return np.asarray(counts[1:])


Epochs = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Gold:
    """True labels, and each stage's predictions for the same rows.

    Attributes
    ----------
    Y
        Shape: [g]; -1 where a row has none.
    probs
        By stage. Shape: [g, k] each.
    of_corpus
        Gold of the corpus's own rows, where they have any. Shape: [n].
    """

    Y: Labels
    probs: Mapping[str, Probs]
    of_corpus: Labels | None = None


@dataclass(frozen=True)
class Insight:
    """Everything that a report shows, none of it larger than a page.

    Attributes
    ----------
    run
        Names, scores, LF table, settings.
    coverage, overlap, conflict
        Shares of rows with a vote, with several, with several that differ; NaN without rows.
    votes, confidence
        See `VoteCounts` and `Histogram`.
    balance
        Counts of each class by what they are of: votes, labels, and gold where there is any.
    calibration
        By stage; empty without gold.
    training
        What each classifier's training wrote down, an epoch a line.
    picked, examples
        Rows to look at, by kind, and what they hold.
    suggestions
        What to do next.
    """

    run: RunSummary
    coverage: float
    overlap: float
    conflict: float
    votes: VoteCounts
    confidence: Histogram
    balance: Mapping[str, Counts]
    calibration: Mapping[str, Calibration] = field(default_factory=dict)
    training: Mapping[str, Epochs] = field(default_factory=dict)
    picked: Sequence[Picked] = ()
    examples: Mapping[int, Example] = field(default_factory=dict)
    suggestions: Suggestions | None = None


def gather(
    run: RunSummary,
    corpus: Corpus,
    lfs: LFCollection,
    votes: Votes,
    model: BaseLabelModel,
    probs: Probs,
    preds: Labels,
    *,
    gold: Gold | None = None,
    training: Path | None = None,
    with_text: bool = False,
    seed: int = 0,
) -> Insight:
    """Count and pick what a report shows.

    Parameters
    ----------
    run
        What the Markdown report shows, too.
    corpus
        Read for suggestions, and for the rows that are shown; its texts are never all in memory.
    lfs, votes, model, probs, preds
        What was labeled by whom, and how.
    gold
        What is known of the truth.
    training
        Folder with a training log a classifier.
    with_text
        Whether the label model read the texts.
    seed
        Of what is drawn at random.
    """
    k, table, analysis = len(lfs.labels), votes.patterns(), LFAnalysis(votes)
    figures = count_votes(table, k)
    balance = {"votes": figures.votes.sum(axis=0), "labels": count_labels(preds, k)}
    if gold is not None:
        balance["gold"] = count_labels(gold.Y, k)
    gold_labels = None if gold is None else gold.of_corpus
    suggestions = suggest_lfs(corpus, votes, probs, lfs.labels, seed=seed, gold=gold_labels)
    picked = [*pick_rows(table, figures, probs, preds, gold_labels, seed), *_to_label(suggestions)]
    rows = [row for kind in picked for row in kind.rows]
    return Insight(
        run=run,
        coverage=analysis.label_coverage(),
        overlap=analysis.label_overlap(),
        conflict=analysis.label_conflict(),
        votes=figures,
        confidence=count_confidence(probs),
        balance=balance,
        calibration={} if gold is None else {stage: count_calibration(p, gold.Y) for stage, p in gold.probs.items()},
        training={} if training is None else read_training(training),
        picked=picked,
        examples=read_examples(rows, corpus, lfs, votes, model, probs, preds, gold_labels, with_text=with_text),
        suggestions=suggestions,
    )


def _to_label(suggestions: Suggestions) -> list[Picked]:
    words = "Label these by hand first: each represents many other rows."
    rows = suggestions.rows[:EACH]
    return [Picked("Worth a label by hand", words, rows)] if rows else []


def read_training(folder: Path) -> dict[str, Epochs]:
    """Read the training logs of a run folder, by classifier."""
    logs = sorted(folder.glob("*/training.jsonl"))
    return {
        path.parent.name: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in logs
    }
