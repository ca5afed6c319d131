"""Where and how transformers load and run: the device, mixed precision, and batches of texts of like length."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import WeakLabelError

if TYPE_CHECKING:
    import torch


def pick_device(name: str | None = None) -> torch.device:
    """Return the named device, or by default the GPU where there is one, else the CPU."""
    import torch

    if name is not None:
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def mixed_precision(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Return a context in which matrix work runs in bfloat16 where ``device`` computes that natively, else in float32.

    On a processor without such instructions bfloat16 is emulated, and slower than float32.
    """
    import torch

    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = device.type == "cpu" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and _cpu_has_bf16()
    return torch.autocast(device.type, dtype=torch.bfloat16) if native else contextlib.nullcontext()


def _cpu_has_bf16() -> bool:
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def length_batches(
    lengths: Sequence[int], batch_size: int, rng: np.random.Generator | None = None
) -> list[NDArray[np.int64]]:
    """Group rows of like length into batches, so that little is padded.

    Parameters
    ----------
    lengths
        Tokens of every row. Shape: [n].
    batch_size
        Rows in a batch.
    rng
        Where given, rows are shuffled before they are grouped and the batches come in random order (training);
        else longest first (prediction), so that memory peaks at once.

    Returns
    -------
    list of arrays
        Row numbers; every row is in exactly one batch.
    """
    size = np.asarray(lengths)
    if rng is None:
        order = np.argsort(-size, kind="stable")
        return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    # Grouped within windows of many batches, not over the whole corpus, so that every epoch makes new batches.
    shuffled = rng.permutation(len(size))
    window = batch_size * 50
    batches: list[NDArray[np.int64]] = []
    for begin in range(0, len(shuffled), window):
        part = shuffled[begin : begin + window]
        part = part[np.argsort(-size[part], kind="stable")]
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


BATCH_TOKENS = 512
"""Tokens that run at once on a CPU when a model predicts: more is faster on many texts, fewer on few."""

GPU_BATCH_TOKENS = 16_384
"""The same on any other device."""


