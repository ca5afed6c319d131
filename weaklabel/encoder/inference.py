"""Running transformers on texts, so that no text's result depends on the texts beside it or on the number of threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.device import Pretrained, mixed_precision
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

BATCHES = "a batch a thread, version 1"
"""What results hang on besides model and text; to be changed with `run_tokens`."""

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
    what: str = "running the model",
) -> NDArray[np.float32]:
    """Run texts, or pairs of texts, through a model, so that no text's result depends on the others.

    Parameters
    ----------
    texts, seconds
        What to read; of a pair, only the first text is ever cut. Length: n.
    max_length
        Tokens that are read of a text or a pair, where the model takes that many.
    read, width, batch_size, what
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
    with stage("tokenising", len(texts), "texts"):
        tokens = tokenizer(list(texts), seconds and list(seconds), truncation="only_first", max_length=limit)
    return run_tokens(loaded, dict(tokens), read=read, width=width, limit=limit, batch_size=batch_size, what=what)


def run_tokens(
    loaded: Pretrained,
    tokens: dict[str, list[list[int]]],
    *,
    read: Callable[[Any, torch.Tensor], torch.Tensor],
    width: int,
    limit: int,
    batch_size: int | None = None,
    what: str = "running the model",
) -> NDArray[np.float32]:
    """Run tokenized texts through a model, so that no text's result depends on the others.

    In 16 bits the shape of a batch shows in the third digit. So a text is padded by its own length alone, and runs with
    texts of that length, always equally many at once: a smaller group is filled up with repeats. And a batch runs on one
    thread, however many there are.

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
    what
        What progress calls it.

    Returns
    -------
    array of float32
        Shape: [n, width].
    """
    network, tokenizer, device = loaded
    rows = np.empty((len(tokens["input_ids"]), width), dtype=np.float32)
    padded = padded_lengths(np.array([len(ids) for ids in tokens["input_ids"]], dtype=np.int64), limit)
    budget = BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS
    batches = []
    for length in np.unique(padded)[::-1].tolist():
        group = np.flatnonzero(padded == length)
        size = batch_size or max(1, budget // length)
        batches += [(length, size, group[begin : begin + size]) for begin in range(0, len(group), size)]

    def run(batch: tuple[int, int, NDArray[np.int64]]) -> None:
        length, size, some = batch
        part = {key: [values[row] for row in np.resize(some, size)] for key, values in tokens.items()}
        inputs = tokenizer.pad(part, padding="max_length", max_length=length, return_tensors="pt").to(device)
        result = read(network(**inputs), inputs["attention_mask"])
        rows[some] = result[: len(some)].float().cpu().numpy()
        told.advance(len(some))

    with stage(what, len(rows), "texts") as told:
        _run_each(batches, run, device)
    return rows


def _run_each(batches: Sequence[T], run: Callable[[T], None], device: torch.device) -> None:
    """Run batches: on a CPU as many at once as torch has threads, each on one of them.

    Threads that share a batch would share out its sums, and in 16 bits a result tells how many they were.
    """
    import torch

    threads = min(torch.get_num_threads(), max(1, len(batches))) if device.type == "cpu" else 1
    waiting = deque(batches)

    def work() -> None:
        if device.type == "cpu":
            torch.set_num_threads(1)  # of this thread
        with torch.inference_mode(), mixed_precision(device):
            try:
                for batch in _taken(waiting):
                    run(batch)
            finally:
                waiting.clear()  # after an error nobody begins another batch

    with ThreadPoolExecutor(threads) as pool:
        try:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
        finally:
            waiting.clear()  # nor after Ctrl-C
            torch.set_num_threads(torch.get_num_threads())  # of threads that begin later, too


def _taken(waiting: deque[T]) -> Iterator[T]:
    """Take what waits, until nothing does, whoever else takes from it."""
    while True:
        try:
            taken = waiting.popleft()
        except IndexError:
            return
        yield taken


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probabilities of logits. Shape: [n, k] -> [n, k]."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=1, keepdims=True)
