"""Logistic regression on features of words: the fast tagger that others are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ClassifierError
from weaklabel.support.files import write_text
from weaklabel.support.warn import warn
from weaklabel.tagger.base import Tagger, TaggerRows
from weaklabel.tagger.card import tagger_card
from weaklabel.tagger.features import VERSION, hashed_features
from weaklabel.tagger.regression import Weights, logits_of, regress
from weaklabel.units import Units

_FILE = "tagger.safetensors"

_WORDS_AT_ONCE = 1 << 16
"""Words whose features are in memory together when it predicts."""

MAX_STEPS = 300


class LinearTagger(Tagger):
    """Logistic regression on hashed features of words, trained by soft cross-entropy.

    The features are the word, its beginning, end and shape, and those of its neighbors, alone and in pairs.

    Parameters
    ----------
    labels
        Names of the labels; by default those in the training spans.
    C
        Inverse strength of regularisation, as in scikit-learn, above 0.
    bits
        Logarithm of the number of columns that features are hashed into, 8 to 26.
    seed
        For the sake of other taggers; this one draws no random numbers.

    Examples
    --------
    >>> texts = ["Ada Lovelace left London .", "Alan Turing left Paris .", "a cat left London ."] * 2
    >>> spans = [[(0, 12, "PER"), (18, 24, "LOC")], [(0, 11, "PER"), (17, 22, "LOC")], [(11, 17, "LOC")]] * 2
    >>> tagger = LinearTagger().fit(texts, spans)
    >>> tagger.predict(["Grace Hopper left Paris ."]).of_row(0), tagger.labels_
    ([(0, 12, 1), (18, 23, 0)], ('LOC', 'PER'))
    """

    max_rows = 50_000
    modules = ("scipy.optimize", "scipy.sparse")
    weights_: Weights

    def __init__(self, labels: Sequence[str] | None = None, *, C: float = 1.0, bits: int = 18, seed: int = 0) -> None:
        self.labels = labels
        self.C = C
        self.bits = bits
        self.seed = seed

    def check_params(self, validated: bool) -> None:
        """See `TrainedModel.check_params`."""
        if not 0 < self.C < np.inf:
            raise ClassifierError(f"C must be a number above 0, not {self.C}")
        if not (isinstance(self.bits, int) and 8 <= self.bits <= 26):
            raise ClassifierError(f"bits must be a whole number from 8 to 26, not {self.bits}")

    def _learn(self, rows: TaggerRows, held: TaggerRows | None, labels: tuple[str, ...]) -> None:
        columns = hashed_features(rows.texts, rows.words, self.bits)
        self.weights_, converged = regress(
            columns,
            _none(len(columns)),
            rows.targets.tags,
            rows.targets.weights,
            C=self.C,
            tol=1e-5,
            max_iter=MAX_STEPS,
        )
        if not converged:
            warn(f"the linear tagger did not converge in {MAX_STEPS} steps; a smaller C helps", stacklevel=4)

    def _scores(self, texts: list[str], words: Units) -> NDArray[np.float64]:
        scores = np.empty((len(words), len(self.weights_.intercept)))
        for first, last in _blocks(words.offsets):
            begin, end = words.offsets[first], words.offsets[last]
            some = Units(words.offsets[first : last + 1] - begin, words.begins[begin:end], words.ends[begin:end])
            columns = hashed_features(texts[first:last], some, self.bits)
            scores[begin:end] = logits_of(self.weights_, columns, _none(len(columns)))
        return scores

    def _write(self, folder: Path) -> dict[str, Any]:
        from safetensors.numpy import save_file

        save_file(
            {name: np.ascontiguousarray(value) for name, value in self.weights_._asdict().items()}, folder / _FILE
        )
        write_text(folder / "README.md", tagger_card(self, "Logistic regression on features of words."))
        return {"features": VERSION, "training": self.training_}

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        from safetensors.numpy import load_file

        if state["features"] != VERSION:
            raise ValueError(
                f"it has features of version {state['features']}, this weaklabel those of version {VERSION}; train it again"
            )
        weights = Weights(**load_file(folder / _FILE))
        self.check_params(False)
        k = 2 * len(self.labels_) + 1
        shapes = (weights.sparse.shape, weights.dense.shape, weights.intercept.shape)
        if weights.columns.ndim != 1 or shapes != ((len(weights.columns), k), (0, k), (k,)):
            raise ValueError(f"{_FILE} has arrays of shapes {shapes}, which do not fit its labels")
        if not all(np.isfinite(array).all() for array in weights[1:]):
            raise ValueError(f"{_FILE} has numbers that are not finite")
        if (np.diff(weights.columns) <= 0).any() or weights.columns.dtype.kind != "i":
            raise ValueError(f"the columns in {_FILE} do not ascend")
        self.weights_, self.training_ = weights, dict(state["training"])


def _none(n: int) -> NDArray[np.float32]:
    return np.empty((n, 0), dtype=np.float32)


def _blocks(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return first and last row of blocks with about `_WORDS_AT_ONCE` words."""
    n = len(offsets) - 1
    blocks, first = [], 0
    while first < n:
        last = int(np.searchsorted(offsets, offsets[first] + _WORDS_AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), n)
        blocks.append((first, last))
        first = last
    return blocks
