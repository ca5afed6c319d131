"""Splitting as a transform: rows that belong together are found, then each group is put on one side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from weaklabel.corpus.transform import Transform, Transformed
from weaklabel.dedup.minhash import bands_for
from weaklabel.dedup.pairs import PairFinder, Pairs, connected
from weaklabel.dedup.shingles import Numbers
from weaklabel.dedup.sketches import Sketch, Sketches, sketch
from weaklabel.dedup.survivors import preference
from weaklabel.dedup.transform import joined_texts
from weaklabel.errors import CorpusError
from weaklabel.split.assign import by_hash, stratified
from weaklabel.support.mapped import map_npy, save_npy

_VALUES = "values.parquet"


@dataclass(frozen=True)
class Split(Transform):
    """Puts each row into a split, such as train or test; made by `split_corpus`.

    Parameters
    ----------
    text
        Columns that hold the text.
    shares
        Names of the splits, and the share of the rows of each.
    column
        The column with the split.
    exists
        Whether the corpus has that column already: then it is only checked.
    group_by
        Columns whose equal values put rows on one side.
    stratify
        A column of whose values each split gets its share.
    threshold
        Jaccard similarity from which on two texts are near-duplicates.
    seed
        Another seed is another split.
    move_leaks
        Whether groups that an existing column divides are moved to the first split.
    """

    name: ClassVar[str] = "split"
    surveys: ClassVar[bool] = True
    text: tuple[str, ...]
    shares: Mapping[str, float]
    column: str = "split"
    exists: bool = False
    group_by: tuple[str, ...] = ()
    stratify: str | None = None
    threshold: float = 0.7
    seed: int = 0
    move_leaks: bool = False

    def settings(self) -> dict[str, Any]:
        """See `Transform.settings`."""
        names = ("column", "exists", "group_by", "stratify", "threshold", "seed", "move_leaks")
        return {"shares": list(self.shares.items()), "version": 1} | {name: getattr(self, name) for name in names}

    def new_columns(self, schema: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
        """See `Transform.new_columns`."""
        return {} if self.exists else {self.column: pl.String()}

    def survey(self, frame: pl.DataFrame, first_row: int, folder: Path) -> None:
        """See `Transform.survey`."""
        texts = joined_texts(frame, self.text)
        sketch(texts, bands_for(self.threshold), self.threshold, ties=[""] * len(texts)).save(folder)
        others = (self.stratify, self.column if self.exists else None)
        names = dict.fromkeys([*self.group_by, *(name for name in others if name is not None)])
        columns = [pl.col(name).cast(pl.String).fill_null("") for name in names]
        frame.select(pl.int_range(pl.len()).alias(""), *columns).write_parquet(folder / _VALUES)

    def decide(self, folders: Sequence[Path], read: Callable[[int], pl.DataFrame], folder: Path) -> dict[str, Any]:
        """See `Transform.decide`."""
        sketches = Sketches([Sketch.load(each) for each in folders])
        if not len(sketches):
            save_npy(folder / "side.npy", np.empty(0, np.int8))
            return {}
        values = pl.concat([pl.read_parquet(each / _VALUES, memory_map=False, glob=False) for each in folders])
        preferred = preference(sketches, "first")
        finder = PairFinder(preferred.nodes, bands_for(self.threshold).count, self.threshold)
        pairs, node = finder.pairs(), preferred.node_of
        group = self._groups(connected(len(preferred.nodes), pairs)[node], values)
        classes, stratum = [""], np.zeros(len(group), np.int64)
        if self.stratify is not None:
            classes, stratum = _coded(values[self.stratify].to_list())
        if self.exists:
            side = self._existing(values)
            if self.move_leaks:
                side = _gathered(side, group)
        else:
            keys = np.full(int(group.max()) + 1, np.iinfo(np.uint64).max, np.uint64)
            np.minimum.at(keys, group, sketches.column("hashes")[:, 0])
            shares = np.array(list(self.shares.values()))
            if self.stratify is None:
                side = by_hash(keys, shares, self.seed)[group]
            else:
                side = stratified(keys, group, stratum, shares, self.seed)[group]
        save_npy(folder / "side.npy", side.astype(np.int8))
        sizes = np.bincount(group)
        leaks, leaking = self._leaks(side, node, pairs)
        summary: dict[str, Any] = {
            "groups": len(sizes),
            "largest group": int(sizes.max()),
            "rows": self._counted(side),
            "rows like a row of another split": leaks,
        }
        for name in self.group_by:
            summary[f"values of '{name}' in several splits"] = _divided(values[name], side)
        for number, value in enumerate(classes if self.stratify is not None else ()):
            of_class = stratum == number
            summary[f"rows of '{value}'"] = self._counted(side[of_class])
            if leaks:
                summary[f"rows of '{value}' like a row of another split"] = self._counted(side[of_class & leaking])
        if finder.crowded:
            summary["compared with some of their template only"] = finder.crowded
        return summary

    def apply(self, frame: pl.DataFrame, first_row: int, folder: Path | None) -> Transformed:
        """See `Transform.apply`."""
        assert folder is not None
        side = map_npy(folder / "side.npy")[first_row : first_row + frame.height]
        names = list(self.shares)
        column = pl.Series(self.column, [names[number] for number in side.tolist()], dtype=pl.String)
        if not self.exists:
            return Transformed(frame.with_columns(column))
        is_moved = (frame[self.column].cast(pl.String) != column).to_numpy()
        changed = frame.with_columns(column.cast(frame.schema[self.column])) if is_moved.any() else frame
        return Transformed(changed, changed={"moved": is_moved} if self.move_leaks else {})

    def _groups(self, cluster: Numbers, values: pl.DataFrame) -> Numbers:
        """Join rows that are near-duplicates, or equal in a column; an empty value joins nothing."""
        n = len(cluster)
        row = np.arange(n)
        left, right, total = [row], [n + cluster], n + int(cluster.max()) + 1
        for name in self.group_by:
            there = np.flatnonzero((values[name] != "").to_numpy())
            codes = _coded(values[name].gather(there).to_list())[1]
            left.append(row[there])
            right.append(total + codes)
            total += int(codes.max(initial=-1)) + 1
        return connected(total, Pairs(np.concatenate(left), np.concatenate(right), np.empty(0)), n)

    def _existing(self, values: pl.DataFrame) -> Numbers:
        number = {name: at for at, name in enumerate(self.shares)}
        named = values[self.column].to_list()
        for row, value in enumerate(named):
            if value not in number:
                raise CorpusError(
                    f"row {row + 1}: column '{self.column}' says {value!r}, which is none of the splits "
                    f"{', '.join(number)}: name all splits as shares"
                )
        return np.array([number[value] for value in named], dtype=np.int64)

    def _leaks(self, side: Numbers, node: Numbers, pairs: Pairs) -> tuple[dict[str, int], Numbers]:
        """Count rows of each split that are like a row of each other split; say of each row whether it is one of them."""
        here = np.zeros(int(node.max()) + 1, np.int64)
        np.bitwise_or.at(here, node, np.left_shift(1, side))
        near = here.copy()
        np.bitwise_or.at(near, pairs.left, here[pairs.right])
        np.bitwise_or.at(near, pairs.right, here[pairs.left])
        others = near[node] & ~np.left_shift(1, side)
        counts: dict[str, int] = {}
        for number, name in enumerate(self.shares):
            for other, other_name in enumerate(self.shares):
                count = int((others[side == number] >> other & 1).sum())
                counts |= {f"{name} like {other_name}": count} if count else {}
        return counts, others != 0

    def _counted(self, side: Numbers) -> dict[str, int]:
        return dict(zip(self.shares, np.bincount(side, minlength=len(self.shares)).tolist(), strict=True))


def _coded(values: list[str]) -> tuple[list[str], Numbers]:
    """Return the different values, sorted, and for each value its number among them."""
    different = sorted(set(values))
    number = {value: at for at, value in enumerate(different)}
    return different, np.fromiter((number[value] for value in values), np.int64, len(values))


def _gathered(side: Numbers, group: Numbers) -> Numbers:
    """Put all rows of a group that is divided into the first split."""
    low, high = np.full(int(group.max()) + 1, 127, np.int64), np.zeros(int(group.max()) + 1, np.int64)
    np.minimum.at(low, group, side)
    np.maximum.at(high, group, side)
    return np.where((low == high)[group], side, 0)


def _divided(values: pl.Series, side: Numbers) -> int:
    frame = pl.DataFrame({"value": values, "side": side}).filter(pl.col("value") != "")
    return int((frame.group_by("value").agg(pl.col("side").n_unique())["side"] > 1).sum())
