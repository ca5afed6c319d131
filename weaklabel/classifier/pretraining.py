"""Pretraining an encoder on texts without labels, by masked-language modelling."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.classifier.folder import replaced_folder
from weaklabel.classifier.targets import check_texts, warn_of_truncated
from weaklabel.classifier.transformer import load_for_masking, token_limit, tokenise
from weaklabel.encoder.encoder import default_model
from weaklabel.encoder.inference import from_pretrained, mixed_precision, pick_device, quiet_transformers
from weaklabel.errors import ClassifierError
from weaklabel.support.files import write_json
from weaklabel.support.folders import other_files, recover_folder, remove_written

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

ABOUT = "pretraining.json"
"""File in the encoder's folder: what it was pretrained on, and the loss by epoch."""

KEPT_SHARE = RANDOM_SHARE = 0.1
"""Shares of the tokens to predict that stay unchanged and that are replaced by another token; the rest are masked."""


def pretrain_mlm(
    texts: Sequence[str],
    folder: str | Path,
    model: str | Path | None = None,
    *,
    epochs: int = 1,
    batch_size: int = 32,
    lr: float = 1e-4,
    mask_share: float = 0.15,
    warmup: float = 0.1,
    weight_decay: float = 0.01,
    max_length: int = 128,
    seed: int = 0,
    device: str | None = None,
    checkpoint_seconds: float = 60.0,
    progress: bool = False,
) -> Path:
    """Continue the pretraining of an encoder on a corpus, by masked-language modelling, before it is fine-tuned.

    BERT's pretraining task (Devlin et al., 2019) on texts of the user's domain (Gururangan et al., "Don't Stop Pretraining",
    2020). No labels are needed. An interrupted call resumes; a finished one returns at once.

    Parameters
    ----------
    texts
        The corpus. Shape: [n].
    folder
        Where the encoder is written, to be the ``model`` of `weaklabel.BertClassifier`: new, empty, or written by the same
        call.
    model
        Folder or hub name; by default the embedded encoder. A model without a masked-language head, such as the embedded
        one, gets a new one, whose output weights are the token embeddings.
    epochs, batch_size
        Passes over the texts, and texts in a batch.
    lr, warmup, weight_decay
        As for `weaklabel.BertClassifier`.
    mask_share
        Share of the tokens to predict, above 0 and below 1, drawn again in every epoch. Of these, 80% are masked, 10% are
        replaced by another token, and 10% stay.
    max_length
        Most tokens of a text; longer texts are truncated, with a warning.
    seed, device, checkpoint_seconds, progress
        As for `weaklabel.BertClassifier`; the checkpoint is written next to ``folder``.

    Returns
    -------
    Path
        The folder, with the encoder without its head, and ``pretraining.json``, which has the loss of every epoch in nats
        per predicted token.

    Raises
    ------
    ClassifierError
        No text has a token to predict, the model has no mask token, the folder or the checkpoint belongs to other texts or
        settings, or a number is out of range.
    """

    from weaklabel.classifier.checkpoint import Checkpoint, identity_of
    from weaklabel.classifier.forward import seeded
    from weaklabel.classifier.recipe import Recipe
    from weaklabel.classifier.training import train

    _check(epochs, batch_size, lr, mask_share, max_length)
    folder, place = Path(folder), pick_device(device)
    base = default_model() if model is None else model
    with seeded(seed, place):
        network, tokenizer = load_for_masking(base)
        limit = token_limit(network, tokenizer, max_length)
        ids, cut = tokenise(tokenizer, check_texts(texts), limit)
        warn_of_truncated(int(cut.sum()), len(ids), limit)
        special = set(tokenizer.all_special_ids)
        ids = [tokens for tokens in ids if not special.issuperset(tokens)]
        if not ids:
            raise ClassifierError(f"nothing to pretrain on: none of {len(texts)} texts has a token to predict")
        recipe = Recipe(epochs, batch_size, lr, warmup, weight_decay, 1.0, None, seed, progress)
        settings = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "warmup": warmup, "seed": seed}
        settings |= {"weight_decay": weight_decay, "mask_share": mask_share}
        identity = identity_of(settings, network.state_dict(), {"texts": ids})
        if _is_done(folder, identity):
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        checkpoint = Checkpoint(folder.with_name(f"{folder.name}.checkpoint"), identity, checkpoint_seconds)
        loss = masked_loss(network, tokenizer, ids, mask_share, place)
        trained = train(
            network, [len(tokens) for tokens in ids], loss, recipe, place, checkpoint=checkpoint, what="pretraining"
        )
        encoder = _with_weights_of(network, base)
    with replaced_folder(folder, ABOUT) as part, quiet_transformers():
        encoder.save_pretrained(part)
        tokenizer.save_pretrained(part)
        write_json(part / ABOUT, {"identity": identity, "texts": len(ids), "history": trained.history})
    checkpoint.delete()
    return folder


