"""Loading transformers models with a head for classes or for masked words, and tokenizing texts for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import from_pretrained, load_pretrained, prepare_tokenizer, quiet_transformers
from weaklabel.errors import ClassifierError, WeakLabelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def load_for_training(name: str | Path, labels: Sequence[str]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a checkpoint with a classification head for ``labels``; a checkpoint without one of that size gets a new head.

    The weights of a new head are drawn from torch's global generator, which the caller seeds.

    Raises
    ------
    ClassifierError
        Neither a folder with a checkpoint nor a name that the hub or its cache knows.
    """
    return _load(
        "AutoModelForSequenceClassification",
        name,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        problem_type="single_label_classification",
        ignore_mismatched_sizes=True,
    )


def load_encoder(name: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a checkpoint without a head.

    Raises
    ------
    ClassifierError
        As for `load_for_training`.
    """
    return _load("AutoModel", name)


def load_for_masking(name: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a checkpoint with a masked-language head; one without it gets a new head, tied to the embeddings.

    Raises
    ------
    ClassifierError
        As for `load_for_training`; or the tokenizer has no mask token.
    """
    model, tokenizer = _load("AutoModelForMaskedLM", name)
    if tokenizer.mask_token_id is None:
        raise ClassifierError(
            f"the model '{name}' has no mask token, so it cannot be pretrained by masked-language modelling"
        )
    return model, tokenizer


def _load(auto_class: str, name: str | Path, **options: Any) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    import torch

    # Only a hub name can mean a download, and its progress is worth seeing.
    quiet = quiet_transformers() if Path(name).is_dir() else nullcontext()
    try:
        with quiet:
            # Checkpoints kept in 16 bits are trained in 32; autocast does what can be done in 16.
            model = from_pretrained(auto_class, name, dtype=torch.float32, **options)
            tokenizer = from_pretrained("AutoTokenizer", name)
            prepare_tokenizer(model, tokenizer, name)
    except WeakLabelError as error:
        raise ClassifierError(str(error)) from error
    except (OSError, ValueError) as error:
        raise ClassifierError(_not_loadable(str(name), error)) from error
    return model, tokenizer


def load_trained(folder: Path, k: int) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load what a `BertClassifier` saved; another number of classes than ``k`` is a `ClassifierError`."""
    model, tokenizer, _ = load_pretrained("AutoModelForSequenceClassification", folder, "cpu")
    if model.config.num_labels != k:
        raise ClassifierError(f"the model has {model.config.num_labels} classes, weaklabel.json has {k}")
    broken = next((name for name, weights in model.named_parameters() if not bool(weights.isfinite().all())), None)
    if broken is not None:
        raise ClassifierError(f"the model has weights that are not finite ({broken})")
    return model, tokenizer


def _not_loadable(name: str, error: Exception) -> str:
    reason = str(error).strip().split("\n")[0]
    if Path(name).is_dir():
        return f"the folder {name} holds no transformers checkpoint with its tokenizer that can be loaded: {reason}"
    return (
        f"cannot load the model '{name}': no such folder here, and not found on the Hugging Face hub or in its cache "
        f"({reason}); offline, run `hf download {name} --local-dir FOLDER` on a connected machine, copy FOLDER here "
        "and give its path, or leave the model out to use the embedded one"
    )


def token_limit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_length: int) -> int:
    """Return the most tokens a text may have: ``max_length``, or less where the model takes less."""
    positions = getattr(model.config, "max_position_embeddings", max_length)
    return int(min(max_length, tokenizer.model_max_length, positions))


def tokenise(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], limit: int
) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """Return the tokens of each text, at most ``limit``, and which texts were cut. Shape: [n]."""
    if not texts:
        return [], np.zeros(0, dtype=np.bool_)
    ids = tokenizer(texts, truncation=True, max_length=limit, verbose=False)["input_ids"]
    # A text that fills the limit may just fit; only its whole length tells.
    cut = np.array([len(tokens) == limit for tokens in ids])
    full = np.flatnonzero(cut)
    whole = tokenizer([texts[row] for row in full], verbose=False)["input_ids"] if len(full) else []
    cut[full] = [len(tokens) > limit for tokens in whole]
    # Tokenizers without special tokens give none for an empty text, and a model needs one.
    return [tokens or [tokenizer.pad_token_id] for tokens in ids], cut
