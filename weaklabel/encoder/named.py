"""What the name of an encoder stands for, and whether there is one of that name, before any text is read."""

from __future__ import annotations

import os
from pathlib import Path

from weaklabel.encoder.encoder import default_model
from weaklabel.encoder.inference import load_part
from weaklabel.encoder.multilingual import MULTILINGUAL, PACKAGE, multilingual_model
from weaklabel.errors import ConfigError, MissingPackageError, WeakLabelError
from weaklabel.support.hashing import hash_path
from weaklabel.support.versions import versions


def check_encoder(name: str | None, of_words: bool = False) -> None:
    """Refuse an encoder that cannot be loaded; only its configuration is read.

    Parameters
    ----------
    name
        A folder, a name on the Hugging Face hub, or "multilingual"; None is the default, and always right.
    of_words
        Whether it must give vectors of words in their texts.

    Raises
    ------
    ConfigError
        There is none of that name, it is no encoder, or has no vectors of words.
    MissingPackageError
        It is "multilingual", and its package is not installed.
    """
    if name is None:
        return
    if name == MULTILINGUAL:
        if of_words:
            raise ConfigError(
                f"encoder: '{name}' has vectors of whole texts only; for spans, give the folder of a transformer, or its "
                "name on the Hugging Face hub"
            )
        multilingual_model()
        return
    folder = Path(name)
    if not name or folder.is_file() or (not folder.is_dir() and _is_path(name)):
        raise ConfigError(f"encoder: '{name}' is no folder with a model; give one, or a name on the Hugging Face hub")
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ConfigError(f"encoder: there is no model in the folder '{name}': it has no config.json")
    try:
        load_part("AutoConfig", name)
    except WeakLabelError as error:
        raise ConfigError(f"encoder: {error}") from error


def check_encoder_of(name: str | None, reads_texts: bool, of_words: bool = False) -> None:
    """Refuse the encoder of a label model that cannot be loaded, or has nothing to read.

    Parameters
    ----------
    name, of_words
        As for `check_encoder`.
    reads_texts
        Whether the label model reads texts.

    Raises
    ------
    ConfigError
        As `check_encoder`; and where texts are not read, any encoder.
    """
    if name is not None and not reads_texts:
        raise ConfigError(
            f"encoder: the label model does not read texts here, so '{name}' has no effect; let it read them (--read-texts "
            "of label, or the label model text), or leave the encoder out"
        )
    check_encoder(name, of_words)


def _is_path(name: str) -> bool:
    """Return whether a name cannot be one on the hub, which has one slash at most."""
    return name.startswith((".", "~", os.sep)) or name.count("/") > 1 or "\\" in name


def model_files(name: str | None) -> dict[str, str]:
    """Return the hash of the encoder that texts are read with, where it is on this machine; of a package, its version."""
    if name == MULTILINGUAL:
        return {name: versions([PACKAGE]).get(PACKAGE, "")}
    try:
        folder = default_model() if name is None else Path(name)
    except MissingPackageError:
        return {}
    return {folder.name if name else "the default encoder": hash_path(folder)} if folder.is_dir() else {}
