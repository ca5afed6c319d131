"""Boilerplate: lines that occur in many documents, such as menus, signatures and notices, are found and cut.

Lines are compared in lower case, with every number as 0 and without punctuation, as paragraphs are in CCNet (Wenzek et al.,
"CCNet: Extracting High Quality Monolingual Datasets from Web Crawl Data", LREC 2020, section 3.1). Documents of one line are
neither counted nor cut: where they repeat, they are duplicates.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.clean.repairs import joined_lines, lines_of
from weaklabel.support.mapped import save_npy

LONG_LINE = 30
"""Letters and digits that a frequent line in the middle of a document must have to be cut; at its ends any is."""

_KEYS, _COUNTS = "keys.npy", "counts.npy"
_AT_ONCE = 4_000_000
"""Lines, different in each part, that are merged in memory at one time."""


def _compared_lines(texts: pl.Series) -> pl.DataFrame:
    """Return the lines of texts with several lines: ``row``, ``line``, and ``compared``, "" where a line has no letter."""
    compared = (
        pl.col("line").str.to_lowercase().str.replace_all(r"\p{N}+", "0").str.replace_all(r"[^\p{L}\p{M}0]+", " ")
    ).str.strip_chars()
    return (
        lines_of(texts)
        .with_columns(is_text=pl.col("line") != "")
        .filter(pl.col("is_text").sum().over("row") > 1)
        .with_columns(compared=pl.when(pl.col("line").str.contains(r"\p{L}")).then(compared).otherwise(pl.lit("")))
    )


def _keys(compared: pl.Series) -> NDArray[np.uint64]:
    """Return the same number for the same line, on any machine. Shape: [n] -> [n]."""
    return np.fromiter(
        (int.from_bytes(blake2b(line.encode(), digest_size=8).digest(), "little") for line in compared.to_list()),
        dtype=np.uint64,
        count=len(compared),
    )


def survey_lines(texts: pl.Series, folder: Path) -> None:
    """Count the documents of a part in which each line occurs, and write that to ``folder``."""
    lines = _compared_lines(texts).filter(pl.col("compared") != "").select("row", "compared").unique()
    counts = lines.group_by("compared").len()
    keys = _keys(counts["compared"])
    order = np.argsort(keys)
    save_npy(folder / _KEYS, keys[order])
    save_npy(folder / _COUNTS, counts["len"].to_numpy().astype(np.uint32)[order])


def frequent_lines(folders: Sequence[Path], least: int, folder: Path, at_once: int = _AT_ONCE) -> int:
    """Write to ``folder`` which lines occur in ``least`` documents or more; return how many there are.

    What was counted in each part is merged range by range of the keys, so that memory stays bounded.
    """
    keys = [np.load(each / _KEYS, mmap_mode="r") for each in folders]
    counts = [np.load(each / _COUNTS, mmap_mode="r") for each in folders]
    n_ranges = 1 + sum(map(len, keys)) // at_once
    bounds = [(2**64 * number) // n_ranges for number in range(n_ranges + 1)]
    frequent = [np.empty(0, dtype=np.uint64)]
    for begin, end in itertools.pairwise(bounds):
        places = [
            slice(
                int(np.searchsorted(part, np.uint64(begin))),
                len(part) if end == 2**64 else int(np.searchsorted(part, np.uint64(end))),
            )
            for part in keys
        ]
        merged = np.concatenate([part[place] for part, place in zip(keys, places, strict=True)])
        different, which = np.unique(merged, return_inverse=True)
        weights = np.concatenate([part[place] for part, place in zip(counts, places, strict=True)])
        frequent.append(different[np.bincount(which, weights, len(different)) >= least])
    every = np.concatenate(frequent)
    save_npy(folder / _KEYS, every)
    return len(every)


def without_boilerplate(texts: pl.Series, folder: Path) -> pl.Series:
    """Return the texts without the lines that `frequent_lines` wrote to ``folder``.

    Frequent lines at the beginning and at the end of a text are cut, and those between if they have 30 letters or more.
    """
    frequent = np.load(folder / _KEYS, mmap_mode="r")
    lines = _compared_lines(texts)
    if not len(frequent) or not lines.height:
        return texts
    different = lines["compared"].unique(maintain_order=True)
    keys = _keys(different)
    place = np.minimum(np.searchsorted(frequent, keys), len(frequent) - 1)
    is_frequent = pl.DataFrame({"compared": different, "frequent": frequent[place] == keys})
    lines = lines.join(is_frequent, on="compared", how="left", maintain_order="left").with_columns(
        frequent=pl.col("frequent") & (pl.col("compared") != "")
    )
    # A line without letters at an edge goes with the frequent lines around it.
    is_content = ~pl.col("frequent") & (pl.col("compared") != "")
    lines = lines.with_columns(
        at_begin=is_content.cum_sum().over("row") == 0, at_end=is_content.cum_sum(reverse=True).over("row") == 0
    )
    touches = (
        (pl.col("frequent") & pl.col("at_begin")).any().over("row"),
        (pl.col("frequent") & pl.col("at_end")).any().over("row"),
    )
    lines = lines.with_columns(
        keep=~(
            (pl.col("at_begin") & touches[0])
            | (pl.col("at_end") & touches[1])
            | (pl.col("frequent") & (pl.col("compared").str.len_chars() >= LONG_LINE))
        )
    )
    return joined_lines(texts, lines.select("row", "line", "keep"))
