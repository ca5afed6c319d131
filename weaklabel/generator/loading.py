"""Causal checkpoints by name, and what is known of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weaklabel.encoder.inference import from_pretrained, prepare_tokenizer, quiet_transformers
from weaklabel.errors import ClassifierError, WeakLabelError
from weaklabel.llm.packaged import SMOLLM2, causal_checkpoint
from weaklabel.support.hashing import hash_path
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}"
    "{% else %}\n\n{% endif %}{% endfor %}"
)
"""Chat template of checkpoints that have none: the messages one after the other."""


def base_name(model: str | os.PathLike[str] | None) -> str:
    """Return what a checkpoint is called: "smollm2" by default."""
    return SMOLLM2 if model is None else os.fspath(model)


def load_causal(
    model: str | os.PathLike[str] | None, dtype: Any = None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a causal checkpoint with its tokenizer.

    Parameters
    ----------
    model
        "smollm2" (also None), a folder, or a hub name.
    dtype
        Of its weights; float32 by default.

    Raises
    ------
    ClassifierError
        It cannot be loaded.
    MissingPackageError
        The packaged model is not installed.
    """
    import torch

    with _loading(model) as (name, place), torch.random.fork_rng(devices=[]):
        network = from_pretrained("AutoModelForCausalLM", place, dtype=dtype or torch.float32)
        tokenizer = from_pretrained("AutoTokenizer", place)
        prepare_tokenizer(network, tokenizer, name)
    return network, _with_template(tokenizer)


def load_tokenizer(model: str | os.PathLike[str] | None) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a causal checkpoint; see `load_causal`."""
    with _loading(model) as (_, place):
        tokenizer = from_pretrained("AutoTokenizer", place)
    return _with_template(tokenizer)


@contextmanager
def _loading(model: str | os.PathLike[str] | None) -> Iterator[tuple[str, str]]:
    """Give the name and the place of a checkpoint, and say in the end what could not be loaded."""
    name = base_name(model)
    place = causal_checkpoint(name)
    # Only a hub name can mean a download, and its progress is worth seeing.
    quiet = quiet_transformers() if Path(place).is_dir() else nullcontext()
    try:
        with stage(f"loading {Path(name).name}"), quiet:
            yield name, place
    except WeakLabelError as error:
        raise ClassifierError(str(error)) from error
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ClassifierError(
            f"cannot load the language model '{name}' ({reason}); give a folder with a causal model in the transformers "
            f"format, a name of the Hugging Face hub where it can be reached, or '{SMOLLM2}'"
        ) from error


def _with_template(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    return tokenizer


def base_identity(model: str | os.PathLike[str] | None) -> dict[str, str]:
    """Return the name of a checkpoint and the hash of its weights, where it is in a folder."""
    name = base_name(model)
    place = Path(causal_checkpoint(name))
    if not place.is_dir():
        return {"name": name}
    files = sorted(place.glob("*.safetensors"))
    return {"name": name, "weights": " ".join(hash_path(file) for file in files)}
