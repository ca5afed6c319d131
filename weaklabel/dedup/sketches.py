"""Sketches: what is kept of each row so that duplicates are found without all texts in memory.

Of a row stay the hash of its normalised text, the keys of its bands, the normalised text itself for the exact check, and
what decides which of several rows stays. Arrays lie in files that are mapped, not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.cleaning import normalise
from weaklabel.dedup.minhash import Bands, band_keys
from weaklabel.dedup.shingles import (
    LONG_TEXT,
    Hashes,
    Numbers,
    Shingles,
    Texts,
    character_shingles,
    distinct,
    ranges,
    word_shingles,
)
from weaklabel.support.hashing import hash_texts
from weaklabel.support.mapped import map_npy, release, save_npy

FORMS = ("characters", "words")
"""Forms of shingles; see `weaklabel.dedup.shingles`."""

SHINGLES = {"characters": character_shingles, "words": word_shingles}


@dataclass(frozen=True)
class Sketch:
    """The sketch of consecutive rows.

    Attributes
    ----------
    hashes
        Hash of each normalised text, of 128 bits. Shape: [n, 2].
    lengths
        Characters of each normalised text. Shape: [n].
    ties
        Hash of all that a row holds, which puts rows of equal text in an order. Shape: [n].
    votes
        Votes of each row, or empty. Shape: [n] or [0].
    text
        Normalised texts in UTF-8, one after the other. Shape: [bytes].
    text_ends
        Where each text ends. Shape: [n].
    is_long
        Whether it is compared by words with other long texts. Shape: [n].
    character_rows, word_rows
        Rows that have keys of that form. Shape: [c] and [w].
    character_keys, word_keys
        Keys of their bands. Shape: [bands, c] and [bands, w].
    vectors
        Embeddings of length 1, or empty. Shape: [n, d] or [0, 0].
    """

    hashes: Hashes
    lengths: Numbers
    ties: Hashes
    votes: Numbers
    text: NDArray[np.uint8]
    text_ends: Numbers
    is_long: NDArray[np.bool_]
    character_rows: Numbers
    character_keys: NDArray[np.uint32]
    word_rows: Numbers
    word_keys: NDArray[np.uint32]
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.lengths)

    def save(self, folder: Path) -> None:
        """Write one file an array."""
        for field in fields(self):
            save_npy(folder / f"{field.name}.npy", getattr(self, field.name))

    @classmethod
    def load(cls, folder: Path) -> Sketch:
        """Map what `save` wrote."""
        return cls(*(map_npy(folder / f"{field.name}.npy") for field in fields(cls)))


def sketch(
    texts: Sequence[str],
    bands: Bands,
    threshold: float,
    *,
    ties: Sequence[str] | None = None,
    votes: Numbers | None = None,
    vectors: NDArray[np.float32] | None = None,
) -> Sketch:
    """Make the sketch of texts.

    Parameters
    ----------
    texts
        As they were given. Length: n.
    bands, threshold
        See `weaklabel.dedup.minhash.bands_for`.
    ties
        All that a row holds, as text; the texts themselves if not given. Length: n.
    votes, vectors
        See `Sketch`.
    """
    normal = [normalise(text) for text in texts]
    encoded = [text.encode("utf-8", "surrogatepass") for text in normal]
    laid = Texts.of(normal)
    is_long = laid.lengths >= LONG_TEXT
    character_rows, character_keys = _keys(laid, _with_character_keys(laid, is_long, threshold), "characters", bands)
    word_rows, word_keys = _keys(laid, np.flatnonzero(is_long), "words", bands)
    return Sketch(
        hashes=np.frombuffer(b"".join(hash_texts(normal, b"")), np.uint64).reshape(-1, 2),
        lengths=laid.lengths,
        ties=np.frombuffer(b"".join(hash_texts(texts if ties is None else ties, b"")), np.uint64)[::2].copy(),
        votes=np.empty(0, np.int64) if votes is None else votes,
        text=np.frombuffer(b"".join(encoded), np.uint8),
        text_ends=np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), dtype=np.int64),
        is_long=is_long,
        character_rows=character_rows,
        character_keys=character_keys,
        word_rows=word_rows,
        word_keys=word_keys,
        vectors=np.empty((0, 0), np.float32) if vectors is None else vectors,
    )


class Sketches:
    """The sketches of all parts of a corpus, as one; rows are numbered through all of them."""

    def __init__(self, parts: Sequence[Sketch]) -> None:
        self.parts: list[Sketch] = list(parts)
        self.ends: NDArray[np.int64] = np.cumsum([len(part) for part in self.parts], dtype=np.int64)
        self.starts: NDArray[np.int64] = (
            np.concatenate([np.zeros(1, np.int64), self.ends[:-1]]) if self.parts else self.ends
        )

    def __len__(self) -> int:
        return int(self.ends[-1]) if self.parts else 0

    def column(self, name: str) -> NDArray[Any]:
        """Return an array of `Sketch` for all rows."""
        arrays = [getattr(part, name) for part in self.parts]
        column = np.concatenate(arrays)
        release(*arrays)
        return column

    def text_bytes(self) -> Numbers:
        """Return the bytes of each normalised text. Shape: [n]."""
        return np.concatenate([np.diff(part.text_ends, prepend=0) for part in self.parts])

    def form_rows(self, form: str) -> Numbers:
        """Return the rows that have keys of a form, ascending."""
        name = _ARRAYS[form][0]
        pairs = zip(self.parts, self.starts.tolist(), strict=True)
        return np.concatenate([getattr(part, name).astype(np.int64) + start for part, start in pairs])

    def form_keys(self, form: str, band: int) -> NDArray[np.uint32]:
        """Return the keys of one band for `form_rows`."""
        arrays = [getattr(part, _ARRAYS[form][1]) for part in self.parts]
        keys = np.concatenate([array[band] for array in arrays])
        release(*arrays)  # keys of the bands before would add up in memory
        return keys

    def texts(self, rows: Numbers) -> Texts:
        """Return normalised texts of some rows, ascending."""
        pieces: list[NDArray[np.uint8]] = []
        lengths: list[Numbers] = []
        edges = np.searchsorted(rows, np.concatenate([self.starts, [len(self)]]))
        for number in np.flatnonzero(np.diff(edges)).tolist():
            part = self.parts[number]
            inside = rows[edges[number] : edges[number + 1]] - self.starts[number]
            ends = part.text_ends[inside]
            starts = np.where(inside > 0, part.text_ends[np.maximum(inside, 1) - 1], 0)
            pieces.append(part.text[ranges(starts, ends - starts)])
            lengths.append(ends - starts)
        joined = np.concatenate(pieces) if pieces else np.empty(0, np.uint8)
        byte_ends = np.cumsum(np.concatenate(lengths)) if lengths else np.empty(0, np.int64)
        codes = joined.tobytes().decode("utf-8", "surrogatepass").encode("utf-32-le", "surrogatepass")
        begun = np.concatenate([np.zeros(1, np.int64), np.cumsum((joined & 0xC0) != 0x80)])
        return Texts(np.frombuffer(codes, np.uint32), begun[byte_ends])


_ARRAYS: Mapping[str, tuple[str, str]] = {
    "characters": ("character_rows", "character_keys"),
    "words": ("word_rows", "word_keys"),
}


def _with_character_keys(texts: Texts, is_long: NDArray[np.bool_], threshold: float) -> Numbers:
    """Return the texts that may be like a short one: all short ones, and long ones of few different shingles.

    The sizes of two sets of this similarity differ by the factor ``threshold`` at most, and a short text has at most
    `LONG_TEXT` shingles. Of a long text its beginning mostly tells already that it has more.
    """
    most = int(LONG_TEXT / threshold)
    maybe = np.flatnonzero(is_long)
    for limit in (2 * most, None):
        if not len(maybe):
            break
        lengths = texts.lengths[maybe]
        heads = lengths if limit is None else np.minimum(lengths, limit)
        head = Texts(texts.codes[ranges(texts.starts[maybe], heads)], np.cumsum(heads, dtype=np.int64))
        counts = np.concatenate([distinct(character_shingles(block)).counts for block in head.blocks()])
        maybe = maybe[counts <= most]
    return np.sort(np.concatenate([np.flatnonzero(~is_long), maybe]))


def _keys(texts: Texts, rows: Numbers, form: str, bands: Bands) -> tuple[Numbers, NDArray[np.uint32]]:
    """Return those of ``rows`` that have a shingle of this form, and their keys."""
    counts = [np.empty(0, np.int64)]
    keys = [np.empty((bands.count, 0), np.uint32)]
    for block in texts.take(rows).blocks():
        shingles = SHINGLES[form](block)
        counts.append(shingles.counts)
        keys.append(band_keys(Shingles(shingles.hashes, shingles.counts[shingles.counts > 0]), bands))
    has_shingle = np.concatenate(counts) > 0
    return rows[has_shingle], np.concatenate(keys, axis=1)
