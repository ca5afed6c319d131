"""The ONNX export of a BERT classifier, with 8-bit weights: writing it, checking it, and predicting without torch.

On a CPU it predicts several times as fast as the model itself.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.exporter import ClassifierExporter
from weaklabel.classifier.folder import Manifest
from weaklabel.classifier.targets import check_texts, warn_of_truncated
from weaklabel.classifier.transformer import token_limit
from weaklabel.encoder.inference import distinct, softmax
from weaklabel.errors import ClassifierError, require
from weaklabel.labels import Probs
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.progress import stage
from weaklabel.support.threads import cores
from weaklabel.support.versions import versions
from weaklabel.support.warn import kept_warnings, warn

FILE = "model.int8.onnx"
INSTALL = "weaklabel[onnx]"

MAX_CHECKED_TEXTS = 500
"""Most texts that an export is checked on; of more texts, that many at even distances."""

MIN_AGREEMENT = 0.98
"""Smallest share of the texts to which export and original must give the same class."""

MAX_MEAN_DIFFERENCE = 0.02
"""Largest mean difference between the probabilities of export and original."""

_OPSET = 17


class OnnxClassifier(Classifier):
    """The ONNX export of a `BertClassifier`, as `load_classifier` reads it with ``backend="onnx"``; it only predicts.

    Each text runs alone, in as many threads as are set. The scale of 8-bit activations is computed over a batch, so in a
    batch the probabilities of a text would depend on the other texts; and there is no padding.

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
        with (
            ThreadPoolExecutor(self.threads or processors()) as pool,
            stage("predicting", len(ids), "texts") as progress,
        ):
            logits = list(progress.over(pool.map(self._logits, ids)))
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
        raise ClassifierError("an ONNX export is saved with its BertClassifier: load that, and save it with onnx=texts")

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        record = state.get("onnx")
        if record is None:
            raise ClassifierError(
                "it has no ONNX export; train with --onnx, or make one in Python, where texts is a list of "
                "real ones to check it on: load_classifier(folder).save(folder, onnx=texts)"
            )
        if sha256_of_file(folder / FILE) != record["sha256"]:
            raise ClassifierError(f"{FILE} is not the file that was exported; save the classifier again")
        self._open(folder, record)
        self.check_ = record["check"]

    def _open(self, folder: Path, record: dict[str, Any]) -> None:
        """Load network and tokenizer; ``record`` holds ``max_tokens`` and ``padding``, the id of that token."""
        tokenizers = require("tokenizers", "tokenizers", "the ONNX backend")
        self._session = open_session(folder / FILE)
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises bare exceptions of its own
            raise ClassifierError(f"the ONNX export cannot be loaded: {str(error).strip()}") from error
        self._limit, self._padding = record["max_tokens"], record["padding"]
        if not (type(self._limit) is int and self._limit >= 1 and type(self._padding) is int and self._padding >= 0):
            raise ClassifierError(
                f"max_tokens is {self._limit!r} and padding {self._padding!r}; both must be whole numbers"
            )
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._limit)


def open_session(file: Path) -> Any:
    """Load an exported network, to be run on one thread."""
    runtime = require("onnxruntime", INSTALL, "the ONNX backend")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises bare exceptions of its own
        raise ClassifierError(f"the ONNX export cannot be loaded: {str(error).strip()}") from error


def processors() -> int:
    """Return how many texts are to run at once."""
    chosen = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if chosen.isdecimal() and int(chosen) > 0:
        return int(chosen)
    return cores()


