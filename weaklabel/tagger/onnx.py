"""The ONNX export of a BERT tagger, with 8-bit weights: writing it, checking it, and tagging without torch's network."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weaklabel.classifier.onnx import (
    FILE,
    MAX_CHECKED_TEXTS,
    MAX_MEAN_DIFFERENCE,
    MIN_AGREEMENT,
    open_session,
    processors,
    write_quantized,
)
from weaklabel.encoder.inference import load_part, softmax
from weaklabel.encoder.windows import token_windows
from weaklabel.encoder.words import word_shapes
from weaklabel.errors import ClassifierError
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.progress import stage
from weaklabel.support.versions import versions
from weaklabel.support.warn import warn
from weaklabel.tagger.base import Tagger, TaggerRows
from weaklabel.units import Units, find_words

HEAD_FILE = "head.safetensors"


class Exportable(Protocol):
    """A trained tagger that can be exported."""

    labels_: tuple[str, ...]
    network_: Any
    tokenizer_: Any
    training_: dict[str, Any]

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probabilities of words. Shape: [n_words, k + 1]."""
        ...


class OnnxTagger(Tagger):
    """The ONNX export of a `TokenClassifier`, as `load_tagger` reads it with ``backend="onnx"``; it only predicts.

    Each window of a text runs alone: the scale of 8-bit activations is computed over a batch, so in a batch the
    probabilities of a text would depend on the other texts.

    Parameters
    ----------
    threads
        Windows that run at once; by default ``OMP_NUM_THREADS`` where it is set, else the processors this process may use.
        Results do not depend on it.

    Attributes
    ----------
    check_ : dict
        How the export compared with the original when it was saved: ``texts``, ``max_difference`` and ``mean_difference`` of
        probabilities of words, and ``agreement``, the share of words given the same label.
    """

    training_: dict[str, Any]

    check_: dict[str, Any]

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads

    def _learn(self, rows: TaggerRows, held: TaggerRows | None, labels: tuple[str, ...]) -> None:
        raise ClassifierError("an ONNX export only predicts; train a TokenClassifier and save it with onnx=texts")

    def _scores(self, texts: list[str], words: Units) -> NDArray[np.float64]:
        windows = token_windows(self._tokenizer, texts, words, self._limit)
        order, starts = windows.words_of_windows()
        shapes = word_shapes(texts, words)
        scores = np.zeros((len(words), len(self._bias)))

        def run(window: int) -> None:
            mine = order[starts[window] : starts[window + 1]]
            if len(mine):
                ids = np.array([windows.ids[window]], dtype=np.int64)
                states = self._session.run(None, {"input_ids": ids})[0][0]
                features = np.hstack([states[windows.first[mine]], shapes[mine]])
                scores[mine] = np.log(np.maximum(softmax(features @ self._weight.T + self._bias), 1e-300))

        with (
            ThreadPoolExecutor(self.threads or processors()) as pool,
            stage("predicting", len(windows.ids), "windows") as progress,
        ):
            list(progress.over(pool.map(run, range(len(windows.ids)))))
        return scores

    def _write(self, folder: Path) -> dict[str, Any]:
        raise ClassifierError(
            "an ONNX export is saved with its TokenClassifier: load that, and save it with onnx=texts"
        )

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        record = state.get("onnx")
        if record is None:
            raise ClassifierError(
                "it has no ONNX export; train with --onnx, or make one in Python, where texts is a list of real ones to check "
                "it on: load_tagger(folder).save(folder, onnx=texts)"
            )
        if sha256_of_file(folder / FILE) != record["sha256"]:
            raise ClassifierError(f"{FILE} is not the file that was exported; save the tagger again")
        self.open(folder, record)
        self.check_, self.training_ = record["check"], dict(state["training"])

    def open(self, folder: Path, record: dict[str, Any]) -> None:
        """Load network, head and tokenizer; ``record`` holds ``max_tokens``."""
        from safetensors.numpy import load_file

        self._session = open_session(folder / FILE)
        self._tokenizer = load_part("AutoTokenizer", folder)
        head = load_file(folder / HEAD_FILE)
        self._weight, self._bias = head["weight"], head["bias"]
        self._limit = record["max_tokens"]
        if not (type(self._limit) is int and self._limit >= 1):
            raise ClassifierError(f"max_tokens is {self._limit!r}; it must be a whole number")


def export_onnx(tagger: Exportable, folder: Path, texts: list[str]) -> dict[str, Any] | None:
    """Write the encoder of a tagger with 8-bit weights next to it, and compare on up to 500 texts.

    It is left out, with a `WeakLabelWarning`, where it gives more than 2% of the words another label or its probabilities
    differ by more than 0.02 on average.

    Raises
    ------
    ClassifierError
        No texts with words, or a model that cannot be exported.
    """
    import torch

    rows = (
        np.unique(np.linspace(0, len(texts) - 1, MAX_CHECKED_TEXTS).astype(np.int64))
        if texts
        else np.empty(0, np.int64)
    )
    chosen = [texts[row] for row in rows.tolist()]
    words = find_words(chosen)
    if not len(words):
        raise ClassifierError("an ONNX export is checked on texts, and there are none with words; give some real texts")
    network = tagger.network_.to("cpu").eval()
    limit = tagger.training_["max_tokens"]

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = network.base_model

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            states: torch.Tensor = self.encoder(input_ids=input_ids).last_hidden_state
            return states

    longest = max(token_windows(tagger.tokenizer_, chosen, words, limit).ids, key=len)
    write_quantized(States().eval(), "states", network.base_model, [longest], folder / FILE)
    exported = OnnxTagger()
    exported.labels_ = tagger.labels_
    exported.open(folder, {"max_tokens": limit})
    check = _compare(tagger, exported, chosen)
    if check["agreement"] < MIN_AGREEMENT or check["mean_difference"] > MAX_MEAN_DIFFERENCE:
        (folder / FILE).unlink()
        warn(
            f"the ONNX export was left out: on {check['texts']} texts it gives {check['agreement']:.1%} of the words the label "
            f"that the tagger gives (at least {MIN_AGREEMENT:.0%} is required), and probabilities differ by "
            f"{check['mean_difference']:.4f} on average (at most {MAX_MEAN_DIFFERENCE}); predict with the tagger itself"
        )
        return None
    return {
        "sha256": sha256_of_file(folder / FILE),
        "max_tokens": limit,
        "check": check,
        "versions": versions(("onnx", "onnxruntime")),
    }


def _compare(tagger: Exportable, exported: Tagger, texts: list[str]) -> dict[str, Any]:
    left, right = tagger.predict_proba(texts), exported.predict_proba(texts)
    difference = np.abs(left - right)
    return {
        "texts": len(texts),
        "max_difference": round(float(difference.max()), 6),
        "mean_difference": round(float(difference.mean()), 6),
        "agreement": round(float((left.argmax(axis=1) == right.argmax(axis=1)).mean()), 6),
    }
