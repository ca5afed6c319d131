"""What an HTML report is about, gathered in one place from a labeled corpus."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weaklabel.corpus import Corpus
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import Labels, Probs
from weaklabel.lf.packs import LFCollection
from weaklabel.report.examples import Example, read_examples
from weaklabel.report.figures import (
    Calibration,
    Counts,
    Histogram,
    count_calibration,
    count_confidence,
    count_labels,
)
from weaklabel.report.markdown import RunSummary
from weaklabel.report.rows import EACH, Picked, pick_rows
from weaklabel.suggest import Suggestions, suggest_lfs
from weaklabel.votes import LFAnalysis, Votes
from weaklabel.votes.tally import VoteCounts, count_votes

Epochs = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Gold:
    """True labels and what each stage makes of the same rows.

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
    k, found, analysis = len(lfs.labels), votes.patterns(), LFAnalysis(votes)
    figures = count_votes(found, k)
    balance = {"votes": figures.votes.sum(axis=0), "labels": count_labels(preds, k)}
    if gold is not None:
        balance["gold"] = count_labels(gold.Y, k)
    known = None if gold is None else gold.of_corpus
    suggestions = suggest_lfs(corpus, votes, probs, preds, lfs.labels, seed=seed, gold=known)
    picked = [*pick_rows(found, figures, probs, preds, known, seed), *_to_label(suggestions)]
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
        examples=read_examples(rows, corpus, lfs, votes, model, probs, preds, known, with_text=with_text),
        suggestions=suggestions,
    )


def _to_label(suggestions: Suggestions) -> list[Picked]:
    words = "A label by hand for these would teach the label model most: they stand for many others."
    rows = suggestions.rows[:EACH]
    return [Picked("Worth a label by hand", words, rows)] if rows else []


def read_training(folder: Path) -> dict[str, Epochs]:
    """Read the training logs of a run folder, by classifier."""
    logs = sorted(folder.glob("*/training.jsonl"))
    return {
        path.parent.name: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in logs
    }
