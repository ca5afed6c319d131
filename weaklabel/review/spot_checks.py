"""Spot checks: rows drawn once and kept in files, so that every reviewer gets the same ones."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ConfigError
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.review.state import ReviewState
from weaklabel.support.files import write_json

SampleKind: TypeAlias = Literal["random", "stratified", "uncertain"]

BANDS = (0.6, 0.8, 0.95)
"""Confidences that part the strata of a class; each bound belongs to the band below it."""

LEAST = 2
"""Minimum number of rows drawn from every stratum, unless it is smaller."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows drawn for a spot check.

    Attributes
    ----------
    id
        Kind, size and seed: asking for the same again gives the same rows, to every reviewer.
    kind
        "random", "stratified" by predicted class and confidence, or "uncertain": those of the least confidence.
    rows
        Row numbers, in the order in which they are to be looked at. Shape: [n].
    strata
        Stratum of each of them. Shape: [n].
    sizes
        Rows of the corpus in each stratum. Shape: [strata].
    """

    id: str
    kind: SampleKind
    rows: NDArray[np.int64]
    strata: NDArray[np.int64]
    sizes: NDArray[np.int64]


def draw(
    kind: SampleKind, n: int, seed: int, preds: Labels, confidence: NDArray[np.float64], decided: NDArray[np.bool_]
) -> Sample:
    """Draw rows for a spot check from those with a label, or from all rows if none has one.

    Parameters
    ----------
    kind
        See `Sample`.
    n
        Number of rows, at least 1; fewer if the corpus has fewer.
    seed
        Of the draw.
    preds
        Shape: [n]; -1 where a row has no label.
    confidence
        Probability of each row's most probable class, NaN if it has none. Shape: [n].
    decided
        Rows that somebody decided on already; "uncertain" leaves them out. Shape: [n].
    """
    rng = np.random.default_rng(seed)
    whole = np.flatnonzero(preds != ABSTAIN)
    whole = whole if len(whole) else np.arange(len(preds))
    name = f"{kind}-{n}-{seed}"
    if kind == "uncertain":
        left = rng.permutation(whole[~decided[whole]])
        rows = left[np.argsort(np.nan_to_num(confidence[left], nan=0.0), kind="stable")][:n]
        return Sample(name, kind, rows, np.zeros(len(rows), np.int64), np.array([len(whole)]))
    strata = _strata(preds[whole], confidence[whole], n) if kind == "stratified" else np.zeros(len(whole), np.int64)
    sizes = np.bincount(strata)
    order = rng.permutation(len(whole))
    rank = np.empty(len(whole), dtype=np.int64)
    for stratum in range(len(sizes)):
        members = order[strata[order] == stratum]
        rank[members] = np.arange(len(members))
    chosen = order[rank[order] < allocation(sizes, n)[strata[order]]]
    return Sample(name, kind, whole[chosen], strata[chosen], sizes)


def allocation(sizes: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Share ``n`` rows out among strata: `LEAST` to each, the rest in proportion to what is left of their sizes.

    Examples
    --------
    >>> allocation(np.array([900, 90, 1]), 20)
    array([16,  3,  1])
    """
    n = min(n, int(sizes.sum()))
    given = np.minimum(sizes, LEAST) if len(sizes) > 1 else np.zeros(1, dtype=np.int64)
    left = sizes - given
    exact = left * ((n - given.sum()) / max(1, left.sum()))
    given = given + np.floor(exact).astype(np.int64)
    most_owed = np.argsort(-(exact - np.floor(exact)), kind="stable")
    given[most_owed[: n - int(given.sum())]] += 1
    return given


def _strata(preds: Labels, confidence: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Number the strata: classes by confidence, or classes alone, or none, as finely as ``n`` rows allow."""
    band = np.searchsorted(BANDS, np.nan_to_num(confidence, nan=0.0), side="left")
    for keys in (preds * (len(BANDS) + 1) + band, preds):
        _, strata, sizes = np.unique(keys, return_inverse=True, return_counts=True)
        if np.minimum(sizes, LEAST).sum() <= n:
            return strata.astype(np.int64)
    return np.zeros(len(preds), dtype=np.int64)


FOLDER = "samples"
_ID = re.compile(r"[a-z]+-\d+-\d+")


def draw_and_keep(state: ReviewState, kind: SampleKind, n: int, seed: int) -> Sample:
    """Return the spot check of this kind, size and seed, drawn now unless it was before."""
    if kind not in get_args(SampleKind):
        raise ConfigError(f"a spot check is {', '.join(get_args(SampleKind))}, not '{kind}'")
    if n < 1 or seed < 0:
        raise ConfigError(f"a spot check needs at least 1 row and a seed from 0 up, not {n} and {seed}")
    if _file(state.folder, f"{kind}-{n}-{seed}").exists():
        return read(state, f"{kind}-{n}-{seed}")
    snapshot = state.snapshot
    sample = draw(kind, n, seed, snapshot.preds, snapshot.confidence, state.ledger.decided())
    file = _file(state.folder, sample.id)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        file,
        {
            "kind": sample.kind,
            "rows": sample.rows.tolist(),
            "texts": [state.ledger.hashes[row] for row in sample.rows],
            "strata": sample.strata.tolist(),
            "sizes": sample.sizes.tolist(),
        },
    )
    return sample


def read(state: ReviewState, id: str) -> Sample:
    """Read a spot check; its rows are found by their texts where the corpus is in another order now.

    Raises
    ------
    ConfigError
        There is no spot check of this id, or its file is damaged.
    """
    file = _file(state.folder, id)
    if not _ID.fullmatch(id) or not file.exists():
        raise ConfigError(f"spot check '{id}' does not exist")
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        rows = [_row(state, row, key) for row, key in zip(kept["rows"], kept["texts"], strict=True)]
        here = [place for place, row in enumerate(rows) if row is not None]
        return Sample(
            id,
            kept["kind"],
            np.array([rows[place] for place in here], dtype=np.int64),
            np.array([kept["strata"][place] for place in here], dtype=np.int64),
            np.array(kept["sizes"], dtype=np.int64),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ConfigError(f"{file} is damaged ({error}): delete it and draw again") from None


def ids(folder: Path) -> list[str]:
    """Return the ids of all spot checks in a review's folder."""
    return sorted(file.stem for file in (folder / FOLDER).glob("*.json") if _ID.fullmatch(file.stem))


def new_seed(folder: Path) -> int:
    """Return a seed that no spot check has, so that a new one is of other rows."""
    return max((int(id.rpartition("-")[2]) for id in ids(folder)), default=-1) + 1


def _row(state: ReviewState, row: int, key: str) -> int | None:
    """Return the row, or the row to which its text has moved; None if the text is gone."""
    if row < len(state) and state.ledger.hashes[row] == key:
        return row
    return next(iter(state.ledger.rows_with(key)), None)


def _file(folder: Path, id: str) -> Path:
    return folder / FOLDER / f"{id}.json"
