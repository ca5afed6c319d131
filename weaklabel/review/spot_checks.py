"""Spot checks in files, so that everybody who asks for the same one gets the same rows, today and tomorrow."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from weaklabel.errors import ConfigError
from weaklabel.review.sampling import Sample, SampleKind, draw
from weaklabel.support.files import write_json

if TYPE_CHECKING:
    from weaklabel.review.review import Review

FOLDER = "samples"
_ID = re.compile(r"[a-z]+-\d+-\d+")


def draw_and_keep(review: Review, kind: SampleKind, n: int, seed: int) -> Sample:
    """Return the spot check of this kind, size and seed, drawn now unless it was before."""
    if kind not in get_args(SampleKind):
        raise ConfigError(f"a spot check is {', '.join(get_args(SampleKind))}, not '{kind}'")
    if n < 1 or seed < 0:
        raise ConfigError(f"a spot check needs at least 1 row and a seed from 0 up, not {n} and {seed}")
    if _file(review.folder, f"{kind}-{n}-{seed}").exists():
        return read(review, f"{kind}-{n}-{seed}")
    now = review.standing
    found = draw(kind, n, seed, now.preds, now.confidence, review.ledger.decided())
    file = _file(review.folder, found.id)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        file,
        {
            "kind": found.kind,
            "rows": found.rows.tolist(),
            "texts": [review.ledger.hashes[row] for row in found.rows],
            "strata": found.strata.tolist(),
            "sizes": found.sizes.tolist(),
        },
    )
    return found


def read(review: Review, id: str) -> Sample:
    """Read a spot check; its rows are found by their texts where the corpus is in another order now.

    Raises
    ------
    ConfigError
        There is none of this id, or its file is damaged.
    """
    file = _file(review.folder, id)
    if not _ID.fullmatch(id) or not file.exists():
        raise ConfigError(f"there is no spot check '{id}'")
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        rows = [_row(review, row, key) for row, key in zip(kept["rows"], kept["texts"], strict=True)]
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


def _row(review: Review, row: int, key: str) -> int | None:
    """Return the row, or where its text is now; None where it is gone."""
    if row < len(review) and review.ledger.hashes[row] == key:
        return row
    return next(iter(review.ledger.rows_with(key)), None)


def _file(folder: Path, id: str) -> Path:
    return folder / FOLDER / f"{id}.json"
