"""Arrays, for scikit-learn and cleanlab: numbers in an ``.npz`` file, texts and ids in JSON, no pickle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.row_ids import row_ids
from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.rows import by_split
from weaklabel.export.selection import confidence
from weaklabel.label_names import encode_labels
from weaklabel.labels import ABSTAIN
from weaklabel.support.files import write_json
from weaklabel.support.progress import stage
from weaklabel.support.warn import warn

WEIGHTS = ("confidence", "none")
"""What ``sample_weight`` is: the probability of the label, or 1."""

SHOWN_ROWS = 3


class _JsonList:
    """A JSON array of strings that is written one by one."""

    def __init__(self, path: Path, files: ExitStack) -> None:
        self.handle: TextIO = files.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        self.begin = "[\n"
        files.callback(self.close)

    def write(self, values: Iterable[str]) -> None:
        for value in values:
            self.handle.write(self.begin + json.dumps(value, ensure_ascii=False))
            self.begin = ",\n"

    def close(self) -> None:
        self.handle.write("[]\n" if self.begin == "[\n" else "\n]\n")


class _Columns:
    """Columns of numbers, gathered part by part."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {}

    def add(self, **arrays: NDArray[Any]) -> None:
        for name, array in arrays.items():
            self._parts.setdefault(name, []).append(array)

    def save(self, path: Path) -> None:
        with path.open("wb") as handle:
            np.savez_compressed(handle, allow_pickle=False, **{k: np.concatenate(v) for k, v in self._parts.items()})


class SklearnExporter(CorpusExporter):
    """Writes ``SPLIT.npz`` with ``y``, ``sample_weight`` and ``probs``, ``SPLIT.texts.json`` and ``classes.json``.

    Texts are written row by row; the numbers of all rows, 8 (k + 2) bytes each, are in memory.

    Parameters
    ----------
    weight
        What ``sample_weight`` is: ``confidence``, the probability of the label; or ``none``, which is 1 for all.
    """

    title = "scikit-learn arrays"
    writes_folder = True
    keeps_probs = True
    keeps_split = True
    consumer = "scikit-learn, NumPy"

    def __init__(self, weight: str = "confidence") -> None:
        self.weight = weight

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        if self.weight not in WEIGHTS:
            raise ExportError(f"weight: '{self.weight}' is none of {', '.join(WEIGHTS)}{nearest(self.weight, WEIGHTS)}")

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        columns: dict[str, _Columns] = {}
        texts: dict[str, _JsonList] = {}
        rows = 0
        with ExitStack() as files:
            for part in _with_stage(corpus, self.title):
                for split, of_split in by_split(part):
                    if split not in columns:
                        columns[split] = _Columns()
                        texts[split] = _JsonList(target / f"{split}.texts.json", files)
                    weight = confidence(of_split) if self.weight == "confidence" else np.ones(len(of_split))
                    columns[split].add(y=of_split.preds.astype(np.int64), sample_weight=np.nan_to_num(weight, nan=1.0))
                    if corpus.has_probs:
                        columns[split].add(probs=of_split.probs)
                    texts[split].write(of_split.texts)
                rows += len(part)
        for split, numbers in columns.items():
            numbers.save(target / f"{split}.npz")
        write_json(target / "classes.json", list(corpus.labels))
        return ExportRecord(rows)


class CleanlabExporter(CorpusExporter):
    """Writes ``cleanlab.npz`` with ``labels`` and ``pred_probs``, and ``texts.json``, ``ids.json`` and ``classes.json``.

    ``labels`` are those that cleanlab is to check, ``pred_probs`` the probabilities of the label model, which did not see
    them. Where votes are known, ``labels_multiannotator`` has them, NaN for an abstain, for ``cleanlab.multiannotator``.

    Parameters
    ----------
    given
        Column with the labels to check, such as those of people; rows without one are left out. If not given, the weak
        labels themselves, which follow from the probabilities: cleanlab then finds no more than the least probable ones.
    """

    title = "cleanlab arrays"
    writes_folder = True
    keeps_probs = True
    consumer = "`cleanlab.filter.find_label_issues`, `cleanlab.multiannotator`"

    def __init__(self, given: str = "") -> None:
        self.given = given

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        if not corpus.has_probs:
            raise ExportError(f"{corpus.name} has no probability columns, which cleanlab needs; export it with them")
        if self.given and self.given not in corpus.schema:
            raise ExportError(
                f"given: {corpus.name} has no column '{self.given}'{nearest(self.given, corpus.schema)}; columns are "
                f"{', '.join(corpus.schema)}"
            )
        if not self.given:
            warn(
                "cleanlab is given the weak labels and the probabilities that they were made from, which always agree: name "
                "a column of other labels (given=COLUMN) to have those checked",
                stacklevel=2,
            )

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        columns, rows, without = _Columns(), 0, 0
        with ExitStack() as files:
            texts, ids = _JsonList(target / "texts.json", files), _JsonList(target / "ids.json", files)
            for part in _with_stage(corpus, self.title):
                labels = self._given(part, corpus)
                defined = (labels != ABSTAIN) & ~np.isnan(part.probs).any(axis=1)
                without += len(part) - int(defined.sum())
                part, labels = part.take(defined), labels[defined]
                columns.add(labels=labels.astype(np.int64), pred_probs=part.probs)
                if part.votes is not None:
                    votes = part.votes.astype(np.float64)
                    columns.add(labels_multiannotator=np.where(votes == ABSTAIN, np.nan, votes))
                texts.write(part.texts)
                ids.write(row_ids(part.frame, part.rows.tolist()))
                rows += len(part)
        if not rows:
            raise ExportError(f"no row has both a label and probabilities{f' ({self.given})' if self.given else ''}")
        columns.save(target / "cleanlab.npz")
        write_json(target / "classes.json", list(corpus.labels))
        left_out = {f"without a label in '{self.given}'" if self.given else "without probabilities": without}
        return ExportRecord(rows, {reason: count for reason, count in left_out.items() if count})

    def _given(self, part: LabeledPart, corpus: LabeledCorpus) -> NDArray[np.int64]:
        if not self.given:
            return part.preds
        values: Sequence[Any] = part.frame[self.given].to_list()
        return encode_labels(values, corpus.labels, f"{corpus.name}, column '{self.given}'")


def _with_stage(corpus: LabeledCorpus, title: str) -> Iterator[LabeledPart]:
    with stage(f"writing {title}", unit="rows") as progress:
        for part in corpus.parts():
            yield part
            progress.advance(len(part))
