"""Gold spans in a run: which rows have them, and what every stage predicts for these."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import Project
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.batch import TEXT
from weaklabel.decisions import GoldSpans, is_decision_file, read_gold_spans
from weaklabel.errors import ConfigError
from weaklabel.job.spans import VotedSpans
from weaklabel.job.spans.training import texts_with_votes
from weaklabel.lf.packs import LFCollection
from weaklabel.project.gold import TRAIN, gold_column, read_gold, split_column
from weaklabel.support.files import write_json
from weaklabel.support.hashing import sha256_of_text
from weaklabel.units import SPANS, Spans, in_code_points, read_spans

if TYPE_CHECKING:
    from weaklabel.label_model.sequence import SpanLabelModel
    from weaklabel.label_model.sequence.sample import SpanTextSample
    from weaklabel.tagger import Tagger

TABLES = (".csv", ".tsv", ".jsonl", ".parquet", ".gz", ".zst")
"""Endings of gold files that are read as the corpus is, with all their columns."""


def held_out_rows(project: Project, corpus: Corpus) -> NDArray[np.bool_] | None:
    """Rows of the corpus that must not be trained on, as `weaklabel.project.gold.held_out`; None where none can. Shape: [n]."""
    gold = project.gold
    if gold is None or (gold.path is not None and not is_decision_file(gold.path)):
        return None
    if gold.split is not None:
        return np.fromiter((value != TRAIN for value in corpus.values(split_column(project))), dtype=bool)
    if gold.path is None:
        return np.fromiter((_is_given(value) for value in corpus.values(gold_column(project, SPANS))), dtype=bool)
    return _known(read_gold_spans(gold.path), corpus)


def held_out_span_inputs(project: Project) -> dict[str, str]:
    """Return the hash of what says which rows are held out of training, where that is no column of the corpus."""
    path = project.gold and project.gold.path
    if not path or not is_decision_file(path):
        return {}
    decided = sorted(text.text_sha256 for text in read_gold_spans(path).texts)
    return {f"the choice of rows in {path.name}": sha256_of_text("\n".join(decided))}


def _is_given(value: Any) -> bool:
    return value is not None and value != ""


def _known(gold: GoldSpans, corpus: Corpus) -> NDArray[np.bool_]:
    """Say which rows of a corpus gold is about. Shape: [n]."""
    of_batches = [gold.on(batch.texts, batch.start).is_known for batch in corpus.batches_with_progress()]
    return np.concatenate([np.empty(0, bool), *of_batches])


@dataclass(frozen=True, eq=False)
class GoldTexts:
    """Texts with gold spans, and the votes on them.

    Attributes
    ----------
    sample
        Texts, words and votes.
    gold
        Gold spans, in code points.
    rows
        Which rows of the corpus they are; None where they are others. Shape: [n].
    """

    sample: SpanTextSample
    gold: Spans
    rows: NDArray[np.int64] | None


def open_gold_texts(
    voted: VotedSpans, project: Project, vote: Callable[[Corpus], VotedSpans], lfs: LFCollection
) -> GoldTexts:
    """Open gold: its own file, on which labeling functions have yet to vote, or the rows of the corpus that have it.

    Parameters
    ----------
    voted
        The corpus and the votes on it.
    project
        Says where gold is.
    vote
        Lets the labeling functions vote on other rows.
    lfs
        The labeling functions.

    Raises
    ------
    WeakLabelError
        Gold cannot be read, has another label, does not fit its text, or there is none.
    """
    gold = project.gold
    assert gold is not None
    corpus = voted.corpus
    if gold.path is None:
        rows, spans = _of_column(corpus, project, lfs.labels)
        return GoldTexts(texts_with_votes(voted, rows), spans, rows)
    given = read_gold_spans(gold.path, lfs.labels)
    if is_decision_file(gold.path):
        rows, spans = _of_texts(given, corpus, f"{gold.path}: none of the decided texts is in {corpus.name}")
        return GoldTexts(texts_with_votes(voted, rows), spans, rows)
    reads_more = any(set(lf.columns) - {TEXT} for lf in lfs)
    if gold.path.suffix in TABLES and reads_more:
        other = read_gold(project, gold.path)
    else:
        texts, _ = given.rows()
        other = read_corpus({TEXT: texts})
    rows, spans = _of_texts(given, other, f"{gold.path} holds no text whose spans are known")
    return GoldTexts(texts_with_votes(vote(other), rows), spans, None)


def _of_texts(gold: GoldSpans, corpus: Corpus, none: str) -> tuple[NDArray[np.int64], Spans]:
    """Return the rows of a corpus that gold is about, and their gold spans."""
    parts = [(batch.start, gold.on(batch.texts, batch.start)) for batch in corpus.batches()]
    return _rows_of([(start, part.is_known, part.spans) for start, part in parts], none)


def _of_column(corpus: Corpus, project: Project, labels: tuple[str, ...]) -> tuple[NDArray[np.int64], Spans]:
    """Return the rows of the corpus with gold in its column, and their gold spans."""
    gold = project.gold
    assert gold is not None
    column = gold_column(project, SPANS)
    parts = []
    for batch in corpus.batches():
        where = f"{corpus.name}, column '{column}'"
        spans = read_spans(batch.source[column], batch.texts, labels, where=where, first_row=batch.start)
        known = spans.is_known
        if gold.split is not None:
            values = batch.source[split_column(project)].to_list()
            known = known & np.array([value == gold.split for value in values], dtype=bool)
        parts.append((batch.start, known, spans.spans))
    where = "" if gold.split is None else f" in the rows of split '{gold.split}'"
    return _rows_of(parts, f"{corpus.name}: column '{column}' holds no gold spans{where}; fill it, or leave out [gold]")


def _rows_of(parts: list[tuple[int, NDArray[np.bool_], Spans]], none: str) -> tuple[NDArray[np.int64], Spans]:
    """Join parts of a corpus (first row, which rows have gold, their spans); ``none`` is the error where no row has it."""
    rows = np.concatenate([np.empty(0, np.int64), *(start + np.flatnonzero(known) for start, known, _ in parts)])
    if not len(rows):
        raise ConfigError(none)
    place = np.full(int(rows[-1]) + 1, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    columns = []
    for start, known, spans in parts:
        chosen = spans.take(known[spans.row])
        columns.append(np.stack([place[chosen.row + start], chosen.begin, chosen.end, chosen.label]))
    row, begin, end, label = np.concatenate([np.empty((4, 0), np.int64), *columns], axis=1)
    return rows, Spans.of(row, begin, end, label, len(rows))


@dataclass(frozen=True, eq=False)
class StageSpans:
    """One stage's spans for the texts with gold, in code points, and how probable each is. Shape of ``probs``: [n]."""

    spans: Spans
    probs: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SpanPredictions:
    """Every stage's spans for the texts with gold.

    Attributes
    ----------
    texts
        Length: n.
    gold
        Gold spans, in code points.
    rows
        Which rows of the corpus they are; None where they are others. Shape: [n].
    stages
        Predictions, by name of the stage.
    """

    texts: tuple[str, ...]
    gold: Spans
    rows: NDArray[np.int64] | None
    stages: Mapping[str, StageSpans]

    def save(self, path: Path) -> None:
        """Write it to a JSON file, atomically."""
        stages = {
            name: {"spans": _plain(each.spans), "probs": _probs(each.probs)} for name, each in self.stages.items()
        }
        rows = None if self.rows is None else self.rows.tolist()
        write_json(path, {"texts": self.texts, "gold": _plain(self.gold), "rows": rows, "stages": stages})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        saved = json.loads(path.read_text(encoding="utf-8"))
        n = len(saved["texts"])
        stages = {
            name: StageSpans(_spans(each["spans"], n), np.array(each["probs"], dtype=np.float64))
            for name, each in saved["stages"].items()
        }
        rows = None if saved["rows"] is None else np.array(saved["rows"], dtype=np.int64)
        return cls(tuple(saved["texts"]), _spans(saved["gold"], n), rows, stages)


