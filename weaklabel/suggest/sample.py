"""Texts of rows, read batch by batch, and the sample of them in which suggestions are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Corpus
from weaklabel.errors import LabelModelError
from weaklabel.labels import as_texts, row_blocks
from weaklabel.support.hashing import sampling_numbers

MOST_ROWS = 50_000
MOST_CHARACTERS = 15_000_000
"""Largest sample. More rows would not change what is suggested much; phrases of this many are found in seconds."""

_TEXTS_AT_ONCE = 50_000


class TextReader:
    """Texts of all rows, which every pass gives anew and batch by batch: of a corpus they never all lie in memory.

    Parameters
    ----------
    texts
        Texts in memory, one a row, or a corpus, whose texts are read as labeling functions read them.
    n
        Rows of votes that the texts are of.

    Raises
    ------
    LabelModelError
        Texts in memory are no strings, or are not as many as the rows.
    """

    def __init__(self, texts: Sequence[str] | Corpus, n: int) -> None:
        self._texts = texts if isinstance(texts, Corpus) else as_texts(texts, LabelModelError, n)
        self._n = n

    def batches(self) -> Iterator[list[str]]:
        """Read the texts from the first row on.

        Raises
        ------
        CorpusError
            The corpus cannot be read, or has changed since it was opened.
        LabelModelError
            There are not as many texts as rows of votes.
        """
        if not isinstance(self._texts, Corpus):
            for rows in row_blocks(self._n, _TEXTS_AT_ONCE):
                yield self._texts[rows]
            return
        n = 0
        for batch in self._texts.batches_with_progress(_TEXTS_AT_ONCE):
            n += len(batch)
            yield batch.texts
        if n != self._n:
            raise LabelModelError(f"{n} texts were given for {self._n} rows of votes; give one text a row")


@dataclass(frozen=True, eq=False)
class RowSample:
    """Some rows, in the order of the corpus, and their texts. Shape: [s], [s]."""

    rows: NDArray[np.int64]
    texts: list[str]


def draw_sample(batches: Iterable[list[str]]) -> RowSample:
    """Draw the rows in which suggestions are looked for: all, or as many as `MOST_ROWS` and `MOST_CHARACTERS` allow.

    Which rows these are is decided by a hash of each text and of its row number, so that they are the same every time.
    Only the texts of the sample are kept in memory.

    Examples
    --------
    >>> draw_sample([["one", "two"], ["three"]]).rows
    array([0, 1, 2])
    """
    hashes, rows, lengths = (np.empty(0, dtype=np.int64) for _ in range(3))
    texts: list[str] = []
    n = 0
    for batch in batches:
        numbers = sampling_numbers(f"{row} {text}" for row, text in enumerate(batch, n))
        hashes = np.concatenate([hashes, numbers])
        rows = np.concatenate([rows, np.arange(n, n + len(batch))])
        lengths = np.concatenate([lengths, np.fromiter(map(len, batch), np.int64, len(batch))])
        n += len(batch)
        # A row that is left out now would be left out in the end, too: rows that come later only push it further down.
        order = np.lexsort((rows, hashes))[:MOST_ROWS]
        fit = int(np.searchsorted(np.cumsum(lengths[order]), MOST_CHARACTERS, side="right"))
        kept = np.sort(order[: max(fit, 1)])
        both = texts + batch
        hashes, rows, lengths, texts = hashes[kept], rows[kept], lengths[kept], [both[place] for place in kept.tolist()]
    return RowSample(rows, texts)
