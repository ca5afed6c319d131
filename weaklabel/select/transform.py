"""Selection as a transform: labels and texts of all parts, one decision, then the rows that are not chosen are dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.transform import Drop, Transform, Transformed
from weaklabel.decisions import text_hashes
from weaklabel.dedup.transform import joined_texts
from weaklabel.encoder.features import TextFeatures
from weaklabel.encoder.multilingual import MULTILINGUAL
from weaklabel.encoder.named import model_files
from weaklabel.errors import SelectionError
from weaklabel.export.opening import as_numbers
from weaklabel.export.selection import TRAIN
from weaklabel.label_names import encode_labels
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.registries import SELECTORS
from weaklabel.select.base import Selector
from weaklabel.select.budget import Budget
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
    method, params
        Name of a selector, and its parameters.
    budget
        How many rows are chosen, or tokens.
    class_balance
        See `weaklabel.select.budget.choose`.
    split, train
        A column and its value: only these rows are chosen from, all others stay. None: all rows.
    score
        The column to add with the score of each row; None: none.
    encoder
        What embeds texts; None: the default encoder.
    tokenizer
        What counts tokens; None: the tokenizer of the encoder.
    votes
        Columns with the votes of labeling functions; () where there are none, or the selector needs none.
    gold
        The column with labels by hand; None: there is none.
    decided
        Labels by hand of texts, by the hash of the text: class numbers.
    read
        Files that decisions were read from.
    curve
        File for the curve of the reward, for selectors that learn from one; see `weaklabel.select.policy.CurveFile`.
    seed
        Of the selector.
    """

    name: ClassVar[str] = "select"
    surveys: ClassVar[bool] = True
    text: tuple[str, ...]
    labels: tuple[str, ...]
    label: str
    probs: tuple[str, ...]
    method: str
    budget: Budget
    params: Mapping[str, Any] = field(default_factory=dict)
    class_balance: str | tuple[float, ...] | None = None
    split: str | None = None
    train: str = TRAIN
    score: str | None = None
    encoder: str | None = None
    tokenizer: str | None = None
    votes: tuple[str, ...] = ()
    gold: str | None = None
    decided: Mapping[str, int] | None = None
    read: tuple[str, ...] = ()
    curve: str | None = None
    seed: int = 0

    def settings(self) -> dict[str, Any]:
        """See `Transform.settings`."""
        names = (
            "labels", "label", "probs", "method", "class_balance", "split", "train", "score", "encoder", "tokenizer", "seed",
            "votes", "gold",
        )  # fmt: skip
        own = {name: getattr(self, name) for name in names}
        own |= {"params": dict(self.params), "budget": [self.budget.size, self.budget.unit], "version": 2}
        own["decided"] = None if self.decided is None else sha256_of_json(dict(self.decided))
        return own | ({"encoder files": model_files(self.encoder)} if SELECTORS[self.method].needs_features else {})

    def inputs(self) -> dict[str, list[str]]:
        """See `Transform.inputs`."""
        folders = [name for name in (self.encoder, self.tokenizer) if name is not None and Path(name).is_dir()]
        files = {"a model": folders, "a file of decisions": list(self.read)}
        return {what: paths for what, paths in files.items() if paths}

    def outputs(self) -> list[str]:
        """See `Transform.outputs`."""
        return [] if self.curve is None else [self.curve]

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
        curve = {} if self.curve is None else {"curve_file": self.curve}
        selector = SELECTORS[self.method](**{"seed": self.seed, **self.params, **curve})
        features = np.zeros((len(rows), 1))
        if selector.needs_features:
            if len(rows) > MAX_ROWS:
                raise SelectionError(
                    f"'{self.method}' compares the vectors of all rows, at most {MAX_ROWS:,}, and {len(rows):,} rows have a "
                    "label; choose 'confidence' or 'margin', or choose in parts"
                )
            features = TextFeatures(self.encoder).fit_transform(texts)
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
        selector.fit(features, targets, probs, texts=texts, votes=votes, gold=gold)
        costs = self._tokens(texts) if self.budget.unit == "tokens" else None
        chosen = selector.select(self.budget, class_balance=self._balance(), costs=costs)
        scores[labeled] = selector.scores_
        dropped = np.delete(labeled, chosen)
        verdict[dropped] = _DROPPED
        save_npy(folder / "verdict.npy", verdict)
        save_npy(folder / "scores.npy", scores)
        return self._summary(targets, chosen, costs) | self._learned(selector, targets, gold)

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
                    Drop(row, NOT_CHOSEN, f"its score by '{self.method}' is {scores[row]:.4g}, below the budget")
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

    def _learned(self, selector: Selector, y: Labels, gold: Labels | None) -> dict[str, Any]:
        """Return what a selector with gold says besides."""
        summary: dict[str, Any] = {}
        if gold is not None:
            known = gold != ABSTAIN
            summary["rows with gold"] = f"{known.sum():,}, {(gold == y)[known].sum():,} of them labeled right"
        if selector.lf_scores_ is not None:
            low = [name for name, score in zip(self.votes, selector.lf_scores_, strict=True) if score < 0.5]
            names = [name.partition("vote_")[2] for name in low]
            summary["labeling functions that do more harm than good"] = ", ".join(names) or "none"
        return summary | dict(selector.notes_)

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

    def _tokens(self, texts: Sequence[str]) -> NDArray[np.float64]:
        from weaklabel.encoder.encoder import default_model
        from weaklabel.encoder.inference import load_part

        encoder = None if self.encoder == MULTILINGUAL else self.encoder  # whose tokens are no transformer's
        tokenizer = load_part("AutoTokenizer", self.tokenizer or encoder or default_model())
        ids = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return np.array([max(1, len(of_text)) for of_text in ids], dtype=np.float64)

    def _balance(self) -> str | list[float] | None:
        return self.class_balance if isinstance(self.class_balance, str | None) else list(self.class_balance)

    def _summary(self, y: Labels, chosen: NDArray[np.int64], costs: NDArray[np.float64] | None) -> dict[str, Any]:
        summary: dict[str, Any] = {"method": self.method, "labeled rows to choose from": len(y), "chosen": len(chosen)}
        if costs is not None:
            summary["tokens chosen"] = int(costs[chosen].sum())
        before, after = (np.bincount(part, minlength=len(self.labels)).tolist() for part in (y, y[chosen]))
        summary["chosen by class"] = {
            name: f"{of_chosen:,} of {of_all:,}"
            for name, of_chosen, of_all in zip(self.labels, after, before, strict=True)
        }
        return summary
