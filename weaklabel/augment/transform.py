"""Augmentation as a transform: all rows are looked at, new ones are made of training rows, and written behind their source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.augment.apply import TFApplier, texts_of
from weaklabel.augment.checks import CONTRADICTED, DUPLICATE, HELD_OUT_TEXT, ExistingTexts, LabelCheck, votes_on
from weaklabel.augment.loading import TFCollection
from weaklabel.augment.policies import Policy
from weaklabel.config import LabelModelSettings
from weaklabel.corpus import read_corpus
from weaklabel.corpus.transform import STEPS, Drop, Transform, Transformed
from weaklabel.errors import AugmentError
from weaklabel.export.selection import TRAIN
from weaklabel.label_model.named import make_label_model
from weaklabel.labels import ABSTAIN, Labels, VoteArray
from weaklabel.lf.identity import identity_of
from weaklabel.lf.packs import LFCollection
from weaklabel.support.hashing import hash_path, sha256_of_bytes
from weaklabel.support.progress import stage
from weaklabel.support.warn import kept_warnings
from weaklabel.votes import vote_patterns

FROM, BY = "augmented_from", "augmented_by"
"""Columns that are added: the number of the row that a new row was made of, from 1, and by which transformation functions."""

_ROWS, _TRAIN, _LABEL = "rows.parquet", "train", "label"
_PLACE, _RULE = "source", "rule"
REASONS = {
    DUPLICATE: "its text is in the corpus already",
    HELD_OUT_TEXT: "its text is one of another split, or of rows with gold",
    CONTRADICTED: "labeling functions vote for another class than that of its source",
}


@dataclass(frozen=True)
class Augment(Transform):
    """Adds new rows, made of training rows; made by `augment_corpus`.

    Parameters
    ----------
    text
        Columns that hold the text.
    labels
        Class names. Length: k.
    label
        The column with the class of each row.
    tfs, policy
        What new rows are made by.
    policy_settings
        What the policy is, as JSON has it.
    split, train
        A column and its value: only these rows are sources. None: all rows are for training.
    gold
        A column: rows with a value in it are no source.
    hide
        Columns that transformation functions and labeling functions must not see, besides ``gold``.
    votes
        By labeling function, the column with its votes on a row.
    empty
        Columns that say something about the text of a row that does not hold for a new one.
    among
        Rows that may be sources, besides all else that is said here; None: all. Shape: [rows of the corpus].
    not_in
        Files whose texts no new row may have.
    lfs, label_model
        What checks labels: labeling functions, and a label model that is fitted on their votes. None: nothing.
    fitted, known_votes
        A label model that is fitted already, and the votes on all rows that it was fitted on; None: see ``label_model``.
    seed
        Of all that is drawn.
    workers, time_limit, error_budget
        See `weaklabel.augment.apply.TFApplier`.
    """

    name: ClassVar[str] = "augment"
    surveys: ClassVar[bool] = True
    text: tuple[str, ...]
    labels: tuple[str, ...]
    label: str
    tfs: TFCollection
    policy: Policy
    policy_settings: Any
    split: str | None = None
    train: str = TRAIN
    gold: str | None = None
    hide: tuple[str, ...] = ()
    votes: Mapping[str, str] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    among: NDArray[np.bool_] | None = field(default=None, repr=False)
    not_in: tuple[str, ...] = ()
    lfs: LFCollection | None = None
    label_model: LabelModelSettings | None = None
    fitted: Any = field(default=None, repr=False)
    known_votes: VoteArray | None = field(default=None, repr=False)
    seed: int = 0
    workers: int = 1
    time_limit: float | None = None
    error_budget: float | None = None

    def settings(self) -> dict[str, Any]:
        """See `Transform.settings`."""
        names = (
            "labels",
            "label",
            "policy_settings",
            "split",
            "train",
            "gold",
            "hide",
            "empty",
            "seed",
            "error_budget",
            "time_limit",
        )
        own = {name: getattr(self, name) for name in names}
        own |= {"tfs": self.tfs.identity(), "not_in": [hash_path(path) for path in self.not_in], "version": 1}
        own |= {} if self.among is None else {"among": sha256_of_bytes(np.packbits(self.among).tobytes())}
        if self.known_votes is not None:
            own |= {"votes": sha256_of_bytes(np.ascontiguousarray(self.known_votes).tobytes())}
        if self.lfs is not None and self.label_model is not None:
            identity = identity_of(self.lfs)
            own |= {"lfs": [dict(identity.keys), dict(identity.sources), dict(identity.files)]}
            own |= {"label_model": self.label_model.model_dump(mode="json")}
        return own

    def inputs(self) -> dict[str, list[str]]:
        """See `Transform.inputs`."""
        sources = [*self.tfs.sources, *(self.lfs.sources if self.lfs else ())]
        files = [file for tf in self.tfs.tfs for file in tf.files()]
        named = {"a file with functions": sources, "a file that a transformation function reads": files}
        return {what: paths for what, paths in (named | {"a file of --not-in": list(self.not_in)}).items() if paths}

    def new_columns(self, schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
        """See `Transform.new_columns`."""
        return {FROM: pl.Int64(), BY: pl.String()}

    def survey(self, frame: pl.DataFrame, first_row: int, folder: Path) -> None:
        """See `Transform.survey`."""
        is_train = self.is_train(frame, first_row)
        # Names of columns of the corpus may be any; these are numbered.
        texts = {str(number): frame[column].cast(pl.String).fill_null("") for number, column in enumerate(self.text)}
        pl.DataFrame({**texts, _TRAIN: is_train, _LABEL: self._encoded(frame, first_row)}).write_parquet(folder / _ROWS)

    def decide(self, folders: Sequence[Path], read: Callable[[int], pl.DataFrame], folder: Path) -> dict[str, Any]:
        """See `Transform.decide`."""
        tables = [pl.read_parquet(each / _ROWS, memory_map=False, glob=False) for each in folders]
        starts = np.cumsum([0, *(table.height for table in tables)])
        sources = [np.flatnonzero((table[_TRAIN] & (table[_LABEL] != ABSTAIN)).to_numpy()) for table in tables]
        n_sources = sum(map(len, sources))
        if not n_sources:
            raise AugmentError(
                "no row can be augmented: "
                + (
                    f"none has a label and '{self.train}' in column '{self.split}'"
                    if self.split
                    else "none has a label"
                )
            )
        existing = self._existing(tables)
        check, votes = self._check(sources, starts, read)
        rules, by_tf, n_added = list[str](), Counter[str](), 0
        with self.applier() as applier, stage("augmenting", n_sources, "rows") as shown:
            applier.stage = shown
            applier.prepare(
                [
                    "\n".join(row)
                    for table, rows in zip(tables, sources, strict=True)
                    for row in self._texts(table[rows])
                ]
            )
            for number, rows in enumerate(sources):
                if not len(rows):
                    continue
                y = tables[number][_LABEL].to_numpy()[rows]
                made = _Made(self, applier, read(number), rows, int(starts[number]))
                made.check(existing, check, None if check is None else votes[number], y)
                made.write(folder, int(starts[number]))
                rules += [rule for rule in made.rules if rule]
                by_tf.update(made.by[at] for at in np.flatnonzero(~made.is_refused).tolist())
                n_added += int((~made.is_refused).sum())
                shown.advance(len(rows))
            applier.tell()
        counts = Counter(rules)
        return {
            "rows that new ones are made of": n_sources,
            "new rows": n_added,
            "by transformation function": dict(sorted(by_tf.items())),
            "refused": {rule: counts[rule] for rule in REASONS if counts[rule]},
            "labels checked by": "nothing (give labeling functions)"
            if check is None
            else f"{len(check.lfs)} labeling functions and the label model '{self._model_name}'",
        }

    def apply(self, frame: pl.DataFrame, first_row: int, folder: Path | None) -> Transformed:
        """See `Transform.apply`."""
        assert folder is not None
        old = frame.with_columns(pl.lit(None, pl.Int64).alias(FROM), pl.lit(None, pl.String).alias(BY))
        path = folder / f"new-{first_row}.parquet"
        if not path.exists():
            return Transformed(old)
        new = pl.read_parquet(path, memory_map=False, glob=False)
        places, rules = new[_PLACE], new[_RULE]
        rows = frame[places].with_columns(
            *(new[f"text{number}"].cast(frame.schema[column]).alias(column) for number, column in enumerate(self.text)),
            *(pl.lit(None, frame.schema[column]).alias(column) for column in self.empty if column in frame.columns),
            (places + first_row + 1).alias(FROM),
            new[BY],
        )
        rows = rows.with_columns(
            self._vote_names(new[f"vote {name}"], frame.schema[column]).alias(column)
            if f"vote {name}" in new.columns
            else pl.lit(None, frame.schema[column]).alias(column)
            for name, column in self.votes.items()
        )
        if STEPS in frame.columns:
            note = pl.concat_str(pl.col(STEPS).fill_null(""), pl.lit(f"; {self.name}: "), pl.col(BY)).str.strip_prefix(
                "; "
            )
            rows = rows.with_columns(note.alias(STEPS))
        is_refused = rules.is_not_null()
        refused = [
            Drop(place, rule, REASONS[rule]) for place, rule in zip(places, rules, strict=True) if rule is not None
        ]
        return Transformed(
            old,
            added=rows.filter(~is_refused).select(old.columns),
            added_to=places.filter(~is_refused).to_list(),
            refused=refused,
            refused_rows=rows.filter(is_refused).select(old.columns) if refused else None,
        )

    @property
    def _model_name(self) -> str:
        return "" if self.label_model is None else self.label_model.name

    def applier(self) -> TFApplier:
        """Return what makes new rows; a context manager."""
        return TFApplier(
            self.tfs,
            self.policy,
            self.text,
            hide=[*self.hide, *([self.gold] if self.gold else [])],
            seed=self.seed,
            workers=self.workers,
            time_limit=self.time_limit,
            error_budget=self.error_budget,
        )

    def _texts(self, table: pl.DataFrame) -> list[tuple[str, ...]]:
        return texts_of(table, [str(number) for number in range(len(self.text))])

    def _existing(self, tables: Sequence[pl.DataFrame]) -> ExistingTexts:
        existing = ExistingTexts()
        for table in tables:
            existing.add(self._texts(table.filter(pl.col(_TRAIN))), is_train=True)
            existing.add(self._texts(table.filter(~pl.col(_TRAIN))), is_train=False)
        for path in self.not_in:
            for batch in read_corpus(path, text=list(self.text)).batches():
                existing.add(texts_of(batch.source, self.text), is_train=False)
        return existing

    def _check(
        self, sources: Sequence[NDArray[np.int64]], starts: NDArray[np.int64], read: Callable[[int], pl.DataFrame]
    ) -> tuple[LabelCheck | None, list[VoteArray]]:
        """Return what checks labels, and the votes on the sources of each part; a label model is fitted on these."""
        if self.lfs is None or self.label_model is None:
            return None, []
        if self.known_votes is not None:
            L = self.known_votes
            votes = [np.asarray(L[start + rows]) for start, rows in zip(starts[:-1].tolist(), sources, strict=True)]
            return LabelCheck(self.lfs, self.fitted, self.workers), votes
        votes = []
        with stage("voting on training rows", sum(map(len, sources)), "rows") as shown:
            for number, rows in enumerate(sources):
                frame = read(number)[rows] if len(rows) else None
                m = len(self.lfs)
                votes.append(
                    np.empty((0, m), np.int8)
                    if frame is None
                    else votes_on(self.lfs, self.seen(frame), self.text, self.workers)
                )
                shown.advance(len(rows))
        model = make_label_model(self.label_model, len(self.labels), self.seed)
        with kept_warnings():  # such as of labeling functions that never vote, which is no matter here
            model = model.fit(vote_patterns(np.concatenate(votes)))
        return LabelCheck(self.lfs, model, self.workers), votes

    def is_train(self, frame: pl.DataFrame, first_row: int) -> NDArray[np.bool_]:
        """Say which rows may be sources: of the split, and without gold. Shape: [n]."""
        is_train: NDArray[np.bool_] = np.ones(frame.height, np.bool_)
        if self.split is not None:
            is_train = (frame[self.split].cast(pl.String) == self.train).fill_null(False).to_numpy()
        if self.among is not None:
            is_train = is_train & self.among[first_row : first_row + frame.height]
        return is_train if self.gold is None else is_train & ~_has_value(frame[self.gold])

    def sources(self, frame: pl.DataFrame, first_row: int) -> NDArray[np.int64]:
        """Return the places of the rows that new ones are made of: labeled, and for training."""
        return np.flatnonzero(self.is_train(frame, first_row) & (self._encoded(frame, first_row) != ABSTAIN))

    def seen(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return rows as functions may see them."""
        return frame.drop([*self.hide, *([self.gold] if self.gold else [])], strict=False)

    def _encoded(self, frame: pl.DataFrame, first_row: int) -> Labels:
        number = {name: at for at, name in enumerate(self.labels)}
        y = np.full(frame.height, ABSTAIN, dtype=np.int64)
        for row, name in enumerate(frame[self.label].cast(pl.String).to_list()):
            if name is None or name == "":
                continue
            if name not in number:
                raise AugmentError(
                    f"row {first_row + row + 1}, column '{self.label}': '{name}' is none of the classes "
                    f"{', '.join(self.labels)}"
                )
            y[row] = number[name]
        return y

    def _vote_names(self, votes: pl.Series, dtype: pl.DataType) -> pl.Series:
        """Return votes as the corpus writes them: names of classes, or numbers."""
        if dtype.is_numeric():
            return votes.cast(dtype)
        names = [None if vote == ABSTAIN else self.labels[vote] for vote in votes.to_list()]
        return pl.Series(names, dtype=pl.String).cast(dtype)


