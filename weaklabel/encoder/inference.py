"""Loading and running transformers: device, mixed precision, and batches of texts of similar length.

No text's result depends on the other texts or on the number of threads.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import WeakLabelError
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    import torch


def pick_device(name: str | None = None) -> torch.device:
    """Return the named device, or by default the GPU if there is one, else the CPU."""
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
    """Group rows of similar length into batches, so that there is little padding.

    Parameters
    ----------
    lengths
        Tokens of every row. Shape: [n].
    batch_size
        Rows in a batch.
    rng
        If given, rows are shuffled before they are grouped, and the batches are in random order (training);
        else the longest come first (prediction), so that the first batch needs the most memory.

    Returns
    -------
    list of arrays
        Row numbers; each row is in exactly one batch.
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


class Pretrained(NamedTuple):
    """A model on its ``device``, ready to run, with its tokenizer."""

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


def from_pretrained(auto_class: str, model: str | os.PathLike[str], **options: Any) -> Any:
    """Load a checkpoint with a transformers class, without running any code from the checkpoint.

    Transformers would ask on standard input whether to run Python files of the checkpoint, and would unpickle weights.
    This function refuses such a checkpoint and asks nothing.

    Parameters
    ----------
    auto_class
        Such as ``AutoModel`` or ``AutoTokenizer``.
    model
        Local folder, or hub name.
    options
        Further arguments of its ``from_pretrained``.

    Raises
    ------
    WeakLabelError
        The checkpoint needs Python code of its own, or its weights are pickled.
    Exception
        What transformers raises for a checkpoint that it cannot read.
    """
    import transformers

    if auto_class != "AutoTokenizer":
        options |= {"use_safetensors": True}
    try:
        return getattr(transformers, auto_class).from_pretrained(str(model), trust_remote_code=False, **options)
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise WeakLabelError(
                f"model '{model}' needs Python code of its own (see auto_map in its JSON files), which weaklabel never "
                "runs; give a model of an architecture that transformers has built in"
            ) from error
        if isinstance(error, OSError) and _has_pickles_only(model, str(error)):
            raise WeakLabelError(
                f"model '{model}' has its weights as pickles only, which can hold code and are never loaded; convert them "
                f"to safetensors: {_conversion(Path(model))}"
            ) from error
        raise


def _has_pickles_only(model: str | os.PathLike[str], error: str) -> bool:
    folder = Path(model)
    if folder.is_dir():
        return any(folder.glob("pytorch_model*.bin")) and not any(folder.glob("*.safetensors"))
    return "and thus cannot be loaded with `safetensors`" in error


def _conversion(folder: Path) -> str:
    pickled = folder / "pytorch_model.bin"
    if not pickled.is_file():
        return "load them with transformers once, and save_pretrained into a new folder"
    # PyTorch's own restricted reader runs no code of the file; copies, since safetensors refuses shared memory.
    return (
        'python -c "import torch; from safetensors.torch import save_file; '
        f"weights = torch.load({str(pickled)!r}, weights_only=True); "
        "save_file({name: value.clone().contiguous() for name, value in weights.items()}, "
        f"{str(folder / 'model.safetensors')!r}, {{'format': 'pt'}})\""
    )


_STAGES = {"AutoModel": "the encoder", "AutoModelForCausalLM": "the language model"}


def load_pretrained(
    auto_class: str, model: str | os.PathLike[str], device: str | None = None, *, dtype: torch.dtype | None = None
) -> Pretrained:
    """Load a model for prediction, with its tokenizer.

    Parameters
    ----------
    auto_class
        The transformers class that loads it, such as ``AutoModel``.
    model
        Local folder, or hub name.
    device
        See `pick_device`.
    dtype
        Of its weights; float32 by default.

    Raises
    ------
    WeakLabelError
        It cannot be loaded, or it lacks weights that ``auto_class`` needs, which transformers would draw at random.
    """
    with stage(f"loading {_STAGES.get(auto_class, 'the classifier')}"):
        return _load_pretrained(auto_class, model, device, dtype)


def load_part(auto_class: str, model: str | os.PathLike[str]) -> Any:
    """Load only the tokenizer (``AutoTokenizer``) or the configuration (``AutoConfig``) of a model.

    Raises
    ------
    WeakLabelError
        It cannot be loaded.
    """
    with _loading(model):
        return from_pretrained(auto_class, model)


@contextlib.contextmanager
def _loading(model: str | os.PathLike[str]) -> Iterator[None]:
    """Keep transformers quiet, and say what cannot be loaded."""
    # Only a hub name can mean a download, and its progress is worth seeing.
    quiet = quiet_transformers() if Path(model).is_dir() else contextlib.nullcontext()
    try:
        with quiet:
            yield
    except WeakLabelError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        raise WeakLabelError(
            f"model '{model}' cannot be loaded ({reason}); give a local folder in the transformers format, "
            "or a hub name where the hub can be reached"
        ) from error


def _load_pretrained(
    auto_class: str, model: str | os.PathLike[str], device: str | None, dtype: torch.dtype | None
) -> Pretrained:
    import torch

    with _loading(model), torch.random.fork_rng(devices=[]):
        network, info = from_pretrained(auto_class, model, dtype=dtype or torch.float32, output_loading_info=True)
        tokenizer = from_pretrained("AutoTokenizer", model)
    # A bare encoder's pooler is not used; a classifier's is.
    missing = sorted(key for key in info["missing_keys"] if auto_class != "AutoModel" or "pooler" not in key)
    if missing:
        raise WeakLabelError(
            f"model '{model}' has no trained weights for {', '.join(missing[:3])}; "
            f"give one that was trained for this task ({auto_class})"
        )
    prepare_tokenizer(network, tokenizer, model)
    # Texts are tokenized first and padded batch by batch, by length, which is what this notice advises against.
    tokenizer.deprecation_warnings["Asking-to-pad-a-fast-tokenizer"] = True
    place = pick_device(device)
    return Pretrained(network.eval().to(place), tokenizer, place)


def prepare_tokenizer(network: Any, tokenizer: Any, model: str | os.PathLike[str]) -> None:
    """Give a tokenizer and its model a padding token, if they have none.

    Raises
    ------
    WeakLabelError
        The tokenizer has no words: transformers makes up such a one for a folder without tokenizer files.
    """
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise WeakLabelError(
            f"the model '{model}' has no tokenizer; save the one it was trained with in the same folder"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    network.config.pad_token_id = tokenizer.pad_token_id


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
        run_each(batches, run, device)
    return rows


def run_each(batches: Sequence[T], run: Callable[[T], None], device: torch.device) -> None:
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