class Exportable(Protocol):
    """A trained classifier that `OnnxExporter` can export: its ``model_`` takes ``input_ids`` and returns ``logits``."""

    labels_: tuple[str, ...]
    model_: Any
    tokenizer_: Any
    max_length: int

    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return class probabilities. Shape: [n] -> [n, k]."""
        ...


class OnnxExporter(ClassifierExporter):
    """Writes ``model.int8.onnx`` next to the model, and compares it with the model on up to 500 texts.

    It is left out, with a `WeakLabelWarning`, where it gives more than 2% of the texts another class or its probabilities
    differ by more than 0.02 on average.
    """

    title = "ONNX"
    packages: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    install = INSTALL

    def export(self, source: Exportable, target: Path, texts: Sequence[str]) -> dict[str, Any] | None:
        """See `Exporter.export`.

        Raises
        ------
        ClassifierError
            No texts, or a model or tokenizer that cannot be exported.
        """
        return _export(source, target, texts)

    def load(self, folder: Path, manifest: Manifest) -> OnnxClassifier:
        """See `ClassifierExporter.load`."""
        classifier = OnnxClassifier()
        classifier.restore(folder, manifest)
        return classifier


def _export(source: Exportable, folder: Path, texts: Sequence[str]) -> dict[str, Any] | None:
    if not texts:
        raise ClassifierError("an ONNX export is checked on texts, and there are none; give some real texts")
    rows = np.unique(np.linspace(0, len(texts) - 1, MAX_CHECKED_TEXTS).astype(np.int64))
    chosen = [texts[row] for row in rows]
    network, tokenizer = source.model_.to("cpu").eval(), source.tokenizer_
    limit = token_limit(network, tokenizer, source.max_length)
    if not (folder / "tokenizer.json").is_file():
        raise ClassifierError(f"an ONNX export needs a fast tokenizer; {type(tokenizer).__name__} has none")
    whole = " ".join(chosen)
    _write_file(network, tokenizer([whole], truncation=True, max_length=limit)["input_ids"], folder / FILE)
    padding = tokenizer.pad_token_id
    exported = OnnxClassifier()
    exported.labels_ = source.labels_
    exported._open(folder, {"max_tokens": limit, "padding": padding})
    _need_same_tokens(exported, tokenizer, [*chosen, whole], limit)
    check = _compare(source, exported, chosen)
    if check["agreement"] < MIN_AGREEMENT or check["mean_difference"] > MAX_MEAN_DIFFERENCE:
        (folder / FILE).unlink()
        warn(_too_far(check))
        return None
    return {
        "sha256": sha256_of_file(folder / FILE),
        "max_tokens": limit,
        "padding": padding,
        "check": check,
        "versions": versions(("onnx", "onnxruntime")),
    }


def _write_file(network: Any, ids: list[list[int]], path: Path) -> None:
    """Trace the network on one text, and write it with 8-bit weights."""
    import torch

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            return self.network(input_ids=input_ids).logits

    write_quantized(Logits().eval(), "logits", network, ids, path)


def write_quantized(graph: Any, output: str, network: Any, ids: list[list[int]], path: Path) -> None:
    """Trace a module on one text, and write it with 8-bit weights.

    Parameters
    ----------
    graph
        Takes ``input_ids`` [1, t] and returns one tensor, which is called ``output``.
    network
        What it wraps, for messages.
    ids
        The text's tokens. Shape: [1, t].

    Raises
    ------
    ClassifierError
        It cannot be exported.
    """
    import torch
    from onnxruntime.quantization import quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="weaklabel_onnx_") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes of the tracer, and that a newer exporter exists
        traced, prepared = Path(scratch) / "traced.onnx", Path(scratch) / "prepared.onnx"
        try:
            # The newer exporter's files are refused by the quantizer, which finds their shapes contradictory.
            torch.onnx.export(
                graph,
                (torch.tensor(ids),),
                str(traced),
                input_names=["input_ids"],
                output_names=[output],
                dynamic_axes={"input_ids": {1: "tokens"}},
                opset_version=_OPSET,
                dynamo=False,
            )
            quant_pre_process(str(traced), str(prepared), skip_optimization=True, skip_symbolic_shape=True)
            # 7 of 8 bits: processors without VNNI add pairs of products in 16 bits, which the eighth could overflow.
            quantize_dynamic(str(prepared), str(path), per_channel=True, reduce_range=True)
        except Exception as error:  # an unknown architecture may fail anywhere in the exporter
            reason = str(error).strip().partition("\n")[0]
            raise ClassifierError(
                f"this {type(network).__name__} cannot be exported to ONNX ({reason}); save it without onnx"
            ) from error


def _need_same_tokens(exported: OnnxClassifier, tokenizer: Any, texts: list[str], limit: int) -> None:
    """Raise a `ClassifierError` where ``tokenizer.json`` alone does not tokenize as transformers does."""
    ids, _ = exported._tokenise(texts)
    expected = tokenizer(texts, truncation=True, max_length=limit, verbose=False)["input_ids"]
    for text, tokens, right in zip(texts, ids, expected, strict=True):
        if right and tokens != right:
            raise ClassifierError(f"tokenizer.json tokenizes {text[:40]!r} unlike the tokenizer; save it without onnx")


def _compare(source: Exportable, exported: OnnxClassifier, texts: list[str]) -> dict[str, Any]:
    with kept_warnings():  # training has warned of truncated texts already
        left, right = source.predict_proba(texts), exported.predict_proba(texts)
    difference = np.abs(left - right)
    return {
        "texts": len(texts),
        "max_difference": round(float(difference.max()), 6),
        "mean_difference": round(float(difference.mean()), 6),
        "agreement": round(float((left.argmax(axis=1) == right.argmax(axis=1)).mean()), 6),
    }


def _too_far(check: dict[str, Any]) -> str:
    return (
        f"the ONNX export was left out: on {check['texts']} texts it gives {check['agreement']:.1%} the class that the "
        f"model gives (at least {MIN_AGREEMENT:.0%} is required), and probabilities differ by "
        f"{check['mean_difference']:.4f} on average (at most {MAX_MEAN_DIFFERENCE}); predict with the model itself"
    )
