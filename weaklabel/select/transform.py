"""Selection as a transform: labels and texts of all parts, one decision, then the rows that are not chosen are dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.transform import Drop, Transform, Transformed
from weaklabel.decisions import text_hashes
from weaklabel.dedup.transform import joined_texts
from weaklabel.errors import SelectionError
from weaklabel.export.opening import as_numbers
from weaklabel.export.selection import TRAIN
from weaklabel.label_names import encode_labels
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.select.choice import Choice
from weaklabel.support.hashing import sha256_of_json
from weaklabel.support.mapped import map_npy, save_npy

NO_LABEL, NOT_CHOSEN = "without a label", "not chosen"
"""Rules by which dropped rows are counted."""

MAX_ROWS = 200_000
"""Labeled rows up to which vectors are compared: all are in memory."""

_TEXT, _LABEL, _GOLD, _VOTE, _ROWS = "text", "label", "gold", "vote ", "rows.parquet"
_STAYS, _DROPPED, _UNLABELED = 0, 1, 2


@dataclass(frozen=True)
class Select(Transform):
    """Drops labeled rows that are not worth training on; made by `select_corpus`.

    Parameters
    ----------
    text
        Columns that hold the text.
    labels
        Class names. Length: k.
    label
        The column with the class of each row.
    probs
        Columns with class probabilities, in the order of ``labels``; () where there are none.
    choice
        By what rows are chosen, and how many.
    split, train
        A column and its value: only these rows are chosen from, all others stay. None: all rows.
    score
        The column to add with the score of each row; None: none.
    votes
        Columns with the votes of labeling functions; () where there are none, or the selector needs none.
    gold
        The column with labels by hand; None: there is none.
    decided
        Labels by hand of texts, by the hash of the text: class numbers.
    read
        Files that decisions were read from.
    """

    name: ClassVar[str] = "select"
    surveys: ClassVar[bool] = True
    text: tuple[str, ...]
    labels: tuple[str, ...]
    label: str
    probs: tuple[str, ...]
    choice: Choice
    split: str | None = None
    train: str = TRAIN
    score: str | None = None
    votes: tuple[str, ...] = ()
    gold: str | None = None
    decided: Mapping[str, int] | None = None
    read: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """See `Transform.settings`."""
        own = {
            name: getattr(self, name)
            for name in ("labels", "label", "probs", "split", "train", "score", "votes", "gold")
        }
        own |= self.choice.settings() | {"version": 2}
        own["decided"] = None if self.decided is None else sha256_of_json(dict(self.decided))
        return own

    def inputs(self) -> dict[str, list[str]]:
        """See `Transform.inputs`."""
        models = self.choice.encoder, self.choice.tokenizer
        folders = [name for name in models if name is not None and Path(name).is_dir()]
        files = {"a model": folders, "a file of decisions": list(self.read)}
        return {what: paths for what, paths in files.items() if paths}

    def outputs(self) -> list[str]:
        """See `Transform.outputs`."""
        return [] if self.choice.curve is None else [self.choice.curve]

    def new_columns(self, schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
        """See `Transform.new_columns`."""
        return {} if self.score is None else {self.score: pl.Float64()}

    def survey(self, frame: pl.DataFrame, first_row: int, folder: Path) -> None:
        """See `Transform.survey`."""
        y = self._encoded(frame, first_row)
        if self.split is not None:
            is_train = (frame[self.split].cast(pl.String) == self.train).fill_null(False).to_numpy()
            y = np.where(is_train, y, ABSTAIN - 1)
        texts = joined_texts(frame, self.text)
        columns = {_TEXT: pl.Series(texts, dtype=pl.String), _LABEL: y, _GOLD: self._gold_of(frame, texts)}
        for number, name in enumerate(self.votes):
            columns[_VOTE + str(number)] = encode_labels(frame[name].to_list(), self.labels, f"column '{name}'")
        probs = {name: self._numbers(frame, name, first_row) for name in self.probs}
        # Names of columns of the corpus may be any; these are numbered.
        numbered = {str(number): values for number, values in enumerate(probs.values())}
        pl.DataFrame({**columns, **numbered}).write_parquet(folder / _ROWS)

    def decide(self, folders: Sequence[Path], read: Callable[[int], pl.DataFrame], folder: Path) -> dict[str, Any]:
        """See `Transform.decide`."""
        table = pl.concat([pl.read_parquet(each / _ROWS, memory_map=False, glob=False) for each in folders])
        y = table[_LABEL].to_numpy()
        labeled = np.flatnonzero(y >= 0)
        verdict = np.where(y == ABSTAIN, _UNLABELED, _STAYS).astype(np.int8)
        scores = np.full(len(y), np.nan)
        if not len(labeled):
            raise SelectionError("no row has a label, so there is nothing to choose from")
        rows = table[labeled]
        texts, targets = rows[_TEXT].to_list(), y[labeled].astype(np.int64)
        probs = np.eye(len(self.labels))[targets]
        if self.probs:
            probs = rows.select(str(number) for number in range(len(self.probs))).to_numpy()
            probs = np.where(np.isfinite(probs).all(axis=1, keepdims=True), probs, np.eye(len(self.labels))[targets])
        votes = rows.select(_VOTE + str(number) for number in range(len(self.votes))).to_numpy() if self.votes else None
        has_gold = self.gold is not None or self.decided is not None
        gold = rows[_GOLD].to_numpy().astype(np.int64) if has_gold else None
        if gold is not None and (gold == ABSTAIN).all():
            raise SelectionError(
                "none of the labeled rows to choose from has gold: gold counts in rows with a weak label"
                + (" of the split that is chosen from" if self.split else "")
            )
        selected = self.choice.choose(
            texts, targets, probs, self.labels, votes, [name.partition("vote_")[2] for name in self.votes], gold
        )
        scores[labeled] = selected.scores
        dropped = np.delete(labeled, selected.chosen)
        verdict[dropped] = _DROPPED
        save_npy(folder / "verdict.npy", verdict)
        save_npy(folder / "scores.npy", scores)
        return dict(selected.summary)

    def apply(self, frame: pl.DataFrame, first_row: int, folder: Path | None) -> Transformed:
        """See `Transform.apply`."""
        assert folder is not None
        of_part = slice(first_row, first_row + frame.height)
        verdict, scores = (map_npy(folder / f"{name}.npy")[of_part] for name in ("verdict", "scores"))
        if self.score is not None:
            frame = frame.with_columns(pl.Series(self.score, np.array(scores)).fill_nan(None))
        drops = []
        for row in np.flatnonzero(verdict).tolist():
            if verdict[row] == _UNLABELED:
                drops.append(Drop(row, NO_LABEL, "it has no label"))
            else:
                drops.append(
                    Drop(row, NOT_CHOSEN, f"its score by '{self.choice.method}' is {scores[row]:.4g}, below the budget")
                )
        return Transformed(frame, drops)

    def _gold_of(self, frame: pl.DataFrame, texts: Sequence[str]) -> Labels:
        """Return the class of each row by hand, -1 for none; a decision counts before the column. Shape: [n]."""
        gold = np.full(frame.height, ABSTAIN, dtype=np.int64)
        if self.gold is not None:
            gold = encode_labels(frame[self.gold].to_list(), self.labels, f"column '{self.gold}'").astype(np.int64)
        if self.decided:
            decided = np.array([self.decided.get(key, ABSTAIN) for key in text_hashes(texts)], dtype=np.int64)
            gold = np.where(decided == ABSTAIN, gold, decided)
        return gold

    def _encoded(self, frame: pl.DataFrame, first_row: int) -> Labels:
        number = {name: at for at, name in enumerate(self.labels)}
        y = np.full(frame.height, ABSTAIN, dtype=np.int64)
        for row, name in enumerate(frame[self.label].cast(pl.String).to_list()):
            if name is None or name == "":
                continue
            if name not in number:
                raise SelectionError(
                    f"row {first_row + row}, column '{self.label}': '{name}' is none of the classes {', '.join(self.labels)}"
                )
            y[row] = number[name]
        return y

    def _numbers(self, frame: pl.DataFrame, name: str, first_row: int) -> NDArray[np.float64]:
        numbers, wrong = as_numbers(frame[name])
        if wrong is not None:
            raise SelectionError(
                f"row {first_row + wrong}, column '{name}': {frame[name][wrong]!r} is not a probability"
            )
        return numbers