def padded_lengths(lengths: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Return the length that each text is padded to: few different ones, longer by less than a quarter, or than 4.

    Up to 32 tokens the next multiple of 4, up to 64 the next of 8, up to 128 the next of 16, and so on; at most
    ``limit``. Shape: [n] -> [n].

    Examples
    --------
    >>> padded_lengths(np.array([3, 17, 33, 64, 65, 127]), 120)
    array([  4,  20,  40,  64,  80, 120])
    """
    power = 2 ** np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64)
    step = np.maximum(4, power // 8)
    return np.clip(-(-lengths // step) * step, 1, limit)


class Pretrained(NamedTuple):
    """A model ready to run on ``device``, and the tokenizer that belongs to it."""

    network: Any
    tokenizer: Any
    device: torch.device


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' notices and progress bars off the screen within the context, and only there."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def load_pretrained(auto_class: str, model: str | os.PathLike[str], device: str | None = None) -> Pretrained:
    """Load a model for prediction, in float32, with its tokenizer.

    Parameters
    ----------
    auto_class
        The transformers class that loads it, such as ``AutoModel``.
    model
        Local folder, or hub name.
    device
        See `pick_device`.

    Raises
    ------
    WeakLabelError
        It cannot be loaded, or part of what ``auto_class`` needs was never trained; transformers would fill that
        part with random numbers.
    """
    import torch
    import transformers

    # Only a hub name can mean a download, and its progress is worth seeing.
    quiet = quiet_transformers() if Path(model).is_dir() else contextlib.nullcontext()
    try:
        with quiet, torch.random.fork_rng(devices=[]):
            network, info = getattr(transformers, auto_class).from_pretrained(
                str(model), dtype=torch.float32, output_loading_info=True
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(model))
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        raise WeakLabelError(
            f"model '{model}' cannot be loaded ({reason}); give a local folder in the transformers format, "
            "or a hub name where the hub can be reached"
        ) from error
    # A bare encoder's pooler is not used; a classifier's is.
    missing = sorted(key for key in info["missing_keys"] if auto_class != "AutoModel" or "pooler" not in key)
    if missing:
        raise WeakLabelError(
            f"model '{model}' has no trained weights for {', '.join(missing[:3])}; "
            f"give one that was trained for this task ({auto_class})"
        )
    # For a folder without tokenizer files transformers makes up one that knows no word.
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise WeakLabelError(f"model '{model}' carries no tokenizer; save the one it was trained with beside it")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    network.config.pad_token_id = tokenizer.pad_token_id
    # Texts are tokenized first and padded batch by batch, by length, which is what this notice advises against.
    tokenizer.deprecation_warnings["Asking-to-pad-a-fast-tokenizer"] = True
    place = pick_device(device)
    return Pretrained(network.eval().to(place), tokenizer, place)


def distinct(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different texts in order of appearance, and for every text its place among them.

    Examples
    --------
    >>> distinct(["b", "a", "b"])
    (['b', 'a'], array([0, 1, 0]))
    """
    place: dict[str, int] = {}
    rows = np.array([place.setdefault(text, len(place)) for text in texts], dtype=np.int64)
    return list(place), rows


def run_texts(
    loaded: Pretrained,
    texts: Sequence[str],
    seconds: Sequence[str] | None = None,
    *,
    read: Callable[[Any, torch.Tensor], torch.Tensor],
    width: int,
    max_length: int,
    batch_size: int | None = None,
) -> NDArray[np.float32]:
    """Run texts, or pairs of texts, through a model, so that no text's result depends on the others.

    Parameters
    ----------
    texts, seconds
        What to read; of a pair, only the first text is ever cut. Length: n.
    max_length
        Tokens that are read of a text or a pair, where the model takes that many.
    read, width, batch_size
        See `run_tokens`.

    Returns
    -------
    array of float32
        Shape: [n, width].
    """
    if not len(texts):
        return np.empty((0, width), dtype=np.float32)
    tokenizer, config = loaded.tokenizer, loaded.network.config
    limit = min(max_length, tokenizer.model_max_length, getattr(config, "max_position_embeddings", max_length))
    tokens = tokenizer(list(texts), seconds and list(seconds), truncation="only_first", max_length=limit)
    return run_tokens(loaded, dict(tokens), read=read, width=width, limit=limit, batch_size=batch_size)


def run_tokens(
    loaded: Pretrained,
    tokens: dict[str, list[list[int]]],
    *,
    read: Callable[[Any, torch.Tensor], torch.Tensor],
    width: int,
    limit: int,
    batch_size: int | None = None,
) -> NDArray[np.float32]:
    """Run tokenized texts through a model, so that no text's result depends on the others.

    In 16 bits the shape of a batch shows in the third digit. So a text is padded by its own length alone, and runs with
    texts of that length, always equally many at once: a smaller group is filled up with repeats.

    Parameters
    ----------
    tokens
        What the tokenizer made of the texts: ``input_ids`` and what else the model takes. Length of each: n.
    read
        Takes the model's output and the attention mask of a batch and returns its rows. Shape: [b, width].
    width
        Numbers in a row of the result.
    limit
        Most tokens of a text.
    batch_size
        Texts that run at once; by default as many as hold `BATCH_TOKENS` tokens.

    Returns
    -------
    array of float32
        Shape: [n, width].
    """
    import torch

    network, tokenizer, device = loaded
    rows = np.empty((len(tokens["input_ids"]), width), dtype=np.float32)
    padded = padded_lengths(np.array([len(ids) for ids in tokens["input_ids"]], dtype=np.int64), limit)
    budget = BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS
    with torch.inference_mode(), mixed_precision(device):
        for length in np.unique(padded)[::-1].tolist():
            group = np.flatnonzero(padded == length)
            size = batch_size or max(1, budget // length)
            for begin in range(0, len(group), size):
                batch = group[begin : begin + size]
                part = {key: [values[row] for row in np.resize(batch, size)] for key, values in tokens.items()}
                inputs = tokenizer.pad(part, padding="max_length", max_length=length, return_tensors="pt")
                inputs = inputs.to(device)
                result = read(network(**inputs), inputs["attention_mask"])
                rows[batch] = result[: len(batch)].float().cpu().numpy()
    return rows
