"""Logistic regression on features of words: the fast tagger that others are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ClassifierError, WeakLabelError
from weaklabel.support.files import write_text
from weaklabel.support.warn import warn
from weaklabel.tagger.base import Tagger, TaggerRows
from weaklabel.tagger.card import tagger_card
from weaklabel.tagger.features import VERSION, hashed_features
from weaklabel.tagger.regression import Weights, logits_of, regress
from weaklabel.units import Units

if TYPE_CHECKING:
    from weaklabel.encoder.words import WordEncoder

_FILE = "tagger.safetensors"

_WORDS_AT_ONCE = 1 << 16
"""Words whose features are in memory together when it predicts."""

MAX_STEPS = 300
TOLERANCE = 1e-5
"""Of the mean gradient."""

Dense: TypeAlias = NDArray[np.float32]


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
    layers
        Hidden states of an encoder that are features, too, such as ``(2, 4, 6)``, with the shape of words; the encoder is not
        trained. More exact, and much slower. By default none.
    model
        Folder or hub name of that encoder; by default the embedded all-MiniLM-L6-v2 (English).
    device
        Of that encoder, as for `torch.device`; by default the GPU if there is one.
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

    training_: dict[str, Any]

    max_rows = 20_000
    run_params: ClassVar[frozenset[str]] = frozenset({"device"})
    modules: ClassVar[tuple[str, ...]] = ("scipy.optimize", "scipy.sparse")
    weights_: Weights
    scale_: tuple[Dense, Dense]

    def __init__(
        self,
        labels: Sequence[str] | None = None,
        *,
        C: float = 1.0,
        bits: int = 18,
        layers: Sequence[int] = (),
        model: str | Path | None = None,
        seed: int = 0,
        device: str | None = None,
    ) -> None:
        self.labels = labels
        self.C = C
        self.bits = bits
        self.layers = layers
        self.model = model
        self.seed = seed
        self.device = device

    def check_params(self, validated: bool) -> None:
        """See `TrainedModel.check_params`."""
        if not 0 < self.C < np.inf:
            raise ClassifierError(f"C must be a number above 0, not {self.C}")
        if not (isinstance(self.bits, int) and 8 <= self.bits <= 26):
            raise ClassifierError(f"bits must be a whole number from 8 to 26, not {self.bits}")
        if isinstance(self.layers, str) or not all(isinstance(layer, int) and layer >= 0 for layer in self.layers):
            raise ClassifierError(f"layers must be numbers of hidden states, such as (2, 4, 6), not {self.layers!r}")
        if self.model is not None and not len(self.layers):
            raise ClassifierError("a model is for the features of its layers; give layers, such as (2, 4, 6), too")

    def _learn(self, rows: TaggerRows, held: TaggerRows | None, labels: tuple[str, ...]) -> None:
        columns = hashed_features(rows.texts, rows.words, self.bits)
        dense = self._dense(rows.texts, rows.words)
        mean, deviation = dense.mean(axis=0, dtype=np.float64), dense.std(axis=0, dtype=np.float64)
        self.scale_ = mean.astype(np.float32), (1 / np.maximum(deviation, 1e-3)).astype(np.float32)
        self.weights_, converged = regress(
            columns,
            self._scaled(dense),
            rows.targets.tags,
            rows.targets.weights,
            C=self.C,
            tol=TOLERANCE,
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
            dense = self._scaled(self._dense(texts[first:last], some))
            scores[begin:end] = logits_of(self.weights_, columns, dense)
        return scores

    def _dense(self, texts: list[str], words: Units) -> Dense:
        """Return states of the encoder and shapes of each word; no columns where no layers are used."""
        if not len(self.layers):
            return np.empty((len(words), 0), dtype=np.float32)
        from weaklabel.encoder.words import word_shapes

        try:
            states = self._encoder.encode(texts, words)
        except WeakLabelError as error:
            raise ClassifierError(str(error)) from error
        return np.hstack([states, word_shapes(texts, words)])

    def _scaled(self, dense: Dense) -> Dense:
        return (dense - self.scale_[0]) * self.scale_[1]

    @property
    def _encoder(self) -> WordEncoder:
        from weaklabel.encoder.words import WordEncoder

        key = (str(self.model), tuple(self.layers), self.device)
        if getattr(self, "_loaded", (None,))[0] != key:
            self._loaded = (key, WordEncoder(self.model, layers=self.layers, device=self.device))
        return self._loaded[1]

    def _write(self, folder: Path) -> dict[str, Any]:
        from safetensors.numpy import save_file

        arrays = self.weights_._asdict() | {"mean": self.scale_[0], "factor": self.scale_[1]}
        save_file({name: np.ascontiguousarray(value) for name, value in arrays.items()}, folder / _FILE)
        write_text(
            folder / "README.md",
            tagger_card(
                self,
                "Logistic regression on features of words"
                + (", with states of a frozen encoder." if len(self.layers) else "."),
            ),
        )
        return {"features": VERSION, "training": self.training_}

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        from safetensors.numpy import load_file

        if state["features"] != VERSION:
            raise ValueError(
                f"it has features of version {state['features']}, this weaklabel those of version {VERSION}; train it again"
            )
        arrays = load_file(folder / _FILE)
        mean, factor = arrays.pop("mean"), arrays.pop("factor")
        weights = Weights(**arrays)
        self.layers = tuple(self.layers)  # JSON has lists only
        self.check_params(False)
        k, d = 2 * len(self.labels_) + 1, len(mean)
        shapes = (weights.sparse.shape, weights.dense.shape, weights.intercept.shape, mean.shape, factor.shape)
        if weights.columns.ndim != 1 or shapes != ((len(weights.columns), k), (d, k), (k,), (d,), (d,)):
            raise ValueError(f"{_FILE} has arrays of shapes {shapes}, which do not fit its labels")
        if bool(d) != bool(len(self.layers)):
            raise ValueError(f"{_FILE} has {d} weights for the states of an encoder, which do not fit its layers")
        if not all(np.isfinite(array).all() for array in (*weights[1:], mean, factor)):
            raise ValueError(f"{_FILE} has numbers that are not finite")
        if (np.diff(weights.columns) <= 0).any() or weights.columns.dtype.kind != "i":
            raise ValueError(f"the columns in {_FILE} do not ascend")
        self.weights_, self.scale_, self.training_ = weights, (mean, factor), dict(state["training"])


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
