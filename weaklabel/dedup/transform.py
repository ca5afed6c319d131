"""Deduplication as a transform: sketches of all parts, one decision, then rows are dropped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import read_corpus
from weaklabel.corpus.transform import PLACE, SOURCE, Drop, Transform, Transformed
from weaklabel.dedup.minhash import bands_for
from weaklabel.dedup.sketches import Sketch, Sketches, sketch
from weaklabel.dedup.survivors import Keep
from weaklabel.dedup.verdict import CONTAMINATION, EXACT, RULES, SEMANTIC, STAYS, Verdict, judge
from weaklabel.errors import CorpusError
from weaklabel.support.files import atomic_path, write_parquet
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.mapped import map_npy, save_npy
from weaklabel.support.progress import stage

_PLACES = "places.parquet"


@dataclass(frozen=True)
class Dedup(Transform):
    """Drops duplicates; made by `dedup_corpus`.

    Parameters
    ----------
    text
        Columns that hold the text.
    threshold
        Jaccard similarity from which on two texts are near-duplicates.
    keep
        Which of several rows stays.
    votes
        Column with the number of votes of a row, for ``keep="votes"``.
    lfs
        Labeling functions whose votes are counted in its place, as `load_lfs` takes them.
    against
        Files of rows, such as gold or test rows, of which no near-duplicate may stay.
    semantic
        Cosine of embeddings from which on two texts are duplicates; None for no comparison by meaning.
    clusters
        File that is written with all rows that have a duplicate.
    source
        Name of the corpus, for that file.
    """

    name: ClassVar[str] = "dedup"
    surveys: ClassVar[bool] = True
    text: tuple[str, ...]
    threshold: float = 0.7
    keep: Keep = "longest"
    votes: str | None = None
    lfs: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    semantic: float | None = None
    clusters: str | None = None
    source: str = ""

    def settings(self) -> dict[str, Any]:
        """See `Transform.settings`."""
        return {
            "threshold": self.threshold,
            "keep": self.keep,
            "votes": self.votes,
            "lfs": _identity(self.lfs) if self.lfs else None,
            "against": [sha256_of_file(path) for path in self.against],
            "semantic": self.semantic,
            "clusters": self.clusters,
            "version": 1,
        }

    def inputs(self) -> dict[str, list[str]]:
        """See `Transform.inputs`."""
        return {"a file to check against": list(self.against)}

    def outputs(self) -> list[str]:
        """See `Transform.outputs`."""
        return [] if self.clusters is None else [self.clusters]

    def survey(self, frame: pl.DataFrame, first_row: int, folder: Path) -> None:
        """See `Transform.survey`."""
        self._sketch(frame, is_corpus=True).save(folder)
        if self.clusters is not None and {SOURCE, PLACE} <= set(frame.columns):
            write_parquet(folder / _PLACES, frame.select(SOURCE, PLACE).cast(pl.String))

    def decide(self, folders: Sequence[Path], read: Callable[[int], pl.DataFrame], folder: Path) -> dict[str, Any]:
        """See `Transform.decide`."""
        own = [Sketch.load(each) for each in folders]
        gold = [list(self._sketches_of(path)) for path in self.against]
        n_gold = [sum(map(len, parts)) for parts in gold]
        sketches = Sketches([*own, *(part for parts in gold for part in parts)])
        verdict = judge(sketches, self.threshold, self.keep, sum(n_gold), self.semantic)
        save_npy(folder / "rule.npy", verdict.rule)
        save_npy(folder / "keeper.npy", verdict.keeper)
        save_npy(folder / "similarity.npy", verdict.similarity)
        starts = np.cumsum([len(verdict.rule), *n_gold]).tolist()
        (folder / "against.json").write_text(json.dumps([starts, [Path(path).name for path in self.against]]))
        if self.clusters is not None:
            self._write_clusters(verdict, _Rows.of(folder), folders)
        sizes = np.bincount(verdict.keeper) if len(verdict.keeper) else np.zeros(0, np.int64)
        summary = {"clusters": int((sizes > 1).sum()), "largest cluster": int(sizes.max(initial=0))}
        dropped = verdict.keeper[verdict.rule == CONTAMINATION]
        for number, path in enumerate(self.against):
            inside = (dropped >= starts[number]) & (dropped < starts[number + 1])
            summary[f"like a row of {Path(path).name}"] = int(inside.sum())
        if verdict.crowded:
            summary["compared with some of their template only"] = verdict.crowded
        return summary

    def apply(self, frame: pl.DataFrame, first_row: int, folder: Path | None) -> Transformed:
        """See `Transform.apply`."""
        assert folder is not None
        part = slice(first_row, first_row + frame.height)
        rule, keeper, similarity = (
            np.array(map_npy(folder / f"{name}.npy")[part]) for name in ("rule", "keeper", "similarity")
        )
        rows = _Rows.of(folder)
        drops = [
            Drop(row, RULES[rule[row]], _reason(int(rule[row]), rows.named(int(keeper[row])), float(similarity[row])))
            for row in np.flatnonzero(rule != STAYS).tolist()
        ]
        return Transformed(frame, drops)

    def _sketch(self, frame: pl.DataFrame, is_corpus: bool) -> Sketch:
        texts = joined_texts(frame, self.text)
        return sketch(
            texts,
            bands_for(self.threshold),
            self.threshold,
            ties=_contents(frame) if is_corpus and self.keep != "first" else None,
            votes=self._votes(frame) if is_corpus and self.keep == "votes" else np.zeros(len(texts), np.int64),
            vectors=None if self.semantic is None else _vectors(texts),
        )

    def _votes(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        if self.votes is None:
            from weaklabel.votes import apply_lfs

            L = apply_lfs(_loaded(self.lfs), read_corpus(frame, text=self.text), progress=False).L
            return np.asarray((L >= 0).sum(axis=1), np.int64)
        counts = frame[self.votes].cast(pl.Float64, strict=False)
        wrong = counts.is_null() & frame[self.votes].is_not_null() & (frame[self.votes].cast(pl.String) != "")
        if wrong.any():
            value = frame[self.votes].filter(wrong)[0]
            raise CorpusError(f"column '{self.votes}' holds {value!r}, which is not a number of votes")
        return counts.fill_null(0).to_numpy().astype(np.int64)

    def _sketches_of(self, path: str) -> Iterator[Sketch]:
        with stage(f"reading {path}"):
            for rows in read_corpus(path, text=self.text).parts(rows=10_000):
                yield self._sketch(rows.batch.source, is_corpus=False)

    def _write_clusters(self, verdict: Verdict, rows: _Rows, folders: Sequence[Path]) -> None:
        """Write the rows of every cluster, one cluster after the other, first the row that stays."""
        assert self.clusters is not None
        n = len(verdict.rule)
        dropped = np.flatnonzero(verdict.rule != STAYS)
        keepers = np.unique(verdict.keeper[dropped])
        members = np.concatenate([keepers, dropped])
        of_cluster = np.concatenate([keepers, verdict.keeper[dropped]])
        order = np.lexsort((np.concatenate([np.zeros(len(keepers)), dropped + 1]), of_cluster))
        members, number = members[order], np.searchsorted(keepers, of_cluster[order]) + 1
        is_kept = np.concatenate([np.ones(len(keepers), bool), np.zeros(len(dropped), bool)])[order]
        own = members < n
        inside = np.where(own, members, 0)
        names = (rows.place(row) for row in members.tolist())
        source, place = (
            zip(*((name or self.source, where) for name, where in names), strict=True) if len(members) else ((), ())
        )
        table = pl.DataFrame(
            {
                "cluster": number,
                "row": pl.Series([row + 1 if row < n else None for row in members.tolist()], dtype=pl.Int64),
                "source": pl.Series(source, dtype=pl.String),
                "place": pl.Series(place, dtype=pl.String),
                "kept": is_kept,
                "rule": pl.Series([RULES[rule] for rule in np.where(own, verdict.rule[inside], 0)], dtype=pl.String),
                "similarity": np.where(is_kept, 1.0, np.round(verdict.similarity[inside], 4)) if n else [],
            }
        )
        if folders and (folders[0] / _PLACES).exists():
            places = pl.concat([pl.read_parquet(each / _PLACES, memory_map=False, glob=False) for each in folders])
            table = table.with_columns(
                pl.when(pl.Series(own)).then(places[inside][name]).otherwise(pl.col(column)).alias(column)
                for name, column in ((SOURCE, "source"), (PLACE, "place"))
            )
        with atomic_path(self.clusters) as path:
            if self.clusters.endswith(".parquet"):
                write_parquet(path, table)
            elif self.clusters.endswith(".jsonl"):
                path.write_bytes(table.write_ndjson().encode())
            else:
                path.write_bytes(table.write_csv().encode())


@dataclass(frozen=True)
class _Rows:
    """Names of rows: of the corpus, and after them of the files that it is checked against."""

    starts: list[int]
    files: list[str]

    @classmethod
    def of(cls, folder: Path) -> _Rows:
        return cls(*json.loads((folder / "against.json").read_text()))

    def place(self, row: int) -> tuple[str, str]:
        """Return source and place."""
        file = int(np.searchsorted(self.starts, row, side="right")) - 1
        return (self.files[file], f"row {row - self.starts[file] + 1}") if file >= 0 else ("", f"row {row + 1}")

    def named(self, row: int) -> str:
        source, place = self.place(row)
        return f"{place} of {source}" if source else place


def joined_texts(frame: pl.DataFrame, text: Sequence[str]) -> list[str]:
    """Return the text of each row: its columns, joined by a newline."""
    columns = [pl.col(name).cast(pl.String).fill_null("") for name in text]
    texts: list[str] = frame.select(pl.concat_str(columns, separator="\n")).to_series().to_list()
    return texts


def _reason(rule: int, keeper: str, similarity: float) -> str:
    if similarity == 1 and rule in (EXACT, CONTAMINATION):
        return f"the same text as {keeper}"
    if rule == EXACT:
        return f"the text of another row, which is dropped for {keeper}: similarity {similarity:.3f}"
    if rule == SEMANTIC:
        return f"means the same as {keeper}: cosine {similarity:.3f}"
    return f"a near-duplicate of {keeper}: similarity {similarity:.3f}"


def _contents(frame: pl.DataFrame) -> list[str]:
    """Return all that each row holds, as text."""
    plain = frame.select(
        pl.col(name).bin.encode("hex") if dtype == pl.Binary else pl.col(name)
        for name, dtype in frame.schema.items()
        if dtype != pl.Object
    )
    texts: list[str] = plain.select(pl.struct(pl.all()).struct.json_encode()).to_series().to_list()
    return texts


def _vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    from weaklabel.encoder.encoder import shared_encoder

    return shared_encoder().encode(texts)


@lru_cache(maxsize=4)
def _loaded(specs: tuple[str, ...]) -> Any:
    from weaklabel.lf import load_lfs

    return load_lfs(*specs)


def _identity(specs: tuple[str, ...]) -> dict[str, Any]:
    from weaklabel.lf.identity import identity_of

    identity = identity_of(_loaded(specs))
    return {name: dict(getattr(identity, name)) for name in ("keys", "sources", "files")}
