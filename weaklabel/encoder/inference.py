"""Running transformers on texts, so that no text's result depends on the other texts or on the number of threads."""

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
"""How batches are run, for the cache; to be changed together with `run_tokens`."""

BATCH_TOKENS = 512
"""Tokens in a batch on a CPU when a model predicts: more is faster for many texts, fewer is faster for few."""

GPU_BATCH_TOKENS = 16_384
"""Tokens in a batch on any other device."""


def padded_lengths(lengths: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Return the length that each text is padded to: few different lengths, longer by less than a quarter, or than 4.

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
    """Return the different texts in order of appearance, and for each text its index among them.

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
        The texts; of a pair, only the first text is ever truncated. Length: n.
    max_length
        Most tokens of a text or a pair; fewer if the model takes fewer.
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

    In 16 bits, the shape of a batch changes the third digit of a result. So the padded length of a text depends on its own
    length only, a batch has texts of one padded length and always the same size (a smaller group is filled up with
    repeats), and each batch runs on one thread.

    Parameters
    ----------
    tokens
        The tokenized texts: ``input_ids`` and other inputs of the model. Length of each: n.
    read
        Takes the model's output and the attention mask of a batch and returns its rows. Shape: [b, width].
    width
        Numbers in a row of the result.
    limit
        Most tokens of a text.
    batch_size
        Texts that run at once; by default as many as hold `BATCH_TOKENS` tokens.
    what
        Shown with the progress.

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
        progress.advance(len(some))

    with stage(what, len(rows), "texts") as progress:
        _run_each(batches, run, device)
    return rows


def _run_each(batches: Sequence[T], run: Callable[[T], None], device: torch.device) -> None:
    """Run batches; on a CPU, one on each of torch's threads.

    If several threads shared a batch, its sums would be split, and in 16 bits the result depends on how.
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
                waiting.clear()  # after an error no thread starts another batch

    with ThreadPoolExecutor(threads) as pool:
        try:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
        finally:
            waiting.clear()  # after Ctrl-C, too
            torch.set_num_threads(torch.get_num_threads())  # for threads that start later, too


def _taken(waiting: deque[T]) -> Iterator[T]:
    """Take items until none is left; other threads may take some, too."""
    while True:
        try:
            item = waiting.popleft()
        except IndexError:
            return
        yield item


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probabilities of logits. Shape: [n, k] -> [n, k]."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=1, keepdims=True)
