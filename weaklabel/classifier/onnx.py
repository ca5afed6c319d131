"""A BERT classifier as an ONNX file of 8-bit weights: prediction without torch, several times as fast on a CPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.targets import check_texts, warn_of_truncated
from weaklabel.encoder.inference import distinct, softmax
from weaklabel.errors import ClassifierError, require
from weaklabel.labels import Probs
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.progress import stage
from weaklabel.support.threads import cores

FILE = "model.int8.onnx"
INSTALL = "weaklabel[onnx]"


class OnnxClassifier(Classifier):
    """The ONNX export of a `BertClassifier`, as `load_classifier` reads it with ``backend="onnx"``; it only predicts.

    Each text runs by itself, as many at once as there are threads. The scale of 8-bit activations is taken from
    whatever runs together, so in a batch a text's probabilities would depend on its neighbours; alone they do not, and
    nothing is padded.

    Parameters
    ----------
    threads
        Texts that run at once; by default ``OMP_NUM_THREADS`` where it is set, else the processors this process may
        use. Results do not depend on it.

    Attributes
    ----------
    check_ : dict
        How the export compared with the original when it was saved: ``texts``, ``max_difference`` and
        ``mean_difference`` of probabilities, and ``agreement``, the share of texts given the same class.
    """

    kind = "onnx"
    check_: dict[str, Any]

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads

    def fit(
        self,
        texts: Sequence[str],
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Raise a `ClassifierError`: an export cannot be trained."""
        raise ClassifierError("an ONNX export only predicts; train a BertClassifier and save it with onnx=texts")

    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return class probabilities, which do not depend on the other texts. Shape: [n] -> [n, k]."""
        k = len(self._fitted_labels())
        different, row_of = distinct(check_texts(texts))
        ids, cut = self._tokenise(different)
        warn_of_truncated(int(cut[row_of].sum()), len(row_of), self._limit)
        with ThreadPoolExecutor(self.threads or _processors()) as pool, stage("predicting", len(ids), "texts") as told:
            logits = list(told.over(pool.map(self._logits, ids)))
        return softmax(np.array(logits).reshape(-1, k))[row_of]

    def _tokenise(self, texts: list[str]) -> tuple[list[list[int]], NDArray[np.bool_]]:
        """Return the tokens of each text and which texts were cut."""
        tokens = self._tokenizer.encode_batch_fast(texts)
        cut = np.array([bool(text.overflowing) for text in tokens], dtype=np.bool_)
        return [text.ids or [self._padding] for text in tokens], cut

    def _logits(self, ids: list[int]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self._session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]
        return logits

    def _write(self, folder: Path) -> dict[str, Any]:
        raise ClassifierError("an ONNX export is saved by its BertClassifier: load that, and save it with onnx=texts")

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        record = state.get("onnx")
        if record is None:
            raise ClassifierError(
                "there is no ONNX export in it; train with --onnx, or make one in Python, where texts is a list of "
                "real ones to check it on: load_classifier(folder).save(folder, onnx=texts)"
            )
        if sha256_of_file(folder / FILE) != record["sha256"]:
            raise ClassifierError(f"{FILE} is not the file that was exported; save the classifier again")
        self._open(folder, record)
        self.check_ = record["check"]

    def _open(self, folder: Path, record: dict[str, Any]) -> None:
        """Load network and tokenizer; ``record`` holds ``max_tokens`` and ``padding``, the id of that token."""
        runtime = require("onnxruntime", INSTALL, "the ONNX backend")
        tokenizers = require("tokenizers", "tokenizers", "the ONNX backend")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = runtime.InferenceSession(str(folder / FILE), options, providers=["CPUExecutionProvider"])
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both libraries raise bare exceptions of their own
            raise ClassifierError(f"the ONNX export cannot be loaded: {str(error).strip()}") from error
        self._limit, self._padding = record["max_tokens"], record["padding"]
        if not (type(self._limit) is int and self._limit >= 1 and type(self._padding) is int and self._padding >= 0):
            raise ClassifierError(
                f"max_tokens is {self._limit!r} and padding {self._padding!r}; both must be whole numbers"
            )
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._limit)


def _processors() -> int:
    chosen = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if chosen.isdecimal() and int(chosen) > 0:
        return int(chosen)
    return cores()
