"""Exporting a fine-tuned BERT to ONNX with 8-bit weights, and checking the export against the original."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weaklabel.classifier.onnx import FILE, INSTALL, OnnxClassifier
from weaklabel.errors import ClassifierError, require
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.versions import versions
from weaklabel.support.warn import kept_warnings, warn

if TYPE_CHECKING:
    from weaklabel.classifier.bert import BertClassifier

CHECKED = 500
"""Most texts that an export is checked on; of more, that many at even distances."""

LEAST_AGREEMENT = 0.98
"""Least share of texts to which export and original must give the same class."""

MOST_MEAN_DIFFERENCE = 0.02
"""Most that probabilities may differ, on average, from the original's."""

_OPSET = 17


def check_exportable(kind: str) -> None:
    """Refuse, before any work is done, an ONNX export that cannot be made.

    Raises
    ------
    ClassifierError
        Classifiers of this ``kind`` have none.
    MissingPackageError
        A package that writes ONNX files is missing.
    """
    if kind not in ("bert", "robust"):
        raise ClassifierError(f"a {kind} classifier has no ONNX export; leave --onnx out, or train a bert one")
    for package in ("onnx", "onnxruntime"):
        require(package, INSTALL, "the ONNX export")


def export_onnx(classifier: BertClassifier, folder: Path, limit: int, texts: Sequence[str]) -> dict[str, Any] | None:
    """Write the export of a classifier into its folder, where its tokenizer stands, and check it on texts.

    Parameters
    ----------
    limit
        Most tokens of a text.
    texts
        Real texts, such as those of training.

    Returns
    -------
    dict or None
        What `OnnxClassifier` needs to know of the file; None where the export strayed too far from the original. Then
        it is removed, and a `WeakLabelWarning` gives the figures.

    Raises
    ------
    ClassifierError
        No texts, or a model or tokenizer that cannot be exported.
    """
    if not texts:
        raise ClassifierError("an ONNX export is checked on texts, and none were given; give some real ones")
    rows = np.unique(np.linspace(0, len(texts) - 1, CHECKED).astype(np.int64))
    chosen = [texts[row] for row in rows]
    network, tokenizer = classifier.model_.to("cpu").eval(), classifier.tokenizer_
    if not (folder / "tokenizer.json").is_file():
        raise ClassifierError(f"an ONNX export needs a fast tokenizer; {type(tokenizer).__name__} has none")
    whole = " ".join(chosen)
    _write(network, tokenizer([whole], truncation=True, max_length=limit)["input_ids"], folder / FILE)
    padding = tokenizer.pad_token_id
    exported = OnnxClassifier()
    exported.labels_ = classifier.labels_
    exported._open(folder, {"max_tokens": limit, "padding": padding})
    _need_same_tokens(exported, tokenizer, [*chosen, whole], limit)
    check = _compare(classifier, exported, chosen)
    if check["agreement"] < LEAST_AGREEMENT or check["mean_difference"] > MOST_MEAN_DIFFERENCE:
        (folder / FILE).unlink()
        warn(_too_far(check), stacklevel=4)
        return None
    return {
        "sha256": sha256_of_file(folder / FILE),
        "max_tokens": limit,
        "padding": padding,
        "check": check,
        "versions": versions(("onnx", "onnxruntime")),
    }


def _write(network: Any, ids: list[list[int]], path: Path) -> None:
    """Trace the network on one text, and write it with 8-bit weights."""
    import torch
    from onnxruntime.quantization import quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            return self.network(input_ids=input_ids).logits

    with tempfile.TemporaryDirectory(prefix="weaklabel_onnx_") as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes of the tracer, and that a newer exporter exists
        traced, prepared = Path(scratch) / "traced.onnx", Path(scratch) / "prepared.onnx"
        try:
            # The newer exporter's files are refused by the quantizer, which finds their shapes contradictory.
            torch.onnx.export(
                Logits().eval(),
                (torch.tensor(ids),),
                str(traced),
                input_names=["input_ids"],
                output_names=["logits"],
                dynamic_axes={"input_ids": {1: "tokens"}},
                opset_version=_OPSET,
                dynamo=False,
            )
            quant_pre_process(str(traced), str(prepared), skip_optimization=True, skip_symbolic_shape=True)
            # 7 of 8 bits: processors without VNNI add pairs of products in 16 bits, which the eighth could overflow.
            quantize_dynamic(str(prepared), str(path), per_channel=True, reduce_range=True)
        except Exception as error:  # whatever an unknown architecture breaks inside the exporter
            reason = str(error).strip().partition("\n")[0]
            raise ClassifierError(
                f"this {type(network).__name__} cannot be exported to ONNX ({reason}); save it without onnx"
            ) from error


def _need_same_tokens(exported: OnnxClassifier, tokenizer: Any, texts: list[str], limit: int) -> None:
    """Raise a `ClassifierError` where ``tokenizer.json`` alone does not tokenize as transformers does."""
    ids, _ = exported._tokenise(texts)
    expected = tokenizer(texts, truncation=True, max_length=limit, verbose=False)["input_ids"]
    for text, found, right in zip(texts, ids, expected, strict=True):
        if right and found != right:
            raise ClassifierError(f"tokenizer.json tokenizes {text[:40]!r} unlike the tokenizer; save it without onnx")


def _compare(original: BertClassifier, exported: OnnxClassifier, texts: list[str]) -> dict[str, Any]:
    with kept_warnings():  # that texts are cut was said in training
        left, right = original.predict_proba(texts), exported.predict_proba(texts)
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
        f"model gives (at least {LEAST_AGREEMENT:.0%} are asked for), and probabilities differ by "
        f"{check['mean_difference']:.4f} on average (at most {MOST_MEAN_DIFFERENCE}); predict with the model itself"
    )
