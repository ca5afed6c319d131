"""The texts of rows in one manner, whether they are in memory or in a corpus: batch by batch, as often as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.corpus import Corpus
from weaklabel.errors import LabelModelError
from weaklabel.labels import as_texts, row_blocks

TEXTS_AT_ONCE = 50_000


class TextBatches:
    """Texts of all rows, read again in every pass: those of a corpus are never all in memory.

    Parameters
    ----------
    texts
        Texts in memory, one a row, or a corpus.
    n
        Rows of votes that the texts are of.
    for_models
        Read the texts of a corpus as label models and classifiers do, with entities marked; by default as labeling
        functions read them.

    Raises
    ------
    LabelModelError
        Texts in memory are not strings, or not as many as the rows.

    Examples
    --------
    >>> list(TextBatches(["see you", "win a prize"], 2))
    [['see you', 'win a prize']]
    """

    def __init__(self, texts: Sequence[str] | Corpus, n: int, *, for_models: bool = False) -> None:
        self._texts = texts if isinstance(texts, Corpus) else as_texts(texts, LabelModelError, n)
        self._n = n
        self._for_models = for_models

    def __iter__(self) -> Iterator[list[str]]:
        """Read the texts from the first row on.

        Raises
        ------
        CorpusError
            The corpus cannot be read, has changed since it was opened, or lacks an entity in a text.
        LabelModelError
            The corpus does not have as many rows as there are votes.
        """
        if not isinstance(self._texts, Corpus):
            for rows in row_blocks(self._n, TEXTS_AT_ONCE):
                yield self._texts[rows]
            return
        n = 0
        for batch in self._texts.batches_with_progress(TEXTS_AT_ONCE):
            n += len(batch)
            yield batch.model_texts if self._for_models else batch.texts
        if n != self._n:
            raise LabelModelError(f"{n} texts were given for {self._n} rows of votes; give one text a row")

    def of_rows(self, rows: NDArray[np.int64]) -> list[str]:
        """Read the texts of some rows, in one pass.

        Parameters
        ----------
        rows
            Row numbers in ascending order. Shape: [r].
        """
        chosen: list[str] = []
        n = 0
        for texts in self:
            first, last = np.searchsorted(rows, [n, n + len(texts)])
            chosen += [texts[row] for row in (rows[first:last] - n).tolist()]
            n += len(texts)
        return chosen