class _Made:
    """New rows of one part, and which of them are refused."""

    def __init__(
        self, settings: Augment, applier: TFApplier, frame: pl.DataFrame, rows: NDArray[np.int64], start: int
    ) -> None:
        self.settings = settings
        self._frame = frame
        self.rows = applier.new_rows(frame[rows], start + rows)
        self.sources = np.array([row.source for row in self.rows], np.int64)
        self.places = rows[self.sources] if len(self.rows) else self.sources
        self.by = [" > ".join(row.by) for row in self.rows]
        self.rules: list[str | None] = [None] * len(self.rows)
        self.votes: VoteArray | None = None

    @property
    def is_refused(self) -> NDArray[np.bool_]:
        """Which are refused. Shape: [new rows]."""
        return np.array([rule is not None for rule in self.rules], np.bool_)

    def check(self, existing: ExistingTexts, check: LabelCheck | None, of_sources: VoteArray | None, y: Labels) -> None:
        """Refuse new rows whose text is there already, and those whose votes speak against their label."""
        self.rules = [existing.refuses(row.texts) for row in self.rows]
        left = np.flatnonzero(~self.is_refused)
        if check is None or of_sources is None or not len(left):
            return
        self.votes = np.full((len(self.rows), len(check.lfs)), ABSTAIN, np.int16)
        new = self._frame[self.places[left]].with_columns(
            pl.Series(column, [self.rows[at].texts[number] for at in left.tolist()], dtype=pl.String)
            for number, column in enumerate(self.settings.text)
        )
        self.votes[left] = check.votes(self.settings.seen(new), self.settings.text)
        source = self.sources[left]
        compared = self.votes[left]
        # Those that are not asked would vote as they did.
        is_asked = np.array([lf.asks for lf in check.lfs], np.bool_)
        compared[:, is_asked] = of_sources[source][:, is_asked]
        wrong = check.contradicts(compared, of_sources[source], y[source])
        for at in left[wrong].tolist():
            self.rules[at] = CONTRADICTED

    def write(self, folder: Path, start: int) -> None:
        """Keep them for `Augment.apply`."""
        texts = {
            f"text{number}": pl.Series([row.texts[number] for row in self.rows], dtype=pl.String)
            for number in range(len(self.settings.text))
        }
        votes = {}
        if self.votes is not None and self.settings.lfs is not None:
            votes = {f"vote {name}": self.votes[:, at] for at, name in enumerate(self.settings.lfs.names)}
        table = {_PLACE: pl.Series(self.places, dtype=pl.Int64), _RULE: pl.Series(self.rules, dtype=pl.String)}
        by = pl.Series(self.by, dtype=pl.String)
        pl.DataFrame({**table, BY: by, **texts, **votes}).write_parquet(folder / f"new-{start}.parquet")


def _has_value(column: pl.Series) -> NDArray[np.bool_]:
    """Say which cells hold a gold label."""
    texts = column.cast(pl.String)
    has_value: NDArray[np.bool_] = (texts.is_not_null() & ~texts.is_in(["", "-1"])).to_numpy()
    return has_value