@contextmanager
def pretrained(
    texts: Sequence[str], folder: Path | None, model: str | Path, **options: Any
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Give an encoder pretrained on ``texts``, in a folder that is removed afterwards, and the record of its training.

    After an error, ``folder`` (if given) stays, so that the next call need not pretrain again.
    """
    with TemporaryDirectory() as scratch:
        encoder = pretrain_mlm(texts, folder or Path(scratch) / "encoder", model, **options)
        about = json.loads((encoder / ABOUT).read_text(encoding="utf-8"))
        yield encoder, {"pretraining": {"texts": about["texts"], "history": about["history"]}}
    if folder:
        remove_written(folder, ABOUT)


def _check(epochs: int, batch_size: int, lr: float, mask_share: float, max_length: int) -> None:
    for name, value, least in (("epochs", epochs, 1), ("batch_size", batch_size, 1), ("max_length", max_length, 3)):
        if value < least:
            raise ClassifierError(f"{name} of the pretraining must be {least} or more, not {value}")
    if lr <= 0:
        raise ClassifierError(f"lr of the pretraining must be above 0, not {lr}")
    if not 0 < mask_share < 1:
        raise ClassifierError(f"mask_share must be above 0 and below 1, not {mask_share}")


def _is_done(folder: Path, identity: dict[str, str]) -> bool:
    recover_folder(folder, ABOUT)
    if not folder.exists() or (folder.is_dir() and not other_files(folder)):
        return False
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        about = {}
    if about.get("identity") != identity:
        raise ClassifierError(
            f"{folder} holds something other than this model pretrained on these texts with these settings; give "
            "another folder, or delete it"
        )
    return True


def masked_loss(
    network: torch.nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    ids: list[list[int]],
    share: float,
    device: torch.device,
) -> Callable[[NDArray[np.int64]], torch.Tensor]:
    """Return a function that masks a batch and returns the mean cross-entropy of the tokens to predict, in nats."""
    import torch

    from weaklabel.classifier.forward import head_in_float32, padded

    special = torch.tensor(sorted(set(tokenizer.all_special_ids)))
    words = torch.tensor([number for number in range(len(tokenizer)) if number not in set(special.tolist())])

    def of(rows: NDArray[np.int64]) -> torch.Tensor:
        tokens, attention = padded([ids[row] for row in rows], network.config.pad_token_id)
        chosen = (torch.rand(tokens.shape) < share) & (attention == 1) & ~torch.isin(tokens, special)
        fate = torch.rand(tokens.shape)
        masked = tokens.masked_fill(chosen & (fate >= KEPT_SHARE + RANDOM_SHARE), tokenizer.mask_token_id)
        other = words[torch.randint(len(words), tokens.shape)]
        masked = torch.where(chosen & (fate < RANDOM_SHARE), other, masked)
        # The head is as wide as the vocabulary and costs as much as the encoder, so it runs on the chosen tokens only.
        hook = network.base_model.register_forward_hook(
            lambda module, inputs, output: _select(output, chosen.to(device))
        )
        try:
            with mixed_precision(device), head_in_float32(network, device):
                logits = network(input_ids=masked.to(device), attention_mask=attention.to(device)).logits[0].float()
        finally:
            hook.remove()
        total = torch.nn.functional.cross_entropy(logits, tokens[chosen].to(device), reduction="sum")
        return total / max(1, len(logits))

    return of


def _select(output: Any, chosen: torch.Tensor) -> Any:
    output.last_hidden_state = output.last_hidden_state[chosen][None]
    return output


def _with_weights_of(network: Any, base: str | Path) -> Any:
    """Return the checkpoint ``base`` as an encoder with the weights of ``network``, and its own pooler if it has one."""
    import torch

    with quiet_transformers(), torch.random.fork_rng(devices=[]):
        encoder = from_pretrained("AutoModel", base, dtype=torch.float32)
    encoder.load_state_dict(network.base_model.state_dict(), strict=False)
    return encoder