def _probs(probs: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(prob) else float(prob) for prob in probs]


def _plain(spans: Spans) -> list[list[int]]:
    columns = (spans.row, spans.begin, spans.end, spans.label)
    return [list(span) for span in zip(*(column.tolist() for column in columns), strict=True)]


def _spans(plain: list[list[int]], n_rows: int) -> Spans:
    table = np.array(plain, dtype=np.int64).reshape(-1, 4)
    return Spans.of(table[:, 0], table[:, 1], table[:, 2], table[:, 3], n_rows)


def predict_spans(
    given: GoldTexts, model: SpanLabelModel, taggers: Mapping[str, Tagger], read_texts: bool
) -> SpanPredictions:
    """Return every stage's spans for the same texts: majority vote on words, the label model, and the taggers."""
    return SpanPredictions(given.sample.texts, given.gold, given.rows, dict(_stages(given, model, taggers, read_texts)))


def _stages(
    given: GoldTexts, model: SpanLabelModel, taggers: Mapping[str, Tagger], read_texts: bool
) -> Iterator[tuple[str, StageSpans]]:
    from weaklabel.label_model.sequence import WordVote

    sample = given.sample
    texts = list(sample.texts)
    models = {"majority_vote": WordVote().fit(sample.votes), "label_model": model}
    for name, each in models.items():
        labels = each.predict(sample.votes, texts if each.uses_texts and read_texts else None, words=sample.words)
        yield name, StageSpans(in_code_points(labels.spans, sample.words), labels.probs)
    for name, tagger in taggers.items():
        labels = tagger.tag(texts, sample.words)
        yield name, StageSpans(in_code_points(labels.spans, sample.words), labels.probs)
